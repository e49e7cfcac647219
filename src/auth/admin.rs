//! Operators, by their token.

use super::refused;
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};
use crate::http::Call;
use crate::store::audit::Actor;

/// The caller is an operator.
pub struct Admin(());

impl Admin {
    pub async fn authenticate(call: &Call<'_>) -> Result<Self> {
        if call.settings.admin_tokens.is_empty() {
            return Err(Error::new(
                Code::Misconfigured,
                "The operator API is off. Set the secret ADMIN_TOKEN to at least 32 random characters to use it.",
            ));
        }
        match Self::recognise(call) {
            Some(admin) => Ok(admin),
            None => Err(refused(
                call,
                Actor::Admin,
                "Send the operator token as Authorization: Bearer <token>.",
            )
            .await),
        }
    }

    /// None: the token is not an operator's, which for some routes is not the end.
    pub fn recognise(call: &Call<'_>) -> Option<Self> {
        let given = CredentialHash::of(&call.bearer_token()?);
        // All are compared, whichever matches.
        let known = call
            .settings
            .admin_tokens
            .iter()
            .fold(false, |ok, known| ok | (*known == given));
        known.then_some(Self(()))
    }
}
