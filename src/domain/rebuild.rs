//! The bodies of the operators' routes about the second copy.

use super::body::{Fields, InvalidBody};
use super::json::de::{from_object, object};
use super::json::{self, Object};

/// What `POST /admin/rebuild` asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Mode {
    /// Which database is written, and in which epoch: with `into` that one, else the home's own.
    Begin,
    /// Users into another database, or into an empty one.
    Into,
    /// All users are in it: with several homes it takes the place of the lost one.
    Done,
    /// What the copy has and the database has not.
    Merge,
    /// How the copy and the database differ.
    Check,
    /// How much the database holds.
    Totals,
    /// Users of the database that the copy has nothing of.
    Uncopied,
}

#[derive(Debug, PartialEq, Eq)]
pub struct RebuildRequest {
    pub home: u32,
    pub mode: Mode,
    /// The binding of a database; None: the home's own.
    pub into: Option<String>,
    /// What the users' hashes begin with.
    pub shard: String,
    /// What the page before gave; empty for the first.
    pub cursor: String,
}

impl RebuildRequest {
    pub fn parse(body: &[u8]) -> Result<Self, InvalidBody> {
        #[derive(serde::Deserialize)]
        struct Body {
            mode: String,
            into: Option<String>,
            shard: Option<String>,
            cursor: Option<String>,
        }
        let fields = object(body)?;
        let home = match fields.given("home").map(str::parse) {
            None => 0,
            Some(Ok(home)) => home,
            Some(Err(_)) => return Err(InvalidBody::field("home", "be the number of a home")),
        };
        let body: Body = from_object(&fields)?;
        let mode = match body.mode.as_str() {
            "begin" => Mode::Begin,
            "into" => Mode::Into,
            "done" => Mode::Done,
            "merge" => Mode::Merge,
            "check" => Mode::Check,
            "totals" => Mode::Totals,
            "uncopied" => Mode::Uncopied,
            _ => {
                let must = "be begin, into, done, merge, check, totals or uncopied";
                return Err(InvalidBody::field("mode", must));
            }
        };
        let is_unnamed = match &body.into {
            None => matches!(mode, Mode::Into | Mode::Done),
            Some(into) => mode == Mode::Merge || !is_binding(into),
        };
        if is_unnamed {
            let must = "name the binding of a D1 database, and not with merge";
            return Err(InvalidBody::field("into", must));
        }
        let shard = body.shard.unwrap_or_default();
        if shard.len() > 8
            || !shard
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        {
            let must = "be the first digits of a hash, in lower-case hex";
            return Err(InvalidBody::field("shard", must));
        }
        Ok(Self {
            home,
            mode,
            into: body.into,
            shard,
            cursor: body.cursor.unwrap_or_default(),
        })
    }
}

fn is_binding(text: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(is_of_name)
}

/// A sealing key inside an age file.
#[derive(Debug, PartialEq, Eq)]
pub struct Escrow {
    pub id: String,
    /// Of the key's canary: tells which key it is.
    pub check: String,
    /// The file, with its armor.
    pub age: String,
}

const MAX_ESCROW_BYTES: usize = 64 * 1024;
const ARMOR: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// The keys of `POST /admin/keys/escrow`, the sealing one first.
pub fn parse_escrows(body: &[u8]) -> Result<Vec<Escrow>, InvalidBody> {
    let keys = Fields::parse(body)?
        .get("keys")
        .and_then(json::elements)
        .filter(|keys| !keys.is_empty());
    let keys = keys.ok_or(InvalidBody::field("keys", "be a list of keys"))?;
    let escrow = |key: &str| {
        let key = Object::parse(key, 8)?;
        let text = |name| json::text(key.get(name)?);
        let age = text("age")?;
        let is_age = age.starts_with(ARMOR) && age.len() <= MAX_ESCROW_BYTES;
        is_age.then_some(Escrow {
            id: text("id")?,
            check: text("check")?,
            age,
        })
    };
    keys.into_iter()
        .map(escrow)
        .collect::<Option<_>>()
        .ok_or(InvalidBody::field(
            "keys",
            "hold an id, a check and an armored age file each",
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_what_it_wants_and_from_where() {
        let asked =
            RebuildRequest::parse(br#"{"home":3,"mode":"check","shard":"0f","cursor":"c1/3/x"}"#);
        assert_eq!(
            asked.unwrap(),
            RebuildRequest {
                home: 3,
                mode: Mode::Check,
                into: None,
                shard: "0f".to_owned(),
                cursor: "c1/3/x".to_owned(),
            }
        );
        for (body, field) in [
            (r#"{"mode":"all"}"#, "mode"),
            (r#"{}"#, "mode"),
            (r#"{"mode":"into"}"#, "into"),
            (r#"{"mode":"into","into":"not a name"}"#, "into"),
            (r#"{"mode":"merge","home":-1}"#, "home"),
            (r#"{"mode":"merge","shard":"0F"}"#, "shard"),
        ] {
            match RebuildRequest::parse(body.as_bytes()) {
                Err(InvalidBody::Field { field: named, .. }) => assert_eq!(named, field, "{body}"),
                other => unreachable!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_escrow_that_is_no_age_file_is_refused() {
        let of = |age: &str| format!(r#"{{"keys":[{{"id":"k1","check":"c","age":"{age}"}}]}}"#);
        let kept = parse_escrows(of(ARMOR).as_bytes()).unwrap();
        assert_eq!(kept.first().unwrap().id, "k1");
        for body in [of("k1:AAAA"), "{\"keys\":[]}".to_owned(), "{}".to_owned()] {
            assert!(parse_escrows(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn every_mode_has_its_word() {
        for (word, mode) in [
            ("begin", Mode::Begin),
            ("into", Mode::Into),
            ("done", Mode::Done),
            ("check", Mode::Check),
            ("totals", Mode::Totals),
            ("uncopied", Mode::Uncopied),
        ] {
            let body = format!(r#"{{"mode":"{word}","into":"DB_2"}}"#);
            assert_eq!(RebuildRequest::parse(body.as_bytes()).unwrap().mode, mode);
        }
        let merge = RebuildRequest::parse(br#"{"mode":"merge"}"#);
        assert_eq!(merge.unwrap().mode, Mode::Merge);
        // Only the home's own database is merged with its copy.
        assert!(RebuildRequest::parse(br#"{"mode":"merge","into":"DB_2"}"#).is_err());
    }

    #[test]
    fn a_shard_has_at_most_eight_digits() {
        let of = |shard: &str| {
            let body = format!(r#"{{"mode":"check","shard":"{shard}"}}"#);
            RebuildRequest::parse(body.as_bytes())
        };
        assert_eq!(of("0123456f").unwrap().shard, "0123456f");
        assert!(of("0123456ff").is_err() && of("0123456fff").is_err());
    }

    #[test]
    fn a_binding_is_named_in_capitals_digits_and_underscores() {
        for good in ["DB", "DB_2", "_", "2", &"D".repeat(64)] {
            assert!(is_binding(good), "{good}");
        }
        for bad in ["", "db", "DB-2", "DB 2", "DB.", &"D".repeat(65)] {
            assert!(!is_binding(bad), "{bad}");
        }
    }

    #[test]
    fn an_escrow_may_take_64_kib() {
        let of = |length: usize| {
            let age = ARMOR.to_owned() + &"x".repeat(length - ARMOR.len());
            let body = format!(r#"{{"keys":[{{"id":"k1","check":"c","age":"{age}"}}]}}"#);
            parse_escrows(body.as_bytes())
        };
        assert!(of(64 * 1024).is_ok());
        assert!(of(64 * 1024 + 1).is_err());
    }
}
