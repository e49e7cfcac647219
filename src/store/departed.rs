//! Those who have left a home: their marks in `moves` lead on, until nobody needs them any more.

use super::routes::home_of;
use super::sql::sql;
use super::{Change, Database, Statement, ask_each};
use crate::domain::json;
use crate::domain::secret::CredentialHash;
use crate::error::Result;

/// Of somebody who has left a home.
pub struct Mark {
    pub kind: String,
    pub value: String,
    pub move_id: String,
}

/// Some of those who have left a home, by the home that they went to.
pub async fn departed(home: &Database) -> Result<Vec<(u32, Vec<Mark>)>> {
    let departed = Statement::new(sql!("move_departed"));
    let rows = home.ask(departed).await?;
    let mut by_home: Vec<(u32, Vec<Mark>)> = Vec::new();
    for row in rows.read() {
        let home = home_of(&row);
        let mark = Mark {
            kind: row.text("kind"),
            value: row.text("value"),
            move_id: row.text("move"),
        };
        match by_home.iter_mut().find(|(other, _)| *other == home) {
            Some((_, marks)) => marks.push(mark),
            None => by_home.push((home, vec![mark])),
        }
    }
    Ok(by_home)
}

/// The marks of those who have left a home go if nobody stands behind them at the target any more: they were erased, so their
/// second copy at the home is erased too. How many went.
pub async fn forget(home: &Database, target: &Database, marks: &[Mark]) -> Result<usize> {
    let texts = |marks: &mut dyn Iterator<Item = &Mark>| {
        json::array(marks.map(|mark| json::texts([mark.kind.as_str(), &mark.value, &mark.move_id])))
    };
    let stands = Statement::new(sql!("move_stands")).text(&texts(&mut marks.iter()));
    let rows = target.ask(stands).await?;
    let standing = rows.each(|row| [row.text("kind"), row.text("value")]);
    let is_gone = |mark: &&Mark| {
        !standing
            .iter()
            .any(|[kind, value]| *kind == mark.kind && *value == mark.value)
    };
    if !marks.iter().any(|mark| is_gone(&mark)) {
        return Ok(0);
    }
    let gone = texts(&mut marks.iter().filter(is_gone));
    let purged = Statement::new(sql!("move_note_purged")).text(&gone);
    let forget = Statement::new(sql!("move_forget")).text(&gone);
    let forgotten = Change::upkeep(purged).read(forget);
    let [_, rows] = home.change(forgotten).await?.rows()?;
    Ok(rows.count() as usize)
}

/// Marks that nobody needs any more go.
pub async fn expire(home: &Database) -> Result<()> {
    let expire = Statement::new(sql!("move_expire"));
    let expire = Change::upkeep(expire)
        .read(Statement::new(sql!("arrivals_expire")))
        .read(Statement::new(sql!("ended_moves_expire")));
    home.change(expire).await.map(drop)
}

/// When somebody has last left each of the homes, by its own clock, as one text to be compared.
pub async fn last_moves(homes: &[Database]) -> Result<String> {
    let last = Statement::new(sql!("move_last"));
    let mut all = String::new();
    for rows in ask_each(homes, &last).await {
        all.push_str(&rows?.first_text("at").unwrap_or_default());
        all.push_str(",");
    }
    Ok(CredentialHash::of(&all).to_hex())
}
