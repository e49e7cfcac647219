//! Secrets: redacted in `Debug`, wiped on drop, compared in constant time, never serialised.

use std::fmt;
use std::ops::Deref;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A secret text that must be sent on as it is, such as an API key of ours.
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Takes the secret out of what holds it, and leaves nothing there: to be rid of it before the rest.
    pub fn take(&mut self) -> Self {
        Self(std::mem::take(&mut self.0))
    }

    /// The only way to the text: every use stands out in a review.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut std::mem::take(&mut self.0).into_bytes());
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Bytes with a secret somewhere in them, wiped when they are dropped.
pub struct SecretBytes(Vec<u8>);

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for SecretBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites what is needed no more. All at once: the `zeroize` crate's volatile write for every byte costs a share of 64 KB
/// nearly as much as sealing it. `black_box` keeps the compiler from leaving it out as useless.
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    std::hint::black_box(bytes);
}

/// SHA-256 of a credential. What has only to be recognised is kept as this, never as text.
///
/// A plain hash is enough: Portal's keys and our own secrets are long and random, so there is nothing to guess.
#[derive(Clone, Copy)]
pub struct CredentialHash([u8; 32]);

impl CredentialHash {
    pub fn of(credential: &str) -> Self {
        Self(Sha256::digest(credential.as_bytes()).into())
    }

    /// A number that is spread evenly over credentials.
    pub fn bucket(self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    /// Lower-case hex, as `users.client_api_key_hash` holds it.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }
}

/// Constant time, so that no caller can forget it; hashing first hides the length as well.
impl PartialEq for CredentialHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for CredentialHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialHash(…)")
    }
}

/// Lower-case. By hand: every request of an app makes one, and the formatter takes its time for each byte.
fn hex(bytes: &[u8; 32]) -> String {
    let digit = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
    let mut hex = [[0; 2]; 32];
    for (pair, byte) in hex.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    String::from_utf8(hex.as_flattened().to_vec()).unwrap_or_default() // It is ASCII.
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_nothing_of_the_secret() {
        let secret = Secret::new("hunter2hunter2".into());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(
            format!("{:?}", CredentialHash::of("hunter2")),
            "CredentialHash(…)"
        );
    }

    #[test]
    fn equal_credentials_are_equal_and_others_are_not() {
        assert!(CredentialHash::of("a") == CredentialHash::of("a"));
        assert!(CredentialHash::of("a") != CredentialHash::of("b"));
        assert!(CredentialHash::of("a") != CredentialHash::of("a "));
    }

    #[test]
    fn a_credential_hash_is_the_hex_sha_256_of_the_text() {
        assert_eq!(
            CredentialHash::of("abc").to_hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn wiped_bytes_are_zeros_and_others_are_as_they_came() {
        let bytes = SecretBytes::from(vec![1, 2, 3]);
        assert_eq!(bytes.first_chunk(), Some(&[1, 2, 3]));
        let mut bytes = [1, 2, 3];
        wipe(&mut bytes);
        assert_eq!(bytes, [0, 0, 0]);
    }

    #[test]
    fn a_secret_that_was_taken_out_is_there_no_more() {
        let mut secret = Secret::new("hunter2".into());
        assert_eq!(secret.take().expose_secret(), "hunter2");
        assert_eq!(secret.expose_secret(), "");
    }
}
