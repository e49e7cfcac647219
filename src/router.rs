//! From a request to its handler: which route it is of, and who is calling.
//!
//! This is the one point at which credentials are made. A handler gets its own by type (`routes::Access`).

use crate::auth::Caller;
use crate::auth::admin::Admin;
use crate::auth::client::Credential;
use crate::auth::limits::{self, Door};
use crate::auth::webhook::{self, Portal};
use crate::domain::names::{ApprovalId, ClientId, InvalidName, UserId};
use crate::domain::query;
use crate::domain::role::Role;
use crate::domain::url::decode_segment;
use crate::error::{Error, Result};
use crate::handlers::client::check;
use crate::handlers::legacy;
use crate::http::{Answer, Call};
use crate::routes::{Access, Operation, Pending, ROUTES, Route};

/// A route, and the segment of the path that is a name, as it came; empty where the route has none.
#[derive(Clone, Copy)]
pub struct Found<'p> {
    pub route: &'static Route,
    pub name: &'p str,
}

/// Finds the route of a path. Segments are compared as they came.
///
/// Portal puts its own path behind the base URL that somebody entered. A slash at that one's end makes an empty segment, so
/// one is passed over on Portal's routes. Nowhere else: there an empty segment is an id that is missing.
pub fn find(path: &str) -> Option<Found<'_>> {
    find_exactly(path).or_else(|| {
        let segments = path.split('/').skip(1);
        let (empty, kept): (Vec<&str>, Vec<&str>) = segments.partition(|text| text.is_empty());
        if empty.len() != 1 {
            return None;
        }
        let route = find_exactly(&format!("/{}", kept.join("/")))?.route;
        route.is_portals().then_some(Found { route, name: "" })
    })
}

fn find_exactly(path: &str) -> Option<Found<'_>> {
    ROUTES.iter().find_map(|route| {
        let mut names = route
            .paths
            .iter()
            .filter_map(|pattern| name_in(pattern, path));
        names.next().map(|name| Found { route, name })
    })
}

/// The segment of the path that stands where the pattern has `:name`; empty where it has none. None: the pattern is another.
fn name_in<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, rest)) = pattern.split_once(':') else {
        return (pattern == path).then_some("");
    };
    let after = rest.find('/').and_then(|at| rest.get(at..));
    let name = path
        .strip_prefix(before)?
        .strip_suffix(after.unwrap_or_default())?;
    (!name.contains('/')).then_some(name)
}

/// A path that has no route, for the log: the words that some route has, and of every other segment nothing, for it may
/// be an id. So `/webhooks/backup` is told from `/users/17/backup`.
pub fn shape(path: &str) -> String {
    const MOST: usize = 8;
    let is_word = |segment: &str| {
        let mut patterns = ROUTES.iter().flat_map(|route| route.paths);
        patterns.any(|pattern| pattern.split('/').any(|word| word == segment))
    };
    let mut shape = String::new();
    for segment in path.split('/').skip(1).take(MOST) {
        shape.push('/');
        shape.push_str(if is_word(segment) { segment } else { "…" });
    }
    shape
}

impl Found<'_> {
    /// The route's operation for a method: 405.
    pub fn operation(&self, method: &str) -> Result<&'static Operation> {
        let mut operations = self.route.operations.iter();
        operations
            .find(|operation| operation.method == method)
            .ok_or_else(|| Error::method_not_allowed(&self.route.methods(|_| true)))
    }

    /// The name in the path: 400. The error names it as the route's pattern does.
    fn name<T: TryFrom<String, Error = InvalidName>>(&self) -> Result<T> {
        let pattern = self.route.pattern().split('/');
        let field = pattern
            .filter_map(|segment| segment.strip_prefix(':'))
            .next();
        let field = field.unwrap_or_default();
        let text = decode_segment(self.name).ok_or_else(|| Error::field(field, "be UTF-8"))?;
        T::try_from(text).map_err(|InvalidName(must)| Error::field(field, must))
    }

    /// Answers the request.
    ///
    /// 1. The name in its path: 400.
    /// 2. The limits of its door: 429.
    /// 3. Its credential: 401, 403.
    /// 4. Its query: 400. A refused credential comes first; an app's is checked by the database.
    /// 5. Its handler.
    pub async fn answer(&self, operation: &Operation, call: &Call<'_>) -> Result<Answer> {
        use Access::*;
        let query = || Ok(query::check(call.query, operation.query)?);
        let operator = async |role: &Role| {
            let admin = Admin::authenticate(call, *role).await?;
            query()?;
            Ok::<_, Error>(admin)
        };
        let (user_id, client_id, approval_id, shown);
        let (door, admitted): (Door<'_>, Pending<'_>) = match &operation.access {
            Always(handle) => return handle(),
            Everybody(handle) => (
                Door::None,
                Box::pin(async {
                    query()?;
                    handle(call).await
                }),
            ),
            Webhook(handle) => {
                shown = webhook::shown_secret(call);
                let is_portal = shown.is_some();
                let admitted = Box::pin(async {
                    let portal = Portal::authenticate(call, shown).await?;
                    limits::count_webhook(call).await?;
                    query()?;
                    handle(portal, call).await
                });
                (Door::Webhooks { is_portal }, admitted)
            }
            App(handle) => {
                user_id = self.name::<UserId>()?;
                let admitted = Box::pin(async {
                    let credential = Credential::read(call).await?;
                    if let Err(wrong) = query() {
                        check(call, &credential, &user_id).await?;
                        return Err(wrong);
                    }
                    handle(credential, call, &user_id).await
                });
                (Door::App(user_id.as_str()), admitted)
            }
            AppOfClient(handle) => {
                client_id = self.name::<ClientId>()?;
                let admitted = Box::pin(async {
                    let credential = Credential::read(call).await?;
                    if let Err(wrong) = query() {
                        legacy::caller(&credential, call, &client_id).await?;
                        return Err(wrong);
                    }
                    handle(credential, call, &client_id).await
                });
                (Door::App(client_id.as_str()), admitted)
            }
            AppOrOperator(role, handle) => {
                user_id = self.name::<UserId>()?;
                let admitted = Box::pin(async {
                    let caller = match Admin::recognise(call, *role).await? {
                        Some(admin) => Caller::Operator(admin),
                        None => Caller::App(Credential::read(call).await?),
                    };
                    if let Err(wrong) = query() {
                        if let Caller::App(credential) = &caller {
                            check(call, credential, &user_id).await?;
                        }
                        return Err(wrong);
                    }
                    handle(caller, call, &user_id).await
                });
                (Door::App(user_id.as_str()), admitted)
            }
            Operator(role, handle) => (
                Door::Operators,
                Box::pin(async { handle(&operator(role).await?, call).await }),
            ),
            OperatorOnRequest(role, handle) => {
                approval_id = self.name::<ApprovalId>()?;
                let admitted =
                    Box::pin(async { handle(&operator(role).await?, call, &approval_id).await });
                (Door::Operators, admitted)
            }
            OperatorOn(role, handle) => {
                user_id = self.name::<UserId>()?;
                let admitted =
                    Box::pin(async { handle(&operator(role).await?, call, &user_id).await });
                (Door::Operators, admitted)
            }
        };
        let answer = limits::guard(call, door, admitted).await;
        match operation.access.is_apps() {
            true => answer.map_err(|error| Credential::named_ways(call, error)),
            false => answer,
        }
    }
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;
