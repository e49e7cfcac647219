//! A bearer token of somebody else's making, read with suspicion.
//!
//! The order is the defence: [`Unverified::parse`] looks at the header alone and takes one of three algorithms; a key
//! that fits exactly that algorithm (see `jwks`) checks the signature; only then is the payload read at all, by
//! [`claims_of`], and its claims held against the settings (see `claims`). Nothing here does cryptography or I/O.
//!
//! A header cannot bring its own key: `jwk`, `jku`, `x5u` and `x5c` are never read, and `crit` (which would change
//! what the rest means) refuses the token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::body::Fields;
use super::json;

/// Longer tokens are refused unread. Identity providers stay well under 4 KiB.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
const MAX_KID_BYTES: usize = 256;

/// The signatures that are accepted. There is no `none`, and none with a shared key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            // RFC 9864 gives EdDSA over this curve a name of its own.
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    fn allows_signature_of(self, bytes: usize) -> bool {
        match self {
            // RSA of 2048 to 8192 bits.
            Self::Rs256 => (256..=1024).contains(&bytes),
            Self::Es256 | Self::EdDsa => bytes == 64,
        }
    }
}

/// What the caller hears of a credential over 8 KiB.
pub const TOO_LONG: &str = "The credential is longer than 8 KiB, which is the maximum. Have the identity provider put less into the token, such as no groups.";

/// Why a token is refused. For the log; the caller hears only of the ones that it can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    TooLong,
    Malformed,
    Algorithm,
    Critical,
    UnknownKey,
    Signature,
    Issuer,
    NoAudience,
    Audience,
    Expired,
    NotYetValid,
    User,
    UserIsNoText,
}

impl Refusal {
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "token is longer than 8 KiB",
            Self::Malformed => "token is not a well-formed JWS",
            Self::Algorithm => "token algorithm is not RS256, ES256 or EdDSA",
            Self::Critical => "token header has a crit parameter",
            Self::UnknownKey => "token is signed with a key that the provider does not publish",
            Self::Signature => "token signature is wrong",
            Self::Issuer => "token is of another issuer",
            Self::NoAudience => {
                "token has no audience: send the ID token, or set JWT_AUDIENCE_CLAIM"
            }
            Self::Audience => "token is for another audience",
            Self::Expired => "token has expired",
            Self::NotYetValid => "token is not valid yet",
            Self::User => "token names no user",
            Self::UserIsNoText => "token names the user by something else than a string",
        }
    }

    /// For the app's developer, of a token that the provider did sign: what to mend. None: there is nothing to tell.
    pub fn detail(self) -> Option<&'static str> {
        match self {
            Self::TooLong => Some(TOO_LONG),
            Self::Issuer => Some("The token's issuer (iss) is not JWT_ISSUER."),
            Self::NoAudience => Some(
                "The token has no audience (aud). Send the ID token, or set JWT_AUDIENCE_CLAIM to the claim that the token has instead.",
            ),
            Self::Audience => Some(
                "The token is for another audience. Its audience (aud) must be one of JWT_AUDIENCE.",
            ),
            Self::Expired => Some("The token has expired. Get a new one."),
            Self::NotYetValid => {
                Some("The token is not valid yet (nbf, iat). Check the clock that made it.")
            }
            Self::User => Some("The token names no user. JWT_USER_CLAIM says which claim must."),
            Self::UserIsNoText => Some(
                "The token's user (JWT_USER_CLAIM) is not a string. Have the identity provider send it as one.",
            ),
            Self::Malformed
            | Self::Algorithm
            | Self::Critical
            | Self::UnknownKey
            | Self::Signature => None,
        }
    }
}

/// A token whose header is acceptable. Its claims cannot be had from it: they are not proven yet.
pub struct Unverified<'a> {
    pub algorithm: Algorithm,
    pub kid: Option<String>,
    /// What is signed: header and payload as they came.
    pub signing_input: &'a str,
    pub signature: Vec<u8>,
    payload: &'a str,
}

impl<'a> Unverified<'a> {
    pub fn parse(token: &'a str) -> Result<Self, Refusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::TooLong);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(Refusal::Malformed)?;
        // A fourth part leaves a dot in the payload, which is not base64url: refused when it is decoded. Here as
        // well, so that such a token never reaches a key.
        if payload.contains('.') {
            return Err(Refusal::Malformed);
        }
        let header = decode(header)?;
        let header = fields(&header)?;
        if header.has("crit") {
            return Err(Refusal::Critical);
        }
        let algorithm = header.text("alg");
        let algorithm = algorithm
            .and_then(|name| Algorithm::from_name(&name))
            .ok_or(Refusal::Algorithm)?;
        let kid = header.text("kid");
        if header.has("kid")
            && !kid
                .as_ref()
                .is_some_and(|kid| (1..=MAX_KID_BYTES).contains(&kid.len()))
        {
            return Err(Refusal::Malformed);
        }
        let signature = decode(signature)?;
        if !algorithm.allows_signature_of(signature.len()) {
            return Err(Refusal::Signature);
        }
        Ok(Self {
            algorithm,
            kid,
            signing_input,
            signature,
            payload,
        })
    }
}

/// What a token says: a JSON object, still in its source text.
pub struct Claims(pub(super) Vec<u8>);

/// The claims, to be called once the signature is verified.
pub fn claims_of(token: &Unverified) -> Result<Claims, Refusal> {
    decode(token.payload).map(Claims)
}

impl Claims {
    pub(super) fn fields(&self) -> Result<Fields<'_>, Refusal> {
        fields(&self.0)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    if part.is_empty() {
        return Err(Refusal::Malformed);
    }
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)
}

/// A JSON object in which no name stands twice: two readers of a token must not see two different ones.
fn fields(json: &[u8]) -> Result<Fields<'_>, Refusal> {
    Fields::parse(json).map_err(|_| Refusal::Malformed)
}

/// How tokens and key sets are read; `null` is no text, no texts and no number.
impl Fields<'_> {
    /// A field that is a string.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        json::text(self.get(name)?)
    }

    /// A field that is an array of strings.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let elements = json::elements(self.get(name)?)?;
        elements.into_iter().map(json::text).collect()
    }

    /// A field that is a number, as a whole one: what stands behind the point is cut off. Not with an exponent, which
    /// no time needs.
    pub(super) fn whole_number(&self, name: &str) -> Option<i64> {
        let number = self.get(name)?;
        let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
        let rest_is_plain = rest.bytes().all(|byte| byte.is_ascii_digit());
        whole.parse().ok().filter(|_| rest_is_plain)
    }
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
