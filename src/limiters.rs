//! Cloudflare's rate limiting bindings. One that is not bound, or that fails, lets everything pass: a warning in the log,
//! never an outage.

use std::cell::Cell;

use crate::log::{self, Field, Level};
use crate::platform::Bindings;
use crate::platform::verify::Limiter;

/// Failed credentials.
pub const AUTH_FAILURES: &str = "AUTH_FAILURE_LIMITER";
/// Requests of apps.
pub const APP: &str = "APP_LIMITER";
/// Authenticated webhooks.
pub const WEBHOOK: &str = "WEBHOOK_LIMITER";

thread_local! {
    /// The limiters that a warning was written about.
    static WARNED: Cell<u8> = const { Cell::new(0) };
}

/// The Worker's rate limiting bindings.
#[derive(Clone, Copy)]
pub struct Limiters<'a>(pub &'a Bindings);

impl Limiters<'_> {
    /// Counts one more for `key`; false: that was too many.
    pub async fn allow(self, name: &'static str, key: &str) -> bool {
        let binding = match name {
            AUTH_FAILURES => self.0.auth_failure_limiter(),
            APP => self.0.app_limiter(),
            _ => self.0.webhook_limiter(),
        };
        let cause = match Limiter::new(binding) {
            None => "it is not bound".to_owned(),
            Some(limiter) => match limiter.allows(key).await {
                Ok(allowed) => return allowed,
                Err(failure) => failure.0,
            },
        };
        warn_once(name, &cause);
        true
    }
}

/// One warning a limiter and isolate.
fn warn_once(name: &'static str, cause: &str) {
    let bit = match name {
        AUTH_FAILURES => 1,
        APP => 2,
        _ => 4,
    };
    let warned = WARNED.get();
    if warned & bit == 0 {
        WARNED.set(warned | bit);
        log::event(
            Level::Warn,
            "a rate limiter does not work, so it lets everything pass",
            &[
                ("limiter", Field::Text(name)),
                ("cause", Field::Text(cause)),
            ],
        );
    }
}
