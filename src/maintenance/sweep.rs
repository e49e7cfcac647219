//! Deleting objects of the copy that are needed no longer, as far as a bucket lock lets it.
//!
//! The rule: **an object is deleted only if it is older than Time Travel reaches, and what the user's objects of that age make of the user is the
//! same without it.** A user is what its objects make one after the other, so whatever comes behind them makes the same too: a rebuild is the same
//! with and without the object, now and after Time Travel. One object is deleted at a time, and the next is judged by what is then there, so it does
//! not matter where a run ends. As a second look, the database must not hold its version, unless a newer object has that.
//!
//! An erased person's objects go at once, whatever their age: the entry of the erasure makes nothing of them.

use super::Budget;
use super::copy::MAX_LAG_SECONDS;
use super::head::read_head;
use super::objects::{NAMES_PER_LIST, OBJECTS_PER_READ, names, same_user, told};
use super::target::Target;
use crate::domain::beginning::Beginning;
use crate::domain::head::Head;
use crate::domain::journal::{Entry, Name, What, prefix_of_home};
use crate::error::{Error, Result};
use crate::log::{self, Field, Level};
use crate::platform::bucket::Listed;
use crate::platform::{format_date, now_ms};
use crate::store::Database;
use crate::store::changes::{self, Copying, Meta};

/// Time Travel reaches back so far (<https://developers.cloudflare.com/d1/reference/time-travel/>), and a lock of the same length keeps all that is younger.
const KEPT_MS: u64 = 30 * 86_400_000;
const PAGES_PER_RUN: usize = 5;
/// Objects that a run reads, and tries to delete, at most.
const READS_PER_RUN: usize = 2_000;
const DELETIONS_PER_RUN: usize = 500;
/// Of a user so many of the oldest objects are judged at once, each by what all the others make.
const JUDGED_PER_USER: usize = 1_000;

/// What a run may still do.
struct Left {
    reads: usize,
    deletions: usize,
}

/// Goes on through the names of the copy, and deletes what is needed no longer.
///
/// Nothing is deleted while the copy is behind, or its head is missing: then entries may still come in among those that are there.
pub async fn sweep(db: &Database, target: &Target, budget: Budget) -> Result<()> {
    let copying = changes::read(db).await?;
    // Two who delete by what each of them has seen could together delete too much.
    if copying.lag_seconds > MAX_LAG_SECONDS || !changes::begin_sweep(db).await? {
        return Ok(());
    }
    let swept = sweep_alone(db, target, budget, &copying).await;
    changes::end_sweep(db).await?;
    swept
}

async fn sweep_alone(
    db: &Database,
    target: &Target,
    budget: Budget,
    copying: &Copying,
) -> Result<()> {
    let Some(head) = read_head(target).await? else {
        return Ok(());
    };
    let prefix = prefix_of_home(target.home);
    let before = format_date(now_ms().saturating_sub(KEPT_MS));
    let begun = copying.swept.clone().unwrap_or_default();
    let mut cursor = begun.clone();
    let mut left = Left {
        reads: READS_PER_RUN,
        deletions: DELETIONS_PER_RUN,
    };
    let mut failed = Ok(());
    for _ in 0..PAGES_PER_RUN {
        let page = names(target, &prefix, &cursor).await?;
        let mut is_whole = true;
        for user in page.listed.chunk_by(|one, next| same_user(one, Some(next))) {
            if left.reads == 0 || left.deletions == 0 || budget.is_spent(db) {
                is_whole = false;
                break;
            }
            failed = tidy(db, target, &head, user, &before, &mut left).await;
            if let Some(last) = user.last() {
                cursor.clone_from(&last.name);
            }
            // The next run goes on behind a user whose objects cannot be read, or none behind would ever have its turn.
            if failed.is_err() {
                is_whole = false;
                break;
            }
        }
        if is_whole {
            cursor = page.cursor.unwrap_or_default();
        }
        if cursor.is_empty() || !is_whole {
            break;
        }
    }
    if cursor != begun {
        changes::tell(db, &[(Meta::Swept, &cursor)]).await?;
    }
    failed
}

/// Deletes what is needed no longer of a user whose objects these are, in their order.
async fn tidy(
    db: &Database,
    target: &Target,
    head: &Head,
    listed: &[Listed],
    before: &str,
    left: &mut Left,
) -> Result<()> {
    let what = |listed: &Listed| Name::parse(&listed.name).map(|name| name.what);
    let is_old = |listed: &&Listed| !listed.at.is_empty() && listed.at.as_str() < before;
    let old = listed.iter().take_while(is_old).count();
    let erased = listed
        .iter()
        .rposition(|listed| what(listed) == Some(What::Purged))
        .unwrap_or_default();
    if let Err(error) = erase_all(target, listed.get(..=erased).unwrap_or_default()).await {
        log_kept(error);
    }
    let counts =
        |listed: &Listed| Name::parse(&listed.name).is_some_and(|name| head.counts(name.place));
    let uncounted = listed
        .iter()
        .take(old)
        .take_while(|one| !counts(one))
        .count();
    let (uncounted, listed) = listed.split_at_checked(uncounted).unwrap_or_default();
    for chunk in uncounted.chunks(NAMES_PER_LIST as usize) {
        let names: Vec<&str> = chunk.iter().map(|listed| listed.name.as_str()).collect();
        left.deletions = left.deletions.saturating_sub(names.len());
        if let Err(error) = target.bucket.delete(&names).await {
            log_kept(error.into());
        }
    }
    let beginning = listed
        .get(..(old - uncounted.len()).min(JUDGED_PER_USER))
        .unwrap_or_default();
    if may_hold_needless(beginning) {
        judge(db, target, head, beginning, left).await?;
    }
    Ok(())
}

/// Whether anything was taken away or replaced, by the names and versions alone: of most users nothing has to be read.
fn may_hold_needless(listed: &[Listed]) -> bool {
    let mut users = 0;
    for (at, one) in listed.iter().enumerate() {
        match Name::parse(&one.name).map(|name| name.what) {
            Some(What::Share | What::Version) => {
                let mut before = listed.iter().take(at);
                if before.any(|other| other.version == one.version) {
                    return true;
                }
            }
            Some(What::User) => users += 1,
            Some(What::Purged) => {}
            _ => return true,
        }
    }
    users > 1
}

/// Deletes, one by one, what the others make the same without. Ends at the first that a lock keeps: the next ones are younger.
async fn judge(
    db: &Database,
    target: &Target,
    head: &Head,
    listed: &[Listed],
    left: &mut Left,
) -> Result<()> {
    left.reads = left.reads.saturating_sub(listed.len());
    let (user_id, entries) = read(target, listed, Some(head)).await?;
    let Some(entries) = entries.into_iter().collect() else {
        return Ok(()); // What they make is not known: `npm run copy -- verify` names what is damaged.
    };
    let mut held = None;
    let mut beginning = Beginning::new(entries);
    for (at, listed) in listed.iter().enumerate() {
        if !beginning.is_needless(at) {
            continue;
        }
        if !beginning.has_newer(at) {
            if held.is_none() {
                held = Some(changes::held(db, &user_id).await?);
            }
            let id = beginning.get(at).map(|entry| entry.id.as_str());
            if held.iter().flatten().any(|held| Some(held.as_str()) == id) {
                continue;
            }
        }
        if left.deletions == 0 {
            break;
        }
        left.deletions -= 1;
        if let Err(failure) = target.bucket.delete(&[&listed.name]).await {
            log_kept(failure.into());
            break;
        }
        beginning.take_out(at);
    }
    Ok(())
}

/// The user's id, and what its objects tell, each with whether the database has lost it. None: it is not what it should be.
async fn read(
    target: &Target,
    listed: &[Listed],
    head: Option<&Head>,
) -> Result<(String, Vec<Option<(Entry, bool)>>)> {
    let mut user_id = String::new();
    let mut entries = Vec::with_capacity(listed.len());
    for chunk in listed.chunks(OBJECTS_PER_READ) {
        let names: Vec<&str> = chunk.iter().map(|listed| listed.name.as_str()).collect();
        let objects = target.bucket.get_all(&names).await?;
        for (name, object) in names.into_iter().zip(objects) {
            let is_lost = Name::parse(name)
                .zip(head)
                .is_some_and(|(name, head)| head.is_lost(name.place));
            entries.push(told(name, target.home, &object).map(|(entry, of)| {
                user_id = of;
                (entry, is_lost)
            }));
        }
    }
    Ok((user_id, entries))
}

/// Deletes the objects before each of these, which tell of an erasure. What cannot be deleted now, because of a lock or because the user has
/// objects of another client too, [`sweep`] deletes later, after 30 days at most: in a rebuild it brings nobody back.
pub async fn erase(target: &Target, purged: &[String]) {
    for name in purged {
        if let Err(error) = erase_before(target, name).await {
            log_kept(error);
        }
    }
}

fn log_kept(error: Error) {
    log::event(
        Level::Info,
        "objects of the copy are kept for now",
        &[("cause", Field::Text(error.why()))],
    );
}

async fn erase_before(target: &Target, purged: &str) -> Result<()> {
    if let Some(name) = Name::parse(purged) {
        let listed = names(target, name.user, "").await?.listed;
        let at = listed.iter().position(|listed| listed.name == purged);
        let until = listed.get(..=at.unwrap_or_default()).unwrap_or_default();
        erase_all(target, until).await?;
    }
    Ok(())
}

/// Deletes all of these objects but the last, which tells of the erasure. Nothing, if some are not of the client that it erases: they may be
/// somebody else's, who has the user id now.
async fn erase_all(target: &Target, listed: &[Listed]) -> Result<()> {
    let Some((_, before)) = listed.split_last().filter(|(_, before)| !before.is_empty()) else {
        return Ok(());
    };
    let (_, entries) = read(target, listed, None).await?;
    let Some(Some((erased, _))) = entries.last() else {
        return Ok(());
    };
    let is_others = |(entry, _): &(Entry, bool)| {
        !entry.client_id.is_empty() && entry.client_id != erased.client_id
    };
    if entries.iter().flatten().any(is_others) {
        return Ok(());
    }
    for chunk in before.chunks(NAMES_PER_LIST as usize) {
        let names: Vec<&str> = chunk.iter().map(|listed| listed.name.as_str()).collect();
        target.bucket.delete(&names).await?;
    }
    Ok(())
}
