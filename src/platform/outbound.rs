//! Other servers: identity providers and Portal. The function is in `outbound.js`.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use super::JsFailure;
use super::executor::wait;

#[wasm_bindgen(module = "/src/platform/outbound.js")]
extern "C" {
    #[wasm_bindgen(js_name = ask)]
    fn ask_js(
        url: &str,
        authorization: Option<&str>,
        body: Option<&str>,
        timeout_ms: u32,
        max_bytes: u32,
    ) -> Promise;

    #[wasm_bindgen(js_name = deliver)]
    fn deliver_js(
        url: &str,
        signing_key: Option<&[u8]>,
        id: &str,
        timestamp: &str,
        body: &str,
        timeout_ms: u32,
    ) -> Promise;
}

/// POST of JSON as Standard Webhooks has it, signed where there is a key: `timestamp` in seconds since 1970. Answers with the
/// status.
pub async fn deliver(
    url: &str,
    signing_key: Option<&[u8]>,
    id: &str,
    timestamp: u64,
    body: &str,
    timeout_ms: u32,
) -> Result<u16, JsFailure> {
    let timestamp = timestamp.to_string();
    let delivery = deliver_js(url, signing_key, id, &timestamp, body, timeout_ms);
    let status = wait(&delivery).await?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an HTTP status"
    )]
    let status = status.as_f64().unwrap_or_default() as u16;
    Ok(status)
}

/// What another server answered; the body is there for a 2xx only.
pub struct Answered {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: String,
}

/// GET, without following redirects, within a time and a size.
pub async fn get_text(
    url: &str,
    authorization: Option<&str>,
    timeout_ms: u32,
    max_bytes: u32,
) -> Result<Answered, JsFailure> {
    ask(url, authorization, None, timeout_ms, max_bytes).await
}

/// POST of JSON, as `get_text`. A failure says nothing about whether the other side has done it.
pub async fn post_json(
    url: &str,
    authorization: &str,
    body: &str,
    timeout_ms: u32,
    max_bytes: u32,
) -> Result<Answered, JsFailure> {
    ask(url, Some(authorization), Some(body), timeout_ms, max_bytes).await
}

async fn ask(
    url: &str,
    authorization: Option<&str>,
    body: Option<&str>,
    timeout_ms: u32,
    max_bytes: u32,
) -> Result<Answered, JsFailure> {
    let parts: Array = wait(&ask_js(url, authorization, body, timeout_ms, max_bytes))
        .await?
        .unchecked_into();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an HTTP status"
    )]
    let status = parts.get(0).as_f64().unwrap_or_default() as u16;
    Ok(Answered {
        status,
        retry_after: parts.get(1).as_string(),
        body: parts.get(2).as_string().unwrap_or_default(),
    })
}
