//! What an operator is told of an id that no user has: a deleted user's, a client's, one that only Portal knows, or nobody's.

use crate::domain::homes::Key;
use crate::domain::json;
use crate::domain::names::{ClientId, UserId};
use crate::error::{Error, Result};
use crate::http::Call;
use crate::pairs::{self, Ours};
use crate::portal::{Listed, Portal};
use crate::store::outcome::{known, unknown_user};
use crate::store::support::{self as store, Deletion, Person};

/// The answer about a user who is deleted.
pub fn deleted(user_id: &UserId, person: &Person) -> Error {
    let error = unknown_user();
    let Some(latest) = &person.deletions.latest else {
        return error;
    };
    let error = error
        .detailed(deleted_detail(user_id.as_str(), latest))
        .with_member("deletedAt", json::quoted(&latest.deleted_at));
    let until = latest.restorable_until.as_deref();
    error
        .with_member(
            "restorableUntil",
            until.map_or_else(|| "null".to_owned(), json::quoted),
        )
        .with_member("deletions", person.deletions.json.clone())
}

fn deleted_detail(user_id: &str, deletion: &Deletion) -> String {
    let until = deletion.restorable_until.as_deref().unwrap_or("?");
    let why = match deletion.is_purge {
        true => "then a purge erases it, unless DELETE /users/:userId/purge takes that back",
        false => "then the retention is over",
    };
    format!(
        "The user {user_id} (client {}) was deleted at {}. POST /users/:userId/restore brings it back, with its shares, until {until}; {why}.",
        deletion.client_id, deletion.deleted_at
    )
}

/// The answer about an id that no user has: it may be a client's, here or at Portal.
pub async fn who_else(call: &Call<'_>, id: &UserId, unknown: Error) -> Error {
    match find_elsewhere(call, id, unknown).await {
        Ok(error) | Err(error) => error,
    }
}

async fn find_elsewhere(call: &Call<'_>, id: &UserId, unknown: Error) -> Result<Error> {
    let Ok(client_id) = ClientId::parse(id.as_str()) else {
        return Ok(unknown);
    };
    let retention_days = call.settings.history_retention_days;
    let key = Key::client(&client_id);
    let found = call.homes.surely_at(&key, async |db| {
        store::of_client(db, &client_id, retention_days).await
    });
    match known(found.await)? {
        Some((Some(user), _)) => {
            return Ok(unknown
                .detailed(format!(
                    "No user has the id {id}: it is the client id of the user in `user`. Ask for that user's backups."
                ))
                .with_member("user", user.json));
        }
        Some((None, deletions)) => {
            let Some(latest) = &deletions.latest else {
                return Ok(unknown);
            };
            return Ok(unknown
                .detailed(format!(
                    "No user has the id {id}: it is the client id of a user who was deleted. {}",
                    deleted_detail(&latest.user_id, latest)
                ))
                .with_member("deletions", deletions.json));
        }
        None => {}
    }
    if let Some(at) = store::purged_at(&call.homes.all().await?, id).await? {
        return Ok(unknown
            .detailed(format!(
                "The user {id} was purged at {at}: its shares are erased for good. GET /audit?userId= shows who asked for it."
            ))
            .with_member("purgedAt", json::quoted(&at)));
    }
    let Some(portal) = Portal::new(call.settings) else {
        return Ok(unknown);
    };
    let listed = portal.share_pairs(&client_id).await;
    let shown = || {
        let ours = Ours::default();
        pairs::to_json(None, &client_id, &listed, &ours)
    };
    Ok(match &listed {
        Listed::UnknownClient => unknown.detailed(format!(
            "No user has the id {id}, and it is no client's id, here or at Portal. GET /users?idBegins= and GET /users?clientIdBegins= search."
        )),
        Listed::Unavailable { .. } => unknown
            .detailed(format!(
                "No user has the id {id}, and no client here. Portal did not tell whether it has such a client; `portal` says why."
            ))
            .with_member("portal", shown()),
        Listed::Pairs(_) => unknown
            .detailed(format!(
                "No user has the id {id}, but Portal has a client of this id; `portal` lists the backups that Portal counts. Their shares are not here: \
                 Portal's webhooks for an unknown client are refused. Register the user with POST /users, and have the person back up again."
            ))
            .with_member("portal", shown()),
    })
}
