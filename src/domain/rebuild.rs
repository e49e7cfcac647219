//! The bodies of the operators' routes about the second copy.

use super::body::{Fields, InvalidBody};
use super::json::{self, Object};
use super::names::InvalidName;

/// What `POST /admin/rebuild` asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Mode {
    /// Users into another database, or into an empty one.
    Into,
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
        let fields = Fields::parse(body)?;
        let home = match fields.get("home").map(str::parse) {
            None => 0,
            Some(Ok(home)) => home,
            Some(Err(_)) => return Err(must("home", "be the number of a home")),
        };
        let mode = fields.required("mode", |text| match text.as_str() {
            "into" => Ok(Mode::Into),
            "merge" => Ok(Mode::Merge),
            "check" => Ok(Mode::Check),
            "totals" => Ok(Mode::Totals),
            "uncopied" => Ok(Mode::Uncopied),
            _ => Err(InvalidName("be into, merge, check, totals or uncopied")),
        })?;
        let into = fields.optional("into", binding)?;
        if mode == Mode::Into && into.is_none() {
            return Err(must("into", "name the binding of a D1 database"));
        }
        Ok(Self {
            home,
            mode,
            into,
            shard: fields.optional("shard", hex)?.unwrap_or_default(),
            cursor: fields.optional("cursor", Ok)?.unwrap_or_default(),
        })
    }
}

const fn must(field: &'static str, must: &'static str) -> InvalidBody {
    InvalidBody::Field { field, must }
}

fn binding(text: String) -> Result<String, InvalidName> {
    let is_name = !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    is_name
        .then_some(text)
        .ok_or(InvalidName("name the binding of a D1 database"))
}

fn hex(text: String) -> Result<String, InvalidName> {
    let is_hex = text.len() <= 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_hex.then_some(text).ok_or(InvalidName(
        "be the first digits of a hash, in lower-case hex",
    ))
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
    let keys = keys.ok_or(must("keys", "be a list of keys"))?;
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
        .ok_or(must(
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
}
