//! Everything that is stored, page by page, for a copy elsewhere. Shares stay sealed.
//!
//! Records come in the order of users: each user, its current shares, its history. A page is one statement, so it is of
//! one instant. Between pages things may change; the order sees to it that a share that is replaced meanwhile is met
//! at least once: as the current one, or later as history. Shares of deleted users are left out.

use super::audit::{Actor, Event, Trail};
use super::{Change, Database, Rows, Statement};
use crate::domain::json;
use crate::error::Result;

/// Where a page ended: the last record's place in the order.
#[derive(Default)]
pub struct Place {
    user_id: String,
    /// 0 the user, 1 custodian shares, 2 user shares, 3 and 4 their histories.
    part: u64,
    /// A current share's method, a version's time.
    key: String,
    row: u64,
}

impl Place {
    /// Of the array that the page's statement makes of it.
    pub fn parse(array: &str) -> Option<Self> {
        let [user_id, part, key, row] = json::elements(array)?.try_into().ok()?;
        Some(Self {
            user_id: json::text(user_id)?,
            part: part.parse().ok()?,
            key: json::text(key)?,
            row: row.parse().ok()?,
        })
    }
}

/// A page ends with the record that takes it over this many characters of sealed text …
const PAGE_BYTES: u64 = 1024 * 1024;
/// … or with this many records.
const PAGE_ROWS: u64 = 400;
/// What a record counts besides its sealed text.
const RECORD_BYTES: u64 = 300;

/// Sorts behind every name and time.
const LAST: &str = "\u{10ffff}";

/// The places of the next records come from the indexes alone, merged; only those that fit are then read.
const PAGE: &str = "WITH places AS ( \
       SELECT id AS user_id, 0 AS part, '' AS key, rowid AS row, 0 AS size FROM users WHERE id > ?1 \
       UNION ALL SELECT user_id, 1, backup_method, rowid, octet_length(sealed_share) FROM custodian_backup_shares \
         WHERE (user_id, backup_method) > (?1, ?2) \
       UNION ALL SELECT user_id, 2, backup_method, rowid, octet_length(sealed_share) FROM user_backup_shares \
         WHERE (user_id, backup_method) > (?1, ?3) \
       UNION ALL SELECT user_id, 3, superseded_at, rowid, octet_length(sealed_share) FROM backup_share_versions \
         WHERE kind = 'custodian' AND (user_id, superseded_at, rowid) > (?1, ?4, ?5) \
       UNION ALL SELECT user_id, 4, superseded_at, rowid, octet_length(sealed_share) FROM backup_share_versions \
         WHERE kind = 'user' AND (user_id, superseded_at, rowid) > (?1, ?6, ?7) \
       ORDER BY 1, 2, 3, 4 LIMIT ?8 \
     ), page AS ( \
       SELECT *, sum(size + ?10) OVER (ORDER BY user_id, part, key, row) - size - ?10 AS bytes_before FROM places \
     ) SELECT json_array(p.user_id, p.part, p.key, p.row) AS place, CASE \
       WHEN u.id IS NULL OR v.client_id <> u.client_id THEN NULL \
       WHEN p.part = 0 THEN json_object('type', 'user', 'id', u.id, 'clientId', u.client_id, \
         'clientApiKeyHash', u.client_api_key_hash, 'createdAt', u.created_at) \
       WHEN p.part = 1 THEN json_object('type', 'custodianBackupShare', 'id', c.id, 'userId', u.id, \
         'clientId', u.client_id, 'backupMethod', c.backup_method, 'backupSharePairId', c.backup_share_pair_id, \
         'createdAt', c.created_at, 'storedAt', c.updated_at, 'keyId', c.key_id, 'sealedShare', c.sealed_share) \
       WHEN p.part = 2 THEN json_object('type', 'userBackupShare', 'id', s.id, 'userId', u.id, \
         'clientId', u.client_id, 'backupMethod', s.backup_method, 'backupSharePairId', s.backup_share_pair_id, \
         'createdAt', s.created_at, 'storedAt', s.updated_at, 'keyId', s.key_id, 'sealedShare', s.sealed_share) \
       ELSE json_object('type', v.kind || 'BackupShare', 'id', v.id, 'userId', u.id, \
         'clientId', u.client_id, 'backupMethod', v.backup_method, 'backupSharePairId', v.backup_share_pair_id, \
         'createdAt', v.created_at, 'storedAt', v.stored_at, 'supersededAt', max(v.superseded_at, v.stored_at), 'reason', v.reason, \
         'keyId', v.key_id, 'sealedShare', v.sealed_share) END AS record \
     FROM page p LEFT JOIN users u ON u.id = p.user_id \
       LEFT JOIN custodian_backup_shares c ON p.part = 1 AND c.rowid = p.row \
       LEFT JOIN user_backup_shares s ON p.part = 2 AND s.rowid = p.row \
       LEFT JOIN backup_share_versions v ON p.part > 2 AND v.rowid = p.row \
     WHERE p.bytes_before < ?9 ORDER BY p.user_id, p.part, p.key, p.row";

/// The records behind a place as JSON, each with its own place, and an audit event of their leaving. What is of a deleted
/// user has a place only.
pub async fn page(db: &Database, trail: &Trail, after: &Place) -> Result<Rows> {
    // Of a part before the place's own nothing of this user is left, of one behind it everything.
    let key = |part: u64| match part.cmp(&after.part) {
        std::cmp::Ordering::Less => LAST,
        std::cmp::Ordering::Equal => after.key.as_str(),
        std::cmp::Ordering::Greater => "",
    };
    let row = |part: u64| if part == after.part { after.row } else { 0 };
    let page = Statement::new(PAGE)
        .text(&after.user_id)
        .text(key(1))
        .text(key(2))
        .text(key(3))
        .number(row(3))
        .text(key(4))
        .number(row(4))
        .number(PAGE_ROWS)
        .number(PAGE_BYTES)
        .number(RECORD_BYTES);
    let event = trail.event(&Event {
        actor: Actor::Admin,
        action: "export",
        user_id: None,
        client_id: None,
        backup_method: None,
        outcome: "exported",
    });
    let change = Change::new(&trail.event_id).event(event).read(page);
    let [rows] = db.change(change).await?.rows()?;
    Ok(rows)
}
