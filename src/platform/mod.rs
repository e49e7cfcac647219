//! The JavaScript runtime, as far as the Worker needs it. Others pass its values on; only this module calls it.
//!
//! The functions themselves are in `glue.js`; this module gives them Rust types.

pub mod bucket;
mod executor;
pub mod outbound;
mod time;
pub mod verify;

use std::cell::RefCell;
use std::future::Future;
use std::thread::LocalKey;

use js_sys::{Array, JsString, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use executor::wait;
pub use executor::{after_answer, settle_with};
pub use time::{format_date, now_ms, parse_date};

#[wasm_bindgen(module = "/src/platform/glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = requestHead)]
    pub fn request_head(request: &web_sys::Request) -> String;

    #[wasm_bindgen(js_name = requestHeader)]
    pub fn request_header(request: &web_sys::Request, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = allBindings)]
    fn all_bindings(env: &Bindings) -> String;

    #[wasm_bindgen(js_name = keepSql)]
    fn keep_sql(text: &str) -> u32;

    #[wasm_bindgen(js_name = d1Batch)]
    fn d1_batch(db: &JsValue, statements: &str, values: &Array, timeout_ms: u32) -> Promise;

    #[wasm_bindgen(js_name = sizeOfDatabase)]
    fn size_of_database(db: &JsValue) -> f64;

    #[wasm_bindgen(js_name = cachedText)]
    fn cached_text(name: &str) -> Promise;

    #[wasm_bindgen(js_name = cacheText)]
    fn cache_text(name: &str, text: &str, seconds: u32) -> Promise;

    #[wasm_bindgen(js_name = sendTexts)]
    fn send_texts(queue: &JsValue, texts: &Array) -> Promise;

    #[wasm_bindgen(js_name = releaseDigest)]
    pub fn release_digest() -> Option<String>;

    #[wasm_bindgen(js_name = instanceStarted)]
    fn instance_started() -> u32;

    #[wasm_bindgen(js_name = instanceCrashed)]
    fn instance_crashed();

    fn sleep(ms: u32) -> Promise;

    #[wasm_bindgen(js_name = importKeys)]
    fn import_keys(sealing_key: &[u8], digest_info: &str) -> Promise;

    fn seal(keys: &JsValue, header: &[u8], aad: &[u8], text: &[u8], digests_share: bool)
    -> Promise;

    fn open(
        keys: &JsValue,
        version: u8,
        header_length: u32,
        aad: &[u8],
        envelope: &JsString,
    ) -> Promise;

    #[wasm_bindgen(js_name = openForRewrap)]
    fn open_for_rewrap(
        keys: &JsValue,
        version: u8,
        header_length: u32,
        aad: &[u8],
        envelope: &JsString,
    ) -> Promise;

    #[wasm_bindgen(js_name = readBody)]
    fn read_body_js(request: &web_sys::Request, limit: u32) -> Promise;

    #[wasm_bindgen(js_name = jsonObject)]
    pub fn json_object(names: &str, value: &JsValue) -> JsString;

    #[wasm_bindgen(catch)]
    pub fn respond(
        status: u16,
        body: &JsValue,
        content_type: Option<&str>,
        request_id: &str,
        extra: Option<&str>,
    ) -> Result<web_sys::Response, JsValue>;
}

/// At the start of a wasm instance: from now on a panic is told to `on_panic`, its stack to the console, and the next request
/// gets a fresh instance. Answers with the instance's number since the isolate's start, from 1.
pub fn start(on_panic: fn(&str)) -> u32 {
    std::panic::set_hook(Box::new(move |panic| {
        on_panic(&panic.to_string());
        console_error_panic_hook::hook(panic);
        instance_crashed();
    }));
    // A trap that is no panic, such as a stack that overflows.
    wasm_bindgen::handler::set_on_abort(wasm_bindgen::handler::schedule_reinit);
    instance_started()
}

/// The console's methods, each with one text.
pub mod console {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen(js_namespace = console)]
    extern "C" {
        pub fn log(line: &str);
        pub fn warn(line: &str);
        pub fn error(line: &str);
    }
}

/// A failure on the JavaScript side, by its message.
#[derive(Debug, Clone)]
pub struct JsFailure(pub String);

impl From<JsValue> for JsFailure {
    fn from(value: JsValue) -> Self {
        let message = value.dyn_ref::<js_sys::Error>().map_or_else(
            || value.as_string().unwrap_or_default(),
            |error| String::from(error.message()),
        );
        Self(message)
    }
}

/// A number from 0 up to 1, for jitter only.
pub fn random_fraction() -> f64 {
    js_sys::Math::random()
}

pub async fn pause(ms: u32) {
    let _ = wait(&sleep(ms)).await; // A timer does not fail.
}

/// Reads the body; None if it is longer than `limit` bytes.
pub async fn read_body(
    request: &web_sys::Request,
    limit: u32,
) -> Result<Option<Vec<u8>>, JsFailure> {
    let body = wait(&read_body_js(request, limit)).await?;
    Ok(body.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
}

/// An AES-256-GCM key and its digest key, imported into WebCrypto.
pub struct CryptoKeys(JsValue);

/// An envelope in base64, and the digests of what it holds.
pub struct Envelope {
    pub text: JsString,
    /// Of the share in its place: under the sealing key, and behind it under the others; spaces part them.
    pub digests: String,
    /// As `digests`, of the share alone; empty where it was not asked for.
    pub share_digests: String,
}

impl CryptoKeys {
    pub async fn import(sealing_key: &[u8], digest_info: &str) -> Result<Self, JsFailure> {
        Ok(Self(wait(&import_keys(sealing_key, digest_info)).await?))
    }

    /// What these keys seal has a digest under those other keys too.
    pub fn make_digests_of(&self, other: &Self) {
        let digest_key = self.0.unchecked_ref::<Array>();
        digest_key.push(&other.0.unchecked_ref::<Array>().get(1));
    }

    /// Seals what stands in `text` behind its first `aad.len()` bytes, bound to `aad`; the digests are of the whole `text`.
    /// `digests_share`: makes those of the share alone too.
    pub async fn seal(
        &self,
        header: &[u8],
        aad: &[u8],
        text: &[u8],
        digests_share: bool,
    ) -> Result<Envelope, JsFailure> {
        let all: Array = wait(&seal(&self.0, header, aad, text, digests_share))
            .await?
            .unchecked_into();
        let digests = all.get(1).as_string();
        // Without its digest a share would be taken for the same as another one without.
        let Some(digests) = digests.filter(|digests| !digests.is_empty()) else {
            return Err(JsFailure("sealing gave no digest".to_owned()));
        };
        let (digests, share_digests) = digests.split_once('\n').unwrap_or((&digests, ""));
        Ok(Envelope {
            text: all.get(0).unchecked_into(),
            digests: digests.to_owned(),
            share_digests: share_digests.to_owned(),
        })
    }

    /// None: it does not open.
    pub async fn open(
        &self,
        version: u8,
        header_length: usize,
        aad: &[u8],
        envelope: &JsString,
    ) -> Option<JsString> {
        let header_length = u32::try_from(header_length).unwrap_or(u32::MAX);
        wait(&open(&self.0, version, header_length, aad, envelope))
            .await
            .ok()?
            .dyn_into()
            .ok()
    }

    /// None: it does not open.
    pub async fn open_bytes(
        &self,
        version: u8,
        header_length: usize,
        aad: &[u8],
        envelope: &JsString,
    ) -> Option<Vec<u8>> {
        let header_length = u32::try_from(header_length).unwrap_or(u32::MAX);
        let promise = open_for_rewrap(&self.0, version, header_length, aad, envelope);
        let bytes = wait(&promise).await.ok()?;
        bytes.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
    }
}

/// The Worker's bindings, those that requests use, by their names: a getter makes no text of a name.
#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    pub type Bindings;
    #[wasm_bindgen(method, getter, js_name = DB)]
    fn db(this: &Bindings) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = AUTH_FAILURE_LIMITER)]
    pub fn auth_failure_limiter(this: &Bindings) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = APP_LIMITER)]
    pub fn app_limiter(this: &Bindings) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = WEBHOOK_LIMITER)]
    pub fn webhook_limiter(this: &Bindings) -> JsValue;
}

impl Bindings {
    /// The names and texts of all bindings, for [`crate::domain::bindings::Texts`].
    pub fn texts(&self) -> String {
        all_bindings(self)
    }

    fn binding(&self, name: &str) -> JsValue {
        js_sys::Reflect::get(self, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
    }
}

/// A text that this data center keeps for a while, on custom domains; None elsewhere, and where the cache fails.
pub async fn cached(name: &str) -> Option<String> {
    wait(&cached_text(name)).await.ok()?.as_string()
}

/// Keeps a text for [`cached`].
pub async fn cache(name: &str, text: &str, seconds: u32) {
    let _ = wait(&cache_text(name, text, seconds)).await; // A cache may forget anything.
}

/// Sends messages to the queue that is bound under a name, each a text.
///
/// # Errors
/// The queue did not take all: it may have taken some.
pub async fn send_messages(
    bindings: &Bindings,
    queue: &str,
    texts: impl Iterator<Item = String>,
) -> Result<(), JsFailure> {
    let texts: Array = texts.map(|text| JsValue::from_str(&text)).collect();
    wait(&send_texts(&bindings.binding(queue), &texts)).await?;
    Ok(())
}

/// A D1 binding.
#[derive(Clone)]
pub struct D1(JsValue);

impl D1 {
    /// The Worker's own, if it is bound.
    pub fn of(bindings: &Bindings) -> Option<Self> {
        Some(Self(bindings.db())).filter(|db| db.0.is_truthy())
    }

    /// Another one, by the name of its binding.
    pub fn named(bindings: &Bindings, name: &str) -> Option<Self> {
        Some(Self(bindings.binding(name))).filter(|db| db.0.is_truthy())
    }

    /// One transaction, one round trip: see `d1Batch` in `glue.js`. It is on its way when this returns.
    pub fn batch(
        &self,
        statements: &str,
        values: &Array,
        timeout_ms: u32,
    ) -> impl Future<Output = Result<Array, JsFailure>> + use<> {
        let results = wait(&d1_batch(&self.0, statements, values, timeout_ms));
        async { Ok(results.await?.unchecked_into()) }
    }

    /// The database's bytes, as D1 told with its last answer to this isolate; 0 before the first.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and not negative"
    )]
    pub fn bytes(&self) -> u64 {
        size_of_database(&self.0) as u64
    }
}

/// What `make` makes of a constant text, made once for the instance.
fn once<T: Clone>(
    made: &'static LocalKey<RefCell<Vec<(&'static str, T)>>>,
    text: &'static str,
    make: impl FnOnce(&str) -> T,
) -> T {
    made.with_borrow_mut(|made| {
        if let Some((_, value)) = made.iter().find(|(known, _)| std::ptr::eq(*known, text)) {
            return value.clone();
        }
        let value = make(text);
        made.push((text, value.clone()));
        value
    })
}

/// The place where JavaScript keeps a text of SQL: the texts are long, and every request needs the same few.
pub fn sql(text: &'static str) -> u32 {
    thread_local! {
        static PLACES: RefCell<Vec<(&'static str, u32)>> = const { RefCell::new(Vec::new()) };
    }
    once(&PLACES, text, keep_sql)
}

/// A property of an object, by a name that is constant: making a JavaScript string of it is dearer than the look.
pub fn property(object: &JsValue, name: &'static str) -> JsValue {
    thread_local! {
        static NAMES: RefCell<Vec<(&'static str, JsValue)>> = const { RefCell::new(Vec::new()) };
    }
    let name = once(&NAMES, name, JsValue::from_str);
    js_sys::Reflect::get(object, &name).unwrap_or(JsValue::UNDEFINED)
}
