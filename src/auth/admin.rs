//! Operators: by their token, or through Cloudflare Access.

use super::{access, refused};
use crate::error::{Code, Error, Result};
use crate::http::Call;
use crate::store::audit::Actor;

/// The caller is an operator.
pub struct Admin(());

impl Admin {
    pub async fn authenticate(call: &Call<'_>) -> Result<Self> {
        if call.settings.admin_tokens.is_empty() && call.settings.callers.access.is_none() {
            return Err(Error::new(
                Code::Misconfigured,
                "The operator API is off. Set the secret ADMIN_TOKEN to at least 32 random characters to use it.",
            ));
        }
        match Self::recognise(call).await? {
            Some(admin) => Ok(admin),
            None => Err(refused(
                call,
                Actor::Admin,
                "Send the operator token as Authorization: Bearer <token>.",
            )
            .await),
        }
    }

    /// None: the caller is no operator, which for some routes is not the end.
    pub async fn recognise(call: &Call<'_>) -> Result<Option<Self>> {
        if let Some(given) = call.bearer_hash() {
            // All are compared, whichever matches.
            let known = call
                .settings
                .admin_tokens
                .iter()
                .fold(false, |ok, known| ok | (*known == given));
            if known {
                return Ok(Some(Self(())));
            }
        }
        let let_in = access::recognises(call).await?;
        Ok(let_in.then_some(Self(())))
    }
}
