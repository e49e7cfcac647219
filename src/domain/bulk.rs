//! The records of `POST /admin/import`, one JSON object a line: users, and shares in the clear.
//!
//! A record is held to the rules of the live routes; it may also bring what only an export knows: the hash of an API
//! key, the id of a share's version, and times. A bad line is refused by itself.

use super::body::{ClientApiKey, Fields, InvalidBody};
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
    /// When it was deleted: then it goes among the deleted users, who can be restored.
    pub deleted_at: Option<String>,
    /// A webhook made it (`UNKNOWN_CLIENTS`), and not an operator.
    pub made_by_webhook: bool,
    /// The optional field that was left out, because it cannot be used, or takes two operators.
    pub left_out: Option<&'static str>,
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
    /// Of a cipher text: since when it is marked as having replaced another alone.
    pub replaced_alone_at: Option<String>,
    /// The optional field that was left out, because it cannot be used.
    pub left_out: Option<&'static str>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Superseded {
    pub at: String,
    pub reason: &'static str,
}

impl UserRecord {
    /// A deletion's record loses its API key: a restore would give the user that key, whatever it had before.
    pub fn without_key_of_deletion(&mut self) {
        if self.deleted_at.is_some() && self.client_api_key_hash.take().is_some() {
            self.left_out = Some("clientApiKey");
        }
    }
}

impl Record {
    /// `latest` is the last time that is taken, as text: a share of the far future would count as the newest for ever.
    pub fn parse(line: &[u8], latest: &str) -> Result<Self, InvalidBody> {
        let fields = Fields::parse(line)?;
        match fields.get("type") {
            Some("\"user\"") => user(&fields, latest).map(Record::User),
            Some("\"custodianBackupShare\"") => {
                share(&fields, Kind::Custodian, latest).map(Record::Share)
            }
            Some("\"userBackupShare\"") => share(&fields, Kind::User, latest).map(Record::Share),
            _ => Err(InvalidBody::field(
                "type",
                "be user, custodianBackupShare or userBackupShare",
            )),
        }
    }
}

/// An optional field that identifies nothing and decides nothing: no user and no share is refused for it. Empty counts as
/// missing; what cannot be used is left out, and named in `left_out`.
fn lenient<T>(
    fields: &Fields,
    field: &'static str,
    left_out: &mut Option<&'static str>,
    parse: impl FnOnce(String) -> Result<T, InvalidName>,
) -> Option<T> {
    if matches!(fields.get(field), None | Some("\"\"")) {
        return None;
    }
    let parsed = fields.optional(field, parse).unwrap_or_default();
    if parsed.is_none() {
        *left_out = Some(field);
    }
    parsed
}

/// A field whose empty text counts as missing.
fn unless_empty<T>(
    fields: &Fields,
    field: &'static str,
    parse: impl FnOnce(String) -> Result<T, InvalidName>,
) -> Result<Option<T>, InvalidBody> {
    match fields.get(field) {
        Some("\"\"") => Ok(None),
        _ => fields.optional(field, parse),
    }
}

fn user(fields: &Fields, latest: &str) -> Result<UserRecord, InvalidBody> {
    let mut left_out = None;
    let key = lenient(fields, "clientApiKey", &mut left_out, ClientApiKey::parse);
    let hash = unless_empty(fields, "clientApiKeyHash", sha_256)?;
    if key.is_some() && hash.is_some() {
        return Err(InvalidBody::field(
            "clientApiKeyHash",
            "not be sent beside clientApiKey",
        ));
    }
    Ok(UserRecord {
        id: fields.required("id", UserId::parse)?,
        client_id: fields.required("clientId", ClientId::parse)?,
        client_api_key_hash: hash
            .or(key.map(|key| CredentialHash::of(key.expose_secret()).to_hex())),
        created_at: past(fields, "createdAt", latest)?,
        deleted_at: past(fields, "deletedAt", latest)?,
        made_by_webhook: fields.get("madeByWebhook") == Some("true"),
        left_out,
    })
}

fn share(fields: &Fields, kind: Kind, latest: &str) -> Result<ShareRecord, InvalidBody> {
    let field = match kind {
        Kind::Custodian => "share",
        _ => "cipherText",
    };
    let share = fields.share(field)?;
    if share.expose_secret().len() > MAX_SHARE_BYTES {
        return Err(InvalidBody::field(field, "be at most 512 KiB long"));
    }
    let id = unless_empty(fields, "id", |id| check_name(&id).map(|()| id))?;
    let stored_at = past(fields, "storedAt", latest)?;
    let superseded = match past(fields, "supersededAt", latest)? {
        None => None,
        Some(_) if id.is_none() => {
            return Err(InvalidBody::field("id", "be given for a superseded share"));
        }
        Some(at) if stored_at.as_ref().is_none_or(|stored_at| *stored_at > at) => {
            return Err(InvalidBody::field(
                "supersededAt",
                "not lie before storedAt",
            ));
        }
        Some(at) => {
            let reason = unless_empty(fields, "reason", reason)?.unwrap_or("replaced");
            Some(Superseded { at, reason })
        }
    };
    let mut left_out = None;
    Ok(ShareRecord {
        kind,
        id,
        user_id: fields.required("userId", UserId::parse)?,
        client_id: unless_empty(fields, "clientId", ClientId::parse)?,
        backup_method: unless_empty(fields, "backupMethod", BackupMethod::parse)?
            .unwrap_or_else(BackupMethod::unknown),
        backup_share_pair_id: lenient(
            fields,
            "backupSharePairId",
            &mut left_out,
            BackupSharePairId::parse,
        ),
        share,
        created_at: past(fields, "createdAt", latest)?,
        stored_at,
        superseded,
        replaced_alone_at: lenient(fields, "replacedAloneAt", &mut left_out, time),
        left_out,
    })
}

/// A time that is not later than `latest`.
fn past(fields: &Fields, field: &'static str, latest: &str) -> Result<Option<String>, InvalidBody> {
    match unless_empty(fields, field, time)? {
        Some(time) if time.as_str() > latest => {
            Err(InvalidBody::field(field, "not lie more than a day ahead"))
        }
        time => Ok(time),
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

/// A time in the one form that the database holds: only so do times sort as text. And one that another can come after,
/// as the view `store_times` needs it: SQLite's end with the year 9999, which some databases have for "never".
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
        && !text.starts_with("9999")
        && in_range(5, 1..=12)
        && in_range(8, 1..=31)
        && in_range(11, 0..=23)
        && in_range(14, 0..=59)
        && in_range(17, 0..=59);
    real.then_some(text).ok_or(InvalidName(
        "be a time before the year 9999, such as 2026-01-31T12:00:00.000Z",
    ))
}

#[cfg(test)]
#[path = "bulk_tests.rs"]
mod tests;
