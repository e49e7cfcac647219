//! `changes`: the notes that the second copy is made from, and what `meta` knows of the copy.

use js_sys::JsString;

use super::sql::sql;
use super::{Change, Database, Row, Rows, Statement, meta};
use crate::domain::head::Place;
use crate::domain::journal::{self, What};
use crate::domain::json;
use crate::error::Result;
use crate::platform::{self, bucket::Puts};

/// A page of notes has so many at most …
pub const NOTES_PER_PAGE: u64 = 200;
/// … and ends with the one that takes it over so many bytes of sealed text.
const PAGE_BYTES: u64 = 4_000_000;
/// A store leaves two notes at most; they are among the last so many.
const OWN_NOTES: i64 = 8;

/// Whose notes.
pub enum Whose<'a> {
    User(&'a str),
    Client(&'a str),
}

/// A version that a request stores. The database need not send its sealed text back.
#[derive(Clone)]
pub struct Own {
    pub version_id: String,
    pub key_id: String,
    pub sealed_share: JsString,
}

/// The notes that the transaction has just left for a user, to be sent with it.
pub fn own_notes(whose: &Whose<'_>, own: Option<&Own>) -> Statement {
    page_of(&(-OWN_NOTES).to_string(), Some(whose), own)
}

/// All notes of a user.
pub fn notes_of(whose: &Whose<'_>, own: Option<&Own>) -> Statement {
    page_of("0", Some(whose), own)
}

fn page_of(after: &str, whose: Option<&Whose<'_>>, own: Option<&Own>) -> Statement {
    let (user, client) = match whose {
        Some(Whose::User(id)) => (Some(*id), None),
        Some(Whose::Client(id)) => (None, Some(*id)),
        None => (None, None),
    };
    Statement::new(sql!("changes_page"))
        .raw(after)
        .optional(user)
        .optional(client)
        .number(NOTES_PER_PAGE)
        .number(PAGE_BYTES)
        .optional(own.map(|own| own.version_id.as_str()))
        .optional(own.map(|own| own.key_id.as_str()))
}

/// The next notes behind a number.
pub async fn page(db: &Database, after: u64) -> Result<Page> {
    let rows = db.ask(page_of(&after.to_string(), None, None)).await?;
    Ok(Page { rows, own: None })
}

/// A page of notes.
pub struct Page {
    pub rows: Rows,
    /// Of the request whose notes they are.
    pub own: Option<Own>,
}

/// A note, as it is told from all others: its number comes again in a database that went back in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// In the epoch that the database was in when the note was read: there its object is.
    pub place: Place,
    pub at: String,
}

/// Notes with the objects that they become.
#[derive(Default)]
pub struct Noted {
    pub puts: Puts,
    /// The note of each put, in their order.
    pub notes: Vec<Note>,
    /// Notes of which nothing is left to copy.
    pub without: Vec<Note>,
    /// The names of the objects that tell of an erasure.
    pub purged: Vec<String>,
}

impl Noted {
    /// The objects of a page's notes, in the copy of a home.
    pub fn read(home: u32, page: &Page) -> Self {
        let mut noted = Self::default();
        for row in page.rows.read() {
            let place = place(&row);
            let at = row.text("at");
            let (Some(what), Some(body)) = (What::parse(&row.text("what")), row.string("body"))
            else {
                noted.without.push(Note { place, at });
                continue;
            };
            let name = journal::name(home, &row.text("user_id"), place, what);
            let [version, key] = ["version_id", "key_id"].map(|column| row.text(column));
            let note = [at.as_str(), &version, &key].join("\t");
            let own = page.own.as_ref().filter(|_| row.flag("is_own"));
            let sealed = own.map(|own| &own.sealed_share);
            noted.puts.push(&name, &note, &body, sealed);
            noted.notes.push(Note { place, at });
            if what == What::Purged {
                noted.purged.push(name);
            }
        }
        noted
    }

    pub fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.without.is_empty()
    }
}

/// Where the object of a page's row belongs.
pub fn place(row: &Row) -> Place {
    Place {
        epoch: row.number("epoch"),
        seq: row.number("seq"),
    }
}

impl Page {
    /// The number of the last note. None: there is none.
    pub fn last(&self) -> Option<Place> {
        self.rows.last().map(|row| place(&row))
    }

    /// Whether more notes may wait behind it. A request's own text is not counted: where its note is on the page, nothing of the request is behind it.
    pub fn is_full(&self) -> bool {
        let length = |row: &Row| {
            row.string("body")
                .map_or(0, |body| u64::from(body.length()))
        };
        let characters: u64 = self.rows.each(length).iter().sum();
        u64::from(self.rows.count()) >= NOTES_PER_PAGE || characters >= PAGE_BYTES
    }
}

/// The statements of a purge: what was noted of the user and client tells nothing any more, and their erasure is noted. `event` is the purge's.
pub fn purged(user_id: &str, client_id: &str, event: &str) -> [Statement; 2] {
    [sql!("purged_forget"), sql!("purged_note")].map(|sql| {
        Statement::new(sql)
            .text(user_id)
            .text(client_id)
            .text(event)
    })
}

/// Whether a version has a note that waits; or all may have one, for they are still being noted.
pub async fn waits(db: &Database, user_id: &str, version_id: &str) -> Result<bool> {
    let waits = Statement::new(sql!("changes_waits"))
        .text(user_id)
        .text(version_id);
    let rows = db.ask(waits).await?;
    Ok(!rows.is_empty())
}

/// The ids of all versions that the database holds of a user.
pub async fn held(db: &Database, user_id: &str) -> Result<Vec<String>> {
    let held = Statement::new(sql!("copy_held")).text(user_id);
    let rows = db.ask(held).await?;
    Ok(rows.texts("id"))
}

/// Whether nobody else sweeps the copy; from now on nobody does for 16 minutes, or until [`end_sweep`].
pub async fn begin_sweep(db: &Database) -> Result<bool> {
    let begin = Statement::new(sql!("sweeping_begin"));
    let begun = db.upkeep(begin).await?;
    Ok(!begun.is_empty())
}

pub async fn end_sweep(db: &Database) -> Result<()> {
    let end = Statement::new(sql!("sweeping_end"));
    db.upkeep(end).await.map(drop)
}

/// Takes notes away, whose objects are there: unless their epoch has ended meanwhile, or the database is older than this head of its copy, as one
/// that went back in time is. Number 0 in epoch 0: the bucket has no head. Then all stay, if the database was ever told of one.
pub async fn copied(db: &Database, notes: &[Note], head: Place) -> Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    let parts = |note: &Note| {
        let Place { epoch, seq } = note.place;
        json::array([seq.to_string(), json::quoted(&note.at), epoch.to_string()])
    };
    let notes = json::array(notes.iter().map(parts));
    let away = Statement::new(sql!("changes_copied"))
        .text(&notes)
        .number(head.epoch)
        .number(head.seq);
    db.upkeep(away).await.map(drop)
}

/// The statement after which changes leave notes. Changes nothing where they do already.
pub fn begin(identity: &str) -> Statement {
    Statement::new(sql!("copying_begin")).text(identity)
}

/// What the database knows of its copy.
pub struct Copying {
    /// Up to where the shares that were there before have notes; None: nothing is copied.
    pub backfilled: Option<String>,
    pub epoch: u64,
    pub identity: String,
    /// The number that the head of the copy was last told.
    pub told: u64,
    /// The head of the copy, as the bucket last had it.
    pub head: Option<String>,
    pub copied_at: Option<String>,
    /// See `maintenance::sample::Sampled`.
    pub sampled: Option<String>,
    /// The name behind which the copy is swept next.
    pub swept: Option<String>,
    /// The last number of all.
    pub seq: u64,
    pub pending: u64,
    pub oldest_at: Option<String>,
    pub lag_seconds: u64,
    /// The database's clock.
    pub now: String,
}

impl Copying {
    /// See [`BEGUN`].
    pub fn is_begun(&self) -> bool {
        self.backfilled.as_deref() == Some(BEGUN)
    }
}

/// The statement that [`Copying::read`] reads the row of.
pub fn copying() -> Statement {
    Statement::new(sql!("copying_read"))
}

impl Copying {
    pub fn read(row: &Row) -> Self {
        Self {
            backfilled: row.optional("copying"),
            epoch: row.number("epoch"),
            identity: row.text("identity"),
            told: row.number("told"),
            head: row.optional("head"),
            copied_at: row.optional("copied_at"),
            sampled: row.optional("sampled"),
            swept: row.optional("swept"),
            seq: row.number("seq"),
            pending: row.number("pending"),
            oldest_at: row.optional("oldest_at"),
            lag_seconds: row.number("lag"),
            now: row.text("now"),
        }
    }
}

/// What the database knows of its copy, once changes leave notes.
pub async fn begun(db: &Database, identity: &str) -> Result<Copying> {
    let begun = Change::upkeep(begin(identity)).read(copying());
    let [_, rows] = db.change(begun).await?.rows()?;
    first(&rows)
}

/// What the database knows of its copy.
pub async fn read(db: &Database) -> Result<Copying> {
    let rows = db.ask(copying()).await?;
    first(&rows)
}

/// Tells the database that the head of its copy is at the last number of all: that number, and when this was. None: it has no number yet.
pub async fn claim(db: &Database) -> Result<Option<(u64, String)>> {
    let claim = Statement::new(sql!("copying_claim"));
    let rows = db.upkeep(claim).await?;
    let row = rows.first();
    Ok(row.map(|row| (row.number("told"), row.text("at"))))
}

/// The last number of an epoch that ends: see `changes_last.sql`.
pub async fn last_of_epoch(db: &Database, head_at: &str, ended: u64) -> Result<u64> {
    let last = Statement::new(sql!("changes_last"))
        .text(head_at)
        .number(ended);
    let rows = db.ask(last).await?;
    Ok(rows.first_number("last"))
}

/// Notes the shares of the notes up to a number once more: see `changes_again.sql`.
pub async fn note_again(db: &Database, last: u64) -> Result<()> {
    let again = Statement::new(sql!("changes_again")).number(last);
    db.upkeep(again).await.map(drop)
}

fn first(rows: &Rows) -> Result<Copying> {
    let row = rows.first();
    let row =
        row.ok_or_else(|| crate::error::Error::internal("a row about the copy is missing"))?;
    Ok(Copying::read(&row))
}

/// The end of copying: the triggers write nothing, what waits is forgotten.
pub async fn end(db: &Database) -> Result<()> {
    let end = Statement::new(sql!("copying_end"));
    let ended = db.upkeep(end).await?;
    if ended.is_empty() {
        return Ok(());
    }
    let forget = Statement::new(sql!("copying_forget"));
    db.upkeep(forget).await.map(drop)
}

/// A line of `meta` about the copy.
#[derive(Clone, Copy)]
pub enum Meta {
    Backfilled,
    Epoch,
    Told,
    CopiedAt,
    Head,
    Sampled,
    Swept,
}

impl Meta {
    fn put(self, value: &str) -> Statement {
        let raise = |name| Statement::new(sql!("meta_raise")).text(name).text(value);
        match self {
            Self::Backfilled => meta::put("copying", value),
            Self::Epoch => raise("copy_epoch"),
            Self::Told => raise("copy_told"),
            Self::CopiedAt => meta::put("copied_at", value),
            Self::Head => meta::put("copy_head", value),
            Self::Sampled => meta::put("copy_sampled", value),
            Self::Swept => meta::put("copy_swept", value),
        }
    }
}

/// Writes lines of `meta`, in one transaction.
pub async fn tell(db: &Database, lines: &[(Meta, &str)]) -> Result<()> {
    let put = lines.iter().map(|(meta, value)| meta.put(value));
    let change = put.fold(Change::new(""), Change::read);
    db.change(change).await.map(drop)
}

/// The tables whose rows get notes once, in the order of [`backfill`]. A deletion comes before a registration under the same id.
/// The history comes last: a share that is replaced meanwhile goes there, with no note of its own.
const BACKFILL: [(&str, &str); 5] = [
    (
        "SELECT 0 AS last WHERE ?1 < 0 AND ?2 > 0",
        sql!("backfill_deleted"),
    ),
    (
        "SELECT max(rowid) AS last FROM (SELECT rowid FROM users WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)",
        sql!("backfill_users"),
    ),
    (
        "SELECT max(rowid) AS last FROM (SELECT rowid FROM custodian_backup_shares WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)",
        sql!("backfill_custodian"),
    ),
    (
        "SELECT max(rowid) AS last FROM (SELECT rowid FROM user_backup_shares WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)",
        sql!("backfill_user"),
    ),
    (
        "SELECT max(rowid) AS last FROM (SELECT rowid FROM backup_share_versions WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)",
        sql!("backfill_versions"),
    ),
];

/// Notes for the next rows that were there before copying began. `place` is what the last call gave, at first ""; `done` once all have them.
pub async fn backfill(db: &Database, place: &str) -> Result<String> {
    let mut numbers = place
        .split(' ')
        .map_while(|number| number.parse::<i64>().ok());
    let step = numbers.next().unwrap_or(0);
    let after = numbers.next().unwrap_or(-1);
    let table = usize::try_from(step)
        .ok()
        .and_then(|step| BACKFILL.get(step));
    let Some((range, notes)) = table else {
        tell(db, &[(Meta::Backfilled, DONE)]).await?;
        return Ok(DONE.to_owned());
    };
    let range = Statement::new(range)
        .raw(&after.to_string())
        .number(NOTES_PER_PAGE);
    let rows = db.ask(range).await?;
    let last = rows.first().filter(|row| row.js("last").as_f64().is_some());
    let next = match last {
        None => format!("{} -1", step + 1),
        Some(row) => {
            let last = row.number("last");
            let range = |sql| Statement::new(sql).raw(&after.to_string()).number(last);
            let mut statement = range(notes);
            if step == 0 {
                statement = Statement::new(notes);
            }
            db.upkeep(statement).await?;
            format!("{step} {last}")
        }
    };
    tell(db, &[(Meta::Backfilled, &next)]).await?;
    Ok(next)
}

/// Of [`Copying::backfilled`]: all that was there has its notes.
pub const DONE: &str = "done";
/// Of [`Copying::backfilled`]: nothing was noted before, or the bucket is to be filled anew.
pub const BEGUN: &str = "begun";

/// A name for a database that has none yet.
pub fn new_identity() -> Result<String> {
    Ok(crate::domain::names::new_id(platform::now_ms())?)
}
