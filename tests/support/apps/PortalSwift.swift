// What stands in for PortalSwift in the test of docs/apps: the same names and signatures.

public enum BackupMethods: String, Codable {
  case GoogleDrive = "GDRIVE", iCloud = "ICLOUD", local = "CUSTOM", Password = "PASSWORD", Passkey = "PASSKEY"
}

public struct MpcStatus { public var done: Bool }

public struct PortalRecoverWalletResponse {
  public let ethereum: String
  public let solana: String?
}

public enum PortalCurve: String, Codable { case ED25519, SECP256K1 }
public enum PortalSharePairStatus: String, Codable { case completed, incomplete }
public enum PortalSharePairType: String, Codable { case backup, signing }
public enum SharePairUpdateStatus: String, Codable {
  case STORED_CLIENT, STORED_CLIENT_BACKUP_SHARE, STORED_CLIENT_BACKUP_SHARE_KEY
}

public struct ClientResponseBackupSharePair: Codable {
  public let backupMethod: BackupMethods
  public let createdAt: String
  public let id: String
  public let status: PortalSharePairStatus
}

public struct ClientResponseWallet: Codable {
  public let backupSharePairs: [ClientResponseBackupSharePair]
  public let curve: PortalCurve
}

public struct ClientResponse: Codable { public let wallets: [ClientResponseWallet] }

public protocol PortalApiProtocol: AnyObject {
  func getClient() async throws -> ClientResponse
  func updateShareStatus(_ type: PortalSharePairType, status: SharePairUpdateStatus, sharePairIds: [String]) async throws
}

public final class PortalApi: PortalApiProtocol {
  fileprivate(set) public var told = ""

  public func getClient() async throws -> ClientResponse {
    let pairs = ["older", "newer"].enumerated().map { index, id in
      ClientResponseBackupSharePair(
        backupMethod: .GoogleDrive, createdAt: "2026-11-2\(index)T10:00:00.000Z", id: id, status: .incomplete
      )
    }
    return ClientResponse(wallets: [
      ClientResponseWallet(backupSharePairs: pairs, curve: .SECP256K1), ClientResponseWallet(backupSharePairs: [], curve: .ED25519),
    ])
  }

  public func updateShareStatus(
    _ type: PortalSharePairType, status: SharePairUpdateStatus, sharePairIds: [String]
  ) async throws {
    told = "\(type) \(status) \(sharePairIds)"
  }
}

public final class Portal {
  public let api: PortalApiProtocol = PortalApi()
  public private(set) var told = ""
  public private(set) var recovered = ""
  /// What happens while a backup runs.
  public var meanwhile: () async -> Void = {}

  public init() {}

  public func setPassword(_: String) throws {}

  public func backupWallet(
    _: BackupMethods, usingProgressCallback _: ((MpcStatus) -> Void)? = nil
  ) async throws -> (cipherText: String, storageCallback: () async throws -> Void) {
    await meanwhile()
    return ("cipher text made by Swift", { self.told = "stored" })
  }

  public func recoverWallet(
    _: BackupMethods, withCipherText: String? = nil, usingProgressCallback _: ((MpcStatus) -> Void)? = nil
  ) async throws -> PortalRecoverWalletResponse {
    recovered = withCipherText ?? ""
    return PortalRecoverWalletResponse(ethereum: "0xaddress", solana: nil)
  }
}
