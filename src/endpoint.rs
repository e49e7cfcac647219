//! What requests ask for, and who may ask.

use crate::auth::limits::Door;
use crate::domain::names::{ClientId, UserId};

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    Healthz,
    Readyz,
    WebhookBackup,
    WebhookBackupFetch,
    StoreUserShare(UserId),
    FetchUserShare(UserId),
    StoreLegacyBackup(ClientId),
    FetchLegacyBackup(ClientId),
    ListBackups(UserId),
    RetrieveCustodianShare(UserId),
    Operator(Operation),
}

/// What an operator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    RegisterUser,
    ListUsers,
    GetUser(UserId),
    ReplaceClientApiKey(UserId),
    DeleteUser(UserId),
    RestoreUser(UserId),
    CreateSession(UserId),
    BackupHistory(UserId),
    RestoreVersion(UserId),
    OpenEject(UserId),
    CloseEject(UserId),
    Audit,
    AdminKeys,
    AdminRewrap,
    AdminStatus,
    Import,
    Export,
}

impl Endpoint {
    /// Which credential the endpoint asks for.
    pub fn door(&self) -> Door<'_> {
        use Endpoint::*;
        match self {
            Healthz | Readyz => Door::None,
            WebhookBackup | WebhookBackupFetch => Door::Webhooks,
            StoreUserShare(user)
            | FetchUserShare(user)
            | ListBackups(user)
            | RetrieveCustodianShare(user) => Door::App(user.as_str()),
            StoreLegacyBackup(client) | FetchLegacyBackup(client) => Door::App(client.as_str()),
            Operator(_) => Door::Operators,
        }
    }
}

/// What a browser app may do on a route: the methods of the apps' routes. None: no other origin's page has any
/// business there.
pub fn browser_methods(pattern: &str) -> Option<&'static str> {
    match pattern {
        "/users/:userId/user-backup-share" | "/clients/:clientId/backup" => Some("GET, POST"),
        "/users/:userId/store-encrypted-user-backup-share" => Some("POST"),
        "/users/:userId/encrypted-user-backup-shares"
        | "/users/:userId/backups"
        | "/users/:userId/custodian-backup-share" => Some("GET"),
        _ => None,
    }
}
