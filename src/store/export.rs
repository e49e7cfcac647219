//! Everything that is stored, page by page, for a copy elsewhere. Shares stay sealed.
//!
//! Records come in the order of users: each user, its current shares, its history. A page is one statement, so it is of
//! one instant. Between pages things may change; the order sees to it that a share that is replaced meanwhile is met
//! at least once: as the current one, or later as history. Shares of deleted users are left out.

use serde::{Deserialize, Serialize};

use super::audit::{Actor, Event, Trail};
use super::{Database, Row, Statement};
use crate::error::Result;

/// Where a page ended: the last record's place in the order.
#[derive(Default, Serialize, Deserialize)]
pub struct Cursor {
    user_id: String,
    /// 0 the user, 1 custodian shares, 2 user shares, 3 and 4 their histories.
    part: u64,
    /// A current share's method, a version's time.
    key: String,
    row: u64,
}

/// A record, with what its place is made of; a share still sealed.
pub struct Record {
    pub part: u64,
    pub user_id: String,
    key: String,
    row: u64,
    /// The record is of a user who was deleted.
    pub deleted: bool,
    pub client_id: Option<String>,
    pub client_api_key_hash: Option<String>,
    pub user_created_at: Option<String>,
    pub id: Option<String>,
    pub backup_method: Option<String>,
    pub backup_share_pair_id: Option<String>,
    pub created_at: Option<String>,
    pub stored_at: Option<String>,
    pub superseded_at: Option<String>,
    pub reason: Option<String>,
    pub key_id: Option<String>,
    pub sealed_share: Option<String>,
}

impl Record {
    fn read(row: &Row) -> Self {
        Self {
            part: row.number("part"),
            user_id: row.text("user_id"),
            key: row.text("key"),
            row: row.number("row"),
            deleted: row.number("deleted") != 0,
            client_id: row.optional("client_id"),
            client_api_key_hash: row.optional("client_api_key_hash"),
            user_created_at: row.optional("user_created_at"),
            id: row.optional("id"),
            backup_method: row.optional("backup_method"),
            backup_share_pair_id: row.optional("backup_share_pair_id"),
            created_at: row.optional("created_at"),
            stored_at: row.optional("stored_at"),
            superseded_at: row.optional("superseded_at"),
            reason: row.optional("reason"),
            key_id: row.optional("key_id"),
            sealed_share: row.optional("sealed_share"),
        }
    }

    pub fn cursor(&self) -> Cursor {
        Cursor {
            user_id: self.user_id.clone(),
            part: self.part,
            key: self.key.clone(),
            row: self.row,
        }
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
     ) SELECT p.part, p.user_id, p.key, p.row, \
       u.id IS NULL OR coalesce(v.client_id <> u.client_id, 0) AS deleted, u.client_id, u.client_api_key_hash, u.created_at AS user_created_at, \
       coalesce(c.id, s.id, v.id) AS id, coalesce(c.backup_method, s.backup_method, v.backup_method) AS backup_method, \
       coalesce(c.backup_share_pair_id, s.backup_share_pair_id, v.backup_share_pair_id) AS backup_share_pair_id, \
       coalesce(c.created_at, s.created_at, v.created_at) AS created_at, \
       coalesce(c.updated_at, s.updated_at, v.stored_at) AS stored_at, v.superseded_at, v.reason, \
       coalesce(c.key_id, s.key_id, v.key_id) AS key_id, \
       coalesce(c.sealed_share, s.sealed_share, v.sealed_share) AS sealed_share \
     FROM page p LEFT JOIN users u ON u.id = p.user_id \
       LEFT JOIN custodian_backup_shares c ON p.part = 1 AND c.rowid = p.row \
       LEFT JOIN user_backup_shares s ON p.part = 2 AND s.rowid = p.row \
       LEFT JOIN backup_share_versions v ON p.part > 2 AND v.rowid = p.row \
     WHERE p.bytes_before < ?9 ORDER BY 2, 1, 3, 4";

/// The records behind a place, and an audit event of their leaving.
pub async fn page(db: &Database, trail: &Trail, after: &Cursor) -> Result<Vec<Record>> {
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
    let [rows, _] = db.batch([page, event]).await?;
    Ok(rows.iter().map(|row| Record::read(&row)).collect())
}
