//! `GET /users/:userId/backups` for operators: an answer for every case that support meets.

use crate::auth::admin::Admin;
use crate::domain::homes::Key;
use crate::domain::json::{self, Writer};
use crate::domain::names::{BackupMethod, ClientId, UserId};
use crate::domain::opens::Opens;
use crate::domain::recovery::{Backup, backups};
use crate::domain::sealing::{Kind, Place};
use crate::domain::url;
use crate::error::{Code, Error, Result};
use crate::handlers::client::to_json;
use crate::handlers::nobody::{deleted, who_else};
use crate::http::{Answer, Call};
use crate::maintenance::wrong_keys;
use crate::pairs::{self, Ours};
use crate::portal::{Listed, Portal};
use crate::store::support::{self as store, Person, User};
use crate::store::{Database, audit};

/// What an operator asks for besides.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Whether each share opens is to be tried.
    check: bool,
    /// Portal is to be asked which backups it counts.
    portal: bool,
}

impl Asked {
    pub fn read(call: &Call<'_>) -> Result<Self> {
        Ok(Self {
            check: flag(call, "check")?,
            portal: flag(call, "portal")?,
        })
    }
}

fn flag(call: &Call<'_>, name: &'static str) -> Result<bool> {
    match url::query_value(call.query, name) {
        None => Ok(false),
        Some(value) => match value.as_deref() {
            Some("1" | "true") => Ok(true),
            Some("0" | "false") => Ok(false),
            _ => Err(Error::field(name, "be 1 or 0")),
        },
    }
}

/// A share that was looked at.
struct Looked {
    kind: Kind,
    backup_method: BackupMethod,
    stored_at: String,
    key_id: String,
    opens: Opens,
    /// Why it does not.
    why: Option<&'static str>,
}

const NO_KEY: &str = "its key is not configured";
const WRONG_KEY: &str = "its key is not the one that sealed it";
const DAMAGED: &str = "damaged or moved";

/// Which backups of a user exist, whether each can be recovered and opened; never a share.
///
/// 1. Who it is, at whichever home; who looks is noted there.
/// 2. Nobody of this id: who else it may be.
/// 3. One who was deleted: since when, and until when that can be undone.
/// 4. Whether the shares open: by their keys, or, where that is asked for, each is tried.
/// 5. Which pairs Portal counts, if that is asked for.
pub async fn list_backups(
    admin: &Admin,
    call: &Call<'_>,
    user_id: &UserId,
    asked: Asked,
) -> Result<Answer> {
    // 1.
    let retention_days = call.settings.history_retention_days;
    let read = async |db: &Database| {
        audit::note_view(db, &call.trail, admin.name(), user_id).await?;
        let person = store::person(db, user_id, retention_days).await?;
        let Some(user) = &person.user else {
            return Ok((person, Vec::new(), db.home()));
        };
        let wrong = wrong_keys(db, call.vault, &person.canaries).await?;
        let looked = match asked.check {
            true => try_each(call, db, user_id, user, &wrong).await?,
            false => by_keys(call, &person, &wrong),
        };
        Ok((person, looked, db.home()))
    };
    let found = call.homes.surely_at(&Key::user(user_id), read).await;
    let (person, looked, home) = match found {
        // 2.
        Err(error) if error.code == Code::UnknownUser => {
            return Err(who_else(call, user_id, error).await);
        }
        found => found?,
    };
    // 3.
    let Some(user) = &person.user else {
        let error = deleted(user_id, &person);
        let client_id = person
            .deletions
            .latest
            .as_ref()
            .map(|d| d.client_id.clone());
        let Some(client_id) = client_id.and_then(|id| ClientId::parse(id).ok()) else {
            return Err(error);
        };
        return Err(match asked.portal {
            true => error.with_member("portal", portal(call, home, user_id, &client_id).await?),
            false => error,
        });
    };
    // 4.
    let entries = &person.entries;
    let backups = backups(&entries.custodian, &entries.user);
    let shown = backups.iter().map(|backup| {
        let of_it = || looked.iter().filter(|share| is_of(share, backup));
        let unopenable = of_it().filter(|share| share.opens == Opens::No);
        to_json(backup, entries)
            .raw(
                "opens",
                Opens::of_all(of_it().map(|share| share.opens)).to_json(),
            )
            .raw("unopenable", &json::array(unopenable.map(unopenable_json)))
            .end()
    });
    let answer = Writer::default()
        .raw("backups", &json::array(shown))
        .raw("user", &user.json)
        .number("history", person.history)
        .raw("deletions", &person.deletions.json)
        .optional("note", note(&backups, &person, user).as_deref());
    // 5.
    let portal = match asked.portal {
        true => Some(portal(call, home, user_id, &user.client_id).await?),
        false => None,
    };
    Ok(Answer::ok(answer.given_raw("portal", portal)))
}

/// Whether the share belongs to the backup.
fn is_of(share: &Looked, backup: &Backup) -> bool {
    match share.kind {
        Kind::Custodian if backup.user_share_at.is_some() => {
            share.backup_method.counts_for(&backup.backup_method)
        }
        Kind::Custodian => share.backup_method.without_curve() == backup.backup_method,
        _ => backup.user_share_at.is_some() && share.backup_method == backup.backup_method,
    }
}

fn unopenable_json(share: &Looked) -> String {
    Writer::default()
        .text("kind", share.kind.as_str())
        .text("backupMethod", share.backup_method.as_str())
        .text("storedAt", &share.stored_at)
        .text("keyId", &share.key_id)
        .optional("why", share.why)
        .end()
}

/// Why a share under this key cannot open.
fn unfit(call: &Call<'_>, wrong: &[String], key_id: &str) -> Option<&'static str> {
    if call.vault.key_ids().all(|id| id != key_id) {
        return Some(NO_KEY);
    }
    wrong.iter().any(|id| id == key_id).then_some(WRONG_KEY)
}

/// What the keys tell without trying: a share whose key is not there, or is another one, does not open.
fn by_keys(call: &Call<'_>, person: &Person, wrong: &[String]) -> Vec<Looked> {
    let look = |share: &store::KeyedShare| {
        let why = unfit(call, wrong, &share.key_id);
        Looked {
            kind: share.kind,
            backup_method: share.backup_method.clone(),
            stored_at: share.stored_at.clone(),
            key_id: share.key_id.clone(),
            opens: match why {
                Some(_) => Opens::No,
                None => Opens::Unknown,
            },
            why,
        }
    };
    person.shares.iter().map(look).collect()
}

/// Tries every share that a recovery is given: the current ones, and the superseded ones of half-finished backups. What was
/// opened is dropped at once.
async fn try_each(
    call: &Call<'_>,
    db: &Database,
    user_id: &UserId,
    user: &User,
    wrong: &[String],
) -> Result<Vec<Looked>> {
    let sealed = store::sealed_shares(db, &call.trail, user_id, &user.client_id).await?;
    let custodian = &sealed.custodian;
    let mates = custodian.added();
    let superseded = custodian
        .superseded
        .iter()
        .zip(&custodian.superseded_shares)
        .enumerate()
        .filter(|(index, _)| mates.contains(index))
        .map(|(_, share)| share);
    let current = custodian.current.iter().zip(&custodian.current_shares);
    let mut looked = Vec::new();
    for (entry, share) in current.chain(superseded) {
        let place = Place::custodian(&user.client_id, entry.backup_method.as_str());
        let opens = call.vault.opens(place, &share.key_id, &share.envelope);
        let opens = opens.await;
        looked.push(Looked {
            kind: Kind::Custodian,
            backup_method: entry.backup_method.clone(),
            stored_at: entry.stored_at.clone(),
            key_id: share.key_id.clone(),
            opens: if opens { Opens::Yes } else { Opens::No },
            why: (!opens).then(|| unfit(call, wrong, &share.key_id).unwrap_or(DAMAGED)),
        });
    }
    for share in sealed.user {
        let place = Place::user(user_id, share.backup_method.as_str());
        let opens = match &share.envelope {
            None => Opens::Unknown,
            Some(envelope) => match call.vault.opens(place, &share.key_id, envelope).await {
                true => Opens::Yes,
                false => Opens::No,
            },
        };
        let why = (opens == Opens::No).then(|| unfit(call, wrong, &share.key_id));
        looked.push(Looked {
            kind: Kind::User,
            backup_method: share.backup_method,
            stored_at: share.stored_at,
            key_id: share.key_id,
            opens,
            why: why.map(|why| why.unwrap_or(DAMAGED)),
        });
    }
    Ok(looked)
}

/// What it means that nothing is there.
fn note(backups: &[Backup], person: &Person, user: &User) -> Option<String> {
    if !backups.is_empty() {
        return None;
    }
    Some(match person.history {
        0 => format!(
            "Nothing is stored for this user. Portal's webhook has brought no share of the client {client}, and the app has stored none; or the retention is over. \
             Is {client} the client that the person's app uses? GET /users/:userId/backups?portal=1 asks Portal which backups it counts.",
            client = user.client_id
        ),
        versions => format!(
            "Nothing is current; {versions} superseded versions are kept. GET /users/:userId/backups/history lists them, and \
             POST /users/:userId/backups/restore makes one current again."
        ),
    })
}

/// Portal's list of the client's pairs beside ours, as JSON; `home` is the user's.
async fn portal(
    call: &Call<'_>,
    home: u32,
    user_id: &UserId,
    client_id: &ClientId,
) -> Result<String> {
    let listed = match Portal::new(call.settings) {
        Some(portal) => portal.share_pairs(client_id).await,
        None => Listed::unavailable(
            "the secret PORTAL_API_KEY is not set, so Portal cannot be asked".to_owned(),
        ),
    };
    let user_id = user_id.as_str();
    let db = call.homes.home(home).await?;
    let ours = Ours::read(&db, call.vault, user_id, client_id).await?;
    Ok(pairs::to_json(Some(user_id), client_id, &listed, &ours))
}
