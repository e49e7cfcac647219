//! `user_backup_shares`: the cipher texts that apps store and fetch.
//!
//! The app's credential is checked by the same batch that carries out the request. Each statement depends on it by
//! itself, so that a refused credential changes and reads nothing.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use super::audit::{Trail, audit_columns, is_overtaken, outcome_is};
use super::canaries::{self, is_wrong_key};
use super::changes::Whose;
use super::credential::{for_credential, refused_cases};
use super::mates::is_of_backup;
use super::outcome::Stored;
use super::quota::is_over_quota;
use super::{Change, Database, Statement, at, is_known_as_older, now, store_time};
use crate::auth::client::Credential;
use crate::domain::body::UserBackup;
use crate::domain::names::{BackupMethod, UserId};
use crate::error::Result;
use crate::vault::Sealed;

/// A condition in SQL: the cipher text of the digest ?10 takes the place of `s` though no custodian share of that backup has
/// come since. But it may be the other half of an earlier custodian share, of another pair: two devices at the same time.
macro_rules! is_replaced_alone {
    () => {
        concat!(
            "s.share_digest IS NOT ?10 AND s.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM custodian_backup_shares c \
             WHERE c.user_id = ?5 AND c.updated_at > s.updated_at AND ",
            is_of_backup!("c.method"),
            ") AND (?11 IS NULL OR ?11 IS s.backup_share_pair_id OR NOT (\
               EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = ?5 AND c.backup_share_pair_id = ?11) \
               OR EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = ?5 AND v.kind = 'custodian' \
                 AND v.backup_share_pair_id = ?11 AND v.client_id = p.client_id)))"
        )
    };
}
/// Comes first, and decides: the other statements follow it.
macro_rules! store_event_sql {
    ($column:tt) => {
        concat!(
            "INSERT INTO audit_events (",
            audit_columns!(),
            ") SELECT ?1, ",
            at!("?2"),
            ", 'client', 'store_user_share', ?5, p.client_id, ?6, ",
            refused_cases!($column, "?7"),
            "WHEN ",
            is_wrong_key!("?8", "?9"),
            " THEN 'wrong_key' WHEN s.share_digest = ?10 AND s.backup_share_pair_id IS coalesce(?11, s.backup_share_pair_id) \
             THEN 'unchanged' WHEN s.share_digest IS NOT ?10 AND ",
            is_known_as_older!("user", "?5", "p.client_id", "?6", "?10", "s"),
            " THEN 'unchanged' WHEN ",
            is_over_quota!("?5", "user", "s", "?10"),
            // The other half of a backup whose custodian share was taken is always taken.
            " AND NOT EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = ?5 AND c.updated_at > s.updated_at AND ",
            is_of_backup!("c.method"),
            ") THEN 'over_quota' WHEN ",
            is_overtaken!("s", "?12", "?13"),
            " THEN 'overtaken' WHEN ",
            is_replaced_alone!(),
            " THEN 'replaced_alone' WHEN EXISTS (SELECT 1 FROM user_backup_shares o \
             WHERE o.user_id = ?5 AND o.text_digest = ?14 AND o.method <> ?6) THEN 'same_text' ELSE 'stored' END, ?3, ?4 FROM (SELECT 1) LEFT JOIN users p ON p.",
            $column,
            " = ?7 LEFT JOIN user_backup_shares s ON s.user_id = ?5 AND s.method = ?6 RETURNING outcome"
        )
    };
}
const STORE: &str = concat!(
    "INSERT INTO user_backup_shares (id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, \
     created_at, updated_at, sealed_share, text_digest) \
     SELECT ?1, u.id, ?3, ?4, ?5, ?6, ",
    now!(),
    ", ",
    store_time!("user"),
    ", ?7, ?8 FROM users u WHERE u.id = ?2 AND ",
    "(",
    outcome_is!("?1", "stored"),
    " OR ",
    outcome_is!("?1", "replaced_alone"),
    " OR ",
    outcome_is!("?1", "same_text"),
    ") ON CONFLICT DO UPDATE SET replaced_alone_at = CASE WHEN ",
    outcome_is!("?1", "replaced_alone"),
    " THEN coalesce(replaced_alone_at, excluded.updated_at) WHEN share_digest IS ?6 THEN replaced_alone_at END, id = iif(share_digest IS ?6, id, ?1), backup_method = ?3, backup_share_pair_id = ?4, key_id = ?5, \
     share_digest = ?6, updated_at = iif(share_digest IS ?6, updated_at, excluded.updated_at), sealed_share = ?7, text_digest = ?8"
);

/// Stores a user's cipher text: one transaction that checks the credential and keeps what it replaces. Says whether it
/// replaced another one alone.
pub async fn store(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    user_id: &UserId,
    backup: &UserBackup,
    sealed: &Sealed,
) -> Result<Stored> {
    let method = backup.backup_method.as_str();
    let pair_id = backup.backup_share_pair_id.as_ref().map(|id| id.as_str());
    let whose = Whose::User(user_id.as_str());
    canaries::store(db, trail, sealed, &whose, |trail| {
        let [from, to] = trail.later();
        let event = trail
            .statement(for_credential!(credential, store_event_sql))
            .text(user_id.as_str())
            .text(method)
            .text(credential.as_sql())
            .text(&sealed.key_id)
            .js(&sealed.key_check)
            .js(&sealed.digest)
            .optional(pair_id)
            .text(&from)
            .text(&to)
            .js(&sealed.text_digest);
        let store = Statement::new(STORE)
            .text(&trail.event_id)
            .text(user_id.as_str())
            .text(method)
            .optional(pair_id)
            .sealed(sealed)
            .js(&sealed.text_digest);
        Change::new(&trail.event_id).event(event).then(store)
    })
    .await
}

#[wasm_bindgen]
extern "C" {
    type Row;
    #[wasm_bindgen(method, getter)]
    fn backup_method(this: &Row) -> String;
    #[wasm_bindgen(method, getter)]
    fn key_id(this: &Row) -> String;
    #[wasm_bindgen(method, getter)]
    fn sealed_share(this: &Row) -> JsString;
}

/// A sealed cipher text, and the method that it is stored under: that of the request, or `UNKNOWN`.
pub struct SealedUserShare {
    pub backup_method: String,
    pub key_id: String,
    pub envelope: JsString,
}

/// The share under the method, else the one under UNKNOWN (older than multi-backup): the second SELECT runs only
/// where the first gave nothing.
macro_rules! fetch_sql {
    ($column:tt) => {
        concat!(
            "SELECT s.backup_method, s.key_id, s.sealed_share FROM users u JOIN user_backup_shares s \
               ON s.user_id = u.id AND s.method = ?3 WHERE u.id = ?1 AND u.",
            $column,
            " = ?2 \
             UNION ALL SELECT s.backup_method, s.key_id, s.sealed_share FROM users u JOIN user_backup_shares s \
               ON s.user_id = u.id AND s.method = 'UNKNOWN' WHERE u.id = ?1 AND u.",
            $column,
            " = ?2 LIMIT 1"
        )
    };
}
macro_rules! fetch_event_sql {
    ($column:tt) => {
        concat!(
            "INSERT INTO audit_events (",
            audit_columns!(),
            ") SELECT ?1, ",
            at!("?2"),
            ", 'client', 'fetch_user_share', ?5, p.client_id, ?6, ",
            refused_cases!($column, "?7"),
            "WHEN EXISTS (SELECT 1 FROM user_backup_shares s \
               WHERE s.user_id = ?5 AND s.method IN (?6, 'UNKNOWN')) THEN 'fetched' \
             ELSE 'not_found' END, ?3, ?4 \
             FROM (SELECT 1) LEFT JOIN users p ON p.",
            $column,
            " = ?7 WHERE true RETURNING outcome"
        )
    };
}

/// The share of a pair: the current one, else the newest in the history.
macro_rules! fetch_pair_sql {
    ($column:tt) => {
        concat!(
            "SELECT backup_method, key_id, sealed_share FROM ( \
               SELECT s.backup_method, s.key_id, s.sealed_share, '~' AS superseded_at \
               FROM users u JOIN user_backup_shares s ON s.user_id = u.id \
               WHERE u.id = ?1 AND u.",
            $column,
            " = ?2 AND s.backup_share_pair_id = ?4 AND s.method = coalesce(?3, s.method) \
             UNION ALL SELECT * FROM (SELECT v.backup_method, v.key_id, v.sealed_share, v.superseded_at \
               FROM users u JOIN backup_share_versions v ON v.user_id = u.id AND v.kind = 'user' \
               WHERE u.id = ?1 AND u.",
            $column,
            " = ?2 AND v.client_id = u.client_id AND v.backup_share_pair_id = ?4 \
               AND v.method = coalesce(?3, v.method) ORDER BY v.superseded_at DESC LIMIT 1) \
             ) ORDER BY superseded_at DESC LIMIT 1"
        )
    };
}
macro_rules! fetch_pair_event_sql {
    ($column:tt) => {
        concat!(
            "INSERT INTO audit_events (",
            audit_columns!(),
            ") SELECT ?1, ",
            at!("?2"),
            ", 'client', 'fetch_user_share', ?5, p.client_id, ?6, ",
            refused_cases!($column, "?7"),
            "WHEN EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.user_id = ?5 AND s.backup_share_pair_id = ?8 \
                 AND s.method = coalesce(?6, s.method)) \
               OR EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = ?5 AND v.kind = 'user' \
                 AND v.client_id = p.client_id AND v.backup_share_pair_id = ?8 \
                 AND v.method = coalesce(?6, v.method)) THEN 'fetched' \
             ELSE 'not_found' END, ?3, ?4 \
             FROM (SELECT 1) LEFT JOIN users p ON p.",
            $column,
            " = ?7 WHERE true RETURNING outcome"
        )
    };
}

/// Which of a user's shares is wanted.
pub enum Wanted<'a> {
    /// The current one under the method, else the one under `UNKNOWN`.
    Method(&'a BackupMethod),
    /// The one of a pair, under a method if one is given.
    Pair {
        id: &'a str,
        method: Option<&'a BackupMethod>,
    },
}

/// Fetches a user's cipher text. None: there is none.
pub async fn fetch(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    user_id: &UserId,
    wanted: &Wanted<'_>,
) -> Result<Option<SealedUserShare>> {
    let by = credential.as_sql();
    let user = user_id.as_str();
    let (share, event) = match wanted {
        Wanted::Method(method) => {
            let method = method.as_str();
            (
                Statement::new(for_credential!(credential, fetch_sql))
                    .text(user)
                    .text(by)
                    .text(method),
                trail
                    .statement(for_credential!(credential, fetch_event_sql))
                    .text(user)
                    .text(method)
                    .text(by),
            )
        }
        Wanted::Pair { id, method } => {
            let method = method.map(BackupMethod::as_str);
            (
                Statement::new(for_credential!(credential, fetch_pair_sql))
                    .text(user)
                    .text(by)
                    .optional(method)
                    .text(id),
                trail
                    .statement(for_credential!(credential, fetch_pair_event_sql))
                    .text(user)
                    .optional(method)
                    .text(by)
                    .text(id),
            )
        }
    };
    let rows = db.recover(trail, user, share, event).await?;
    Ok(rows.typed::<Row>().next().map(|row| SealedUserShare {
        backup_method: row.backup_method(),
        key_id: row.key_id(),
        envelope: row.sealed_share(),
    }))
}
