//! `user_backup_shares`: the cipher texts that apps store and fetch.
//!
//! The app's credential is checked by the same batch that carries out the request. Each statement depends on it by
//! itself, so that a refused credential changes and reads nothing.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use super::audit::Trail;
use super::canaries::{self, Same};
use super::changes::Whose;
use super::outcome::Stored;
use super::sql::sql;
use super::{Change, Database, Statement};
use crate::auth::client::Credential;
use crate::domain::body::UserBackup;
use crate::domain::names::{BackupMethod, UserId};
use crate::domain::sealing::Place;
use crate::error::Result;
use crate::vault::{Sealed, Vault};

/// Stores a user's cipher text: one transaction that checks the credential and keeps what it replaces. Says whether it
/// replaced another one alone.
pub async fn store(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    user_id: &UserId,
    backup: &UserBackup,
    sealed: &Sealed,
    vault: &Vault,
) -> Result<Stored> {
    let method = backup.backup_method.as_str();
    let pair_id = backup.backup_share_pair_id.as_ref().map(|id| id.as_str());
    let whose = Whose::User(user_id.as_str());
    let same = Same {
        vault,
        place: Place::user(user_id, method),
        read: sql!("user_share_same"),
    };
    canaries::store(db, trail, sealed, &whose, same, &|trail| {
        let [from, to] = trail.later();
        let event = trail
            .statement(sql!("user_share_store_event"))
            .text(user_id.as_str())
            .text(method)
            .credential(credential)
            .text(&sealed.key_id)
            .text(&sealed.canary.check)
            .text(&sealed.digests)
            .optional(pair_id)
            .text(&from)
            .text(&to)
            .text(&sealed.text_digests);
        let store = Statement::new(sql!("user_share_store"))
            .text(&trail.event_id)
            .text(user_id.as_str())
            .text(method)
            .optional(pair_id)
            .sealed(sealed)
            .text(sealed.text_digest())
            .text(&sealed.digests);
        Change::new(&trail.event_id).event(event).then(store)
    })
    .await
}

#[wasm_bindgen]
extern "C" {
    type Row;
    #[wasm_bindgen(method, getter)]
    fn backup_method(this: &Row) -> String;
    #[wasm_bindgen(method, getter)]
    fn key_id(this: &Row) -> String;
    #[wasm_bindgen(method, getter)]
    fn sealed_share(this: &Row) -> JsString;
}

/// A sealed cipher text, and the method that it is stored under: that of the request, or `UNKNOWN`.
pub struct SealedUserShare {
    pub backup_method: String,
    pub key_id: String,
    pub envelope: JsString,
}

/// Which of a user's shares is wanted.
pub enum Wanted<'a> {
    /// The current one under the method, else the one under `UNKNOWN`.
    Method(&'a BackupMethod),
    /// The one of a pair, under a method if one is given.
    Pair {
        id: &'a str,
        method: Option<&'a BackupMethod>,
    },
}

/// Fetches a user's cipher text. None: there is none.
pub async fn fetch(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    user_id: &UserId,
    wanted: &Wanted<'_>,
) -> Result<Option<SealedUserShare>> {
    let user = user_id.as_str();
    let (share, event) = match wanted {
        Wanted::Method(method) => {
            let method = method.as_str();
            (
                Statement::new(sql!("user_share_fetch"))
                    .text(user)
                    .credential(credential)
                    .text(method),
                trail
                    .statement(sql!("user_share_fetch_event"))
                    .text(user)
                    .text(method)
                    .credential(credential),
            )
        }
        Wanted::Pair { id, method } => {
            let method = method.map(BackupMethod::as_str);
            (
                Statement::new(sql!("user_share_fetch_pair"))
                    .text(user)
                    .credential(credential)
                    .optional(method)
                    .text(id),
                trail
                    .statement(sql!("user_share_fetch_pair_event"))
                    .text(user)
                    .optional(method)
                    .credential(credential)
                    .text(id),
            )
        }
    };
    let rows = db.recover(trail, user, share, event).await?;
    Ok(rows.typed::<Row>().next().map(|row| SealedUserShare {
        backup_method: row.backup_method(),
        key_id: row.key_id(),
        envelope: row.sealed_share(),
    }))
}
