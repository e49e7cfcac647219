//! Portal, by its webhook secret.

use super::{limits, refused};
use crate::domain::ip;
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};
use crate::http::{Call, credential};
use crate::store::audit::Actor;

/// Whether the request has the webhook secret. Costs the database nothing.
pub fn shows_secret(call: &Call<'_>) -> bool {
    credential(call.head.webhook_secret).is_some_and(|secret| {
        let given = CredentialHash::of(secret);
        let known = call.settings.webhook_secrets.iter();
        known.fold(false, |ok, known| ok | (*known == given)) // All are compared, whichever matches.
    })
}

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
        if shows_secret(call) {
            // 3.
            limits::count_webhook(call).await?;
            return Ok(Self(()));
        }
        Err(refused(
            call,
            Actor::Portal,
            "Send the webhook secret in the header X-Webhook-Secret.",
        )
        .await)
    }
}
