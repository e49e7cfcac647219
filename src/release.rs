//! Which release runs: its version, and the digest of the files that were deployed.

use crate::platform::release_digest;

/// The version in `Cargo.toml`, such as `0.1.0`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The SHA-256 of the Worker's files, 64 hexadecimal digits. The build writes it into `build/release.js`, and
/// `src/entry.js` hands it over when the Worker starts. None: another entry started the Worker, as some tests do.
///
/// `npm run verify` compares it with a release's own digest.
pub fn digest() -> Option<String> {
    release_digest()
}
