//! The bodies of requests: every form that Portal and the snippets of its guides send.
//!
//! Shares and cipher texts are opaque: a string is kept as it is, an object as its exact source text. Unknown
//! fields are ignored; `null` counts as missing.

use super::json::{self, Object};
use super::names::{BackupMethod, BackupSharePairId, ClientId, InvalidName, UserId, check_name};
use super::sealing::Kind;
use super::secret::Secret;

/// What is wrong with a body.
#[derive(Debug, PartialEq, Eq)]
pub enum InvalidBody {
    /// Not JSON, or not a JSON object.
    NotAnObject,
    /// The words fit behind "must".
    Field {
        field: &'static str,
        must: &'static str,
    },
}

fn invalid<T>(field: &'static str, must: &'static str) -> Result<T, InvalidBody> {
    Err(InvalidBody::Field { field, must })
}

/// The fields of a body.
pub(super) struct Fields<'a>(Object<'a>);

impl<'a> Fields<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, InvalidBody> {
        let text = std::str::from_utf8(body).map_err(|_| InvalidBody::NotAnObject)?;
        let object = Object::parse(text, MAX_FIELDS).ok_or(InvalidBody::NotAnObject)?;
        Ok(Self(object))
    }

    /// Whether there is a field of that name, whatever it holds.
    pub(super) fn has(&self, field: &str) -> bool {
        self.0.get(field).is_some()
    }

    /// The source text of the field of that name; None if it is missing or null.
    pub(super) fn get(&self, field: &str) -> Option<&'a str> {
        self.0.get(field).filter(|value| *value != "null")
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
            .map_err(|InvalidName(must)| InvalidBody::Field { field, must })
    }

    pub(super) fn required<T>(
        &self,
        field: &'static str,
        parse: impl FnOnce(String) -> Result<T, InvalidName>,
    ) -> Result<T, InvalidBody> {
        self.optional(field, parse)?.ok_or(InvalidBody::Field {
            field,
            must: "be a string",
        })
    }

    pub(super) fn flag(&self, field: &'static str) -> Result<Option<bool>, InvalidBody> {
        match self.get(field) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => invalid(field, "be true or false"),
        }
    }

    pub(super) fn backup_method(&self) -> Result<BackupMethod, InvalidBody> {
        let method = self.optional("backupMethod", BackupMethod::parse)?;
        Ok(method.unwrap_or_else(BackupMethod::unknown))
    }

    pub(super) fn backup_share_pair_id(&self) -> Result<Option<BackupSharePairId>, InvalidBody> {
        self.optional("backupSharePairId", BackupSharePairId::parse)
    }

    /// A share: a string that is not empty, or an object, of which the exact source text is the share.
    pub(super) fn share(&self, field: &'static str) -> Result<Secret, InvalidBody> {
        let text = self.get(field).unwrap_or_default();
        if text.starts_with('{') {
            return Ok(Secret::new(text.to_owned()));
        }
        if text.starts_with('"') && text != "\"\"" {
            return match json::text(text) {
                Some(text) => Ok(Secret::new(text)),
                None => invalid(field, "be valid Unicode"),
            };
        }
        invalid(field, "be a string that is not empty, or an object")
    }
}

/// More than any body has; bounds the search for duplicates.
const MAX_FIELDS: usize = 64;

/// What `POST /webhook/backup` brings.
#[derive(Debug)]
pub struct CustodianBackup {
    pub client_id: ClientId,
    pub backup_method: BackupMethod,
    pub backup_share_pair_id: Option<BackupSharePairId>,
    pub share: Secret,
}

impl CustodianBackup {
    pub fn parse(body: &[u8]) -> Result<Self, InvalidBody> {
        let fields = Fields::parse(body)?;
        Ok(Self {
            client_id: fields.required("clientId", ClientId::parse)?,
            backup_method: fields.backup_method()?,
            backup_share_pair_id: fields.backup_share_pair_id()?,
            share: fields.share("share")?,
        })
    }
}

/// The client id of `POST /webhook/backup/fetch`.
pub fn parse_fetch(body: &[u8]) -> Result<ClientId, InvalidBody> {
    Fields::parse(body)?.required("clientId", ClientId::parse)
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

impl UserBackup {
    pub fn parse(body: &[u8]) -> Result<Self, InvalidBody> {
        let mut source = std::str::from_utf8(body).map_err(|_| InvalidBody::NotAnObject)?;
        let mut fields = Fields::parse(body)?;
        let mut wrapper = None;
        // axios' `axios.post(url, {data: {…}})`, as the guides print it, wraps the fields in one more object.
        let has_cipher_text = |fields: &Fields| {
            let mut names = CIPHER_TEXT.iter().chain(&ENCLAVE_CIPHER_TEXTS);
            names.any(|name| fields.get(name).is_some())
        };
        if let Some(data) = fields.get("data").filter(|data| data.starts_with('{')) {
            let inner = Fields::parse(data.as_bytes());
            if !has_cipher_text(&fields) {
                source = data;
                wrapper = Some(std::mem::replace(&mut fields, inner?));
            } else if inner.is_ok_and(|inner| has_cipher_text(&inner)) {
                return invalid("data", "not be sent beside another cipher text");
            }
        }
        let mut given = CIPHER_TEXT
            .into_iter()
            .filter(|name| fields.get(name).is_some());
        let cipher_text = match (given.next(), given.next()) {
            (Some(_), Some(second)) => {
                return invalid(second, "not be sent beside another cipher text");
            }
            (Some(name), None) => fields.share(name)?,
            (None, _) => {
                let mut of_enclave = ENCLAVE_CIPHER_TEXTS
                    .into_iter()
                    .filter(|name| fields.get(name).is_some())
                    .peekable();
                if of_enclave.peek().is_none() {
                    return invalid("cipherText", "be a string");
                }
                for name in of_enclave {
                    fields.share(name)?;
                }
                Secret::new(source.trim().to_owned())
            }
        };
        // Which backup it is of may stand beside `data` as well: an app may have wrapped its cipher text alone.
        let holder = |field| {
            let beside = wrapper.as_ref().and_then(|wrapper| wrapper.get(field));
            match (&wrapper, beside, fields.get(field)) {
                (_, Some(beside), Some(inside)) if beside != inside => {
                    invalid(field, "not differ from the one in data")
                }
                (Some(wrapper), Some(_), None) => Ok(wrapper),
                _ => Ok(&fields),
            }
        };
        Ok(Self {
            backup_method: holder("backupMethod")?.backup_method()?,
            backup_share_pair_id: holder("backupSharePairId")?.backup_share_pair_id()?,
            cipher_text,
        })
    }
}

/// What `POST /users` brings.
#[derive(Debug)]
pub struct Registration {
    pub id: Option<UserId>,
    pub client_id: Option<ClientId>,
    pub client_api_key: Option<Secret>,
    /// Of a client that Portal is to make.
    pub is_account_abstracted: Option<bool>,
}

impl Registration {
    pub fn parse(body: &[u8]) -> Result<Self, InvalidBody> {
        let fields = Fields::parse(body)?;
        Ok(Self {
            id: fields.optional("id", UserId::parse)?,
            client_id: fields.optional("clientId", ClientId::parse)?,
            client_api_key: fields.optional("clientApiKey", client_api_key)?,
            is_account_abstracted: fields.flag("isAccountAbstracted")?,
        })
    }
}

/// A key goes into an `Authorization` header, so it is one word of visible ASCII.
pub(super) fn client_api_key(text: String) -> Result<Secret, InvalidName> {
    if text.is_empty() || text.len() > 1024 || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(InvalidName("be 1 to 1024 visible ASCII characters"));
    }
    Ok(Secret::new(text))
}

/// The key of `PUT /users/:userId/client-api-key`.
pub fn parse_client_api_key(body: &[u8]) -> Result<Secret, InvalidBody> {
    Fields::parse(body)?.required("clientApiKey", client_api_key)
}

/// The version's id and, where one is given, its kind, of `POST /users/:userId/backups/restore`.
pub fn parse_restore(body: &[u8]) -> Result<(String, Option<Kind>), InvalidBody> {
    let fields = Fields::parse(body)?;
    let version_id = fields.required("versionId", |text| check_name(&text).map(|()| text))?;
    let kind = fields.optional("kind", |text| match text.as_str() {
        "custodian" => Ok(Kind::Custodian),
        "user" => Ok(Kind::User),
        _ => Err(InvalidName("be custodian or user")),
    })?;
    Ok((version_id, kind))
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
    let fields = Fields::parse(body)?;
    let Some(number) = fields.get(field) else {
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
