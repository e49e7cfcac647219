// What stands in for PortalSwift in the test of docs/apps: the same names and signatures.

public enum BackupMethods: String, Codable {
  case GoogleDrive = "GDRIVE", iCloud = "ICLOUD", local = "CUSTOM", Password = "PASSWORD", Passkey = "PASSKEY"
}

public struct MpcStatus { public var done: Bool }

public struct PortalRecoverWalletResponse {
  public let ethereum: String
  public let solana: String?
}

public struct Result<T> {
  public let data: T?
  public let error: Error?
}

public final class PortalApi {
  fileprivate(set) public var told = ""

  public func storedClientBackupShare(success: Bool, backupMethod: BackupMethods.RawValue, completion: @escaping (Result<String>) -> Void) throws {
    told = "\(success) \(backupMethod)"
    completion(Result(data: "", error: nil))
  }
}

public final class Portal {
  public let api = PortalApi()
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
