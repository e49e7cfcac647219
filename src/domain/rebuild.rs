//! The bodies of the operators' routes about the second copy.

use super::body::{Fields, InvalidBody};
use super::json::de::{from_object, object};
use super::json::{self, Object, Writer};

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

impl Escrow {
    /// Which key is in escrow under which id, as an index has it. No id has a blank.
    fn told(&self) -> String {
        format!("{} {}", self.id, self.check)
    }

    /// Whether an index has another key under this id.
    pub fn is_another_in(&self, index: &str) -> bool {
        let checks = texts_of(index, "checks");
        let prefix = format!("{} ", self.id);
        checks.iter().any(|check| check.starts_with(&prefix)) && !checks.contains(&self.told())
    }
}

/// The index of these keys, in the place of the one `before`. It goes on naming whom that one named, the latest first: an escrow of a fresh
/// key, after everything was lost, must not hide the keys that the copy is sealed with.
pub fn escrow_index(escrows: &[Escrow], before: &str) -> String {
    let keys: Vec<&str> = escrows.iter().map(|escrow| escrow.id.as_str()).collect();
    let mut checks: Vec<String> = escrows.iter().map(Escrow::told).collect();
    let mut earlier = texts_of(before, "keys");
    earlier.extend(texts_of(before, "earlier"));
    earlier.retain(|id| !keys.contains(&id.as_str()));
    for check in texts_of(before, "checks") {
        if !checks.contains(&check) {
            checks.push(check);
        }
    }
    let texts = |texts: &[String]| json::texts(texts.iter().map(String::as_str));
    Writer::default()
        .raw("keys", &json::texts(keys))
        .raw("earlier", &texts(&earlier))
        .raw("checks", &texts(&checks))
        .end()
}

/// A list of texts in an index; none in a damaged one.
fn texts_of(index: &str, name: &str) -> Vec<String> {
    let index = Object::parse(index, 16);
    let list = index.as_ref().and_then(|index| index.get(name));
    let elements = list.and_then(json::elements).unwrap_or_default();
    elements.into_iter().filter_map(json::text).collect()
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

    fn escrow(id: &str) -> Escrow {
        Escrow {
            id: id.to_owned(),
            check: format!("check-of-{id}"),
            age: ARMOR.to_owned(),
        }
    }

    #[test]
    fn an_index_goes_on_naming_whom_it_named_the_latest_first() {
        let mut index = String::new();
        for (keys, expected) in [
            (["k1"].as_slice(), (r#"["k1"]"#, "[]")),
            (&["k2", "k1"], (r#"["k2","k1"]"#, "[]")),
            (&["k2"], (r#"["k2"]"#, r#"["k1"]"#)),
            (&["k3"], (r#"["k3"]"#, r#"["k2","k1"]"#)),
            (&["k3", "k1"], (r#"["k3","k1"]"#, r#"["k2"]"#)),
        ] {
            let escrows: Vec<Escrow> = keys.iter().map(|id| escrow(id)).collect();
            index = escrow_index(&escrows, &index);
            let object = Object::parse(&index, 16).unwrap();
            let found = (object.get("keys").unwrap(), object.get("earlier").unwrap());
            assert_eq!(found, expected);
        }
        assert_eq!(
            texts_of(&index, "checks"),
            ["k3 check-of-k3", "k1 check-of-k1", "k2 check-of-k2"]
        );
    }

    #[test]
    fn an_index_that_is_damaged_or_of_before_it_had_checks_is_made_anew() {
        for (before, earlier) in [("{\"keys\":[", "[]"), (r#"{"keys":["k0"]}"#, r#"["k0"]"#)] {
            let index = escrow_index(&[escrow("k1")], before);
            let object = Object::parse(&index, 16).unwrap();
            assert_eq!(object.get("keys"), Some(r#"["k1"]"#));
            assert_eq!(object.get("earlier"), Some(earlier));
        }
    }

    #[test]
    fn another_key_under_an_id_is_seen_also_of_an_earlier_setting() {
        let index = escrow_index(&[escrow("k2")], &escrow_index(&[escrow("k1")], ""));
        let another = |id: &str| Escrow {
            check: "of other bytes".to_owned(),
            ..escrow(id)
        };
        for id in ["k1", "k2"] {
            assert!(another(id).is_another_in(&index), "{id}");
            assert!(!escrow(id).is_another_in(&index), "{id}");
        }
        assert!(!another("k").is_another_in(&index) && !another("k3").is_another_in(&index));
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
