//! Bearer tokens and key sets: nothing but a well-formed token of an allowed algorithm gets as far as a signature, and
//! nothing but a strong public key is ever asked for one.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use portal_backup_worker::domain::claims::{self, Rules};
use portal_backup_worker::domain::jwks;
use portal_backup_worker::domain::jwt::{self, Algorithm, MAX_TOKEN_BYTES, Unverified};
use serde_json::Value;

fuzz_target!(|input: &str| {
    if let Ok(token) = Unverified::parse(input) {
        assert!(input.len() <= MAX_TOKEN_BYTES);
        assert_eq!(input.matches('.').count(), 2);
        assert!(input.starts_with(token.signing_input));
        assert!(token.signature.len() >= 64);
        if let Ok(claims) = jwt::claims_of(&token) {
            let audiences = ["app".to_owned()];
            let rules = Rules { issuer: "https://id.test/", audiences: &audiences, audience_claim: "aud" };
            if claims::check(&claims, &rules, 1_800_000_000).is_ok() {
                // What holds now holds for another reader, too, and does not hold for ever.
                let payload = URL_SAFE_NO_PAD.decode(input.split('.').nth(1).expect("a payload")).expect("base64url");
                let read: Value = serde_json::from_slice(&payload).expect("JSON");
                assert_eq!(read["iss"], "https://id.test/");
                assert!(read["exp"].as_f64().is_some_and(|exp| exp > 1_799_999_940.0));
                assert!(claims::check(&claims, &rules, i64::MAX).is_err());
            }
            if let Ok(user) = claims::user_of(&claims, "sub") {
                assert!(!user.is_empty());
            }
        }
    }
    if let Some(set) = jwks::parse(input) {
        assert!(set.keys.len() + set.odd.len() <= 64);
        for key in &set.keys {
            // What goes to WebCrypto is JSON with the members of its type alone, whatever the set held.
            let jwk: Value = serde_json::from_str(&key.jwk).expect("the JWK is JSON");
            let mut names: Vec<_> = jwk.as_object().expect("an object").keys().map(String::as_str).collect();
            names.sort_unstable();
            let expected: &[&str] = match key.algorithm {
                Algorithm::Rs256 => &["e", "kty", "n"],
                Algorithm::Es256 => &["crv", "kty", "x", "y"],
                Algorithm::EdDsa => &["crv", "kty", "x"],
            };
            assert_eq!(names, expected);
        }
        let _ = jwks::pick(&set.keys, Algorithm::Es256, Some("kid"));
    }
});
