//! Those who have left a home: their marks in `moves` lead on, until nobody needs them any more.

use super::routes::home_of;
use super::sql::sql;
use super::{Change, Database, Statement, ask_each};
use crate::domain::json;
use crate::domain::secret::CredentialHash;
use crate::error::Result;

/// Some of those who have left a home, by the home that they went to: their marks, as JSON.
pub async fn departed(home: &Database) -> Result<Vec<(u32, String)>> {
    let departed = Statement::new(sql!("move_departed"));
    let rows = home.ask(departed).await?;
    Ok(rows.each(|row| (home_of(row), row.text("marks"))))
}

/// The marks of another home lead here: those of this one go that are of a past before.
pub(super) fn past(marks: &str) -> Statement {
    Statement::new(sql!("move_past")).text(marks)
}

/// Of the marks of a home those go that are of a past before: another home's marks lead there.
pub async fn forget_past(home: &Database, marks: &str) -> Result<()> {
    home.upkeep(past(marks)).await.map(drop)
}

/// The marks of those who have left a home go if nobody stands behind them at the target any more: they were erased, so their
/// second copy at the home is erased too. Whether any went. At the target marks of a past before go.
pub async fn forget(home: &Database, target: &Database, marks: &str) -> Result<bool> {
    let gone = Statement::new(sql!("move_gone")).text(marks);
    let gone = Change::upkeep(past(marks)).read(gone);
    let [_, gone] = target.change(gone).await?.rows()?;
    if gone.is_empty() {
        return Ok(false);
    }
    let gone = json::array(gone.texts("mark"));
    let purged = Statement::new(sql!("move_note_purged")).text(&gone);
    let forget = Statement::new(sql!("move_forget")).text(&gone);
    let forgotten = Change::upkeep(purged).read(forget);
    let [_, rows] = home.change(forgotten).await?.rows()?;
    Ok(!rows.is_empty())
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
