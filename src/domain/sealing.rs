//! How a share is sealed at rest.
//!
//! Envelope, version 1: `01 ‖ nonce (12 bytes) ‖ AES-256-GCM(share) ‖ tag (16 bytes)`, kept as base64 text.
//! The nonce is random for every seal. The associated data names the place that the share belongs to: kind, owner
//! and backup method, each length-prefixed. A sealed share that is moved to another row does not open there.
//!
//! The first key of the list seals, all open. The key's id stands in a column of its own.
//!
//! The digest of a share is HMAC-SHA256 over the associated data and the share, under a key derived from the
//! sealing key (HKDF-SHA256): it tells that the very same share came again without telling anything of the share. A
//! store compares with the digests under all keys, for the stored share may still be under an older one. The method
//! stands in it in upper case, for methods are compared without case; in the envelope it stands as it came.
//!
//! The algorithms themselves run in WebCrypto (`platform`); the tests here run the same format on RustCrypto, and
//! the tests of the built Worker run it on Node's WebCrypto. All three must agree on the golden bytes.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::names::{ClientId, UserId};

pub const VERSION: u8 = 1;
pub const NONCE_LENGTH: usize = 12;
/// Version byte and nonce.
pub const HEADER_LENGTH: usize = 1 + NONCE_LENGTH;

const DOMAIN: &[u8] = b"portal-backup-worker";
/// What the key of the digests is derived for, so that no key serves two algorithms.
pub const DIGEST_KEY_INFO: &str = "portal-backup-worker share digest v1";
const KEY_LENGTH: usize = 32;
const MAX_KEY_ID_LENGTH: usize = 32;
/// More keys than any rotation needs; each is imported in every isolate.
const MAX_KEYS: usize = 16;

/// What kind of share a sealed text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Portal's custodian backup share; its owner is a client id, all that the webhook knows of the user.
    Custodian,
    /// The user's encrypted share; its owner is a user id.
    User,
    /// The constant that shows that a key is the right one; its owner is the key's id.
    Canary,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Custodian => "custodian",
            Kind::User => "user",
            Kind::Canary => "canary",
        }
    }
}

/// The place that a sealed share belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub kind: Kind,
    pub owner: &'a str,
    pub backup_method: &'a str,
}

impl<'a> Place<'a> {
    /// Of a share of this kind.
    pub fn of(kind: Kind, client_id: &'a str, user_id: &'a str, backup_method: &'a str) -> Self {
        let owner = match kind {
            Kind::Custodian => client_id,
            _ => user_id,
        };
        Self {
            kind,
            owner,
            backup_method,
        }
    }

    pub fn custodian(client_id: &'a ClientId, backup_method: &'a str) -> Self {
        Self::of(Kind::Custodian, client_id.as_str(), "", backup_method)
    }

    pub fn user(user_id: &'a UserId, backup_method: &'a str) -> Self {
        Self::of(Kind::User, "", user_id.as_str(), backup_method)
    }

    /// The associated data: every part behind its length (32 bit, big-endian), so that no two places look alike.
    pub fn associated_data(&self) -> Vec<u8> {
        self.with_method(self.backup_method.as_bytes())
    }

    /// What stands before the share in its digest. As long as the associated data.
    pub fn digest_data(&self) -> Vec<u8> {
        self.with_method(&self.backup_method.as_bytes().to_ascii_uppercase())
    }

    fn with_method(&self, backup_method: &[u8]) -> Vec<u8> {
        let parts: [&[u8]; 5] = [
            DOMAIN,
            &[VERSION],
            self.kind.as_str().as_bytes(),
            self.owner.as_bytes(),
            backup_method,
        ];
        let mut data = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
        for part in parts {
            data.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

/// A new header: the version and a fresh nonce.
pub fn new_header() -> Result<[u8; HEADER_LENGTH], getrandom::Error> {
    let mut header = [0; HEADER_LENGTH];
    getrandom::fill(&mut header)?;
    header[0] = VERSION;
    Ok(header)
}

/// One key of `SHARE_ENCRYPTION_KEYS`.
pub struct Key {
    id: String,
    bytes: Zeroizing<[u8; KEY_LENGTH]>,
}

impl Key {
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn expose_sealing_key(&self) -> &[u8] {
        self.bytes.as_slice()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, …)", self.id)
    }
}

/// Parses `id:base64-of-32-bytes[,id:…]`, the sealing key first. The error says what is wrong with which entry,
/// without its text.
pub fn parse_keys(setting: &str) -> Result<Vec<Key>, String> {
    let mut keys: Vec<Key> = Vec::new();
    for (index, entry) in setting.split(',').enumerate() {
        let fail = |what: &str| Err(format!("entry {} {what}", index + 1));
        let Some((id, base64)) = entry.trim().split_once(':') else {
            return fail("is not of the form id:base64");
        };
        if id.is_empty()
            || id.len() > MAX_KEY_ID_LENGTH
            || !id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        {
            return fail("needs an id of 1 to 32 letters, digits, '.', '_' or '-'");
        }
        if keys.iter().any(|key| key.id == id) {
            return fail("has the id of another entry");
        }
        let Ok(bytes) = STANDARD.decode(base64).map(Zeroizing::new) else {
            return fail("is not base64 behind its id");
        };
        let Ok(bytes) = <[u8; KEY_LENGTH]>::try_from(bytes.as_slice()).map(Zeroizing::new) else {
            return fail("is not 32 bytes long");
        };
        if keys.len() == MAX_KEYS {
            return Err(format!("more than {MAX_KEYS} entries"));
        }
        keys.push(Key {
            id: id.to_owned(),
            bytes,
        });
    }
    Ok(keys)
}

#[cfg(test)]
#[path = "sealing_tests.rs"]
mod tests;
