//! Addresses in the settings: servers that are asked, and web apps that may ask.
//!
//! Both are held to a narrow form, so that no two parsers can read them differently.

use super::number::whole;

/// Whether a URL may be asked: `https`, or `http` on this very machine (for tests). No user name, no fragment.
pub fn is_endpoint(url: &str) -> bool {
    let Some((scheme, rest)) = scheme_and_rest(url) else {
        return false;
    };
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let visible = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
    visible && is_trusted(scheme, authority)
}

/// The origins of `CORS_ALLOWED_ORIGINS`, exactly as browsers send them. `Err` holds the place (from 1) of the first
/// entry that no browser would send, or that anybody on the way could speak for.
pub fn parse_origins(text: &str) -> Result<Vec<String>, usize> {
    let entries = text.split(',').map(str::trim).enumerate();
    entries
        .map(|(at, entry)| is_origin(entry).then(|| entry.to_owned()).ok_or(at + 1))
        .collect()
}

/// What stands before and behind `://`.
fn scheme_and_rest(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    Some((scheme, rest.strip_prefix("//")?))
}

/// `scheme://host[:port]` in lower case, without the default port. `http` on this machine only; other schemes
/// (`capacitor://localhost`) are apps.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = scheme_and_rest(text) else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let scheme_is_plain = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|byte| plain(byte) || byte == b'-');
    let default_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    scheme_is_plain
        && !text.bytes().any(|byte| byte.is_ascii_uppercase())
        && (default_port.is_empty() || !authority.ends_with(default_port))
        && if scheme == "http" {
            is_trusted(scheme, authority)
        } else {
            host(authority).is_some()
        }
}

fn is_trusted(scheme: &str, authority: &str) -> bool {
    match (scheme, host(authority)) {
        ("https", Some(_)) => true,
        ("http", Some(host)) => matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    }
}

/// The host of `host` or `host:port`; None for anything else that an authority could be.
fn host(authority: &str) -> Option<&str> {
    let end = match authority.rfind(']') {
        Some(at) => at + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at_checked(end)?;
    let port_is_good = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => whole(digits).is_some_and(|port: u16| port > 0),
    };
    let host_is_good = match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let label = |label: &str| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            };
            host.split('.').all(label)
        }
    };
    (port_is_good && host_is_good).then_some(host)
}

/// A bare host name with a dot in it, such as `example.cloudflareaccess.com`.
pub fn is_host_name(text: &str) -> bool {
    text.contains('.') && !text.contains(':') && host(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_asked_over_tls_or_on_this_machine() {
        for good in [
            "https://id.example/.well-known/jwks.json",
            "https://id.example",
            "https://id.example:8443/a?b=c",
            "https://id.example?a=b",
            "https://an_id.example/jwks",
            "https://login.example/common/discovery/v2.0/keys?appid=1",
            "http://127.0.0.1:9000/jwks",
            "http://localhost/jwks",
            "http://[::1]:9000/jwks",
        ] {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in [
            "",
            "id.example",
            "http://id.example/jwks",
            "http://127.0.0.1.evil.example/jwks",
            "http://localhost.evil.example/jwks",
            "http://localhost@evil.example/jwks",
            "http://evil.example\\@localhost/jwks",
            "http://127.1/jwks",
            "http://0x7f000001/jwks",
            "http://0.0.0.0/jwks",
            "https://user:pass@id.example/",
            "https:///jwks",
            "https://:443/",
            "https://id.example:0/",
            "https://id.example:99999/",
            "https://id.example:+1/",
            "https://id..example/",
            "https://id.example/a b",
            "https://id.example/a\\b",
            "https://id.example/#k",
            "https://id.example#k",
            "https://ïd.example/",
            "https://[::1/",
            "https://[x]/",
            "HTTPS://id.example/",
            "file:///etc/passwd",
            "data:application/json,{}",
        ] {
            assert!(!is_endpoint(bad), "{bad}");
        }
    }

    #[test]
    fn origins_are_those_that_a_browser_sends() {
        let good = "https://app.example, http://localhost:3000,http://127.0.0.1:8080 ,capacitor://localhost,https://a.example:8443";
        let list = parse_origins(good).unwrap();
        assert_eq!(list.len(), 5);
        assert_eq!(list[1], "http://localhost:3000");
        assert!(parse_origins("chrome-extension://abc").is_ok());
        for bad in [
            "",
            "*",
            "null",
            "https://*.example",
            "https://app.example/",
            "https://app.example/path",
            "https://app.example?x",
            "https://App.example",
            "https://app.example:443",
            "http://localhost:80",
            "http://app.example",
            "https://a@app.example",
            "app.example",
            "https://",
            "://app.example",
            "https://app.example https://b.example",
            "javascript://x y",
            "my_app://localhost",
        ] {
            assert_eq!(parse_origins(bad), Err(1), "{bad}");
            assert_eq!(
                parse_origins(&format!("https://app.example,{bad}")),
                Err(2),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_host_name_is_nothing_more() {
        assert!(is_host_name("example.cloudflareaccess.com"));
        for bad in [
            "",
            "example",
            "https://a.example",
            "a.example/",
            "a.example:443",
            "a.example?",
            "[::1]",
            "[::ffff:1.2.3.4]",
            "a..b",
            ".a",
        ] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }
}
