//! The bodies of requests: every form that Portal and the snippets of its guides send.
//!
//! Shares and cipher texts are opaque: a string is kept as it is, an object as its exact source text. Unknown
//! fields are ignored; `null` counts as missing.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::names::{BackupMethod, BackupSharePairId, ClientId, InvalidName, UserId};
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
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Form<'a> {
            #[serde(borrow)]
            client_id: Option<&'a RawValue>,
            #[serde(borrow)]
            backup_method: Option<&'a RawValue>,
            #[serde(borrow)]
            share: Option<&'a RawValue>,
            #[serde(borrow)]
            backup_share_pair_id: Option<&'a RawValue>,
        }
        let form: Form = object(body)?;
        Ok(Self {
            client_id: required("clientId", form.client_id, ClientId::parse)?,
            backup_method: backup_method(form.backup_method)?,
            backup_share_pair_id: optional(
                "backupSharePairId",
                form.backup_share_pair_id,
                BackupSharePairId::parse,
            )?,
            share: share("share", form.share)?,
        })
    }
}

/// The client id of `POST /webhook/backup/fetch`.
pub fn parse_fetch(body: &[u8]) -> Result<ClientId, InvalidBody> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Form<'a> {
        #[serde(borrow)]
        client_id: Option<&'a RawValue>,
    }
    let form: Form = object(body)?;
    required("clientId", form.client_id, ClientId::parse)
}

/// What an app posts: its encrypted user backup share.
#[derive(Debug)]
pub struct UserBackup {
    pub backup_method: BackupMethod,
    pub backup_share_pair_id: Option<BackupSharePairId>,
    pub cipher_text: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserBackupForm<'a> {
    /// axios' `axios.post(url, {data: {…}})`, as the guides print it, wraps the fields in one more object.
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    backup_method: Option<&'a RawValue>,
    #[serde(borrow)]
    backup_share_pair_id: Option<&'a RawValue>,
    #[serde(borrow)]
    cipher_text: Option<&'a RawValue>,
    /// iOS' name for it.
    #[serde(borrow)]
    encrypted_client_backup_share: Option<&'a RawValue>,
    /// The name in the guides from before multi-backup.
    #[serde(borrow)]
    backup_share: Option<&'a RawValue>,
    /// The Enclave API gives one cipher text per curve; the object that holds them is the share.
    #[serde(borrow)]
    secp256k1_ciphertext: Option<&'a RawValue>,
    #[serde(borrow)]
    ed25519_ciphertext: Option<&'a RawValue>,
}

impl UserBackup {
    pub fn parse(body: &[u8]) -> Result<Self, InvalidBody> {
        let mut source = std::str::from_utf8(body).map_err(|_| InvalidBody::NotAnObject)?;
        let mut form: UserBackupForm = object(body)?;
        if let Some(data) = form.data.filter(|data| data.get().starts_with('{')) {
            source = data.get();
            form = object(source.as_bytes())?;
        }
        let names = [
            ("cipherText", form.cipher_text),
            (
                "encryptedClientBackupShare",
                form.encrypted_client_backup_share,
            ),
            ("backupShare", form.backup_share),
        ];
        let mut given = names.into_iter().filter(|(_, text)| text.is_some());
        let cipher_text = match (given.next(), given.next()) {
            (Some(_), Some((field, _))) => {
                return invalid(field, "not be sent beside another cipher text");
            }
            (Some((field, text)), None) => share(field, text)?,
            (None, _)
                if form.secp256k1_ciphertext.is_some() || form.ed25519_ciphertext.is_some() =>
            {
                for (field, text) in [
                    ("secp256k1Ciphertext", form.secp256k1_ciphertext),
                    ("ed25519Ciphertext", form.ed25519_ciphertext),
                ] {
                    if text.is_some() {
                        share(field, text)?;
                    }
                }
                Secret::new(source.trim().to_owned())
            }
            (None, _) => return invalid("cipherText", "be a string"),
        };
        Ok(Self {
            backup_method: backup_method(form.backup_method)?,
            backup_share_pair_id: optional(
                "backupSharePairId",
                form.backup_share_pair_id,
                BackupSharePairId::parse,
            )?,
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
}

impl Registration {
    pub fn parse(body: &[u8]) -> Result<Self, InvalidBody> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Form<'a> {
            #[serde(borrow)]
            id: Option<&'a RawValue>,
            #[serde(borrow)]
            client_id: Option<&'a RawValue>,
            #[serde(borrow)]
            client_api_key: Option<&'a RawValue>,
        }
        let form: Form = object(body)?;
        Ok(Self {
            id: optional("id", form.id, UserId::parse)?,
            client_id: optional("clientId", form.client_id, ClientId::parse)?,
            client_api_key: optional("clientApiKey", form.client_api_key, client_api_key)?,
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

/// The version id of `POST /users/:userId/backups/restore`.
pub fn parse_restore(body: &[u8]) -> Result<String, InvalidBody> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Form<'a> {
        #[serde(borrow)]
        version_id: Option<&'a RawValue>,
    }
    let form: Form = object(body)?;
    required("versionId", form.version_id, |text: String| {
        super::names::check_name(&text).map(|()| text)
    })
}

/// A whole number from an optional field of an optional body, such as `{"limit": 100}`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked: a whole number in the range of a u32"
)]
pub fn parse_number(
    body: &[u8],
    field: &'static str,
    range: std::ops::RangeInclusive<u32>,
    must: &'static str,
) -> Result<Option<u32>, InvalidBody> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let form: std::collections::HashMap<String, &RawValue> = object(body)?;
    match form.get(field).map(|raw| raw.get()) {
        None | Some("null") => Ok(None),
        Some(number) => {
            let (least, most) = (f64::from(*range.start()), f64::from(*range.end()));
            match number.parse::<f64>() {
                // JSON has one kind of number: 5.0 is 5.
                Ok(number) if number.fract() == 0.0 && (least..=most).contains(&number) => {
                    Ok(Some(number as u32))
                }
                _ => invalid(field, must),
            }
        }
    }
}

pub(super) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, InvalidBody> {
    // serde takes a JSON array for a struct, too.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(InvalidBody::NotAnObject);
    }
    serde_json::from_slice(body).map_err(|_| InvalidBody::NotAnObject)
}

fn string(field: &'static str, raw: &RawValue) -> Result<String, InvalidBody> {
    if !raw.get().starts_with('"') {
        return invalid(field, "be a string");
    }
    serde_json::from_str(raw.get()).map_err(|_| InvalidBody::Field {
        field,
        must: "be valid Unicode",
    })
}

pub(super) fn optional<T>(
    field: &'static str,
    raw: Option<&RawValue>,
    parse: impl FnOnce(String) -> Result<T, InvalidName>,
) -> Result<Option<T>, InvalidBody> {
    let Some(raw) = raw else { return Ok(None) };
    parse(string(field, raw)?)
        .map(Some)
        .map_err(|InvalidName(must)| InvalidBody::Field { field, must })
}

pub(super) fn required<T>(
    field: &'static str,
    raw: Option<&RawValue>,
    parse: impl FnOnce(String) -> Result<T, InvalidName>,
) -> Result<T, InvalidBody> {
    optional(field, raw, parse)?.ok_or(InvalidBody::Field {
        field,
        must: "be a string",
    })
}

pub(super) fn backup_method(raw: Option<&RawValue>) -> Result<BackupMethod, InvalidBody> {
    Ok(optional("backupMethod", raw, BackupMethod::parse)?.unwrap_or_else(BackupMethod::unknown))
}

/// A share: a string that is not empty, or an object, of which the exact source text is the share.
pub(super) fn share(field: &'static str, raw: Option<&RawValue>) -> Result<Secret, InvalidBody> {
    let must = "be a string that is not empty, or an object";
    match raw.map(RawValue::get) {
        Some("\"\"") | None => invalid(field, must),
        Some(text) if text.starts_with('{') => Ok(Secret::new(text.to_owned())),
        Some(text) if text.starts_with('"') => match serde_json::from_str(text) {
            Ok(text) => Ok(Secret::new(text)),
            Err(_) => invalid(field, "be valid Unicode"),
        },
        Some(_) => invalid(field, must),
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
