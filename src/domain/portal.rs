//! Portal's custodian API: what its answers mean. Asking is `crate::portal`'s part.

use super::body::ClientApiKey;
use super::json::{self, Object, Writer};
use super::names::ClientId;
use super::number::whole;
use super::secret::Secret;

/// A client that Portal has just made.
pub struct NewClient {
    pub id: ClientId,
    pub api_key: ClientApiKey,
    pub session_token: Secret,
}

/// Why Portal did not do what it was asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Portal takes 200 requests a minute.
    RateLimited { retry_after_seconds: u32 },
    /// `PORTAL_API_KEY` is not valid.
    KeyRefused,
    /// Portal does not do this; nothing was made.
    Refused(u16),
    /// Portal failed half way, perhaps after the deed.
    Failed(u16),
}

const DEFAULT_RETRY_AFTER_SECONDS: u32 = 60;
const MAX_RETRY_AFTER_SECONDS: u32 = 3_600;

/// What a status means. A redirect counts as a refusal: nothing was done here, and no key follows it.
pub fn judge(status: u16, retry_after: Option<&str>) -> Result<(), Refusal> {
    match status {
        200..=299 => Ok(()),
        429 => Err(Refusal::RateLimited {
            retry_after_seconds: retry_after
                .and_then(|seconds| whole(seconds.trim()))
                .unwrap_or(DEFAULT_RETRY_AFTER_SECONDS)
                .clamp(1, MAX_RETRY_AFTER_SECONDS),
        }),
        401 | 403 => Err(Refusal::KeyRefused),
        300..=499 => Err(Refusal::Refused(status)),
        _ => Err(Refusal::Failed(status)),
    }
}

/// The body that asks for a new client.
pub fn new_client_request(is_account_abstracted: Option<bool>) -> String {
    match is_account_abstracted {
        Some(whether) => Writer::default().flag("isAccountAbstracted", whether),
        None => Writer::default(),
    }
    .end()
}

/// More fields than an answer of Portal has.
const MAX_FIELDS: usize = 200;

/// The answer to that. `Err`: it cannot be used; the id of the client that was made nevertheless, if it has one.
pub fn parse_new_client(body: &str) -> Result<NewClient, Option<ClientId>> {
    let client = Object::parse(body, MAX_FIELDS).ok_or(None)?;
    let text = |name| client.get(name).and_then(json::text);
    let id = text("id").and_then(|id| ClientId::parse(id).ok());
    let key = text("clientApiKey").and_then(|key| ClientApiKey::try_from(key).ok());
    match (id, key, text("clientSessionToken")) {
        (Some(id), Some(api_key), Some(token)) => Ok(NewClient {
            id,
            api_key,
            session_token: Secret::new(token),
        }),
        (id, ..) => Err(id),
    }
}

/// The client whose token it was, in the answer to `GET /api/v3/clients/me`.
pub fn parse_client(answer: &str) -> Option<ClientId> {
    let client = Object::parse(answer, MAX_FIELDS)?;
    ClientId::parse(json::text(client.get("id")?)?).ok()
}

/// The answer to the request for a session of a client. None: it holds no token.
pub fn parse_session(body: &str) -> Option<Secret> {
    let session = Object::parse(body, MAX_FIELDS)?;
    let token = json::text(session.get("clientSessionToken")?)?;
    (!token.is_empty()).then(|| Secret::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_tells_whether_something_may_have_been_made() {
        assert_eq!(judge(200, None), Ok(()));
        assert_eq!(judge(201, None), Ok(()));
        assert_eq!(judge(307, None), Err(Refusal::Refused(307)));
        assert_eq!(judge(401, None), Err(Refusal::KeyRefused));
        assert_eq!(judge(403, None), Err(Refusal::KeyRefused));
        assert_eq!(judge(404, None), Err(Refusal::Refused(404)));
        assert_eq!(judge(422, None), Err(Refusal::Refused(422)));
        assert_eq!(judge(500, None), Err(Refusal::Failed(500)));
        assert_eq!(judge(599, None), Err(Refusal::Failed(599)));
        assert_eq!(judge(0, None), Err(Refusal::Failed(0)));
    }

    #[test]
    fn portals_retry_after_is_passed_on_within_reason() {
        let seconds = |header| match judge(429, header) {
            Err(Refusal::RateLimited {
                retry_after_seconds,
            }) => retry_after_seconds,
            other => panic!("{other:?}"),
        };
        assert_eq!(seconds(Some("7")), 7);
        assert_eq!(seconds(Some("0")), 1);
        assert_eq!(seconds(Some("999999")), 3_600);
        assert_eq!(seconds(Some("+7")), 60);
        assert_eq!(seconds(Some("Wed, 21 Oct 2026 07:28:00 GMT")), 60);
        assert_eq!(seconds(None), 60);
    }

    #[test]
    fn a_new_client_needs_all_three_parts() {
        let whole = r#"{"id":"c1","clientApiKey":"k1","clientSessionToken":"t1","isAccountAbstracted":true}"#;
        let client = parse_new_client(whole).ok().unwrap();
        assert_eq!(client.id.as_str(), "c1");
        assert_eq!(client.api_key.expose_secret(), "k1");
        assert_eq!(client.session_token.expose_secret(), "t1");
    }

    #[test]
    fn an_unusable_answer_still_names_the_client_that_was_made() {
        let id_of = |body| {
            parse_new_client(body)
                .err()
                .unwrap()
                .map(|id| id.as_str().to_owned())
        };
        assert_eq!(id_of(r#"{"id":"c1"}"#).as_deref(), Some("c1"));
        assert_eq!(
            id_of(r#"{"id":"c1","clientApiKey":"two words","clientSessionToken":"t"}"#).as_deref(),
            Some("c1")
        );
        for body in [
            "",
            "{",
            "[]",
            "null",
            r#"{"id":7}"#,
            r#"{"id":""}"#,
            "<html>",
        ] {
            assert_eq!(id_of(body), None, "{body}");
        }
    }

    #[test]
    fn a_session_needs_its_token() {
        let token = |body| parse_session(body).map(|token| token.expose_secret().to_owned());
        assert_eq!(
            token(r#"{"id":"c1","clientSessionToken":"t1"}"#).as_deref(),
            Some("t1")
        );
        assert_eq!(token(r#"{"clientSessionToken":""}"#), None);
        assert_eq!(token("{}"), None);
    }

    #[test]
    fn what_is_not_said_is_not_asked_for() {
        assert_eq!(new_client_request(None), "{}");
        assert_eq!(
            new_client_request(Some(true)),
            r#"{"isAccountAbstracted":true}"#
        );
    }

    #[test]
    fn portal_names_a_client_by_its_id() {
        let client = |answer| parse_client(answer).map(|id| id.to_string());
        assert_eq!(
            client(r#"{"id":"c1","wallets":[{"id":"w"}]}"#),
            Some("c1".into())
        );
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"id":""}"#,
            r#"{"id":7}"#,
            r#"{"id":null}"#,
            r#"{"id":"a","id":"b"}"#,
        ] {
            assert_eq!(client(bad), None, "{bad}");
        }
    }
}
