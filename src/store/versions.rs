//! `backup_share_versions`: the history. Triggers fill it; this module lists it and makes versions current again.

use super::audit::{Trail, audit_columns, audit_returning_outcome, is_first, is_outdone};
use super::credential::{allowed, for_credential, refused_cases};
use super::users::unknown_user;
use super::{Database, Rows, Statement, at};
use crate::auth::admin::Admin;
use crate::auth::client::Credential;
use crate::domain::names::{BackupMethod, UserId};
use crate::domain::recovery::Entry;
use crate::error::{Code, Error, Result};

/// The current shares of a user, without the shares.
pub struct Entries {
    pub custodian: Vec<Entry>,
    pub user: Vec<Entry>,
}

const USER: &str = "SELECT 1 AS found FROM users WHERE id = ?1";

/// The current shares of the user that $user gives.
macro_rules! entries_sql {
    ($user:expr) => {
        concat!(
            "SELECT 'custodian' AS kind, backup_method, backup_share_pair_id, updated_at AS stored_at \
               FROM custodian_backup_shares WHERE user_id = ",
            $user,
            " UNION ALL SELECT 'user', backup_method, backup_share_pair_id, updated_at \
               FROM user_backup_shares WHERE user_id = ",
            $user,
            " ORDER BY 1, 2"
        )
    };
}

/// The current shares of a user, for an operator.
pub async fn entries_for_admin(db: &Database, _: &Admin, user_id: &UserId) -> Result<Entries> {
    let of_user = |sql| Statement::new(sql).text(user_id.as_str());
    let [user, entries] = db
        .batch(vec![of_user(USER), of_user(entries_sql!("?1"))])
        .await?
        .rows()?;
    if user.is_empty() {
        return Err(unknown_user());
    }
    read_entries(&entries)
}

/// The current shares of a user, for an app with that user's credential.
pub async fn entries_for_client(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    user_id: &UserId,
) -> Result<Entries> {
    macro_rules! read_sql {
        ($column:tt) => {
            entries_sql!(concat!(
                "(SELECT id FROM users WHERE id = ?1 AND ",
                $column,
                " = ?2)"
            ))
        };
    }
    macro_rules! event_sql {
        ($column:tt) => {
            concat!(
                "INSERT INTO audit_events (",
                audit_columns!(),
                ") SELECT ?1, ",
                at!("?2"),
                ", 'client', 'list_backups', ?5, p.client_id, NULL, ",
                refused_cases!($column, "?6"),
                "ELSE 'listed' END, ?3, ?4 FROM (SELECT 1) LEFT JOIN users p ON p.",
                $column,
                " = ?6 WHERE true ",
                audit_returning_outcome!()
            )
        };
    }
    let event = trail
        .statement(for_credential!(credential, event_sql))
        .text(user_id.as_str())
        .text(credential.as_sql());
    let read = Statement::new(for_credential!(credential, read_sql))
        .text(user_id.as_str())
        .text(credential.as_sql());
    let (entries, outcome) = db.recover(trail, user_id.as_str(), read, event).await?;
    if let Some(outcome) = outcome {
        allowed(&outcome)?;
    }
    read_entries(&entries)
}

fn read_entries(rows: &Rows) -> Result<Entries> {
    let mut entries = Entries {
        custodian: Vec::new(),
        user: Vec::new(),
    };
    for row in rows.read() {
        let entry = Entry {
            backup_method: BackupMethod::parse(row.text("backup_method")).map_err(|invalid| {
                Error::internal(format!("a stored method must {}", invalid.0))
            })?,
            backup_share_pair_id: row.optional("backup_share_pair_id"),
            stored_at: row.text("stored_at"),
        };
        if row.text("kind") == "custodian" {
            &mut entries.custodian
        } else {
            &mut entries.user
        }
        .push(entry);
    }
    Ok(entries)
}

/// The history of a user, the newest first: ten thousand versions at most, for an answer has to fit into memory.
pub async fn list(db: &Database, user_id: &UserId) -> Result<Rows> {
    const VERSIONS: &str = "SELECT v.id, v.kind, v.backup_method AS backupMethod, \
         v.backup_share_pair_id AS backupSharePairId, v.stored_at AS storedAt, v.superseded_at AS supersededAt \
         FROM users u JOIN backup_share_versions v ON v.user_id = u.id AND v.client_id = u.client_id \
         WHERE u.id = ?1 ORDER BY v.superseded_at DESC, v.id DESC LIMIT 10000";
    let of_user = |sql| Statement::new(sql).text(user_id.as_str());
    let [user, versions] = db
        .batch(vec![of_user(USER), of_user(VERSIONS)])
        .await?
        .rows()?;
    if user.is_empty() {
        return Err(unknown_user());
    }
    Ok(versions)
}

/// Makes versions `v` current: the INSERT up to its FROM. Each keeps the time and the pair that it was stored with.
macro_rules! insert_version {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, created_at, updated_at, \
             sealed_share) SELECT v.id, v.user_id, v.backup_method, v.backup_share_pair_id, v.key_id, \
             v.share_digest, v.created_at, v.stored_at, v.sealed_share "
        )
    };
}
pub(crate) use insert_version;

/// A condition in SQL: the version `v` is current. By the sealed text as well, which no two versions share: were an id
/// used twice, the version that is not current would else be forgotten.
macro_rules! is_current {
    ($table:literal, $kind:literal) => {
        concat!(
            "v.kind = '",
            $kind,
            "' AND EXISTS (SELECT 1 FROM ",
            $table,
            " c WHERE c.user_id = v.user_id AND c.backup_method = v.backup_method AND c.id = v.id \
             AND c.sealed_share = v.sealed_share)"
        )
    };
}
pub(crate) use is_current;

/// Makes a version current again, with the time and the pair that it was first stored with, so that its mates are
/// found again. What it displaces goes into the history. Answers with the version, as the API shows it.
pub async fn restore(
    db: &Database,
    trail: &Trail,
    user_id: &UserId,
    version_id: &str,
) -> Result<String> {
    macro_rules! restore_into {
        ($table:literal, $kind:literal) => {
            concat!(
                insert_version!($table),
                "FROM users u \
                 JOIN backup_share_versions v ON v.user_id = u.id AND v.client_id = u.client_id \
                   AND v.kind = '",
                $kind,
                "' WHERE u.id = ?1 AND v.id = ?2 AND ",
                is_first!("?3"),
                " AND NOT ",
                is_outdone!(
                    "?1",
                    "'store_custodian_share', 'store_user_share', 'restore_version', 'import'",
                    "?4",
                    "?5"
                ),
                " ORDER BY v.superseded_at DESC LIMIT 1 \
                 ON CONFLICT (user_id, backup_method) DO UPDATE SET id = excluded.id, \
                 backup_share_pair_id = excluded.backup_share_pair_id, key_id = excluded.key_id, \
                 share_digest = excluded.share_digest, updated_at = excluded.updated_at, \
                 sealed_share = excluded.sealed_share WHERE id <> excluded.id"
            )
        };
    }
    // A version is in the history or current, never both.
    macro_rules! forget {
        ($table:literal, $kind:literal) => {
            concat!(
                "DELETE FROM backup_share_versions AS v WHERE v.user_id = ?1 AND v.id = ?2 AND ",
                is_current!($table, $kind),
                " AND ",
                is_first!("?3")
            )
        };
    }
    const CURRENT: &str = "SELECT id, 'custodian' AS kind, backup_method AS backupMethod, \
           backup_share_pair_id AS backupSharePairId, updated_at AS storedAt FROM custodian_backup_shares WHERE user_id = ?1 AND id = ?2 \
         UNION ALL SELECT id, 'user', backup_method, backup_share_pair_id, updated_at \
           FROM user_backup_shares WHERE user_id = ?1 AND id = ?2";
    const EVENT: &str = concat!(
        "INSERT INTO audit_events (",
        audit_columns!(),
        ") SELECT ?1, ",
        at!("?2"),
        ", 'admin', 'restore_version', ?5, (SELECT client_id FROM users WHERE id = ?5), \
         coalesce((SELECT backup_method FROM custodian_backup_shares WHERE user_id = ?5 AND id = ?6), \
           (SELECT backup_method FROM user_backup_shares WHERE user_id = ?5 AND id = ?6)), \
         CASE WHEN EXISTS (SELECT 1 FROM custodian_backup_shares WHERE user_id = ?5 AND id = ?6) \
           OR EXISTS (SELECT 1 FROM user_backup_shares WHERE user_id = ?5 AND id = ?6) \
           THEN 'restored' WHEN ",
        is_outdone!(
            "?5",
            "'store_custodian_share', 'store_user_share', 'restore_version', 'import'",
            "?7",
            "?8"
        ),
        " THEN 'overtaken' ELSE 'not_found' END, ?3, ?4 WHERE true ",
        audit_returning_outcome!()
    );
    let both = |sql| Statement::new(sql).text(user_id.as_str()).text(version_id);
    // Only once: the retry of a restore must not displace a backup that came since.
    let once = |sql| both(sql).text(&trail.event_id);
    let [from, to] = trail.overtaking();
    let restore = |sql| once(sql).text(&from).text(&to);
    let [_, _, _, _, current, outcome] = db
        .batch(vec![
            restore(restore_into!("custodian_backup_shares", "custodian")),
            restore(restore_into!("user_backup_shares", "user")),
            once(forget!("custodian_backup_shares", "custodian")),
            once(forget!("user_backup_shares", "user")),
            both(CURRENT),
            trail
                .statement(EVENT)
                .text(user_id.as_str())
                .text(version_id)
                .text(&from)
                .text(&to),
        ])
        .await?
        .rows()?;
    if allowed(&outcome)? != "restored" {
        return Err(Error::new(
            Code::NotFound,
            "The user has no version with this id. GET …/backups/history lists them.",
        ));
    }
    current.first_to_json().ok_or_else(|| {
        Error::new(
            Code::Conflict,
            "The version was restored, and replaced again meanwhile.",
        )
    })
}
