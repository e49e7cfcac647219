//! In which epoch a database numbers what goes into its copy: whether it is the one that the bucket's head tells of, and as far.

use super::head::{Kept, faster, read_head};
use super::target::Target;
use crate::domain::head::{Head, Place, Standing};
use crate::error::Result;
use crate::log::{self, Field, Level};
use crate::store::Database;
use crate::store::changes::{self, BEGUN, Copying, DONE, Meta, Noted};

/// Settles in which epoch the database numbers, before its first object is made, or before it is merged with its copy. The head of the copy.
pub async fn settle(db: &Database, target: &Target) -> Result<Head> {
    let (kept, copying) = look(db, target).await?;
    let kept = settle_epoch(db, target, kept, &copying).await?;
    Ok(kept.head)
}

/// The head as the bucket has it, or why it cannot be read, and what the database knows. The head first: it never tells more than the database knew
/// then. Read behind the database, it may have been raised by another run meanwhile, and the database would seem to have gone back in time.
pub async fn look(db: &Database, target: &Target) -> Result<(Result<Option<Kept>>, Copying)> {
    let kept = Kept::read(target).await;
    let copying = changes::begun(db, &changes::new_identity()?).await?;
    Ok((kept, copying))
}

/// The head of the copy that this database goes on with. Of another database, or one that went back in time, it is of a new epoch.
pub async fn settle_epoch(
    db: &Database,
    target: &Target,
    kept: Result<Option<Kept>>,
    copying: &Copying,
) -> Result<Kept> {
    let noted = Place {
        epoch: copying.epoch,
        seq: copying.told,
    };
    let Some(mut kept) = kept? else {
        return begin_copy(db, target, copying).await;
    };
    match kept.head.standing(&copying.identity, noted) {
        Standing::GoesOn if lacks_changes(target, &kept.head, copying).await? => {
            fill_anew(db, target, kept, copying).await
        }
        Standing::GoesOn => {
            let begun = Place {
                epoch: copying.epoch,
                seq: 0,
            };
            kept.head.place = kept.head.place.max(begun);
            Ok(kept)
        }
        standing => {
            let mut last = Place {
                seq: copying.seq,
                ..noted
            };
            if standing == Standing::WentBack {
                // What was noted since the head was written belongs to the next epoch: its numbers are also those of the past that is lost.
                let ended = kept.head.ends.iter().find(|end| end.epoch == noted.epoch);
                let ended = ended.map_or(copying.seq, |end| end.seq);
                last.seq = changes::last_of_epoch(db, &kept.head.at, ended).await?;
                // How its earlier epochs ended the database knows better than a head that may be of a past that is lost.
                let told = copying.head.as_deref().and_then(Head::parse);
                if let Some(told) = told.filter(|told| told.place.epoch == noted.epoch) {
                    kept.head.ends = told.ends;
                }
                // Of what waited when it was as old as now: in the next epoch its entries would come behind later ones. What is there of it
                // may be of the lost past, so the next epoch has each share as it is now.
                changes::note_again(db, last.seq).await?;
                put_waiting(db, target, noted, last).await?;
                // The bucket never had what the database has told to another one by that time.
                if noted.epoch < kept.head.from {
                    changes::tell(db, &[(Meta::Backfilled, "")]).await?;
                    kept.is_anew = true;
                }
            }
            begin_epoch(db, target, &kept, copying, last, standing).await
        }
    }
}

/// Whether the bucket lacks changes: none was noted for a time, for no bucket was bound; or another one was, and this one's head is from before.
async fn lacks_changes(target: &Target, head: &Head, copying: &Copying) -> Result<bool> {
    if copying.is_begun() {
        return Ok(true);
    }
    let Some(told) = copying.head.as_deref().and_then(Head::parse) else {
        return Ok(false);
    };
    if head.place >= told.place {
        return Ok(false);
    }
    // Read once more: another run may have raised it, and told the database, after it was read.
    let head = read_head(target).await?;
    Ok(head.is_none_or(|head| head.place < told.place))
}

/// The bucket gets everything anew, in the next epoch. What it had before counts until everything is there: it may hold what was removed or
/// erased meanwhile, but it is all that there is.
///
/// The database before the head: one that does not know the head's epoch would seem to have gone back in time. A run that breaks off leaves
/// the word that the bucket is to be filled.
async fn fill_anew(
    db: &Database,
    target: &Target,
    mut kept: Kept,
    copying: &Copying,
) -> Result<Kept> {
    let epoch = kept.head.place.epoch.max(copying.epoch) + 1;
    // Whoever binds another bucket on purpose says that nothing is copied.
    let is_surprise = copying.backfilled.as_deref() == Some(DONE);
    log::event(
        if is_surprise {
            Level::Error
        } else {
            Level::Info
        },
        "the copy's bucket is another one: everything is copied anew",
        &[
            ("home", Field::Number(target.home.into())),
            ("epoch", Field::Number(epoch)),
        ],
    );
    let told = epoch.to_string();
    let lines = [(Meta::Epoch, told.as_str()), (Meta::Backfilled, BEGUN)];
    changes::tell(db, &lines).await?;
    kept.head.place = Place {
        epoch,
        seq: copying.told,
    };
    kept.head.at.clone_from(&copying.now);
    kept.head.from = epoch;
    kept.is_anew = true;
    kept.write_alone(target).await?;
    let head = kept.head.to_json();
    changes::tell(db, &[(Meta::Backfilled, ""), (Meta::Head, &head)]).await?;
    Ok(kept)
}

/// The head of a bucket that has none. It is written before the database is told any number: one that was told a number had another bucket, or
/// this one has lost its head. Then everything is copied anew, in the next epoch.
async fn begin_copy(db: &Database, target: &Target, copying: &Copying) -> Result<Kept> {
    let epoch = copying.epoch.max(1);
    let before = copying.head.as_deref().and_then(Head::parse);
    let kept = Kept {
        head: Head {
            place: Place {
                epoch,
                seq: copying.told,
            },
            at: copying.now.clone(),
            identity: copying.identity.clone(),
            first: before.as_ref().map_or(epoch, |head| head.first),
            from: before.as_ref().map_or(0, |head| head.from),
            whole: before.as_ref().map_or(0, |head| head.whole),
            ends: before.map(|head| head.ends).unwrap_or_default(),
        },
        etag: String::new(),
        is_anew: false,
    };
    if copying.told > 0 {
        if Kept::read(target).await?.is_some() {
            return Err(faster()); // It has just written the first one.
        }
        return fill_anew(db, target, kept, copying).await;
    }
    if copying.epoch < epoch || copying.is_begun() {
        let told = epoch.to_string();
        tell_begun(db, copying, vec![(Meta::Epoch, &told)]).await?;
    }
    Ok(kept)
}

/// As [`changes::tell`], and what has begun goes on from then.
async fn tell_begun(db: &Database, copying: &Copying, mut lines: Vec<(Meta, &str)>) -> Result<()> {
    lines.extend(copying.is_begun().then_some((Meta::Backfilled, "")));
    changes::tell(db, &lines).await
}

/// Makes the objects of all notes up to the last one of an epoch that wait, but of those whose names are taken. An error if another run has ended
/// the epoch: theirs would be objects of the next one. `noted`: as far as the database was told, for it is older than the head.
async fn put_waiting(db: &Database, target: &Target, noted: Place, last: Place) -> Result<()> {
    let mut after = 0;
    while after < last.seq {
        let page = changes::page(db, after).await?;
        let Some(place) = page.last() else {
            return Ok(());
        };
        if place.epoch != last.epoch {
            return Err(faster());
        }
        after = place.seq;
        let (mut gone, _) = target.make(&Noted::read(target.home, &page)).await?;
        // The objects of those behind are made once more.
        gone.retain(|note| note.place.seq <= last.seq);
        changes::copied(db, &gone, noted).await?;
    }
    Ok(())
}

/// The copy first: were the database told first and no more, the epoch before would have no end.
pub async fn begin_epoch(
    db: &Database,
    target: &Target,
    kept: &Kept,
    copying: &Copying,
    last: Place,
    standing: Standing,
) -> Result<Kept> {
    let mut next = Kept {
        head: kept.head.next_epoch(&copying.identity, last, &copying.now),
        etag: kept.etag.clone(),
        is_anew: kept.is_anew,
    };
    next.write_alone(target).await?;
    let text = next.head.to_json();
    let place = next.head.place;
    let is_expected = standing == Standing::Another && copying.epoch == place.epoch;
    let [epoch, told] = [place.epoch, place.seq].map(|number| number.to_string());
    let lines = vec![
        (Meta::Epoch, epoch.as_str()),
        (Meta::Told, &told),
        (Meta::Head, &text),
    ];
    tell_begun(db, copying, lines).await?;
    let (level, message) = match standing {
        // A rebuild has told it.
        Standing::Another if is_expected => {
            (Level::Info, "a rebuilt database goes on with the copy")
        }
        Standing::Another => (
            Level::Error,
            "another database is in the place of the one that was copied",
        ),
        _ => (Level::Error, "the database went back in time"),
    };
    log::event(
        level,
        message,
        &[
            ("home", Field::Number(target.home.into())),
            ("epoch", Field::Number(place.epoch)),
        ],
    );
    Ok(next)
}
