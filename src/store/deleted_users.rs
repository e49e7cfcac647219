//! Deleting users, and `deleted_users`: those that can still be restored.
//!
//! A deletion moves the user and all shares into the history (by triggers); only a purge erases them.

use super::audit::{self, Trail};
use super::outcome::UserRestored;
use super::sql::sql;
use super::users::{JsonText, change_of, get_of_client};
use super::{Change, Database, Statement, maintenance, versions};
use crate::domain::names::{ClientId, UserId};
use crate::domain::sealing::Place;
use crate::domain::url;
use crate::error::{Code, Error, Result};
use crate::vault::Vault;

/// Deletes a user; it and its shares stay in the history.
pub fn delete(trail: &Trail, id: &UserId) -> Change {
    change_of(trail, "delete_user", id, "deleted", sql!("user_delete"))
}

/// The hash of the API key that [`restore`] would bring back.
pub async fn api_key_of(
    db: &Database,
    id: &UserId,
    client_id: Option<&ClientId>,
) -> Result<Option<String>> {
    let statement = Statement::new(sql!("deleted_api_key"))
        .text(id.as_str())
        .optional(client_id.map(ClientId::as_str));
    let rows = db.ask(statement).await?;
    Ok(rows.first_text("client_api_key_hash"))
}

/// Where the event says `adopted`: gives the user the custodian shares of its client's own user, whom the same transaction has
/// deleted.
pub(super) fn take_over(change: Change, id: &str, client_id: &ClientId, event_id: &str) -> Change {
    let adopt = |sql| {
        let of_client = Statement::new(sql).text(id).text(client_id.as_str());
        of_client.text(event_id)
    };
    change
        .then(adopt(sql!("adopt_versions")))
        .then(adopt(sql!("adopt_custodian")))
        .then(versions::forget_current(id))
        .then(adopt(sql!("adopt_forget_user")))
}

/// What keeps an operator from a restore.
pub struct Limits {
    /// `FOUR_EYES`: no user gets cipher texts that its API key did not open before.
    pub keys_need_approval: bool,
    /// Whoever may ask for a purge may take it back; a restore does.
    pub may_cancel_purge: bool,
    /// `jwt`: whoever has a token that names a user's id opens its cipher texts.
    pub ids_open: bool,
}

/// The answer to an operator whose role may not take back the purge that waits.
pub(super) fn purge_waits() -> Error {
    Error::new(
        Code::Forbidden,
        "A purge of this user waits. To bring the user back takes it back, which takes the role admin.",
    )
}

/// Restores the user that was deleted last under this id (with this client id, if one is given), and its shares.
///
/// It may have been registered and deleted again since: of all deletions of the same user the latest share of each
/// method comes back, so that the shares of an earlier one are not out of reach behind a later one that had none. A
/// webhook that came meanwhile may have registered the client under its own id (`UNKNOWN_CLIENTS`): what it brought, and what an
/// app stored there since, is this user's too. Custodian shares are sealed for the client; cipher texts for the user, so
/// they are sealed again first.
pub async fn restore(
    db: &Database,
    vault: &Vault,
    trail: &Trail,
    id: &UserId,
    client_id: Option<&ClientId>,
    limits: &Limits,
) -> Result<JsonText> {
    const FIND: &str = sql!("restore_find");
    // The API key too: a registration by a webhook had none.
    const USER: &str = sql!("restore_user");
    const TAKE_OVER: &str = sql!("restore_versions");
    // Of what was not adopted the user can still be restored.
    const FORGET_USER: &str = sql!("restore_forget_user");

    // 1. Which deletion is to be undone, and does nothing stand in its way?
    let client_id = client_id.map(ClientId::as_str);
    let find = Statement::new(FIND)
        .text(id.as_str())
        .optional(client_id)
        .number(limits.keys_need_approval.into())
        .number(limits.may_cancel_purge.into())
        .number(limits.ids_open.into());
    let found = db.ask(find).await?;
    let Some(deleted) = found.first() else {
        // It may be there again: by the same request sent before.
        return get_of_client(db, id, client_id).await?.ok_or_else(|| {
            Error::new(
                Code::UnknownUser,
                "No deleted user with this id is kept any more.",
            )
        });
    };
    let (client_id, deleted_at) = (deleted.text("client_id"), deleted.text("deleted_at"));
    if let Some(refusal) = deleted.optional("refusal") {
        if refusal != "conflict" {
            let user = Some((id.as_str(), client_id.as_str()));
            let outcome = match refusal.as_str() {
                "another_id" => "conflict",
                outcome => outcome,
            };
            audit::note("restore_user", db, trail, user, outcome).await?;
        }
        let client = url::encode(&client_id);
        return Err(match refusal.as_str() {
            "conflict" => Error::conflict(format!(
                "A user with this id, client id or API key is registered. Delete that one first, then restore this one \
                 with ?clientId={client}"
            )),
            "forbidden" => purge_waits(),
            "another_id" => Error::conflict(format!(
                "Cipher texts that were stored under the client's id would open with the identity provider's token of this user. \
                 POST /users/{client}/restore brings that user back; or take jwt out of CLIENT_AUTH for this restore."
            )),
            _ => Error::conflict(format!(
                "Cipher texts that were stored under the client's id would open with this user's clientApiKey. FOUR_EYES lists client-api-key, so it \
                 takes two operators: POST /users/{client}/restore, then PUT /users/{client}/client-api-key with this user's key. Then delete that \
                 user, and restore this one."
            )),
        });
    }
    // 2. What an app stored in its place, sealed for this user.
    let adopted = adopt(db, vault, id, &client_id).await?;
    // 3. Undo it. Were the way blocked meanwhile, a UNIQUE constraint stops the whole transaction.
    let of_deletion = |sql| {
        Statement::new(sql)
            .text(id.as_str())
            .text(&client_id)
            .text(&deleted_at)
    };
    let event = trail
        .statement(sql!("restore_event"))
        .text(id.as_str())
        .text(&client_id);
    let change = Change::new(&trail.event_id)
        .then(of_deletion(USER))
        .then(of_deletion(TAKE_OVER));
    let change = adopted
        .into_iter()
        .fold(change, Change::then)
        .then(of_deletion(sql!("restore_custodian")))
        .then(of_deletion(sql!("restore_user_shares")))
        .then(versions::forget_current(id.as_str()))
        .then(of_deletion(FORGET_USER))
        .event(event);
    let gone = || Error::conflict("The user was deleted or purged again meanwhile.");
    match db.change(change).await?.outcome()? {
        UserRestored::Restored => {}
        UserRestored::Conflict => return Err(gone()),
    }
    get_of_client(db, id, Some(&client_id))
        .await?
        .ok_or_else(gone)
}

/// The newest so many characters of cipher texts are adopted, and so many versions: they are part of one transaction.
const ADOPTED_CHARACTERS: u64 = 4_000_000;
const ADOPTED_VERSIONS: u64 = 200;

/// The statements that give the cipher texts of the client's own user, whom a webhook made, to the user whom the same transaction
/// restores: each is sealed for that one. What does not open, and what is more than fits, stays with its user.
async fn adopt(
    db: &Database,
    vault: &Vault,
    id: &UserId,
    client_id: &str,
) -> Result<Vec<Statement>> {
    const FIND: &str = sql!("restore_cipher_texts");
    let find = Statement::new(FIND).text(id.as_str()).text(client_id);
    let find = find.number(ADOPTED_VERSIONS).number(ADOPTED_CHARACTERS);
    let mut adopted = Vec::new();
    for row in maintenance::read_page(db, find).await? {
        let opened = vault.open_bytes(row.place(), &row.key_id, &row.envelope);
        let Some(share) = opened.await else { continue };
        let place = Place::user(id, &row.backup_method);
        let sealed = vault.seal(place, &share).await?;
        let adopt = Statement::new(sql!("restore_adopt_cipher_text"))
            .js(&sealed.envelope)
            .text(&sealed.key_id)
            .text(sealed.digest())
            .number(row.number)
            .text(&row.id)
            .text(&row.key_id)
            .text(id.as_str())
            .text(client_id);
        adopted.push(adopt);
    }
    Ok(adopted)
}
