//! The second copy, in the background: what the notes tell becomes objects. `crate::copy` does the same for a request's own notes.

use crate::domain::journal::{
    Head, Name, Place, Standing, What, name_of_head, prefix_of_home, prefix_of_user,
};
use crate::domain::json::{self, Object, Writer};
use crate::error::{Error, Result};
use crate::log::{self, Field, Level};
use crate::platform::bucket::{Bucket, Put};
use crate::platform::{format_date, now_ms};
use crate::store::changes::{self, Copying, DONE, Meta, Noted};
use crate::store::maintenance::SealedRow;
use crate::store::{Database, Row};
use crate::vault::Vault;

/// A run makes so many objects at most: a Worker may make 10,000 calls (<https://developers.cloudflare.com/workers/platform/limits/>).
const NOTES_PER_RUN: usize = 4_000;
/// Rows that were there before copying began get their notes in pages, as long as fewer notes than this wait.
const MAX_WAITING: u64 = 2_000;
/// A copy that is so many seconds behind is an error in the log.
pub const MAX_LAG_SECONDS: u64 = 300;

/// The copy of one home.
#[derive(Clone)]
pub struct Target {
    pub bucket: Bucket,
    /// The number of the home; 0 where there is one database.
    pub home: u32,
}

impl Target {
    /// The same bucket, for another home.
    pub fn of_home(&self, home: u32) -> Self {
        Self {
            bucket: self.bucket.clone(),
            home,
        }
    }
}

/// One run: makes objects of the notes that wait, and looks whether the database is the one that the copy was made of.
pub async fn run(db: &Database, target: &Target) -> Result<()> {
    let copying = changes::begun(db, &changes::new_identity()?).await?;
    let result = drain(db, target, &copying).await;
    let is_behind = copying.lag_seconds > MAX_LAG_SECONDS;
    if is_behind && !matches!(result, Ok(Drained::All)) {
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

/// Settles in which epoch the database numbers, before its first object is made.
pub async fn settle(db: &Database, target: &Target) -> Result<()> {
    let copying = changes::begun(db, &changes::new_identity()?).await?;
    settle_epoch(db, target, &copying).await.map(drop)
}

/// [`run`], or the end of copying where no bucket is bound.
pub async fn run_or_stop(db: &Database, target: Option<&Target>) -> Result<()> {
    match target {
        Some(target) => run(db, target).await,
        None => changes::end(db).await,
    }
}

/// Whether notes are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drained {
    All,
    Some,
}

async fn drain(db: &Database, target: &Target, copying: &Copying) -> Result<Drained> {
    let mut head = settle_epoch(db, target, copying).await?;
    let mut backfilled = copying.backfilled.clone().unwrap_or_default();
    let mut waiting = copying.pending;
    while backfilled != DONE && waiting < MAX_WAITING {
        backfilled = changes::backfill(db, &backfilled).await?;
        waiting += changes::NOTES_PER_PAGE;
    }
    let mut made = 0;
    let mut after = 0;
    let mut last = copying.seq;
    let drained = loop {
        let page = changes::page(db, after).await?;
        let Some(row) = page.last() else {
            break if backfilled == DONE {
                Drained::All
            } else {
                Drained::Some
            };
        };
        if made >= NOTES_PER_RUN {
            break Drained::Some;
        }
        let number = row.number("seq");
        let noted = Noted::read(target.home, &page);
        made += noted.seqs.len() + noted.without.len();
        let taken = put(db, target, &noted).await?;
        if taken && head.place.epoch == row.number("epoch") {
            // Its numbers are an earlier database's: the same notes again, in the next epoch.
            head = begin_epoch(db, target, &head, copying, number, Standing::WentBack).await?;
            continue;
        }
        after = number;
        last = last.max(number);
    };
    if last > copying.told {
        // The database first: else one that is only told late would seem to have gone back.
        let at = format_date(now_ms());
        let told = last.to_string();
        changes::tell(db, &[(Meta::Told, &told), (Meta::CopiedAt, &at)]).await?;
        head.place.seq = last;
        write_head(target, &head).await?;
    }
    Ok(drained)
}

/// Makes the objects, and takes away the notes of those that are there. Whether a name was taken by something else.
pub async fn put(db: &Database, target: &Target, noted: &Noted) -> Result<bool> {
    let mut gone = noted.without.clone();
    let mut taken = false;
    if !noted.puts.is_empty() {
        let puts = target
            .bucket
            .put_new(&noted.puts)
            .finish()
            .await
            .map_err(unreachable)?;
        for (seq, put) in noted.seqs.iter().zip(puts) {
            match put {
                Put::There => gone.push(*seq),
                Put::Taken => taken = true,
            }
        }
    }
    changes::copied(db, &gone).await?;
    erase(target, &noted.purged).await;
    Ok(taken)
}

/// Deletes the objects before each of these, which tell of an erasure. What a lock keeps, [`sweep`] deletes later: in a rebuild it brings nobody back.
pub async fn erase(target: &Target, purged: &[String]) {
    for name in purged {
        if let Err(mut error) = erase_before(target, name).await {
            log::event(
                Level::Info,
                "objects of an erased user are kept for now",
                &[(
                    "cause",
                    Field::Text(&error.take_cause().unwrap_or_default()),
                )],
            );
        }
    }
}

async fn erase_before(target: &Target, purged: &str) -> Result<()> {
    let Some(name) = Name::parse(purged) else {
        return Ok(());
    };
    let mut after = String::new();
    loop {
        let (listed, more) = target
            .bucket
            .list(name.user, &after, 1_000)
            .await
            .map_err(unreachable)?;
        let before: Vec<&str> = listed
            .iter()
            .map(|listed| listed.name.as_str())
            .filter(|listed| *listed < purged)
            .collect();
        target.bucket.delete(&before).await.map_err(unreachable)?;
        match listed
            .last()
            .filter(|last| more && last.name.as_str() < purged)
        {
            Some(last) => after.clone_from(&last.name),
            None => return Ok(()),
        }
    }
}

/// Goes on through the names of the copy, and deletes what is left of erased users once no lock keeps it.
pub async fn sweep(db: &Database, target: &Target) -> Result<()> {
    let after = changes::read(db).await?.swept.unwrap_or_default();
    let prefix = prefix_of_home(target.home);
    let (listed, more) = target
        .bucket
        .list(&prefix, &after, 1_000)
        .await
        .map_err(unreachable)?;
    let is_purge = |name: &&str| Name::parse(name).is_some_and(|name| name.what == What::Purged);
    let names = listed.iter().map(|listed| listed.name.as_str());
    let purged: Vec<String> = names.filter(is_purge).map(str::to_owned).collect();
    erase(target, &purged).await;
    let next = listed.last().filter(|_| more).map_or("", |last| &last.name);
    if next == after {
        return Ok(());
    }
    changes::tell(db, &[(Meta::Swept, next)]).await
}

/// What looking up rows of the database in its copy has found.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sampled {
    pub checked: u64,
    pub missing: u64,
    pub unopened: u64,
}

impl Sampled {
    /// As the database notes it: the numbers in their order.
    pub fn of(note: Option<&str>) -> Self {
        let mut numbers = note
            .unwrap_or_default()
            .split(' ')
            .map(|number| number.parse().unwrap_or_default());
        let mut next = || numbers.next().unwrap_or_default();
        Self {
            checked: next(),
            missing: next(),
            unopened: next(),
        }
    }

    pub fn and(self, other: Self) -> Self {
        Self {
            checked: self.checked + other.checked,
            missing: self.missing + other.missing,
            unopened: self.unopened + other.unopened,
        }
    }

    pub fn to_note(self) -> String {
        format!("{} {} {}", self.checked, self.missing, self.unopened)
    }
}

/// Looks a row up in the copy, and opens what is there.
pub async fn sample(
    db: &Database,
    target: &Target,
    vault: &Vault,
    row: &SealedRow,
    sampled: &mut Sampled,
) -> Result<()> {
    let prefix = prefix_of_user(target.home, &row.user_id);
    let mut newest = None;
    let mut after = String::new();
    loop {
        let (listed, more) = target
            .bucket
            .list(&prefix, &after, 1_000)
            .await
            .map_err(unreachable)?;
        if let Some(last) = listed.last() {
            after.clone_from(&last.name);
        }
        let is_share = |name: &str| {
            Name::parse(name).is_some_and(|name| matches!(name.what, What::Share | What::Version))
        };
        let mut of_version = listed
            .into_iter()
            .filter(|l| l.version == row.id && is_share(&l.name));
        newest = of_version.next_back().map(|listed| listed.name).or(newest);
        if !more {
            break;
        }
    }
    let object = match &newest {
        Some(name) => target
            .bucket
            .get_all(&[name.as_str()])
            .await
            .map_err(unreachable)?
            .pop(),
        None => None,
    };
    sampled.checked += 1;
    let Some(object) = object.filter(wasm_bindgen::JsValue::is_object) else {
        if !changes::waits(db, &row.user_id, &row.id).await? {
            sampled.missing += 1;
            log_sampled("a copied share is missing", row);
        }
        return Ok(());
    };
    let object = Row::of(object);
    let envelope = object.js("sealedShare");
    let opened = match wasm_bindgen::JsCast::dyn_ref::<js_sys::JsString>(&envelope) {
        Some(envelope) => {
            vault
                .open_bytes(row.place(), &object.text("keyId"), envelope)
                .await
        }
        None => None,
    };
    if opened.is_none() {
        sampled.unopened += 1;
        log_sampled("a copied share does not open", row);
    }
    Ok(())
}

fn log_sampled(message: &'static str, row: &SealedRow) {
    log::event(
        Level::Error,
        message,
        &[
            ("version", Field::Text(&row.id)),
            ("userId", Field::Text(&row.user_id)),
            ("backupMethod", Field::Text(&row.backup_method)),
        ],
    );
}

/// The error where the bucket cannot be asked.
pub fn unreachable(failure: crate::platform::JsFailure) -> Error {
    Error::unavailable(30, format!("R2: {}", failure.0))
}

/// The head of the copy that this database goes on with. Of another database, or one that went back in time, it is of a new epoch.
async fn settle_epoch(db: &Database, target: &Target, copying: &Copying) -> Result<Head> {
    let noted = Place {
        epoch: copying.epoch,
        seq: copying.told,
    };
    let Some(head) = read_head(target).await? else {
        let first = Head {
            place: Place {
                epoch: noted.epoch.max(1),
                ..noted
            },
            identity: copying.identity.clone(),
            ends: Vec::new(),
        };
        if noted.epoch == 0 {
            changes::tell(db, &[(Meta::Epoch, "1")]).await?;
        }
        return Ok(first);
    };
    match head.standing(&copying.identity, noted) {
        Standing::GoesOn => Ok(Head {
            place: noted,
            ..head
        }),
        standing => begin_epoch(db, target, &head, copying, copying.seq, standing).await,
    }
}

/// The copy first: were the database told first and no more, the epoch before would have no end.
async fn begin_epoch(
    db: &Database,
    target: &Target,
    head: &Head,
    copying: &Copying,
    seq: u64,
    standing: Standing,
) -> Result<Head> {
    let next = head.next_epoch(&copying.identity, seq);
    write_head(target, &next).await?;
    let is_expected = standing == Standing::Another && copying.epoch == next.place.epoch;
    let [epoch, told] = [next.place.epoch, seq].map(|number| number.to_string());
    changes::tell(db, &[(Meta::Epoch, &epoch), (Meta::Told, &told)]).await?;
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
            ("epoch", Field::Number(next.place.epoch)),
        ],
    );
    Ok(next)
}

/// The head of a home's copy, if it has one.
pub async fn read_head(target: &Target) -> Result<Option<Head>> {
    let name = name_of_head(target.home);
    let Some(text) = target.bucket.get(&name).await.map_err(unreachable)? else {
        return Ok(None);
    };
    parse_head(&text)
        .map(Some)
        .ok_or_else(|| Error::internal(format!("the object {name} of the copy is damaged")))
}

async fn write_head(target: &Target, head: &Head) -> Result<()> {
    let ends = head.ends.iter().map(|end| {
        Writer::default()
            .number("epoch", end.epoch)
            .number("seq", end.seq)
            .end()
    });
    let text = Writer::default()
        .number("epoch", head.place.epoch)
        .number("seq", head.place.seq)
        .text("at", &format_date(now_ms()))
        .text("identity", &head.identity)
        .raw("ends", &json::array(ends))
        .end();
    let name = name_of_head(target.home);
    target.bucket.put(&name, &text).await.map_err(unreachable)
}

fn parse_head(text: &str) -> Option<Head> {
    let place = |object: &Object| {
        Some(Place {
            epoch: object.get("epoch")?.parse().ok()?,
            seq: object.get("seq")?.parse().ok()?,
        })
    };
    let object = Object::parse(text, 16)?;
    Some(Head {
        place: place(&object)?,
        identity: json::text(object.get("identity")?)?,
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
        let text = r#"{"epoch":3,"seq":40,"at":"2026","identity":"one","ends":[{"epoch":1,"seq":7},{"epoch":2,"seq":9}]}"#;
        assert_eq!(
            parse_head(text),
            Some(Head {
                place: at(3, 40),
                identity: "one".to_owned(),
                ends: vec![at(1, 7), at(2, 9)],
            })
        );
        assert_eq!(parse_head("{}"), None);
        assert_eq!(parse_head("damaged"), None);
    }
}
