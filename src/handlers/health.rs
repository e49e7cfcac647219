//! `GET /healthz` and `GET /readyz`.

use crate::domain::json::Writer;
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call};
use crate::maintenance::{ensure_canary, opens};
use crate::release;
use crate::store::health::{self, SCHEMA_VERSION};

/// The Worker runs. Asks nothing of the database.
pub fn healthz() -> Result<Answer> {
    Ok(Answer::json(200, r#"{"status":"ok"}"#))
}

/// The service can do its work.
///
/// 1. The settings are valid (or this is not reached).
/// 2. The database answers.
/// 3. Its schema is current.
/// 4. Every configured key opens its canary: it is the key that the shares were sealed with; and every key that current
///    shares are sealed with is configured. The sealing key gets its canary here if it has none.
///
/// A service that is ready also tells which release it is: `npm run verify` asks for it.
pub async fn readyz(call: &Call<'_>) -> Result<Answer> {
    let not_ready = |detail: String| Error::new(Code::Misconfigured, detail);
    // 2.
    let (schema, canaries) = health::read(call.db).await.map_err(|error| {
        if error.is_caused_by(&["no such table", "no such column"]) {
            not_ready(
                "Not ready: the database has no schema, or an older one. Apply the migrations."
                    .to_owned(),
            )
        } else {
            error
        }
    })?;
    // 3.
    if schema.is_none_or(|version| version < SCHEMA_VERSION) {
        return Err(not_ready(
            "Not ready: the database's schema is older than the Worker. Apply the migrations."
                .to_owned(),
        ));
    }
    // 4.
    for key_id in call.vault.key_ids() {
        let Some(canary) = canaries.iter().find(|canary| canary.key_id == key_id) else {
            continue;
        };
        if !opens(call.vault, canary).await {
            return Err(not_ready(format!(
                "Not ready: the key \"{key_id}\" of SHARE_ENCRYPTION_KEYS is not the one that sealed this database's shares. Put the former key back."
            )));
        }
    }
    let is_missing = |key_id: &str| call.vault.key_ids().all(|known| known != key_id);
    if let Some(missing) = canaries
        .iter()
        .find(|canary| canary.in_use && is_missing(&canary.key_id))
    {
        return Err(not_ready(format!(
            "Not ready: shares are sealed with the key \"{}\", which SHARE_ENCRYPTION_KEYS does not have. Put it back.",
            missing.key_id
        )));
    }
    ensure_canary(call.db, call.vault).await?;
    let report = Writer::default()
        .text("status", "ready")
        .text("version", release::VERSION)
        .given("release", release::digest().as_deref());
    Ok(Answer::json(200, &report.end()))
}
