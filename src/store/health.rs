//! What `/readyz` asks of the database.

use js_sys::JsString;

use super::sql::sql;
use super::{Database, Row, Rows, Statement, ask_each, meta};
use crate::error::Result;

/// The least schema version that this code works on. Migrations only add, so a newer schema serves as well.
pub const SCHEMA_VERSION: u32 = 29;

pub(super) fn schema() -> Statement {
    meta::get("schema_version")
}

/// A key's canary: what it holds is known, so it shows whether the key behind the id is still the same.
pub struct Canary {
    pub key_id: String,
    pub envelope: JsString,
    /// False where it was kept before there were any.
    pub has_check: bool,
    /// Whether current shares are sealed with the key.
    pub in_use: bool,
}

/// The canaries of all keys ever used.
const CANARIES: &str = sql!("health_canaries");

/// One that never ran is due since the first event.
const RAN_AT: &str = "SELECT coalesce((SELECT value FROM metric_marks WHERE name = 'at'), (SELECT at FROM audit_events WHERE id > '' ORDER BY id LIMIT 1)) AS value";

pub struct Health {
    pub schema: Option<u32>,
    /// Of all keys ever used.
    pub canaries: Vec<Canary>,
    /// When the schedule ran through last, ISO 8601; where it never did, when the service was first used.
    pub schedule_ran_at: Option<String>,
}

pub async fn read(db: &Database) -> Result<Health> {
    let [schema, canaries, ran_at] = db
        .read(vec![
            schema(),
            Statement::new(CANARIES),
            Statement::new(RAN_AT),
        ])
        .await?
        .rows()?;
    Ok(Health {
        schema: schema_version(&schema),
        canaries: read_canaries(&canaries),
        schedule_ran_at: ran_at.first_text("value"),
    })
}

/// The canaries of all keys ever used; whether shares need the key is not asked.
pub(super) fn canaries() -> Statement {
    Statement::new("SELECT key_id, sealed_canary AS sealed_share FROM key_canaries")
}

pub(super) fn read_canaries(rows: &Rows) -> Vec<Canary> {
    let read = |row: &Row| Canary {
        key_id: row.text("key_id"),
        envelope: row.sealed_share(),
        has_check: row.flag("has_check"),
        in_use: row.flag("in_use"),
    };
    rows.each(read)
}

/// The canaries of each of these homes, or why it does not tell.
pub async fn canaries_of_each(homes: &[Database]) -> Vec<Result<Vec<Canary>>> {
    let answers = ask_each(homes, &Statement::new(CANARIES)).await.into_iter();
    answers
        .map(|answer| answer.map(|rows| read_canaries(&rows)))
        .collect()
}

pub(super) fn schema_version(rows: &Rows) -> Option<u32> {
    rows.first_text("value")
        .and_then(|version| version.parse().ok())
}
