//! Everything that is stored, page by page, for a copy elsewhere. Shares stay sealed.
//!
//! A page is one statement, so it is of one instant; between pages anything may change. A share keeps its place in the order
//! for as long as it exists: its user, kind, method, the time it was stored at and its id stay when it is replaced, restored, or
//! deleted and restored with its user. So a share that was there when the export began, and still is, is met when its place
//! comes, in whichever table it is then. One thing moves shares to another place: a restored user takes over what a webhook
//! registered meanwhile under the client's id. Then the export goes through everything once more.

use super::audit::{Actor, Event, Trail};
use super::{Change, Database, Row, Statement, at};
use crate::domain::json::{self, quoted};
use crate::error::{Error, Result};

/// Where a page ended, and which export it is of.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Place {
    user_id: String,
    /// 0 the user, 1 its custodian shares, 2 its user shares.
    part: u64,
    /// In lower case, as methods are compared.
    method: String,
    /// When the share was stored; when the user was deleted.
    at: String,
    id: String,
    /// Which client the user was then, and when it was deleted last.
    user: String,
    /// The audit event of the export: none on the first page.
    event_id: String,
    /// When the export began, in milliseconds.
    begun_ms: u64,
    /// How often the export has gone through everything, and the request that began to.
    pass: u64,
    pass_id: String,
}

impl Place {
    /// From the JSON that [`to_json`](Self::to_json) made.
    pub fn parse(array: &str) -> Option<Self> {
        let [
            user_id,
            part,
            method,
            at,
            id,
            user,
            event_id,
            begun_ms,
            pass,
            pass_id,
        ] = json::elements(array)?.try_into().ok()?;
        Some(Self {
            user_id: json::text(user_id)?,
            part: part.parse().ok()?,
            method: json::text(method)?,
            at: json::text(at)?,
            id: json::text(id)?,
            user: json::text(user)?,
            event_id: json::text(event_id)?,
            begun_ms: begun_ms.parse().ok()?,
            pass: pass.parse().ok()?,
            pass_id: json::text(pass_id)?,
        })
    }

    pub fn to_json(&self) -> String {
        json::array([
            quoted(&self.user_id),
            self.part.to_string(),
            quoted(&self.method),
            quoted(&self.at),
            quoted(&self.id),
            quoted(&self.user),
            quoted(&self.event_id),
            self.begun_ms.to_string(),
            self.pass.to_string(),
            quoted(&self.pass_id),
        ])
    }

    fn moved_to(self, row: &Row) -> Self {
        Self {
            user_id: row.text("user_id"),
            part: row.number("part"),
            method: row.text("method"),
            at: row.text("at"),
            id: row.text("id"),
            user: row.text("user"),
            ..self
        }
    }
}

/// A page ends with the record that takes it over this many characters of sealed text …
const PAGE_BYTES: u64 = 1024 * 1024;
/// … or with this many records …
const PAGE_ROWS: u64 = 400;
/// … or with the last record of this many users.
const PAGE_USERS: u64 = 60;
/// What a record counts besides its sealed text.
const RECORD_BYTES: u64 = 300;
/// How long the pages of an export are one audit event.
const EVENT_MS: u64 = 6 * 3_600_000;
/// How often an export goes through everything at most.
const PASSES: u64 = 3;

/// A time of a share of the user `p.user_id`, as an import takes it: one that lies more than a day after the export began (of
/// an old import, or a clock that was wrong) becomes the time at which the export began, and some milliseconds that keep the
/// order of the user's times.
macro_rules! importable {
    ($time:expr) => {
        concat!(
            "CASE WHEN ",
            $time,
            " <= strftime('%Y-%m-%dT%H:%M:%fZ', ?6 / 1000.0, 'unixepoch', '+1 day') THEN ",
            $time,
            " ELSE strftime('%Y-%m-%dT%H:%M:%fZ', ?6 / 1000.0, 'unixepoch', printf('+%.3f seconds', (SELECT count(DISTINCT t) / 1000.0 FROM ( \
               SELECT updated_at AS t FROM custodian_backup_shares WHERE user_id = p.user_id \
               UNION ALL SELECT updated_at FROM user_backup_shares WHERE user_id = p.user_id \
               UNION ALL SELECT stored_at FROM backup_share_versions WHERE user_id = p.user_id \
               UNION ALL SELECT superseded_at FROM backup_share_versions WHERE user_id = p.user_id) \
             WHERE t > strftime('%Y-%m-%dT%H:%M:%fZ', ?6 / 1000.0, 'unixepoch', '+1 day') AND t <= ",
            $time,
            "))) END"
        )
    };
}

/// What a page notes of the user that it ends within: the client, and the last deletion.
macro_rules! user_then {
    ($id:literal) => {
        concat!(
            "(SELECT coalesce((SELECT client_id FROM users WHERE id = ",
            $id,
            "), '') || ' ' || coalesce((SELECT max(deleted_at) FROM deleted_users WHERE id = ",
            $id,
            "), ''))"
        )
    };
}

/// The places of the next records come from the indexes alone; only those that fit are then read. A page that begins within a
/// user who was deleted or restored since gives the user again: so that the copy has the user as well as the shares.
const PAGE: &str = concat!(
    "WITH ids AS ( \
       SELECT id FROM (SELECT id FROM users WHERE id >= ?1 ORDER BY id LIMIT ?7) \
       UNION SELECT user_id FROM (SELECT DISTINCT user_id FROM backup_share_versions WHERE user_id >= ?1 ORDER BY user_id LIMIT ?7) \
       UNION SELECT id FROM (SELECT DISTINCT id FROM deleted_users WHERE id >= ?1 ORDER BY id LIMIT ?7) \
       ORDER BY 1 LIMIT ?7 \
     ), places AS ( \
       SELECT u.id AS user_id, 0 AS part, '' AS method, '' AS at, '' AS id, u.rowid AS row, 'user' AS source, 0 AS size \
         FROM ids CROSS JOIN users u ON u.id = ids.id \
       UNION ALL SELECT d.id, 0, '', d.deleted_at, d.client_id, 0, 'deleted', 0 FROM ids CROSS JOIN deleted_users d ON d.id = ids.id \
       UNION ALL SELECT c.user_id, 1, lower(c.backup_method), c.updated_at, c.id, c.rowid, 'custodian', octet_length(c.sealed_share) \
         FROM ids CROSS JOIN custodian_backup_shares c ON c.user_id = ids.id \
       UNION ALL SELECT s.user_id, 2, lower(s.backup_method), s.updated_at, s.id, s.rowid, 'text', octet_length(s.sealed_share) \
         FROM ids CROSS JOIN user_backup_shares s ON s.user_id = ids.id \
       UNION ALL SELECT v.user_id, iif(v.kind = 'custodian', 1, 2), lower(v.backup_method), v.stored_at, v.id, v.rowid, 'version', \
         octet_length(v.sealed_share) FROM ids CROSS JOIN backup_share_versions v ON v.user_id = ids.id \
     ), rest AS ( \
       SELECT * FROM places WHERE (user_id, part, method, at, id) > (?1, ?2, ?3, ?4, ?5) \
     ), next AS ( \
       SELECT * FROM rest UNION ALL SELECT * FROM places WHERE user_id = ?1 AND part = 0 AND ?2 > 0 \
         AND EXISTS (SELECT 1 FROM rest WHERE user_id = ?1) AND ?11 <> ",
    user_then!("?1"),
    " ), page AS ( \
       SELECT *, coalesce(sum(size + ?10) OVER before, 0) AS bytes_before, count(*) OVER before AS rows_before FROM next \
       WINDOW before AS (ORDER BY user_id, part, method, at, id \
         RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP) \
     ) SELECT p.user_id, p.part, p.method, p.at, p.id, ",
    user_then!("p.user_id"),
    " AS user, CASE p.source \
       WHEN 'user' THEN json_object('type', 'user', 'id', u.id, 'clientId', u.client_id, \
         'clientApiKeyHash', u.client_api_key_hash, 'createdAt', ",
    importable!("u.created_at"),
    ") WHEN 'deleted' THEN json_object('type', 'user', 'id', d.id, 'clientId', d.client_id, \
         'clientApiKeyHash', d.client_api_key_hash, 'createdAt', ",
    importable!("d.created_at"),
    ", 'deletedAt', ",
    importable!("d.deleted_at"),
    ") WHEN 'custodian' THEN json_object('type', 'custodianBackupShare', 'id', c.id, 'userId', u.id, \
         'clientId', u.client_id, 'backupMethod', c.backup_method, 'backupSharePairId', c.backup_share_pair_id, \
         'createdAt', ",
    importable!("c.created_at"),
    ", 'storedAt', ",
    importable!("c.updated_at"),
    ", 'keyId', c.key_id, 'sealedShare', c.sealed_share) \
       WHEN 'text' THEN json_object('type', 'userBackupShare', 'id', s.id, 'userId', u.id, \
         'clientId', u.client_id, 'backupMethod', s.backup_method, 'backupSharePairId', s.backup_share_pair_id, \
         'createdAt', ",
    importable!("s.created_at"),
    ", 'storedAt', ",
    importable!("s.updated_at"),
    ", 'keyId', s.key_id, 'sealedShare', s.sealed_share) \
       ELSE json_object('type', v.kind || 'BackupShare', 'id', v.id, 'userId', v.user_id, \
         'clientId', v.client_id, 'backupMethod', v.backup_method, 'backupSharePairId', v.backup_share_pair_id, \
         'createdAt', ",
    importable!("v.created_at"),
    ", 'storedAt', ",
    importable!("v.stored_at"),
    ", 'supersededAt', ",
    importable!("max(v.superseded_at, v.stored_at)"),
    ", 'reason', v.reason, 'keyId', v.key_id, 'sealedShare', v.sealed_share) END AS record \
     FROM page p LEFT JOIN users u ON u.id = p.user_id \
       LEFT JOIN deleted_users d ON p.source = 'deleted' AND d.id = p.user_id AND d.deleted_at = p.at AND d.client_id = p.id \
       LEFT JOIN custodian_backup_shares c ON p.source = 'custodian' AND c.rowid = p.row \
       LEFT JOIN user_backup_shares s ON p.source = 'text' AND s.rowid = p.row \
       LEFT JOIN backup_share_versions v ON p.source = 'version' AND v.rowid = p.row \
     WHERE p.bytes_before < ?9 AND p.rows_before < ?8 ORDER BY p.user_id, p.part, p.method, p.at, p.id"
);

/// What the database holds, and whether shares moved to another place since the request ?1.
const END: &str = "SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM deleted_users) AS deleted_users, \
     (SELECT count(*) FROM custodian_backup_shares) + (SELECT count(*) FROM backup_share_versions WHERE kind = 'custodian') \
       AS custodian_shares, \
     (SELECT count(*) FROM user_backup_shares) + (SELECT count(*) FROM backup_share_versions WHERE kind = 'user') AS user_shares, \
     EXISTS (SELECT 1 FROM audit_events WHERE id >= ?1 AND (action = 'restore_user' OR outcome LIKE 'adopted%')) AS moved";

/// A page of the export.
#[derive(Default)]
pub struct Page {
    /// Each a JSON object.
    pub records: Vec<String>,
    /// Where the next page begins; None: this was the last.
    pub next: Option<Place>,
    /// On the last page: what the database holds.
    pub counts: Option<Counts>,
}

/// How much there is: shares with the history, and the deletions that can still be undone.
pub struct Counts {
    pub users: u64,
    pub deleted_users: u64,
    pub custodian_shares: u64,
    pub user_shares: u64,
}

/// Whether the export's event is one of the last six hours: a made-up cursor leaves an event of its own.
const KNOWN: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM audit_events WHERE id = ?1 AND action = 'export' AND at >= ",
    at!("?2"),
    ") AS known"
);

/// The records behind a place. An export is one audit event, which its first page leaves, and again after six hours.
pub async fn page(db: &Database, trail: &Trail, after: Place) -> Result<Page> {
    let mut after = after;
    if after.pass == 0 {
        after.begun_ms = trail.now_ms;
        after.pass = 1;
        after.pass_id.clone_from(&trail.event_id);
    }
    let page = Statement::new(PAGE)
        .text(&after.user_id)
        .number(after.part)
        .text(&after.method)
        .text(&after.at)
        .text(&after.id)
        .number(after.begun_ms)
        .number(PAGE_USERS)
        .number(PAGE_ROWS)
        .number(PAGE_BYTES)
        .number(RECORD_BYTES)
        .text(&after.user);
    let known = Statement::new(KNOWN)
        .text(&after.event_id)
        .number(trail.now_ms.saturating_sub(EVENT_MS));
    let [rows, known] = db.read(vec![page, known]).await?.rows()?;
    if known.first().is_none_or(|row| row.number("known") == 0) {
        let event = trail.event(&Event {
            actor: Actor::Admin,
            action: "export",
            user_id: None,
            client_id: None,
            backup_method: None,
            outcome: "exported",
        });
        db.change(Change::new(&trail.event_id).event(event)).await?;
        after.event_id.clone_from(&trail.event_id);
    }
    if let Some(last) = rows.last() {
        return Ok(Page {
            records: rows
                .read()
                .iter()
                .filter_map(|row| row.optional("record"))
                .collect(),
            next: Some(after.moved_to(&last)),
            counts: None,
        });
    }
    let [end] = db
        .read(vec![Statement::new(END).text(&after.pass_id)])
        .await?
        .rows()?;
    let end = end.first().ok_or_else(|| Error::internal("no counts"))?;
    let again = end.number("moved") != 0 && after.pass < PASSES;
    Ok(Page {
        records: Vec::new(),
        next: again.then(|| Place {
            event_id: after.event_id,
            begun_ms: after.begun_ms,
            pass: after.pass + 1,
            pass_id: trail.event_id.clone(),
            ..Place::default()
        }),
        counts: (!again).then(|| Counts {
            users: end.number("users"),
            deleted_users: end.number("deleted_users"),
            custodian_shares: end.number("custodian_shares"),
            user_shares: end.number("user_shares"),
        }),
    })
}
