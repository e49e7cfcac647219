//! Portal's custodian API, with our `PORTAL_API_KEY`: making a client, a session of one, and the backups that Portal counts.
//!
//! Each call is bounded in time and size, follows no redirect and is made once: making a client is not idempotent, so
//! after a call whose end is not known, the caller is told that a client may have been made.

use crate::config::Settings;
use crate::domain::names::ClientId;
use crate::domain::portal::{
    NewClient, Refusal, judge, new_client_request, parse_new_client, parse_session,
};
use crate::domain::secret::Secret;
use crate::domain::share_pairs::{self, SharePair};
use crate::domain::url;
use crate::error::{Code, Error, Result};
use crate::platform::outbound::{get_text, post_json};

const TIMEOUT_MS: u32 = 10_000;
/// The answers hold an id and two tokens.
const MAX_ANSWER_BYTES: u32 = 64 * 1024;
/// A client with its wallets and their share pairs: a few KiB.
const MAX_CLIENT_BYTES: u32 = 1024 * 1024;
const CLIENT_TIMEOUT_MS: u32 = 5_000;

/// What Portal says of a client.
pub enum Listed {
    Pairs(Vec<SharePair>),
    /// Portal has no such client in the environment of `PORTAL_API_KEY`.
    UnknownClient,
    Unavailable {
        /// In words for an operator.
        why: String,
        /// Whether Portal answered, but not with the client: another client may be answered.
        of_client: bool,
    },
}

impl Listed {
    /// Nothing was learned of any client.
    pub fn unavailable(why: String) -> Self {
        Self::Unavailable {
            why,
            of_client: false,
        }
    }
}

/// Portal, with the key to it.
pub struct Portal<'a> {
    url: &'a str,
    key: &'a Secret,
}

impl<'a> Portal<'a> {
    /// None: `PORTAL_API_KEY` is not set.
    pub fn new(settings: &'a Settings) -> Option<Self> {
        Some(Self {
            url: &settings.callers.portal_api_url,
            key: settings.portal_api_key.as_ref()?,
        })
    }

    /// Makes a client. An error says whether one was, or may have been, made nevertheless.
    pub async fn make_client(&self, is_account_abstracted: Option<bool>) -> Result<NewClient> {
        const UNSURE: &str = "It is not known whether Portal has made a client; if so it has no wallet yet, and nothing depends on it. Nothing was registered. Try again.";
        let body = self
            .post(
                "/api/v3/custodians/me/clients",
                &new_client_request(is_account_abstracted),
            )
            .await
            .map_err(|failure| {
                failure.into_error(
                    UNSURE,
                    "Portal cannot create a client right now; nothing was made.",
                )
            })?;
        parse_new_client(&body).map_err(|made| {
            let which = made.map_or_else(String::new, |id| format!(" {}", id.as_str()));
            let detail = format!(
                "Portal made a client{which}, but its answer lacks what is needed to register it. It has no wallet yet, and nothing depends on it. Try again."
            );
            Error::unavailable(5, "Portal's answer lacks an id, a key or a token").detailed(detail)
        })
    }

    /// A new session token of a client.
    pub async fn make_session(&self, client: &ClientId) -> Result<Secret> {
        const PASSING: &str = "Portal gave no session token. Try again.";
        let id = url::encode(client.as_str());
        let path = format!("/api/v3/custodians/me/clients/{id}/sessions");
        let body = self
            .post(&path, "{}")
            .await
            .map_err(|failure| match failure {
                Failure::Refused(Refusal::Refused(404)) => Error::new(
                    Code::UnknownClient,
                    "Portal knows no such client in the environment of PORTAL_API_KEY.",
                ),
                failure => failure.into_error(PASSING, PASSING),
            })?;
        parse_session(&body).ok_or_else(|| {
            Error::unavailable(5, "Portal's answer holds no token").detailed(PASSING)
        })
    }

    /// The backup share pairs that Portal lists of a client. Asked once.
    pub async fn share_pairs(&self, client: &ClientId) -> Listed {
        let id = url::encode(client.as_str());
        let url = format!("{}/api/v3/custodians/me/clients/{id}", self.url);
        let authorization = format!("Bearer {}", self.key.expose_secret());
        let answer = get_text(
            &url,
            Some(&authorization),
            CLIENT_TIMEOUT_MS,
            MAX_CLIENT_BYTES,
        )
        .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => {
                return Listed::unavailable(format!("Portal did not answer: {}", failure.0));
            }
        };
        let (why, of_client) = match judge(answer.status, answer.retry_after.as_deref()) {
            Ok(()) => match share_pairs::parse(&answer.body) {
                Some(pairs) => return Listed::Pairs(pairs),
                None => ("Portal's answer is no client".to_owned(), true),
            },
            Err(Refusal::Refused(404)) => return Listed::UnknownClient,
            Err(Refusal::KeyRefused) => ("Portal refuses the PORTAL_API_KEY".to_owned(), false),
            Err(Refusal::RateLimited {
                retry_after_seconds,
            }) => (
                format!("Portal takes no more requests for {retry_after_seconds} seconds"),
                false,
            ),
            Err(Refusal::Refused(status) | Refusal::Failed(status)) => {
                (format!("Portal answered {status}"), true)
            }
        };
        Listed::Unavailable { why, of_client }
    }

    async fn post(&self, path: &str, body: &str) -> std::result::Result<String, Failure> {
        let url = format!("{}{path}", self.url);
        let authorization = format!("Bearer {}", self.key.expose_secret());
        let posted = post_json(&url, &authorization, body, TIMEOUT_MS, MAX_ANSWER_BYTES)
            .await
            .map_err(|failure| Failure::Broken(failure.0))?;
        judge(posted.status, posted.retry_after.as_deref()).map_err(Failure::Refused)?;
        Ok(posted.body)
    }
}

enum Failure {
    /// No whole answer, for the log why.
    Broken(String),
    Refused(Refusal),
}

impl Failure {
    /// `unsure` is the detail where Portal may have done it, `undone` where it certainly has not.
    fn into_error(self, unsure: &'static str, undone: &'static str) -> Error {
        let unavailable = |detail, cause: String| Error::unavailable(5, cause).detailed(detail);
        match self {
            Failure::Broken(cause) => unavailable(unsure, format!("Portal: {cause}")),
            Failure::Refused(Refusal::Failed(status)) => {
                unavailable(unsure, format!("Portal answered {status}"))
            }
            Failure::Refused(Refusal::Refused(status)) => {
                unavailable(undone, format!("Portal answered {status}"))
            }
            Failure::Refused(Refusal::RateLimited {
                retry_after_seconds,
            }) => Error::rate_limited(
                retry_after_seconds,
                "Portal takes no more requests for now; nothing was made. Try again after the time in Retry-After.",
            ),
            Failure::Refused(Refusal::KeyRefused) => Error::new(
                Code::Misconfigured,
                "Portal refuses the PORTAL_API_KEY; nothing was made. Set the secret to a custodian API key of Portal's dashboard.",
            ),
        }
    }
}
