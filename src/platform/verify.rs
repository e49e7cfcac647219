//! Other people's signatures, Cloudflare's rate limiter. The functions are in `verify.js`.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::JsFailure;
use super::executor::wait;
use crate::domain::jwks::PublicKey;
use crate::domain::jwt::Algorithm;

#[wasm_bindgen(module = "/src/platform/verify.js")]
extern "C" {
    #[wasm_bindgen(js_name = importPublicKey)]
    fn import_public_key(algorithm: &str, jwk: &str) -> Promise;

    #[wasm_bindgen(js_name = verifySignature)]
    fn verify_signature(
        algorithm: &str,
        key: &JsValue,
        signature: Box<[u8]>,
        data: Box<[u8]>,
    ) -> Promise;

    #[wasm_bindgen(js_name = withinLimit)]
    fn within_limit(limiter: &JsValue, key: &str) -> Promise;
}

/// A public key in WebCrypto, for one algorithm.
#[derive(Clone)]
pub struct VerifyKey {
    algorithm: Algorithm,
    key: JsValue,
}

impl VerifyKey {
    /// None: WebCrypto does not take it (a point that is not on the curve, for example).
    pub async fn import(key: &PublicKey) -> Option<Self> {
        let imported = wait(&import_public_key(key.algorithm.name(), &key.jwk))
            .await
            .ok()?;
        Some(Self {
            algorithm: key.algorithm,
            key: imported,
        })
    }

    pub async fn verifies(&self, signature: &[u8], data: &[u8]) -> bool {
        let verified = wait(&verify_signature(
            self.algorithm.name(),
            &self.key,
            signature.into(),
            data.into(),
        ));
        verified.await.is_ok_and(|verified| verified.is_truthy())
    }
}

/// A rate limiting binding.
pub struct Limiter(JsValue);

impl Limiter {
    /// None: it is not bound.
    pub fn new(binding: JsValue) -> Option<Self> {
        Some(Self(binding)).filter(|limiter| limiter.0.is_truthy())
    }

    /// Counts one more for `key`; `Ok(false)`: that was too many.
    pub async fn allows(&self, key: &str) -> Result<bool, JsFailure> {
        Ok(wait(&within_limit(&self.0, key)).await?.is_truthy())
    }
}
