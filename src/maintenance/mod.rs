//! What runs in the background: rewrapping under a new key, scrubbing, and purging what is past its retention.
//!
//! Then a sample of clients is compared with Portal's list of their backups. Last come the daily figures.
//!
//! The scheduled handler does a bounded part at every run ([`Budget`]). One walk over all sealed rows does three things at once:
//! it opens every row, so that a damaged one is found while there is still a copy elsewhere (D1's Time Travel); it
//! purges expired history; and it counts half-finished backups. Where it stands is kept in the database.

mod budget;
pub mod copy;
mod epochs;
pub mod head;
mod metrics;
mod objects;
mod pairs;
pub mod rebuild;
mod rewrap;
pub mod sample;
mod scrub;
pub mod sweep;
mod target;

pub use budget::Budget;
pub use epochs::settle;
pub use rewrap::rewrap;
pub use scrub::Scrub;
pub use target::Target;

use crate::config::{Copies, HOMES_QUEUE, Settings};
use crate::domain::names::{ClientId, UserId, new_id};
use crate::domain::turn::Turn;
use crate::error::{Error, Result};
use crate::homes::{Homes, keys_of};
use crate::log::{self, Field, Level};
use crate::platform::{Bindings, now_ms, send_messages};
use crate::store::audit::{Actor, Trail};
use crate::store::health::Canary;
use crate::store::maintenance as store;
use crate::store::outcome::wrong_key;
use crate::store::{Database, canaries, health, purges};
use crate::vault::{CANARY, Vault, canary_place};

/// Rows that a run rewraps at most.
const REWRAP_PER_RUN: u64 = 2_500;
const AUDIT_PER_PAGE: u64 = 500;
const AUDIT_PAGES_PER_RUN: u32 = 20;
/// Each is one batch; the rest waits for the next run.
const PURGES_PER_RUN: u64 = 100;
const MS_PER_DAY: u64 = 86_400_000;
/// Four fifths of the 10 GB that a D1 database of a paid plan may have
/// (<https://developers.cloudflare.com/d1/platform/limits/>).
const NEARLY_FULL_BYTES: u64 = 8_000_000_000;

/// The cron trigger that runs every minute. Of many homes each run of it serves a few; of one database it copies alone.
const EVERY_MINUTE: &str = "* * * * *";

/// What an invocation in the background is for.
pub enum Work {
    /// A cron trigger fired.
    Cron {
        /// Whether it is the one that fires every minute.
        is_every_minute: bool,
    },
    /// Messages of the queue came.
    Turns(Vec<Turn>),
}

impl Work {
    pub fn of_cron(cron: &str) -> Self {
        Self::Cron {
            is_every_minute: cron == EVERY_MINUTE,
        }
    }
}

/// One invocation in the background. With a queue the cron trigger only says whose turn it is, and each home has an invocation of
/// its own: one may not ask D1 often enough for more than some sixteen homes.
pub async fn run(env: &Bindings, vault: &Vault, settings: &Settings, work: Work) -> Result<()> {
    let homes = Homes::for_background(env, &settings.homes)?;
    let copies = Copies::of(env, &settings.homes);
    let homes = match copies {
        Some(_) => homes.copied(false),
        None => homes,
    };
    let turns = match work {
        Work::Turns(turns) => turns,
        Work::Cron { is_every_minute } => {
            let turns = turns(&homes, copies.is_some(), is_every_minute).await?;
            if homes.are_many() && settings.homes.has_queue {
                match send(env, &turns).await {
                    Ok(()) => return Ok(()),
                    Err(error) => log::step("queue", Err(error)), // What one invocation can do is better than nothing.
                }
            }
            turns
        }
    };
    take(&homes, copies, vault, settings, &turns).await;
    Ok(())
}

/// Whose turn it is. Where there is a second copy, every home is copied every minute. Everything else is done every quarter of an hour: of
/// many homes the trigger of every minute serves a few at a time, of one database another trigger does it.
async fn turns(homes: &Homes<'_>, are_copied: bool, is_every_minute: bool) -> Result<Vec<Turn>> {
    let is_copied = is_every_minute && are_copied;
    let due = match homes.are_many() {
        true => homes.due(is_every_minute).await?,
        false if is_copied => Vec::new(),
        false => vec![0],
    };
    let sent_ms = now_ms();
    let turn = |home, is_due| Turn {
        home,
        is_due,
        sent_ms,
    };
    let mut turns = Vec::new();
    if is_copied {
        let others = homes.settings().bound.iter().copied();
        let others = others.filter(|home| !due.contains(home));
        turns.extend(others.map(|home| turn(home, false)));
    }
    turns.extend(due.iter().map(|home| turn(*home, true)));
    Ok(turns)
}

async fn send(env: &Bindings, turns: &[Turn]) -> Result<()> {
    let texts = turns.iter().map(|turn| turn.to_text());
    send_messages(env, HOMES_QUEUE, texts)
        .await
        .map_err(|failure| Error::unavailable(1, failure.0))
}

/// Serves the homes in their turns: copies first, for what is not copied can be lost.
async fn take(
    homes: &Homes<'_>,
    copies: Option<Copies<'_>>,
    vault: &Vault,
    settings: &Settings,
    turns: &[Turn],
) {
    let now = now_ms();
    let mut due = Vec::new();
    // Where the directory does not answer, a home is known by its number alone.
    let known = match homes.are_many() {
        true => homes.known().await.unwrap_or_default(),
        false => Vec::new(),
    };
    for turn in turns.iter().filter(|turn| !turn.is_stale(now)) {
        let identity = known.iter().find(|(home, _)| *home == turn.home);
        let identity = identity.map(|(_, identity)| identity.as_str());
        let db = match homes.identified(turn.home, identity).await {
            Ok(db) => db,
            Err(error) => {
                log::step("homes", Err(error));
                continue;
            }
        };
        let copy = copies.map(|copies| copies.of_home(db.home()));
        // What waits is copied; where there is no second copy, none is noted any more.
        log::step("copy", copy::run_or_stop(&db, copy.as_ref()).await);
        if turn.is_due {
            due.push((db, copy));
        }
    }
    for (served, (db, copy)) in due.iter().enumerate() {
        let budget = Budget::INVOCATION.part(db, (due.len() - served) as u64);
        serve(db, homes, copy.as_ref(), vault, settings, budget).await;
        if homes.are_many() {
            log::step("homes", homes.tend(db).await);
        }
    }
}

/// Serves one database, whose copy is up to date. A step that fails is logged, and does not keep the others from running.
async fn serve(
    db: &Database,
    homes: &Homes<'_>,
    copy: Option<&Target>,
    vault: &Vault,
    settings: &Settings,
    budget: Budget,
) {
    let first = homes.first();
    let days = settings.history_retention_days;
    let part = budget.part(db, 3);
    let rewrapped = rewrap(db, first, vault, REWRAP_PER_RUN, part, Actor::System).await;
    log::step("rewrap", rewrapped.map(drop));
    let part = budget.part(db, 2);
    log::step("scrub", scrub::scrub(db, copy, vault, days, part).await);
    log::step("purge", purge(db, settings, budget.part(db, 2)).await);
    log::step("purge users", purge_users(db, homes, budget).await);
    log::step("canary", ensure_canary(db, first, vault).await);
    log::step(
        "portal pairs",
        pairs::look(db, vault, settings, budget).await,
    );
    if let Some(target) = copy {
        log::step("sweep the copy", sweep::sweep(db, target, budget).await);
    }
    let bytes = db.bytes();
    if bytes > NEARLY_FULL_BYTES {
        log::event(
            Level::Error,
            "the database is nearly full",
            &[
                ("bytes", Field::Number(bytes)),
                ("binding", Field::Text(&db.which().binding())),
            ],
        );
    }
    // Last, so that what the others logged is counted with it.
    log::step("metrics", metrics::count(db).await);
}

/// Keeps a canary for each key, once: also for those that seal nothing yet, so that a new key's bytes are known before it seals. Of many
/// databases the `first` learns them, and the others learn from it: so none takes bytes for right that another one refuses. An
/// error: the bytes behind the sealing key's id are not those of the canary that is kept.
pub async fn ensure_canary(db: &Database, first: &Database, vault: &Vault) -> Result<()> {
    let is_first = db.home() == first.home();
    if !has_canaries(db, vault, is_first).await? {
        has_canaries(first, vault, true).await?;
        canaries::copy(first, db).await?;
    }
    Ok(())
}

/// Whether each key has its canary, or another one; one that `learns` keeps what it lacks.
async fn has_canaries(db: &Database, vault: &Vault, learns: bool) -> Result<bool> {
    let canaries = health::read(db).await?.canaries;
    let wrong = wrong_keys(db, vault, &canaries).await?;
    let mut has_all = true;
    for key_id in vault.key_ids() {
        // Its canary would make the right key the wrong one.
        if wrong.iter().any(|wrong| wrong == key_id) {
            if key_id == vault.current_key_id() {
                return Err(wrong_key());
            }
        } else if !canaries
            .iter()
            .any(|canary| canary.key_id == key_id && canary.has_check)
        {
            has_all &= learns;
            if learns && let Some(canary) = vault.canary_of(key_id).await? {
                canaries::keep_canary(db, key_id, &canary).await?;
            }
        }
    }
    Ok(has_all)
}

/// Whether the key of a canary is still the one that sealed it.
pub async fn opens(vault: &Vault, canary: &Canary) -> bool {
    vault
        .try_open(
            canary_place(&canary.key_id),
            &canary.key_id,
            &canary.envelope,
        )
        .await
        .is_some_and(|text| text == CANARY)
}

/// The configured keys with other bytes than those that sealed this database's shares: they do not open their canary; or, where
/// there is none yet, none of the first shares under their id.
pub async fn wrong_keys(db: &Database, vault: &Vault, canaries: &[Canary]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for key_id in vault.key_ids() {
        let canary = canaries.iter().find(|canary| canary.key_id == key_id);
        let fits = match canary {
            Some(canary) => opens(vault, canary).await,
            None => opens_shares(db, vault, key_id).await?,
        };
        if !fits {
            wrong.push(key_id.to_owned());
        }
    }
    Ok(wrong)
}

/// Whether the key opens one of the first shares that are sealed under its id; also if there are none.
async fn opens_shares(db: &Database, vault: &Vault, key_id: &str) -> Result<bool> {
    const TRIED: u64 = 3;
    for table in store::TABLES {
        let rows = store::page_under_key(db, table, key_id, 0, TRIED).await?;
        for row in &rows {
            if vault.opens(row.place(), key_id, &row.envelope).await {
                return Ok(true);
            }
        }
        if !rows.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Carries out the purges whose time has come, the oldest first. One that fails keeps none behind it waiting. The directory forgets the ids,
/// too.
async fn purge_users(db: &Database, homes: &Homes<'_>, budget: Budget) -> Result<()> {
    let mut result = Ok(());
    for due in purges::due(db, PURGES_PER_RUN).await? {
        if budget.is_spent(db) {
            break;
        }
        let trail = background_trail()?;
        let carried_out = purges::carry_out(db, &trail, &due).await;
        if carried_out.is_err() {
            result = carried_out;
            continue;
        }
        log::event(
            Level::Info,
            "a user was purged, as an operator had asked",
            &[("userId", Field::Text(&due.user_id))],
        );
        if let (Ok(user), Ok(client)) = (UserId::parse(due.user_id), ClientId::parse(due.client_id))
        {
            let keys = keys_of(&user, &client, None);
            let let_go = homes.let_go(&keys, &trail).await;
            result = result.and(let_go);
        }
    }
    result
}

/// The trail of work that no request asked for.
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

async fn purge(db: &Database, settings: &Settings, budget: Budget) -> Result<()> {
    // A day at least: by its event a batch that is sent again is known to have been carried out.
    let days = u64::from(settings.audit_retention_days.max(1));
    let before = now_ms().saturating_sub(days * MS_PER_DAY);
    for _ in 0..AUDIT_PAGES_PER_RUN {
        if budget.is_spent(db)
            || u64::from(store::purge_audit(db, before, AUDIT_PER_PAGE).await?) < AUDIT_PER_PAGE
        {
            break;
        }
    }
    store::purge_deleted_users(db, settings.history_retention_days).await
}
