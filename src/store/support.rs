//! What support asks about one person: who it is, what was deleted until when, and which keys the shares need.

use js_sys::JsString;

use super::audit::Trail;
use super::custodian_shares::{self, Fetched};
use super::health::{self, Canary};
use super::outcome::unknown_user;
use super::sql::sql;
use super::users::{self, event_of_user, stored_client_id};
use super::versions::{self, Entries};
use super::{Change, Database, Row, Rows, Statement, ask_each};
use crate::auth::client::Credential;
use crate::domain::names::{BackupMethod, ClientId, UserId};
use crate::domain::recovery::FetchSuperseded;
use crate::domain::sealing::Kind;
use crate::error::Result;

/// A person as support sees them.
pub struct Person {
    /// None: the user is deleted.
    pub user: Option<User>,
    pub deletions: Deletions,
    /// The superseded versions that are kept, 10,000 at most.
    pub history: u64,
    pub entries: Entries,
    /// The keys of the current shares.
    pub shares: Vec<KeyedShare>,
    pub canaries: Vec<Canary>,
}

pub struct User {
    pub client_id: ClientId,
    /// As the API shows it.
    pub json: String,
}

/// The deletions that can still be undone, the latest first.
#[derive(Default)]
pub struct Deletions {
    /// As the API shows them: an array.
    pub json: String,
    pub latest: Option<Deletion>,
}

pub struct Deletion {
    pub user_id: String,
    pub client_id: String,
    pub deleted_at: String,
    /// Until the retention is over, or a purge that waits is carried out.
    pub restorable_until: Option<String>,
    pub is_purge: bool,
}

/// A current share without the share.
pub struct KeyedShare {
    pub kind: Kind,
    pub backup_method: BackupMethod,
    pub stored_at: String,
    pub key_id: String,
}

/// A person, or what is left of one who was deleted. 404: there never was one, or no longer.
pub async fn person(db: &Database, user_id: &UserId, retention_days: u32) -> Result<Person> {
    let own = Credential::User(user_id.to_string());
    let history = Statement::new(sql!("support_history")).text(user_id.as_str());
    let [user, deletions, history, entries, canaries] = db
        .read(vec![
            users::by_id(user_id, None),
            deletions(Some(user_id), None, retention_days),
            history,
            versions::entries(user_id, &own),
            health::canaries(),
        ])
        .await?
        .rows()?;
    if user.is_empty() && deletions.is_empty() {
        return Err(unknown_user());
    }
    Ok(Person {
        user: read_user(&user)?,
        deletions: read_deletions(&deletions),
        history: history.first_number("n"),
        shares: entries
            .each(read_share)
            .into_iter()
            .collect::<Result<_>>()?,
        entries: versions::read_entries(&entries)?,
        canaries: health::read_canaries(&canaries),
    })
}

/// The user who has a client id, and the deletions of such. 404: neither is here.
pub async fn of_client(
    db: &Database,
    client_id: &ClientId,
    retention_days: u32,
) -> Result<(Option<User>, Deletions)> {
    let [user, deletions] = db
        .read(vec![
            users::by_client(client_id),
            deletions(None, Some(client_id), retention_days),
        ])
        .await?
        .rows()?;
    if user.is_empty() && deletions.is_empty() {
        return Err(unknown_user());
    }
    Ok((read_user(&user)?, read_deletions(&deletions)))
}

/// When a user with this id was purged last, by the audit trail of any of these homes.
pub async fn purged_at(homes: &[Database], user_id: &UserId) -> Result<Option<String>> {
    let asked = Statement::new(sql!("support_purged")).text(user_id.as_str());
    let mut latest = None;
    for answer in ask_each(homes, &asked).await {
        latest = latest.max(answer?.first_text("at"));
    }
    Ok(latest)
}

/// The deletions of a user id, or of a client id.
fn deletions(
    user_id: Option<&UserId>,
    client_id: Option<&ClientId>,
    retention_days: u32,
) -> Statement {
    Statement::new(sql!("support_deletions"))
        .optional(user_id.map(UserId::as_str))
        .optional(client_id.map(ClientId::as_str))
        .text(&retention_days.to_string())
}

fn read_user(rows: &Rows) -> Result<Option<User>> {
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(User {
        client_id: stored_client_id(row.text("clientId"))?,
        json: rows.first_to_json().unwrap_or_default(),
    }))
}

fn read_deletions(rows: &Rows) -> Deletions {
    let latest = rows.first().map(|row| Deletion {
        user_id: row.text("userId"),
        client_id: row.text("clientId"),
        deleted_at: row.text("deletedAt"),
        restorable_until: row.optional("restorableUntil"),
        is_purge: row.has("purgeAt"),
    });
    Deletions {
        json: rows.to_json(),
        latest,
    }
}

fn read_share(row: &Row) -> Result<KeyedShare> {
    Ok(KeyedShare {
        kind: row.kind(),
        backup_method: row.backup_method()?,
        stored_at: row.text("stored_at"),
        key_id: row.text("key_id"),
    })
}

/// A user's shares, sealed, to be tried.
pub struct Sealed {
    /// The current custodian shares, and the superseded ones that a fetch adds to them.
    pub custodian: Fetched,
    pub user: Vec<SealedShare>,
}

pub struct SealedShare {
    pub backup_method: BackupMethod,
    pub stored_at: String,
    pub key_id: String,
    /// None: there was no more room for it.
    pub envelope: Option<JsString>,
}

/// So many characters of sealed cipher texts are read at most: a user may have 256 of 700,000 each.
const MOST_CHARS: u64 = 24_000_000;

/// All that a recovery of the user may need, sealed. That it was read leaves the event `check_backups` in the same transaction.
pub async fn sealed_shares(
    db: &Database,
    trail: &Trail,
    user_id: &UserId,
    client_id: &ClientId,
) -> Result<Sealed> {
    let event = event_of_user(trail, "check_backups", user_id, "checked");
    let policy = FetchSuperseded::HalfFinished;
    let user_shares = Statement::new(sql!("support_user_shares"))
        .text(user_id.as_str())
        .number(MOST_CHARS);
    let change = Change::new(&trail.event_id)
        .event(event)
        .read(custodian_shares::fetch_statement(
            policy,
            client_id.as_str(),
        ))
        .read(user_shares);
    let changed = db.change(change).await?;
    changed.done()?;
    let [custodian, user] = changed.rows()?;
    let read = |row: &Row| {
        Ok(SealedShare {
            backup_method: row.backup_method()?,
            stored_at: row.text("stored_at"),
            key_id: row.text("key_id"),
            envelope: row.has("sealed_share").then(|| row.sealed_share()),
        })
    };
    Ok(Sealed {
        custodian: custodian_shares::read(&custodian)?,
        user: user.each(read).into_iter().collect::<Result<_>>()?,
    })
}
