//! Tokens of an identity provider, verified against the keys that it publishes.
//!
//! The keys are kept in the isolate. They are asked for again when they are ten minutes old, and when a token names a
//! key that is not among them, the latter at most once a minute. While the provider does not answer, the old set serves for
//! up to a day: a provider's bad hour must not keep users from their backups. The price: a key that the provider
//! withdraws in that very hour is honoured until it answers again.
//!
//! A token's `kid` is compared with the published ones and goes nowhere else. The only address that is ever asked is
//! the one in the settings.

use std::cell::RefCell;

use crate::config::Issuer;
use crate::domain::claims::{self, Rules};
use crate::domain::jwks::{self, Freshness, PublicKey, Step};
use crate::domain::jwt::{self, Claims, Refusal, Unverified};
use crate::log::{self, Field, Level};
use crate::platform::outbound::get_text;
use crate::platform::verify::VerifyKey;
use crate::platform::{now_ms, pause};

/// Within Portal's and any app's patience, with time left for the database.
const TIMEOUT_MS: u32 = 3_000;
/// How often to look whether another request's answer has come, and for how long.
const LOOK_MS: u32 = 50;
const MAX_LOOKS: u32 = 80;

/// Why a token does not get in.
pub enum Denied {
    Refused(Refusal),
    /// The provider does not answer, so it cannot be known.
    Unavailable,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What the isolate knows of one provider.
struct Provider {
    jwks_url: String,
    freshness: Freshness,
    keys: Vec<Known>,
}

#[derive(Clone)]
struct Known {
    public: PublicKey,
    key: VerifyKey,
}

impl AsRef<PublicKey> for Known {
    fn as_ref(&self) -> &PublicKey {
        &self.public
    }
}

thread_local! {
    /// One for the apps' identity provider, one for Cloudflare Access.
    static PROVIDERS: RefCell<Vec<Provider>> = const { RefCell::new(Vec::new()) };
}

/// The claims of a token that is good in every respect.
///
/// 1. Its form and its algorithm, from the header alone.
/// 2. Its signature, by a published key of exactly that algorithm.
/// 3. Its claims: issuer, audience, times.
pub async fn verify(token: &str, issuer: &Issuer) -> Result<Claims, Denied> {
    let token = Unverified::parse(token)?;
    let key = key_for(&token, &issuer.jwks_url).await?;
    if !key
        .verifies(&token.signature, token.signing_input.as_bytes())
        .await
    {
        return Err(Refusal::Signature.into());
    }
    let claims = jwt::claims_of(&token)?;
    let rules = Rules {
        issuer: &issuer.issuer,
        audiences: &issuer.audiences,
        audience_claim: &issuer.audience_claim,
    };
    claims::check(
        &claims,
        &rules,
        i64::try_from(now_ms() / 1000).unwrap_or(i64::MAX),
    )?;
    Ok(claims)
}

async fn key_for(token: &Unverified<'_>, url: &str) -> Result<VerifyKey, Denied> {
    for _ in 0..MAX_LOOKS {
        let (step, key) = with_provider(url, |provider| {
            let key = jwks::pick(&provider.keys, token.algorithm, token.kid.as_deref());
            let key = key.map(|known| known.key.clone());
            (provider.freshness.step(key.is_some(), now()), key)
        });
        match (step, key) {
            (Step::Use, Some(key)) => return Ok(key),
            (Step::Refuse | Step::Use, _) => return Err(Refusal::UnknownKey.into()),
            (Step::Unavailable, _) => return Err(Denied::Unavailable),
            (Step::Wait, _) => pause(LOOK_MS).await,
            (Step::Ask, key) => ask(url, key.is_some()).await,
        }
    }
    Err(Denied::Unavailable)
}

/// Asks the provider for its keys. A failure leaves the old ones as they are.
async fn ask(url: &str, has_key: bool) {
    with_provider(url, |provider| provider.freshness.begin(has_key, now()));
    match fetch(url).await {
        Ok(keys) => with_provider(url, |provider| {
            provider.keys = keys;
            provider.freshness.succeeded(now());
        }),
        Err(cause) => {
            with_provider(url, |provider| provider.freshness.failed());
            log::event(
                Level::Warn,
                "cannot get the keys that tokens are verified with",
                &[("cause", Field::Text(&cause))],
            );
        }
    }
}

async fn fetch(url: &str) -> Result<Vec<Known>, String> {
    let max_bytes = u32::try_from(jwks::MAX_SET_BYTES).unwrap_or(u32::MAX);
    let answer = get_text(url, None, TIMEOUT_MS, max_bytes)
        .await
        .map_err(|failure| failure.0)?;
    if answer.status != 200 {
        return Err(format!("the provider answered {}", answer.status));
    }
    let set = jwks::parse(&answer.body).ok_or("the answer is no set of keys")?;
    if !set.odd.is_empty() {
        log::event(
            Level::Warn,
            "the identity provider's key set has odd elements, which are passed over",
            &[("places", Field::Texts(&set.odd))],
        );
    }
    if set.keys.is_empty() {
        return Err("the answer holds no key that is of use".to_owned());
    }
    let mut keys = Vec::with_capacity(set.keys.len());
    for public in set.keys {
        if let Some(key) = VerifyKey::import(&public).await {
            keys.push(Known { public, key });
        }
    }
    if keys.is_empty() {
        Err("the answer holds no key that WebCrypto takes".to_owned())
    } else {
        Ok(keys)
    }
}

fn with_provider<T>(url: &str, use_it: impl FnOnce(&mut Provider) -> T) -> T {
    PROVIDERS.with_borrow_mut(|all| {
        if let Some(known) = all.iter_mut().find(|known| known.jwks_url == url) {
            return use_it(known);
        }
        let mut fresh = Provider {
            jwks_url: url.to_owned(),
            freshness: Freshness::default(),
            keys: Vec::new(),
        };
        let result = use_it(&mut fresh);
        all.push(fresh);
        result
    })
}

/// Seconds since 1970.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 are far below 2^53"
)]
fn now() -> f64 {
    now_ms() as f64 / 1000.0
}
