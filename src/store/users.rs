//! `users`: whom the shares belong to.

use super::audit::Trail;
use super::deleted_users::{self, Limits, purge_waits};
use super::outcome::{self, KeyReplaced, unknown_user};
use super::sql::sql;
use super::{Change, Database, Page, Statement};
use crate::domain::names::{ClientId, UserId};
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};

/// A user as the API shows it.
pub type JsonText = String;

/// How a registration ended.
pub enum Registered {
    Created(JsonText),
    /// The same user was registered before.
    Same(JsonText),
}

/// Registers a user: the same again changes nothing, anything that clashes is refused. A user that was registered
/// without an API key (by its first webhook, or because no app shows one) gets the one given; under another id, what its webhooks
/// brought becomes this user's.
///
/// The `limits` are those of a restore: none gets a key in this way that would open cipher texts which are there already, and who
/// may not cancel a purge brings nobody back whose purge waits.
///
/// The event comes first and says what is to be done, by what there is in the same transaction: of many registrations
/// at once exactly one has registered the user, and a retry keeps its first outcome.
pub async fn register(
    db: &Database,
    trail: &Trail,
    id: Option<&UserId>,
    client_id: &ClientId,
    client_api_key: Option<CredentialHash>,
    limits: &Limits,
) -> Result<Registered> {
    const EVENT: &str = sql!("user_register_event");
    // The user that a webhook made goes into the history, and comes out of it as this one.
    const GIVE_WAY: &str = sql!("user_give_way");
    const SELECT: &str = sql!("user_registered");

    let given_id = id.map(UserId::as_str);
    let new_id = given_id.unwrap_or(&trail.event_id);
    let hash = client_api_key.map(CredentialHash::to_hex);
    let event = trail
        .statement(EVENT)
        .optional(given_id)
        .text(client_id.as_str())
        .optional(hash.as_deref())
        .text(new_id)
        .number(limits.keys_need_approval.into())
        .number(limits.may_cancel_purge.into());
    let insert = Statement::new(sql!("user_register"))
        .text(new_id)
        .text(client_id.as_str())
        .optional(hash.as_deref())
        .text(&trail.event_id);
    let add_key = Statement::new(sql!("user_add_api_key"))
        .text(client_id.as_str())
        .optional(hash.as_deref())
        .text(&trail.event_id);
    let select = Statement::new(SELECT)
        .text(client_id.as_str())
        .text(&trail.event_id);
    let give_way = Statement::new(GIVE_WAY)
        .text(client_id.as_str())
        .text(&trail.event_id);
    let change = Change::new(&trail.event_id)
        .event(event)
        .then(give_way)
        .then(insert)
        .then(add_key);
    let change = deleted_users::take_over(change, new_id, client_id, &trail.event_id);
    let changed = db.change(change.read(select)).await?;
    let outcome = changed.outcome().map_err(|error| match error.code {
        Code::Forbidden => purge_waits(),
        _ => error,
    })?;
    let [user] = changed.rows()?;
    // Whoever comes again may find the user that it registered deleted.
    let user = || {
        user.first_to_json()
            .ok_or_else(|| Error::conflict("The user was registered, and deleted again meanwhile."))
    };
    match outcome {
        outcome::Registered::Registered | outcome::Registered::Adopted => {
            Ok(Registered::Created(user()?))
        }
        outcome::Registered::KeyAdded | outcome::Registered::Unchanged => {
            Ok(Registered::Same(user()?))
        }
        outcome::Registered::Overtaken => Err(outcome::overtaken()),
        outcome::Registered::NeedsApproval => Err(Error::conflict(
            "This user has cipher texts, which the clientApiKey would open. FOUR_EYES lists client-api-key, so it takes two operators: POST /users/:userId/restore if the user is deleted, then PUT /users/:userId/client-api-key.",
        )),
        outcome::Registered::Conflict => Err(Error::conflict(
            "The id, clientId or clientApiKey is registered already, with another of the three. A user's clientApiKey is replaced by PUT /users/:userId/client-api-key.",
        )),
    }
}

/// Puts another API key in the place of a user's, which opens nothing from then on. Answers with the user.
pub async fn replace_client_api_key(
    db: &Database,
    trail: &Trail,
    id: &UserId,
    hash: &str,
) -> Result<JsonText> {
    const EVENT: &str = sql!("api_key_event");
    let event = trail.statement(EVENT).text(id.as_str()).text(hash);
    let update = Statement::new(sql!("api_key_replace"))
        .text(id.as_str())
        .text(hash)
        .text(&trail.event_id);
    let change = Change::new(&trail.event_id)
        .event(event)
        .then(update)
        .read(by_id(id, None));
    let changed = db.change(change).await?;
    match changed.outcome()? {
        KeyReplaced::Replaced => {}
        KeyReplaced::Conflict => {
            return Err(Error::conflict(
                "This clientApiKey belongs to another user.",
            ));
        }
    }
    let [user] = changed.rows()?;
    user.first_to_json().ok_or_else(unknown_user)
}

pub async fn get(db: &Database, id: &UserId) -> Result<JsonText> {
    let user = get_of_client(db, id, None).await?;
    user.ok_or_else(unknown_user)
}

/// The user with this id; only if it has this client id, where one is given.
pub async fn get_of_client(
    db: &Database,
    id: &UserId,
    client_id: Option<&str>,
) -> Result<Option<JsonText>> {
    let users = db.ask(by_id(id, client_id)).await?;
    Ok(users.first_to_json())
}

/// The statement that reads the user with this id, and with this client id, where one is given, as the API shows it.
pub(super) fn by_id(id: &UserId, client_id: Option<&str>) -> Statement {
    let user = Statement::new(sql!("user_of_id"));
    user.text(id.as_str()).optional(client_id)
}

/// As [`by_id`], with this client id.
pub(super) fn by_client(client_id: &ClientId) -> Statement {
    Statement::new(sql!("user_of_client")).text(client_id.as_str())
}

/// The client id of the user who has the API key of this hash. A user who is still arriving is another home's, and may have another key by now.
pub async fn owner_of_api_key(db: &Database, hash: &str) -> Result<Option<String>> {
    let owner = Statement::new(sql!("user_of_api_key")).text(hash);
    let users = db.ask(owner).await?;
    Ok(users.first_text("client_id"))
}

/// The user with a client id, as a list of one or none.
pub async fn with_client_id(db: &Database, client_id: &ClientId) -> Result<Page> {
    let rows = db.ask(by_client(client_id)).await?;
    Ok(Page { rows, cursor: None })
}

/// A page of users by id: those whose id begins with `begins`, behind `after`.
pub async fn list(db: &Database, begins: &str, after: &str, limit: u64) -> Result<Page> {
    page(db, sql!("users_page"), begins, after, limit, "id").await
}

/// As [`list`], by client id.
pub async fn list_by_client(db: &Database, begins: &str, after: &str, limit: u64) -> Result<Page> {
    let sql = sql!("users_page_by_client");
    page(db, sql, begins, after, limit, "clientId").await
}

async fn page(
    db: &Database,
    sql: &'static str,
    begins: &str,
    after: &str,
    limit: u64,
    cursor: &'static str,
) -> Result<Page> {
    let users = Statement::new(sql).text(after).number(limit + 1);
    let rows = db.ask(users.text(begins)).await?;
    Ok(Page::of(rows, limit, cursor))
}

/// The event of what an operator does to one user, with its outcome; `unknown_user` where there is none.
pub(super) fn event_of_user(trail: &Trail, action: &str, id: &UserId, outcome: &str) -> Statement {
    const EVENT: &str = sql!("event_of_user");
    trail
        .statement(EVENT)
        .text(action)
        .text(id.as_str())
        .text(outcome)
}

/// The change of one statement that an operator makes to one user.
pub(super) fn change_of(
    trail: &Trail,
    action: &str,
    id: &UserId,
    outcome: &str,
    sql: &'static str,
) -> Change {
    let change = Statement::new(sql).text(id.as_str()).text(&trail.event_id);
    Change::new(&trail.event_id)
        .event(event_of_user(trail, action, id, outcome))
        .then(change)
}

/// Lets a user store again who stored as much as one may within a day: what was replaced until now counts no more (the view
/// `users_over_quota`).
pub fn release_quota(trail: &Trail, id: &UserId) -> Change {
    let sql = sql!("quota_release");
    change_of(trail, "release_quota", id, "released", sql)
}

/// The client of a user for whom a session is to be made; leaves its event. With `opens_none` (`FOUR_EYES`) none is made that would
/// open cipher texts which are kept: 403.
pub async fn client_for_session(
    db: &Database,
    trail: &Trail,
    id: &UserId,
    opens_none: bool,
) -> Result<ClientId> {
    let event = trail
        .statement(sql!("session_event"))
        .text(id.as_str())
        .number(opens_none.into());
    let select = Statement::new("SELECT client_id FROM users WHERE id = ?1").text(id.as_str());
    let change = Change::new(&trail.event_id).event(event).read(select);
    let changed = db.change(change).await?;
    changed.done().map_err(|error| match error.code {
        Code::Forbidden => error.detailed(
            "This user has cipher texts, which the session would open. FOUR_EYES lists session.",
        ),
        _ => error,
    })?;
    let [client] = changed.rows()?;
    stored_client_id(client.first_text("client_id").ok_or_else(unknown_user)?)
}

/// A client id that the database holds.
pub(super) fn stored_client_id(text: String) -> Result<ClientId> {
    ClientId::parse(text)
        .map_err(|_| Error::internal("the client id in the database is no client id"))
}
