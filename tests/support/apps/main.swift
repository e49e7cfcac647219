// Drives the snippets of docs/apps.md: url, user id and credential are the arguments; one line for each thing seen.

import Foundation
import PortalSwift

let arguments = CommandLine.arguments
let portal = Portal()
// The first credential has expired: the app must ask for a fresh one.
let server = BackupServer(url: URL(string: arguments[1])!, userId: arguments[2], token: { fresh in fresh ? arguments[3] : "expired" })
let wallet = WalletBackup(portal: portal, server: server)

try await wallet.backUp(.Password, password: "a password")
print("told \(portal.told)")
try await wallet.recover(.Password, password: "a password")
print("recovered \(portal.recovered)")
do {
  try await wallet.recover(.Passkey)
} catch let failure as BackupServerError {
  print("refused \(failure.status) \(failure.code)")
}
