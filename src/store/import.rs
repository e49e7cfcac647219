//! Many users and shares at once, for moving in.
//!
//! However many records a request brings, it is a fixed number of statements: the records are one JSON parameter, which
//! `json_each` takes apart. Each record has the id of its own audit event. The events are written first, for exactly
//! those records that are new; the rows, and the verdicts, follow the events.

use js_sys::JsString;

use super::audit::Trail;
use super::canaries::Held;
use super::sql::sql;
use super::{Change, Database, Row, Statement};
use crate::domain::json::{self, Writer};
use crate::error::Result;

/// How an import treats what is there.
#[derive(Clone, Copy)]
pub struct Mode {
    /// Only tells what would become of each record.
    pub dry_run: bool,
    /// A current share that was stored before the record's goes into the history for it.
    pub replace_older: bool,
    /// `FOUR_EYES`: no user gets an API key in this way that would open cipher texts which are there already.
    pub keys_need_approval: bool,
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
    /// A webhook made it, not an operator.
    pub made_by_webhook: bool,
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
            .number("madeByWebhook", self.made_by_webhook.into())
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
    /// That share, sealed, where opening it tells whether it is the same, or whether the same one opens.
    pub held: Option<JsString>,
}

impl Verdict {
    pub(super) fn read(row: &Row) -> Self {
        Self {
            line: usize::try_from(row.number("line")).unwrap_or_default(),
            outcome: row.text("outcome"),
            held_at: row.optional("held_at"),
            held_key_id: row.optional("held_key_id"),
            held_method: row.optional("held_method"),
            held: row.has("sealed_share").then(|| row.sealed_share()),
        }
    }

    pub fn held<'a>(&'a self, user_id: &'a str) -> Option<Held<'a>> {
        Some(Held {
            user_id,
            backup_method: self.held_method.as_deref()?,
            key_id: self.held_key_id.as_deref()?,
            envelope: self.held.as_ref()?,
        })
    }
}

/// A user that shares of an import belong to.
pub struct Owner {
    pub id: String,
    pub client_id: String,
    /// Only shares of the history are such a user's.
    pub is_deleted: bool,
}

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
    let owners =
        Statement::new(sql!("import_owners")).text(&json::texts(owner_ids.iter().copied()));
    let judged = |sql| with(sql).number(mode.keys_need_approval.into());
    let verdicts = judged(sql!("import_user_verdicts"));
    let [verdicts, owners] = if mode.dry_run {
        db.read(vec![verdicts, owners]).await?.rows()?
    } else {
        // The request's own id, too: where users are spread, it is that of their claims (`homes::registering`).
        let event_ids = users.iter().map(|user| user.event_id.as_str());
        let change = Change::of_records(event_ids.chain([trail.event_id.as_str()]))
            .then(Statement::new(sql!("import_stops")).text(&items))
            .then(judged(sql!("import_user_events")))
            .read(verdicts)
            .then(with(sql!("import_users")))
            .then(with(sql!("import_deleted_users")))
            .then(with(sql!("import_registered_again")))
            .read(owners);
        db.change(change).await?.rows()?
    };
    let owners = owners.each(|row| Owner {
        id: row.text("id"),
        client_id: row.text("client_id"),
        is_deleted: row.flag("is_deleted"),
    });
    Ok((verdicts.each(Verdict::read), owners))
}
