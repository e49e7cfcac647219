// What stands in for PortalSwift in the test of docs/apps.md: the same names and signatures.

public enum BackupMethods: String, Codable {
  case GoogleDrive = "GDRIVE", iCloud = "ICLOUD", local = "CUSTOM", Password = "PASSWORD", Passkey = "PASSKEY"
}

public struct MpcStatus { public var done: Bool }

public struct PortalRecoverWalletResponse {
  public let ethereum: String
  public let solana: String?
}

public final class Portal {
  public private(set) var told = ""
  public private(set) var recovered = ""

  public init() {}

  public func setPassword(_: String) throws {}

  public func backupWallet(
    _: BackupMethods, usingProgressCallback _: ((MpcStatus) -> Void)? = nil
  ) async throws -> (cipherText: String, storageCallback: () async throws -> Void) {
    ("cipher text made by Swift", { self.told = "stored" })
  }

  public func recoverWallet(
    _: BackupMethods, withCipherText: String? = nil, usingProgressCallback _: ((MpcStatus) -> Void)? = nil
  ) async throws -> PortalRecoverWalletResponse {
    recovered = withCipherText ?? ""
    return PortalRecoverWalletResponse(ethereum: "0xaddress", solana: nil)
  }
}
