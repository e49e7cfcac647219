//! The keys that an identity provider publishes, and when to ask for them again.
//!
//! A key is taken for exactly one algorithm, which its own type decides: an RSA key verifies RS256 and nothing else.
//! So a token cannot choose how a key is used (algorithm confusion). Keys that are of no use here (other curves,
//! encryption keys, shared secrets, short RSA keys) are passed over; the rest of the set stays good.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::collections::BTreeMap;

use super::jwt::{Algorithm, Object};

/// A larger answer of the provider is refused. Real ones are under 10 KiB.
pub const MAX_SET_BYTES: usize = 64 * 1024;
const MAX_KEYS: usize = 64;

/// A public key, and the one algorithm that it verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub algorithm: Algorithm,
    pub kid: Option<String>,
    /// A JWK written anew from the checked members alone, for WebCrypto's `importKey`.
    pub jwk: String,
}

/// The usable keys of a set; `None` if the answer is no key set or holds no usable key.
pub fn parse(json: &str) -> Option<Vec<PublicKey>> {
    #[derive(serde::Deserialize)]
    struct Set {
        keys: Vec<Object>,
    }
    if json.len() > MAX_SET_BYTES {
        return None;
    }
    let set: Set = serde_json::from_str(json).ok()?;
    let keys: Vec<_> = set
        .keys
        .iter()
        .take(MAX_KEYS)
        .filter_map(|key| usable(&key.0))
        .collect();
    (!keys.is_empty()).then_some(keys)
}

/// The key that a token means: the same kid, compared exactly, and the same algorithm. Without a kid, the only key of
/// that algorithm. Two that fit are as bad as none: guessing between keys is not for a verifier.
pub fn pick<'a, K: AsRef<PublicKey>>(
    keys: &'a [K],
    algorithm: Algorithm,
    kid: Option<&str>,
) -> Option<&'a K> {
    let mut fitting = keys.iter().filter(|key| {
        let key = key.as_ref();
        key.algorithm == algorithm && (kid.is_none() || key.kid.as_deref() == kid)
    });
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

impl AsRef<PublicKey> for PublicKey {
    fn as_ref(&self) -> &PublicKey {
        self
    }
}

fn usable(key: &BTreeMap<String, Value>) -> Option<PublicKey> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    // A private or shared key in a public document is in everybody's hands.
    if key.contains_key("d") || key.contains_key("k") {
        return None;
    }
    if key.get("use").is_some_and(|it| it.as_str() != Some("sig")) {
        return None;
    }
    let may_verify = |ops: &Value| {
        ops.as_array()
            .is_some_and(|ops| ops.iter().any(|op| op.as_str() == Some("verify")))
    };
    if key.get("key_ops").is_some_and(|ops| !may_verify(ops)) {
        return None;
    }
    let (algorithm, jwk) = match (text("kty")?, text("crv")) {
        ("RSA", _) => (Algorithm::Rs256, rsa(text("n")?, text("e")?)?),
        ("EC", Some("P-256")) => {
            let (x, y) = (coordinate(text("x")?)?, coordinate(text("y")?)?);
            (
                Algorithm::Es256,
                format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#),
            )
        }
        ("OKP", Some("Ed25519")) => {
            let x = coordinate(text("x")?)?;
            (
                Algorithm::EdDsa,
                format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#),
            )
        }
        _ => return None,
    };
    if key
        .get("alg")
        .is_some_and(|alg| alg.as_str() != Some(algorithm.name()))
    {
        return None;
    }
    let kid = match key.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str()?.to_owned()),
    };
    Some(PublicKey {
        algorithm,
        kid,
        jwk,
    })
}

/// 2048 to 8192 bits, and an exponent that is odd and at least 65537 (FIPS 186-5).
fn rsa(n: &str, e: &str) -> Option<String> {
    let modulus = URL_SAFE_NO_PAD.decode(n).ok()?;
    let bytes: Vec<u8> = modulus.into_iter().skip_while(|byte| *byte == 0).collect();
    let bits = bytes.len() * 8 - bytes.first()?.leading_zeros() as usize;
    let exponent = URL_SAFE_NO_PAD.decode(e).ok()?;
    if exponent.len() > 4 {
        return None;
    }
    let exponent = exponent
        .iter()
        .fold(0u32, |value, byte| (value << 8) | u32::from(*byte));
    let strong = (2048..=8192).contains(&bits) && exponent >= 65537 && exponent % 2 == 1;
    strong.then(|| format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#))
}

/// 32 bytes, as a coordinate of either curve has them. The text is base64url, so it is safe inside JSON quotes.
fn coordinate(text: &str) -> Option<&str> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    (bytes.len() == 32).then_some(text)
}

/// Seconds after which a set is asked for again, although it still serves.
const FRESH: f64 = 600.0;
/// Seconds between two requests for a set that already serves: an unknown kid must not become a flood.
const PAUSE: f64 = 60.0;
/// Seconds between two requests while there is no set at all: nothing works until one succeeds.
const PAUSE_WITHOUT_KEYS: f64 = 5.0;
/// How long an old set serves while the provider is down: a day. Then a key that the provider may have withdrawn
/// weighs more than being there.
const STALE: f64 = 86_400.0;
/// After this long a request that has not reported back is taken for lost (its caller went away). A little more than
/// the time limit of the request itself.
const LOST: f64 = 4.0;

/// What is known about a provider's set, apart from the keys themselves. Times are seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Freshness {
    /// When the set held was received.
    received: Option<f64>,
    /// When a request for it last began, and whether it has ended.
    asked: Option<f64>,
    ended: bool,
    failed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Take the key that is held.
    Use,
    /// Ask the provider, then decide again.
    Ask,
    /// Another request is asking just now: look again in a moment.
    Wait,
    /// No such key, and the provider was asked a moment ago: the token is refused.
    Refuse,
    /// It cannot be known, because the provider does not answer. Not the caller's fault.
    Unavailable,
}

impl Freshness {
    /// What to do for a token whose key is (or is not) in the set held.
    pub fn step(&self, has_key: bool, now: f64) -> Step {
        let since = |at: Option<f64>| at.map_or(f64::INFINITY, |at| (now - at).max(0.0));
        let age = since(self.received);
        let serves = age < STALE;
        let pause = if serves { PAUSE } else { PAUSE_WITHOUT_KEYS };
        let asking = !self.ended && since(self.asked) < LOST;
        let may_ask = !asking && (since(self.asked) >= pause || !(serves || self.failed));
        match (serves && has_key, may_ask) {
            (true, true) if age >= FRESH => Step::Ask,
            (true, _) => Step::Use,
            (false, true) => Step::Ask,
            (false, false) if asking => Step::Wait,
            (false, false) if self.failed => Step::Unavailable,
            (false, false) => Step::Refuse,
        }
    }

    pub fn begin(&mut self, now: f64) {
        self.asked = Some(now);
        self.ended = false;
    }

    pub fn succeeded(&mut self, now: f64) {
        (self.received, self.ended, self.failed) = (Some(now), true, false);
    }

    pub fn failed(&mut self) {
        (self.ended, self.failed) = (true, true);
    }
}

#[cfg(test)]
#[path = "jwks_tests.rs"]
mod tests;
