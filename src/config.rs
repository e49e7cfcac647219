//! Settings: the only reader of secrets and variables. A missing or malformed one stops the service.

mod callers;
mod homes;
mod operators;

pub use callers::{Callers, ClientAuth, IdentityProvider, Issuer};
pub use homes::{HOMES_QUEUE, Homes, binding_of};
pub use operators::{ADMIN_NAME, Operators};

use crate::domain::alert::AlertWebhook;
use crate::domain::bindings::Texts;
use crate::domain::number::whole;
use crate::domain::recovery::FetchSuperseded;
use crate::domain::sealing::{self, Key};
use crate::domain::secret::{CredentialHash, Secret};
use crate::maintenance::Target;
use crate::platform::bucket::Bucket;
use crate::platform::{Bindings, D1};

/// What is wrong with which setting. The value is never part of it.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidSetting {
    pub name: &'static str,
    pub wrong: String,
}

impl InvalidSetting {
    fn new(name: &'static str, wrong: &str) -> Self {
        Self {
            name,
            wrong: wrong.to_owned(),
        }
    }
}

/// `UNKNOWN_CLIENTS`: what a webhook for a client that is not registered does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownClients {
    /// 404 `unknown_client`.
    Reject,
    /// Registers the client as a user whose id is the client id: so many users a day (in UTC) at most, for whoever has the
    /// webhook secret could make users without end.
    Register { most_a_day: u32 },
}

/// All settings, checked.
#[derive(Debug)]
pub struct Settings {
    /// The current webhook secret, and the previous one while it is being changed.
    pub webhook_secrets: Vec<CredentialHash>,
    pub share_encryption_keys: Vec<Key>,
    /// Empty: the operator API is off.
    pub admin_tokens: Vec<CredentialHash>,
    pub operators: Operators,
    pub portal_api_key: Option<Secret>,
    pub callers: Callers,
    pub unknown_clients: UnknownClients,
    pub fetch_superseded: FetchSuperseded,
    /// `FETCH_PARTIAL`: a fetch gives the shares that open where another one does not, instead of an error for all.
    pub fetch_partial: bool,
    pub history_retention_days: u32,
    pub audit_retention_days: u32,
    /// For so many milliseconds at most a request waits until R2 has its copy.
    pub copy_wait_ms: u32,
    /// A request whose copy R2 does not have by then is 503.
    pub copy_required: bool,
    /// How long a user has been deleted before a purge erases it, in hours.
    pub purge_delay_hours: u32,
    pub homes: Homes,
}

const MIN_ADMIN_TOKEN_LENGTH: usize = 32;
const MAX_RETENTION_DAYS: u32 = 36_500;
const DEFAULT_COPY_WAIT_MS: u32 = 1_500;
/// Portal gives up on a webhook after 10 s.
const MAX_COPY_WAIT_MS: u32 = 8_000;
const MAX_PURGE_DELAY_HOURS: u32 = 8_760;

impl Settings {
    pub fn of(bindings: &Bindings) -> Result<Self, InvalidSetting> {
        Self::parse(&Texts::of(&bindings.texts()))
    }

    pub fn parse(texts: &Texts<'_>) -> Result<Self, InvalidSetting> {
        let get = |name| texts.get(name);
        let invalid = InvalidSetting::new;
        let required = |name| get(name).ok_or_else(|| invalid(name, "is missing"));
        let number = |name, usual, most| match get(name).map(whole) {
            None => Ok(usual),
            Some(Some(number)) if number <= most => Ok(number),
            Some(_) => {
                let wrong = format!("must be a whole number from 0 to {most}");
                Err(InvalidSetting { name, wrong })
            }
        };

        let webhook_secret = required("WEBHOOK_SECRET")?;
        // Cloudflare's deploy button offers the values of .dev.vars.example, and the other secrets there are malformed.
        if webhook_secret == "replace-me" {
            return Err(invalid("WEBHOOK_SECRET", "still has the example's value"));
        }
        let webhook_secrets: Vec<CredentialHash> = std::iter::once(webhook_secret)
            .chain(get("WEBHOOK_SECRET_PREVIOUS"))
            .map(CredentialHash::of)
            .collect();

        let share_encryption_keys = sealing::parse_keys(required("SHARE_ENCRYPTION_KEYS")?)
            .map_err(|wrong| InvalidSetting {
                name: "SHARE_ENCRYPTION_KEYS",
                wrong,
            })?;

        let mut admin_tokens = Vec::new();
        for name in ["ADMIN_TOKEN", "ADMIN_TOKEN_PREVIOUS"] {
            let Some(token) = get(name) else { continue };
            if token.len() < MIN_ADMIN_TOKEN_LENGTH {
                return Err(invalid(name, "is shorter than 32 characters"));
            }
            admin_tokens.push(CredentialHash::of(token));
        }
        // Who takes ADMIN_TOKEN away turns tokens off: one that was forgotten beside it must not go on opening.
        if get("ADMIN_TOKEN").is_none() {
            admin_tokens.clear();
        }

        if admin_tokens
            .iter()
            .any(|token| webhook_secrets.contains(token))
        {
            return Err(invalid("ADMIN_TOKEN", "must not be the webhook secret"));
        }
        let operators = Operators::parse(texts)?;
        let others = || webhook_secrets.iter().chain(&admin_tokens);
        let tokens = || operators.tokens.iter().map(|operator| operator.token);
        let is_twice = |(at, token)| {
            others().any(|other| *other == token) || tokens().take(at).any(|other| other == token)
        };
        if tokens().enumerate().any(is_twice) {
            return Err(invalid(
                "OPERATOR_TOKENS",
                "must hold no token twice, nor ADMIN_TOKEN, nor the webhook secret",
            ));
        }

        let most_a_day = number("UNKNOWN_CLIENTS_PER_DAY", 10_000, u32::MAX)?;
        let unknown_clients = match get("UNKNOWN_CLIENTS") {
            None | Some("reject") => UnknownClients::Reject,
            Some("register") => UnknownClients::Register { most_a_day },
            Some(_) => return Err(invalid("UNKNOWN_CLIENTS", "must be reject or register")),
        };
        let fetch_superseded = match get("FETCH_SUPERSEDED") {
            None | Some("half-finished") => FetchSuperseded::HalfFinished,
            Some("never") => FetchSuperseded::Never,
            Some("always") => FetchSuperseded::Always,
            Some(_) => {
                return Err(invalid(
                    "FETCH_SUPERSEDED",
                    "must be half-finished, never or always",
                ));
            }
        };
        let is_yes = |name| match get(name) {
            None | Some("no") => Ok(false),
            Some("yes") => Ok(true),
            Some(_) => Err(invalid(name, "must be yes or no")),
        };
        // Read again where it is needed, for alerts go out also where another setting is wrong.
        AlertWebhook::parse(texts).map_err(|(name, wrong)| invalid(name, wrong))?;
        let days = |name, default| number(name, default, MAX_RETENTION_DAYS);
        let homes = Homes::parse(texts)?;
        let copy_required = is_yes("COPY_REQUIRED")?;
        if copy_required && !homes.are_copied {
            let wrong = "is yes, and no bucket is bound as COPY";
            return Err(invalid("COPY_REQUIRED", wrong));
        }

        Ok(Self {
            webhook_secrets,
            share_encryption_keys,
            admin_tokens,
            operators,
            portal_api_key: get("PORTAL_API_KEY").map(|key| Secret::new(key.to_owned())),
            homes,
            callers: Callers::parse(texts)?,
            unknown_clients,
            fetch_superseded,
            fetch_partial: is_yes("FETCH_PARTIAL")?,
            history_retention_days: days("HISTORY_RETENTION_DAYS", 90)?,
            audit_retention_days: days("AUDIT_RETENTION_DAYS", 400)?,
            copy_wait_ms: number("COPY_WAIT_MS", DEFAULT_COPY_WAIT_MS, MAX_COPY_WAIT_MS)?,
            copy_required,
            purge_delay_hours: number("PURGE_DELAY_HOURS", 72, MAX_PURGE_DELAY_HOURS)?,
        })
    }
}

/// `ALERT_WEBHOOK`, whatever is wrong with the other settings.
pub fn alert_webhook(bindings: &Bindings) -> Result<Option<AlertWebhook>, InvalidSetting> {
    AlertWebhook::parse(&Texts::of(&bindings.texts()))
        .map_err(|(name, wrong)| InvalidSetting::new(name, wrong))
}

/// The database of a home.
pub fn database(bindings: &Bindings, home: u32) -> Option<D1> {
    match home {
        0 => D1::of(bindings),
        home => D1::named(bindings, &binding_of(home)),
    }
}

/// The directory of homes.
pub fn directory(bindings: &Bindings) -> Option<D1> {
    D1::named(bindings, "DIRECTORY")
}

/// A database by the name of its binding: that of a home, or one that is being rebuilt.
pub fn database_named(bindings: &Bindings, name: &str) -> Option<D1> {
    D1::named(bindings, name)
}

/// The second copies of all homes.
#[derive(Clone, Copy)]
pub struct Copies<'a> {
    bindings: &'a Bindings,
    homes: &'a Homes,
}

impl<'a> Copies<'a> {
    /// None: nothing is copied.
    pub fn of(bindings: &'a Bindings, homes: &'a Homes) -> Option<Self> {
        homes.are_copied.then_some(Self { bindings, homes })
    }

    /// The copy of a home.
    pub fn of_home(&self, home: u32) -> Target {
        let bucket = Bucket::named(self.bindings, &self.homes.bucket_of(home));
        Target { bucket, home }
    }

    /// All buckets.
    pub fn buckets(&self) -> Vec<Bucket> {
        let names = self.homes.buckets();
        let named = |name: &String| Bucket::named(self.bindings, name);
        names.iter().map(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn parse(changes: &[(&str, &str)]) -> Result<Settings, InvalidSetting> {
        let usual = [
            ("DB", ""),
            ("WEBHOOK_SECRET", "s3cret"),
            ("SHARE_ENCRYPTION_KEYS", KEYS),
        ];
        let all = [changes, &usual].concat(); // The first one of a name counts.
        Settings::parse(&Texts::from(all.as_slice()))
    }

    #[test]
    fn two_secrets_are_enough_and_the_rest_has_safe_defaults() {
        let settings = parse(&[]).unwrap();
        assert!(settings.admin_tokens.is_empty());
        assert_eq!(settings.callers.client_auth, [ClientAuth::ClientApiKey]);
        assert_eq!(settings.unknown_clients, UnknownClients::Reject);
        assert_eq!(settings.fetch_superseded, FetchSuperseded::HalfFinished);
        assert!(!settings.fetch_partial);
        assert_eq!(
            (
                settings.history_retention_days,
                settings.audit_retention_days
            ),
            (90, 400)
        );
        assert_eq!(
            (settings.copy_wait_ms, settings.copy_required),
            (1_500, false)
        );
    }

    #[test]
    fn one_text_is_not_two_secrets() {
        let secret = "0123456789012345678901234567890123456789";
        for (webhook, admin) in [
            ("WEBHOOK_SECRET", "ADMIN_TOKEN"),
            ("WEBHOOK_SECRET_PREVIOUS", "ADMIN_TOKEN"),
        ] {
            let wrong = parse(&[(webhook, secret), (admin, secret)]).err().unwrap();
            assert_eq!(wrong.name, "ADMIN_TOKEN");
        }
    }

    #[test]
    fn a_missing_or_malformed_setting_is_named_and_its_value_is_not() {
        for (name, value) in [
            ("WEBHOOK_SECRET", ""),
            ("WEBHOOK_SECRET", "replace-me"),
            ("WEBHOOK_SECRET", "   "),
            ("SHARE_ENCRYPTION_KEYS", ""),
            ("SHARE_ENCRYPTION_KEYS", "k1:VALUE"),
            ("ADMIN_TOKEN", "VALUE-that-is-too-short"),
            ("ADMIN_TOKEN_PREVIOUS", "VALUE"),
            ("CLIENT_AUTH", "VALUE"),
            ("CLIENT_AUTH", "client-api-key,"),
            ("UNKNOWN_CLIENTS", "VALUE"),
            ("UNKNOWN_CLIENTS_PER_DAY", "VALUE"),
            ("HISTORY_RETENTION_DAYS", "36501"),
            ("FETCH_SUPERSEDED", "VALUE"),
            ("FETCH_PARTIAL", "VALUE"),
            ("HISTORY_RETENTION_DAYS", "VALUE"),
            ("HISTORY_RETENTION_DAYS", "-1"),
            ("HISTORY_RETENTION_DAYS", "+90"),
            ("AUDIT_RETENTION_DAYS", "1.5"),
            ("COPY_WAIT_MS", "8001"),
            ("COPY_WAIT_MS", "VALUE"),
            ("COPY_REQUIRED", "VALUE"),
            ("COPY_REQUIRED", "yes"), // without a bucket
            ("ALERT_WEBHOOK", "VALUE"),
            ("PURGE_DELAY_HOURS", "VALUE"),
            ("PURGE_DELAY_HOURS", "-1"),
        ] {
            let error = parse(&[(name, value)]).unwrap_err();
            assert_eq!(error.name, name);
            assert!(!error.wrong.contains("VALUE"), "{error:?}");
        }
    }

    #[test]
    fn a_previous_secret_and_a_previous_token_are_accepted_beside_the_current() {
        let settings = parse(&[
            ("WEBHOOK_SECRET_PREVIOUS", "older"),
            ("ADMIN_TOKEN", "0123456789012345678901234567890a"),
            ("ADMIN_TOKEN_PREVIOUS", "0123456789012345678901234567890b"),
        ])
        .unwrap();
        assert!(
            settings.webhook_secrets == [CredentialHash::of("s3cret"), CredentialHash::of("older")]
        );
        assert_eq!(settings.admin_tokens.len(), 2);
    }

    #[test]
    fn one_token_is_not_two_operators() {
        let token = "0123456789012345678901234567890a";
        for (name, value, list) in [
            ("ADMIN_TOKEN", token, format!("ann:viewer:{token}")),
            ("ADMIN_TOKEN_PREVIOUS", token, format!("ann:viewer:{token}")),
            (
                "WEBHOOK_SECRET_PREVIOUS",
                token,
                format!("ann:viewer:{token}"),
            ),
            ("WEBHOOK_SECRET", token, format!("ann:viewer:{token}")),
            (
                "CLIENT_AUTH",
                "client-api-key",
                format!("ann:viewer:{token},bob:admin:{token}"),
            ),
        ] {
            let usual = ("ADMIN_TOKEN", "0123456789012345678901234567890b");
            let wrong = parse(&[(name, value), usual, ("OPERATOR_TOKENS", &list)])
                .err()
                .unwrap();
            assert_eq!(wrong.name, "OPERATOR_TOKENS");
        }
    }

    #[test]
    fn a_previous_token_alone_is_none() {
        let settings = parse(&[("ADMIN_TOKEN_PREVIOUS", "0123456789012345678901234567890b")]);
        assert!(settings.unwrap().admin_tokens.is_empty());
    }

    #[test]
    fn debug_output_of_the_settings_holds_no_secret() {
        let settings = parse(&[
            ("ADMIN_TOKEN", "0123456789012345678901234567890a"),
            ("PORTAL_API_KEY", "portal-key-value"),
        ])
        .unwrap();
        let debug = format!("{settings:?}");
        for secret in ["s3cret", "AAECAwQF", "0123456789", "portal-key-value"] {
            assert!(!debug.contains(secret), "{debug}");
        }
    }
}
