//! App users, in the ways that `CLIENT_AUTH` opens.
//!
//! Which user a credential names is decided by the batch that carries out the request (`store::user_shares`), so that
//! a request stays one round trip.

use super::refused;
use crate::config::ClientAuth;
use crate::domain::secret::CredentialHash;
use crate::error::{Error, Result};
use crate::http::Call;
use crate::store::audit::Actor;

/// What an app showed, ready to be looked up.
pub enum Credential {
    /// A Portal client API key, as the hash that `users.client_api_key_hash` holds.
    ClientApiKey(String),
}

impl Credential {
    pub async fn read(call: &Call<'_>) -> Result<Self> {
        let Some(token) = call.bearer_token() else {
            return Err(refused(
                call,
                Actor::Client,
                "Send the app's credential as Authorization: Bearer <token>.",
            )
            .await);
        };
        // The one way there is so far.
        let [ClientAuth::ClientApiKey, ..] = call.settings.client_auth.as_slice() else {
            return Err(Self::refused());
        };
        Ok(Self::ClientApiKey(CredentialHash::of(&token).to_hex()))
    }

    /// What the column of `users` that belongs to this kind of credential must hold.
    pub fn as_sql(&self) -> &str {
        match self {
            Credential::ClientApiKey(hash) => hash,
        }
    }

    /// The answer to a credential that names no user.
    pub fn refused() -> Error {
        Error::unauthorized(
            "This credential is not known. Is the user registered with it (POST /users)?",
        )
    }
}
