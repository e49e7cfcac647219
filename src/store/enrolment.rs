//! How a database becomes a home: the directory learns its identity, and the database its number.

use super::sql::sql;
use super::{Database, Row, Statement, canaries};
use crate::error::{Code, Error, Result};

/// What a database says of itself.
pub struct Found {
    identity: String,
    number: u64,
    has_users: bool,
    /// It is, or was, one of many.
    pub is_spread: bool,
    /// The identity of the lost home in whose place it was rebuilt.
    replaces: Option<String>,
}

pub async fn look(database: &Database) -> Result<Found> {
    let rows = database.ask(Statement::new(sql!("home_identity"))).await?;
    let found = rows.first().and_then(|row| {
        Some(Found {
            identity: row.optional("identity")?,
            number: row.number("home"),
            has_users: row.flag("has_users"),
            is_spread: row.flag("spread"),
            replaces: row.optional("replaces"),
        })
    });
    found.ok_or_else(|| misled(database, "its schema is older than the Worker"))
}

/// Enters a database as a home. A home that is entered into a directory which was lost brings its number with it; one that
/// has users, and another number or none, is not ours. `first` is home 0. `begins`: the directory is used for the first time.
/// False: somebody else has entered it.
pub async fn enter(
    database: &Database,
    found: &Found,
    directory: &Database,
    first: &Database,
    home: u32,
    place: Option<&str>,
    begins: bool,
) -> Result<bool> {
    // 1. Is it ours?
    if found.number != u64::from(home) && (found.has_users || found.is_spread) {
        return Err(misled(
            database,
            "the database has users already, and is not this home",
        ));
    }
    // 2. The database learns its number, and the keys: a wrong one seals nothing there, from the first share on.
    let learn = Statement::new(sql!("home_learn")).text(&home.to_string());
    database.upkeep(learn).await?;
    if home != 0 {
        canaries::copy(first, database).await?;
    }
    // 3. The directory learns of the database. Home 0 takes users at once; so does one whose users are there already. A home
    // that was part of a directory which was lost waits for the rebuilding.
    let state = if home == 0 { "open" } else { "new" };
    let enter = Statement::new(sql!("directory_enter"))
        .number(home.into())
        .text(&found.identity)
        .optional(place)
        .text(state);
    let begin = Statement::new(sql!("directory_begin"))
        .text(if found.has_users { "0" } else { "1" })
        .number(u64::from(begins && home == 0));
    let [entered, _] = directory.write(vec![enter, begin]).await?.rows()?;
    Ok(!entered.is_empty())
}

/// 409 if a home is to be rebuilt into a database that is another home.
pub async fn may_become(database: &Database, home: u32) -> Result<()> {
    let look = Statement::new(sql!("home_identity"));
    let rows = database.ask(look).await?;
    let is_another = |row: Row| row.flag("spread") && row.number("home") != u64::from(home);
    if rows.first().is_some_and(is_another) {
        return Err(Error::conflict(
            "This database is another home. Name the binding of a new one.",
        ));
    }
    Ok(())
}

/// A rebuilt database learns which home it is, and whose place it takes: that of the identity that the directory knows, which comes back. None:
/// the directory does not know the home.
pub async fn rebuilt(
    database: &Database,
    directory: &Database,
    first: &Database,
    home: u32,
) -> Result<Option<String>> {
    let Some(known) = super::routes::identity(directory, home).await? else {
        return Ok(None); // It is entered as it is.
    };
    let done = Statement::new(sql!("rebuild_done"))
        .text(&home.to_string())
        .text(&known);
    database.upkeep(done).await?;
    if home != 0 {
        canaries::copy(first, database).await?;
    }
    Ok(Some(known))
}

/// A database that was rebuilt in the place of the one that the directory knows by `known` is that home from now on: its
/// identity. None: it is another database.
pub async fn take_over(
    database: &Database,
    directory: &Database,
    home: u32,
    known: &str,
) -> Result<Option<String>> {
    let found = look(database).await?;
    let takes_over = found.is_spread
        && found.number == u64::from(home)
        && found.replaces.as_deref() == Some(known);
    if !takes_over {
        return Ok(None);
    }
    let replace = Statement::new(sql!("directory_replace"))
        .number(home.into())
        .text(&found.identity)
        .text(known);
    directory.write(vec![replace]).await?;
    Ok(Some(found.identity))
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
