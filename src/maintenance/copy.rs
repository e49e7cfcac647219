//! The second copy, in the background: what the notes tell becomes objects. `crate::copy` does the same for a request's own notes.

use super::epochs::{begin_epoch, look, settle_epoch};
use super::head::Kept;
use super::sweep;
use super::target::Target;
use crate::domain::head::{Place, Standing};
use crate::error::Result;
use crate::log::{self, Field, Level};
use crate::platform::{format_date, now_ms};
use crate::store::Database;
use crate::store::changes::{self, Copying, DONE, Meta, Noted};

/// A run makes so many objects at most: a Worker may make 10,000 calls (<https://developers.cloudflare.com/workers/platform/limits/>).
const NOTES_PER_RUN: usize = 4_000;
/// Rows that were there before copying began get their notes in pages, as long as fewer notes than this wait.
const MAX_WAITING: u64 = 2_000;
/// A copy that is so many seconds behind is an error in the log.
pub const MAX_LAG_SECONDS: u64 = 300;

/// One run: makes objects of the notes that wait, and looks whether the database is the one that the copy was made of.
pub async fn run(db: &Database, target: &Target) -> Result<()> {
    let (kept, copying) = look(db, target).await?;
    let result = drain(db, target, kept, &copying).await;
    let is_behind = copying.lag_seconds > MAX_LAG_SECONDS;
    if is_behind && !matches!(result, Ok(true)) {
        log::event(
            Level::Error,
            "the copy is behind",
            &[
                ("home", Field::Number(target.home.into())),
                ("pending", Field::Number(copying.pending)),
                ("lagSeconds", Field::Number(copying.lag_seconds)),
            ],
        );
    }
    result.map(drop)
}

/// [`run`], or the end of copying where no bucket is bound.
pub async fn run_or_stop(db: &Database, target: Option<&Target>) -> Result<()> {
    match target {
        Some(target) => run(db, target).await,
        None => changes::end(db).await,
    }
}

/// Whether no notes are left.
async fn drain(
    db: &Database,
    target: &Target,
    kept: Result<Option<Kept>>,
    copying: &Copying,
) -> Result<bool> {
    let mut kept = settle_epoch(db, target, kept, copying).await?;
    let mut backfilled = copying.backfilled.clone().unwrap_or_default();
    if kept.is_anew {
        backfilled.clear();
    }
    let mut waiting = copying.pending;
    while backfilled != DONE && waiting < MAX_WAITING {
        backfilled = changes::backfill(db, &backfilled).await?;
        waiting += changes::NOTES_PER_PAGE;
    }
    if waiting > 0 || copying.seq > kept.head.place.seq {
        kept.claim(db, target).await?;
    }
    let mut made = 0;
    let mut after = 0;
    let drained = loop {
        let page = changes::page(db, after).await?;
        let Some(number) = page.last() else {
            break backfilled == DONE;
        };
        if made >= NOTES_PER_RUN {
            break false;
        }
        let noted = Noted::read(target.home, &page);
        made += noted.notes.len() + noted.without.len();
        let is_taken = put(db, target, &noted, kept.head.place).await?;
        if is_taken && kept.head.place.epoch == number.epoch {
            // The numbers are also those of a past that it lost, and which objects are of which nobody can tell: requests have made some and taken their
            // notes away. So none counts as lost, and everything is told anew, in the next epoch.
            changes::tell(db, &[(Meta::Backfilled, "")]).await?;
            backfilled.clear();
            let last = kept.head.place;
            kept = begin_epoch(db, target, &kept, copying, last, Standing::WentBack).await?;
            continue;
        }
        after = number.seq;
    };
    if drained && kept.head.whole < kept.head.from {
        kept.head.whole = kept.head.from;
        kept.write_alone(target).await?;
    }
    if made > 0 || copying.seq > copying.told {
        let (at, head) = (format_date(now_ms()), kept.head.to_json());
        changes::tell(db, &[(Meta::CopiedAt, &at), (Meta::Head, &head)]).await?;
    }
    Ok(drained)
}

/// Makes the objects, and takes away the notes of those that are there, unless the database is older than the head. Whether a name was taken by
/// something else.
async fn put(db: &Database, target: &Target, noted: &Noted, head: Place) -> Result<bool> {
    let (mut gone, is_taken) = target.make(noted).await?;
    if is_taken {
        gone.clear(); // They are made again, in the next epoch.
    }
    changes::copied(db, &gone, head).await?;
    sweep::erase(target, &noted.purged).await;
    Ok(is_taken)
}
