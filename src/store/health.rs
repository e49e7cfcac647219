//! What `/readyz` asks of the database, and the canaries of the keys.

use js_sys::JsString;

use super::audit::Trail;
use super::credential::allowed;
use super::{Database, Statement, now};
use crate::error::{Code, Error, Result};
use crate::vault::Sealed;

/// The least schema version that this code works on. Migrations only add, so a newer schema serves as well.
pub const SCHEMA_VERSION: u32 = 7;

pub(super) const SCHEMA: &str = "SELECT value FROM meta WHERE name = 'schema_version'";

/// A key's canary: what it holds is known, so it shows whether the key behind the id is still the same.
pub struct Canary {
    pub key_id: String,
    pub envelope: JsString,
    /// False where it was kept before there were any.
    pub has_check: bool,
    /// Whether current shares are sealed with the key.
    pub in_use: bool,
}

/// The schema's version and the canaries of all keys ever used.
pub async fn read(db: &Database) -> Result<(Option<u32>, Vec<Canary>)> {
    const CANARIES: &str = "SELECT k.key_id, k.sealed_canary AS sealed_share, k.key_check IS NOT NULL AS has_check, \
         EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.key_id = k.key_id) \
           OR EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.key_id = k.key_id) AS in_use FROM key_canaries k";
    let [schema, canaries] = db
        .batch(vec![Statement::new(SCHEMA), Statement::new(CANARIES)])
        .await?
        .rows()?;
    let canaries = canaries
        .read()
        .iter()
        .map(|row| Canary {
            key_id: row.text("key_id"),
            envelope: row.sealed_share(),
            has_check: row.number("has_check") != 0,
            in_use: row.number("in_use") != 0,
        })
        .collect();
    Ok((schema_version(&schema), canaries))
}

pub(super) fn schema_version(rows: &super::Rows) -> Option<u32> {
    rows.first_text("value")
        .and_then(|version| version.parse().ok())
}

macro_rules! insert_canary {
    () => {
        concat!(
            "INSERT INTO key_canaries (key_id, sealed_canary, key_check, created_at) SELECT ?1, ?2, ?3, ",
            now!()
        )
    };
}

/// Keeps the canary of a key that has none yet, and its check; the first one stays.
pub async fn keep_canary(db: &Database, canary: &Sealed) -> Result<()> {
    const SQL: &str = concat!(
        insert_canary!(),
        " WHERE true ON CONFLICT (key_id) DO UPDATE SET key_check = excluded.key_check WHERE key_check IS NULL"
    );
    let keep = Statement::new(SQL)
        .text(&canary.key_id)
        .js(&canary.envelope)
        .js(&canary.key_check);
    db.batch(vec![keep]).await.map(drop)
}

/// Carries out a store, whose `statements` end with its event. With the first one of an isolate goes the canary of its key, so
/// that the database knows from the first share on which bytes the key's id stands for.
pub(super) async fn store(
    db: &Database,
    trail: &Trail,
    mut statements: Vec<Statement>,
    sealed: &Sealed,
) -> Result<()> {
    const CANARY: &str = concat!(
        insert_canary!(),
        " WHERE EXISTS (SELECT 1 FROM audit_events WHERE id = ?4 AND outcome IN ('stored', 'unchanged')) \
         ON CONFLICT (key_id) DO NOTHING"
    );
    let count = statements.len();
    statements.extend(sealed.canary.as_ref().map(|canary| {
        Statement::new(CANARY)
            .text(&sealed.key_id)
            .js(canary)
            .js(&sealed.key_check)
            .text(&trail.event_id)
    }));
    let mut results = db.batch(statements).await?.all();
    results.truncate(count);
    let outcome = results
        .last()
        .ok_or_else(|| Error::internal("D1 answered with no results"))?;
    allowed(outcome).map(drop)
}

/// Whether the bytes behind a key's id, told by their check, are other ones than those that the database knows: what is
/// sealed with them could not be opened once the right ones are back.
macro_rules! is_wrong_key {
    ($key_id:literal, $check:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM key_canaries WHERE key_id = ",
            $key_id,
            " AND key_check <> ",
            $check,
            ")"
        )
    };
}
pub(crate) use is_wrong_key;

/// The answer where [`is_wrong_key`] holds.
pub fn wrong_key() -> Error {
    Error::new(
        Code::Misconfigured,
        "A setting is wrong; the Worker's log names it. Nothing was stored.",
    )
    .caused_by("SHARE_ENCRYPTION_KEYS: the first key is not the one that its id stood for before")
}
