//! Browser apps of other origins (CORS): the ones of `CORS_ALLOWED_ORIGINS`, on the apps' routes alone.
//!
//! An origin is compared exactly, and answered by its own name: never `*`. Cookies are not allowed
//! (`Access-Control-Allow-Credentials` is never sent): an app shows its credential in `Authorization`. Errors carry the
//! headers too, so that an app can read what went wrong.

use crate::error::{Code, Error, Result};
use crate::http::Answer;

/// How long a browser may remember a preflight: two hours, the most that Chromium does.
const MAX_AGE_SECONDS: &str = "7200";

/// What CORS has to say to one request.
#[derive(Debug, Default)]
pub struct Cors {
    /// Whether answers differ by origin.
    varies: bool,
    /// The request's origin, if it is allowed.
    allowed: Option<String>,
    methods: String,
}

impl Cors {
    /// For a route that answers `methods` to apps. Where no browser is let in, no header is read.
    pub fn new(
        allowed: &[String],
        header: impl FnOnce(&'static str) -> Option<String>,
        methods: impl FnOnce() -> String,
    ) -> Self {
        if allowed.is_empty() {
            return Self::default();
        }
        Self {
            varies: true,
            allowed: header("origin").filter(|origin| allowed.contains(origin)),
            methods: methods(),
        }
    }

    /// The answer to a browser that asks what it may send. None: the request is none of that, or no browser is let in.
    pub fn preflight(
        &self,
        method: &str,
        header: impl FnOnce(&'static str) -> Option<String>,
    ) -> Option<Result<Answer>> {
        if !self.varies || method != "OPTIONS" {
            return None;
        }
        header("access-control-request-method")?;
        if self.allowed.is_none() {
            let detail = "This origin is not among CORS_ALLOWED_ORIGINS.";
            return Some(Err(Error::new(Code::Forbidden, detail)));
        }
        let mut answer = Answer::no_content();
        for (name, value) in [
            ("access-control-allow-methods", self.methods.as_str()),
            (
                "access-control-allow-headers",
                "authorization, content-type",
            ),
            ("access-control-max-age", MAX_AGE_SECONDS),
        ] {
            answer.headers.push(format!("{name}: {value}"));
        }
        Some(Ok(answer))
    }

    /// The headers of every answer of the route: "name: value".
    pub fn headers(&self) -> Vec<String> {
        let mut headers = Vec::new();
        if self.varies {
            headers.push("vary: Origin".to_owned());
        }
        if let Some(origin) = &self.allowed {
            headers.push(format!("access-control-allow-origin: {origin}"));
            headers.push("access-control-expose-headers: x-request-id, retry-after".to_owned());
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(allowed: &[&str], origin: Option<&str>) -> Cors {
        let allowed: Vec<_> = allowed.iter().map(|origin| (*origin).to_owned()).collect();
        Cors::new(
            &allowed,
            |_| origin.map(str::to_owned),
            || "GET, POST".to_owned(),
        )
    }

    fn requested(_: &str) -> Option<String> {
        Some("GET".to_owned())
    }

    #[test]
    fn by_default_nothing_is_said() {
        let off = cors(&[], Some("https://app.example"));
        assert!(off.headers().is_empty() && off.preflight("OPTIONS", requested).is_none());
        assert!(Cors::default().headers().is_empty());
    }

    #[test]
    fn an_origin_is_allowed_by_its_exact_name() {
        let allowed = ["https://app.example", "http://localhost:3000"];
        let yes = cors(&allowed, Some("https://app.example"));
        assert!(
            yes.headers()
                .contains(&"access-control-allow-origin: https://app.example".to_owned())
        );
        for no in [
            "https://app.example.evil",
            "https://evil-app.example",
            "https://app.example:8443",
            "http://app.example",
            "https://APP.example",
            "https://app.example/",
            "null",
            "*",
            "",
        ] {
            assert_eq!(cors(&allowed, Some(no)).headers(), ["vary: Origin"], "{no}");
        }
        assert_eq!(cors(&allowed, None).headers(), ["vary: Origin"]);
    }

    #[test]
    fn what_is_no_preflight_goes_its_way() {
        let cors = cors(&["https://app.example"], Some("https://app.example"));
        assert!(cors.preflight("GET", requested).is_none());
        assert!(cors.preflight("OPTIONS", |_| None).is_none());
    }

    #[test]
    fn another_origins_preflight_is_forbidden() {
        let refused = cors(&["https://app.example"], Some("https://evil.example"));
        let answer = refused.preflight("OPTIONS", requested);
        assert!(matches!(answer, Some(Err(error)) if error.code == Code::Forbidden));
    }
}
