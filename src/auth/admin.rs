//! Operators: by their token, or through Cloudflare Access.

use super::{access, known, refused};
use crate::domain::role::Role;
use crate::error::{Code, Error, Result};
use crate::http::Call;
use crate::store::audit::Actor;

/// The caller is an operator.
pub struct Admin {
    role: Role,
}

impl Admin {
    /// An operator whose role is at least `needed`.
    pub async fn authenticate(call: &Call<'_>, needed: Role) -> Result<Self> {
        if call.settings.admin_tokens.is_empty() && call.settings.callers.access.is_none() {
            return Err(Error::new(
                Code::Misconfigured,
                "The operator API is off. Set the secret ADMIN_TOKEN to at least 32 random characters to use it.",
            ));
        }
        match Self::recognise(call, needed).await? {
            Some(admin) => Ok(admin),
            None => Err(refused(
                call,
                Actor::Admin,
                "Authorization: Bearer <operator token> is missing or wrong.",
            )
            .await),
        }
    }

    /// None: the caller is no operator, which for some routes is not the end.
    pub async fn recognise(call: &Call<'_>, needed: Role) -> Result<Option<Self>> {
        let shown = call.bearer_hash();
        if let Some(token) = shown.and_then(|given| known(&call.settings.admin_tokens, given)) {
            token.warn_if_previous("ADMIN_TOKEN_PREVIOUS");
            return Self { role: Role::Admin }.with(needed).map(Some);
        }
        if access::recognises(call).await? {
            return Self { role: Role::Admin }.with(needed).map(Some);
        }
        Ok(None)
    }

    fn with(self, needed: Role) -> Result<Self> {
        if self.role >= needed {
            return Ok(self);
        }
        Err(Error::new(
            Code::Forbidden,
            format!(
                "Your role is {}. This takes the role {}.",
                self.role.as_str(),
                needed.as_str()
            ),
        ))
    }
}
