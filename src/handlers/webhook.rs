//! What Portal calls: `POST /webhook/backup` and `POST /webhook/backup/fetch`.
//!
//! Portal gives up on either after 10 seconds, and calls the second right after the first to see that the share is
//! there.

use js_sys::{Array, JsString};

use crate::auth::webhook::Portal;
use crate::config::UnknownClients;
use crate::domain::body::{CustodianBackup, parse_fetch};
use crate::domain::homes::Key;
use crate::domain::names::ClientId;
use crate::domain::recovery::half_finished;
use crate::domain::sealing::Place;
use crate::error::Result;
use crate::http::{Answer, Call};
use crate::log::{self, Field, Level};
use crate::platform::{format_date, json_object};
use crate::store::Database;
use crate::store::audit::Trail;
use crate::store::custodian_shares::{self, Fetched, SealedShare};
use crate::vault::Sealed;

/// Stores a custodian share.
///
/// 1. The body: 400, 413, 415.
/// 2. Seal the share for its client and method.
/// 3. One transaction stores it, keeps what it replaces, and leaves the audit event.
/// 4. 204, or 404 `unknown_client`.
pub async fn backup(_: Portal, call: &Call<'_>) -> Result<Answer> {
    // 1.
    let mut backup = CustodianBackup::parse(&call.json_body().await?)?;
    log_left_out(call, &backup);
    // 2. The share goes right after: many backups may wait for the database at once.
    let share = backup.share.take();
    let place = Place::custodian(&backup.client_id, backup.backup_method.as_str());
    let sealed = call
        .vault
        .seal(place, share.expose_secret().as_bytes())
        .await?;
    drop(share);
    // 3.
    store(call, &backup, &sealed).await?;
    // 4.
    Ok(Answer::no_content())
}

fn log_left_out(call: &Call<'_>, backup: &CustodianBackup) {
    if !backup.left_out.is_empty() {
        log::event(
            Level::Warn,
            "optional fields of a custodian share are of no use, and are left out",
            &[
                ("clientId", Field::Text(backup.client_id.as_str())),
                ("fields", Field::Texts(&backup.left_out)),
                ("ray", Field::Text(&call.trail.request_id)),
            ],
        );
    }
}

/// Stores the share at its client's home. A client that is registered on the way is claimed first.
async fn store(call: &Call<'_>, backup: &CustodianBackup, sealed: &Sealed) -> Result<()> {
    let client_id = &backup.client_id;
    let store = async |db: &Database, trail: &Trail, unknown_clients| {
        custodian_shares::store(db, trail, unknown_clients, backup, sealed, call.vault).await
    };
    let unknown_clients = call.settings.unknown_clients;
    if call.homes.are_many() && unknown_clients != UnknownClients::Reject {
        return call
            .homes
            .at_or_register(client_id, &call.trail, unknown_clients, store)
            .await;
    }
    call.homes
        .at(&Key::client(client_id), async |db| {
            store(db, &call.trail, unknown_clients).await
        })
        .await
}

/// Gives Portal all custodian shares of a client.
///
/// 1. The body: 400, 413, 415.
/// 2. One round trip reads the shares and leaves the audit event; 404 `unknown_client`.
/// 3. To the current shares, add the superseded ones that a half-finished backup needs.
/// 4. Open them. A current one that does not open is an error for all, which names its method: a partial answer would look
///    whole. `FETCH_PARTIAL` gives the others, if there are any. What was added does no harm to the others where it does not
///    open.
pub async fn fetch(_: Portal, call: &Call<'_>) -> Result<Answer> {
    // 1.
    let client_id = parse_fetch(&call.json_body().await?)?;
    // 2.
    let policy = call.settings.fetch_superseded;
    let fetched = call
        .homes
        .at(&Key::client(&client_id), async |db| {
            custodian_shares::fetch(db, &call.trail, policy, &client_id).await
        })
        .await?;
    // 3.
    let added = fetched.added();
    log_half_finished(call, &client_id, &fetched, added.len());
    // 4.
    let shares = Array::new();
    let mut damaged = None;
    for (entry, share) in fetched.current.iter().zip(&fetched.current_shares) {
        let backup_method = entry.backup_method.as_str();
        match open(call, &client_id, backup_method, share).await {
            Ok(share) => {
                shares.push(&share.into());
            }
            Err(error) => {
                let error = error.and_says(&format!(
                    " The custodian share under {backup_method} does not open."
                ));
                if !call.settings.fetch_partial {
                    return Err(error);
                }
                log_unopenable(call, "custodian_backup_shares", backup_method, share);
                damaged = Some(error);
            }
        }
    }
    if let Some(error) = damaged.filter(|_| shares.length() == 0) {
        return Err(error);
    }
    for index in added {
        if let (Some(version), Some(share)) = (
            fetched.superseded.get(index),
            fetched.superseded_shares.get(index),
        ) {
            let backup_method = version.backup_method.as_str();
            match open(call, &client_id, backup_method, share).await {
                Ok(share) => {
                    shares.push(&share.into());
                }
                Err(_) => log_unopenable(call, "backup_share_versions", backup_method, share),
            }
        }
    }
    Ok(Answer::json_text(json_object("backupShares", &shares)))
}

async fn open(
    call: &Call<'_>,
    client_id: &ClientId,
    backup_method: &str,
    share: &SealedShare,
) -> Result<JsString> {
    let place = Place::custodian(client_id, backup_method);
    call.vault.open(place, &share.key_id, &share.envelope).await
}

fn log_unopenable(call: &Call<'_>, table: &'static str, backup_method: &str, share: &SealedShare) {
    log::event(
        Level::Error,
        "a sealed share does not open",
        &[
            ("table", Field::Text(table)),
            ("backupMethod", Field::Text(backup_method)),
            ("keyId", Field::Text(&share.key_id)),
            ("ray", Field::Text(&call.trail.request_id)),
        ],
    );
}

/// Longer than a backup takes: Portal fetches in the midst of each, between its custodian shares and its cipher text.
const UNDER_WAY_MS: u64 = 15 * 60 * 1000;

fn log_half_finished(call: &Call<'_>, client_id: &ClientId, fetched: &Fetched, added: usize) {
    let methods = |before| half_finished(&fetched.current, &fetched.user, before);
    let half_finished: Vec<String> = methods(None).iter().map(ToString::to_string).collect();
    if half_finished.is_empty() {
        return;
    }
    let begun = format_date(call.trail.now_ms.saturating_sub(UNDER_WAY_MS));
    let level = if methods(Some(&begun)).is_empty() {
        Level::Info
    } else {
        Level::Warn
    };
    log::event(
        level,
        "half-finished backup",
        &[
            ("clientId", Field::Text(client_id.as_str())),
            ("backupMethods", Field::Texts(&half_finished)),
            ("supersededAdded", Field::Number(added as u64)),
            ("ray", Field::Text(&call.trail.request_id)),
        ],
    );
}
