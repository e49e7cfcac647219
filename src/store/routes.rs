//! The directory: which home a user is in. And what a home is asked for the directory's sake.

use super::attempts::QUICK;
use super::audit::Trail;
use super::sql::sql;
use super::{Change, Database, Row, Rows, Statement};
use crate::domain::homes::{Key, Kind, Route, Said, said};
use crate::domain::json;
use crate::error::Result;

/// What the directory knows of a home.
#[derive(Debug, Clone)]
pub struct Home {
    pub home: u32,
    pub identity: String,
    pub state: String,
    pub bytes: Option<u64>,
    pub users: Option<u64>,
    /// When the background last served it.
    pub seen_at: Option<String>,
}

/// Whether every user outside home 0 has routes: nothing in a directory that is blank. And how many clients webhooks brought today.
const COMPLETE: &str = "SELECT value, (SELECT users FROM webhook_registrations WHERE day = date('now')) AS brought FROM meta WHERE name = 'complete'";

pub(super) fn hex_of(keys: &[Key]) -> String {
    json::texts(keys.iter().map(|key| key.hex.as_str()))
}

fn numbers(homes: &[u32]) -> String {
    json::array(homes.iter().map(ToString::to_string))
}

pub(super) fn home_of(row: &Row) -> u32 {
    u32::try_from(row.number("home")).unwrap_or(u32::MAX)
}

/// Where the directory says that a user is, and the identity of that home.
pub async fn find(directory: &Database, key: &Key) -> Result<(Said, Option<String>)> {
    let statement = Statement::new(sql!("directory_route")).text(&key.hex);
    let results = directory.read_within(QUICK, &[statement]).await?;
    let [rows] = results.rows()?;
    let row = rows.first();
    let home = row.as_ref().filter(|row| row.has("home")).map(home_of);
    let complete = row.as_ref().and_then(|row| row.optional("complete"));
    let identity = row.and_then(|row| row.optional("identity"));
    Ok((said(home, complete.as_deref()), identity))
}

/// The identity that the directory knows a home by.
pub async fn identity(directory: &Database, home: u32) -> Result<Option<String>> {
    let statement = Statement::new(sql!("directory_identity")).number(home.into());
    let [rows] = directory.read_within(QUICK, &[statement]).await?.rows()?;
    Ok(rows.first_text("identity"))
}

/// The routes of the keys that have one.
pub async fn find_all(directory: &Database, keys: &[Key]) -> Result<Vec<Route>> {
    let statement = Statement::new(sql!("directory_claimed")).text(&hex_of(keys));
    let [rows] = directory.write(vec![statement]).await?.rows()?;
    Ok(read_routes(&rows))
}

/// Which homes a claim may lead to.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub homes: Vec<u32>,
    /// Also one that takes no new users: for what belongs to a user who is there.
    pub any_state: bool,
    /// For a client that a webhook names: so many whom nobody knows are let in a day.
    pub most_a_day: Option<u32>,
}

/// What the directory said to a claim.
pub enum Claim {
    /// It is blank, and nothing was claimed.
    Blank,
    /// Webhooks have brought as many clients as they may today, and nobody knows this one.
    TooMany,
    /// All routes of the keys; see [`claimed`](crate::domain::homes::claimed).
    Routes(Vec<Route>),
}

/// Claims the keys for a registration, in one of the homes `wanted`.
pub async fn claim(
    directory: &Database,
    keys: &[Key],
    wanted: &Wanted,
    claim: &str,
) -> Result<Claim> {
    let client = keys.iter().find(|key| key.kind == Kind::Client);
    let client = client.map(|key| key.hex.as_str());
    let limited = client.filter(|_| wanted.most_a_day.is_some());
    let (keys, any_state) = (hex_of(keys), u64::from(wanted.any_state));
    let homes = numbers(&wanted.homes);
    let of_keys = |sql| Statement::new(sql).text(&keys);
    let [_, _, _, complete, routes] = directory
        .write(vec![
            Statement::new(sql!("directory_count_registration"))
                .optional(limited)
                .number(wanted.most_a_day.unwrap_or_default().into())
                .text(&homes),
            of_keys(sql!("directory_claim_routes"))
                .text(&homes)
                .number(any_state)
                .optional(limited),
            of_keys(sql!("directory_claim")).text(&homes).text(claim),
            Statement::new(COMPLETE),
            of_keys(sql!("directory_claimed")),
        ])
        .await?
        .rows()?;
    let routes = read_routes(&routes);
    let Some(complete) = complete.first() else {
        return Ok(Claim::Blank);
    };
    let is_known = |key: &str| {
        routes
            .iter()
            .any(|route| route.key.eq_ignore_ascii_case(key))
    };
    let is_over = wanted
        .most_a_day
        .is_some_and(|most| complete.number("brought") >= most.into())
        && complete.text("value") == "1";
    Ok(match limited {
        Some(client) if is_over && !is_known(client) => Claim::TooMany,
        _ => Claim::Routes(routes),
    })
}

fn read_routes(rows: &Rows) -> Vec<Route> {
    let read = |row: &Row| Route {
        key: row.text("key"),
        home: home_of(row),
        identity: row.optional("identity"),
        stamp: row.text("stamp"),
        claims: row.text("claims"),
    };
    rows.each(read)
}

/// A registration is over: whatever became of it, none of its attempts can end any more but with the same outcome.
pub async fn settle(directory: &Database, keys: &[Key], claim: &str) -> Result<()> {
    let settle = Statement::new(sql!("directory_settle"))
        .text(&hex_of(keys))
        .text(claim);
    directory.write(vec![settle]).await.map(drop)
}

/// Asks a home to let a route go, of whose claims none can be carried out there from then on. False: somebody stands behind it.
pub async fn release(home: &Database, trail: &Trail, key: &Key, route: &Route) -> Result<bool> {
    let kind = key.kind.as_str();
    let fence = trail
        .statement(sql!("home_release"))
        .text(kind)
        .text(&key.value)
        .text(&route.claims);
    let stands_behind = Statement::new(sql!("home_stands_behind"))
        .text(kind)
        .text(&key.value);
    let release = Change::upkeep(fence).read(stands_behind);
    let [_, kept] = home.change(release).await?.rows()?;
    Ok(kept.first().is_some_and(|row| row.number("kept") == 0))
}

/// Whether a home has taken the id of this request's claims away: then nothing of it was carried out there.
pub async fn is_fenced(home: &Database, trail: &Trail) -> Result<bool> {
    let event = Statement::new("SELECT 1 FROM audit_events WHERE id = ?1").text(&trail.event_id);
    let rows = home.ask(event).await?;
    Ok(!rows.is_empty())
}

/// Takes a route that its home has released out of the directory, if it is still the one that was read.
pub async fn drop_route(directory: &Database, route: &Route) -> Result<()> {
    let of_route = |sql| {
        Statement::new(sql)
            .text(&route.key)
            .number(route.home.into())
            .text(&route.stamp)
    };
    directory
        .write(vec![
            of_route(sql!("directory_drop_claims")).text(&route.claims),
            of_route(sql!("directory_drop_route")),
        ])
        .await
        .map(drop)
}

/// The statement that asks a home whether it has a user; [`read_probe`] reads its rows.
pub fn probe(key: &Key) -> Statement {
    Statement::new(sql!("home_probe"))
        .text(key.kind.as_str())
        .text(&key.value)
}

/// What a home has of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    Nothing,
    /// A user that was deleted, and can be restored.
    Deleted,
    /// A user that has moved away: the home says where to.
    Moved,
    User,
}

pub fn read_probe(rows: &Rows) -> Found {
    match rows.first_number("found") {
        0 => Found::Nothing,
        1 => Found::Deleted,
        2 => Found::Moved,
        _ => Found::User,
    }
}

/// The next homes to be served in the background, of those that are bound: each within so many runs.
pub async fn turns(directory: &Database, bound: &[u32], runs: u64) -> Result<Vec<u32>> {
    let turns = Statement::new(sql!("directory_turns"))
        .text(&numbers(bound))
        .number(runs);
    let [rows] = directory.write(vec![turns]).await?.rows()?;
    Ok(rows.each(home_of))
}

/// All homes that the directory knows, and whether it knows every user that is outside home 0.
pub async fn homes(directory: &Database) -> Result<(Vec<Home>, Option<String>)> {
    let [homes, complete] = directory
        .write(vec![
            Statement::new(sql!("directory_homes")),
            Statement::new(COMPLETE),
        ])
        .await?
        .rows()?;
    let read = |row: &Row| Home {
        home: home_of(row),
        identity: row.text("identity"),
        state: row.text("state"),
        bytes: row.has("bytes").then(|| row.number("bytes")),
        users: row.has("users").then(|| row.number("users")),
        seen_at: row.optional("seen_at"),
    };
    let homes = homes.each(read);
    Ok((homes, complete.first_text("value")))
}

/// The keys lead to the home `to` now, where they led to the home `from`.
pub async fn moved(directory: &Database, keys: &[Key], from: u32, to: u32) -> Result<()> {
    let statement = Statement::new(sql!("directory_moved"))
        .text(&hex_of(keys))
        .number(from.into())
        .number(to.into());
    directory.write(vec![statement]).await.map(drop)
}

/// Opens a home to new users, or closes it. False: it cannot be opened before everybody has routes. None: there is no such home.
pub async fn set_state(directory: &Database, home: u32, state: &str) -> Result<Option<bool>> {
    let set = Statement::new(sql!("directory_set_state"))
        .number(home.into())
        .text(state);
    let known = Statement::new(sql!("directory_identity")).number(home.into());
    let [set, known] = directory.write(vec![set, known]).await?.rows()?;
    Ok((!known.is_empty()).then_some(!set.is_empty()))
}

/// What a background run has seen of a home.
pub struct Seen<'a> {
    pub home: u32,
    pub bytes: u64,
    pub users: u64,
    pub closes_at_bytes: u64,
    pub place: Option<&'a str>,
}

/// Notes what was seen. A home that has become too large takes no new users any more. Answers with its state, and with when that was.
pub async fn seen(
    directory: &Database,
    seen: &Seen<'_>,
) -> Result<(Option<String>, Option<String>)> {
    let statement = Statement::new(sql!("directory_seen"))
        .number(seen.home.into())
        .number(seen.bytes)
        .number(seen.users)
        .number(seen.closes_at_bytes)
        .optional(seen.place);
    let [rows] = directory.write(vec![statement]).await?.rows()?;
    Ok((rows.first_text("state"), rows.first_text("seen_at")))
}
