//! How a database becomes a home: the directory learns its identity, and the database its number.

use super::sql::sql;
use super::{Change, Database, Statement, canaries};
use crate::error::{Code, Error, Result};

/// Enters a database as a home. A home that is entered into a directory which was lost brings its number with it; one that
/// has users, and another number or none, is not ours. `first` is home 0. False: somebody else has entered it.
pub async fn enter(
    database: &Database,
    directory: &Database,
    first: &Database,
    home: u32,
    place: Option<&str>,
    is_complete: bool,
) -> Result<bool> {
    // 1. What is it?
    let [found] = database
        .read(vec![Statement::new(sql!("home_identity"))])
        .await?
        .rows()?;
    let found = found.first();
    let identity = found.as_ref().and_then(|row| row.optional("identity"));
    let number = found.as_ref().map(|row| row.number("home"));
    let has_users = found
        .as_ref()
        .is_some_and(|row| row.number("has_users") != 0);
    let is_spread = found.as_ref().is_some_and(|row| row.number("spread") != 0);
    let Some(identity) = identity else {
        return Err(misled(database, "its schema is older than the Worker"));
    };
    if number != Some(home.into()) && (has_users || is_spread) {
        return Err(misled(
            database,
            "the database has users already, and is not this home",
        ));
    }
    // 2. The database learns its number, and the keys: a wrong one seals nothing there, from the first share on.
    let learn = Statement::new(sql!("home_learn")).text(&home.to_string());
    database.change(Change::upkeep(learn)).await?;
    if home != 0 {
        canaries::copy(first, database).await?;
    }
    // 3. The directory learns of the database. Home 0 takes users at once; so does one whose users are there already. A home
    // that was part of a directory which was lost waits for the rebuilding.
    let state = if home == 0 { "open" } else { "new" };
    let enter = Statement::new(sql!("directory_enter"))
        .number(home.into())
        .text(&identity)
        .optional(place)
        .text(state);
    // A directory that is blank, and a home 0 that was part of one: it was lost. Only a rebuild makes it whole.
    let begins = home == 0 && !is_complete && !is_spread;
    let begin = Statement::new(sql!("directory_begin"))
        .text(if has_users { "0" } else { "1" })
        .number(u64::from(begins));
    let [entered, _] = directory.write(vec![enter, begin]).await?.rows()?;
    Ok(!entered.is_empty())
}

/// Opens the new homes, once every user of home 0 has routes. Whether there were any.
pub async fn open(directory: &Database) -> Result<bool> {
    let open = Statement::new(sql!("directory_open"));
    let [opened] = directory.write(vec![open]).await?.rows()?;
    Ok(!opened.is_empty())
}

fn misled(database: &Database, why: &str) -> Error {
    let cause = format!("{}: {why}", database.which().binding());
    Error::new(
        Code::Misconfigured,
        "A binding is wrong; the Worker's log names it.",
    )
    .caused_by(cause)
}
