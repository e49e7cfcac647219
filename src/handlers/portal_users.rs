//! The operator's routes that need Portal: users whose client is made on the way, and sessions.

use crate::auth::admin::Admin;
use crate::config::ClientAuth;
use crate::domain::approval::FourEyes;
use crate::domain::body::Registration;
use crate::domain::json::Writer;
use crate::domain::names::{ClientId, UserId};
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};
use crate::handlers::users::{at_home, refused, user_id, wanted};
use crate::homes::{keys_of, noted};
use crate::http::{Answer, Call};
use crate::portal::Portal;
use crate::store::deleted_users::Limits;
use crate::store::outcome::known;
use crate::store::users::{self, Registered};

/// Makes a client at Portal and registers it: 201 with its credentials, which are kept nowhere here.
///
/// 1. An id that is taken, and a database that is none, are refused before Portal makes a client for nothing.
/// 2. Portal makes the client.
/// 3. It is registered. Should that fail, the answer names the client: Portal has it all the same.
pub async fn register(_: &Admin, call: &Call<'_>, registration: Registration) -> Result<Answer> {
    if registration.client_api_key.is_some() {
        return Err(Error::field(
            "clientId",
            "be a string, as `clientApiKey` is given",
        ));
    }
    let portal = Portal::new(call.settings).ok_or_else(|| {
        Error::field(
            "clientId",
            "be a string. To have Portal create the client, set the secret PORTAL_API_KEY",
        )
    })?;
    let wanted = wanted(&registration)?;
    // 1.
    call.homes.numbers(&wanted)?;
    let id = user_id(call, registration.id.as_ref())?;
    let id = match registration.id {
        Some(_) if is_taken(call, &id).await? => {
            return Err(Error::conflict(
                "This id is registered already; no client was made. If the answer with its credentials was lost, delete the user, and register it again.",
            ));
        }
        _ => id,
    };
    // 2.
    let client = portal
        .make_client(registration.is_account_abstracted)
        .await?;
    // 3. A new client has neither cipher texts nor a purge.
    let limits = Limits {
        keys_need_approval: false,
        may_cancel_purge: true,
        ids_open: false,
    };
    let hash = CredentialHash::of(client.api_key.expose_secret());
    let keys = keys_of(&id, &client.id, Some(&hash.to_hex()));
    let registered = call
        .homes
        .register(&keys, &wanted, &call.trail, async |db| {
            users::register(db, &call.trail, Some(&id), &client.id, Some(hash), &limits).await
        })
        .await;
    let refusal = refused("register_user", Some(id.as_str()), Some(client.id.as_str()));
    match noted(registered, call.db, &call.trail, &refusal).await {
        Ok(Registered::Created(_) | Registered::Same(_)) => {
            let user = Writer::default()
                .text("id", id.as_str())
                .text("clientId", client.id.as_str())
                .text("clientApiKey", client.api_key.expose_secret())
                .text("clientSessionToken", client.session_token.expose_secret());
            Ok(Answer::json(201, &user.end()).once())
        }
        Err(error) => Err(made_in_vain(error, &client.id)),
    }
}

async fn is_taken(call: &Call<'_>, id: &UserId) -> Result<bool> {
    let found = at_home(call, id, async |db| users::get(db, id).await);
    Ok(known(found.await)?.is_some())
}

/// The failure of a registration whose client is there: the same, and which client that is.
fn made_in_vain(error: Error, client: &ClientId) -> Error {
    let made = format!("Portal made the client {}", client.as_str());
    let cause = format!("{made}: {}", error.why());
    let error = if error.may_be_carried_out {
        error.detailed(format!(
            "{made}, and it may be registered: the database's answer was lost. GET /users/:userId tells. If it is registered, its credentials are lost: \
             delete the user, and register it again. If not, try again: the client has no wallet yet, and nothing depends on it."
        ))
    } else {
        error.led_in_by(&format!(
            "{made}, but it is not registered. It has no wallet yet, and nothing depends on it."
        ))
    };
    error.caused_by(cause)
}

/// A new session token of a user's client, from Portal.
pub async fn session(_: &Admin, call: &Call<'_>, user: &UserId) -> Result<Answer> {
    let portal = Portal::new(call.settings).ok_or_else(|| {
        Error::new(
            Code::Misconfigured,
            "Sessions are made by Portal: set the secret PORTAL_API_KEY to a custodian API key of Portal's dashboard.",
        )
    })?;
    // Elsewhere nothing here opens with one.
    let takes_sessions = call
        .settings
        .callers
        .client_auth
        .contains(&ClientAuth::Portal);
    let four_eyes = &call.settings.operators.four_eyes;
    let opens_none = takes_sessions && four_eyes.contains(&FourEyes::Session);
    let client_id = at_home(call, user, async |db| {
        users::client_for_session(db, &call.trail, user, opens_none).await
    });
    let client_id = client_id.await?;
    let token = portal.make_session(&client_id).await?;
    let session = Writer::default().text("clientSessionToken", token.expose_secret());
    Ok(Answer::ok(session))
}
