//! The walk that keeps the directory right: page by page, every user of a home has routes that lead there.

use super::routes::{hex_of, home_of};
use super::sql::sql;
use super::{Database, Row, Statement, meta};
use crate::domain::homes::Key;
use crate::domain::json;
use crate::error::Result;

const USERS_PER_PAGE: u64 = 1_000;

/// A user, registered or deleted.
pub struct User {
    pub id: String,
    pub client_id: String,
    /// Of a deleted user none: somebody else may have it by now.
    pub hash: Option<String>,
    /// Else it was deleted.
    pub is_user: bool,
    /// On its way here: the home that it comes from is the authority.
    pub is_arriving: bool,
}

pub struct Page {
    pub users: Vec<User>,
    /// The last id whose rows are all in this page or before; None at the end of the walk.
    pub last: Option<String>,
}

/// The users behind an id; without one, behind those of the walk's last page.
pub async fn next_users(home: &Database, after: Option<&str>) -> Result<Page> {
    let statement = Statement::new(sql!("walk_users"))
        .number(USERS_PER_PAGE)
        .optional(after);
    let rows = home.ask(statement).await?;
    let read = |row: &Row| User {
        id: row.text("id"),
        client_id: row.text("client_id"),
        hash: row.optional("client_api_key_hash"),
        is_user: row.flag("is_user"),
        is_arriving: row.flag("is_arriving"),
    };
    let is_last = u64::from(rows.count()) < USERS_PER_PAGE;
    let users = rows.each(read);
    // The next page begins with the last id, of which there may be more rows: unless this one has nothing else.
    let end = users.last().map(|user| user.id.as_str());
    let mut whole = users.iter().rev().map(|user| user.id.as_str());
    let last = whole.find(|id| Some(*id) != end).or(end);
    let last = last.filter(|_| !is_last).map(str::to_owned);
    Ok(Page { users, last })
}

/// Where the walk stands in a home; None: it begins anew.
pub async fn remember_place(home: &Database, id: Option<&str>) -> Result<()> {
    let place = meta::put("routes", id.unwrap_or_default());
    home.upkeep(place).await.map(drop)
}

/// A route that leads to another home than the one that has the user.
pub struct Astray {
    /// Of its key, among those that were asked for.
    pub place: usize,
    pub home: u32,
    /// In hex.
    key: String,
    stamp: String,
}

fn place_of(row: &Row) -> usize {
    usize::try_from(row.number("place")).unwrap_or(usize::MAX)
}

/// The keys of users and of others that have no route lead to this home. Those of users that lead elsewhere.
pub async fn enter(
    directory: &Database,
    users: &[Key],
    others: &[Key],
    home: u32,
) -> Result<Vec<Astray>> {
    let of_keys = |sql, keys: &[Key]| Statement::new(sql).text(&hex_of(keys)).number(home.into());
    let statements = vec![
        of_keys(sql!("directory_fill"), users),
        of_keys(sql!("directory_fill"), others),
        of_keys(sql!("directory_elsewhere"), users),
    ];
    let [_, _, elsewhere] = directory.write(statements).await?.rows()?;
    let read = |row: &Row| Astray {
        place: place_of(row),
        home: home_of(row),
        key: row.text("key"),
        stamp: row.text("stamp"),
    };
    Ok(elsewhere.each(read))
}

/// Behind each of the keys: in how many of these homes a user is, up to the first one without it. One after the other.
pub async fn present(homes: &[&Database], keys: &[&Key]) -> Result<Vec<usize>> {
    let texts = json::array(keys.iter().map(|key| key.to_json()));
    let mut found = vec![0; keys.len()];
    for (before, home) in homes.iter().enumerate() {
        let present = Statement::new(sql!("walk_present")).text(&texts);
        let rows = home.ask(present).await?;
        for row in rows.read() {
            if let Some(found) = found.get_mut(place_of(&row))
                && *found == before
            {
                *found += 1;
            }
        }
    }
    Ok(found)
}

/// The routes lead to this home now, if they are still those that were read.
pub async fn correct(directory: &Database, astray: &[&Astray], home: u32) -> Result<()> {
    let texts = astray
        .iter()
        .map(|route| json::texts([route.key.as_str(), &route.stamp]));
    let correct = Statement::new(sql!("directory_correct"))
        .text(&json::array(texts))
        .number(home.into());
    directory.write(vec![correct]).await.map(drop)
}

/// Every user outside home 0 has routes: no row means that nobody is known.
pub async fn complete(directory: &Database) -> Result<()> {
    let statements = vec![
        Statement::new(sql!("directory_complete")),
        Statement::new(sql!("directory_forget_seen")),
    ];
    directory.write(statements).await.map(drop)
}

/// The directory may lack users, as one that was lost does: it has to be rebuilt.
pub async fn incomplete(directory: &Database) -> Result<()> {
    let statements = vec![
        Statement::new(sql!("directory_incomplete")),
        Statement::new(sql!("directory_forget_seen")),
    ];
    directory.write(statements).await.map(drop)
}

/// When the directory last noted what it saw of a home, as the home was told.
pub async fn told_seen(home: &Database) -> Result<Option<String>> {
    const TOLD: &str = "SELECT value FROM meta WHERE name = 'directory_seen'";
    let rows = home.ask(Statement::new(TOLD)).await?;
    Ok(rows.first_text("value"))
}

pub async fn tell_seen(home: &Database, at: &str) -> Result<()> {
    let tell = Statement::new(sql!("meta_put"))
        .text("directory_seen")
        .text(at);
    home.upkeep(tell).await.map(drop)
}

/// Forgets registrations that were begun more than a day ago.
pub async fn drop_old_claims(directory: &Database) -> Result<()> {
    let statement = Statement::new(sql!("directory_old_claims"));
    directory.write(vec![statement]).await.map(drop)
}

/// How many users a home has, roughly: without counting them.
pub async fn estimate_of_users(home: &Database) -> Result<u64> {
    let statement = Statement::new("SELECT coalesce(max(rowid), 0) AS n FROM users");
    let rows = home.ask(statement).await?;
    Ok(rows.first_number("n"))
}
