//! Portal, by its webhook secret.

use super::refused;
use crate::domain::secret::CredentialHash;
use crate::error::Result;
use crate::http::Call;
use crate::store::audit::Actor;

/// The caller is Portal.
pub struct Portal(());

impl Portal {
    /// Accepts the current secret, and the previous one while it is being changed.
    pub async fn authenticate(call: &Call<'_>) -> Result<Self> {
        if let Some(secret) = call.header("x-webhook-secret") {
            let given = CredentialHash::of(&secret);
            // All are compared, whichever matches.
            if call
                .settings
                .webhook_secrets
                .iter()
                .fold(false, |ok, known| ok | (*known == given))
            {
                return Ok(Self(()));
            }
        }
        Err(refused(
            call,
            Actor::Portal,
            "Send the webhook secret in the header X-Webhook-Secret.",
        )
        .await)
    }
}
