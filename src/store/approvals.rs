//! `approvals`: what an operator asked for and a second one must approve.

use super::audit::{Actor, Approval, Event, Trail};
use super::sql::sql;
use super::{Change, Changed, Database, Page, Row, Statement};
use crate::domain::approval::FourEyes;
use crate::domain::names::UserId;
use crate::domain::role::Role;
use crate::error::{Code, Error, Result};

/// What waits.
pub struct Waiting<'a> {
    pub action: FourEyes,
    /// As the audit trail names it.
    pub event: &'static str,
    pub user_id: &'a UserId,
    /// JSON: what the request asks for, without any secret.
    pub parameters: &'a str,
    pub reason: Option<&'a str>,
    pub requested_by: &'a str,
    pub role: Role,
}

/// Lets a request wait, if there is the user (for a purge: or was).
pub fn wait(trail: &Trail, waiting: &Waiting<'_>) -> Change {
    let wait = Statement::new(sql!("approval_wait"))
        .text(&trail.event_id)
        .text(waiting.action.as_str())
        .text(waiting.user_id.as_str())
        .text(waiting.parameters)
        .optional(waiting.reason)
        .text(waiting.requested_by)
        .number(waiting.role.rank());
    Change::new(&trail.event_id)
        .event(
            trail
                .statement(sql!("approval_event"))
                .text(waiting.event)
                .text(waiting.user_id.as_str())
                .text(waiting.action.as_str()),
        )
        .then(wait)
        .read(Statement::new(sql!("approval_read")).text(&trail.event_id))
}

/// The request that waits, as the API shows it.
pub fn waiting(changed: Changed) -> Result<String> {
    changed.done()?;
    let [request] = changed.rows()?;
    request.first_to_json().ok_or_else(unknown_request)
}

/// A page of the requests that wait, the oldest first.
pub async fn list(db: &Database, after: &str, limit: u64) -> Result<Page> {
    let page = Statement::new(sql!("approvals_page"));
    let rows = db.ask(page.text(after).number(limit + 1)).await?;
    Ok(Page::of(rows, limit, "id"))
}

/// A request, waiting or not.
pub struct Request {
    pub id: String,
    pub action: FourEyes,
    pub user_id: UserId,
    pub parameters: String,
    pub reason: Option<String>,
    pub requested_by: String,
}

pub async fn get(db: &Database, id: &str) -> Result<Request> {
    const SQL: &str =
        "SELECT id, action, user_id, parameters, reason, requested_by FROM approvals WHERE id = ?1";
    let rows = db.ask(Statement::new(SQL).text(id)).await?;
    let row = rows.first().ok_or_else(unknown_request)?;
    read(&row).ok_or_else(|| Error::internal("a request that waits cannot be read"))
}

fn read(row: &Row) -> Option<Request> {
    Some(Request {
        id: row.text("id"),
        action: FourEyes::parse(&row.text("action"))?,
        user_id: UserId::parse(row.text("user_id")).ok()?,
        parameters: row.text("parameters"),
        reason: row.optional("reason"),
        requested_by: row.text("requested_by"),
    })
}

/// The decision, as a statement of the transaction that carries it out: the trigger of `migrations/0011_operators_and_metrics.sql`
/// stops that one where the decision may not be taken.
pub(super) fn decide(approval: &Approval, decision: &str, event_id: &str) -> Statement {
    Statement::new(sql!("approval_decide"))
        .text(&approval.id)
        .text(decision)
        .text(&approval.by)
        .number(approval.role.rank())
        .text(event_id)
}

/// Refuses a request, or withdraws it.
pub async fn refuse(
    db: &Database,
    trail: &Trail,
    request: &Request,
    decision: &Approval,
) -> Result<()> {
    let event = trail.event(&Event {
        actor: Actor::Admin,
        action: "refuse_approval",
        user_id: Some(request.user_id.as_str()),
        client_id: None,
        outcome: "refused",
    });
    let change = Change::new(&trail.event_id).event(event).then(decide(
        decision,
        "refused",
        &trail.event_id,
    ));
    db.change(change).await?.done()
}

pub fn unknown_request() -> Error {
    Error::not_found("There is no request with this id. GET /approvals lists those that wait.")
}

/// What the trigger says, and the answer to it.
const STOPPED: [(&str, Code, &str); 3] = [
    (
        "approval is gone",
        Code::Conflict,
        "This request cannot be decided so: it was decided already, its 24 hours are over, the user is deleted, the user id is another client's by now, or its user was deleted when it was made and is back.",
    ),
    (
        "approval is your own",
        Code::Forbidden,
        "Nobody approves their own request. Another operator must.",
    ),
    (
        "approval needs a higher role",
        Code::Forbidden,
        "The request was made in a higher role than yours. An operator of at least that role must decide.",
    ),
];

/// The answer to a batch that the trigger stopped; None if it was something else.
pub(super) fn stopped(failure: &str) -> Option<Error> {
    let found = STOPPED.iter().find(|(says, ..)| failure.contains(says));
    found.map(|(_, code, detail)| Error::new(*code, *detail))
}

/// Forgets requests a week after their end; the audit trail keeps what came of them.
pub async fn forget_old(db: &Database) -> Result<()> {
    const SQL: &str =
        "DELETE FROM approvals WHERE expires_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-7 days')";
    db.upkeep(Statement::new(SQL)).await.map(drop)
}
