//! App users, in the ways that `CLIENT_AUTH` opens.
//!
//! A credential is a user's in one of three columns of `users`: the hash of an API key, the user's id (proven by the
//! identity provider's token), the client id (proven by Portal). Which user has it, and whether it is the path's, is
//! decided by the batch that carries out the request (`store::user_shares`), so that a request stays one round trip.

use super::jwt::{self, Denied};
use super::{known, portal, refused};
use crate::config::{ClientAuth, IdentityProvider};
use crate::domain::claims;
use crate::domain::jwt::{Refusal, TOO_LONG};
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};
use crate::http::Call;
use crate::store::audit::Actor;

/// What an app showed, ready to be looked up.
pub enum Credential {
    /// A Portal client API key, as the hash that `users.client_api_key_hash` holds.
    ClientApiKey(String),
    /// The user's id, as the identity provider signed it.
    User(String),
    /// The client's id, as Portal said it.
    PortalClient(String),
}

impl Credential {
    /// Tries the ways in the order of `CLIENT_AUTH`; the first that recognises the token decides.
    ///
    /// When somebody who would have to be asked does not answer, the other ways are tried all the same. Only if none
    /// recognises the token, it is 503: nobody is told that a token is wrong which may be right.
    pub async fn read(call: &Call<'_>) -> Result<Self> {
        if call.has_long_credential() {
            let error = refused(call, Actor::Client, Error::unauthorized(TOO_LONG)).await;
            return Err(error.caused_by(Refusal::TooLong.reason()));
        }
        let Some(token) = call.bearer_token() else {
            let detail = "Send the app's credential as Authorization: Bearer <token>.";
            return Err(refused(call, Actor::Client, Error::unauthorized(detail)).await);
        };
        let callers = &call.settings.callers;
        let mut unavailable = None;
        let mut reason = None;
        let mut detail = "This credential is not known, or no longer.";
        for (at, way) in callers.client_auth.iter().enumerate() {
            match way {
                ClientAuth::ClientApiKey => {
                    let hash = CredentialHash::of(token).to_hex();
                    // As the last way it needs no look of its own: the request's batch finds out.
                    let decides = at + 1 == callers.client_auth.len() && unavailable.is_none();
                    if decides || call.homes.owner_of_api_key(&hash).await?.is_some() {
                        return Ok(Self::ClientApiKey(hash));
                    }
                }
                ClientAuth::Jwt => match user_of(token, callers.identity_provider.as_ref()).await {
                    Ok(user) => return Ok(Self::User(user)),
                    Err(Denied::Refused(refusal)) => {
                        reason = Some(refusal.reason());
                        // The provider signed it, so it is nobody else's: nobody else sees it.
                        if let Some(told) = refusal.detail() {
                            detail = told;
                            break;
                        }
                    }
                    Err(Denied::Unavailable) => {
                        unavailable =
                            Some("the identity provider's keys cannot be fetched".to_owned());
                    }
                },
                ClientAuth::Portal if is_ours(call, token) => {}
                ClientAuth::Portal => {
                    match portal::client_of(&callers.portal_api_url, token).await {
                        portal::Answer::Client(client) => {
                            return Ok(Self::PortalClient(client.to_string()));
                        }
                        portal::Answer::Refused => {}
                        portal::Answer::Unavailable(cause) => unavailable = Some(cause),
                    }
                }
            }
        }
        if let Some(cause) = unavailable {
            return Err(Error::unavailable(5, cause));
        }
        let error = refused(call, Actor::Client, Error::unauthorized(detail)).await;
        Err(match reason {
            Some(reason) => error.caused_by(reason),
            None => error,
        })
    }

    /// The same error; a refused credential's names the ways that are on.
    pub fn named_ways(call: &Call<'_>, error: Error) -> Error {
        if error.code != Code::Unauthorized {
            return error;
        }
        let ways = call.settings.callers.client_auth.iter();
        let ways: Vec<&str> = ways.map(|way| way.credential()).collect();
        error.and_says(&format!(" CLIENT_AUTH takes {}.", ways.join(", or ")))
    }
}

/// Whether it is an operator's token or a webhook's secret, sent here by mistake: Portal must not see it.
fn is_ours(call: &Call<'_>, token: &str) -> bool {
    let hash = CredentialHash::of(token);
    let settings = call.settings;
    known(&settings.admin_tokens, hash).is_some()
        || known(&settings.webhook_secrets, hash).is_some()
        || settings.operators.with_token(hash).is_some()
}

async fn user_of(
    token: &str,
    provider: Option<&IdentityProvider>,
) -> std::result::Result<String, Denied> {
    let provider = provider.ok_or(Denied::Refused(Refusal::Issuer))?;
    let claims = jwt::verify(token, &provider.issuer).await?;
    Ok(claims::user_of(&claims, &provider.user_claim)?)
}
