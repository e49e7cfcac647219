//! Portal's own tokens: a client session token or client API key, checked by asking Portal whose it is.
//!
//! Portal's answer is remembered for a minute by the token's hash, so that a token that Portal has withdrawn works for
//! a minute at most; a refusal is remembered for ten seconds. When Portal does not answer, or answers with anything
//! that is not about the token, nobody is told that their token is wrong.

use std::cell::RefCell;

use crate::domain::names::ClientId;
use crate::domain::portal::parse_client;
use crate::domain::recent::Recent;
use crate::domain::secret::CredentialHash;
use crate::platform::now_ms;
use crate::platform::outbound::get_text;

const TIMEOUT_MS: u32 = 3_000;
/// Portal's answer holds a client's wallets: a few KiB.
const MAX_ANSWER_BYTES: u32 = 256 * 1024;
const REMEMBER_CLIENT_MS: u64 = 60_000;
const REMEMBER_REFUSAL_MS: u64 = 10_000;
const MAX_REMEMBERED: usize = 1_000;

/// What Portal says of a token.
#[derive(Clone)]
pub enum Answer {
    Client(ClientId),
    Refused,
    /// Portal cannot be asked; for the log, why.
    Unavailable(String),
}

thread_local! {
    /// By the token's hash: the client, or None for a token that Portal refuses.
    static ANSWERS: RefCell<Recent<Option<ClientId>>> = const { RefCell::new(Recent::new(MAX_REMEMBERED)) };
}

/// The client whose token this is, if Portal said so within the last minute.
fn remembered(token: CredentialHash) -> Option<Answer> {
    ANSWERS.with_borrow(|answers| {
        let answer = answers.get(token, now_ms())?;
        Some(answer.clone().map_or(Answer::Refused, Answer::Client))
    })
}

/// Asks Portal, unless it is remembered.
pub async fn client_of(api_url: &str, token: &str) -> Answer {
    let hash = CredentialHash::of(token);
    if let Some(answer) = remembered(hash) {
        return answer;
    }
    let answer = ask(api_url, token).await;
    let (client, ms) = match &answer {
        Answer::Client(client) => (Some(client.clone()), REMEMBER_CLIENT_MS),
        Answer::Refused => (None, REMEMBER_REFUSAL_MS),
        Answer::Unavailable(_) => return answer,
    };
    ANSWERS.with_borrow_mut(|answers| answers.insert(hash, client, now_ms() + ms));
    answer
}

async fn ask(api_url: &str, token: &str) -> Answer {
    let url = format!("{api_url}/api/v3/clients/me");
    match get_text(
        &url,
        Some(&format!("Bearer {token}")),
        TIMEOUT_MS,
        MAX_ANSWER_BYTES,
    )
    .await
    {
        Err(failure) => Answer::Unavailable(failure.0),
        Ok(answer) => match answer.status {
            200 => match parse_client(&answer.body) {
                Some(client) => Answer::Client(client),
                None => Answer::Unavailable("Portal's answer names no client".to_owned()),
            },
            400 | 401 | 403 | 404 => Answer::Refused,
            other => Answer::Unavailable(format!("Portal answered {other}")),
        },
    }
}
