//! What a token must say: of whom, for whom, until when, about which user. A pure function of the claims and the time.

use super::body::Fields;
use super::jwt::{Claims, Refusal};

/// How far two clocks may differ, in seconds.
const SKEW: i64 = 60;

/// What the settings demand of a token.
pub struct Rules<'a> {
    pub issuer: &'a str,
    /// Of which a token must name one.
    pub audiences: &'a [String],
    /// The claim that names them, a text or an array of texts.
    pub audience_claim: &'a str,
}

/// Whether the claims hold at `now` (seconds since 1970).
pub fn check(claims: &Claims, rules: &Rules, now: i64) -> Result<(), Refusal> {
    let claims = &claims.fields()?;
    if claims.text("iss").as_deref() != Some(rules.issuer) {
        return Err(Refusal::Issuer);
    }
    if !claims.has(rules.audience_claim) {
        return Err(Refusal::NoAudience);
    }
    let audiences = match claims.text(rules.audience_claim) {
        Some(one) => vec![one],
        None => claims.texts(rules.audience_claim).unwrap_or_default(),
    };
    if !audiences.iter().any(|one| rules.audiences.contains(one)) {
        return Err(Refusal::Audience);
    }
    let exp = seconds(claims, "exp")?.ok_or(Refusal::Expired)?;
    if now >= exp.saturating_add(SKEW) {
        return Err(Refusal::Expired);
    }
    for start in ["nbf", "iat"] {
        if seconds(claims, start)?.is_some_and(|at| at.saturating_sub(SKEW) > now) {
            return Err(Refusal::NotYetValid);
        }
    }
    Ok(())
}

/// The user that the claims name. `name` is a key of the payload exactly as written, never a path into it.
pub fn user_of(claims: &Claims, name: &str) -> Result<String, Refusal> {
    let claims = claims.fields()?;
    match claims.text(name) {
        Some(user) if !user.is_empty() => Ok(user),
        None if claims.get(name).is_some() => Err(Refusal::UserIsNoText),
        _ => Err(Refusal::User),
    }
}

/// A NumericDate: a number, if it is there at all.
fn seconds(claims: &Fields, name: &str) -> Result<Option<i64>, Refusal> {
    if !claims.has(name) {
        return Ok(None);
    }
    claims
        .whole_number(name)
        .map(Some)
        .ok_or(Refusal::Malformed)
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
