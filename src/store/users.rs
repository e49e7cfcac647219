//! `users`: whom the shares belong to.

use super::audit::{
    Trail, UNDER_WAY, audit_columns, audit_returning_outcome, is_outdone, is_under_way, overtaken,
};
use super::credential::allowed;
use super::{Database, Page, Statement, at, now};
use crate::domain::names::{ClientId, UserId};
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};

/// A user's columns under the names of the API.
macro_rules! shown {
    () => {
        "SELECT id, client_id AS clientId, created_at AS createdAt FROM users"
    };
}

/// A condition in SQL: the event $event, which came first in this transaction, says that this is to be done.
macro_rules! is_to_be {
    ($done:literal, $event:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM audit_events WHERE id = ",
            $event,
            " AND outcome = ",
            $done,
            ")"
        )
    };
}

/// A user as the API shows it.
pub type JsonText = String;

/// How a registration ended.
pub enum Registered {
    Created(JsonText),
    /// The same user was registered before.
    Same(JsonText),
}

/// Registers a user: the same again changes nothing, anything that clashes is refused. A user that was registered
/// without an API key (by its first webhook) gets the one given.
///
/// The event comes first and says what is to be done, by what there is in the same transaction: of many registrations
/// at once exactly one has registered the user, and a retry keeps its first outcome.
pub async fn register(
    db: &Database,
    trail: &Trail,
    id: Option<&UserId>,
    client_id: &ClientId,
    client_api_key: CredentialHash,
) -> Result<Registered> {
    const EVENT: &str = concat!(
        "INSERT INTO audit_events (",
        audit_columns!(),
        ") SELECT ?1, ",
        at!("?2"),
        ", 'admin', 'register_user', iif(outcome = 'conflict', ?5, coalesce(registered_id, ?8)), ?6, NULL, outcome, ?3, ?4 \
         FROM (SELECT u.id AS registered_id, CASE \
             WHEN u.id IS NULL AND ",
        is_outdone!("?8", "'delete_user', 'purge_user'", "?9", "?10"),
        " THEN 'overtaken' \
             WHEN coalesce(u.id, same_id.id, same_key.id) IS NULL THEN 'registering' \
             WHEN u.id IS NULL THEN 'conflict' \
             WHEN u.id <> coalesce(?5, u.id) THEN 'conflict' \
             WHEN same_key.id = u.id THEN 'unchanged' \
             WHEN same_key.id IS NULL AND u.client_api_key_hash IS NULL THEN 'adding key' \
             ELSE 'conflict' END AS outcome \
           FROM (SELECT 1) LEFT JOIN users u ON u.client_id = ?6 LEFT JOIN users same_id ON same_id.id = ?8 \
             LEFT JOIN users same_key ON same_key.client_api_key_hash = ?7) WHERE true ",
        audit_returning_outcome!()
    );
    const INSERT: &str = concat!(
        "INSERT INTO users (id, client_id, client_api_key_hash, created_at) SELECT ?1, ?2, ?3, ",
        now!(),
        " WHERE ",
        is_to_be!("'registering'", "?4")
    );
    const ADD_KEY: &str = concat!(
        "UPDATE users SET client_api_key_hash = ?2 WHERE client_id = ?1 AND ",
        is_to_be!("'adding key'", "?3")
    );
    const SELECT: &str = concat!(
        shown!(),
        " WHERE client_id = ?1 AND id = (SELECT user_id FROM audit_events WHERE id = ?2)"
    );
    const FINISH: &str = "UPDATE audit_events SET outcome = CASE outcome WHEN 'registering' THEN 'registered' \
         WHEN 'adding key' THEN 'key_added' ELSE outcome END WHERE id = ?1 RETURNING outcome";

    let given_id = id.map(UserId::as_str);
    let new_id = given_id.unwrap_or(&trail.event_id);
    let hash = client_api_key.to_hex();
    let [from, to] = trail.overtaking();
    let [_, _, _, user, outcome] = db
        .batch(vec![
            trail
                .statement(EVENT)
                .optional(given_id)
                .text(client_id.as_str())
                .text(&hash)
                .text(new_id)
                .text(&from)
                .text(&to),
            Statement::new(INSERT)
                .text(new_id)
                .text(client_id.as_str())
                .text(&hash)
                .text(&trail.event_id),
            Statement::new(ADD_KEY)
                .text(client_id.as_str())
                .text(&hash)
                .text(&trail.event_id),
            Statement::new(SELECT)
                .text(client_id.as_str())
                .text(&trail.event_id),
            Statement::new(FINISH).text(&trail.event_id),
        ])
        .await?
        .rows()?;
    let outcome = outcome.first_text("outcome").unwrap_or_default();
    if outcome == "conflict" {
        return Err(Error::new(
            Code::Conflict,
            "The id, clientId or clientApiKey is registered already, with another of the three. A user's clientApiKey is replaced by PUT /users/:userId/client-api-key.",
        ));
    }
    match user.first_to_json() {
        Some(user) if outcome == "registered" => Ok(Registered::Created(user)),
        Some(user) if outcome != "overtaken" => Ok(Registered::Same(user)),
        // A retry may find the user that it registered deleted.
        _ => Err(overtaken()),
    }
}

/// Puts another API key in the place of a user's, which opens nothing from then on. Answers with the user.
pub async fn replace_client_api_key(
    db: &Database,
    trail: &Trail,
    id: &UserId,
    client_api_key: CredentialHash,
) -> Result<JsonText> {
    const UPDATE: &str = concat!(
        "UPDATE users SET client_api_key_hash = ?2 WHERE id = ?1 \
         AND NOT EXISTS (SELECT 1 FROM users WHERE client_api_key_hash = ?2) AND ",
        is_under_way!("?3")
    );
    const SELECT: &str = concat!(shown!(), " WHERE id = ?1");
    const FINISH: &str = "UPDATE audit_events SET outcome = iif(outcome <> 'under way', outcome, \
         iif(EXISTS (SELECT 1 FROM users WHERE id = ?2 AND client_api_key_hash = ?3), 'replaced', 'conflict')) \
         WHERE id = ?1 RETURNING outcome";
    let hash = client_api_key.to_hex();
    let action = "replace_client_api_key";
    let rivals = r#"["replace_client_api_key","register_user"]"#;
    let [_, _, user, outcome] = db
        .batch(vec![
            event_of_user(trail, action, id, UNDER_WAY, rivals),
            Statement::new(UPDATE)
                .text(id.as_str())
                .text(&hash)
                .text(&trail.event_id),
            Statement::new(SELECT).text(id.as_str()),
            Statement::new(FINISH)
                .text(&trail.event_id)
                .text(id.as_str())
                .text(&hash),
        ])
        .await?
        .rows()?;
    if allowed(&outcome)? == "conflict" {
        return Err(Error::new(
            Code::Conflict,
            "This clientApiKey belongs to another user.",
        ));
    }
    user.first_to_json().ok_or_else(unknown_user)
}

/// The answer to a client id that no user has.
pub fn unknown_client() -> Error {
    Error::new(
        Code::UnknownClient,
        "No user is registered with this clientId. Register it with POST /users (one that was deleted: POST /users/:userId/restore), or set UNKNOWN_CLIENTS to \"register\".",
    )
}

/// The answer to an id that no user has.
pub fn unknown_user() -> Error {
    Error::new(
        Code::UnknownUser,
        "No such user is registered. Register it with POST /users; one that was deleted comes back with POST /users/:userId/restore.",
    )
}

pub async fn get(db: &Database, id: &UserId) -> Result<Option<JsonText>> {
    get_of_client(db, id, None).await
}

/// The user with this id; only if it has this client id, where one is given.
pub async fn get_of_client(
    db: &Database,
    id: &UserId,
    client_id: Option<&str>,
) -> Result<Option<JsonText>> {
    const SQL: &str = concat!(
        shown!(),
        " WHERE id = ?1 AND client_id = coalesce(?2, client_id)"
    );
    let select = Statement::new(SQL).text(id.as_str()).optional(client_id);
    let [users] = db.batch(vec![select]).await?.rows()?;
    Ok(users.first_to_json())
}

/// Whether an API key of this hash is registered.
pub async fn has_client_api_key(db: &Database, hash: &str) -> Result<bool> {
    const SQL: &str = "SELECT 1 FROM users WHERE client_api_key_hash = ?1";
    let [users] = db
        .batch(vec![Statement::new(SQL).text(hash)])
        .await?
        .rows()?;
    Ok(!users.is_empty())
}

/// The user with a client id, as a list of one or none.
pub async fn with_client_id(db: &Database, client_id: &ClientId) -> Result<Page> {
    const SQL: &str = concat!(shown!(), " WHERE client_id = ?1");
    let [rows] = db
        .batch(vec![Statement::new(SQL).text(client_id.as_str())])
        .await?
        .rows()?;
    Ok(Page { rows, cursor: None })
}

/// A page of users by id.
pub async fn list(db: &Database, after: &str, limit: u64) -> Result<Page> {
    const SQL: &str = concat!(shown!(), " WHERE id > ?1 ORDER BY id LIMIT ?2");
    const NEXT: &str = "SELECT id FROM users WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2";
    let range = |sql| Statement::new(sql).text(after).number(limit);
    let [rows, next] = db.batch(vec![range(SQL), range(NEXT)]).await?.rows()?;
    let cursor = rows
        .last()
        .filter(|_| !next.is_empty())
        .map(|user| user.text("id"));
    Ok(Page { rows, cursor })
}

/// The event of what an operator does to one user, with its outcome; `unknown_user` where there is none, and `overtaken`
/// where one of the `rivals`, a JSON array of actions, was done to the user since.
pub(super) fn event_of_user(
    trail: &Trail,
    action: &str,
    id: &UserId,
    outcome: &str,
    rivals: &str,
) -> Statement {
    const EVENT: &str = concat!(
        "INSERT INTO audit_events (",
        audit_columns!(),
        ") SELECT ?1, ",
        at!("?2"),
        ", 'admin', ?5, ?6, u.client_id, NULL, CASE WHEN u.id IS NULL THEN 'unknown_user' WHEN ",
        is_outdone!("?6", "SELECT value FROM json_each(?8)", "?9", "?10"),
        " THEN 'overtaken' ELSE ?7 END, ?3, ?4 \
         FROM (SELECT 1) LEFT JOIN users u ON u.id = ?6 WHERE true ",
        audit_returning_outcome!()
    );
    let [from, to] = trail.overtaking();
    trail
        .statement(EVENT)
        .text(action)
        .text(id.as_str())
        .text(outcome)
        .text(rivals)
        .text(&from)
        .text(&to)
}

/// The client of a user for whom a session is to be made; leaves its event. None: there is no such user.
pub async fn client_for_session(
    db: &Database,
    trail: &Trail,
    id: &UserId,
) -> Result<Option<ClientId>> {
    let event = event_of_user(trail, "create_session", id, "asked", "[]");
    let select = Statement::new("SELECT client_id FROM users WHERE id = ?1").text(id.as_str());
    let [_, client] = db.batch(vec![event, select]).await?.rows()?;
    let Some(client_id) = client.first_text("client_id") else {
        return Ok(None);
    };
    stored_client_id(client_id).map(Some)
}

/// A client id that the database holds.
pub(super) fn stored_client_id(text: String) -> Result<ClientId> {
    ClientId::parse(text)
        .map_err(|_| Error::internal("the client id in the database is no client id"))
}
