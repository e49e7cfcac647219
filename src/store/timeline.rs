//! What the operators' page shows of a user: every version without its share, deletions, and the eject window.

use super::sql::sql;
use super::{Database, Row, Rows, Statement, users};
use crate::domain::names::UserId;
use crate::domain::recovery::Entry;
use crate::domain::timeline::{Timeline, Version};
use crate::error::Result;

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

const PURGE: &str = "SELECT purge_at FROM purges WHERE user_id = ?1 ORDER BY purge_at LIMIT 1";

/// The current ones and the newest 10,000 of the history.
const VERSIONS: &str = sql!("timeline_versions");

pub async fn person(db: &Database, user_id: &UserId) -> Result<Person> {
    let of_user = |sql| Statement::new(sql).text(user_id.as_str());
    let [user, deletions, purge, eject, versions] = db
        .read(vec![
            users::by_id(user_id, None),
            of_user(sql!("timeline_deletions")),
            of_user(PURGE),
            of_user(sql!("timeline_eject")),
            of_user(VERSIONS),
        ])
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
    let versions: Result<Vec<Version>> = rows.each(version).into_iter().collect();
    versions.map(Timeline::of)
}

fn version(row: &Row) -> Result<Version> {
    Ok(Version {
        id: row.text("id"),
        kind: row.kind(),
        entry: Entry {
            backup_method: row.backup_method()?,
            backup_share_pair_id: row.optional("backup_share_pair_id"),
            stored_at: row.text("stored_at"),
            earlier: None,
        },
        superseded_at: row.optional("superseded_at"),
    })
}
