//! The shares of an import. How it works is told in `store::import`.

use js_sys::JsString;

use super::audit::Trail;
use super::canaries::Held;
use super::import::{Mode, Verdict};
use super::sql::sql;
use super::{Change, Database};
use crate::domain::json::{self, Writer};
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
    /// As the record names it: it may differ from that of the share that is here.
    pub pair_id: Option<String>,
    /// As the share itself names it.
    pub pair_inside: Option<String>,
    pub key_id: String,
    /// This and the next two: see [`crate::vault::Sealed`].
    pub digest: String,
    pub digests: String,
    pub text_digest: String,
    pub sealed: String,
    pub created_at: Option<String>,
    pub stored_at: Option<String>,
    pub superseded_at: Option<String>,
    pub reason: Option<&'static str>,
    /// Of a cipher text: since when it is marked as having replaced another alone.
    pub replaced_alone_at: Option<String>,
}

impl ShareItem {
    /// Puts it in the place of the same one that does not open.
    pub fn mending(&self, held: &Held<'_>) -> Change {
        let envelope = JsString::from(self.sealed.as_str());
        held.mending(&self.backup_method, &self.key_id, &self.digests, &envelope)
    }

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
            .optional("pairInside", self.pair_inside.as_deref())
            .text("keyId", &self.key_id)
            .text("digest", &self.digest)
            .text("digests", &self.digests)
            .text("textDigest", &self.text_digest)
            .optional("aloneAt", self.replaced_alone_at.as_deref())
            .text("sealed", &self.sealed)
            .optional("createdAt", self.created_at.as_deref())
            .optional("storedAt", self.stored_at.as_deref())
            .optional("supersededAt", self.superseded_at.as_deref())
            .optional("reason", self.reason)
            .end()
    }
}

/// The statements that take shares in: the current ones, or the history.
struct Target {
    events: &'static str,
    verdicts: &'static str,
    rows: &'static [&'static str],
}

const CURRENT: Target = Target {
    events: sql!("import_share_events"),
    verdicts: sql!("import_share_verdicts"),
    // Cipher texts before the custodian shares that get their time from them.
    rows: &[sql!("import_user_shares"), sql!("import_custodian")],
};
const VERSIONS: Target = Target {
    events: sql!("import_version_events"),
    verdicts: sql!("import_version_verdicts"),
    rows: &[sql!("import_versions")],
};

/// Takes shares in, all in one transaction.
pub async fn import(
    db: &Database,
    trail: &Trail,
    mode: Mode,
    shares: &[ShareItem],
) -> Result<Vec<Verdict>> {
    if shares.is_empty() {
        return Ok(Vec::new());
    }
    let mut change = Change::of_records(shares.iter().map(|share| share.event_id.as_str()));
    let (history, current): (Vec<_>, Vec<_>) = shares
        .iter()
        .partition(|share| share.superseded_at.is_some());
    let mut dry_run = Vec::new();
    for (target, items) in [(CURRENT, current), (VERSIONS, history)] {
        if items.is_empty() {
            continue;
        }
        let items = json::array(items.iter().map(|share| share.to_json()));
        let with = |sql| trail.statement(sql).text(&items);
        let judging = |sql| with(sql).number(u64::from(mode.replace_older));
        if mode.dry_run {
            dry_run.push(judging(target.verdicts));
        } else {
            change = change
                .then(judging(target.events))
                .read(judging(target.verdicts));
            let rows = target.rows.iter().map(|sql| with(sql));
            change = rows.fold(change, Change::then);
        }
    }
    let judged = if mode.dry_run {
        db.read(dry_run).await?.all()
    } else {
        db.change(change).await?.all_rows()
    };
    let verdicts = judged.iter().flat_map(|rows| rows.each(Verdict::read));
    Ok(verdicts.collect())
}
