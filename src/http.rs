//! A request on its way in and an answer on its way out.

use std::cell::OnceCell;

use js_sys::JsString;
use wasm_bindgen::JsValue;

use crate::config::Settings;
use crate::copy::Copier;
use crate::domain::body::{check_reason, parse_reason};
use crate::domain::json::Writer;
use crate::domain::names::InvalidName;
use crate::domain::number::whole;
use crate::domain::secret::{CredentialHash, SecretBytes};
use crate::domain::url;
use crate::error::{Code, Error, Result};
use crate::homes::Homes;
use crate::limiters::Limiters;
use crate::platform::{self, Bindings};
use crate::store::audit::Trail;
use crate::store::{Database, Page};
use crate::vault::Vault;

/// Longest body, in bytes: a client cipher text has 16 to 24 KB, a custodian share about 6 KB.
pub const MAX_BODY_BYTES: u32 = 512 * 1024;

/// Maximum credential length in bytes. A longer one is treated as missing.
const MAX_CREDENTIAL_BYTES: usize = 8 * 1024;

/// A request's method, address and headers: the usual ones at once, any other when it is asked for. An empty header is
/// none.
pub struct Head<'a> {
    request: &'a web_sys::Request,
    pub method: &'a str,
    pub url: &'a str,
    /// Cloudflare's name for the request.
    pub ray: Option<&'a str>,
    pub connecting_ip: Option<&'a str>,
    pub authorization: Option<&'a str>,
    pub content_type: Option<&'a str>,
    pub webhook_secret: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// `text` is what `requestHead` in `platform/glue.js` makes of the request.
    pub fn of(request: &'a web_sys::Request, text: &'a str) -> Self {
        let mut lines = text.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty());
        Self {
            request,
            method: line().unwrap_or_default(),
            url: line().unwrap_or_default(),
            ray: line(),
            connecting_ip: line(),
            authorization: line(),
            content_type: line(),
            webhook_secret: line(),
            content_encoding: line(),
        }
    }

    /// Any header.
    pub fn header(&self, name: &str) -> Option<String> {
        platform::request_header(self.request, name)
    }
}

/// A header that holds a credential.
pub fn credential(header: Option<&str>) -> Option<&str> {
    header.filter(|value| value.len() <= MAX_CREDENTIAL_BYTES)
}

/// A request with all that a handler needs to answer it.
pub struct Call<'a> {
    pub head: &'a Head<'a>,
    /// Without the `?`, still encoded.
    pub query: &'a str,
    pub settings: &'a Settings,
    pub vault: &'a Vault,
    /// `DB`: for what is about no user, or about nobody who is known.
    pub db: &'a Database,
    /// All databases: for what is about a user.
    pub homes: &'a Homes<'a>,
    pub limiters: Limiters<'a>,
    pub bindings: &'a Bindings,
    /// None: nothing is copied.
    pub copier: Option<Copier<'a>>,
    pub trail: Trail,
    /// The name of the operator, once that is known: for the request's line in the log.
    pub operator: &'a OnceCell<String>,
    /// [`bearer_hash`](Self::bearer_hash), once it is made.
    pub bearer: OnceCell<Option<CredentialHash>>,
}

impl Call<'_> {
    /// The address that the request came from, as Cloudflare says.
    pub fn source(&self) -> Option<&str> {
        self.trail.source_address.as_deref()
    }

    /// The token of `Authorization: Bearer …`.
    pub fn bearer_token(&self) -> Option<&str> {
        let (scheme, token) = credential(self.head.authorization)?.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }

    /// Whether a credential is there that is too long to be read.
    pub fn has_long_credential(&self) -> bool {
        let header = self.head.authorization;
        header.is_some_and(|value| value.len() > MAX_CREDENTIAL_BYTES)
    }

    /// The hash of [`bearer_token`](Self::bearer_token).
    pub fn bearer_hash(&self) -> Option<CredentialHash> {
        let hash = || self.bearer_token().map(CredentialHash::of);
        *self.bearer.get_or_init(hash)
    }

    /// The body of a JSON request.
    pub async fn json_body(&self) -> Result<SecretBytes> {
        self.body_of_type("application/json", MAX_BODY_BYTES).await
    }

    /// Where the header was set twice, as Portal's React Native SDK does it under two spellings, the first counts.
    pub async fn body_of_type(&self, wanted: &str, limit: u32) -> Result<SecretBytes> {
        let content_type = self.head.content_type.unwrap_or_default();
        let media_type = content_type
            .split([';', ','])
            .next()
            .unwrap_or_default()
            .trim();
        if !media_type.eq_ignore_ascii_case(wanted) {
            return Err(Error::new(
                Code::UnsupportedMediaType,
                format!("Send the body with Content-Type: {wanted}."),
            ));
        }
        self.body(limit).await
    }

    /// As [`json_body`](Self::json_body), where the body may be left out.
    pub async fn optional_json_body(&self) -> Result<SecretBytes> {
        if self.head.content_type.is_none() {
            self.body(MAX_BODY_BYTES).await
        } else {
            self.json_body().await
        }
    }

    pub async fn body(&self, limit: u32) -> Result<SecretBytes> {
        let encoding = self.head.content_encoding.unwrap_or_default();
        if !matches!(encoding.trim(), "" | "identity") {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-, ".contains(&byte);
            let named = match encoding.len() <= 40 && encoding.bytes().all(plain) {
                true => encoding,
                false => "this one",
            };
            let detail = format!(
                "Send the body without Content-Encoding: it is read as it comes, and {named} is not undone."
            );
            return Err(Error::new(Code::UnsupportedMediaType, detail));
        }
        let body = platform::read_body(self.head.request, limit)
            .await
            .map_err(|failure| {
                Error::new(
                    Code::InvalidJson,
                    "The body was cut off before it was complete. Send it again.",
                )
                .caused_by(failure.0)
            })?;
        body.map(SecretBytes::from).ok_or_else(|| {
            Error::new(
                Code::BodyTooLarge,
                format!("The body may be at most {limit} bytes long."),
            )
        })
    }

    /// A name from the query.
    pub fn query_name<T>(
        &self,
        field: &'static str,
        parse: impl FnOnce(String) -> std::result::Result<T, InvalidName>,
    ) -> Result<Option<T>> {
        match url::query_value(self.query, field) {
            None => Ok(None),
            Some(None) => Err(Error::field(field, "be UTF-8")),
            Some(Some(text)) => parse(text)
                .map(Some)
                .map_err(|InvalidName(must)| Error::field(field, must)),
        }
    }

    /// Why an operator asks for it: `reason` of the body, which may be left out, or of the query.
    pub async fn reason(&self) -> Result<Option<String>> {
        let body = self.optional_json_body().await?;
        let in_query = self.query_name("reason", |text| check_reason(&text).map(|()| text))?;
        let reason = parse_reason(&body)?.or(in_query);
        Ok(reason.filter(|text| !text.is_empty()))
    }

    /// How many entries a page of a listing has: `limit`, 1 to 1000, 100 if it is left out.
    pub fn page_limit(&self) -> Result<u64> {
        match url::query_value(self.query, "limit") {
            None => Ok(100),
            Some(text) => match text.and_then(|text| whole(&text)) {
                Some(limit @ 1..=1000) => Ok(limit),
                _ => Err(Error::field("limit", "be a whole number from 1 to 1000")),
            },
        }
    }
}

/// An answer, before it has become a `Response`.
pub struct Answer {
    status: u16,
    body: JsValue,
    content_type: Option<&'static str>,
    /// Besides those that every answer has: "name: value".
    pub headers: Vec<String>,
    /// See [`Answer::once`].
    pub is_once: bool,
}

impl Answer {
    pub fn json(status: u16, text: &str) -> Self {
        Self::text(status, "application/json", text)
    }

    pub fn ok(object: Writer) -> Self {
        Self::json(200, &object.end())
    }

    /// A page of a listing, under the name of what it lists.
    pub fn page(name: &'static str, page: &Page) -> Self {
        let page = Writer::default()
            .raw(name, &page.rows.to_json())
            .optional("cursor", page.cursor.as_deref());
        Self::ok(page)
    }

    pub fn open_metrics(text: &str) -> Self {
        Self::text(
            200,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            text,
        )
    }

    /// JSON text that JavaScript made and that never was in Rust: with shares in it.
    pub fn json_text(text: JsString) -> Self {
        Self::of(200, Some("application/json"), text.into())
    }

    /// Marks an answer that holds what nobody gets again. The caller gets it even if COPY_REQUIRED is set and its second copy is not there.
    pub fn once(self) -> Self {
        Self {
            is_once: true,
            ..self
        }
    }

    pub fn no_content() -> Self {
        Self::of(204, None, JsValue::NULL)
    }

    fn text(status: u16, content_type: &'static str, text: &str) -> Self {
        Self::of(status, Some(content_type), JsValue::from_str(text))
    }

    fn of(status: u16, content_type: Option<&'static str>, body: JsValue) -> Self {
        Self {
            status,
            body,
            content_type,
            headers: Vec::new(),
            is_once: false,
        }
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    pub fn into_response(
        self,
        request_id: &str,
    ) -> std::result::Result<web_sys::Response, JsValue> {
        let extra = (!self.headers.is_empty()).then(|| self.headers.join("\n"));
        platform::respond(
            self.status,
            &self.body,
            self.content_type,
            request_id,
            extra.as_deref(),
        )
    }
}

impl From<&Error> for Answer {
    fn from(error: &Error) -> Self {
        let mut answer = Self::text(
            error.code.status(),
            "application/problem+json",
            &error.to_problem(),
        );
        if let Some((name, value)) = &error.header {
            answer.headers = vec![format!("{name}: {value}")];
        }
        answer
    }
}
