//! Errors: what the caller may know, and what the operator needs to know, apart from each other.
//!
//! Handlers return an [`Error`]; `lib.rs` logs it once and turns it into RFC 9457 problem details.

use std::borrow::Cow;
use std::ops::Deref;

use crate::domain::body::InvalidBody;
use crate::domain::json::Writer;
use crate::domain::query::InvalidQuery;
use crate::platform::JsFailure;
use crate::platform::bucket::Unreachable;

/// The `code` of the problem details, fixed by the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Unauthorized,
    Forbidden,
    EjectNotEnabled,
    NotFound,
    UnknownClient,
    UnknownUser,
    MethodNotAllowed,
    UnsupportedMediaType,
    InvalidJson,
    InvalidField,
    BodyTooLarge,
    Conflict,
    RateLimited,
    Unavailable,
    Misconfigured,
    Internal,
}

impl Code {
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::Unauthorized => "unauthorized",
            Code::Forbidden => "forbidden",
            Code::EjectNotEnabled => "eject_not_enabled",
            Code::NotFound => "not_found",
            Code::UnknownClient => "unknown_client",
            Code::UnknownUser => "unknown_user",
            Code::MethodNotAllowed => "method_not_allowed",
            Code::UnsupportedMediaType => "unsupported_media_type",
            Code::InvalidJson => "invalid_json",
            Code::InvalidField => "invalid_field",
            Code::BodyTooLarge => "body_too_large",
            Code::Conflict => "conflict",
            Code::RateLimited => "rate_limited",
            Code::Unavailable => "unavailable",
            Code::Misconfigured => "misconfigured",
            Code::Internal => "internal",
        }
    }

    pub const fn status(self) -> u16 {
        match self {
            Code::InvalidJson | Code::InvalidField => 400,
            Code::Unauthorized => 401,
            Code::Forbidden | Code::EjectNotEnabled => 403,
            Code::NotFound | Code::UnknownClient | Code::UnknownUser => 404,
            Code::MethodNotAllowed => 405,
            Code::Conflict => 409,
            Code::BodyTooLarge => 413,
            Code::UnsupportedMediaType => 415,
            Code::RateLimited => 429,
            Code::Internal => 500,
            Code::Unavailable | Code::Misconfigured => 503,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Code::Unauthorized => "The credential is missing or wrong",
            Code::Forbidden => "The credential does not allow this",
            Code::EjectNotEnabled => "Eject is not enabled for this share",
            Code::NotFound => "Not found",
            Code::UnknownClient => "Unknown client",
            Code::UnknownUser => "Unknown user",
            Code::MethodNotAllowed => "Method not allowed",
            Code::UnsupportedMediaType => "Unsupported media type",
            Code::InvalidJson => "The body is not a JSON object",
            Code::InvalidField => "A field is not valid",
            Code::BodyTooLarge => "The body is too large",
            Code::Conflict => "Conflict with what is stored",
            Code::RateLimited => "Too many requests",
            Code::Unavailable => "Temporarily unavailable",
            Code::Misconfigured => "The service is misconfigured",
            Code::Internal => "Internal error",
        }
    }
}

/// A request that cannot be answered as asked.
///
/// One pointer: as nearly every function may give one, its size would be in all their code.
#[derive(Debug)]
pub struct Error(Box<Parts>);

#[derive(Debug)]
pub struct Parts {
    pub code: Code,
    /// For the caller: what to do. Never a share, a secret, a key, SQL or a stack.
    detail: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    /// A header of the answer, such as `Allow` or `Retry-After`.
    pub header: Option<(&'static str, Cow<'static, str>)>,
    /// For the operator's log. Never a share, a secret or a key.
    pub cause: Option<String>,
    /// Further members of the problem details, each value as JSON.
    members: Vec<(&'static str, String)>,
    /// The answer of the database was lost. An `Unavailable` all the same, to whoever tries again.
    pub may_be_carried_out: bool,
}

impl Deref for Error {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Error {
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::from_parts(code, detail.into())
    }

    #[inline(never)]
    fn from_parts(code: Code, detail: Cow<'static, str>) -> Self {
        Self(Box::new(Parts {
            code,
            detail,
            field: None,
            header: None,
            cause: None,
            members: Vec::new(),
            may_be_carried_out: false,
        }))
    }

    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Conflict, detail)
    }

    pub fn not_found(detail: &'static str) -> Self {
        Self::new(Code::NotFound, detail)
    }

    pub fn caused_by(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.0.header = Some((name, value.into()));
        self
    }

    /// Replaces the detail shown to the caller.
    pub fn detailed(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Adds to the end of the detail.
    pub fn and_says(mut self, more: &str) -> Self {
        self.0.detail.to_mut().push_str(more);
        self
    }

    /// Puts a sentence before the detail.
    pub fn led_in_by(self, before: &str) -> Self {
        let detail = format!("{before} {}", self.detail);
        self.detailed(detail)
    }

    /// Adds a member to the problem details (RFC 9457, 3.2). `json` is its value.
    pub fn with_member(mut self, name: &'static str, json: String) -> Self {
        self.0.members.push((name, json));
        self
    }

    pub fn unauthorized(detail: &'static str) -> Self {
        Self::new(Code::Unauthorized, detail)
            .with_header("www-authenticate", "Bearer realm=\"portal-backup-worker\"")
    }

    pub fn field(field: &'static str, must: &str) -> Self {
        let mut error = Self::new(Code::InvalidField, format!("`{field}` must {must}."));
        error.0.field = Some(field.into());
        error
    }

    pub fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("This path takes {allow} only.");
        Self::new(Code::MethodNotAllowed, detail).with_header("allow", allow.to_owned())
    }

    pub fn unavailable(retry_after_seconds: u32, cause: impl Into<String>) -> Self {
        const DETAIL: &str =
            "The request was not carried out. Try again after the time in Retry-After.";
        Self::new(Code::Unavailable, DETAIL)
            .with_header("retry-after", retry_after_seconds.to_string())
            .caused_by(cause)
    }

    /// The same, where the request may have been carried out: the answer of the database was lost.
    pub fn or_carried_out(mut self) -> Self {
        if self.code != Code::Unavailable {
            return self;
        }
        self.0.may_be_carried_out = true;
        self.detailed(
            "The request may have been carried out: the database's answer was lost. Send it again after the time in Retry-After.",
        )
    }

    pub fn rate_limited(retry_after_seconds: u32, detail: &'static str) -> Self {
        Self::new(Code::RateLimited, detail)
            .with_header("retry-after", retry_after_seconds.to_string())
    }

    pub fn internal(cause: impl Into<String>) -> Self {
        const DETAIL: &str = "Something is wrong on the server; its log names this request's id.";
        Self::new(Code::Internal, DETAIL).caused_by(cause)
    }

    /// Whether the cause says one of these.
    pub fn is_caused_by(&self, words: &[&str]) -> bool {
        words.iter().any(|words| self.why().contains(words))
    }

    /// The cause, for whoever logs it; empty if there is none.
    pub fn why(&self) -> &str {
        self.cause.as_deref().unwrap_or_default()
    }

    /// RFC 9457 problem details.
    pub fn to_problem(&self) -> String {
        let problem = Writer::default()
            .text(
                "type",
                &format!("urn:portal-backup-worker:problem:{}", self.code.as_str()),
            )
            .text("title", self.code.title())
            .number("status", self.code.status().into())
            .text("detail", &self.detail)
            .text("code", self.code.as_str())
            .given("field", self.field.as_deref());
        let members = self.members.iter();
        members
            .fold(problem, |problem, (name, json)| problem.raw(name, json))
            .end()
    }
}

impl From<InvalidBody> for Error {
    fn from(invalid: InvalidBody) -> Self {
        match invalid {
            InvalidBody::NotAnObject => Self::new(
                Code::InvalidJson,
                "Send one JSON object in UTF-8, each field at most once.",
            ),
            InvalidBody::Field { field, must } => Self::field(field, &must),
        }
    }
}

impl From<InvalidQuery> for Error {
    fn from(invalid: InvalidQuery) -> Self {
        let mut error = Self::new(Code::InvalidField, invalid.detail);
        error.0.field = Some(invalid.field.into());
        error
    }
}

impl From<JsFailure> for Error {
    fn from(failure: JsFailure) -> Self {
        Self::internal(failure.0)
    }
}

impl From<Unreachable> for Error {
    fn from(bucket: Unreachable) -> Self {
        Self::unavailable(30, format!("R2: {}", bucket.0))
    }
}

impl From<getrandom::Error> for Error {
    fn from(error: getrandom::Error) -> Self {
        Self::internal(error.to_string())
    }
}

pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_carried_out_stays_so_whatever_is_said_of_it() {
        let lost = Error::unavailable(1, "lost").or_carried_out();
        assert!(
            lost.and_says(" More.")
                .led_in_by("Before.")
                .detailed("Else.")
                .may_be_carried_out
        );
        assert!(!Error::unavailable(1, "down").may_be_carried_out);
        assert!(!Error::conflict("taken").or_carried_out().may_be_carried_out);
    }
}
