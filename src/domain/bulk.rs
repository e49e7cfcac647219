//! The records of `POST /admin/import`, one JSON object a line: users, and shares in the clear.
//!
//! A record is held to the rules of the live routes; it may also bring what only an export knows: the hash of an API
//! key, the id of a share's version, and times. A bad line is refused by itself.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{InvalidBody, backup_method, client_api_key, object, optional, required, share};
use super::names::{BackupMethod, BackupSharePairId, ClientId, InvalidName, UserId, check_name};
use super::sealing::Kind;
use super::secret::{CredentialHash, Secret};

/// The live routes take bodies up to this size.
const MAX_SHARE_BYTES: usize = 512 * 1024;

#[derive(Debug)]
pub enum Record {
    User(UserRecord),
    Share(ShareRecord),
}

#[derive(Debug)]
pub struct UserRecord {
    pub id: UserId,
    pub client_id: ClientId,
    pub client_api_key_hash: Option<String>,
    pub created_at: Option<String>,
}

#[derive(Debug)]
pub struct ShareRecord {
    pub kind: Kind,
    /// The version's id; a version of the history must have one, so that it is recognised when it comes again.
    pub id: Option<String>,
    pub user_id: UserId,
    pub client_id: Option<ClientId>,
    pub backup_method: BackupMethod,
    pub backup_share_pair_id: Option<BackupSharePairId>,
    pub share: Secret,
    pub created_at: Option<String>,
    pub stored_at: Option<String>,
    pub superseded: Option<Superseded>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Superseded {
    pub at: String,
    pub reason: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Form<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow)]
    client_id: Option<&'a RawValue>,
    #[serde(borrow)]
    client_api_key: Option<&'a RawValue>,
    #[serde(borrow)]
    client_api_key_hash: Option<&'a RawValue>,
    #[serde(borrow)]
    backup_method: Option<&'a RawValue>,
    #[serde(borrow)]
    backup_share_pair_id: Option<&'a RawValue>,
    #[serde(borrow)]
    share: Option<&'a RawValue>,
    #[serde(borrow)]
    cipher_text: Option<&'a RawValue>,
    #[serde(borrow)]
    created_at: Option<&'a RawValue>,
    #[serde(borrow)]
    stored_at: Option<&'a RawValue>,
    #[serde(borrow)]
    superseded_at: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
}

impl Record {
    pub fn parse(line: &[u8]) -> Result<Self, InvalidBody> {
        let form: Form = object(line)?;
        match form.kind.map(RawValue::get) {
            Some("\"user\"") => form.user().map(Record::User),
            Some("\"custodianBackupShare\"") => form.share(Kind::Custodian).map(Record::Share),
            Some("\"userBackupShare\"") => form.share(Kind::User).map(Record::Share),
            _ => Err(InvalidBody::Field {
                field: "type",
                must: "be user, custodianBackupShare or userBackupShare",
            }),
        }
    }
}

impl Form<'_> {
    fn user(self) -> Result<UserRecord, InvalidBody> {
        let key = optional("clientApiKey", self.client_api_key, client_api_key)?;
        let hash = optional("clientApiKeyHash", self.client_api_key_hash, sha_256)?;
        if key.is_some() && hash.is_some() {
            return Err(InvalidBody::Field {
                field: "clientApiKeyHash",
                must: "not be sent beside clientApiKey",
            });
        }
        Ok(UserRecord {
            id: required("id", self.id, UserId::parse)?,
            client_id: required("clientId", self.client_id, ClientId::parse)?,
            client_api_key_hash: hash
                .or(key.map(|key| CredentialHash::of(key.expose_secret()).to_hex())),
            created_at: optional("createdAt", self.created_at, time)?,
        })
    }

    fn share(self, kind: Kind) -> Result<ShareRecord, InvalidBody> {
        let (field, text) = match kind {
            Kind::Custodian => ("share", self.share),
            _ => ("cipherText", self.cipher_text),
        };
        let share = share(field, text)?;
        if share.expose_secret().len() > MAX_SHARE_BYTES {
            return Err(InvalidBody::Field {
                field,
                must: "be at most 512 KiB long",
            });
        }
        let id = optional("id", self.id, |id| check_name(&id).map(|()| id))?;
        let stored_at = optional("storedAt", self.stored_at, time)?;
        let superseded = match optional("supersededAt", self.superseded_at, time)? {
            None => None,
            Some(_) if id.is_none() => {
                return Err(InvalidBody::Field {
                    field: "id",
                    must: "be given for a superseded share",
                });
            }
            Some(at) if stored_at.as_ref().is_none_or(|stored_at| *stored_at > at) => {
                return Err(InvalidBody::Field {
                    field: "supersededAt",
                    must: "not lie before storedAt",
                });
            }
            Some(at) => {
                let reason = optional("reason", self.reason, reason)?.unwrap_or("replaced");
                Some(Superseded { at, reason })
            }
        };
        Ok(ShareRecord {
            kind,
            id,
            user_id: required("userId", self.user_id, UserId::parse)?,
            client_id: optional("clientId", self.client_id, ClientId::parse)?,
            backup_method: backup_method(self.backup_method)?,
            backup_share_pair_id: optional(
                "backupSharePairId",
                self.backup_share_pair_id,
                BackupSharePairId::parse,
            )?,
            share,
            created_at: optional("createdAt", self.created_at, time)?,
            stored_at,
            superseded,
        })
    }
}

fn sha_256(text: String) -> Result<String, InvalidName> {
    let hex = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    hex.then_some(text)
        .ok_or(InvalidName("be the lower-case hex SHA-256 of the key"))
}

fn reason(text: String) -> Result<&'static str, InvalidName> {
    ["replaced", "deleted"]
        .into_iter()
        .find(|known| *known == text)
        .ok_or(InvalidName("be replaced or deleted"))
}

/// A time in the one form that the database holds: only so do times sort as text.
fn time(text: String) -> Result<String, InvalidName> {
    const PATTERN: &[u8] = b"dddd-dd-ddTdd:dd:dd.dddZ";
    let shaped = text.len() == PATTERN.len()
        && text
            .bytes()
            .zip(PATTERN)
            .all(|(byte, pattern)| match pattern {
                b'd' => byte.is_ascii_digit(),
                other => byte == *other,
            });
    let in_range = |from: usize, range: std::ops::RangeInclusive<u8>| {
        text.get(from..from + 2)
            .and_then(|digits| digits.parse().ok())
            .is_some_and(|number| range.contains(&number))
    };
    let real = shaped
        && in_range(5, 1..=12)
        && in_range(8, 1..=31)
        && in_range(11, 0..=23)
        && in_range(14, 0..=59)
        && in_range(17, 0..=59);
    real.then_some(text)
        .ok_or(InvalidName("be a time such as 2026-01-31T12:00:00.000Z"))
}

#[cfg(test)]
#[path = "bulk_tests.rs"]
mod tests;
