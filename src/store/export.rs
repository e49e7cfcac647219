//! Everything that is stored, page by page, for a copy elsewhere. Shares stay sealed.
//!
//! A page is one statement, so it is of one instant; between pages anything may change. A share keeps its place in the order
//! for as long as it exists: its user, kind, method, the time it was stored at and its id stay when it is replaced, restored, or
//! deleted and restored with its user. So a share that was there when the export began, and still is, is met when its place
//! comes, in whichever table it is then. One thing moves shares to another place: a restored user takes over what a webhook
//! registered meanwhile under the client's id. Then the export goes through everything once more.

mod place;

pub use place::Place;

use super::audit::{Actor, Event, Trail};
use super::{Change, Database, FULL, Statement, at};
use crate::error::{Error, Result};

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
pub struct Page {
    /// Each a JSON object.
    pub records: Vec<String>,
    pub next: Next,
}

/// What follows upon a page.
pub enum Next {
    /// Another page of this database.
    Here(Place),
    /// This was the last page of the database; the next one, if there is one, goes on from here.
    Done(Place, Counts),
}

/// How much there is: shares with the history, and the deletions that can still be undone.
pub struct Counts {
    pub users: u64,
    pub deleted_users: u64,
    pub custodian_shares: u64,
    pub user_shares: u64,
}

/// Writes down how much has left in the export's event, if that is one of the last six hours: a made-up cursor leaves an event of
/// its own. The same page again, after a lost answer, writes the same.
const COUNT: &str = concat!(
    "UPDATE audit_events SET counts = ?3 WHERE id = ?1 AND action = 'export' AND at >= ",
    at!("?2"),
    " RETURNING id"
);
const KNOWN: &str = concat!(
    "SELECT id FROM audit_events WHERE id = ?1 AND action = 'export' AND at >= ",
    at!("?2")
);

/// The records behind a place of a database. The export is one audit event in the database `events`, over all databases: its first
/// page leaves it, and every page writes down how much has left. `is_last`: no other database follows upon this one.
pub async fn page(
    db: &Database,
    events: &Database,
    trail: &Trail,
    after: Place,
    is_last: bool,
) -> Result<Page> {
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
    let [rows] = db.read(vec![page]).await?.rows()?;
    let rows = rows.read();
    after.left = after.left.with(&rows);
    let Some(last) = rows.last() else {
        return end(db, events, trail, after, is_last).await;
    };
    note(events, trail, &mut after, false).await?;
    let records = rows.iter().filter_map(|row| row.optional("record"));
    Ok(Page {
        records: records.collect(),
        next: Next::Here(after.moved_to(last)),
    })
}

/// The page behind the last record: everything once more, if shares moved to another place meanwhile.
async fn end(
    db: &Database,
    events: &Database,
    trail: &Trail,
    after: Place,
    is_last: bool,
) -> Result<Page> {
    let mut after = after;
    let [end] = db
        .read(vec![Statement::new(END).text(&after.pass_id)])
        .await?
        .rows()?;
    let end = end.first().ok_or_else(|| Error::internal("no counts"))?;
    let again = end.number("moved") != 0 && after.pass < PASSES;
    note(events, trail, &mut after, is_last && !again).await?;
    let begun_anew = Place {
        event_id: after.event_id,
        left: after.left,
        ..Place::default()
    };
    let next = if again {
        Next::Here(Place {
            begun_ms: after.begun_ms,
            pass: after.pass + 1,
            pass_id: trail.event_id.clone(),
            ..begun_anew
        })
    } else {
        let counts = Counts {
            users: end.number("users"),
            deleted_users: end.number("deleted_users"),
            custodian_shares: end.number("custodian_shares"),
            user_shares: end.number("user_shares"),
        };
        Next::Done(begun_anew, counts)
    };
    Ok(Page {
        records: Vec::new(),
        next,
    })
}

/// Notes in the export's event how much has left; where there is none yet, leaves it.
async fn note(
    events: &Database,
    trail: &Trail,
    after: &mut Place,
    is_finished: bool,
) -> Result<()> {
    let since = trail.now_ms.saturating_sub(EVENT_MS);
    let of_event = |sql, id: &str| Statement::new(sql).text(id).number(since);
    let left = after.left.to_json(is_finished);
    let count = |id: &str| of_event(COUNT, id).text(&left);
    if !after.event_id.is_empty() {
        let counted = events.change(Change::upkeep(count(&after.event_id))).await;
        let [known] = match counted {
            Ok(changed) => changed.rows()?,
            // A full database takes no count; what is in it can be exported all the same.
            Err(error) if error.is_caused_by(&FULL) => {
                let known = of_event(KNOWN, &after.event_id);
                events.read(vec![known]).await?.rows()?
            }
            Err(error) => return Err(error),
        };
        if !known.is_empty() {
            return Ok(());
        }
    }
    let event = trail.event(&Event {
        actor: Actor::Admin,
        action: "export",
        user_id: None,
        client_id: None,
        backup_method: None,
        outcome: "exported",
    });
    let change = Change::new(&trail.event_id)
        .event(event)
        .then(count(&trail.event_id));
    events.change(change).await?;
    after.event_id.clone_from(&trail.event_id);
    Ok(())
}
