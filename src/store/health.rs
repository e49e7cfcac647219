//! What `/readyz` asks of the database.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use super::{Database, Statement, now};
use crate::error::Result;
use crate::vault::Sealed;

/// The least schema version that this code works on. Migrations only add, so a newer schema serves as well.
pub const SCHEMA_VERSION: u32 = 4;

const SCHEMA: &str = "SELECT value FROM meta WHERE name = 'schema_version'";

/// A key's canary: what it holds is known, so it shows whether the key behind the id is still the same.
pub struct Canary {
    pub key_id: String,
    pub envelope: JsString,
}

#[wasm_bindgen]
extern "C" {
    type Row;
    #[wasm_bindgen(method, getter)]
    fn key_id(this: &Row) -> String;
    #[wasm_bindgen(method, getter)]
    fn sealed_canary(this: &Row) -> JsString;
}

/// The schema's version and the canaries of all keys ever used.
pub async fn read(db: &Database) -> Result<(Option<u32>, Vec<Canary>)> {
    const CANARIES: &str = "SELECT key_id, sealed_canary FROM key_canaries";
    let [schema, canaries] = db
        .batch([Statement::new(SCHEMA), Statement::new(CANARIES)])
        .await?;
    let canaries = canaries
        .typed::<Row>()
        .map(|row| Canary {
            key_id: row.key_id(),
            envelope: row.sealed_canary(),
        })
        .collect();
    Ok((schema_version(&schema), canaries))
}

pub async fn read_schema_version(db: &Database) -> Result<Option<u32>> {
    let [schema] = db.batch([Statement::new(SCHEMA)]).await?;
    Ok(schema_version(&schema))
}

fn schema_version(rows: &super::Rows) -> Option<u32> {
    rows.first_text("value")
        .and_then(|version| version.parse().ok())
}

/// Keeps the canary of a key that has none yet; the first one stays.
pub async fn keep_canary(db: &Database, sealed: &Sealed) -> Result<()> {
    const SQL: &str = concat!(
        "INSERT INTO key_canaries (key_id, sealed_canary, created_at) SELECT ?1, ?2, ",
        now!(),
        " WHERE true ON CONFLICT DO NOTHING"
    );
    db.batch([Statement::new(SQL)
        .text(&sealed.key_id)
        .js(&sealed.envelope)])
        .await
        .map(drop)
}
