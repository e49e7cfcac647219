//! Deleting users, and `deleted_users`: those that can still be restored.
//!
//! A deletion moves the user and all shares into the history (by triggers); only a purge erases them.

use super::audit::{Trail, audit_columns, outcome_is};
use super::outcome::{Deleted, UserRestored};
use super::users::{JsonText, event_of_user, get_of_client};
use super::versions::{insert_version, is_current};
use super::{Change, Database, Statement, at, maintenance};
use crate::domain::names::{ClientId, UserId};
use crate::domain::sealing::Place;
use crate::domain::url;
use crate::error::{Code, Error, Result};
use crate::vault::Vault;

/// Deletes a user; it and its shares stay in the history.
pub async fn delete(db: &Database, trail: &Trail, id: &UserId) -> Result<()> {
    const DELETE: &str = concat!(
        "DELETE FROM users WHERE id = ?1 AND ",
        outcome_is!("?2", "deleted")
    );
    let delete = Statement::new(DELETE)
        .text(id.as_str())
        .text(&trail.event_id);
    let change = Change::new(&trail.event_id)
        .event(event_of_user(trail, "delete_user", id, "deleted"))
        .then(delete);
    match db.change(change).await?.outcome()? {
        Deleted::Deleted => Ok(()),
    }
}

/// The hash of the API key that [`restore`] would bring back.
pub async fn api_key_of(
    db: &Database,
    id: &UserId,
    client_id: Option<&ClientId>,
) -> Result<Option<String>> {
    let statement = Statement::new(include_str!("sql/deleted_api_key.sql"))
        .text(id.as_str())
        .optional(client_id.map(ClientId::as_str));
    let [rows] = db.read(vec![statement]).await?.rows()?;
    Ok(rows.first_text("client_api_key_hash"))
}

/// Gives what webhooks brought to the client ?2 in its own name to the user ?1: in the history, and where $deletion, a condition in
/// SQL, holds for the deletion `d` of the client's own user.
macro_rules! take_over {
    ($deletion:expr) => {
        concat!(
            "UPDATE backup_share_versions SET user_id = ?1 WHERE user_id = ?2 AND client_id = ?2 AND kind = 'custodian' \
             AND ?1 <> ?2 AND EXISTS (SELECT 1 FROM deleted_users d WHERE d.id = ?2 AND ",
            $deletion,
            ")"
        )
    };
}
/// Makes what the user ?1 with the client ?2 had at a deletion `d`, of which $deletion holds, current again.
macro_rules! shares {
    ($table:literal, $kind:literal, $deletion:expr) => {
        concat!(
            insert_version!($table),
            "FROM backup_share_versions v WHERE v.user_id = ?1 AND v.client_id = ?2 AND v.kind = '",
            $kind,
            "' AND v.reason = 'deleted' AND v.superseded_at IN (SELECT d.deleted_at FROM deleted_users d WHERE ",
            $deletion,
            ") ORDER BY v.superseded_at DESC ON CONFLICT DO NOTHING"
        )
    };
}
/// A version is in the history or current, never both.
macro_rules! forget {
    ($table:literal, $kind:literal) => {
        concat!(
            "DELETE FROM backup_share_versions AS v WHERE v.user_id = ?1 AND v.client_id = ?2 AND ",
            is_current!($table, $kind)
        )
    };
}

/// A condition in SQL: the client ?2 was its own user, and webhooks alone ever made that one.
macro_rules! was_of_webhook {
    () => {
        "NOT EXISTS (SELECT 1 FROM deleted_users k WHERE k.id = ?2 AND k.client_id = ?2 AND NOT k.made_by_webhook)"
    };
}

/// Where the event says `adopted`: gives the user the custodian shares of its client's own user, whom the same transaction has
/// deleted.
pub(super) fn take_over(id: &str, client_id: &ClientId, event_id: &str) -> [Statement; 4] {
    macro_rules! is_adopted {
        () => {
            concat!(
                "d.id = ?2 AND d.client_id = ?2 AND ",
                outcome_is!("?3", "adopted")
            )
        };
    }
    const TAKE_OVER: &str = take_over!(is_adopted!());
    const SHARES: &str = shares!("custodian_backup_shares", "custodian", is_adopted!());
    const FORGET: &str = concat!(
        forget!("custodian_backup_shares", "custodian"),
        " AND ",
        outcome_is!("?3", "adopted")
    );
    const FORGET_USER: &str = concat!("DELETE FROM deleted_users AS d WHERE ", is_adopted!());
    [TAKE_OVER, SHARES, FORGET, FORGET_USER].map(|sql| {
        let of_client = Statement::new(sql).text(id).text(client_id.as_str());
        of_client.text(event_id)
    })
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
) -> Result<JsonText> {
    const FIND: &str = "SELECT d.client_id, d.deleted_at, \
         EXISTS (SELECT 1 FROM users u WHERE u.id = d.id OR u.client_id = d.client_id \
           OR u.client_api_key_hash = d.client_api_key_hash) AS taken \
         FROM deleted_users d WHERE d.id = ?1 AND d.client_id = coalesce(?2, d.client_id) \
         ORDER BY d.deleted_at DESC LIMIT 1";
    // The API key too: a registration by a webhook had none.
    const USER: &str = "INSERT INTO users (id, client_id, client_api_key_hash, created_at, made_by_webhook) \
         SELECT d.id, d.client_id, coalesce(d.client_api_key_hash, (SELECT e.client_api_key_hash FROM deleted_users e \
           WHERE e.id = ?1 AND e.client_id = ?2 AND e.client_api_key_hash IS NOT NULL AND e.deleted_at <= ?3 \
           AND NOT EXISTS (SELECT 1 FROM users u WHERE u.client_api_key_hash = e.client_api_key_hash) \
           ORDER BY e.deleted_at DESC LIMIT 1)), d.created_at, d.made_by_webhook FROM deleted_users d \
         WHERE d.id = ?1 AND d.client_id = ?2 AND d.deleted_at = ?3";
    // The deletion `d` is one of this user, or of what a webhook registered in its place.
    macro_rules! is_of_user {
        () => {
            concat!(
                "d.client_id = ?2 AND (d.id = ?1 AND d.deleted_at <= ?3 OR d.id = ?2 AND ",
                was_of_webhook!(),
                ")"
            )
        };
    }
    const TAKE_OVER: &str = take_over!(is_of_user!());
    // Of what was not adopted the user can still be restored.
    const FORGET_USER: &str = concat!(
        "DELETE FROM deleted_users AS d WHERE ",
        is_of_user!(),
        " AND (d.id = ?1 OR NOT EXISTS (SELECT 1 FROM backup_share_versions s \
           WHERE s.user_id = ?2 AND s.client_id = ?2 AND s.kind = 'user'))"
    );
    const EVENT: &str = concat!(
        "INSERT INTO audit_events (",
        audit_columns!(),
        ") SELECT ?1, ",
        at!("?2"),
        ", 'admin', 'restore_user', ?5, ?6, NULL, iif(EXISTS (SELECT 1 FROM users WHERE id = ?5 AND client_id = ?6), \
         'restored', 'conflict'), ?3, ?4 RETURNING outcome"
    );

    // 1. Which deletion is to be undone, and does nothing stand in its way?
    let client_id = client_id.map(ClientId::as_str);
    let [found] = db
        .read(vec![
            Statement::new(FIND).text(id.as_str()).optional(client_id),
        ])
        .await?
        .rows()?;
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
    if deleted.number("taken") != 0 {
        return Err(Error::new(
            Code::Conflict,
            format!(
                "A user with this id, client id or API key is registered. Delete that one first, then restore this one \
                 with ?clientId={}",
                url::encode(&client_id)
            ),
        ));
    }
    // 2. What an app stored in its place, sealed for this user.
    let adopted = adopt(db, vault, id, &client_id).await?;
    // 3. Undo it. Were the way blocked meanwhile, a UNIQUE constraint stops the whole transaction.
    let of_client = |sql| Statement::new(sql).text(id.as_str()).text(&client_id);
    let of_deletion = |sql| of_client(sql).text(&deleted_at);
    let event = trail.statement(EVENT).text(id.as_str()).text(&client_id);
    let change = Change::new(&trail.event_id)
        .then(of_deletion(USER))
        .then(of_deletion(TAKE_OVER));
    let change = adopted
        .into_iter()
        .fold(change, Change::then)
        .then(of_deletion(shares!(
            "custodian_backup_shares",
            "custodian",
            is_of_user!()
        )))
        .then(of_deletion(shares!(
            "user_backup_shares",
            "user",
            is_of_user!()
        )))
        .then(of_client(forget!("custodian_backup_shares", "custodian")))
        .then(of_client(forget!("user_backup_shares", "user")))
        .then(of_deletion(FORGET_USER))
        .event(event);
    let gone = || {
        Error::new(
            Code::Conflict,
            "The user was deleted or purged again meanwhile.",
        )
    };
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
    const FIND: &str = concat!(
        "SELECT row, id, kind, user_id, client_id, backup_method, key_id, sealed_share FROM ( \
           SELECT *, sum(length(sealed_share)) OVER (ORDER BY superseded_at DESC, row) - length(sealed_share) AS bytes_before FROM ( \
             SELECT t.rowid AS row, t.* FROM backup_share_versions t \
             WHERE t.user_id = ?2 AND t.client_id = ?2 AND t.kind = 'user' AND ?1 <> ?2 AND ",
        was_of_webhook!(),
        " ORDER BY t.superseded_at DESC LIMIT ?3)) WHERE bytes_before < ?4"
    );
    const ADOPT: &str = "UPDATE backup_share_versions SET sealed_share = ?1, key_id = ?2, share_digest = ?3, user_id = ?7 \
         WHERE rowid = ?4 AND id = ?5 AND key_id = ?6 AND EXISTS (SELECT 1 FROM users WHERE id = ?7 AND client_id = ?8)";
    let find = Statement::new(FIND).text(id.as_str()).text(client_id);
    let find = find.number(ADOPTED_VERSIONS).number(ADOPTED_CHARACTERS);
    let mut adopted = Vec::new();
    for row in maintenance::read_page(db, find).await? {
        let opened = vault.open_bytes(row.place(), &row.key_id, &row.envelope);
        let Some(share) = opened.await else { continue };
        let place = Place::user(id, &row.backup_method);
        let sealed = vault.seal(place, &share).await?;
        let adopt = Statement::new(ADOPT)
            .js(&sealed.envelope)
            .text(&sealed.key_id)
            .js(&sealed.digest)
            .number(row.number)
            .text(&row.id)
            .text(&row.key_id)
            .text(id.as_str())
            .text(client_id);
        adopted.push(adopt);
    }
    Ok(adopted)
}
