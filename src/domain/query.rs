//! The names of a query's parameters. One that nobody knows is refused, for it is nearly always a misspelt one, and what it
//! was to narrow down would be everything.

use super::url::decode_form;

/// What is wrong with a query.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidQuery {
    /// The parameter, as far as its name can be repeated to whoever sent it; else "query".
    pub field: String,
    /// A whole sentence: what to send instead.
    pub detail: String,
}

/// Longest name that is repeated in an answer.
const MAX_REPEATED: usize = 40;

/// Checks that each parameter is one of `known`, and none comes twice.
pub fn check(query: &str, known: &[&'static str]) -> Result<(), InvalidQuery> {
    let mut given = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        let name = decode_form(name).unwrap_or_default();
        let Some(known) = known.iter().find(|known| **known == name) else {
            return Err(unknown(&name, known));
        };
        if given.contains(known) {
            return Err(InvalidQuery {
                field: (*known).to_owned(),
                detail: format!("The query parameter `{known}` comes twice. Send it once."),
            });
        }
        given.push(*known);
    }
    Ok(())
}

fn unknown(name: &str, known: &[&'static str]) -> InvalidQuery {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let may_be_repeated =
        !name.is_empty() && name.len() <= MAX_REPEATED && name.bytes().all(is_word);
    let what = if may_be_repeated {
        format!("This route has no query parameter `{name}`.")
    } else {
        "This route has no such query parameter.".to_owned()
    };
    let remedy = match nearest(name, known) {
        Some(near) => format!("Do you mean `{near}`?"),
        None if known.is_empty() => "It takes none.".to_owned(),
        None => format!("It takes {}.", known.join(", ")),
    };
    InvalidQuery {
        field: if may_be_repeated { name } else { "query" }.to_owned(),
        detail: format!("{what} {remedy}"),
    }
}

/// The one of `known` that `name` is most likely a misspelling of: without regard to case and separators, at most a quarter
/// of its letters differ.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    if name.len() > MAX_REPEATED {
        return None;
    }
    let plain = |text: &str| -> Vec<u8> {
        let letters = text.bytes().filter(u8::is_ascii_alphanumeric);
        letters.map(|byte| byte.to_ascii_lowercase()).collect()
    };
    let name = plain(name);
    let distances = known.iter().map(|known| {
        let letters = plain(known);
        (*known, distance(&name, &letters), letters.len() / 4)
    });
    let near = distances.filter(|(_, distance, most)| distance <= most);
    near.min_by_key(|(_, distance, _)| *distance)
        .map(|(known, ..)| known)
}

/// How many letters must be put in, taken out, changed or swapped with the next to make one of the other.
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    let at = |rows: &[Vec<usize>], row: usize, column: usize| {
        let row = rows.get(row);
        row.and_then(|row| row.get(column))
            .copied()
            .unwrap_or_default()
    };
    for (i, letter) in from.iter().enumerate() {
        rows.push(vec![i + 1]);
        for (j, other) in to.iter().enumerate() {
            let changed = at(&rows, i, j) + usize::from(letter != other);
            let mut least = changed
                .min(at(&rows, i, j + 1) + 1)
                .min(at(&rows, i + 1, j) + 1);
            let is_swapped =
                i > 0 && j > 0 && from.get(i - 1) == Some(other) && to.get(j - 1) == Some(letter);
            if is_swapped {
                least = least.min(at(&rows, i - 1, j - 1) + 1);
            }
            if let Some(row) = rows.last_mut() {
                row.push(least);
            }
        }
    }
    at(&rows, from.len(), to.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["clientId", "cursor", "limit"];

    fn refused(query: &str) -> InvalidQuery {
        check(query, &KNOWN).unwrap_err()
    }

    #[test]
    fn known_parameters_pass_in_any_order_and_encoding() {
        for query in [
            "",
            "&",
            "limit=1",
            "limit",
            "cursor=&limit=1&",
            "client%49d=x",
        ] {
            assert_eq!(check(query, &KNOWN), Ok(()), "{query}");
        }
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_nearest_known_name() {
        for (query, near) in [
            ("clientid=X", "clientId"),
            ("client_id=X", "clientId"),
            ("ClientID=X", "clientId"),
            ("limits=1", "limit"),
            ("limt=1", "limit"),
            ("limit=1&curser=2", "cursor"),
            ("clintIdd=X", "clientId"), // two of eight letters
        ] {
            let detail = refused(query).detail;
            assert!(
                detail.ends_with(&format!("Do you mean `{near}`?")),
                "{detail}"
            );
        }
        assert_eq!(
            refused("purge=X").detail,
            "This route has no query parameter `purge`. It takes clientId, cursor, limit."
        );
        assert!(
            check("a=1", &[])
                .unwrap_err()
                .detail
                .ends_with("It takes none.")
        );
    }

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        assert_eq!(refused("limit=1&limit=1").field, "limit");
        assert_eq!(refused("limit=1&l%69mit=2").field, "limit");
        assert_eq!(refused("limit=1&cursor=2&limit=3").field, "limit");
    }

    #[test]
    fn what_is_no_word_is_not_repeated() {
        for query in ["a%0ab=1", "%ff", "%3Cscript%3E=1", "=1", &"x".repeat(41)] {
            let refused = refused(query);
            assert_eq!(refused.field, "query", "{query}");
            assert!(!refused.detail.contains('<') && refused.detail.is_ascii());
        }
    }

    #[test]
    fn a_distance_counts_letters() {
        for (from, to, letters) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("kitten", "sitting", 3),
            ("actoin", "action", 1),
        ] {
            assert_eq!(distance(from.as_bytes(), to.as_bytes()), letters);
            assert_eq!(distance(to.as_bytes(), from.as_bytes()), letters);
        }
    }

    #[test]
    fn of_several_known_names_the_nearest_is_told() {
        for known in [["shares", "share"], ["share", "shares"]] {
            assert_eq!(nearest("Shares", &known), Some("shares"));
            assert_eq!(nearest("Share", &known), Some("share"));
        }
    }

    #[test]
    fn a_name_longer_than_40_letters_is_compared_with_none() {
        let of_length = |length: usize| format!("client{}Id", "_".repeat(length - 8));
        assert_eq!(nearest(&of_length(40), &KNOWN), Some("clientId"));
        assert_eq!(nearest(&of_length(41), &KNOWN), None);
        assert_eq!(nearest(&of_length(42), &KNOWN), None);
    }
}
