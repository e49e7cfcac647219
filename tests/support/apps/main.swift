// Drives the snippets of docs/apps: url, user id, credential, and the url of a server that asks everybody to wait for an
// hour are the arguments; one line for each thing seen.

import Foundation
import PortalSwift

@MainActor
func drive() async throws {
  let arguments = CommandLine.arguments
  let portal = Portal()
  // The first credential has expired: the app must ask for a fresh one.
  let outbox = UserDefaults(suiteName: UUID().uuidString)!
  let server = BackupServer(url: URL(string: arguments[1])!, userId: arguments[2], outbox: outbox, token: { fresh in fresh ? arguments[3] : "expired" })
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
  let busy = BackupServer(url: URL(string: arguments[4])!, userId: arguments[2], outbox: outbox, token: { _ in arguments[3] })
  do {
    try await busy.store("GDRIVE", cipherText: "cipher text")
  } catch let failure as BackupServerError {
    print("refused \(failure.status) for \(Int(failure.retryAfter)) s")
  }
  _ = try await wallet.finishBackUp(.GoogleDrive)
  try await wallet.recover(.GoogleDrive)
  print("finished, told \((portal.api as! PortalApi).told), recovered \(portal.recovered)")
  let finished = try await wallet.finishBackUp(.Passkey)
  print("a first backup broke off: finished \(finished)")

  // A view that disappears cancels its task: the SDK has replaced the key by then.
  var view: Task<Void, Error>?
  portal.meanwhile = {
    view?.cancel()
    await Task.yield()
  }
  view = Task { try await wallet.backUp(.Passkey) }
  _ = await view?.result
  let kept = try await server.cipherText("PASSKEY")
  print("left the view, kept \(kept)")
}

try await drive()
