//! The walk over all sealed rows: opens each, purges expired history, counts half-finished backups.

use super::Budget;
use super::sample::{Sampled, sample};
use super::target::Target;
use crate::error::Result;
use crate::log::{self, Field, Level};
use crate::platform::now_ms;
use crate::store::maintenance::{self as store, SealedRow, TABLES, Table};
use crate::store::{Database, changes, versions};
use crate::vault::Vault;

/// The cron trigger of wrangler.toml runs every 15 minutes.
const RUNS_PER_WEEK: u64 = 7 * 24 * 4;
/// Rows that a run checks at least; a small database is checked whole at every run.
const MIN_ROWS_PER_RUN: u64 = 500;
const ROWS_PER_PAGE: u64 = 50;
/// Of so many rows one is looked up in the second copy.
const ROWS_PER_SAMPLE: u64 = 1_000;

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

impl Scrub {
    /// As the last run left it: before the first, and where the note cannot be read, nothing is known.
    pub fn of(note: Option<String>) -> Self {
        note.and_then(|note| Self::from_note(&note))
            .unwrap_or_default()
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

    /// Rows of the walk under way, out of all that there are, that were not looked at yet. 0: none is under way.
    pub fn left(&self, all: u64) -> u64 {
        match self.running.checked {
            0 => 0,
            checked => all.saturating_sub(checked),
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

pub(super) async fn scrub(
    db: &Database,
    copy: Option<&Target>,
    vault: &Vault,
    retention_days: u32,
    budget: Budget,
) -> Result<()> {
    let sampled = match copy {
        Some(_) => Sampled::of(changes::read(db).await?.sampled.as_deref()),
        None => Sampled::default(),
    };
    let mut sampling = sampled;
    let mut copy = copy;
    let rows = (store::row_estimate(db).await? * 5 / 4 / RUNS_PER_WEEK).max(MIN_ROWS_PER_RUN);
    let mut scrub = Scrub::of(store::read_scrub_note(db).await?);
    scrub.at_ms = now_ms();
    let mut checked = 0;
    while checked < rows && !budget.is_spent(db) {
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
        let (first, last) = (first.number, last.number);
        for row in &rows {
            scrub.running.checked += 1;
            let opens = vault.opens(row.place(), &row.key_id, &row.envelope);
            if !opens.await {
                scrub.running.failed += 1;
                report_unopenable(table, row, vault);
            }
            // The first of a run, and one in a thousand.
            let is_sampled =
                (checked == 0 && row.number == first) || row.number % ROWS_PER_SAMPLE == 0;
            // A bucket that does not answer must not keep the walk from going on.
            if let Some(target) = copy.filter(|_| is_sampled)
                && let Err(error) = sample(db, target, vault, row, &mut sampling).await
            {
                log::step("sample the copy", Err(error));
                copy = None;
            }
        }
        match table {
            Table::Custodian => {}
            Table::User => {
                scrub.running.half_finished += store::half_finished(db, first, last).await?
            }
            // What cannot be purged must not keep the walk from the rows behind it.
            Table::Versions => {
                let purged = purge(db, first, last, retention_days).await;
                log::step("purge history", purged);
            }
        }
        checked += rows.len() as u64;
        scrub.after = last;
    }
    if sampling.checked > sampled.checked {
        changes::tell(db, &[(changes::Meta::Sampled, &sampling.to_note())]).await?;
    }
    store::write_scrub_note(db, &scrub.to_note()).await
}

async fn purge(db: &Database, first: u64, last: u64, retention_days: u32) -> Result<()> {
    let expire = versions::expire(first, last, retention_days);
    let [custodian, user] = db.change(expire).await?.rows()?;
    let purged = custodian.count() + user.count();
    if purged > 0 {
        log::event(
            Level::Info,
            "history purged",
            &[("rows", Field::Number(purged.into()))],
        );
    }
    Ok(())
}

fn report_unopenable(table: Table, row: &SealedRow, vault: &Vault) {
    let why = if vault.key_ids().any(|id| id == row.key_id) {
        "damaged or moved"
    } else {
        "its key is not configured"
    };
    log::event(
        Level::Error,
        "a sealed share does not open",
        &[
            ("table", Field::Text(table.name())),
            ("row", Field::Number(row.number)),
            ("version", Field::Text(&row.id)),
            ("userId", Field::Text(&row.user_id)),
            ("backupMethod", Field::Text(&row.backup_method)),
            ("keyId", Field::Text(&row.key_id)),
            ("why", Field::Text(why)),
        ],
    );
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
