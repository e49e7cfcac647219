//! Operators that come through Cloudflare Access: who they are, Access has asked; here its word is verified.
//!
//! Access puts a signed token into `Cf-Access-Jwt-Assertion`. It is verified like any other: a request that found
//! another way to the Worker than through Access has none, and one made for another application names another
//! audience. Who may use the application is Access' policy; whoever it lets in is an operator here.
//!
//! Access knows a browser by its cookie, which the browser adds to requests of any web page. So a request that changes
//! something must not come from another origin's page (cross-site request forgery); reading such an answer, the
//! browser forbids anyway.

use super::jwt::{self, Denied};
use crate::error::{Code, Error, Result};
use crate::http::Call;

const HEADER: &str = "cf-access-jwt-assertion";

/// Whether Access vouches for the caller.
pub async fn recognises(call: &Call<'_>) -> Result<bool> {
    let Some(issuer) = &call.settings.callers.access else {
        return Ok(false);
    };
    let Some(assertion) = call.head.header(HEADER) else {
        return Ok(false);
    };
    match jwt::verify(&assertion, issuer).await {
        Err(Denied::Refused(_)) => Ok(false),
        Err(Denied::Unavailable) => Err(Error::unavailable(
            5,
            "the keys of Cloudflare Access are not to be had",
        )),
        Ok(_) if call.head.method != "GET" && is_cross_site(call) => Err(Error::new(
            Code::Forbidden,
            "Pages of other origins may not use the operator API.",
        )),
        Ok(_) => Ok(true),
    }
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
