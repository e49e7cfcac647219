//! Limits on how often: Cloudflare's rate limiting bindings.
//!
//! - Failed credentials, per source address. One that is over the limit is answered 429 instead of 401, and for ten
//!   seconds the same door (the webhooks, the operator API, the apps' routes) is shut to that address: its next tries
//!   are refused before anything is looked at, so that guessing on does not help and costs the database nothing. Many
//!   people can share an address, so an app's credential that was good a while ago still passes. And all of Portal's
//!   customers share Portal's addresses: one who enters our URL for a webhook of their own makes Portal send us wrong
//!   secrets, so the right one always passes.
//! - App requests, per user and source address: counted before the credential is checked, so that one over the limit
//!   costs nothing, and with the address in it, so that a stranger cannot use up what a user may have. What a shut door refuses is
//!   not counted, so that neither can a neighbour behind the user's own address. Requests for other
//!   users' backups (403) are counted by their credential, for each names another user; one over the limit is shut out for
//!   ten seconds. Requests for `/readyz`, which asks the database and no credential, by their address.
//! - Webhooks, per source address, once the secret is right.
//!
//! What is shut, and which credentials were good, an isolate knows for itself.

use std::cell::RefCell;

use crate::domain::ip;
use crate::domain::recent::Recent;
use crate::domain::secret::CredentialHash;
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call};
use crate::limiters::{APP, AUTH_FAILURES, WEBHOOK};
use crate::platform::now_ms;
use crate::routes::Pending;

/// The bindings' period.
const PERIOD_SECONDS: u32 = 60;
const SHUT_SECONDS: u32 = 10;
const GOOD_MS: u64 = 15 * 60 * 1000;
const MAX_REMEMBERED: usize = 2_048;

/// Where a credential is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door<'a> {
    /// Nowhere: the route is for everybody.
    None,
    Webhooks {
        /// Whether the request has shown the secret.
        is_portal: bool,
    },
    Operators,
    /// The user's or the client's id, as the path has it.
    App(&'a str),
}

thread_local! {
    /// What is shut out: doors, by name and source address; credentials of apps, by their hash.
    static SHUT: RefCell<Recent<()>> = const { RefCell::new(Recent::new(MAX_REMEMBERED)) };
    /// App credentials that were good, by their hash.
    static GOOD: RefCell<Recent<()>> = const { RefCell::new(Recent::new(MAX_REMEMBERED)) };
}

/// Carries out `handle` between the limits of its door.
///
/// `handle` is boxed, so that this is compiled once, and a fresh isolate compiles nothing of the handlers that it does not meet.
pub async fn guard(call: &Call<'_>, door: Door<'_>, handle: Pending<'_>) -> Result<Answer> {
    let source = call.source();
    let name = match door {
        Door::None => {
            count(call, APP, &format!("{} -", ip::counted_as(source))).await?;
            return handle.await;
        }
        Door::Webhooks { .. } => "webhooks",
        Door::Operators => "operators",
        Door::App(_) => "apps",
    };
    let address = || CredentialHash::of(&format!("{name} {}", ip::counted_as(source)));
    let is_shut = |key| SHUT.with_borrow(|shut| shut.get(key, now_ms()).is_some());
    let may_pass = || match door {
        Door::App(_) => was_good(call),
        Door::Webhooks { is_portal } => is_portal,
        Door::None | Door::Operators => false,
    };
    if anything_is_shut() {
        if is_shut(address()) && !may_pass() {
            return Err(too_many_failures());
        }
        if call.bearer_hash().is_some_and(is_shut) {
            return Err(too_many_requests());
        }
    }
    if let Door::App(user) = door {
        count(call, APP, &format!("{} {}", ip::counted_as(source), user)).await?;
    }
    let result = handle.await;
    let is_app = matches!(door, Door::App(_));
    match &result {
        Ok(_) if is_app => remember_good(call),
        Err(error)
            if error.code == Code::Unauthorized
                && !call
                    .limiters
                    .allow(AUTH_FAILURES, &ip::counted_as(source))
                    .await =>
        {
            shut(address());
            return Err(too_many_failures());
        }
        Err(error) if error.code == Code::Forbidden && is_app => {
            if let Some(credential) = call.bearer_hash() {
                let key = format!("{} {}", ip::counted_as(source), credential.to_hex());
                if !call.limiters.allow(APP, &key).await {
                    shut(credential);
                }
            }
        }
        _ => {}
    }
    result
}

fn anything_is_shut() -> bool {
    SHUT.with_borrow(|shut| !shut.is_empty())
}

fn shut(door: CredentialHash) {
    let until = now_ms() + u64::from(SHUT_SECONDS) * 1000;
    SHUT.with_borrow_mut(|shut| shut.insert(door, (), until));
}

/// Counts a webhook whose secret was right.
pub async fn count_webhook(call: &Call<'_>) -> Result<()> {
    count(call, WEBHOOK, &ip::counted_as(call.source())).await
}

async fn count(call: &Call<'_>, limiter: &'static str, key: &str) -> Result<()> {
    if call.limiters.allow(limiter, key).await {
        return Ok(());
    }
    Err(too_many_requests())
}

fn too_many_requests() -> Error {
    Error::rate_limited(
        PERIOD_SECONDS,
        "Too many requests. Try again after the time in Retry-After.",
    )
}

fn too_many_failures() -> Error {
    Error::rate_limited(
        SHUT_SECONDS,
        "Too many failed credentials from this address. Try again after the time in Retry-After.",
    )
}

fn was_good(call: &Call<'_>) -> bool {
    call.bearer_hash()
        .is_some_and(|hash| GOOD.with_borrow(|good| good.get(hash, now_ms()).is_some()))
}

fn remember_good(call: &Call<'_>) {
    if let Some(hash) = call.bearer_hash() {
        let until = call.trail.now_ms + GOOD_MS;
        GOOD.with_borrow_mut(|good| good.insert(hash, (), until));
    }
}
