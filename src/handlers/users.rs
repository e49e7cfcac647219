//! The operator's routes about one user, and the list of users.

use crate::auth::admin::Admin;
use crate::domain::body::{Registration, parse_client_api_key, parse_number, parse_restore};
use crate::domain::json::Writer;
use crate::domain::names::{BackupMethod, ClientId, UserId, check_name};
use crate::domain::secret::CredentialHash;
use crate::error::{Error, Result};
use crate::handlers::portal_users;
use crate::http::{Answer, Call};
use crate::store::outcome::unknown_user;
use crate::store::purges::{self, Requested};
use crate::store::users::{self, Registered};
use crate::store::{deleted_users, eject, methods, quota, versions};

/// Registers a user with its Portal client: 201; the same again 200; a clash 409. Without a client, one is made at
/// Portal.
pub async fn register(admin: &Admin, call: &Call<'_>) -> Result<Answer> {
    let mut registration = Registration::parse(&call.json_body().await?)?;
    let Some(client_id) = registration.client_id.take() else {
        return portal_users::register(admin, call, registration).await;
    };
    let key = registration
        .client_api_key
        .ok_or_else(|| Error::field("clientApiKey", "be a string"))?;
    let hash = CredentialHash::of(key.expose_secret());
    match users::register(
        call.db,
        &call.trail,
        registration.id.as_ref(),
        &client_id,
        hash,
    )
    .await?
    {
        Registered::Created(user) => Ok(Answer::json(201, &user)),
        Registered::Same(user) => Ok(Answer::json(200, &user)),
    }
}

/// Lists users by id, or finds the one with a client id.
pub async fn list(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let limit = call.page_limit()?;
    let after = call.query_name("cursor", |text| check_name(&text).map(|()| text))?;
    let page = match call.query_name("clientId", ClientId::parse)? {
        Some(client_id) => users::with_client_id(call.db, &client_id).await?,
        None => users::list(call.db, after.as_deref().unwrap_or_default(), limit).await?,
    };
    Ok(Answer::page("users", &page))
}

pub async fn get(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let user = users::get(call.db, user_id)
        .await?
        .ok_or_else(unknown_user)?;
    Ok(Answer::json(200, &user))
}

/// Puts another API key in the place of a user's: a leaked one opens nothing from then on.
pub async fn replace_client_api_key(
    _: &Admin,
    call: &Call<'_>,
    user_id: &UserId,
) -> Result<Answer> {
    let key = parse_client_api_key(&call.json_body().await?)?;
    let hash = CredentialHash::of(key.expose_secret());
    let user = users::replace_client_api_key(call.db, &call.trail, user_id, hash).await?;
    Ok(Answer::json(200, &user))
}

/// Deletes a user, who can be restored within the retention. With `?purge=<client id>` the user is erased for good, as soon
/// as it has been deleted for `PURGE_DELAY_HOURS`: 204, or 202 with the time.
pub async fn delete(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let Some(client_id) = call.query_name("purge", ClientId::parse)? else {
        deleted_users::delete(call.db, &call.trail, user_id).await?;
        return Ok(Answer::no_content());
    };
    let delay_hours = call.settings.purge_delay_hours;
    let requested = purges::request(call.db, &call.trail, user_id, &client_id, delay_hours);
    Ok(match requested.await? {
        Requested::Purged => Answer::no_content(),
        Requested::Waits { purge_at } => {
            Answer::json(202, &Writer::default().text("purgeAt", &purge_at).end())
        }
    })
}

/// Lets a user store again who stored as much as one may within a day.
pub async fn release_quota(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    quota::release(call.db, &call.trail, user_id).await?;
    Ok(Answer::no_content())
}

/// Removes a backup method: its shares go into the history.
pub async fn remove_method(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let method = call
        .query_name("backupMethod", BackupMethod::parse)?
        .ok_or_else(|| Error::field("backupMethod", "name the method to remove"))?;
    methods::remove(call.db, &call.trail, user_id, &method).await?;
    Ok(Answer::no_content())
}

/// Takes a purge back that waits; the user stays deleted.
pub async fn cancel_purge(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    purges::cancel(call.db, &call.trail, user_id).await?;
    Ok(Answer::no_content())
}

/// Brings a deleted user back, the one deleted last or the one with the client id of the query.
pub async fn restore(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let client_id = call.query_name("clientId", ClientId::parse)?;
    let user = deleted_users::restore(call.db, &call.trail, user_id, client_id.as_ref()).await?;
    Ok(Answer::json(200, &user))
}

/// The versions that were superseded, the newest first; never a share.
pub async fn history(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let versions = versions::list(call.db, user_id).await?;
    Ok(Answer::json(
        200,
        &Writer::default().raw("versions", &versions.to_json()).end(),
    ))
}

/// Makes a superseded version current again; what it displaces is kept.
pub async fn restore_version(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let (version_id, kind) = parse_restore(&call.json_body().await?)?;
    let version = versions::restore(call.db, &call.trail, user_id, &version_id, kind).await?;
    Ok(Answer::json(200, &version))
}

const DEFAULT_EJECT_MINUTES: u32 = 5;

/// Opens the window in which the user's app may retrieve each custodian share once.
pub async fn open_eject(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let body = call.optional_json_body().await?;
    let minutes = parse_number(&body, "minutes", 1..=60, "be a whole number from 1 to 60")?;
    let until = eject::open(
        call.db,
        &call.trail,
        user_id,
        minutes.unwrap_or(DEFAULT_EJECT_MINUTES),
    )
    .await?;
    Ok(Answer::json(
        201,
        &Writer::default().text("ejectableUntil", &until).end(),
    ))
}

pub async fn close_eject(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    eject::close(call.db, &call.trail, user_id).await?;
    Ok(Answer::no_content())
}
