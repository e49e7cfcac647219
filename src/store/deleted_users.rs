//! `deleted_users`: users that can still be restored.

use super::audit::{Actor, Event, Trail};
use super::users::{JsonText, get};
use super::versions::insert_version;
use super::{Database, Statement};
use crate::domain::names::UserId;
use crate::error::{Code, Error, Result};

/// Restores the user that was deleted last under this id, with the shares that it had.
pub async fn restore(db: &Database, trail: &Trail, id: &UserId) -> Result<JsonText> {
    const FIND: &str = "SELECT d.client_id, d.deleted_at, \
         EXISTS (SELECT 1 FROM users u WHERE u.id = d.id OR u.client_id = d.client_id \
           OR u.client_api_key_hash = d.client_api_key_hash) AS taken \
         FROM deleted_users d WHERE d.id = ?1 ORDER BY d.deleted_at DESC LIMIT 1";
    const USER: &str = "INSERT INTO users (id, client_id, client_api_key_hash, created_at) \
         SELECT id, client_id, client_api_key_hash, created_at FROM deleted_users WHERE id = ?1 AND deleted_at = ?2";
    macro_rules! shares {
        ($table:literal, $kind:literal) => {
            concat!(
                insert_version!($table),
                "FROM backup_share_versions v \
                 JOIN deleted_users d ON d.id = ?1 AND d.deleted_at = ?2 AND d.client_id = v.client_id \
                 WHERE v.user_id = ?1 AND v.kind = '",
                $kind,
                "' AND v.reason = 'deleted' AND v.superseded_at = ?2"
            )
        };
    }
    const FORGET_VERSIONS: &str = "DELETE FROM backup_share_versions WHERE user_id = ?1 AND reason = 'deleted' \
         AND superseded_at = ?2";
    const FORGET_USER: &str = "DELETE FROM deleted_users WHERE id = ?1 AND deleted_at = ?2";

    // 1. Which deletion is to be undone, and does nothing stand in its way?
    let [found] = db
        .batch(vec![Statement::new(FIND).text(id.as_str())])
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
    if deleted.number("taken") != 0 {
        return Err(Error::new(
            Code::Conflict,
            "A user with this id, client id or API key is registered. Delete that one first.",
        ));
    }
    let (client_id, deleted_at) = (deleted.text("client_id"), deleted.text("deleted_at"));
    // 2. Undo it. Were the way blocked meanwhile, a UNIQUE constraint stops the whole transaction.
    let of_deletion = |sql| Statement::new(sql).text(id.as_str()).text(&deleted_at);
    db.batch(vec![
        of_deletion(USER),
        of_deletion(shares!("custodian_backup_shares", "custodian")),
        of_deletion(shares!("user_backup_shares", "user")),
        of_deletion(FORGET_VERSIONS),
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
