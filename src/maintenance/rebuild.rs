//! Rebuilding a database from its second copy, and comparing the two, page by page.
//!
//! A page is some users with all of their objects: a user is what its entries make of it in their order (`domain::journal`). Whoever asks goes from page
//! to page by the cursor; a page that is asked for again does the same again.

use js_sys::Array;
use wasm_bindgen::JsValue;

use super::epochs::settle;
use super::head::read_head;
use super::objects::{OBJECTS_PER_READ, names, told};
use super::target::Target;
use crate::domain::head::Head;
use crate::domain::journal::{self, Name, Replay};
use crate::domain::json::{self, Writer};
use crate::domain::number::whole;
use crate::domain::sealing::Place;
use crate::error::Result;
use crate::homes::Homes;
use crate::platform::bucket::{Listed, items};
use crate::store::changes::{self, Copying};
use crate::store::moves::{self, End};
use crate::store::rebuild::{self as store, Difference, Mode, Rows};
use crate::store::{Database, Row, Which};
use crate::vault::Vault;

/// What a page writes at once ends with the share that takes it over so many characters: D1 takes 2 MB.
const WRITE_BYTES: usize = 1_000_000;
/// Shares that a page holds in memory, in characters; what is over that is read again when it is written.
const HELD_BYTES: usize = 24_000_000;

/// What is done with the users of a page.
pub enum Work<'a> {
    /// They are written into a database that takes the place of the one that was copied.
    Into(&'a Database),
    /// What the database lacks is written into it.
    Merge(&'a Database),
    /// They are compared with those of the database.
    Check(&'a Database),
}

/// A page, and what came of it.
#[derive(Default)]
pub struct Page {
    pub objects: usize,
    pub users: usize,
    pub shares: usize,
    pub versions: usize,
    pub deleted: usize,
    /// Users of whom something was erased.
    pub purged: usize,
    /// Names of objects that are not what they should be.
    pub damaged: Vec<String>,
    /// Names of objects whose share does not open with the keys there are.
    pub unopened: Vec<String>,
    pub differences: Vec<Difference>,
    /// Users who were left out: they are at another home, or may be; or a merge does not know what was taken away from them meanwhile.
    pub left_out: Vec<String>,
    /// None: it was the last one.
    pub cursor: Option<String>,
}

/// What comes before the first page: which database it is, and in which epoch. A walk that was stopped goes on only with the same.
pub async fn begin(source: &Target, work: &Work<'_>) -> Result<Copying> {
    let (Work::Into(db) | Work::Merge(db) | Work::Check(db)) = work;
    if let Work::Into(_) = work {
        let epoch = next_epoch(read_head(source).await?.as_ref(), &[]);
        let mut writing = Writing::new(work, changes::new_identity()?, epoch);
        writing.write().await?;
    } else {
        settle(db, source).await?;
    }
    changes::read(db).await
}

/// Does a page of work: the users of a home behind the cursor whose hash begins with `shard`.
pub async fn page(
    source: &Target,
    vault: &Vault,
    homes: &Homes<'_>,
    work: &Work<'_>,
    shard: &str,
    cursor: &str,
) -> Result<Page> {
    let (Work::Into(db) | Work::Merge(db) | Work::Check(db)) = work;
    let (head, begun_at) = match work {
        // What the database has lost must be known first.
        Work::Merge(_) => (
            Some(settle(db, source).await?),
            store::begin_page(db).await?,
        ),
        Work::Into(_) | Work::Check(_) => (read_head(source).await?, String::new()),
    };
    let prefix = journal::prefix_of_home(source.home) + shard;
    let mut page = Page::default();
    let names = names(source, &prefix, cursor).await?;
    page.damaged = names.others;
    page.cursor = names.cursor;
    let epoch = next_epoch(head.as_ref(), &names.listed);
    let names = counting(names.listed, head.as_ref());
    let mut objects = Objects::default();
    let mut users: Vec<Owner> = Vec::new();
    for chunk in names.chunks(OBJECTS_PER_READ) {
        objects
            .read(source, chunk, head.as_ref(), &mut users, &mut page.damaged)
            .await?;
    }
    let is_check = matches!(work, Work::Check(_));
    for Owner { id, replay, .. } in &mut users {
        // A database has the marks of its own moves. Of one that it has lost, the other home tells how it ended; where that one does not know the move,
        // this may be all that there is of the user.
        if let Some(arrival) = &replay.arrival
            && (arrival.lost || matches!(db.which(), Which::Unknown(_)))
        {
            let marks = json::array([json::texts(["user", id, "", ""])]);
            let from = whole(&arrival.home).unwrap_or(u32::MAX);
            match homes.end_of_move(from, &arrival.move_id, &marks).await {
                Ok(Some(End::BrokeOff)) => {
                    replay.break_off();
                    if !is_check {
                        moves::broke_off(db, id).await?;
                    }
                }
                Ok(_) => {}
                Err(_) => page.left_out.push(id.clone()),
            }
        }
        replay.bring_back_lost();
    }
    if !is_check {
        let with_rows = users
            .iter()
            .filter(|user| !rows_of(&user.replay).is_empty());
        let ids = with_rows.map(|user| user.id.as_str());
        let elsewhere = homes.living_elsewhere(source.home, ids).await?;
        page.left_out.extend(elsewhere);
        users.retain(|user| !page.left_out.contains(&user.id));
    }
    page.objects = names.len();
    let mut writer = Writing::new(work, changes::new_identity()?, epoch);
    writer.begun_at = begun_at;
    let rows_of_users: Vec<_> = users.iter().map(|user| rows_of(&user.replay)).collect();
    let owners = users.iter().zip(&rows_of_users);
    let owners = owners.filter(|(_, rows)| is_check || !rows.is_empty());
    writer.user_ids = json::texts(owners.map(|(user, _)| user.id.as_str()));
    for (user, rows) in users.iter().zip(rows_of_users) {
        let replay = &user.replay;
        page.users += rows.iter().filter(|row| row.part == Part::User).count();
        page.deleted += replay.deleted.len();
        page.shares += replay.current.len();
        page.versions += replay.history.len();
        page.purged += usize::from(replay.purged);
        for row in rows {
            let Some(object) = objects.take(source, row.entry).await? else {
                page.damaged.push(objects.name(row.entry).to_owned());
                continue;
            };
            if row.part.is_share() && !holds_share(&object) {
                page.damaged.push(objects.name(row.entry).to_owned());
                continue;
            }
            if row.part.is_share() && !opens(vault, &object).await {
                page.unopened.push(objects.name(row.entry).to_owned());
            }
            writer.push(row, &object).await?;
        }
    }
    writer.finish(&mut page).await?;
    Ok(page)
}

/// The names whose entries count.
fn counting(mut listed: Vec<Listed>, head: Option<&Head>) -> Vec<Listed> {
    let counts = |name: Name<'_>| head.is_none_or(|head| head.counts(name.place));
    listed.retain(|listed| Name::parse(&listed.name).is_some_and(counts));
    listed
}

/// The epoch of a database that is rebuilt: behind the head, and behind all entries that it reads. A bucket that somebody has copied may have lost
/// its head, or have an older one.
fn next_epoch(head: Option<&Head>, listed: &[Listed]) -> u64 {
    let names = listed.iter().filter_map(|listed| Name::parse(&listed.name));
    let epochs = names.map(|name| name.place.epoch);
    let last = epochs.chain(head.map(|head| head.place.epoch)).max();
    last.unwrap_or(0) + 1
}

/// The objects of a page: what they tell, and as many of them as memory holds.
#[derive(Default)]
struct Objects {
    names: Vec<String>,
    held: Vec<Option<JsValue>>,
    bytes: usize,
}

/// A user of a page: what its entries so far make of it.
struct Owner {
    /// Before its objects' names, which do not hold its id.
    prefix: String,
    id: String,
    replay: Replay,
}

impl Objects {
    async fn read(
        &mut self,
        source: &Target,
        listed: &[Listed],
        head: Option<&Head>,
        users: &mut Vec<Owner>,
        damaged: &mut Vec<String>,
    ) -> Result<()> {
        let names: Vec<&str> = listed.iter().map(|listed| listed.name.as_str()).collect();
        let objects = source.bucket.get_all(&names).await?;
        for (listed, object) in listed.iter().zip(objects) {
            let (Some(name), Some((entry, user_id))) = (
                Name::parse(&listed.name),
                told(&listed.name, source.home, &object),
            ) else {
                damaged.push(listed.name.clone());
                continue;
            };
            let is_lost = head.is_some_and(|head| head.is_lost(name.place));
            let number = self.names.len();
            self.names.push(listed.name.clone());
            let size = usize::try_from(listed.size).unwrap_or(usize::MAX);
            let fits = self.bytes.saturating_add(size) <= HELD_BYTES;
            if fits {
                self.bytes += size;
            }
            self.held.push(fits.then_some(object));
            // Names of one user follow each other.
            if users.last().is_none_or(|user| user.prefix != name.user) {
                users.push(Owner {
                    prefix: name.user.to_owned(),
                    id: user_id,
                    replay: Replay::default(),
                });
            }
            let Some(user) = users.last_mut() else {
                continue;
            };
            user.replay.apply(number, &entry, is_lost);
        }
        Ok(())
    }

    fn name(&self, number: usize) -> &str {
        self.names.get(number).map_or("", String::as_str)
    }

    /// An object, out of memory or out of the bucket.
    async fn take(&mut self, source: &Target, number: usize) -> Result<Option<JsValue>> {
        if let Some(object) = self.held.get_mut(number).and_then(Option::take) {
            return Ok(Some(object));
        }
        let mut objects = source.bucket.get_all(&[self.name(number)]).await?;
        Ok(objects.pop().filter(JsValue::is_object))
    }
}

/// Some hold none: their version was gone before they were made.
fn holds_share(object: &JsValue) -> bool {
    let row = Row::of(object.clone());
    row.has("sealedShare") && row.has("keyId")
}

async fn opens(vault: &Vault, object: &JsValue) -> bool {
    let row = Row::of(object.clone());
    let [client_id, user_id, method] =
        ["clientId", "userId", "backupMethod"].map(|field| row.text(field));
    let place = Place::of(row.kind(), &client_id, &user_id, &method);
    match row.string("sealedShare") {
        Some(envelope) => vault.opens(place, &row.text("keyId"), &envelope).await,
        None => false,
    }
}

/// Where a row belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    User,
    Deleted,
    Custodian,
    UserShare,
    Version,
}

impl Part {
    const fn is_share(self) -> bool {
        matches!(self, Self::Custodian | Self::UserShare | Self::Version)
    }
}

/// A row that a user has in the end: the number of its object, and what the replay knows besides.
struct LiveRow {
    part: Part,
    entry: usize,
    fields: String,
}

fn rows_of(replay: &Replay) -> Vec<LiveRow> {
    let row = |part, entry| LiveRow {
        part,
        entry,
        fields: "{}".to_owned(),
    };
    let mut rows = Vec::new();
    rows.extend(replay.user().map(|entry| row(Part::User, entry)));
    rows.extend(
        replay
            .deleted
            .iter()
            .map(|user| row(Part::Deleted, user.entry)),
    );
    rows.extend(replay.current.iter().map(|share| {
        let part = if share.kind == "custodian" {
            Part::Custodian
        } else {
            Part::UserShare
        };
        row(part, share.entry)
    }));
    rows.extend(replay.history.iter().map(|version| {
        LiveRow {
            fields: Writer::default()
                .text("supersededAt", &version.superseded_at)
                .text("reason", &version.reason)
                .optional("importedAt", version.imported_at.as_deref())
                .end(),
            ..row(Part::Version, version.entry)
        }
    }));
    rows
}

/// The fields of a share for a comparison: its sealed text is told by its ends, which hold the nonce and the tag, for D1 takes 2 MB at once. Whether what is between
/// them is whole, opening it tells.
fn with_sealed_ends(fields: &str, object: &JsValue) -> String {
    let sealed = Row::of(object.clone()).string("sealedShare");
    let ends = sealed.map(|text| {
        let length = text.length();
        let end = |from, to| String::from(text.slice(from, to));
        format!(
            "{}{length}{}",
            end(0, 24),
            end(length.saturating_sub(24), length)
        )
    });
    let ends = Writer::default()
        .optional("sealedShare", ends.as_deref())
        .end();
    let fields = fields.trim_end_matches('}');
    let comma = if fields.len() > 1 { "," } else { "" };
    format!("{fields}{comma}{}", ends.trim_start_matches('{'))
}

/// Objects and their fields, as they are gathered for one statement.
#[derive(Default)]
struct Gathered {
    objects: Array,
    fields: Vec<String>,
}

impl Gathered {
    fn push(&mut self, object: &JsValue, fields: &str) {
        self.objects.push(object);
        self.fields.push(fields.to_owned());
    }

    fn take(&mut self) -> js_sys::JsString {
        let Self { objects, fields } = std::mem::take(self);
        items(&objects, &json::array(fields))
    }
}

/// The rows of a page on their way.
struct Writing<'a> {
    work: &'a Work<'a>,
    epoch: String,
    identity: String,
    /// See [`store::begin_page`].
    begun_at: String,
    /// The page's users, a JSON array of ids: those with rows, and for a comparison all.
    user_ids: String,
    gathered: GatheredRows,
    bytes: usize,
    left_out: Vec<String>,
}

#[derive(Default)]
struct GatheredRows {
    users: Gathered,
    deleted: Gathered,
    custodian: Gathered,
    user: Gathered,
    versions: Gathered,
}

impl<'a> Writing<'a> {
    fn new(work: &'a Work<'a>, identity: String, epoch: u64) -> Self {
        Self {
            work,
            epoch: epoch.to_string(),
            identity,
            begun_at: String::new(),
            user_ids: "[]".to_owned(),
            gathered: GatheredRows::default(),
            bytes: 0,
            left_out: Vec::new(),
        }
    }

    async fn push(&mut self, row: LiveRow, object: &JsValue) -> Result<()> {
        let is_check = matches!(self.work, Work::Check(_));
        let size = Row::of(object.clone()).sealed_length() + 600;
        let mut row = row;
        if is_check && row.part.is_share() {
            row.fields = with_sealed_ends(&row.fields, object);
        }
        // A comparison is of whole users, however much they have.
        if !is_check && self.bytes > 0 && self.bytes + size > WRITE_BYTES {
            self.write().await?;
        }
        self.bytes += size;
        let gathered = &mut self.gathered;
        match row.part {
            Part::User => &mut gathered.users,
            Part::Deleted => &mut gathered.deleted,
            Part::Custodian => &mut gathered.custodian,
            Part::UserShare => &mut gathered.user,
            Part::Version => &mut gathered.versions,
        }
        .push(object, &row.fields);
        if !is_check && matches!(row.part, Part::Custodian | Part::UserShare) {
            const NOT_SUPERSEDED: &str = r#"{"supersededAt":null,"reason":null}"#;
            gathered.versions.push(object, NOT_SUPERSEDED);
        }
        Ok(())
    }

    fn rows(&mut self) -> Rows {
        self.bytes = 0;
        let gathered = &mut self.gathered;
        Rows {
            users: gathered.users.take(),
            deleted: gathered.deleted.take(),
            custodian: gathered.custodian.take(),
            user: gathered.user.take(),
            versions: gathered.versions.take(),
        }
    }

    async fn write(&mut self) -> Result<()> {
        let rows = self.rows();
        let (db, mode) = match self.work {
            Work::Into(db) => {
                let mode = Mode::Into {
                    epoch: &self.epoch,
                    identity: &self.identity,
                };
                (db, mode)
            }
            Work::Merge(db) => {
                let mode = Mode::Merge {
                    begun_at: &self.begun_at,
                    user_ids: &self.user_ids,
                };
                (db, mode)
            }
            Work::Check(_) => return Ok(()),
        };
        // Who is left out once is left out to the page's end.
        self.left_out = store::write(db, &mode, &rows).await?;
        Ok(())
    }

    async fn finish(mut self, page: &mut Page) -> Result<()> {
        if let Work::Check(db) = self.work {
            let rows = self.rows();
            page.differences = store::compare(db, &self.user_ids, &rows).await?;
            return Ok(());
        }
        if self.bytes > 0 {
            self.write().await?;
        }
        page.left_out.extend(self.left_out);
        Ok(())
    }
}

/// Of the next users behind an id: those that the copy has nothing of. And the cursor of the page behind.
pub async fn uncopied(
    db: &Database,
    source: &Target,
    after: &str,
) -> Result<(Vec<String>, Option<String>)> {
    const USERS_PER_PAGE: u64 = 200;
    let owners = store::owners(db, after, USERS_PER_PAGE).await?;
    let whole = read_head(source).await?.map_or(0, |head| head.whole);
    let mut uncopied = Vec::new();
    for (id, waits) in &owners {
        if *waits {
            continue;
        }
        let prefix = journal::prefix_of_user(source.home, id);
        // Behind those that do not count.
        let before = format!("{prefix}{whole:04}-");
        let (listed, _) = source.bucket.list(&prefix, &before, 1).await?;
        if listed.is_empty() {
            uncopied.push(id.clone());
        }
    }
    let full = owners.len() as u64 == USERS_PER_PAGE;
    let cursor = owners.last().filter(|_| full).map(|(id, _)| id.clone());
    Ok((uncopied, cursor))
}
