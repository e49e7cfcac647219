//! Portal, by its webhook secret.

use super::{Known, known, limits, refused};
use crate::domain::ip;
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};
use crate::http::{Call, credential};
use crate::store::audit::Actor;

/// Whether the request has the webhook secret: which one. Costs the database nothing.
pub fn shown_secret(call: &Call<'_>) -> Option<Known> {
    let secret = credential(call.head.webhook_secret)?;
    known(&call.settings.webhook_secrets, CredentialHash::of(secret))
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
        if let Some(secret) = shown_secret(call) {
            secret.warn_if_previous("WEBHOOK_SECRET_PREVIOUS");
            // 3.
            limits::count_webhook(call).await?;
            return Ok(Self(()));
        }
        Err(refused(
            call,
            Actor::Portal,
            "The header X-Webhook-Secret is missing or wrong.",
        )
        .await)
    }
}
