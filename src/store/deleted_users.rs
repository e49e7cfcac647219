//! `deleted_users`: users that can still be restored.

use super::audit::{Actor, Event, Trail};
use super::users::{JsonText, get};
use super::versions::insert_version;
use super::{Database, Statement};
use crate::domain::names::{ClientId, UserId};
use crate::error::{Code, Error, Result};

/// Restores the user that was deleted last under this id (with this client id, if one is given), and its shares.
///
/// It may have been registered and deleted again since: of all deletions of the same user the latest share of each
/// method comes back, so that the shares of an earlier one are not out of reach behind a later one that had none.
pub async fn restore(
    db: &Database,
    trail: &Trail,
    id: &UserId,
    client_id: Option<&ClientId>,
) -> Result<JsonText> {
    const FIND: &str = "SELECT d.client_id, d.deleted_at, \
         EXISTS (SELECT 1 FROM users u WHERE u.id = d.id OR u.client_id = d.client_id \
           OR u.client_api_key_hash = d.client_api_key_hash) AS taken \
         FROM deleted_users d WHERE d.id = ?1 AND d.client_id = coalesce(?2, d.client_id) \
         ORDER BY d.deleted_at DESC LIMIT 1";
    // The API key too: a registration by a webhook had none.
    const USER: &str = "INSERT INTO users (id, client_id, client_api_key_hash, created_at) \
         SELECT d.id, d.client_id, coalesce(d.client_api_key_hash, (SELECT e.client_api_key_hash FROM deleted_users e \
           WHERE e.id = ?1 AND e.client_id = ?2 AND e.client_api_key_hash IS NOT NULL AND e.deleted_at <= ?3 \
           ORDER BY e.deleted_at DESC LIMIT 1)), d.created_at FROM deleted_users d \
         WHERE d.id = ?1 AND d.client_id = ?2 AND d.deleted_at = ?3";
    macro_rules! shares {
        ($table:literal, $kind:literal) => {
            concat!(
                insert_version!($table),
                "FROM deleted_users d JOIN backup_share_versions v ON v.user_id = d.id AND v.client_id = d.client_id \
                   AND v.superseded_at = d.deleted_at AND v.reason = 'deleted' AND v.kind = '",
                $kind,
                "' WHERE d.id = ?1 AND d.client_id = ?2 AND d.deleted_at <= ?3 \
                 ORDER BY v.superseded_at DESC ON CONFLICT (user_id, backup_method) DO NOTHING"
            )
        };
    }
    // A version is in the history or current, never both.
    macro_rules! forget {
        ($table:literal, $kind:literal) => {
            concat!(
                "DELETE FROM backup_share_versions WHERE user_id = ?1 AND client_id = ?2 AND superseded_at <= ?3 \
                 AND reason = 'deleted' AND kind = '",
                $kind,
                "' AND id IN (SELECT id FROM ",
                $table,
                " WHERE user_id = ?1)"
            )
        };
    }
    const FORGET_USER: &str =
        "DELETE FROM deleted_users WHERE id = ?1 AND client_id = ?2 AND deleted_at <= ?3";

    // 1. Which deletion is to be undone, and does nothing stand in its way?
    let [found] = db
        .batch(vec![
            Statement::new(FIND)
                .text(id.as_str())
                .optional(client_id.map(ClientId::as_str)),
        ])
        .await?
        .rows()?;
    let Some(deleted) = found.first() else {
        return match get(db, id).await? {
            Some(user) => Ok(user), // Restored already: by the same request sent again.
            None => Err(Error::new(
                Code::UnknownUser,
                "No deleted user of this id is kept any more.",
            )),
        };
    };
    let (client_id, deleted_at) = (deleted.text("client_id"), deleted.text("deleted_at"));
    if deleted.number("taken") != 0 {
        return Err(Error::new(
            Code::Conflict,
            format!(
                "A user with this id, client id or API key is registered. Delete that one first, then restore this one \
                 with ?clientId={client_id}."
            ),
        ));
    }
    // 2. Undo it. Were the way blocked meanwhile, a UNIQUE constraint stops the whole transaction.
    let of_deletion = |sql| {
        Statement::new(sql)
            .text(id.as_str())
            .text(&client_id)
            .text(&deleted_at)
    };
    db.batch(vec![
        of_deletion(USER),
        of_deletion(shares!("custodian_backup_shares", "custodian")),
        of_deletion(shares!("user_backup_shares", "user")),
        of_deletion(forget!("custodian_backup_shares", "custodian")),
        of_deletion(forget!("user_backup_shares", "user")),
        of_deletion(FORGET_USER),
        trail.event(&Event {
            actor: Actor::Admin,
            action: "restore_user",
            user_id: Some(id.as_str()),
            client_id: Some(&client_id),
            backup_method: None,
            outcome: "restored",
        }),
    ])
    .await?;
    get(db, id)
        .await?
        .ok_or_else(|| Error::internal("the restored user is gone"))
}
