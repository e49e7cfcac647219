//! What the operators' page shows of a user: every version without its share, deletions, and the eject window.

use super::{Database, Row, Rows, Statement, now};
use crate::domain::names::{BackupMethod, UserId};
use crate::domain::recovery::Entry;
use crate::domain::sealing::Kind;
use crate::domain::timeline::{Timeline, Version};
use crate::error::{Error, Result};

/// A user as operators see it.
pub struct Person {
    /// JSON as the API shows it. None: there is no such user, or no longer.
    pub user: Option<String>,
    /// JSON, an array.
    pub deletions: String,
    /// When the purge is carried out that waits.
    pub purge_at: Option<String>,
    pub ejectable_until: Option<String>,
    /// Of a user who is deleted, empty.
    pub timeline: Timeline,
}

const USER: &str =
    "SELECT id, client_id AS clientId, created_at AS createdAt FROM users WHERE id = ?1";

const DELETIONS: &str = "SELECT client_id AS clientId, deleted_at AS deletedAt FROM deleted_users WHERE id = ?1 \
     ORDER BY deleted_at DESC LIMIT 100";

const PURGE: &str = "SELECT purge_at FROM purges WHERE user_id = ?1 ORDER BY purge_at LIMIT 1";

const EJECT: &str = concat!(
    "SELECT ejectable_until FROM eject_windows WHERE user_id = ?1 AND ejectable_until > ",
    now!()
);

/// The current ones and the newest 10,000 of the history.
const VERSIONS: &str = "SELECT * FROM ( \
       SELECT id, 'custodian' AS kind, backup_method, backup_share_pair_id, updated_at AS stored_at, NULL AS superseded_at \
         FROM custodian_backup_shares WHERE user_id = ?1 \
       UNION ALL SELECT id, 'user', backup_method, backup_share_pair_id, updated_at, NULL \
         FROM user_backup_shares WHERE user_id = ?1 \
       UNION ALL SELECT * FROM (SELECT v.id, v.kind, v.backup_method, v.backup_share_pair_id, v.stored_at, v.superseded_at \
         FROM users u JOIN backup_share_versions v ON v.user_id = u.id AND v.client_id = u.client_id \
         WHERE u.id = ?1 ORDER BY v.superseded_at DESC, v.id DESC LIMIT 10000) \
     ) ORDER BY stored_at DESC, id DESC";

pub async fn person(db: &Database, user_id: &UserId) -> Result<Person> {
    let of_user = |sql| Statement::new(sql).text(user_id.as_str());
    let [user, deletions, purge, eject, versions] = db
        .read(
            [USER, DELETIONS, PURGE, EJECT, VERSIONS]
                .map(of_user)
                .into(),
        )
        .await?
        .rows()?;
    Ok(Person {
        user: user.first_to_json(),
        deletions: deletions.to_json(),
        purge_at: purge.first_text("purge_at"),
        ejectable_until: eject.first_text("ejectable_until"),
        timeline: read(&versions)?,
    })
}

fn read(rows: &Rows) -> Result<Timeline> {
    let versions: Result<Vec<Version>> = rows.read().iter().map(version).collect();
    versions.map(Timeline::of)
}

fn version(row: &Row) -> Result<Version> {
    let backup_method = BackupMethod::parse(row.text("backup_method"))
        .map_err(|invalid| Error::internal(format!("a stored method must {}", invalid.0)))?;
    Ok(Version {
        id: row.text("id"),
        kind: if row.text("kind") == "custodian" {
            Kind::Custodian
        } else {
            Kind::User
        },
        entry: Entry {
            backup_method,
            backup_share_pair_id: row.optional("backup_share_pair_id"),
            stored_at: row.text("stored_at"),
        },
        superseded_at: row.optional("superseded_at"),
    })
}
