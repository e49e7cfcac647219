//! The keys that an identity provider publishes, and when to ask for them again.
//!
//! A key is taken for exactly one algorithm, which its own type decides: an RSA key verifies RS256 and nothing else.
//! So a token cannot choose how a key is used (algorithm confusion). Keys that are of no use here (other curves,
//! encryption keys, shared secrets, short RSA keys) are passed over; the rest of the set stays good.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::body::Fields;
use super::json;
use super::jwt::Algorithm;

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

/// A provider's key set.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    /// The keys that are of use, each once.
    pub keys: Vec<PublicKey>,
    /// The places (`keys[0]`) of elements that are no keys as RFC 7517 has them.
    pub odd: Vec<String>,
}

/// The keys of a set. `None`: the answer is no key set. An odd element is passed over: the rest stays good.
pub fn parse(text: &str) -> Option<KeySet> {
    if text.len() > MAX_SET_BYTES {
        return None;
    }
    let set = Fields::parse(text.as_bytes()).ok()?;
    let elements = json::elements(set.get("keys")?)?;
    let mut set = KeySet::default();
    for (place, element) in elements.into_iter().take(MAX_KEYS).enumerate() {
        match Fields::parse(element.as_bytes()) {
            Ok(key) if !is_odd(&key) => {
                if let Some(key) = usable(&key).filter(|key| !set.keys.contains(key)) {
                    set.keys.push(key);
                }
            }
            _ => set.odd.push(format!("keys[{place}]")),
        }
    }
    Some(set)
}

/// Whether a member that must be a text is something else.
fn is_odd(key: &Fields) -> bool {
    const TEXTS: [&str; 9] = ["kty", "crv", "alg", "use", "kid", "n", "e", "x", "y"];
    let mut texts = TEXTS.into_iter();
    texts.any(|name| key.has(name) && key.text(name).is_none())
}

/// The key that a token means: the same kid, compared exactly, and the same algorithm. Without a kid, the only key of
/// that algorithm. Two different ones that fit are as bad as none: guessing between keys is not for a verifier.
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
    fitting
        .all(|other| other.as_ref().jwk == first.as_ref().jwk)
        .then_some(first)
}

impl AsRef<PublicKey> for PublicKey {
    fn as_ref(&self) -> &PublicKey {
        self
    }
}

fn usable(key: &Fields) -> Option<PublicKey> {
    let text = |name: &str| key.text(name);
    // A private or shared key in a public document is in everybody's hands.
    if key.has("d") || key.has("k") {
        return None;
    }
    if key.has("use") && text("use").as_deref() != Some("sig") {
        return None;
    }
    let may_verify = |ops: Vec<String>| ops.iter().any(|op| op == "verify");
    if key.has("key_ops") && !key.texts("key_ops").is_some_and(may_verify) {
        return None;
    }
    let (algorithm, jwk) = match (text("kty")?.as_str(), text("crv").as_deref()) {
        ("RSA", _) => (Algorithm::Rs256, rsa(&text("n")?, &text("e")?)?),
        ("EC", Some("P-256")) => {
            // RFC 7518 has them in 32 bytes. Authlib 1.9.10 leaves leading zeros out, of one key in 128; WebCrypto takes those.
            let of_p256 = |name: &str| coordinate(text(name)?, 1..=32);
            let (x, y) = (of_p256("x")?, of_p256("y")?);
            (
                Algorithm::Es256,
                format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#),
            )
        }
        ("OKP", Some("Ed25519")) => {
            let x = coordinate(text("x")?, 32..=32)?;
            (
                Algorithm::EdDsa,
                format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#),
            )
        }
        _ => return None,
    };
    let named = text("alg").map(|name| Algorithm::from_name(&name));
    if named.is_some_and(|named| named != Some(algorithm)) {
        return None;
    }
    Some(PublicKey {
        algorithm,
        kid: text("kid"),
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
        .fold(0u32, |value, byte| value * 256 + u32::from(*byte));
    let strong = (2048..=8192).contains(&bits) && exponent >= 65537 && exponent % 2 == 1;
    strong.then(|| format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#))
}

/// A text of so many bytes in base64url, so it is safe inside JSON quotes. Whether it is on its curve, WebCrypto finds out.
fn coordinate(text: String, length: RangeInclusive<usize>) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(&text).ok()?;
    length.contains(&bytes.len()).then_some(text)
}

/// Seconds after which a set is asked for again, although it still serves.
const FRESH: f64 = 600.0;
/// Seconds between two requests for tokens of unknown kids, which must not become a flood; and between two attempts to
/// renew a set.
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
    /// When a token last made us ask whose key is not in the set.
    asked_for_unknown: Option<f64>,
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
        let asking = !self.ended && since(self.asked) < LOST;
        let may_ask = !asking
            && match (serves, has_key) {
                (false, _) => !self.failed || since(self.asked) >= PAUSE_WITHOUT_KEYS,
                (true, true) => age >= FRESH && since(self.asked) >= PAUSE,
                (true, false) => since(self.asked_for_unknown) >= PAUSE,
            };
        match (serves && has_key, may_ask) {
            (_, true) => Step::Ask,
            (true, false) => Step::Use,
            (false, false) if asking => Step::Wait,
            (false, false) if self.failed => Step::Unavailable,
            (false, false) => Step::Refuse,
        }
    }

    /// A request for the set begins, for a token whose key is (or is not) in the set held.
    pub fn begin(&mut self, has_key: bool, now: f64) {
        if self.received.is_some() && !has_key {
            self.asked_for_unknown = Some(now);
        }
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
