//! Every route on one screen.

use crate::auth::admin::Admin;
use crate::domain::names::{ClientId, InvalidName, UserId};
use crate::domain::url::decode_segment;
use crate::endpoint::{Endpoint, Operation};
use crate::error::{Code, Error, Result};
use crate::handlers::{
    admin, client, export, health, import, legacy, portal_users, users, webhook,
};
use crate::http::{Answer, Call};

/// Where a request belongs: the pattern is what the log says of it, for a path holds ids.
pub struct Route {
    pub pattern: &'static str,
    pub endpoint: Result<Endpoint>,
}

/// Finds the route of a path and its endpoint for the method. Segments are compared as they came; only ids are
/// decoded, once.
pub fn route(method: &str, path: &str) -> Route {
    use Endpoint::*;
    use Operation::*;

    let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    let at = |pattern, endpoint| Route { pattern, endpoint };
    let only = |allowed: &'static str, endpoint: Endpoint| {
        if method == allowed {
            Ok(endpoint)
        } else {
            Err(Error::method_not_allowed(allowed))
        }
    };
    // Monitors ask for the head alone.
    let look = |endpoint| match method {
        "GET" | "HEAD" => Ok(endpoint),
        _ => Err(Error::method_not_allowed("GET, HEAD")),
    };
    let of_user = |segment: &str, endpoint: fn(UserId) -> Endpoint| user_id(segment).map(endpoint);
    let only_of_user = |allowed: &'static str, segment: &str, endpoint: fn(UserId) -> Endpoint| {
        if method == allowed {
            of_user(segment, endpoint)
        } else {
            Err(Error::method_not_allowed(allowed))
        }
    };
    let operator_on = |segment: &str, operation: fn(UserId) -> Operation| {
        user_id(segment).map(|user| Operator(operation(user)))
    };
    let only_operator_on = |allowed: &'static str, segment: &str, operation| {
        if method == allowed {
            operator_on(segment, operation)
        } else {
            Err(Error::method_not_allowed(allowed))
        }
    };

    match segments.as_slice() {
        ["healthz"] => at("/healthz", look(Healthz)),
        ["readyz"] => at("/readyz", look(Readyz)),

        // Portal
        ["webhook", "backup"] => at("/webhook/backup", only("POST", WebhookBackup)),
        ["webhook", "backup", "fetch"] => {
            at("/webhook/backup/fetch", only("POST", WebhookBackupFetch))
        }

        // Apps: the paths that the guides' snippets call
        ["users", user, "user-backup-share" | "user-backup-shares"] => at(
            "/users/:userId/user-backup-share",
            match method {
                "POST" => of_user(user, StoreUserShare),
                "GET" => of_user(user, FetchUserShare),
                _ => Err(Error::method_not_allowed("GET, POST")),
            },
        ),
        ["users", user, "store-encrypted-user-backup-share"] => at(
            "/users/:userId/store-encrypted-user-backup-share",
            only_of_user("POST", user, StoreUserShare),
        ),
        ["users", user, "encrypted-user-backup-shares"] => at(
            "/users/:userId/encrypted-user-backup-shares",
            only_of_user("GET", user, FetchUserShare),
        ),
        ["clients", client, "backup"] => at(
            "/clients/:clientId/backup",
            match method {
                "POST" => client_id(client).map(StoreLegacyBackup),
                "GET" => client_id(client).map(FetchLegacyBackup),
                _ => Err(Error::method_not_allowed("GET, POST")),
            },
        ),
        ["users", user, "backups"] => at(
            "/users/:userId/backups",
            only_of_user("GET", user, ListBackups),
        ),
        ["users", user, "custodian-backup-share"] => at(
            "/users/:userId/custodian-backup-share",
            only_of_user("GET", user, RetrieveCustodianShare),
        ),

        // Operators
        ["users"] => at(
            "/users",
            match method {
                "POST" => Ok(Operator(RegisterUser)),
                "GET" => Ok(Operator(ListUsers)),
                _ => Err(Error::method_not_allowed("GET, POST")),
            },
        ),
        ["users", user] => at(
            "/users/:userId",
            match method {
                "GET" => operator_on(user, GetUser),
                "DELETE" => operator_on(user, DeleteUser),
                _ => Err(Error::method_not_allowed("GET, DELETE")),
            },
        ),
        ["users", user, "client-api-key"] => at(
            "/users/:userId/client-api-key",
            only_operator_on("PUT", user, ReplaceClientApiKey),
        ),
        ["users", user, "restore"] => at(
            "/users/:userId/restore",
            only_operator_on("POST", user, RestoreUser),
        ),
        ["users", user, "session"] => at(
            "/users/:userId/session",
            only_operator_on("POST", user, CreateSession),
        ),
        ["users", user, "backups", "history"] => at(
            "/users/:userId/backups/history",
            only_operator_on("GET", user, BackupHistory),
        ),
        ["users", user, "backups", "restore"] => at(
            "/users/:userId/backups/restore",
            only_operator_on("POST", user, RestoreVersion),
        ),
        ["users", user, "eject"] => at(
            "/users/:userId/eject",
            match method {
                "POST" => operator_on(user, OpenEject),
                "DELETE" => operator_on(user, CloseEject),
                _ => Err(Error::method_not_allowed("POST, DELETE")),
            },
        ),
        ["audit"] => at("/audit", only("GET", Operator(Audit))),
        ["admin", "keys"] => at("/admin/keys", only("GET", Operator(AdminKeys))),
        ["admin", "keys", "rewrap"] => {
            at("/admin/keys/rewrap", only("POST", Operator(AdminRewrap)))
        }
        ["admin", "status"] => at("/admin/status", only("GET", Operator(AdminStatus))),
        ["admin", "import"] => at("/admin/import", only("POST", Operator(Import))),
        ["admin", "export"] => at("/admin/export", only("GET", Operator(Export))),

        _ => at(
            "(none)",
            Err(Error::new(
                Code::NotFound,
                "No route has this path. GET /docs lists the routes.",
            )),
        ),
    }
}

/// Hands the request to its handler.
pub async fn handle(endpoint: &Endpoint, call: &Call<'_>) -> Result<Answer> {
    match endpoint {
        Endpoint::Healthz => health::healthz(),
        Endpoint::Readyz => health::readyz(call).await,
        Endpoint::WebhookBackup => webhook::backup(call).await,
        Endpoint::WebhookBackupFetch => webhook::fetch(call).await,
        Endpoint::StoreUserShare(user) => client::store_share(call, user).await,
        Endpoint::FetchUserShare(user) => client::fetch_share(call, user).await,
        Endpoint::StoreLegacyBackup(client) => legacy::store(call, client).await,
        Endpoint::FetchLegacyBackup(client) => legacy::fetch(call, client).await,
        Endpoint::ListBackups(user) => client::list_backups(call, user).await,
        Endpoint::RetrieveCustodianShare(user) => {
            client::retrieve_custodian_share(call, user).await
        }
        Endpoint::Operator(operation) => {
            operate(&Admin::authenticate(call).await?, operation, call).await
        }
    }
}

/// The operators' part of it.
async fn operate(admin: &Admin, operation: &Operation, call: &Call<'_>) -> Result<Answer> {
    match operation {
        Operation::RegisterUser => users::register(admin, call).await,
        Operation::ListUsers => users::list(admin, call).await,
        Operation::GetUser(user) => users::get(admin, call, user).await,
        Operation::ReplaceClientApiKey(user) => {
            users::replace_client_api_key(admin, call, user).await
        }
        Operation::DeleteUser(user) => users::delete(admin, call, user).await,
        Operation::RestoreUser(user) => users::restore(admin, call, user).await,
        Operation::CreateSession(user) => portal_users::session(admin, call, user).await,
        Operation::BackupHistory(user) => users::history(admin, call, user).await,
        Operation::RestoreVersion(user) => users::restore_version(admin, call, user).await,
        Operation::OpenEject(user) => users::open_eject(admin, call, user).await,
        Operation::CloseEject(user) => users::close_eject(admin, call, user).await,
        Operation::Audit => admin::audit(admin, call).await,
        Operation::AdminKeys => admin::keys(admin, call).await,
        Operation::AdminRewrap => admin::rewrap(admin, call).await,
        Operation::AdminStatus => admin::status(admin, call).await,
        Operation::Import => import::import(admin, call).await,
        Operation::Export => export::export(admin, call).await,
    }
}

fn user_id(segment: &str) -> Result<UserId> {
    let text = decode_segment(segment).ok_or_else(|| Error::field("userId", "be UTF-8"))?;
    UserId::parse(text).map_err(|InvalidName(must)| Error::field("userId", must))
}

fn client_id(segment: &str) -> Result<ClientId> {
    let text = decode_segment(segment).ok_or_else(|| Error::field("clientId", "be UTF-8"))?;
    ClientId::parse(text).map_err(|InvalidName(must)| Error::field("clientId", must))
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;
