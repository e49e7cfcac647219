//! Portal, by its webhook secret.

use super::{Known, known, refused};
use crate::domain::ip;
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};
use crate::http::{Call, credential};
use crate::store::audit::Actor;

/// Which of the webhook secrets the request has shown. Costs the database nothing.
pub fn shown_secret(call: &Call<'_>) -> Option<Known> {
    let secret = credential(call.head.webhook_secret)?;
    known(&call.settings.webhook_secrets, CredentialHash::of(secret))
}

/// The caller is Portal.
pub struct Portal(());

impl Portal {
    /// `shown` is what [`shown_secret`] says.
    ///
    /// 1. From one of Portal's addresses, if they are listed: 403.
    /// 2. With the current secret, or the previous one while it is being changed: 401.
    pub async fn authenticate(call: &Call<'_>, shown: Option<Known>) -> Result<Self> {
        // 1.
        let allowlist = &call.settings.callers.portal_ip_allowlist;
        if !allowlist.is_empty() && !ip::allows(allowlist, call.source()) {
            return Err(Error::new(
                Code::Forbidden,
                "Webhooks are accepted from Portal's addresses only (PORTAL_IP_ALLOWLIST).",
            ));
        }
        // 2.
        if let Some(secret) = shown {
            secret.warn_if_previous("WEBHOOK_SECRET_PREVIOUS");
            return Ok(Self(()));
        }
        Err(refused(
            call,
            Actor::Portal,
            Error::unauthorized("The header X-Webhook-Secret is missing or wrong."),
        )
        .await)
    }
}
