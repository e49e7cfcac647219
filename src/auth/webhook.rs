//! Portal, by its webhook secret.

use super::{limits, refused};
use crate::domain::ip;
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};
use crate::http::{Call, credential};
use crate::store::audit::Actor;

/// The caller is Portal.
pub struct Portal(());

impl Portal {
    /// 1. From one of Portal's addresses, if they are listed: 403.
    /// 2. With the current secret, or the previous one while it is being changed: 401.
    /// 3. Not too often: 429.
    pub async fn authenticate(call: &Call<'_>) -> Result<Self> {
        // 1.
        let allowlist = &call.settings.callers.portal_ip_allowlist;
        if !allowlist.is_empty() && !ip::allows(allowlist, call.source()) {
            return Err(Error::new(
                Code::Forbidden,
                "Webhooks are accepted from Portal's addresses only (PORTAL_IP_ALLOWLIST).",
            ));
        }
        // 2.
        if let Some(secret) = credential(call.head.webhook_secret) {
            let given = CredentialHash::of(secret);
            // All are compared, whichever matches.
            if call
                .settings
                .webhook_secrets
                .iter()
                .fold(false, |ok, known| ok | (*known == given))
            {
                // 3.
                limits::webhook(call).await?;
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
