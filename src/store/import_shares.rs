//! The shares of an import. How it works is told in `store::import`.

use super::audit::{Trail, audit_columns};
use super::import::{Mode, Verdict};
use super::versions::no_marks;
use super::{Change, Database, Rows, at, now};
use crate::domain::json::{self, Writer};
use crate::domain::sealing::Kind;
use crate::error::Result;

/// A share to take in, sealed.
pub struct ShareItem {
    pub line: usize,
    pub event_id: String,
    pub kind: &'static str,
    pub id: String,
    pub user_id: String,
    pub client_id: String,
    pub backup_method: String,
    pub pair_id: Option<String>,
    pub key_id: String,
    pub digest: String,
    pub sealed: String,
    pub created_at: Option<String>,
    pub stored_at: Option<String>,
    pub superseded_at: Option<String>,
    pub reason: Option<&'static str>,
}

impl ShareItem {
    fn to_json(&self) -> String {
        Writer::default()
            .number("line", self.line as u64)
            .text("eventId", &self.event_id)
            .text("kind", self.kind)
            .text("id", &self.id)
            .text("userId", &self.user_id)
            .text("clientId", &self.client_id)
            .text("backupMethod", &self.backup_method)
            .optional("pairId", self.pair_id.as_deref())
            .text("keyId", &self.key_id)
            .text("digest", &self.digest)
            .text("sealed", &self.sealed)
            .optional("createdAt", self.created_at.as_deref())
            .optional("storedAt", self.stored_at.as_deref())
            .optional("supersededAt", self.superseded_at.as_deref())
            .optional("reason", self.reason)
            .end()
    }
}

/// The records, as the table `j`; ?5 holds them.
macro_rules! share_items {
    () => {
        "WITH j AS (SELECT value ->> 'line' AS line, value ->> 'eventId' AS event_id, value ->> 'kind' AS kind, \
           value ->> 'id' AS id, value ->> 'userId' AS user_id, value ->> 'clientId' AS client_id, \
           value ->> 'backupMethod' AS backup_method, value ->> 'pairId' AS pair_id, value ->> 'keyId' AS key_id, \
           value ->> 'digest' AS digest, value ->> 'sealed' AS sealed, value ->> 'createdAt' AS created_at, \
           value ->> 'storedAt' AS stored_at, value ->> 'supersededAt' AS superseded_at, \
           value ->> 'reason' AS reason FROM json_each(?5))"
    };
}

/// The verdict where a share is there already. A digest is made with the sealing key: a share that is still under
/// another one has to be opened.
macro_rules! compare {
    () => {
        "CASE WHEN pair_id IS NOT NULL AND held_pair_id IS NOT pair_id THEN 'conflict' \
           WHEN held_digest = digest THEN 'same' \
           WHEN held_digest IS NULL OR held_key_id <> key_id THEN 'sealed_otherwise' \
           ELSE 'conflict' END"
    };
}

/// The verdicts on current shares; ?6 is whether older shares give way, and another share of the same row: an import that
/// went wrong is put right by another one. A share that is in the history was current
/// once: something newer has come since. The version of the record's id, `k`, may be another share: an old server keeps
/// the id of a row whose share it replaces.
macro_rules! judge_current {
    ($table:literal, $kind:literal) => {
        concat!(
            share_items!(),
            ", found AS (SELECT j.*, u.id AS owner, c.id AS held_id, c.updated_at AS held_at, c.share_digest AS held_digest, \
               c.backup_share_pair_id AS held_pair_id, k.id AS kept_id, coalesce(k.key_id, c.key_id) AS held_key_id, \
               coalesce(k.backup_method, c.backup_method) AS held_method, \
               coalesce(k.sealed_share, c.sealed_share) AS held \
             FROM j LEFT JOIN users u ON u.id = j.user_id AND u.client_id = j.client_id \
               LEFT JOIN ",
            $table,
            " c ON c.user_id = u.id AND c.method = j.backup_method \
               LEFT JOIN backup_share_versions k ON k.rowid = (SELECT v.rowid FROM backup_share_versions v \
                 WHERE v.user_id = u.id AND v.kind = '",
            $kind,
            "' AND v.client_id = u.client_id AND v.id = j.id \
                 AND (v.share_digest IS NULL OR v.key_id <> j.key_id) LIMIT 1)), \
             judged AS (SELECT f.*, CASE \
               WHEN EXISTS (SELECT 1 FROM audit_events a WHERE a.id = f.event_id) THEN 'new' \
               WHEN owner IS NULL THEN 'unknown_user' \
               WHEN held_id IS NULL AND (SELECT count(*) FROM ",
            $table,
            " m WHERE m.user_id = f.owner) + (SELECT count(DISTINCT e.backup_method COLLATE NOCASE) FROM found e WHERE e.owner = f.owner \
                 AND e.held_id IS NULL AND e.backup_method <> f.backup_method COLLATE NOCASE AND e.line < f.line) >= 256 THEN 'conflict' \
               WHEN held_id IS NULL THEN 'new' \
               WHEN EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = f.owner AND v.kind = '",
            $kind,
            "' AND v.client_id = f.client_id AND (v.id = f.id OR v.method = f.backup_method) \
                 AND v.share_digest = f.digest) THEN 'same' \
               WHEN kept_id IS NOT NULL AND held_digest IS NOT digest THEN 'sealed_otherwise' \
               WHEN ?6 AND held_at < stored_at AND held_id <> id AND held_digest IS NOT digest THEN 'new' \
               WHEN ?6 AND held_key_id = key_id AND held_digest <> digest \
                 AND (held_id = id AND held_at <= coalesce(stored_at, held_at) \
                   OR held_at = stored_at AND EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = f.owner \
                     AND v.kind = '",
            $kind,
            "' AND v.client_id = f.client_id AND v.id = f.id)) THEN 'new' \
               ELSE ",
            compare!(),
            " END AS outcome FROM found f) "
        )
    };
}

/// The verdicts on versions of the history, of users who are there or deleted. A version that is current (still, or again) is not
/// put there too. With ?6, a version of the same row that is another share is put beside the one that is there.
macro_rules! judge_versions {
    () => {
        concat!(
            share_items!(),
            ", found AS (SELECT j.*, coalesce(u.id, (SELECT d.id FROM deleted_users d WHERE d.id = j.user_id \
                 AND d.client_id = j.client_id LIMIT 1)) AS owner, coalesce(v.id, c.id, s.id) AS held_id, \
               coalesce(v.stored_at, c.updated_at, s.updated_at) AS held_at, \
               coalesce(v.key_id, c.key_id, s.key_id) AS held_key_id, \
               coalesce(v.backup_method, c.backup_method, s.backup_method) AS held_method, \
               coalesce(v.share_digest, c.share_digest, s.share_digest) AS held_digest, \
               coalesce(v.backup_share_pair_id, c.backup_share_pair_id, s.backup_share_pair_id) AS held_pair_id, \
               coalesce(v.sealed_share, c.sealed_share, s.sealed_share) AS held, v.id AS version_id \
             FROM j LEFT JOIN users u ON u.id = j.user_id AND u.client_id = j.client_id \
               LEFT JOIN backup_share_versions v ON v.user_id = j.user_id AND v.client_id = j.client_id AND v.kind = j.kind \
                 AND v.id = j.id \
               LEFT JOIN custodian_backup_shares c ON c.user_id = u.id AND c.id = j.id AND j.kind = 'custodian' \
               LEFT JOIN user_backup_shares s ON s.user_id = u.id AND s.id = j.id AND j.kind = 'user'), \
             judged AS (SELECT f.*, CASE \
               WHEN EXISTS (SELECT 1 FROM audit_events a WHERE a.id = f.event_id) THEN 'new' \
               WHEN owner IS NULL THEN 'unknown_user' \
               WHEN held_id IS NULL THEN 'new' \
               WHEN ?6 AND version_id IS NOT NULL AND held_key_id = key_id AND held_digest <> digest THEN \
                 iif(EXISTS (SELECT 1 FROM backup_share_versions o WHERE o.user_id = f.user_id AND o.client_id = f.client_id \
                   AND o.kind = f.kind AND o.method = f.backup_method AND o.share_digest = f.digest), 'same', 'new') \
               ELSE ",
            compare!(),
            " END AS outcome FROM found f) "
        )
    };
}

macro_rules! share_events {
    ($judged:expr) => {
        concat!(
            $judged,
            "INSERT INTO audit_events (",
            audit_columns!(),
            ") SELECT event_id, ",
            at!("?2"),
            ", 'admin', 'import', user_id, client_id, backup_method, 'stored_' || kind || '_share', ?3, ?4 FROM judged WHERE outcome = 'new'"
        )
    };
}
macro_rules! share_verdicts {
    ($judged:expr) => {
        concat!(
            $judged,
            "SELECT line, outcome, held_at, held_key_id, held_method, CASE outcome WHEN 'sealed_otherwise' THEN held END AS held \
             FROM judged"
        )
    };
}

/// On a conflict the share that is there is the one that gives way: else there would be no event. A share of unknown time gets
/// $time; that is the same however often the batch is sent. One whose id is known already, as that of another share, gets the
/// event's: an id that stands for two would make a restore of the one lose the other.
macro_rules! insert_current {
    ($table:literal, $kind:literal, $time:expr, $also:expr) => {
        concat!(
            share_items!(),
            " INSERT INTO ",
            $table,
            " (id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, created_at, updated_at, \
             sealed_share) SELECT iif(EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = u.id \
               AND v.kind = '",
            $kind,
            "' AND v.id = j.id) OR h.id = j.id, j.event_id, j.id), u.id, j.backup_method, j.pair_id, j.key_id, j.digest, \
             coalesce(j.created_at, j.stored_at, ",
            $time,
            "), coalesce(j.stored_at, max(",
            $time,
            ", coalesce(h.updated_at, ''))), j.sealed FROM j JOIN users u ON u.id = j.user_id AND u.client_id = j.client_id \
               LEFT JOIN ",
            $table,
            " h ON h.user_id = u.id AND h.method = j.backup_method WHERE ",
            "EXISTS (SELECT 1 FROM audit_events WHERE id = j.event_id)",
            " ON CONFLICT DO UPDATE SET id = excluded.id, backup_method = excluded.backup_method, \
             backup_share_pair_id = excluded.backup_share_pair_id, key_id = excluded.key_id, \
             share_digest = excluded.share_digest, updated_at = excluded.updated_at, \
             sealed_share = excluded.sealed_share",
            $also,
            " WHERE id <> excluded.id AND updated_at <= excluded.updated_at"
        )
    };
}
const INSERT_VERSIONS: &str = concat!(
    share_items!(),
    " INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id, \
     share_digest, created_at, stored_at, superseded_at, reason, sealed_share, imported_at) \
     SELECT iif(EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = j.user_id AND v.client_id = j.client_id \
       AND v.kind = j.kind AND v.id = j.id), j.event_id, j.id), j.user_id, j.client_id, j.kind, j.backup_method, j.pair_id, \
     j.key_id, j.digest, coalesce(j.created_at, j.stored_at), j.stored_at, j.superseded_at, j.reason, j.sealed, ",
    now!(),
    " FROM j WHERE ",
    "EXISTS (SELECT 1 FROM audit_events WHERE id = j.event_id)"
);

/// The statements that take in the shares of one table.
struct Target {
    events: &'static str,
    verdicts: &'static str,
    rows: &'static str,
}

const CUSTODIAN: Target = Target {
    events: share_events!(judge_current!("custodian_backup_shares", "custodian")),
    verdicts: share_verdicts!(judge_current!("custodian_backup_shares", "custodian")),
    // The user's cipher texts belong to it: had it come after them, the backup would be half-finished. Unless there are
    // others that they may belong to.
    rows: insert_current!(
        "custodian_backup_shares",
        "custodian",
        concat!(
            "min(",
            at!("?2"),
            ", coalesce((SELECT min(s.updated_at) FROM user_backup_shares s WHERE s.user_id = u.id AND NOT EXISTS (SELECT 1 \
               FROM backup_share_versions v WHERE v.user_id = u.id AND v.client_id = u.client_id \
               AND v.kind = 'custodian' AND v.method = j.backup_method)), ",
            at!("?2"),
            "))"
        ),
        ""
    ),
};
const USER: Target = Target {
    events: share_events!(judge_current!("user_backup_shares", "user")),
    verdicts: share_verdicts!(judge_current!("user_backup_shares", "user")),
    rows: insert_current!("user_backup_shares", "user", at!("?2"), no_marks!()),
};
const VERSIONS: Target = Target {
    events: share_events!(judge_versions!()),
    verdicts: share_verdicts!(judge_versions!()),
    rows: INSERT_VERSIONS,
};

/// Takes shares in, all in one transaction.
pub async fn import(
    db: &Database,
    trail: &Trail,
    mode: Mode,
    shares: Vec<ShareItem>,
) -> Result<Vec<Verdict>> {
    if shares.is_empty() {
        return Ok(Vec::new());
    }
    let mut change = Change::of_records(shares.iter().map(|share| share.event_id.as_str()));
    let (history, current): (Vec<_>, Vec<_>) = shares
        .into_iter()
        .partition(|share| share.superseded_at.is_some());
    let (custodian, user): (Vec<_>, Vec<_>) = current
        .into_iter()
        .partition(|share| share.kind == Kind::Custodian.as_str());
    let mut dry_run = Vec::new();
    // Cipher texts before the custodian shares that get their time from them.
    for (target, items) in [(USER, user), (CUSTODIAN, custodian), (VERSIONS, history)] {
        if items.is_empty() {
            continue;
        }
        let items = json::array(items.iter().map(ShareItem::to_json));
        let with = |sql| trail.statement(sql).text(&items);
        let judging = |sql| with(sql).number(u64::from(mode.replace_older));
        if mode.dry_run {
            dry_run.push(judging(target.verdicts));
        } else {
            change = change
                .then(judging(target.events))
                .read(judging(target.verdicts))
                .then(with(target.rows));
        }
    }
    let judged = if mode.dry_run {
        db.read(dry_run).await?.all()
    } else {
        db.change(change).await?.all_rows()
    };
    let rows = judged.iter().flat_map(Rows::read);
    Ok(rows.map(|row| Verdict::read(&row)).collect())
}
