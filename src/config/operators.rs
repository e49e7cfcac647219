//! The settings about operators: who has a token, whom Access' names make what, and what takes two of them.

use super::{InvalidSetting, MIN_ADMIN_TOKEN_LENGTH};
use crate::domain::approval::FourEyes;
use crate::domain::bindings::Texts;
use crate::domain::names::check_name;
use crate::domain::role::Role;
use crate::domain::secret::CredentialHash;

/// The name of whoever shows `ADMIN_TOKEN`.
pub const ADMIN_NAME: &str = "admin";

/// An entry of `OPERATOR_TOKENS`.
#[derive(Debug)]
pub struct OperatorToken {
    pub name: String,
    pub role: Role,
    pub token: CredentialHash,
}

/// An entry of `ACCESS_ROLES`: whose names fit the pattern has the role.
#[derive(Debug, PartialEq, Eq)]
struct AccessRole {
    role: Role,
    /// A name, or `*` with what names end with; in lower case. With a one-time code by mail as Access' sign-in, whoever reads
    /// `ann@` also signs in as `ann+x@`: `*` fits no such name, so that nobody is two operators.
    pattern: String,
}

impl AccessRole {
    fn fits(&self, name: &str) -> bool {
        match self.pattern.strip_prefix('*') {
            Some(end) => name.ends_with(end) && !name.contains('+'),
            None => name == self.pattern,
        }
    }
}

#[derive(Debug, Default)]
pub struct Operators {
    pub tokens: Vec<OperatorToken>,
    access_roles: Vec<AccessRole>,
    /// `FOUR_EYES`: what a second operator must approve.
    pub four_eyes: Vec<FourEyes>,
}

impl Operators {
    /// Whether an API key that opens cipher texts which are there already takes two operators.
    pub fn keys_need_approval(&self) -> bool {
        self.four_eyes.contains(&FourEyes::ClientApiKey)
    }

    pub fn parse(texts: &Texts<'_>) -> Result<Self, InvalidSetting> {
        Ok(Self {
            tokens: entries("OPERATOR_TOKENS", texts, token)?,
            access_roles: entries("ACCESS_ROLES", texts, access_role)?,
            four_eyes: entries("FOUR_EYES", texts, |entry| {
                FourEyes::parse(entry).ok_or("eject, purge, client-api-key or session")
            })?,
        })
    }

    /// Who has this token. Every one is compared, whichever matches.
    pub fn with_token(&self, shown: CredentialHash) -> Option<&OperatorToken> {
        self.tokens.iter().fold(None, |found, operator| {
            if operator.token == shown {
                Some(operator)
            } else {
                found
            }
        })
    }

    pub fn has_access_roles(&self) -> bool {
        !self.access_roles.is_empty()
    }

    /// The role of whom Access lets in under this name: the highest that fits; without one, a viewer's.
    pub fn access_role(&self, name: &str) -> Role {
        let name = name.to_ascii_lowercase();
        let fitting = self.access_roles.iter().filter(|entry| entry.fits(&name));
        fitting
            .map(|entry| entry.role)
            .max()
            .unwrap_or(Role::Viewer)
    }
}

/// The entries of a setting between commas. An error names the place of the entry, never what it holds.
fn entries<T>(
    name: &'static str,
    texts: &Texts<'_>,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Vec<T>, InvalidSetting> {
    // No setting has no entry; within one, an entry may not be empty.
    let list = texts.get(name).into_iter().flat_map(|list| list.split(','));
    list.map(str::trim)
        .enumerate()
        .map(|(place, entry)| {
            parse(entry).map_err(|what| {
                InvalidSetting::new(name, &format!("entry {} is not {what}", place + 1))
            })
        })
        .collect()
}

fn token(entry: &str) -> Result<OperatorToken, &'static str> {
    const WHAT: &str = "name:role:token, with the role viewer, support or admin, a token of at least 32 characters, \
         and another name than admin";
    let mut parts = entry.splitn(3, ':').map(str::trim);
    let (Some(name), Some(role), Some(token)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(WHAT);
    };
    let is_good = check_name(name).is_ok()
        && !name.eq_ignore_ascii_case(ADMIN_NAME)
        && token.len() >= MIN_ADMIN_TOKEN_LENGTH;
    match Role::parse(role) {
        Some(role) if is_good => Ok(OperatorToken {
            name: name.to_owned(),
            role,
            token: CredentialHash::of(token),
        }),
        _ => Err(WHAT),
    }
}

fn access_role(entry: &str) -> Result<AccessRole, &'static str> {
    const WHAT: &str = "role=name or role=*@domain, with the role viewer, support or admin";
    let (role, pattern) = entry.split_once('=').ok_or(WHAT)?;
    let role = Role::parse(role.trim()).ok_or(WHAT)?;
    let pattern = pattern.trim().to_ascii_lowercase();
    let (rest, is_whole) = match pattern.strip_prefix('*') {
        // Of a suffix without the @ everybody could have an address: eve@notexample.com.
        Some(rest) => (rest, rest.is_empty() || rest.starts_with('@')),
        None => (pattern.as_str(), true),
    };
    if check_name(&pattern).is_err() || rest.contains('*') || !is_whole {
        return Err(WHAT);
    }
    Ok(AccessRole { role, pattern })
}

#[cfg(test)]
#[path = "operators_tests.rs"]
mod tests;
