//! Many users and shares at once, for moving in.
//!
//! However many records a request brings, it is a fixed number of statements: the records are one JSON parameter, which
//! `json_each` takes apart. Each record has the id of its own audit event. The events are written first, for exactly
//! those records that are new; the rows, and the verdicts, follow the events.

use super::audit::{Trail, audit_columns, outcome_is};
use super::{Change, Database, Row, Statement, at, now};
use crate::domain::json::{self, Writer, quoted};
use crate::error::Result;

/// How an import treats what is there.
#[derive(Clone, Copy)]
pub struct Mode {
    /// Only tells what would become of each record.
    pub dry_run: bool,
    /// A current share that was stored before the record's goes into the history for it.
    pub replace_older: bool,
}

/// A user to take in.
pub struct UserItem<'a> {
    pub line: usize,
    pub event_id: String,
    pub id: &'a str,
    pub client_id: &'a str,
    pub hash: Option<&'a str>,
    pub created_at: Option<&'a str>,
    /// It goes among the deleted users.
    pub deleted_at: Option<&'a str>,
}

impl UserItem<'_> {
    fn to_json(&self) -> String {
        Writer::default()
            .number("line", self.line as u64)
            .text("eventId", &self.event_id)
            .text("id", self.id)
            .text("clientId", self.client_id)
            .optional("hash", self.hash)
            .optional("createdAt", self.created_at)
            .optional("deletedAt", self.deleted_at)
            .end()
    }
}

/// What the database says of one record.
pub struct Verdict {
    pub line: usize,
    pub outcome: String,
    /// When the share that is there was stored.
    pub held_at: Option<String>,
    pub held_key_id: Option<String>,
    /// The method of that share, as it was sealed: it may differ from the record's in case.
    pub held_method: Option<String>,
    /// That share, sealed, where only opening it tells whether it is the same.
    pub held: Option<String>,
}

impl Verdict {
    pub(super) fn read(row: &Row) -> Self {
        Self {
            line: usize::try_from(row.number("line")).unwrap_or_default(),
            outcome: row.text("outcome"),
            held_at: row.optional("held_at"),
            held_key_id: row.optional("held_key_id"),
            held_method: row.optional("held_method"),
            held: row.optional("held"),
        }
    }
}

/// A user that shares of an import belong to.
pub struct Owner {
    pub id: String,
    pub client_id: String,
    /// Only shares of the history are such a user's.
    pub is_deleted: bool,
}

/// The records, as the table `j`; ?5 holds them.
macro_rules! user_items {
    () => {
        "WITH j AS (SELECT value ->> 'line' AS line, value ->> 'eventId' AS event_id, value ->> 'id' AS id, \
           value ->> 'clientId' AS client_id, value ->> 'hash' AS hash, value ->> 'createdAt' AS created_at, \
           value ->> 'deletedAt' AS deleted_at FROM json_each(?5))"
    };
}
/// The verdicts on them.
macro_rules! judge_users {
    () => {
        concat!(
            user_items!(),
            ", judged AS (SELECT j.*, CASE \
               WHEN EXISTS (SELECT 1 FROM audit_events a WHERE a.id = j.event_id) THEN 'new' \
               WHEN deleted_at IS NOT NULL THEN coalesce((SELECT iif(d.client_id = j.client_id, 'same', 'id_taken') \
                 FROM deleted_users d WHERE d.id = j.id AND d.deleted_at = j.deleted_at), 'new') \
               WHEN EXISTS (SELECT 1 FROM users u WHERE u.id = j.id AND u.client_id = j.client_id \
                 AND u.client_api_key_hash IS coalesce(j.hash, u.client_api_key_hash)) THEN 'same' \
               WHEN EXISTS (SELECT 1 FROM users u WHERE u.id = j.id AND u.client_id = j.client_id) THEN 'other_key' \
               WHEN EXISTS (SELECT 1 FROM users u WHERE u.id = j.id) THEN 'id_taken' \
               WHEN EXISTS (SELECT 1 FROM users u WHERE u.client_id = j.client_id) THEN 'client_taken' \
               WHEN EXISTS (SELECT 1 FROM users u WHERE u.client_api_key_hash = j.hash) THEN 'key_taken' \
               ELSE 'new' END AS outcome FROM j) "
        )
    };
}

const USER_EVENTS: &str = concat!(
    judge_users!(),
    "INSERT INTO audit_events (",
    audit_columns!(),
    ") SELECT event_id, ",
    at!("?2"),
    ", 'admin', 'import', id, client_id, NULL, 'registered', ?3, ?4 FROM judged WHERE outcome = 'new'"
);
const USER_VERDICTS: &str = concat!(judge_users!(), "SELECT line, outcome FROM judged");
const USERS: &str = concat!(
    user_items!(),
    " INSERT INTO users (id, client_id, client_api_key_hash, created_at) \
     SELECT j.id, j.client_id, j.hash, coalesce(j.created_at, ",
    now!(),
    ") FROM j WHERE ",
    outcome_is!("j.event_id", "registered"),
    " AND j.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = j.id)"
);
const DELETED_USERS: &str = concat!(
    user_items!(),
    " INSERT INTO deleted_users (id, client_id, client_api_key_hash, created_at, deleted_at) \
     SELECT j.id, j.client_id, j.hash, coalesce(j.created_at, j.deleted_at), j.deleted_at FROM j WHERE ",
    outcome_is!("j.event_id", "registered"),
    " AND j.deleted_at IS NOT NULL"
);
const OWNERS: &str = "SELECT id, client_id, 0 AS is_deleted FROM users WHERE id IN (SELECT value FROM json_each(?1)) \
     UNION SELECT id, client_id, 1 FROM deleted_users WHERE id IN (SELECT value FROM json_each(?1))";

/// Takes users in, and finds the owners of shares, those just taken in among them.
pub async fn users(
    db: &Database,
    trail: &Trail,
    mode: Mode,
    users: &[UserItem<'_>],
    owner_ids: &[&str],
) -> Result<(Vec<Verdict>, Vec<Owner>)> {
    let items = json::array(users.iter().map(UserItem::to_json));
    let with = |sql| trail.statement(sql).text(&items);
    let owners = Statement::new(OWNERS).text(&json::array(owner_ids.iter().map(|id| quoted(id))));
    let verdicts = with(USER_VERDICTS);
    let [verdicts, owners] = if mode.dry_run {
        db.read(vec![verdicts, owners]).await?.rows()?
    } else {
        // The request's own id, too: where users are spread, it is that of their claims (`homes::registering`).
        let event_ids = users.iter().map(|user| user.event_id.as_str());
        let change = Change::of_records(event_ids.chain([trail.event_id.as_str()]))
            .then(with(USER_EVENTS))
            .read(verdicts)
            .then(with(USERS))
            .then(with(DELETED_USERS))
            .read(owners);
        db.change(change).await?.rows()?
    };
    let owners = owners
        .read()
        .iter()
        .map(|row| Owner {
            id: row.text("id"),
            client_id: row.text("client_id"),
            is_deleted: row.number("is_deleted") != 0,
        })
        .collect();
    Ok((verdicts.read().iter().map(Verdict::read).collect(), owners))
}
