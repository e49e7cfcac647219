//! Every route on one screen: its paths, its methods, who may call it, the query parameters it knows, and its handler.

use std::future::Future;
use std::pin::Pin;

use crate::auth::Caller;
use crate::auth::admin::Admin;
use crate::auth::client::Credential;
use crate::auth::webhook::Portal;
use crate::domain::names::{ClientId, UserId};
use crate::domain::role::Role::{self, Admin as AdminRole, Support, Viewer};
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
        for<'a> fn(&'a Admin, &'a Call<'a>, &'a str) -> Pending<'a>,
    ),
    /// An operator, about the path's user.
    OperatorOn(
        Role,
        for<'a> fn(&'a Admin, &'a Call<'a>, &'a UserId) -> Pending<'a>,
    ),
}

use Access::{
    Always, App, AppOfClient, AppOrOperator, Everybody, Operator, OperatorOn, OperatorOnRequest,
    Webhook,
};

impl Access {
    /// Whether an app may call: then browsers of other origins may, too (`cors`).
    pub fn is_apps(&self) -> bool {
        matches!(self, App(_) | AppOfClient(_) | AppOrOperator(..))
    }

    /// Whether only operators may call.
    pub fn is_operators(&self) -> bool {
        matches!(self, Operator(..) | OperatorOn(..) | OperatorOnRequest(..))
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
        operations.any(|operation| matches!(operation.access, Webhook(_)))
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

const fn operation(
    method: &'static str,
    access: Access,
    query: &'static [&'static str],
) -> Operation {
    Operation {
        method,
        access,
        query,
    }
}

const fn get(access: Access, query: &'static [&'static str]) -> Operation {
    operation("GET", access, query)
}

/// Monitors ask for the head alone.
const fn head(access: Access) -> Operation {
    operation("HEAD", access, &[])
}

const fn post(access: Access, query: &'static [&'static str]) -> Operation {
    operation("POST", access, query)
}

const fn put(access: Access) -> Operation {
    operation("PUT", access, &[])
}

const fn delete(access: Access, query: &'static [&'static str]) -> Operation {
    operation("DELETE", access, query)
}

const fn route(paths: &'static [&'static str], operations: &'static [Operation]) -> Route {
    Route { paths, operations }
}

/// A handler, with its future in a box: so all have one type.
macro_rules! to {
    ($($handler:ident)::+($($argument:ident),*)) => {
        |$($argument),*| Box::pin($($handler)::+($($argument),*))
    };
}

/// Which cipher text an app asks for.
const WHICH_SHARE: &[&str] = &["backupMethod", "backupSharePairId"];

/// Where an app says which backup a cipher text is of, if its body does not.
const WHICH_BACKUP: &[&str] = &["backupMethod"];

/// The ones that share requests ask for come first, for they are sought in this order.
pub static ROUTES: &[Route] = &[
    // Portal
    route(
        &["/webhook/backup"],
        &[post(Webhook(to!(webhook::backup(portal, call))), &[])],
    ),
    route(
        &["/webhook/backup/fetch"],
        &[post(Webhook(to!(webhook::fetch(portal, call))), &[])],
    ),
    // Apps: the paths that the guides' snippets call
    route(
        &[
            "/users/:userId/user-backup-share",
            "/users/:userId/user-backup-shares",
        ],
        &[
            get(App(to!(client::fetch_share(app, call, user))), WHICH_SHARE),
            post(App(to!(client::store_share(app, call, user))), WHICH_BACKUP),
        ],
    ),
    route(
        &["/users/:userId/store-encrypted-user-backup-share"],
        &[post(
            App(to!(client::store_share(app, call, user))),
            WHICH_BACKUP,
        )],
    ),
    route(
        &["/users/:userId/encrypted-user-backup-shares"],
        &[get(
            App(to!(client::fetch_share(app, call, user))),
            WHICH_SHARE,
        )],
    ),
    route(
        &["/clients/:clientId/backup"],
        &[
            get(
                AppOfClient(to!(legacy::fetch(app, call, client))),
                WHICH_SHARE,
            ),
            post(
                AppOfClient(to!(legacy::store(app, call, client))),
                WHICH_BACKUP,
            ),
        ],
    ),
    route(
        &["/users/:userId/backups"],
        &[
            get(
                AppOrOperator(Viewer, to!(client::list_backups(caller, call, user))),
                &["check", "portal"],
            ),
            delete(
                OperatorOn(AdminRole, to!(users::remove_method(admin, call, user))),
                &["backupMethod"],
            ),
        ],
    ),
    route(
        &["/users/:userId/custodian-backup-share"],
        &[get(
            App(to!(client::retrieve_custodian_share(app, call, user))),
            &["backupMethod"],
        )],
    ),
    // Monitors
    route(
        &["/healthz"],
        &[
            get(Always(health::healthz), &[]),
            head(Always(health::healthz)),
        ],
    ),
    route(
        &["/readyz"],
        &[
            get(Everybody(to!(health::readyz(call))), &[]),
            head(Everybody(to!(health::readyz(call)))),
        ],
    ),
    // Operators
    route(
        &["/users"],
        &[
            get(
                Operator(Viewer, to!(users::list(admin, call))),
                &[
                    "clientId",
                    "idBegins",
                    "clientIdBegins",
                    "cursor",
                    "limit",
                    "home",
                ],
            ),
            post(Operator(Support, to!(users::register(admin, call))), &[]),
        ],
    ),
    route(
        &["/users/:userId"],
        &[
            get(OperatorOn(Viewer, to!(users::get(admin, call, user))), &[]),
            delete(
                OperatorOn(AdminRole, to!(users::delete(admin, call, user))),
                &["purge", "reason"],
            ),
        ],
    ),
    route(
        &["/users/:userId/client-api-key"],
        &[put(OperatorOn(
            Support,
            to!(users::replace_client_api_key(admin, call, user)),
        ))],
    ),
    route(
        &["/users/:userId/purge"],
        &[delete(
            OperatorOn(AdminRole, to!(users::cancel_purge(admin, call, user))),
            &[],
        )],
    ),
    route(
        &["/users/:userId/quota"],
        &[delete(
            OperatorOn(Support, to!(users::release_quota(admin, call, user))),
            &[],
        )],
    ),
    route(
        &["/users/:userId/restore"],
        &[post(
            OperatorOn(Support, to!(users::restore(admin, call, user))),
            &["clientId", "reason"],
        )],
    ),
    route(
        &["/users/:userId/session"],
        &[post(
            OperatorOn(Support, to!(portal_users::session(admin, call, user))),
            &[],
        )],
    ),
    route(
        &["/users/:userId/backups/history"],
        &[get(
            OperatorOn(Viewer, to!(users::history(admin, call, user))),
            &[],
        )],
    ),
    route(
        &["/users/:userId/timeline"],
        &[get(
            OperatorOn(Viewer, to!(timeline::timeline(admin, call, user))),
            &["restored", "cursor", "limit"],
        )],
    ),
    route(
        &["/users/:userId/backups/restore"],
        &[post(
            OperatorOn(Support, to!(users::restore_version(admin, call, user))),
            &[],
        )],
    ),
    route(
        &["/users/:userId/eject"],
        &[
            post(
                OperatorOn(Support, to!(users::open_eject(admin, call, user))),
                &[],
            ),
            delete(
                OperatorOn(Support, to!(users::close_eject(admin, call, user))),
                &["reason"],
            ),
        ],
    ),
    route(
        &["/approvals"],
        &[get(
            Operator(Viewer, to!(approvals::list(admin, call))),
            &["cursor", "limit", "home"],
        )],
    ),
    // Whoever decides needs the role of whom asked, besides.
    route(
        &["/approvals/:approvalId"],
        &[
            post(
                OperatorOnRequest(Support, to!(approvals::approve(admin, call, request))),
                &[],
            ),
            delete(
                OperatorOnRequest(Support, to!(approvals::refuse(admin, call, request))),
                &[],
            ),
        ],
    ),
    route(
        &["/users/:userId/move"],
        &[post(
            OperatorOn(AdminRole, to!(homes::move_user(admin, call, user))),
            &[],
        )],
    ),
    route(
        &["/admin/homes/:home"],
        &[put(OperatorOn(
            AdminRole,
            to!(homes::set_state(admin, call, home)),
        ))],
    ),
    route(
        &["/admin/directory/rebuild"],
        &[post(
            Operator(AdminRole, to!(homes::rebuild_directory(admin, call))),
            &[],
        )],
    ),
    route(
        &["/audit"],
        &[get(
            Operator(Viewer, to!(admin::audit(admin, call))),
            &[
                "userId", "action", "outcome", "operator", "since", "until", "cursor", "limit",
                "home",
            ],
        )],
    ),
    route(
        &["/metrics"],
        &[get(
            Operator(Viewer, to!(metrics::open_metrics(admin, call))),
            &[],
        )],
    ),
    route(
        &["/admin/metrics"],
        &[get(
            Operator(Viewer, to!(metrics::daily(admin, call))),
            &["days"],
        )],
    ),
    route(
        &["/admin/me"],
        &[get(Operator(Viewer, to!(admin::me(admin, call))), &[])],
    ),
    route(
        &["/admin/keys"],
        &[get(Operator(AdminRole, to!(admin::keys(admin, call))), &[])],
    ),
    route(
        &["/admin/keys/rewrap"],
        &[post(
            Operator(AdminRole, to!(admin::rewrap(admin, call))),
            &[],
        )],
    ),
    route(
        &["/admin/keys/escrow"],
        &[post(
            Operator(AdminRole, to!(copy::escrow(admin, call))),
            &[],
        )],
    ),
    route(
        &["/admin/rebuild"],
        &[post(
            Operator(AdminRole, to!(copy::rebuild(admin, call))),
            &[],
        )],
    ),
    route(
        &["/admin/status"],
        &[get(
            Operator(Viewer, to!(admin::status(admin, call))),
            &["home"],
        )],
    ),
    // It keeps the database busy.
    route(
        &["/admin/clock"],
        &[get(
            Operator(AdminRole, to!(clock::clock(admin, call))),
            &["home"],
        )],
    ),
    route(
        &["/admin/half-finished"],
        &[get(
            Operator(Viewer, to!(half_finished::list(admin, call))),
            &["cursor", "limit", "home"],
        )],
    ),
    route(
        &["/admin/import"],
        &[post(
            Operator(AdminRole, to!(import::import(admin, call))),
            &["dryRun", "replaceOlder"],
        )],
    ),
    route(
        &["/admin/export"],
        &[get(
            Operator(AdminRole, to!(export::export(admin, call))),
            &["cursor"],
        )],
    ),
];
