//! `backup_share_versions`: the history. Triggers fill it; this module lists it and makes versions current again.

use super::audit::Trail;
use super::maintenance::SealedRow;
use super::outcome::unknown_user;
use super::sql::sql;
use super::{Change, Database, Rows, Statement, credential, users};
use crate::auth::client::Credential;
use crate::domain::names::{BackupMethod, UserId};
use crate::domain::recovery::Entry;
use crate::domain::sealing::Kind;
use crate::error::{Error, Result};

/// The current shares of a user, without the shares.
pub struct Entries {
    pub custodian: Vec<Entry>,
    pub user: Vec<Entry>,
    /// What is odd about cipher texts.
    pub marks: Vec<Mark>,
}

/// What is odd about the cipher text of a method.
pub struct Mark {
    pub backup_method: BackupMethod,
    /// When it took another's place alone; until a whole backup follows.
    pub replaced_alone_at: Option<String>,
    /// Another method under which the same cipher text stands.
    pub same_as: Option<String>,
}

/// The current shares of a user, for an app with that user's credential.
pub async fn entries_for_client(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    user_id: &UserId,
) -> Result<Entries> {
    let event = credential::event("list_backups", trail, credential, user_id, Some("listed"));
    let read = entries(user_id, credential);
    read_entries(&db.recover(trail, user_id.as_str(), read, event).await?)
}

/// The statement that [`read_entries`] reads the rows of, if the credential is the user's.
pub(super) fn entries(user_id: &UserId, credential: &Credential) -> Statement {
    let entries = Statement::new(sql!("user_entries")).text(user_id.as_str());
    entries.credential(credential)
}

pub(super) fn read_entries(rows: &Rows) -> Result<Entries> {
    let mut entries = Entries {
        custodian: Vec::new(),
        user: Vec::new(),
        marks: Vec::new(),
    };
    for row in rows.read() {
        let entry = Entry {
            backup_method: row.backup_method()?,
            backup_share_pair_id: row.optional("backup_share_pair_id"),
            stored_at: row.text("stored_at"),
            earlier: None,
        };
        let mark = Mark {
            backup_method: entry.backup_method.clone(),
            replaced_alone_at: row.optional("replaced_alone_at"),
            same_as: row.optional("same_as"),
        };
        if mark.replaced_alone_at.is_some() || mark.same_as.is_some() {
            entries.marks.push(mark);
        }
        match row.kind() {
            Kind::Custodian => entries.custodian.push(entry),
            _ => entries.user.push(entry),
        }
    }
    Ok(entries)
}

/// The history of a user, the newest first: ten thousand versions at most, for an answer has to fit into memory.
pub async fn list(db: &Database, user_id: &UserId) -> Result<Rows> {
    let versions = Statement::new(sql!("versions_list")).text(user_id.as_str());
    let [user, versions] = db
        .read(vec![users::by_id(user_id, None), versions])
        .await?
        .rows()?;
    if user.is_empty() {
        return Err(unknown_user());
    }
    Ok(versions)
}

/// The version that [`restore`] would make current. None: the history has none.
pub async fn sealed(
    db: &Database,
    user_id: &UserId,
    version_id: &str,
    kind: Option<Kind>,
) -> Result<Option<SealedRow>> {
    let find = Statement::new(sql!("version_sealed"))
        .text(user_id.as_str())
        .text(version_id)
        .optional(kind.map(Kind::as_str));
    let rows = db.ask(find).await?;
    Ok(rows.first().as_ref().map(SealedRow::read))
}

/// Makes a version current again, with the time and the pair that it was first stored with, so that its mates are
/// found again. What it displaces goes into the history. Answers with the version, as the API shows it.
///
/// A custodian share and a cipher text may have one id (an import keeps the ids of another server's two tables): one version is
/// restored, of the kind that is asked for, else the one that was superseded last.
pub async fn restore(
    db: &Database,
    trail: &Trail,
    user_id: &UserId,
    version_id: &str,
    kind: Option<Kind>,
) -> Result<String> {
    // Of two current shares with this id, the one of the event.
    const CURRENT: &str = sql!("version_current");
    let kind = kind.map(Kind::as_str);
    let event = trail
        .statement(sql!("version_restore_event"))
        .text(user_id.as_str())
        .text(version_id)
        .optional(kind);
    let chosen = |sql| {
        Statement::new(sql)
            .text(user_id.as_str())
            .text(version_id)
            .text(&trail.event_id)
            .optional(kind)
    };
    let change = Change::new(&trail.event_id)
        .event(event)
        .then(chosen(sql!("version_restore_custodian")))
        .then(chosen(sql!("version_restore_user")))
        .then(forget_current(user_id.as_str()))
        .read(chosen(CURRENT));
    let changed = db.change(change).await?;
    changed.done_or_missing(
        "The user has no version with this id. GET …/backups/history lists them.",
    )?;
    let [current] = changed.rows()?;
    current
        .first_to_json()
        .ok_or_else(|| Error::conflict("The version was restored, and replaced again meanwhile."))
}

/// A version is in the history or current, never both: takes what a restore has made current out of the history.
pub(super) fn forget_current(user_id: &str) -> Statement {
    Statement::new(sql!("versions_forget_current")).text(user_id)
}

/// Deletes the versions of the given row ids that are past the retention, but never one that another share may belong to.
pub fn expire(first_rowid: u64, last_rowid: u64, retention_days: u32) -> Change {
    let expire = |sql| {
        Statement::new(sql)
            .number(first_rowid)
            .number(last_rowid)
            .text(&retention_days.to_string())
    };
    Change::upkeep(expire(sql!("versions_expire_custodian")))
        .read(expire(sql!("versions_expire_user")))
}
