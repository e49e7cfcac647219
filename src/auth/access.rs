//! Operators signed in through Cloudflare Access. Access authenticates them; this verifies its token.
//!
//! Access puts a signed token into `Cf-Access-Jwt-Assertion`. It is verified like any other: a request that found
//! another way to the Worker than through Access has none, and one made for another application names another
//! audience. Who may use the application is Access' policy; whoever it lets in is an operator here.
//!
//! Access knows a browser by its cookie, which the browser adds to requests of any web page. So a request that changes
//! something must not come from another origin's page (cross-site request forgery); reading such an answer, the
//! browser forbids anyway.

use super::jwt::{self, Denied};
use crate::domain::claims;
use crate::domain::jwt::Claims;
use crate::domain::names::check_name;
use crate::error::{Code, Error, Result};
use crate::http::Call;

const HEADER: &str = "cf-access-jwt-assertion";

/// The name of the caller, if Access vouches for one: a person's e-mail, or a service token's client id.
pub async fn recognise(call: &Call<'_>) -> Result<Option<String>> {
    let Some(issuer) = &call.settings.callers.access else {
        return Ok(None);
    };
    let Some(assertion) = call.head.header(HEADER) else {
        return Ok(None);
    };
    match jwt::verify(&assertion, issuer).await {
        Err(Denied::Refused(_)) => Ok(None),
        Err(Denied::Unavailable) => Err(Error::unavailable(
            5,
            "the keys of Cloudflare Access cannot be fetched",
        )),
        Ok(_) if !matches!(call.head.method, "GET" | "HEAD") && is_cross_site(call) => {
            Err(Error::new(
                Code::Forbidden,
                "Pages of other origins may not use the operator API.",
            ))
        }
        Ok(claims) => Ok(Some(name_of(&claims))),
    }
}

/// One that Access gives no name is a viewer without one: no entry of `ACCESS_ROLES` fits.
fn name_of(claims: &Claims) -> String {
    let names = ["email", "common_name"];
    let mut named = names
        .iter()
        .filter_map(|name| claims::user_of(claims, name).ok());
    named
        .find(|name| check_name(name).is_ok())
        .unwrap_or_else(|| "unnamed".to_owned())
}

/// Browsers name the page's origin with every request that may change something.
fn is_cross_site(call: &Call<'_>) -> bool {
    let url = call.head.url;
    let own = url.find("://").and_then(|at| {
        let end = url
            .get(at + 3..)?
            .find(['/', '?', '#'])
            .map_or(url.len(), |end| at + 3 + end);
        url.get(..end)
    });
    call.head
        .header("origin")
        .is_some_and(|origin| Some(origin.as_str()) != own)
}
