//! The second copy, in the background: what the notes tell becomes objects. `crate::copy` does the same for a request's own notes.

use super::sweep;
use crate::domain::journal::{Head, Place, Standing, name_of_head};
use crate::domain::json::{self, Object, Writer};
use crate::error::{Error, Result};
use crate::log::{self, Field, Level};
use crate::platform::bucket::{Bucket, Put};
use crate::platform::{format_date, now_ms};
use crate::store::Database;
use crate::store::changes::{self, BEGUN, Copying, DONE, Meta, Note, Noted};

/// A run makes so many objects at most: a Worker may make 10,000 calls (<https://developers.cloudflare.com/workers/platform/limits/>).
const NOTES_PER_RUN: usize = 4_000;
/// Rows that were there before copying began get their notes in pages, as long as fewer notes than this wait.
const MAX_WAITING: u64 = 2_000;
/// A copy that is so many seconds behind is an error in the log.
pub const MAX_LAG_SECONDS: u64 = 300;

/// The place of a head that is not there.
const NOWHERE: Place = Place { epoch: 0, seq: 0 };

/// The copy of one home.
#[derive(Clone)]
pub struct Target {
    pub bucket: Bucket,
    /// The number of the home; 0 where there is one database.
    pub home: u32,
}

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

/// Settles in which epoch the database numbers, before its first object is made, or before it is merged with its copy. The head of the copy.
pub async fn settle(db: &Database, target: &Target) -> Result<Head> {
    let (kept, copying) = look(db, target).await?;
    let kept = settle_epoch(db, target, kept, &copying).await?;
    Ok(kept.head)
}

/// The head as the bucket has it, or why it cannot be read, and what the database knows. The head first: it never tells more than the database knew
/// then. Read behind the database, it may have been raised by another run meanwhile, and the database would seem to have gone back in time.
async fn look(db: &Database, target: &Target) -> Result<(Result<Option<Kept>>, Copying)> {
    let kept = Kept::read(target).await;
    let copying = changes::begun(db, &changes::new_identity()?).await?;
    Ok((kept, copying))
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
        let Some(row) = page.last() else {
            break backfilled == DONE;
        };
        if made >= NOTES_PER_RUN {
            break false;
        }
        let number = changes::place(&row);
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
        let (at, head) = (format_date(now_ms()), head_text(&kept.head));
        changes::tell(db, &[(Meta::CopiedAt, &at), (Meta::Head, &head)]).await?;
    }
    Ok(drained)
}

/// Makes the objects, and takes away the notes of those that are there, unless the database is older than the head. Whether a name was taken by
/// something else.
async fn put(db: &Database, target: &Target, noted: &Noted, head: Place) -> Result<bool> {
    let (mut gone, is_taken) = make(target, noted).await?;
    if is_taken {
        gone.clear(); // They are made again, in the next epoch.
    }
    changes::copied(db, &gone, head).await?;
    sweep::erase(target, &noted.purged).await;
    Ok(is_taken)
}

/// Makes the objects: the notes of those that are there, and whether a name was taken by something else.
async fn make(target: &Target, noted: &Noted) -> Result<(Vec<Note>, bool)> {
    let mut gone = noted.without.clone();
    let mut is_taken = false;
    if !noted.puts.is_empty() {
        let puts = target.bucket.put_new(&noted.puts).finish().await?;
        for (note, put) in noted.notes.iter().zip(puts) {
            match put {
                Put::There => gone.push(note.clone()),
                Put::Taken => is_taken = true,
            }
        }
    }
    Ok((gone, is_taken))
}

/// The error where another run goes on with the copy.
fn faster() -> Error {
    Error::unavailable(30, "R2: another run has just written the head of the copy")
}

/// The head of the copy that this database goes on with. Of another database, or one that went back in time, it is of a new epoch.
async fn settle_epoch(
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
                last.seq = changes::last_before(db, &kept.head.at).await?;
                // A run that was broken off may have ended the epoch before: it knew an older head.
                let ended = kept.head.ends.iter().find(|end| end.epoch == noted.epoch);
                last.seq = ended.map_or(last.seq, |end| end.seq.min(last.seq));
                // Of what waited when it was as old as now: in the next epoch its entries would come behind later ones.
                put_waiting(db, target, last).await?;
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
    let Some(told) = copying.head.as_deref().and_then(parse_head) else {
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
    let head = head_text(&kept.head);
    changes::tell(db, &[(Meta::Backfilled, ""), (Meta::Head, &head)]).await?;
    Ok(kept)
}

/// The head of a bucket that has none. It is written before the database is told any number: one that was told a number had another bucket, or
/// this one has lost its head. Then everything is copied anew, in the next epoch.
async fn begin_copy(db: &Database, target: &Target, copying: &Copying) -> Result<Kept> {
    let epoch = copying.epoch.max(1);
    let before = copying.head.as_deref().and_then(parse_head);
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
/// the epoch: theirs would be objects of the next one.
async fn put_waiting(db: &Database, target: &Target, last: Place) -> Result<()> {
    let mut after = 0;
    while after < last.seq {
        let page = changes::page(db, after).await?;
        let Some(row) = page.last() else {
            return Ok(());
        };
        let place = changes::place(&row);
        if place.epoch != last.epoch {
            return Err(faster());
        }
        after = place.seq;
        let (mut gone, _) = make(target, &Noted::read(target.home, &page)).await?;
        // The objects of those behind are made once more.
        gone.retain(|note| note.place.seq <= last.seq);
        changes::copied(db, &gone, NOWHERE).await?;
    }
    Ok(())
}

/// The copy first: were the database told first and no more, the epoch before would have no end.
async fn begin_epoch(
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
    let text = head_text(&next.head);
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

/// The head of a home's copy, if it has one.
pub async fn read_head(target: &Target) -> Result<Option<Head>> {
    let kept = Kept::read(target).await?;
    Ok(kept.map(|kept| kept.head))
}

/// The head as the bucket has it, if it has one. Of two runs at once only the first one replaces what both have read.
struct Kept {
    head: Head,
    /// Empty: there is none yet.
    etag: String,
    /// The bucket lacks something: everything is copied anew.
    is_anew: bool,
}

impl Kept {
    async fn read(target: &Target) -> Result<Option<Self>> {
        let name = name_of_head(target.home);
        let Some((text, etag)) = target.bucket.get(&name).await? else {
            return Ok(None);
        };
        match parse_head(&text) {
            Some(head) => Ok(Some(Self {
                head,
                etag,
                is_anew: false,
            })),
            None => Err(Error::conflict(format!(
                "The object {name} of the copy is damaged. Delete it: then the schedule copies everything anew, and a rebuild goes without it."
            ))
            .caused_by(format!("the object {name} of the copy is damaged: delete it"))),
        }
    }

    /// Raises it to the last number of all, before objects are made: so the head knows of each object of a run, even if the database goes back
    /// meanwhile. The database is told first: else one that is only told late would seem to have gone back.
    async fn claim(&mut self, db: &Database, target: &Target) -> Result<()> {
        if self.etag.is_empty() {
            self.write_alone(target).await?;
        }
        while let Some((told, at)) = changes::claim(db).await?
            && told > self.head.place.seq
        {
            let epoch = self.head.place.epoch;
            self.head.place.seq = told;
            self.head.at = at;
            if self.write(target).await? {
                break;
            }
            // Another run was faster. What it wrote counts, unless it has begun the next epoch.
            let kept = Self::read(target).await?;
            *self = kept
                .filter(|kept| kept.head.place.epoch == epoch)
                .ok_or_else(faster)?;
        }
        Ok(())
    }

    /// As [`Self::write`], and an error if another run was faster.
    async fn write_alone(&mut self, target: &Target) -> Result<()> {
        if self.write(target).await? {
            return Ok(());
        }
        Err(faster())
    }

    /// Puts it in the place of the one that was read. Whether it is there: another run may have been faster.
    async fn write(&mut self, target: &Target) -> Result<bool> {
        let name = name_of_head(target.home);
        let text = head_text(&self.head);
        let put = target.bucket.replace(&name, &text, &self.etag);
        let etag = put.await?;
        let is_there = etag.is_some();
        self.etag = etag.unwrap_or_default();
        Ok(is_there)
    }
}

fn head_text(head: &Head) -> String {
    let ends = head.ends.iter().map(|end| {
        Writer::default()
            .number("epoch", end.epoch)
            .number("seq", end.seq)
            .end()
    });
    Writer::default()
        .number("epoch", head.place.epoch)
        .number("seq", head.place.seq)
        .text("at", &head.at)
        .text("identity", &head.identity)
        .number("first", head.first)
        .number("from", head.from)
        .number("whole", head.whole)
        .raw("ends", &json::array(ends))
        .end()
}

fn parse_head(text: &str) -> Option<Head> {
    let place = |object: &Object| {
        Some(Place {
            epoch: object.get("epoch")?.parse().ok()?,
            seq: object.get("seq")?.parse().ok()?,
        })
    };
    let object = Object::parse(text, 16)?;
    let told = |name, before| match object.get(name) {
        Some(number) => number.parse().ok(),
        None => Some(before),
    };
    Some(Head {
        place: place(&object)?,
        at: json::text(object.get("at")?)?,
        identity: json::text(object.get("identity")?)?,
        // Heads from before these were told.
        first: told("first", 1)?,
        from: told("from", 0)?,
        whole: told("whole", 0)?,
        ends: json::elements(object.get("ends")?)?
            .into_iter()
            .map(|end| place(&Object::parse(end, 4)?))
            .collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let at = |epoch, seq| Place { epoch, seq };
        let text = r#"{"epoch":3,"seq":40,"at":"2026","identity":"one","first":2,"from":1,"whole":2,"ends":[{"epoch":1,"seq":7},{"epoch":2,"seq":9}]}"#;
        assert_eq!(
            parse_head(text),
            Some(Head {
                place: at(3, 40),
                at: "2026".to_owned(),
                identity: "one".to_owned(),
                first: 2,
                from: 1,
                whole: 2,
                ends: vec![at(1, 7), at(2, 9)],
            })
        );
        let old = text.replace(r#""first":2,"from":1,"whole":2,"#, "");
        let old = parse_head(&old).unwrap();
        assert_eq!((old.first, old.from, old.whole), (1, 0, 0));
        assert_eq!(parse_head("{}"), None);
        assert_eq!(parse_head("damaged"), None);
    }
}
