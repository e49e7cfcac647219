//! `backup_share_versions`: the history. Triggers fill it; this module lists it and makes versions current again.

use js_sys::JsString;

use super::audit::{Trail, audit_columns, outcome_is};
use super::credential::{for_credential, refused_cases};
use super::outcome::{VersionRestored, unknown_user};
use super::{Change, Database, Rows, Statement, at};
use crate::auth::client::Credential;
use crate::domain::names::{BackupMethod, UserId};
use crate::domain::recovery::Entry;
use crate::domain::sealing::Kind;
use crate::error::{Code, Error, Result};

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

const USER: &str = "SELECT 1 AS found FROM users WHERE id = ?1";

/// The current shares of the user that $user gives.
macro_rules! entries_sql {
    ($user:expr) => {
        concat!(
            "SELECT 'custodian' AS kind, backup_method, backup_share_pair_id, updated_at AS stored_at, NULL AS replaced_alone_at, NULL AS same_as \
               FROM custodian_backup_shares WHERE user_id = ",
            $user,
            " UNION ALL SELECT 'user', s.backup_method, s.backup_share_pair_id, s.updated_at, s.replaced_alone_at, \
               (SELECT o.backup_method FROM user_backup_shares o WHERE o.user_id = s.user_id \
                AND o.text_digest = s.text_digest AND o.method <> s.method LIMIT 1) \
               FROM user_backup_shares s WHERE s.user_id = ",
            $user,
            " ORDER BY 1, backup_method COLLATE NOCASE"
        )
    };
}

/// The current shares of a user, for an operator.
pub async fn entries_for_admin(db: &Database, user_id: &UserId) -> Result<Entries> {
    let of_user = |sql| Statement::new(sql).text(user_id.as_str());
    let [user, entries] = db
        .read(vec![of_user(USER), of_user(entries_sql!("?1"))])
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
                " = ?6 WHERE true RETURNING outcome"
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
    read_entries(&db.recover(trail, user_id.as_str(), read, event).await?)
}

fn read_entries(rows: &Rows) -> Result<Entries> {
    let mut entries = Entries {
        custodian: Vec::new(),
        user: Vec::new(),
        marks: Vec::new(),
    };
    for row in rows.read() {
        let entry = Entry {
            backup_method: BackupMethod::parse(row.text("backup_method")).map_err(|invalid| {
                Error::internal(format!("a stored method must {}", invalid.0))
            })?,
            backup_share_pair_id: row.optional("backup_share_pair_id"),
            stored_at: row.text("stored_at"),
        };
        let mark = Mark {
            backup_method: entry.backup_method.clone(),
            replaced_alone_at: row.optional("replaced_alone_at"),
            same_as: row.optional("same_as"),
        };
        if mark.replaced_alone_at.is_some() || mark.same_as.is_some() {
            entries.marks.push(mark);
        }
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
        .read(vec![of_user(USER), of_user(VERSIONS)])
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

/// Assignments in SQL, of whatever puts another cipher text into a row than a store does: what was odd of the one before is not
/// of this one.
macro_rules! no_marks {
    () => {
        ", replaced_alone_at = NULL, text_digest = NULL"
    };
}
pub(crate) use no_marks;

/// A condition in SQL: the version `v` is current. By the sealed text as well, which no two versions share: were an id
/// used twice, the version that is not current would else be forgotten.
macro_rules! is_current {
    ($table:literal, $kind:literal) => {
        concat!(
            "v.kind = '",
            $kind,
            "' AND EXISTS (SELECT 1 FROM ",
            $table,
            " c WHERE c.user_id = v.user_id AND c.method = v.method AND c.id = v.id \
             AND c.sealed_share = v.sealed_share)"
        )
    };
}
pub(crate) use is_current;

/// The row of the version $version of the user $user that is meant, of the kind $kind.
macro_rules! chosen {
    ($user:literal, $version:literal, $kind:literal) => {
        concat!(
            "(SELECT v.rowid FROM users u JOIN backup_share_versions v ON v.user_id = u.id AND v.client_id = u.client_id \
             WHERE u.id = ",
            $user,
            " AND v.id = ",
            $version,
            " AND v.kind = coalesce(",
            $kind,
            ", v.kind) ORDER BY v.superseded_at DESC, v.kind LIMIT 1)"
        )
    };
}

/// A version of the history as it is sealed.
pub struct SealedVersion {
    pub kind: Kind,
    /// Whose share it is, by what it was sealed for: a client, or a user.
    pub owner: String,
    pub backup_method: String,
    pub key_id: String,
    pub envelope: JsString,
}

/// The version that [`restore`] would make current. None: the history has none.
pub async fn sealed(
    db: &Database,
    user_id: &UserId,
    version_id: &str,
    kind: Option<Kind>,
) -> Result<Option<SealedVersion>> {
    const SQL: &str = concat!(
        "SELECT kind, iif(kind = 'user', user_id, client_id) AS owner, backup_method, key_id, sealed_share \
         FROM backup_share_versions WHERE rowid = ",
        chosen!("?1", "?2", "?3")
    );
    let find = Statement::new(SQL)
        .text(user_id.as_str())
        .text(version_id)
        .optional(kind.map(Kind::as_str));
    let [rows] = db.read(vec![find]).await?.rows()?;
    Ok(rows.first().map(|row| SealedVersion {
        kind: if row.text("kind") == Kind::User.as_str() {
            Kind::User
        } else {
            Kind::Custodian
        },
        owner: row.text("owner"),
        backup_method: row.text("backup_method"),
        key_id: row.text("key_id"),
        envelope: row.sealed_share(),
    }))
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
    macro_rules! restore_into {
        ($table:literal, $kind:literal, $also:expr) => {
            concat!(
                insert_version!($table),
                "FROM backup_share_versions v WHERE v.rowid = ",
                chosen!("?1", "?2", "?4"),
                " AND v.kind = '",
                $kind,
                "' AND ",
                outcome_is!("?3", "restored"),
                " ON CONFLICT DO UPDATE SET id = excluded.id, backup_method = excluded.backup_method, \
                 backup_share_pair_id = excluded.backup_share_pair_id, key_id = excluded.key_id, \
                 share_digest = excluded.share_digest, updated_at = excluded.updated_at, \
                 sealed_share = excluded.sealed_share",
                $also,
                " WHERE id <> excluded.id"
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
                outcome_is!("?3", "restored")
            )
        };
    }
    macro_rules! current {
        ($user:literal, $version:literal) => {
            concat!(
                "SELECT id, 'custodian' AS kind, backup_method AS backupMethod, backup_share_pair_id AS backupSharePairId, \
                   updated_at AS storedAt FROM custodian_backup_shares WHERE user_id = ",
                $user,
                " AND id = ",
                $version,
                " UNION ALL SELECT id, 'user', backup_method, backup_share_pair_id, updated_at \
                   FROM user_backup_shares WHERE user_id = ",
                $user,
                " AND id = ",
                $version
            )
        };
    }
    // Of two current shares with this id, the one of the event.
    const CURRENT: &str = concat!(
        "SELECT * FROM (",
        current!("?1", "?2"),
        ") WHERE kind = coalesce(?4, kind) \
         ORDER BY backupMethod IS NOT (SELECT backup_method FROM audit_events WHERE id = ?3), kind LIMIT 1"
    );
    const EVENT: &str = concat!(
        "INSERT INTO audit_events (",
        audit_columns!(),
        ") SELECT ?1, ",
        at!("?2"),
        ", 'admin', 'restore_version', ?5, (SELECT client_id FROM users WHERE id = ?5), method, \
         iif(method IS NULL, 'not_found', 'restored'), ?3, ?4 FROM (SELECT coalesce(\
           (SELECT backup_method FROM backup_share_versions WHERE rowid = ",
        chosen!("?5", "?6", "?7"),
        "), (SELECT backupMethod FROM (",
        current!("?5", "?6"),
        ") WHERE kind = coalesce(?7, kind))) AS method) RETURNING outcome"
    );
    let kind = kind.map(Kind::as_str);
    let event = trail
        .statement(EVENT)
        .text(user_id.as_str())
        .text(version_id)
        .optional(kind);
    let of_version = |sql| {
        Statement::new(sql)
            .text(user_id.as_str())
            .text(version_id)
            .text(&trail.event_id)
    };
    let chosen = |sql| of_version(sql).optional(kind);
    let change = Change::new(&trail.event_id)
        .event(event)
        .then(chosen(restore_into!(
            "custodian_backup_shares",
            "custodian",
            ""
        )))
        .then(chosen(restore_into!(
            "user_backup_shares",
            "user",
            no_marks!()
        )))
        .then(of_version(forget!("custodian_backup_shares", "custodian")))
        .then(of_version(forget!("user_backup_shares", "user")))
        .read(chosen(CURRENT));
    let changed = db.change(change).await?;
    match changed.outcome()? {
        VersionRestored::Restored => {}
        VersionRestored::NotFound => {
            return Err(Error::new(
                Code::NotFound,
                "The user has no version with this id. GET …/backups/history lists them.",
            ));
        }
    }
    let [current] = changed.rows()?;
    current.first_to_json().ok_or_else(|| {
        Error::new(
            Code::Conflict,
            "The version was restored, and replaced again meanwhile.",
        )
    })
}
