//! The escrow of the sealing keys, as far as the database keeps it: the age file of each key, and a check of which key it is.

use super::audit::{Actor, Event, Trail};
use super::sql::sql;
use super::{Change, Database, Row, Statement, meta};
use crate::domain::json::{self, Writer};
use crate::domain::rebuild::Escrow;
use crate::error::Result;
use crate::platform::{format_date, now_ms};

/// Keeps the escrow of keys, each in the place of what was there of it.
pub async fn keep(db: &Database, trail: &Trail, escrows: &[Escrow]) -> Result<()> {
    let at = format_date(now_ms());
    let put = |escrow: &Escrow| {
        let value = Writer::default()
            .text("check", &escrow.check)
            .text("at", &at)
            .text("age", &escrow.age)
            .end();
        meta::put(&format!("escrow/{}", escrow.id), &value)
    };
    let event = trail.event(&Event {
        actor: Actor::Admin,
        action: "escrow_keys",
        user_id: None,
        client_id: None,
        outcome: "kept",
    });
    let change = Change::new(&trail.event_id).event(event);
    let change = escrows.iter().map(put).fold(change, Change::then);
    db.change(change).await?.done()
}

/// How the escrow of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Kept,
    Missing,
    /// What is kept is another key.
    Another,
}

/// How the escrow is of each of these keys: of all that the setting has, for any database may have shares under one.
pub async fn states<'a>(
    db: &Database,
    keys: impl Iterator<Item = &'a str>,
) -> Result<Vec<(String, State)>> {
    let states = Statement::new(sql!("escrow_states")).text(&json::texts(keys));
    let rows = db.ask(states).await?;
    let read = |row: &Row| {
        let state = match row.text("state").as_str() {
            "kept" => State::Kept,
            "missing" => State::Missing,
            _ => State::Another,
        };
        (row.text("key_id"), state)
    };
    Ok(rows.each(read))
}
