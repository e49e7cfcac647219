//! What operators ask of the whole database: how much there is, and under which keys.

use super::maintenance::scrub_note;
use super::sql::sql;
use super::{Database, Row, Rows, Statement, ask_each, health, purges};
use crate::domain::sorted::sorted_by;
use crate::error::{Error, Result};

/// How many shares, history included, are sealed under a key.
#[derive(Clone)]
pub struct KeyUse {
    pub id: String,
    pub shares: u64,
}

/// Counts, over the index that exists for this: a key removed too early bricks shares.
const KEY_USE: &str = sql!("key_use");

pub async fn key_use(db: &Database) -> Result<Vec<KeyUse>> {
    let rows = db.ask(Statement::new(KEY_USE)).await?;
    Ok(read_key_use(&rows))
}

/// Of all homes together. An error if one of them does not answer: a partial count would let a key go that is needed.
pub async fn key_use_of_all(homes: &[Database]) -> Result<Vec<KeyUse>> {
    let mut sum = Vec::new();
    for (home, answer) in homes
        .iter()
        .zip(ask_each(homes, &Statement::new(KEY_USE)).await)
    {
        let rows = answer.map_err(|error| {
            let binding = home.which().binding();
            error.detailed(format!(
                "The database {binding} does not answer, so its shares cannot be counted. Try again after the time in Retry-After."
            ))
        })?;
        add_up(&mut sum, read_key_use(&rows));
    }
    Ok(sum)
}

/// Adds the counts of another home.
pub fn add_up(sum: &mut Vec<KeyUse>, more: Vec<KeyUse>) {
    for key in more {
        match sum.iter_mut().find(|known| known.id == key.id) {
            Some(known) => known.shares += key.shares,
            None => sum.push(key),
        }
    }
    *sum = sorted_by(std::mem::take(sum), |a, b| a.id < b.id);
}

fn read_key_use(rows: &Rows) -> Vec<KeyUse> {
    let read = |row: &Row| KeyUse {
        id: row.text("key_id"),
        shares: row.number("shares"),
    };
    rows.each(read)
}

/// What an operator wants to know of the whole database.
pub struct Status {
    /// Current ones.
    pub shares: u64,
    pub users: u64,
    pub keys: Vec<KeyUse>,
    pub canaries: Vec<health::Canary>,
    /// None: there are too many user shares to count them now.
    pub half_finished: Option<u64>,
    pub scrub_note: Option<String>,
    /// The purges that wait, as JSON.
    pub purges: String,
    /// Those whose time has come.
    pub purges_due: u64,
    pub schema_version: Option<u32>,
}

/// Up to this many user shares, half-finished backups are counted when asked for: counting reads every row, and the database
/// does one thing at a time.
const COUNT_AT_ONCE: u64 = 50_000;

/// One batch, so the numbers are of one moment.
pub async fn status(db: &Database) -> Result<Status> {
    let half_finished = Statement::new(sql!("half_finished_count"))
        .number(0)
        .number(COUNT_AT_ONCE)
        .number(COUNT_AT_ONCE);
    let [
        counts,
        half_finished,
        keys,
        note,
        purges,
        due,
        schema,
        canaries,
    ] = db
        .read(vec![
            Statement::new(sql!("status_counts")).number(COUNT_AT_ONCE),
            half_finished,
            Statement::new(KEY_USE),
            scrub_note(),
            purges::waiting(),
            purges::count_due(),
            health::schema(),
            health::canaries(),
        ])
        .await?
        .rows()?;
    let counts = counts.first().ok_or_else(|| Error::internal("no counts"))?;
    Ok(Status {
        shares: counts.number("shares"),
        users: counts.number("users"),
        keys: read_key_use(&keys),
        canaries: health::read_canaries(&canaries),
        half_finished: (!counts.flag("too_many")).then(|| half_finished.first_number("n")),
        scrub_note: note.first_text("value"),
        purges: purges.to_json(),
        purges_due: due.first_number("n"),
        schema_version: health::schema_version(&schema),
    })
}
