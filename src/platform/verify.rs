//! Other servers, other people's signatures, Cloudflare's rate limiter. The functions are in `verify.js`.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use super::JsFailure;
use super::wait::wait;
use crate::domain::jwks::PublicKey;
use crate::domain::jwt::Algorithm;

#[wasm_bindgen(module = "/src/platform/verify.js")]
extern "C" {
    #[wasm_bindgen(js_name = getText)]
    fn get_text_js(
        url: &str,
        authorization: Option<&str>,
        timeout_ms: u32,
        max_bytes: u32,
    ) -> Promise;

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

/// An answer of another server; the body is there for a 200 only.
pub struct Answered {
    pub status: u16,
    pub body: String,
}

/// GET, without following redirects, within a time and a size.
pub async fn get_text(
    url: &str,
    authorization: Option<&str>,
    timeout_ms: u32,
    max_bytes: u32,
) -> Result<Answered, JsFailure> {
    let pair: Array = wait(&get_text_js(url, authorization, timeout_ms, max_bytes))
        .await?
        .unchecked_into();
    let status = pair.get(0).as_f64().unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an HTTP status"
    )]
    let status = status as u16;
    Ok(Answered {
        status,
        body: pair.get(1).as_string().unwrap_or_default(),
    })
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
    pub fn binding(env: &worker::Env, name: &str) -> Option<Self> {
        super::binding(env, name).map(Self)
    }

    /// Counts one more for `key`; `Ok(false)`: that was too many.
    pub async fn allows(&self, key: &str) -> Result<bool, JsFailure> {
        Ok(wait(&within_limit(&self.0, key)).await?.is_truthy())
    }
}
