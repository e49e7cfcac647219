//! What a token must say: of whom, for whom, until when, about which user. A pure function of the claims and the time.

use serde_json::Value;

use super::jwt::{Claims, Refusal};

/// How far two clocks may differ, in seconds.
const SKEW: f64 = 60.0;

/// What the settings demand of a token.
pub struct Rules<'a> {
    pub issuer: &'a str,
    pub audience: &'a str,
    /// The claim that names the user: a key of the payload exactly as written, never a path into it.
    pub user_claim: &'a str,
}

/// The user that the claims name, if they hold at `now` (seconds since 1970).
pub fn user_of(claims: &Claims, rules: &Rules, now: f64) -> Result<String, Refusal> {
    if claims.get("iss").and_then(Value::as_str) != Some(rules.issuer) {
        return Err(Refusal::Issuer);
    }
    let for_us = match claims.get("aud") {
        Some(Value::String(one)) => one == rules.audience,
        Some(Value::Array(all)) => {
            all.iter().all(Value::is_string)
                && all.iter().any(|one| one.as_str() == Some(rules.audience))
        }
        _ => false,
    };
    if !for_us {
        return Err(Refusal::Audience);
    }
    if now >= seconds(claims, "exp")?.ok_or(Refusal::Expired)? + SKEW {
        return Err(Refusal::Expired);
    }
    for start in ["nbf", "iat"] {
        if seconds(claims, start)?.is_some_and(|at| at - SKEW > now) {
            return Err(Refusal::NotYetValid);
        }
    }
    match claims.get(rules.user_claim) {
        Some(Value::String(user)) if !user.is_empty() => Ok(user.clone()),
        _ => Err(Refusal::User),
    }
}

/// A NumericDate: a number, if it is there at all.
fn seconds(claims: &Claims, name: &str) -> Result<Option<f64>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(at) => at
            .as_f64()
            .filter(|at| at.is_finite())
            .map(Some)
            .ok_or(Refusal::Malformed),
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
