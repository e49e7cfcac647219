//! The bodies of requests: every form that Portal and the snippets of its guides send.
//!
//! Shares and cipher texts are opaque: a string is kept as it is, an object as its exact source text. (Of a custodian share
//! the pair is read, `share_pairs::inside`.) Unknown fields are ignored, but for an app's that look like a misspelt one; `null` counts as missing.

use serde::de::{Deserialize, Deserializer};

pub use super::json::de::Invalid as InvalidBody;
use super::json::de::{Lenient, from_object, from_slice, from_source, object};
use super::json::{self, Object};
use super::names::{BackupMethod, BackupSharePairId, ClientId, InvalidName, UserId, check_name};
use super::query::nearest;
use super::sealing::Kind;
use super::secret::Secret;
use super::share_pairs;

fn invalid<T>(field: &'static str, must: &'static str) -> Result<T, InvalidBody> {
    Err(InvalidBody::field(field, must))
}

/// The fields of an object whose names the settings decide: a token's claims.
pub(super) struct Fields<'a>(Object<'a>);

impl<'a> Fields<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, InvalidBody> {
        object(body).map(Self)
    }

    /// Whether there is a field of that name, whatever it holds.
    pub(super) fn has(&self, field: &str) -> bool {
        self.0.get(field).is_some()
    }

    /// The source text of the field of that name; None if it is missing or null.
    pub(super) fn get(&self, field: &str) -> Option<&'a str> {
        self.0.given(field)
    }

    pub(super) fn optional<T>(
        &self,
        field: &'static str,
        parse: impl FnOnce(String) -> Result<T, InvalidName>,
    ) -> Result<Option<T>, InvalidBody> {
        let Some(raw) = self.get(field) else {
            return Ok(None);
        };
        if !raw.starts_with('"') {
            return invalid(field, "be a string");
        }
        let Some(text) = json::text(raw) else {
            return invalid(field, "be valid Unicode");
        };
        parse(text)
            .map(Some)
            .map_err(|InvalidName(must)| InvalidBody::field(field, must))
    }

    pub(super) fn required<T>(
        &self,
        field: &'static str,
        parse: impl FnOnce(String) -> Result<T, InvalidName>,
    ) -> Result<T, InvalidBody> {
        self.optional(field, parse)?
            .ok_or_else(|| InvalidBody::field(field, "be a string"))
    }

    /// A [`Share`].
    pub(super) fn share(&self, field: &'static str) -> Result<Secret, InvalidBody> {
        match share(self.get(field).unwrap_or_default()) {
            Ok(share) => Ok(share.0),
            Err(must) => invalid(field, must),
        }
    }
}

/// A share: a string that is not empty, or an object, of which the exact source text is the share.
#[derive(Debug)]
pub struct Share(Secret);

impl Share {
    pub fn into_secret(self) -> Secret {
        self.0
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_source(deserializer, share)
    }
}

fn share(source: &str) -> Result<Share, &'static str> {
    if source.starts_with('{') {
        return Ok(Share(Secret::new(source.to_owned())));
    }
    if source.starts_with('"') && source != "\"\"" {
        let text = json::text(source).ok_or("be valid Unicode")?;
        return Ok(Share(Secret::new(text)));
    }
    Err("be a string that is not empty, or an object")
}

/// A key goes into an `Authorization` header, so it is one word of visible ASCII.
#[derive(Debug, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct ClientApiKey(Secret);

impl TryFrom<String> for ClientApiKey {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        if text.is_empty() || text.len() > 1024 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidName("be 1 to 1024 visible ASCII characters"));
        }
        Ok(Self(Secret::new(text)))
    }
}

impl ClientApiKey {
    pub(super) fn parse(text: String) -> Result<Self, InvalidName> {
        Self::try_from(text)
    }

    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

/// What `POST /webhook/backup` brings.
#[derive(Debug)]
pub struct CustodianBackup {
    pub client_id: ClientId,
    pub backup_method: BackupMethod,
    /// As the webhook names it, or else the share.
    pub backup_share_pair_id: Option<BackupSharePairId>,
    pub share: Secret,
    /// The optional fields that were of no use. A share is never refused for one: nobody else has a copy of it.
    pub left_out: Vec<String>,
}

impl CustodianBackup {
    pub fn parse(body: &[u8]) -> Result<Self, InvalidBody> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            client_id: ClientId,
            #[serde(default)]
            backup_method: Lenient<BackupMethod>,
            #[serde(default)]
            backup_share_pair_id: Lenient<BackupSharePairId>,
            share: Share,
        }
        let body: Body = from_slice(body)?;
        let left_out = [
            ("backupMethod", body.backup_method.is_unusable()),
            ("backupSharePairId", body.backup_share_pair_id.is_unusable()),
        ];
        let left_out = left_out.into_iter().filter(|(_, unusable)| *unusable);
        let share = body.share.into_secret();
        let named = body.backup_share_pair_id.given();
        Ok(Self {
            left_out: left_out.map(|(field, _)| field.to_owned()).collect(),
            client_id: body.client_id,
            backup_method: body
                .backup_method
                .given()
                .unwrap_or_else(BackupMethod::unknown),
            backup_share_pair_id: named.or_else(|| share_pairs::inside(share.expose_secret())),
            share,
        })
    }
}

/// The client id of `POST /webhook/backup/fetch`.
pub fn parse_fetch(body: &[u8]) -> Result<ClientId, InvalidBody> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        client_id: ClientId,
    }
    from_slice(body).map(|body: Body| body.client_id)
}

/// What an app posts: its encrypted user backup share.
#[derive(Debug)]
pub struct UserBackup {
    pub backup_method: BackupMethod,
    pub backup_share_pair_id: Option<BackupSharePairId>,
    pub cipher_text: Secret,
}

/// The names that Portal's guides give the cipher text: the guide's server, iOS, the legacy form.
const CIPHER_TEXT: [&str; 3] = ["cipherText", "encryptedClientBackupShare", "backupShare"];
/// The Enclave API gives one cipher text per curve; the object that holds them is the share.
const ENCLAVE_CIPHER_TEXTS: [&str; 2] = ["secp256k1Ciphertext", "ed25519Ciphertext"];

/// Which backup a cipher text is of.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct WhichBackup {
    backup_method: Option<BackupMethod>,
    backup_share_pair_id: Option<BackupSharePairId>,
}

/// A cipher text in each of its forms.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct CipherText {
    cipher_text: Option<Share>,
    encrypted_client_backup_share: Option<Share>,
    backup_share: Option<Share>,
    secp256k1_ciphertext: Option<Share>,
    ed25519_ciphertext: Option<Share>,
}

impl UserBackup {
    /// `in_query`: the method may stand in the request's query instead.
    pub fn parse(body: &[u8], in_query: Option<BackupMethod>) -> Result<Self, InvalidBody> {
        let outer = object(body)?;
        refuse_misspelt(&outer)?;
        let has_cipher_text = |fields: &Object| {
            let mut names = CIPHER_TEXT.iter().chain(&ENCLAVE_CIPHER_TEXTS);
            names.any(|name| fields.given(name).is_some())
        };
        // axios' `axios.post(url, {data: {…}})`, as the guides print it, wraps the fields in one more object.
        let data = outer.given("data").filter(|data| data.starts_with('{'));
        let inner = data.map(|data| object(data.as_bytes()));
        let (fields, source) = match (inner, data) {
            (Some(inner), Some(data)) if !has_cipher_text(&outer) => {
                let inner = inner?;
                refuse_misspelt(&inner)?;
                (Some(inner), data.as_bytes())
            }
            (Some(Ok(inner)), _) if has_cipher_text(&inner) => {
                return invalid("data", "not be sent beside another cipher text");
            }
            _ => (None, body),
        };
        let cipher_text = cipher_text(fields.as_ref().unwrap_or(&outer), source)?;
        // Which backup it is of may stand beside `data` as well: an app may have wrapped its cipher text alone.
        let mut which: WhichBackup = from_object(&outer)?;
        if let Some(fields) = &fields {
            let inside: WhichBackup = from_object(fields)?;
            one_of(
                "backupMethod",
                &mut which.backup_method,
                inside.backup_method,
            )?;
            let pair = inside.backup_share_pair_id;
            one_of("backupSharePairId", &mut which.backup_share_pair_id, pair)?;
        }
        let is_another = |method| Some(method) != in_query.as_ref();
        if in_query.is_some() && which.backup_method.as_ref().is_some_and(is_another) {
            return invalid("backupMethod", "not differ between the query and the body");
        }
        let method = which.backup_method.or(in_query);
        Ok(Self {
            backup_method: method.unwrap_or_else(BackupMethod::unknown),
            backup_share_pair_id: which.backup_share_pair_id,
            cipher_text,
        })
    }
}

fn cipher_text(fields: &Object<'_>, source: &[u8]) -> Result<Secret, InvalidBody> {
    let mut given = CIPHER_TEXT
        .into_iter()
        .filter(|name| fields.given(name).is_some());
    if let (Some(_), Some(second)) = (given.next(), given.next()) {
        return invalid(second, "not be sent beside another cipher text");
    }
    let forms: CipherText = from_object(fields)?;
    let one = forms.cipher_text.or(forms.encrypted_client_backup_share);
    if let Some(one) = one.or(forms.backup_share) {
        return Ok(one.into_secret());
    }
    if forms
        .secp256k1_ciphertext
        .or(forms.ed25519_ciphertext)
        .is_none()
    {
        return invalid("cipherText", "be given");
    }
    let source = std::str::from_utf8(source).map_err(|_| InvalidBody::NotAnObject)?;
    Ok(Secret::new(source.trim().to_owned()))
}

/// A field of the wrapper, or of the object inside: they may not differ.
fn one_of<T: PartialEq>(
    field: &'static str,
    beside: &mut Option<T>,
    inside: Option<T>,
) -> Result<(), InvalidBody> {
    if beside.is_some() && inside.is_some() && *beside != inside {
        return invalid(field, "not differ from the one in data");
    }
    if inside.is_some() {
        *beside = inside;
    }
    Ok(())
}

/// Refuses a field that nobody knows, where it looks like one that is known: an app that sends `method` for `backupMethod`
/// would have its share stored under `UNKNOWN`, and would not find it.
fn refuse_misspelt(fields: &Object<'_>) -> Result<(), InvalidBody> {
    const KNOWN: [&str; 7] = [
        "backupMethod",
        "backupSharePairId",
        "cipherText",
        "encryptedClientBackupShare",
        "backupShare",
        "secp256k1Ciphertext",
        "ed25519Ciphertext",
    ];
    /// So long must the ending of a name be to stand for it: `method`, `pairId`; not `share`, which is a word of its own.
    const ENDING: usize = 6;
    let meant = |name: &str| {
        let is_ending = |known: &&&str| {
            let at = known.len().checked_sub(name.len());
            name.len() >= ENDING
                && at
                    .and_then(|at| known.get(at..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(name))
        };
        nearest(name, &KNOWN).or_else(|| KNOWN.iter().find(is_ending).copied())
    };
    for name in fields.names().filter(|name| !KNOWN.contains(name)) {
        if let Some(known) = meant(name) {
            return invalid(
                known,
                "be spelled exactly like this: the body has a field with a similar name",
            );
        }
    }
    Ok(())
}

/// What `POST /users` brings.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    pub id: Option<UserId>,
    pub client_id: Option<ClientId>,
    pub client_api_key: Option<ClientApiKey>,
    /// Of a client that Portal is to make.
    pub is_account_abstracted: Option<bool>,
    /// Where the user is to be, if there are several databases.
    pub place: Option<String>,
    #[serde(skip)]
    pub home: Option<u32>,
}

impl Registration {
    pub fn parse(body: &[u8]) -> Result<Self, InvalidBody> {
        Ok(Self {
            home: parse_number(body, "home", 0..=u32::MAX, HOME_NUMBER)?,
            ..from_slice(body)?
        })
    }
}

const HOME_NUMBER: &str = "be the number of a database";

/// The home of `POST /users/:userId/move`.
pub fn parse_home(body: &[u8]) -> Result<u32, InvalidBody> {
    Fields::parse(body)?; // it may not be left out
    parse_number(body, "home", 0..=u32::MAX, HOME_NUMBER)?
        .ok_or_else(|| InvalidBody::field("home", HOME_NUMBER))
}

/// The cursor of an optional body.
pub fn parse_cursor_field(body: &[u8]) -> Result<Option<String>, InvalidBody> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    Fields::parse(body)?.optional("cursor", Ok)
}

/// The state of `PUT /admin/homes/:home`: true for open.
pub fn parse_is_open(body: &[u8]) -> Result<bool, InvalidBody> {
    let state = Fields::parse(body)?.required("state", |text| match text.as_str() {
        "open" | "closed" => Ok(text),
        _ => Err(InvalidName("be open or closed")),
    })?;
    Ok(state == "open")
}

/// The key of `PUT /users/:userId/client-api-key`.
pub fn parse_client_api_key(body: &[u8]) -> Result<ClientApiKey, InvalidBody> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        client_api_key: ClientApiKey,
    }
    from_slice(body).map(|body: Body| body.client_api_key)
}

/// An id of the service's own making, in a body.
#[derive(Debug, serde::Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Name(pub String);

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        check_name(&text).map(|()| Self(text))
    }
}

/// The version of `POST /users/:userId/backups/restore`: its id, and its kind where two have one id.
pub fn parse_restore(body: &[u8]) -> Result<(String, Option<Kind>), InvalidBody> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        version_id: Name,
        kind: Option<Name>,
    }
    let body: Body = from_slice(body)?;
    let kind = match body.kind.as_ref().map(|kind| kind.0.as_str()) {
        None => None,
        Some("custodian") => Some(Kind::Custodian),
        Some("user") => Some(Kind::User),
        Some(_) => return invalid("kind", "be custodian or user"),
    };
    Ok((body.version_id.0, kind))
}

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 256;

/// Why an operator does something: a line of text, for people to read.
pub fn check_reason(text: &str) -> Result<(), InvalidName> {
    if text.chars().count() > MAX_REASON_CHARS || text.chars().any(char::is_control) {
        return Err(InvalidName(
            "be at most 256 characters long, without control characters",
        ));
    }
    Ok(())
}

/// The field `reason` of an optional body; an empty one counts as none.
pub fn parse_reason(body: &[u8]) -> Result<Option<String>, InvalidBody> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let reason =
        Fields::parse(body)?.optional("reason", |text| check_reason(&text).map(|()| text))?;
    Ok(reason.filter(|text| !text.is_empty()))
}

/// What a request that waited asks for: a field of the JSON that `handlers::users` made.
pub fn parse_waiting<T>(
    parameters: &str,
    field: &'static str,
    parse: impl FnOnce(String) -> Result<T, InvalidName>,
) -> Result<T, InvalidBody> {
    Fields::parse(parameters.as_bytes())?.required(field, parse)
}

/// A whole number from an optional field of an optional body, such as `{"limit": 100}`.
pub fn parse_number(
    body: &[u8],
    field: &'static str,
    range: std::ops::RangeInclusive<u32>,
    must: &'static str,
) -> Result<Option<u32>, InvalidBody> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let fields = object(body)?;
    let Some(number) = fields.given(field) else {
        return Ok(None);
    };
    // JSON has one kind of number: 5.0 is 5.
    let whole = number
        .split_once('.')
        .filter(|(_, rest)| rest.bytes().all(|b| b == b'0'));
    match whole.map_or(number, |(whole, _)| whole).parse() {
        Ok(number) if range.contains(&number) => Ok(Some(number)),
        _ => invalid(field, must),
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
