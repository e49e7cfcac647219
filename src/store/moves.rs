//! `moves`: users that are on their way from one home to another, and those that have left.
//!
//! `migrations/0012_homes.sql` tells what the states mean, and has the trigger that stops whoever comes to the wrong home.

use sha2::{Digest, Sha256};

use super::audit::Trail;
use super::departed;
use super::routes::home_of;
use super::sql::sql;
use super::{Change, Database, Rows, Statement};
use crate::domain::homes::{Key, Kind};
use crate::domain::json::{self, quoted};
use crate::error::{Error, Result};

/// Where a user is who is not here.
pub struct Gone {
    pub home: u32,
    pub move_id: String,
    /// This home was the authority, and has given the user up.
    pub has_left: bool,
    /// All marks of the move here, as JSON: [kind, value, move, time].
    pub marks: String,
}

/// Where the one is whom the key is about, if not here. An API key leads nowhere: users move by their ids.
pub async fn gone_to(database: &Database, key: &Key) -> Result<Option<Gone>> {
    let statement = Statement::new(sql!("home_gone_to"))
        .text(key.kind.as_str())
        .text(&key.value);
    let rows = database.ask(statement).await?;
    Ok(rows.first().map(|row| Gone {
        home: home_of(&row),
        move_id: row.text("move"),
        has_left: row.flag("has_left"),
        marks: row.text("marks"),
    }))
}

/// Goes before a change of a user that leaves no audit event. It stops the transaction if the user is moving (then the Worker tries again), or has
/// moved ([`MOVED`](super::MOVED)).
pub(super) fn stops(user_id: &str) -> Statement {
    Statement::new(sql!("move_stops")).text(user_id)
}

/// Makes the target of a move the authority, once the source has given the user up. False: the target does not know the move, as one that went
/// back in time.
pub async fn arrived(target: &Database, move_id: &str) -> Result<bool> {
    let arrived = Change::upkeep(of_move(sql!("home_note_arrival"), move_id))
        .read(note(move_id, "arrived"))
        .read(of_move(sql!("home_arrived"), move_id))
        .read(of_move("SELECT 1 FROM arrivals WHERE move = ?1", move_id));
    let [_, _, _, known] = target.change(arrived).await?.rows()?;
    Ok(!known.is_empty())
}

fn of_move(sql: &'static str, move_id: &str) -> Statement {
    Statement::new(sql).text(move_id)
}

fn note(move_id: &str, step: &str) -> Statement {
    of_move(sql!("move_note"), move_id).text(step)
}

/// Who moves together.
pub struct Members {
    /// The users' ids, as JSON.
    pub ids: String,
    /// All that they are known by.
    pub keys: Vec<Key>,
    /// How many are registered now.
    pub users: usize,
}

impl Members {
    pub async fn of(source: &Database, user_id: &str) -> Result<Self> {
        let find = Statement::new(sql!("move_members")).text(user_id);
        let rows = source.ask(find).await?;
        let mut ids = Vec::new();
        let mut keys: Vec<Key> = Vec::new();
        let mut users = 0;
        for row in rows.read() {
            let hash = row.optional("client_api_key_hash");
            let all = [
                (Kind::User, Some(row.text("id"))),
                (Kind::Client, Some(row.text("client_id"))),
                (Kind::ApiKey, hash),
            ];
            for (kind, value) in all {
                let Some(value) = value else { continue };
                let key = Key::new(kind, &value);
                if keys.iter().any(|known| known.hex == key.hex) {
                    continue;
                }
                if kind == Kind::User {
                    ids.push(quoted(&value));
                }
                keys.push(key);
            }
            users += usize::from(row.flag("is_user"));
        }
        Ok(Self {
            ids: json::array(ids),
            keys,
            users,
        })
    }

    /// Whether they are the same ones, known by the same.
    pub fn are(&self, others: &Self) -> bool {
        let has = |members: &Self, key: &Key| members.keys.iter().any(|own| own.hex == key.hex);
        self.users == others.users
            && self.keys.len() == others.keys.len() // each is there once
            && self.keys.iter().all(|key| has(others, key))
    }

    /// The ids that the marks are about, as JSON: [kind, value].
    fn marks(&self) -> String {
        let ids = self.keys.iter().filter(|key| key.kind != Kind::ApiKey);
        json::array(ids.map(Key::to_json))
    }
}

/// Whether one of them is to be erased: the request for it does not move.
pub async fn purge_waits(source: &Database, members: &Members) -> Result<bool> {
    const SQL: &str =
        "SELECT 1 FROM purges WHERE user_id IN (SELECT value FROM json_each(?1)) LIMIT 1";
    let waits = Statement::new(SQL).text(&members.ids);
    let rows = source.ask(waits).await?;
    Ok(!rows.is_empty())
}

/// Makes the source hold still: nothing of the members changes there from now on, until the lease ends.
pub async fn lease(source: &Database, members: &Members, move_id: &str, to: u32) -> Result<()> {
    let lease = Statement::new(sql!("move_lease"))
        .text(&members.marks())
        .text(move_id)
        .number(to.into());
    let lease = Change::upkeep(lease).read(state_of(move_id));
    let [_, state] = source.change(lease).await?.rows()?;
    if state.is_empty() {
        return Err(Error::conflict(
            "This user is being moved already. Try again in half a minute.",
        ));
    }
    Ok(())
}

fn state_of(move_id: &str) -> Statement {
    of_move(sql!("move_state"), move_id)
}

/// Prepares the target: what an earlier move has left there goes. 409, and nothing is done, if one of the members is a user of the
/// target: whoever is there has rows that nobody else has.
pub async fn expect(target: &Database, members: &Members, move_id: &str, from: u32) -> Result<()> {
    let arrive = Statement::new(sql!("move_arrive"))
        .text(&members.marks())
        .text(move_id)
        .number(from.into());
    let arrive = Change::upkeep(arrive).read(of_move(sql!("move_remains"), move_id));
    let expected = swept(arrive, &members.ids, move_id)
        .read(note(move_id, "arriving"))
        .read(state_of(move_id));
    let state = target.change(expected).await?.all_rows().pop();
    if state.is_none_or(|state| state.is_empty()) {
        return Err(Error::conflict(
            "The other database has a user of this id or clientId already, as after a return to an earlier time: docs/scale.md tells how to settle it. Nothing was moved.",
        ));
    }
    Ok(())
}

/// A change that takes the users' rows away as well, if this home is not their authority by the move.
fn swept(change: Change, ids: &str, move_id: &str) -> Change {
    let sweep = sweep(ids, move_id).into_iter();
    sweep.fold(change, Change::read)
}

fn sweep(ids: &str, move_id: &str) -> [Statement; 4] {
    let of_ids = |sql| Statement::new(sql).text(ids).text(move_id);
    [
        of_ids(sql!("move_sweep_users")),
        of_ids(sql!("move_sweep_versions")),
        of_ids(sql!("move_sweep_deleted")),
        of_ids(sql!("move_sweep_approvals")),
    ]
}

/// The tables that hold what is a user's, in the order in which they can be filled: how their rows are read, and written. An older deletion
/// comes before the user, or the second copy would take the user for deleted. Nobody moves while a purge waits.
const TABLES: [(&str, &str); 9] = [
    (
        sql!("move_deleted_users_read"),
        sql!("move_deleted_users_write"),
    ),
    (sql!("move_users_read"), sql!("move_users_write")),
    (sql!("move_approvals_read"), sql!("move_approvals_write")),
    (
        sql!("move_custodian_backup_shares_read"),
        sql!("move_custodian_backup_shares_write"),
    ),
    (
        sql!("move_user_backup_shares_read"),
        sql!("move_user_backup_shares_write"),
    ),
    (
        sql!("move_backup_share_versions_read"),
        sql!("move_backup_share_versions_write"),
    ),
    (
        sql!("move_eject_windows_read"),
        sql!("move_eject_windows_write"),
    ),
    (
        sql!("move_eject_retrievals_read"),
        sql!("move_eject_retrievals_write"),
    ),
    EVENTS,
];
const EVENTS: (&str, &str) = (
    sql!("move_audit_events_read"),
    sql!("move_audit_events_write"),
);
/// The place of the history among the tables.
const VERSIONS: usize = 5;
/// Of the tables, those that the comparison is about: of reads' events more may come meanwhile.
const COMPARED: usize = 8;

/// The rows that a home has of somebody, as a set: the SHA-256 of each, by its first byte, for there may be many.
#[derive(Debug)]
pub struct RowSet(Vec<Vec<[u8; 32]>>);

impl RowSet {
    fn new() -> Self {
        Self(vec![Vec::new(); 256])
    }

    fn has(&self, row: &[u8; 32]) -> bool {
        let [first, ..] = row;
        let alike = self.0.get(usize::from(*first));
        alike.is_some_and(|alike| alike.contains(row))
    }

    fn add(&mut self, table: usize, row: &str) {
        let hash: [u8; 32] = Sha256::digest(format!("{table}{row}")).into();
        let [first, ..] = hash;
        if !self.has(&hash)
            && let Some(alike) = self.0.get_mut(usize::from(first))
        {
            alike.push(hash);
        }
    }

    fn are_in(&self, others: &[&Self]) -> bool {
        let is_in = |row| others.iter().any(|other| other.has(row));
        self.0.iter().flatten().all(is_in)
    }

    /// Whether it is both the others together: a row that is in both counts once.
    pub fn is_union(&self, one: &Self, other: &Self) -> bool {
        self.are_in(&[one, other]) && one.are_in(&[self]) && other.are_in(&[self])
    }

    pub fn rows(&self) -> u64 {
        self.0.iter().map(|alike| alike.len() as u64).sum()
    }
}

/// What of the members is in a home.
pub async fn rows_in(home: &Database, members: &Members) -> Result<RowSet> {
    let mut set = RowSet::new();
    for (table, (read, _)) in TABLES.iter().take(COMPARED).enumerate() {
        let mut after = 0;
        loop {
            let rows = home.ask(page(read, members, after)).await?;
            let Some(last) = rows.last() else { break };
            after = last.number("place");
            rows.each(|row| set.add(table, &row.text("row")));
        }
    }
    Ok(set)
}

fn page(read: &'static str, members: &Members, after: u64) -> Statement {
    Statement::new(read).text(&members.ids).number(after)
}

/// Copies all of the members' rows. The source goes on holding still meanwhile.
pub async fn copy(
    source: &Database,
    target: &Database,
    members: &Members,
    move_id: &str,
) -> Result<RowSet> {
    let mut set = RowSet::new();
    for (table, (read, write)) in TABLES.iter().enumerate() {
        let mut after = 0;
        loop {
            let extend = of_move(sql!("move_extend"), move_id);
            let next = Change::upkeep(extend).read(page(read, members, after));
            let [_, rows] = source.change(next).await?.rows()?;
            let Some(last) = rows.last() else { break };
            after = last.number("place");
            if table < COMPARED {
                rows.each(|row| set.add(table, &row.text("row")));
            }
            let texts = json::array(rows.texts("row"));
            let write = Statement::new(write).text(&texts).text(move_id);
            let mut write = Change::upkeep(of_move(sql!("move_landing"), move_id))
                .read(write)
                .read(of_move(sql!("move_landed"), move_id));
            if table == VERSIONS {
                let note = Statement::new(sql!("move_note_versions"));
                write = write.read(note.text(&texts));
            }
            target.change(write).await?;
        }
    }
    Ok(set)
}

/// The source goes on holding still, while something else is waited for.
pub async fn extend(source: &Database, move_id: &str) -> Result<()> {
    let extend = of_move(sql!("move_extend"), move_id);
    source.upkeep(extend).await.map(drop)
}

/// The source gives the members up, and their rows go: one transaction. False: it has not held still, so nothing is done.
pub async fn commit(
    source: &Database,
    members: &Members,
    trail: &Trail,
    user_id: &str,
) -> Result<bool> {
    let move_id = trail.event_id.as_str();
    let event = trail.statement(sql!("move_event")).text(user_id);
    let commit = of_move(sql!("move_commit"), move_id);
    let change = Change::new(move_id).event(event).then(commit);
    let change = change.then(note(move_id, "left"));
    let change = sweep(&members.ids, move_id)
        .into_iter()
        .fold(change, Change::then);
    let changed = source.change(change.read(state_of(move_id))).await?;
    let [state] = changed.rows()?;
    Ok(state.first_text("state").as_deref() == Some("moved"))
}

/// The move does not take place: the source need not hold still any longer.
pub async fn give_up(source: &Database, move_id: &str) -> Result<()> {
    let give_up = of_move(sql!("move_give_up"), move_id);
    source.upkeep(give_up).await.map(drop)
}

/// Brings the events that came after they were copied: recoveries go on while a user moves.
pub async fn bring_events(source: &Database, target: &Database, ids: &str) -> Result<()> {
    let (read, write) = EVENTS;
    loop {
        let page = Statement::new(read).text(ids).number(0);
        let rows = source.ask(page).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let texts = rows.texts("row");
        let event_ids = texts.iter().filter_map(|text| {
            let id = json::elements(text)?.first().copied()?;
            Some(id.to_owned())
        });
        let event_ids = json::array(event_ids);
        let write = Statement::new(write).text(&json::array(texts)).text("-");
        target.upkeep(write).await?;
        let gone = Statement::new(sql!("move_drop_events")).text(&event_ids);
        source.upkeep(gone).await?;
    }
}

/// A move that somebody has to see to, as a home's marks tell of it.
pub struct Unfinished {
    pub move_id: String,
    pub home: u32,
    /// The users' ids, as JSON.
    pub ids: String,
    /// The marks of the move here, as [`Gone`] has them.
    pub marks: String,
}

impl Unfinished {
    /// One of the users.
    pub fn first_user(&self) -> Option<Key> {
        let first = json::elements(&self.ids)?.into_iter().next()?;
        Some(Key::new(Kind::User, &json::text(first)?))
    }
}

/// Moves to a home that have been under way for an hour; moves away from it that have left events behind.
pub async fn unfinished(home: &Database) -> Result<(Vec<Unfinished>, Vec<Unfinished>)> {
    let [stale, left] = home
        .read(vec![
            Statement::new(sql!("move_stale")),
            Statement::new(sql!("move_left")),
        ])
        .await?
        .rows()?;
    Ok((read_unfinished(&stale), read_unfinished(&left)))
}

fn read_unfinished(rows: &Rows) -> Vec<Unfinished> {
    rows.each(|row| Unfinished {
        move_id: row.text("move"),
        home: home_of(row),
        ids: row.text("users"),
        marks: row.text("marks"),
    })
}

/// A move to a home that has not arrived. None: there is no such move (any more).
pub async fn arriving(home: &Database, move_id: &str) -> Result<Option<Unfinished>> {
    let rows = home.ask(of_move(sql!("move_arriving"), move_id)).await?;
    Ok(read_unfinished(&rows).pop())
}

/// How a move ended, as its source tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The source has given the users up.
    Moved,
    /// It has not, and will not: it holds still no more.
    BrokeOff,
}

/// None: the move goes on, or the source does not know of it. Then it is another database, or went back in time, and marks of before go.
/// `marks`: those of the target.
pub async fn end_of(source: &Database, move_id: &str, marks: &str) -> Result<Option<End>> {
    let end = of_move(sql!("move_end"), move_id).text(marks);
    let end = Change::upkeep(departed::past(marks)).read(end);
    let [_, end] = source.change(end).await?.rows()?;
    Ok(match end.first_text("ended").as_deref() {
        Some("moved") => Some(End::Moved),
        Some("broke off") => Some(End::BrokeOff),
        _ => None,
    })
}

/// A move has not brought the user, of which the target knows nothing any more: its second copy is told.
pub async fn broke_off(target: &Database, user_id: &str) -> Result<()> {
    let told = Statement::new(sql!("move_broke_off")).text(user_id);
    target.upkeep(told).await.map(drop)
}

/// What an interrupted move has left here goes.
pub async fn sweep_away(target: &Database, unfinished: &Unfinished) -> Result<()> {
    let Unfinished { move_id, ids, .. } = unfinished;
    let swept = swept(Change::new(""), ids, move_id).read(note(move_id, "broke off"));
    let give_up = of_move(sql!("move_give_up"), move_id);
    target.change(swept.read(give_up)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(rows: &[(usize, &str)]) -> RowSet {
        let mut set = RowSet::new();
        for (table, row) in rows {
            set.add(*table, row);
        }
        set
    }

    #[test]
    fn a_row_that_came_and_was_there_counts_once() {
        let before = set(&[(1, "a"), (2, "b")]);
        let came = set(&[(2, "b"), (2, "c")]);
        assert!(set(&[(2, "c"), (2, "b"), (1, "a")]).is_union(&before, &came));
        assert_eq!(came.rows(), 2);
    }

    #[test]
    fn a_row_that_is_missing_or_another_is_seen() {
        let before = set(&[(1, "a")]);
        let came = set(&[(2, "b")]);
        for there in [
            &[(1, "a")][..],
            &[(2, "b")],
            &[(1, "a"), (2, "b"), (2, "c")],
            &[(1, "a"), (1, "b")],
        ] {
            assert!(!set(there).is_union(&before, &came), "{there:?}");
        }
    }
}
