//! `users`: whom the shares belong to.
//!
//! Deleting a user moves the user and all shares into the history (by triggers); only a purge erases them.

use super::audit::{
    Page, Trail, UNDER_WAY, audit_columns, audit_returning_outcome, is_first, is_under_way,
};
use super::{Database, Statement, at, now};
use crate::domain::names::{ClientId, UserId};
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};

/// A condition in SQL: this user may store nothing more for now (`migrations/0006_quota.sql` says when). Operators may: they
/// set right what was done to a user.
macro_rules! is_over_quota {
    ($id:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users_over_quota WHERE id = ",
            $id,
            ")"
        )
    };
}
pub(crate) use is_over_quota;

/// The answer where [`is_over_quota`] holds.
pub fn over_quota() -> Error {
    const HOUR_SECONDS: u32 = 3_600;
    Error::rate_limited(
        HOUR_SECONDS,
        "This user has stored as much as one user may within a day; nothing was stored. Try again after the time in Retry-After.",
    )
}

/// A user's columns under the names of the API.
macro_rules! shown {
    () => {
        "SELECT id, client_id AS clientId, created_at AS createdAt FROM users"
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
pub async fn register(
    db: &Database,
    trail: &Trail,
    id: Option<&UserId>,
    client_id: &ClientId,
    client_api_key: Option<CredentialHash>,
) -> Result<Registered> {
    const INSERT: &str = concat!(
        "INSERT INTO users (id, client_id, client_api_key_hash, created_at) SELECT ?1, ?2, ?3, ",
        now!(),
        " WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = ?1) \
           AND NOT EXISTS (SELECT 1 FROM users WHERE client_id = ?2) \
           AND NOT EXISTS (SELECT 1 FROM users WHERE client_api_key_hash = ?3) AND ",
        is_first!("?4")
    );
    const FILL_IN_KEY: &str = concat!(
        "UPDATE users SET client_api_key_hash = ?3 WHERE client_id = ?2 \
         AND id = coalesce(?1, id) AND client_api_key_hash IS NULL \
         AND NOT EXISTS (SELECT 1 FROM users WHERE client_api_key_hash = ?3) AND ",
        is_first!("?4")
    );
    const SELECT: &str = concat!(
        shown!(),
        " WHERE client_id = ?2 AND id = coalesce(?1, id) \
         AND client_api_key_hash IS coalesce(?3, client_api_key_hash)"
    );
    const EVENT: &str = concat!(
        "INSERT INTO audit_events (",
        audit_columns!(),
        ") SELECT ?1, ",
        at!("?2"),
        ", 'admin', 'register_user', coalesce(u.id, ?5), ?6, NULL, \
         CASE WHEN u.id IS NULL THEN 'conflict' WHEN u.id = ?8 AND ?9 THEN 'registered' ELSE 'unchanged' END, ?3, ?4 \
         FROM (SELECT 1) LEFT JOIN users u ON u.client_id = ?6 AND u.id = coalesce(?5, u.id) \
           AND u.client_api_key_hash IS coalesce(?7, u.client_api_key_hash) WHERE true ",
        audit_returning_outcome!()
    );
    const EXISTS: &str = "SELECT count(*) AS n FROM users WHERE client_id = ?1";

    let given_id = id.map(UserId::as_str);
    let new_id = given_id.unwrap_or(&trail.event_id);
    let hash = client_api_key.map(CredentialHash::to_hex);
    // Whether the client was there before tells "registered" from "unchanged"; a retry keeps its first outcome.
    let [before] = db
        .batch(vec![Statement::new(EXISTS).text(client_id.as_str())])
        .await?
        .rows()?;
    let is_new = before.first().is_some_and(|row| row.number("n") == 0);
    let with = |sql, id: Option<&str>| {
        Statement::new(sql)
            .optional(id)
            .text(client_id.as_str())
            .optional(hash.as_deref())
    };
    let [_, _, user, outcome] = db
        .batch(vec![
            with(INSERT, Some(new_id)).text(&trail.event_id),
            with(FILL_IN_KEY, given_id).text(&trail.event_id),
            with(SELECT, given_id),
            trail
                .statement(EVENT)
                .optional(given_id)
                .text(client_id.as_str())
                .optional(hash.as_deref())
                .text(new_id)
                .number(u64::from(is_new)),
        ])
        .await?
        .rows()?;
    match (
        user.first_to_json(),
        outcome.first_text("outcome").as_deref(),
    ) {
        (Some(user), Some("registered")) => Ok(Registered::Created(user)),
        (Some(user), _) => Ok(Registered::Same(user)),
        (None, _) => Err(Error::new(
            Code::Conflict,
            "The id, clientId or clientApiKey is registered already, with another of the three.",
        )),
    }
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

/// The event of what an operator does to one user; `unknown_user` where there is none. ?5 is the action, ?6 the user, ?7
/// the outcome.
pub(super) const EVENT_IF_USER: &str = concat!(
    "INSERT INTO audit_events (",
    audit_columns!(),
    ") SELECT ?1, ",
    at!("?2"),
    ", 'admin', ?5, ?6, u.client_id, NULL, CASE WHEN u.id IS NULL THEN 'unknown_user' ELSE ?7 END, ?3, ?4 \
     FROM (SELECT 1) LEFT JOIN users u ON u.id = ?6 WHERE true ",
    audit_returning_outcome!()
);

/// The client of a user for whom a session is to be made; leaves its event. None: there is no such user.
pub async fn client_for_session(
    db: &Database,
    trail: &Trail,
    id: &UserId,
) -> Result<Option<ClientId>> {
    let event = trail
        .statement(EVENT_IF_USER)
        .text("create_session")
        .text(id.as_str())
        .text("asked");
    let select = Statement::new("SELECT client_id FROM users WHERE id = ?1").text(id.as_str());
    let [_, client] = db.batch(vec![event, select]).await?.rows()?;
    let Some(client_id) = client.first_text("client_id") else {
        return Ok(None);
    };
    ClientId::parse(client_id)
        .map(Some)
        .map_err(|_| Error::internal("the client id in the database is no client id"))
}

/// Deletes a user; it and its shares stay in the history. False: there is none.
pub async fn delete(db: &Database, trail: &Trail, id: &UserId) -> Result<bool> {
    const DELETE: &str = concat!("DELETE FROM users WHERE id = ?1 AND ", is_under_way!("?2"));
    let event = trail
        .statement(EVENT_IF_USER)
        .text("delete_user")
        .text(id.as_str())
        .text(UNDER_WAY);
    let delete = Statement::new(DELETE)
        .text(id.as_str())
        .text(&trail.event_id);
    let [_, _, outcome] = db
        .batch(vec![event, delete, trail.finish("deleted")])
        .await?
        .rows()?;
    Ok(outcome.first_text("outcome").as_deref() == Some("deleted"))
}

/// Erases a user, its shares and its history for good, deleted before or not. False: there is no such user with that
/// client id.
pub async fn purge(
    db: &Database,
    trail: &Trail,
    id: &UserId,
    client_id: &ClientId,
) -> Result<bool> {
    const EVENT: &str = concat!(
        "INSERT INTO audit_events (",
        audit_columns!(),
        ") SELECT ?1, ",
        at!("?2"),
        ", 'admin', 'purge_user', ?5, ?6, NULL, \
         CASE WHEN EXISTS (SELECT 1 FROM users WHERE id = ?5 AND client_id = ?6) \
           OR EXISTS (SELECT 1 FROM deleted_users WHERE id = ?5 AND client_id = ?6) \
           OR EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = ?5 AND client_id = ?6) \
           THEN 'under way' WHEN EXISTS (SELECT 1 FROM users WHERE id = ?5) THEN 'conflict' ELSE 'unknown_user' END, ?3, ?4 \
         WHERE true ",
        audit_returning_outcome!()
    );
    // The triggers move what is current into the history, which goes next.
    const USER: &str = concat!(
        "DELETE FROM users WHERE id = ?1 AND client_id = ?2 AND ",
        is_under_way!("?3")
    );
    const HISTORY: &str = concat!(
        "DELETE FROM backup_share_versions WHERE user_id = ?1 AND client_id = ?2 AND ",
        is_under_way!("?3")
    );
    const DELETED: &str = concat!(
        "DELETE FROM deleted_users WHERE id = ?1 AND client_id = ?2 AND ",
        is_under_way!("?3")
    );
    let once = |sql| {
        Statement::new(sql)
            .text(id.as_str())
            .text(client_id.as_str())
            .text(&trail.event_id)
    };
    let [_, _, _, _, outcome] = db
        .batch(vec![
            trail
                .statement(EVENT)
                .text(id.as_str())
                .text(client_id.as_str()),
            once(USER),
            once(HISTORY),
            once(DELETED),
            trail.finish("purged"),
        ])
        .await?
        .rows()?;
    Ok(outcome.first_text("outcome").as_deref() == Some("purged"))
}
