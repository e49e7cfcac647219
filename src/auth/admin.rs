//! Operators: by their token, or through Cloudflare Access.

use super::{access, known, refused};
use crate::config::ADMIN_NAME;
use crate::domain::role::Role;
use crate::error::{Code, Error, Result};
use crate::http::Call;
use crate::store::audit::{Actor, By};

/// The caller is an operator.
pub struct Admin {
    name: String,
    role: Role,
}

impl Admin {
    /// As the audit trail and the log name the operator.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn role(&self) -> Role {
        self.role
    }

    /// An operator whose role is at least `needed`.
    pub async fn authenticate(call: &Call<'_>, needed: Role) -> Result<Self> {
        let settings = call.settings;
        if settings.admin_tokens.is_empty()
            && settings.operators.tokens.is_empty()
            && settings.callers.access.is_none()
        {
            return Err(Error::new(
                Code::Misconfigured,
                "The operator API is off. Set the secret ADMIN_TOKEN to at least 32 random characters to use it.",
            ));
        }
        match Self::recognise(call, needed).await? {
            Some(admin) => Ok(admin),
            None => {
                let error = Error::unauthorized(
                    "Authorization: Bearer <operator token> is missing or wrong.",
                );
                Err(refused(call, Actor::Admin, error).await)
            }
        }
    }

    /// None: the caller is no operator, which for some routes is not the end. From here on the request's events and its line
    /// in the log name the operator.
    pub async fn recognise(call: &Call<'_>, needed: Role) -> Result<Option<Self>> {
        let Some(admin) = Self::known(call).await? else {
            return Ok(None);
        };
        call.operator.set(admin.name.clone()).ok();
        call.db.is_by(By {
            operator: admin.name.clone(),
            approval: None,
            reason: None,
        });
        if admin.role >= needed {
            return Ok(Some(admin));
        }
        let detail = format!(
            "Your role is {}. This takes the role {}.",
            admin.role.as_str(),
            needed.as_str()
        );
        Err(refused(call, Actor::Admin, Error::new(Code::Forbidden, detail)).await)
    }

    async fn known(call: &Call<'_>) -> Result<Option<Self>> {
        let settings = call.settings;
        if let Some(shown) = call.bearer_hash() {
            if let Some(token) = known(&settings.admin_tokens, shown) {
                token.warn_if_previous("ADMIN_TOKEN_PREVIOUS");
                return Ok(Some(Self {
                    name: ADMIN_NAME.to_owned(),
                    role: Role::Admin,
                }));
            }
            if let Some(operator) = settings.operators.with_token(shown) {
                return Ok(Some(Self {
                    name: operator.name.clone(),
                    role: operator.role,
                }));
            }
        }
        Ok(access::recognise(call).await?.map(|name| Self {
            role: settings.operators.access_role(&name),
            name,
        }))
    }
}
