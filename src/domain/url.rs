//! The path and the query of a request's URL.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands for itself in a path segment and in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// Path and query (without the `?`) of an absolute URL. The path begins with the third slash.
pub fn split(url: &str) -> (&str, &str) {
    let at = url
        .match_indices('/')
        .nth(2)
        .map_or(url.len(), |(at, _)| at);
    let rest = url.get(at..).unwrap_or_default();
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    rest.split_once('?').unwrap_or((rest, ""))
}

/// A name, as a path segment or the value of a query parameter.
pub fn encode(name: &str) -> impl Display + '_ {
    utf8_percent_encode(name, PLAIN)
}

/// A path segment, decoded once: what it holds then is a name, never again a path. None if it is not UTF-8.
pub fn decode_segment(segment: &str) -> Option<String> {
    percent_decode_str(segment)
        .decode_utf8()
        .ok()
        .map(|text| text.into_owned())
}

/// The value of a query parameter. `+` is a space, as in forms. `Some(None)`: given, but not UTF-8.
pub fn query_value(query: &str, name: &str) -> Option<Option<String>> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode_form(key).as_deref() == Some(name)).then(|| decode_form(value))
    })
}

pub(super) fn decode_form(text: &str) -> Option<String> {
    if !text.contains(['+', '%']) {
        return Some(text.to_owned());
    }
    decode_segment(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_splits_into_path_and_query() {
        assert_eq!(split("https://h.example/a/b?c=d?e#f"), ("/a/b", "c=d?e"));
        assert_eq!(split("http://127.0.0.1:8787/"), ("/", ""));
        assert_eq!(split("http://h"), ("", ""));
    }

    #[test]
    fn a_segment_is_decoded_once() {
        assert_eq!(decode_segment("a%2Fb").as_deref(), Some("a/b"));
        assert_eq!(decode_segment("a%252Fb").as_deref(), Some("a%2Fb"));
        assert_eq!(decode_segment("a+b").as_deref(), Some("a+b"));
        assert_eq!(decode_segment("%ff"), None);
        assert_eq!(decode_segment("100%").as_deref(), Some("100%"));
    }

    #[test]
    fn a_query_gives_the_first_value_of_a_name() {
        assert_eq!(query_value("a=1&b=2&b=3", "b"), Some(Some("2".into())));
        assert_eq!(query_value("a=x+y%2B", "a"), Some(Some("x y+".into())));
        assert_eq!(query_value("a", "a"), Some(Some(String::new())));
        assert_eq!(query_value("a=1", "b"), None);
        assert_eq!(query_value("a=%ff", "a"), Some(None));
    }
}
