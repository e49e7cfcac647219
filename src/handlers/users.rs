//! The operator's routes about one user, and the list of users.

use crate::auth::admin::Admin;
use crate::domain::approval::FourEyes;
use crate::domain::body::{
    Registration, parse_client_api_key, parse_number, parse_reason, parse_restore, parse_waiting,
};
use crate::domain::json::Writer;
use crate::domain::names::{BackupMethod, ClientId, InvalidName, UserId, check_name};
use crate::domain::secret::CredentialHash;
use crate::error::{Error, Result};
use crate::handlers::approvals::{self, Asked};
use crate::handlers::portal_users;
use crate::http::{Answer, Call};
use crate::store::approvals::Request;
use crate::store::outcome::unknown_user;
use crate::store::purges::{self, Requested};
use crate::store::users::{self, Registered};
use crate::store::{audit, deleted_users, eject, methods, quota, versions};

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

/// Lists users by id, all or those whose id or client id begins with a text, or finds the one with a client id.
pub async fn list(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let limit = call.page_limit()?;
    let after = call.query_name("cursor", |text| check_name(&text).map(|()| text))?;
    let beginning = |field| call.query_name(field, |text| check_name(&text).map(|()| text));
    let (id_begins, client_id_begins) = (beginning("idBegins")?, beginning("clientIdBegins")?);
    let after = after.as_deref().unwrap_or_default();
    let page = match (
        call.query_name("clientId", ClientId::parse)?,
        client_id_begins,
    ) {
        (Some(client_id), _) => users::with_client_id(call.db, &client_id).await?,
        (None, Some(begins)) => users::list_by_client(call.db, &begins, after, limit).await?,
        (None, None) => {
            users::list(
                call.db,
                id_begins.as_deref().unwrap_or_default(),
                after,
                limit,
            )
            .await?
        }
    };
    Ok(Answer::page("users", &page))
}

pub async fn get(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let user = users::get(call.db, user_id)
        .await?
        .ok_or_else(unknown_user)?;
    Ok(Answer::json(200, &user))
}

/// What was carried out: the answer, before it is one, for it may stand in that of an approval.
pub struct Done {
    pub status: u16,
    /// JSON.
    pub body: Option<String>,
}

impl Done {
    fn json(status: u16, body: String) -> Self {
        Self {
            status,
            body: Some(body),
        }
    }

    fn answer(self) -> Answer {
        match self.body {
            Some(body) => Answer::json(self.status, &body),
            None => Answer::no_content(),
        }
    }
}

/// Carries out a request that waited, with what it asked for.
pub async fn carry_out(call: &Call<'_>, request: &Request) -> Result<Done> {
    let (user_id, parameters) = (&request.user_id, request.parameters.as_str());
    match request.action {
        FourEyes::Eject => {
            let minutes = parse_waiting(parameters, "minutes", |text| {
                text.parse().map_err(|_| InvalidName("be a number"))
            })?;
            open_window(call, user_id, minutes).await
        }
        FourEyes::Purge => {
            let client_id = parse_waiting(parameters, "clientId", ClientId::parse)?;
            purge(call, user_id, &client_id).await
        }
        FourEyes::ClientApiKey => {
            let hash = parse_waiting(parameters, "clientApiKeyHash", Ok)?;
            replace_key(call, user_id, &hash).await
        }
    }
}

/// Puts another API key in the place of a user's: a leaked one opens nothing from then on.
pub async fn replace_client_api_key(
    admin: &Admin,
    call: &Call<'_>,
    user_id: &UserId,
) -> Result<Answer> {
    let body = call.json_body().await?;
    let key = parse_client_api_key(&body)?;
    let hash = CredentialHash::of(key.expose_secret()).to_hex();
    let asked = Asked {
        action: FourEyes::ClientApiKey,
        event: "replace_client_api_key",
        user_id,
        parameters: &Writer::default().text("clientApiKeyHash", &hash).end(),
        reason: parse_reason(&body)?,
    };
    if let Some(waits) = approvals::wait(admin, call, &asked).await? {
        return Ok(waits);
    }
    Ok(replace_key(call, user_id, &hash).await?.answer())
}

async fn replace_key(call: &Call<'_>, user_id: &UserId, hash: &str) -> Result<Done> {
    let user = users::replace_client_api_key(call.db, &call.trail, user_id, hash).await?;
    Ok(Done::json(200, user))
}

/// Deletes a user, who can be restored within the retention. With `?purge=<client id>` the user is erased for good, as soon
/// as it has been deleted for `PURGE_DELAY_HOURS`: 204, or 202 with the time.
pub async fn delete(admin: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let client_id = call.query_name("purge", ClientId::parse)?;
    let reason = call.reason().await?;
    let Some(client_id) = client_id else {
        call.db.because(reason);
        deleted_users::delete(call.db, &call.trail, user_id).await?;
        return Ok(Answer::no_content());
    };
    let asked = Asked {
        action: FourEyes::Purge,
        event: "purge_user",
        user_id,
        parameters: &Writer::default().text("clientId", client_id.as_str()).end(),
        reason,
    };
    if let Some(waits) = approvals::wait(admin, call, &asked).await? {
        return Ok(waits);
    }
    Ok(purge(call, user_id, &client_id).await?.answer())
}

async fn purge(call: &Call<'_>, user_id: &UserId, client_id: &ClientId) -> Result<Done> {
    let delay_hours = call.settings.purge_delay_hours;
    let requested = purges::request(call.db, &call.trail, user_id, client_id, delay_hours);
    Ok(match requested.await? {
        Requested::Purged => Done {
            status: 204,
            body: None,
        },
        Requested::Waits { purge_at } => {
            Done::json(202, Writer::default().text("purgeAt", &purge_at).end())
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
    call.db.because(call.reason().await?);
    let user = deleted_users::restore(call.db, &call.trail, user_id, client_id.as_ref()).await?;
    Ok(Answer::json(200, &user))
}

/// The versions that were superseded, the newest first; never a share.
pub async fn history(admin: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    audit::note_view(call.db, &call.trail, admin.name(), user_id).await?;
    let versions = versions::list(call.db, user_id).await?;
    Ok(Answer::json(
        200,
        &Writer::default().raw("versions", &versions.to_json()).end(),
    ))
}

/// Makes a superseded version current again; what it displaces is kept.
pub async fn restore_version(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let body = call.json_body().await?;
    let (version_id, kind) = parse_restore(&body)?;
    call.db.because(parse_reason(&body)?);
    let version = versions::restore(call.db, &call.trail, user_id, &version_id, kind).await?;
    Ok(Answer::json(200, &version))
}

const DEFAULT_EJECT_MINUTES: u32 = 5;

/// Opens the window in which the user's app may retrieve each custodian share once.
pub async fn open_eject(admin: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let body = call.optional_json_body().await?;
    let minutes = parse_number(&body, "minutes", 1..=60, "be a whole number from 1 to 60")?
        .unwrap_or(DEFAULT_EJECT_MINUTES);
    let asked = Asked {
        action: FourEyes::Eject,
        event: "open_eject",
        user_id,
        parameters: &Writer::default()
            .text("minutes", &minutes.to_string())
            .end(),
        reason: parse_reason(&body)?,
    };
    if let Some(waits) = approvals::wait(admin, call, &asked).await? {
        return Ok(waits);
    }
    Ok(open_window(call, user_id, minutes).await?.answer())
}

async fn open_window(call: &Call<'_>, user_id: &UserId, minutes: u32) -> Result<Done> {
    let until = eject::open(call.db, &call.trail, user_id, minutes).await?;
    Ok(Done::json(
        201,
        Writer::default().text("ejectableUntil", &until).end(),
    ))
}

pub async fn close_eject(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    call.db.because(call.reason().await?);
    eject::close(call.db, &call.trail, user_id).await?;
    Ok(Answer::no_content())
}
