//! Every route on one screen: its paths, its methods, who may call it, the query parameters it knows, and its handler.

use std::future::Future;
use std::pin::Pin;

use crate::auth::Caller;
use crate::auth::admin::Admin;
use crate::auth::client::Credential;
use crate::auth::webhook::Portal;
use crate::domain::names::{ApprovalId, ClientId, UserId};
use crate::domain::role::Role;
use crate::error::Result;
use crate::handlers::{
    admin, approvals, client, clock, copy, export, half_finished, health, homes, import, legacy,
    metrics, portal_users, timeline, users, webhook,
};
use crate::http::{Answer, Call};

/// What a handler gives.
pub type Pending<'a> = Pin<Box<dyn Future<Output = Result<Answer>> + 'a>>;

/// A handler and the credential it takes, which `router::Found::answer` makes.
pub enum Access {
    /// Everybody, even where a setting is not valid.
    Always(fn() -> Result<Answer>),
    Everybody(for<'a> fn(&'a Call<'a>) -> Pending<'a>),
    Webhook(for<'a> fn(Portal, &'a Call<'a>) -> Pending<'a>),
    /// The app of the path's user.
    App(for<'a> fn(Credential, &'a Call<'a>, &'a UserId) -> Pending<'a>),
    /// The app of the path's client.
    AppOfClient(for<'a> fn(Credential, &'a Call<'a>, &'a ClientId) -> Pending<'a>),
    /// The app of the path's user, or an operator.
    AppOrOperator(
        Role,
        for<'a> fn(Caller, &'a Call<'a>, &'a UserId) -> Pending<'a>,
    ),
    Operator(Role, for<'a> fn(&'a Admin, &'a Call<'a>) -> Pending<'a>),
    /// An operator, about the request in the path that waits for approval.
    OperatorOnRequest(
        Role,
        for<'a> fn(&'a Admin, &'a Call<'a>, &'a ApprovalId) -> Pending<'a>,
    ),
    /// An operator, about the path's user.
    OperatorOn(
        Role,
        for<'a> fn(&'a Admin, &'a Call<'a>, &'a UserId) -> Pending<'a>,
    ),
}

impl Access {
    /// Whether an app may call: then browsers of other origins may, too (`cors`).
    pub fn is_apps(&self) -> bool {
        matches!(
            self,
            Self::App(_) | Self::AppOfClient(_) | Self::AppOrOperator(..)
        )
    }

    /// Whether only operators may call.
    pub fn is_operators(&self) -> bool {
        matches!(
            self,
            Self::Operator(..) | Self::OperatorOn(..) | Self::OperatorOnRequest(..)
        )
    }
}

/// One method of a route.
pub struct Operation {
    pub method: &'static str,
    pub access: Access,
    /// The query parameters; any other is refused.
    pub query: &'static [&'static str],
}

pub struct Route {
    /// The log has the first, for a request's own path holds ids. At most one segment is a name: `:userId`.
    pub paths: &'static [&'static str],
    pub operations: &'static [Operation],
}

impl Route {
    /// What the log says of a request.
    pub fn pattern(&self) -> &'static str {
        self.paths.first().copied().unwrap_or_default()
    }

    /// Whether Portal calls it.
    pub fn is_portals(&self) -> bool {
        let mut operations = self.operations.iter();
        operations.any(|operation| matches!(operation.access, Access::Webhook(_)))
    }

    /// The methods of some of the operations: `GET, POST`.
    pub fn methods(&self, of: impl Fn(&Access) -> bool) -> String {
        let operations = self.operations.iter();
        let methods: Vec<&str> = operations
            .filter(|operation| of(&operation.access))
            .map(|operation| operation.method)
            .collect();
        methods.join(", ")
    }
}

/// An operation's access: its handler's future is put in a box, so all have one type.
macro_rules! access {
    (Always $handler:path) => {
        Access::Always($handler)
    };
    (Everybody $handler:path) => {
        Access::Everybody(|call| Box::pin($handler(call)))
    };
    (Webhook $handler:path) => {
        Access::Webhook(|portal, call| Box::pin($handler(portal, call)))
    };
    (App $handler:path) => {
        Access::App(|app, call, user| Box::pin($handler(app, call, user)))
    };
    (AppOfClient $handler:path) => {
        Access::AppOfClient(|app, call, client| Box::pin($handler(app, call, client)))
    };
    (AppOrOperator($role:ident) $handler:path) => {
        Access::AppOrOperator(Role::$role, |caller, call, user| {
            Box::pin($handler(caller, call, user))
        })
    };
    (Operator($role:ident) $handler:path) => {
        Access::Operator(Role::$role, |admin, call| Box::pin($handler(admin, call)))
    };
    ($on:ident($role:ident) $handler:path) => {
        Access::$on(Role::$role, |admin, call, name| {
            Box::pin($handler(admin, call, name))
        })
    };
}

/// `path | path: METHOD Access(Role) handler [query parameters], METHOD …;`
macro_rules! routes {
    ($($($path:literal)|+: $($method:ident $access:ident $(($role:ident))? $handler:path $([$($query:ident)+])?),+;)+) => {
        &[$(Route {
            paths: &[$($path),+],
            operations: &[$(Operation {
                method: stringify!($method),
                access: access!($access $(($role))? $handler),
                query: &[$($(stringify!($query)),+)?],
            }),+],
        }),+]
    };
}

/// The ones that share requests ask for come first, for they are sought in this order.
pub static ROUTES: &[Route] = routes! {
    // Portal
    "/webhook/backup": POST Webhook webhook::backup;
    "/webhook/backup/fetch": POST Webhook webhook::fetch;
    // Apps: the paths that the guides' snippets call
    "/users/:userId/user-backup-share" | "/users/:userId/user-backup-shares":
        GET App client::fetch_share [backupMethod backupSharePairId],
        POST App client::store_share [backupMethod];
    "/users/:userId/store-encrypted-user-backup-share": POST App client::store_share [backupMethod];
    "/users/:userId/encrypted-user-backup-shares": GET App client::fetch_share [backupMethod backupSharePairId];
    "/clients/:clientId/backup":
        GET AppOfClient legacy::fetch [backupMethod backupSharePairId],
        POST AppOfClient legacy::store [backupMethod];
    "/users/:userId/backups":
        GET AppOrOperator(Viewer) client::list_backups [check portal],
        DELETE OperatorOn(Admin) users::remove_method [backupMethod];
    "/users/:userId/custodian-backup-share": GET App client::retrieve_custodian_share [backupMethod];
    // Monitors
    "/healthz":
        GET Always health::healthz,
        HEAD Always health::healthz;
    "/readyz":
        GET Everybody health::readyz,
        HEAD Everybody health::readyz;
    // Operators
    "/users":
        GET Operator(Viewer) users::list [clientId idBegins clientIdBegins cursor limit home],
        POST Operator(Support) users::register;
    "/users/:userId":
        GET OperatorOn(Viewer) users::get,
        DELETE OperatorOn(Admin) users::delete [purge reason];
    "/users/:userId/client-api-key": PUT OperatorOn(Support) users::replace_client_api_key;
    "/users/:userId/purge": DELETE OperatorOn(Admin) users::cancel_purge;
    "/users/:userId/quota": DELETE OperatorOn(Support) users::release_quota;
    "/users/:userId/restore": POST OperatorOn(Support) users::restore [clientId reason];
    "/users/:userId/session": POST OperatorOn(Support) portal_users::session;
    "/users/:userId/backups/history": GET OperatorOn(Viewer) users::history;
    "/users/:userId/timeline": GET OperatorOn(Viewer) timeline::timeline [restored kind cursor limit];
    "/users/:userId/backups/restore": POST OperatorOn(Support) users::restore_version;
    "/users/:userId/eject":
        POST OperatorOn(Support) users::open_eject,
        DELETE OperatorOn(Support) users::close_eject [reason];
    "/approvals": GET Operator(Viewer) approvals::list [cursor limit home];
    // Whoever decides needs the role of whom asked, besides.
    "/approvals/:approvalId":
        POST OperatorOnRequest(Support) approvals::approve,
        DELETE OperatorOnRequest(Support) approvals::refuse;
    "/users/:userId/move": POST OperatorOn(Admin) homes::move_user;
    "/admin/homes/:home": PUT OperatorOn(Admin) homes::set_state;
    "/admin/directory/rebuild": POST Operator(Admin) homes::rebuild_directory;
    "/audit": GET Operator(Viewer) admin::audit [userId action outcome operator since until cursor limit home];
    "/metrics": GET Operator(Viewer) metrics::open_metrics;
    "/admin/metrics": GET Operator(Viewer) metrics::daily [days];
    "/admin/me": GET Operator(Viewer) admin::me;
    "/admin/keys": GET Operator(Admin) admin::keys;
    "/admin/keys/rewrap": POST Operator(Admin) admin::rewrap;
    "/admin/keys/escrow": POST Operator(Admin) copy::escrow;
    "/admin/rebuild": POST Operator(Admin) copy::rebuild;
    "/admin/status": GET Operator(Viewer) admin::status [home];
    // It keeps the database busy.
    "/admin/clock": GET Operator(Admin) clock::clock [home];
    "/admin/half-finished": GET Operator(Viewer) half_finished::list [cursor limit home];
    "/admin/import": POST Operator(Admin) import::import [dryRun replaceOlder];
    "/admin/export": GET Operator(Admin) export::export [cursor];
};
