//! What runs in the background: rewrapping under a new key, scrubbing, and purging what is past its retention.
//!
//! The scheduled handler does a bounded part at every run. One walk over all sealed rows does three things at once:
//! it opens every row, so that a damaged one is found while there is still a copy elsewhere (D1's Time Travel); it
//! purges expired history; and it counts half-finished backups. Where it stands is kept in the database.

use serde::Serialize;

use crate::config::Settings;
use crate::domain::names::new_id;
use crate::domain::sealing::{Kind, Place};
use crate::error::Result;
use crate::log::{self, Field, Level};
use crate::platform::now_ms;
use crate::store::audit::{Actor, Event, Trail};
use crate::store::maintenance::{self as store, SealedRow, TABLES, Table};
use crate::store::{Database, health, versions};
use crate::vault::Vault;

/// The cron trigger of wrangler.toml runs every 15 minutes.
const RUNS_PER_WEEK: u64 = 7 * 24 * 4;
/// Rows that a run checks at least; a small database is checked whole at every run.
const MIN_ROWS_PER_RUN: u64 = 500;
const ROWS_PER_PAGE: u64 = 50;
/// Rows that a run rewraps at most: 50 pages.
const REWRAP_PER_RUN: u64 = 2_500;
const AUDIT_PER_PAGE: u64 = 500;
const AUDIT_PAGES_PER_RUN: u32 = 20;
const MS_PER_DAY: u64 = 86_400_000;

/// What a canary holds.
pub const CANARY: &str = "portal-backup-worker canary";

/// The place that a key's canary is sealed for.
pub fn canary_place(key_id: &str) -> Place<'_> {
    Place {
        kind: Kind::Canary,
        owner: key_id,
        backup_method: "",
    }
}

/// One run of the scheduled handler. A step that fails is logged, and does not keep the others from running.
pub async fn run(db: &Database, vault: &Vault, settings: &Settings) {
    let steps = [
        (
            "rewrap",
            rewrap(db, vault, REWRAP_PER_RUN, Actor::System)
                .await
                .map(drop),
        ),
        (
            "scrub",
            scrub(db, vault, settings.history_retention_days).await,
        ),
        ("purge", purge(db, settings).await),
        ("canary", ensure_canary(db, vault).await),
    ];
    for (step, result) in steps {
        if let Err(mut error) = result {
            let cause = error.take_cause().unwrap_or_default();
            log::event(
                Level::Error,
                "maintenance step failed",
                &[("step", Field::Text(step)), ("cause", Field::Text(&cause))],
            );
        }
    }
}

/// Keeps a canary for the sealing key, once.
pub async fn ensure_canary(db: &Database, vault: &Vault) -> Result<()> {
    let (_, canaries) = health::read(db).await?;
    let key_id = vault.current_key_id();
    if canaries.iter().any(|canary| canary.key_id == key_id) {
        return Ok(());
    }
    let sealed = vault.seal(canary_place(key_id), CANARY.as_bytes()).await?;
    health::keep_canary(db, &sealed).await
}

#[derive(Debug, Serialize)]
pub struct Rewrapped {
    pub rewrapped: u64,
    pub remaining: u64,
}

/// Seals up to `limit` rows that are under an older key again under the current one. A row that does not open stays as
/// it is; scrubbing reports it.
pub async fn rewrap(db: &Database, vault: &Vault, limit: u64, actor: Actor) -> Result<Rewrapped> {
    let old_keys: Vec<&str> = vault.key_ids().skip(1).collect();
    let mut rewrapped = 0;
    for table in TABLES {
        for key_id in &old_keys {
            let mut after = 0;
            while rewrapped < limit {
                let page_limit = ROWS_PER_PAGE.min(limit - rewrapped);
                let rows = store::page_under_key(db, table, key_id, after, page_limit).await?;
                let Some(last) = rows.last() else { break };
                after = last.number();
                rewrapped += rewrap_page(db, vault, table, &rows, actor).await?;
            }
        }
    }
    let remaining = if old_keys.is_empty() {
        0
    } else {
        let in_use = store::key_use(db).await?;
        in_use
            .iter()
            .filter(|key| old_keys.contains(&key.id.as_str()))
            .map(|key| key.shares)
            .sum()
    };
    Ok(Rewrapped {
        rewrapped,
        remaining,
    })
}

async fn rewrap_page(
    db: &Database,
    vault: &Vault,
    table: Table,
    rows: &[SealedRow],
    actor: Actor,
) -> Result<u64> {
    let mut statements = Vec::with_capacity(rows.len() + 1);
    for row in rows {
        let key_id = row.key_id();
        let (kind, owner, method) = row.place();
        let place = Place {
            kind,
            owner: &owner,
            backup_method: &method,
        };
        if let Some(share) = vault.open_bytes(place, &key_id, &row.sealed_share()).await {
            statements.push(store::rewrap_statement(
                table,
                row,
                &vault.seal(place, &share).await?,
            ));
        }
    }
    if statements.is_empty() {
        return Ok(0);
    }
    let trail = background_trail()?;
    statements.push(trail.event(&Event {
        actor,
        action: "rewrap_shares",
        user_id: None,
        client_id: None,
        backup_method: None,
        outcome: "rewrapped",
    }));
    let mut results = db.batch_all(statements).await?;
    results.pop();
    Ok(results.iter().filter(|rows| !rows.is_empty()).count() as u64)
}

fn background_trail() -> Result<Trail> {
    let now_ms = now_ms();
    let event_id = new_id(now_ms)?;
    Ok(Trail {
        request_id: event_id.clone(),
        event_id,
        now_ms,
        source_address: None,
    })
}

/// Where the walk stands, and what it found.
#[derive(Debug, Default)]
pub struct Scrub {
    /// When rows were last checked: milliseconds since 1970.
    pub at_ms: u64,
    table: usize,
    after: u64,
    running: Pass,
    last: Pass,
}

/// What one walk over all rows found.
#[derive(Debug, Default)]
struct Pass {
    checked: u64,
    failed: u64,
    half_finished: u64,
}

const SCRUB_NOTE: &str = "scrub";

impl Scrub {
    pub async fn read(db: &Database) -> Result<Self> {
        let note = store::read_note(db, SCRUB_NOTE).await?;
        Ok(note
            .and_then(|note| Self::from_note(&note))
            .unwrap_or_default())
    }

    /// The note is the numbers, in the order of `to_note`.
    fn from_note(note: &str) -> Option<Self> {
        let mut numbers = note
            .split(' ')
            .map_while(|number| number.parse::<u64>().ok());
        let mut next = || numbers.next();
        let mut scrub = Self {
            at_ms: next()?,
            table: usize::try_from(next()?).ok()?,
            after: next()?,
            ..Self::default()
        };
        for pass in [&mut scrub.running, &mut scrub.last] {
            *pass = Pass {
                checked: next()?,
                failed: next()?,
                half_finished: next()?,
            };
        }
        Some(scrub)
    }

    fn to_note(&self) -> String {
        let pass = |pass: &Pass| format!("{} {} {}", pass.checked, pass.failed, pass.half_finished);
        format!(
            "{} {} {} {} {}",
            self.at_ms,
            self.table,
            self.after,
            pass(&self.running),
            pass(&self.last)
        )
    }

    /// Rows checked in the walk under way; in the last one where none has begun.
    pub fn checked(&self) -> u64 {
        if self.running.checked > 0 {
            self.running.checked
        } else {
            self.last.checked
        }
    }

    /// Rows that did not open, in the last walk or in the one under way.
    pub fn failed(&self) -> u64 {
        self.running.failed.max(self.last.failed)
    }

    /// Half-finished backups, as of the last whole walk.
    pub fn half_finished(&self) -> u64 {
        self.last.half_finished
    }
}

async fn scrub(db: &Database, vault: &Vault, retention_days: u32) -> Result<()> {
    let budget = (store::row_estimate(db).await? * 5 / 4 / RUNS_PER_WEEK).max(MIN_ROWS_PER_RUN);
    let mut scrub = Scrub::read(db).await?;
    scrub.at_ms = now_ms();
    let mut checked = 0;
    while checked < budget {
        let Some(&table) = TABLES.get(scrub.table) else {
            // The walk is complete: the next run begins anew.
            scrub.last = std::mem::take(&mut scrub.running);
            scrub.table = 0;
            scrub.after = 0;
            break;
        };
        let rows = store::page(db, table, scrub.after, ROWS_PER_PAGE).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            scrub.table += 1;
            scrub.after = 0;
            continue;
        };
        let (first, last) = (first.number(), last.number());
        for row in &rows {
            scrub.running.checked += 1;
            if !opens(vault, row).await {
                scrub.running.failed += 1;
                report_unopenable(table, row, vault);
            }
        }
        match table {
            Table::Custodian => {}
            Table::User => {
                scrub.running.half_finished += store::half_finished(db, first, last).await?
            }
            Table::Versions => {
                let purge = versions::purge_expired_statement(first, last, retention_days);
                let [purged] = db.batch([purge]).await?;
                if !purged.is_empty() {
                    log::event(
                        Level::Info,
                        "history purged",
                        &[("rows", Field::Number(purged.count().into()))],
                    );
                }
            }
        }
        checked += rows.len() as u64;
        scrub.after = last;
    }
    store::write_note(db, SCRUB_NOTE, &scrub.to_note()).await
}

async fn opens(vault: &Vault, row: &SealedRow) -> bool {
    let key_id = row.key_id();
    let (kind, owner, method) = row.place();
    vault
        .open_bytes(
            Place {
                kind,
                owner: &owner,
                backup_method: &method,
            },
            &key_id,
            &row.sealed_share(),
        )
        .await
        .is_some()
}

fn report_unopenable(table: Table, row: &SealedRow, vault: &Vault) {
    let key_id = row.key_id();
    let why = if vault.key_ids().any(|id| id == key_id) {
        "damaged or moved"
    } else {
        "its key is not configured"
    };
    log::event(
        Level::Error,
        "a sealed share does not open",
        &[
            ("table", Field::Text(table.name())),
            ("row", Field::Number(row.number())),
            ("version", Field::Text(&row.id())),
            ("userId", Field::Text(&row.user_id())),
            ("backupMethod", Field::Text(&row.backup_method())),
            ("keyId", Field::Text(&key_id)),
            ("why", Field::Text(why)),
        ],
    );
}

async fn purge(db: &Database, settings: &Settings) -> Result<()> {
    let before = now_ms().saturating_sub(u64::from(settings.audit_retention_days) * MS_PER_DAY);
    for _ in 0..AUDIT_PAGES_PER_RUN {
        if (store::purge_audit(db, before, AUDIT_PER_PAGE).await? as u64) < AUDIT_PER_PAGE {
            break;
        }
    }
    store::purge_deleted_users(db, settings.history_retention_days).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrubs_note_is_read_as_it_was_written() {
        let pass = |n| Pass {
            checked: n,
            failed: n + 1,
            half_finished: n + 2,
        };
        let scrub = Scrub {
            at_ms: 1,
            table: 2,
            after: 3,
            running: pass(4),
            last: pass(7),
        };
        assert_eq!(scrub.to_note(), "1 2 3 4 5 6 7 8 9");
        let read = Scrub::from_note(&scrub.to_note()).unwrap();
        assert_eq!(read.to_note(), scrub.to_note());
        assert!(Scrub::from_note("1 2 x").is_none());
    }
}
