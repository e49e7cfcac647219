//! `custodian_backup_shares`: what Portal's webhook stores and fetches.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use super::audit::{Trail, audit_columns, is_overtaken, outcome_is};
use super::canaries::{self, is_wrong_key};
use super::changes::Whose;
use super::mates::{is_of_backup, mates_of_current, may_be_mate};
use super::quota::is_over_quota;
use super::{Change, Database, Rows, Statement, at, is_known_as_older, now, store_time};
use crate::config::UnknownClients;
use crate::domain::body::CustodianBackup;
use crate::domain::names::{BackupMethod, ClientId};
use crate::domain::recovery::{Entry, FetchSuperseded};
use crate::error::{Error, Result};
use crate::vault::Sealed;

/// Comes first, and decides: the other statements follow it.
const STORE_EVENT: &str = concat!(
    "INSERT INTO audit_events (",
    audit_columns!(),
    ") SELECT ?1, ",
    at!("?2"),
    ", 'portal', 'store_custodian_share', u.id, ?5, ?6, CASE WHEN u.id IS NULL \
     THEN iif(?13 AND NOT EXISTS (SELECT 1 FROM users WHERE id = ?5), 'too_many_clients', 'unknown_client') WHEN ",
    is_wrong_key!("?7", "?8"),
    " THEN 'wrong_key' WHEN c.share_digest = ?9 AND c.backup_share_pair_id IS coalesce(?10, c.backup_share_pair_id) \
     THEN 'unchanged' WHEN c.share_digest IS NOT ?9 AND ",
    is_known_as_older!("custodian", "u.id", "u.client_id", "?6", "?9", "c"),
    " THEN 'unchanged' WHEN ",
    is_over_quota!("u.id", "custodian", "c", "?9"),
    " THEN 'over_quota' WHEN ",
    is_overtaken!("c", "?11", "?12"),
    " THEN 'overtaken' ELSE 'stored' END, ?3, ?4 FROM (SELECT 1) LEFT JOIN users u ON u.client_id = ?5 \
     LEFT JOIN custodian_backup_shares c ON c.user_id = u.id AND c.method = ?6 RETURNING outcome"
);

const STORE: &str = concat!(
    "INSERT INTO custodian_backup_shares (id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, \
     created_at, updated_at, sealed_share) \
     SELECT ?1, u.id, ?3, ?4, ?5, ?6, ",
    now!(),
    ", ",
    store_time!("custodian"),
    ", ?7 FROM users u WHERE u.client_id = ?2 AND ",
    outcome_is!("?1", "stored"),
    " ON CONFLICT DO UPDATE SET id = iif(share_digest IS ?6, id, ?1), backup_method = ?3, backup_share_pair_id = ?4, key_id = ?5, \
     share_digest = ?6, updated_at = iif(share_digest IS ?6, updated_at, excluded.updated_at), sealed_share = ?7"
);

/// What was of no use in the request stands in its event.
const NOTE_LEFT_OUT: &str = "UPDATE audit_events SET reason = ?2 WHERE id = ?1";

/// A client whose id is some user's id already keeps to itself: its webhook stays unknown.
const REGISTER: &str = concat!(
    "INSERT INTO users (id, client_id, made_by_webhook, created_at) SELECT ?1, ?1, 1, ",
    now!(),
    " WHERE coalesce((SELECT users FROM webhook_registrations WHERE day = date('now')), 0) < ?2 ON CONFLICT DO NOTHING"
);
/// Comes right behind [`REGISTER`].
const COUNT_REGISTRATION: &str =
    "INSERT INTO webhook_registrations (day, users) SELECT date('now'), 1 WHERE changes() > 0
ON CONFLICT (day) DO UPDATE SET users = users + 1";

/// Stores a custodian share: one transaction that keeps what it replaces. The very same share again changes nothing.
pub async fn store(
    db: &Database,
    trail: &Trail,
    unknown_clients: UnknownClients,
    backup: &CustodianBackup,
    sealed: &Sealed,
) -> Result<()> {
    let most_a_day = match unknown_clients {
        UnknownClients::Reject => None,
        UnknownClients::Register { most_a_day } => Some(most_a_day),
    };
    let method = &backup.backup_method;
    let pair_id = backup.backup_share_pair_id.as_ref().map(|id| id.as_str());
    let whose = Whose::Client(backup.client_id.as_str());
    let first = trail.event_id.as_str();
    canaries::store(db, trail, sealed, &whose, |trail| {
        let [from, to] = trail.later();
        let event = trail
            .statement(STORE_EVENT)
            .text(backup.client_id.as_str())
            .text(method.as_str())
            .text(&sealed.key_id)
            .js(&sealed.key_check)
            .js(&sealed.digest)
            .optional(pair_id)
            .text(&from)
            .text(&to)
            .number(most_a_day.is_some().into());
        let store = Statement::new(STORE)
            .text(&trail.event_id)
            .text(backup.client_id.as_str())
            .text(method.as_str())
            .optional(pair_id)
            .sealed(sealed);
        let mut change = Change::new(&trail.event_id);
        // Who begins anew was registered, or has no claim for it any more (`homes::registering`).
        if let Some(most_a_day) = most_a_day.filter(|_| trail.event_id == first) {
            let register = Statement::new(REGISTER).text(backup.client_id.as_str());
            change = change
                .then(register.number(most_a_day.into()))
                .then(Statement::new(COUNT_REGISTRATION));
        }
        change = change.event(event).then(store);
        if backup.left_out.is_empty() {
            return change;
        }
        let note = Statement::new(NOTE_LEFT_OUT)
            .text(&trail.event_id)
            .text(&format!("left out: {}", backup.left_out.join(", ")));
        change.then(note)
    })
    .await
    .map(drop)
}

#[wasm_bindgen]
extern "C" {
    /// A row of a fetch: a current or superseded custodian share, or a user share's entry without its share.
    type Row;
    #[wasm_bindgen(method, getter)]
    fn part(this: &Row) -> u32;
    #[wasm_bindgen(method, getter)]
    fn backup_method(this: &Row) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn backup_share_pair_id(this: &Row) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn stored_at(this: &Row) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn key_id(this: &Row) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn sealed_share(this: &Row) -> JsString;
}

/// A sealed custodian share, as it is stored.
pub struct SealedShare {
    pub key_id: String,
    pub envelope: JsString,
}

/// All that a recovery of one client may need.
#[derive(Default)]
pub struct Fetched {
    pub current: Vec<Entry>,
    pub current_shares: Vec<SealedShare>,
    pub user: Vec<Entry>,
    pub superseded: Vec<Entry>,
    pub superseded_shares: Vec<SealedShare>,
}

const PART_CURRENT: u32 = 1;
const PART_USER: u32 = 2;

macro_rules! fetch_current {
    () => {
        "SELECT 1 AS part, c.backup_method, c.backup_share_pair_id, c.updated_at AS stored_at, c.key_id, c.sealed_share \
           FROM custodian_backup_shares c WHERE c.user_id = (SELECT id FROM users WHERE client_id = ?1)"
    };
}
macro_rules! fetch_user_entries {
    () => {
        " UNION ALL SELECT 2, s.backup_method, s.backup_share_pair_id, s.updated_at, NULL, NULL \
           FROM user_backup_shares s WHERE s.user_id = (SELECT id FROM users WHERE client_id = ?1)"
    };
}
const FETCH_NEVER: &str = concat!(fetch_current!(), fetch_user_entries!());
/// With the versions that may be mates of a user share: none as long as all backups are complete.
const FETCH_HALF_FINISHED: &str = concat!(
    fetch_current!(),
    fetch_user_entries!(),
    " UNION ALL ",
    mates_of_current!(
        "3, v.backup_method, v.backup_share_pair_id, v.stored_at, v.key_id, v.sealed_share"
    )
);
const FETCH_ALWAYS: &str = concat!(
    fetch_current!(),
    fetch_user_entries!(),
    " UNION ALL SELECT * FROM (SELECT 3, v.backup_method, v.backup_share_pair_id, v.stored_at, v.key_id, v.sealed_share \
         FROM backup_share_versions v WHERE v.user_id = (SELECT id FROM users WHERE client_id = ?1) \
           AND v.kind = 'custodian' AND v.client_id = ?1 ORDER BY v.superseded_at DESC LIMIT 500) UNION ",
    mates_of_current!(
        "3, v.backup_method, v.backup_share_pair_id, v.stored_at, v.key_id, v.sealed_share"
    )
);

const FETCH_EVENT: &str = concat!(
    "INSERT INTO audit_events (",
    audit_columns!(),
    ") SELECT ?1, ",
    at!("?2"),
    ", 'portal', 'fetch_custodian_shares', u.id, ?5, NULL, \
     CASE WHEN u.id IS NULL THEN 'unknown_client' ELSE 'fetched' END, ?3, ?4 \
     FROM (SELECT 1) LEFT JOIN users u ON u.client_id = ?5 RETURNING outcome"
);

/// The statement that reads all that a recovery of the client may need; [`read`] reads its rows.
pub fn fetch_statement(policy: FetchSuperseded, client_id: &str) -> Statement {
    Statement::new(match policy {
        FetchSuperseded::Never => FETCH_NEVER,
        FetchSuperseded::HalfFinished => FETCH_HALF_FINISHED,
        FetchSuperseded::Always => FETCH_ALWAYS,
    })
    .text(client_id)
}

/// All shares of a client, for Portal.
pub async fn fetch(
    db: &Database,
    trail: &Trail,
    policy: FetchSuperseded,
    client_id: &ClientId,
) -> Result<Fetched> {
    let client_id = client_id.as_str();
    let shares = fetch_statement(policy, client_id);
    let event = trail.statement(FETCH_EVENT).text(client_id);
    read(&db.recover(trail, client_id, shares, event).await?)
}

/// Reads the rows of [`fetch_statement`].
pub fn read(rows: &Rows) -> Result<Fetched> {
    let mut fetched = Fetched::default();
    for row in rows.typed::<Row>() {
        let part = row.part();
        let entry = Entry {
            backup_method: BackupMethod::parse(row.backup_method().unwrap_or_default()).map_err(
                |invalid| Error::internal(format!("a stored method must {}", invalid.0)),
            )?,
            backup_share_pair_id: row.backup_share_pair_id(),
            stored_at: row.stored_at().unwrap_or_default(),
        };
        if part == PART_USER {
            fetched.user.push(entry);
            continue;
        }
        let share = SealedShare {
            key_id: row.key_id().unwrap_or_default(),
            envelope: row.sealed_share(),
        };
        if part == PART_CURRENT {
            fetched.current.push(entry);
            fetched.current_shares.push(share);
        } else {
            fetched.superseded.push(entry);
            fetched.superseded_shares.push(share);
        }
    }
    Ok(fetched)
}
