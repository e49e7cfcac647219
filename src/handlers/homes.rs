//! The operators' routes about the databases: how full each is, whether it takes new users, moving a user.

use crate::auth::admin::Admin;
use crate::config::binding_of;
use crate::domain::body::{parse_cursor_field, parse_home, parse_is_open};
use crate::domain::homes::parse_cursor;
use crate::domain::json::{self, Writer};
use crate::domain::names::UserId;
use crate::domain::number::whole;
use crate::error::{Error, Result};
use crate::handlers::status::Status;
use crate::handlers::users::one_home;
use crate::homes::Round;
use crate::http::{Answer, Call};
use crate::store::{Database, audit, routes};

/// So many homes are asked for a status at most; of more, only the users and bytes that the background saw last are added up.
const MAX_ASKED: usize = 60;

/// The status of all homes, of `?home=` alone if that is given: now, if they are not too many.
pub async fn status(call: &Call<'_>) -> Result<Status> {
    let only = one_home(call)?;
    let (known, _) = routes::homes(&call.homes.directory()?).await?;
    let settings = call.homes.settings();
    let asked = match only {
        Some(only) => vec![call.homes.home(only).await?],
        None if settings.bound.len() <= MAX_ASKED => call.homes.all().await?,
        None => Vec::new(),
    };
    let mut sum = Status::default();
    (sum.bytes, sum.users) = (Some(0), Some(0));
    let mut shown = Vec::new();
    for home in settings.bound.iter().copied() {
        if only.is_some_and(|only| only != home) {
            continue;
        }
        let entry = known.iter().find(|known| known.home == home);
        let now = match asked.iter().find(|db| db.home() == home) {
            Some(db) => Status::read(db, call.vault).await.ok(),
            None => None,
        };
        let bytes = now.as_ref().and_then(|now| now.bytes);
        let bytes = bytes.or_else(|| entry?.bytes);
        let users = now.as_ref().and_then(|now| now.users);
        let users = users.or_else(|| entry?.users);
        let writer = Writer::default()
            .number("home", home.into())
            .text("binding", &binding_of(home))
            .optional("place", settings.place_of(home))
            .text("state", entry.map_or("new", |entry| entry.state.as_str()))
            .optional_number("bytes", bytes)
            .optional_number("users", users)
            .optional_number(
                "schema",
                now.as_ref().and_then(|now| now.schema).map(u64::from),
            )
            .optional("seenAt", entry.and_then(|entry| entry.seen_at.as_deref()));
        shown.push(writer.end());
        let add = |sum: Option<u64>, number: Option<u64>| Some(sum? + number?);
        (sum.bytes, sum.users) = (add(sum.bytes, bytes), add(sum.users, users));
        match now {
            Some(now) => sum.add(now),
            None => sum.is_partial = true,
        }
    }
    sum.homes = Some(json::array(shown));
    Ok(sum)
}

/// Opens a home to new users, or closes it.
pub async fn set_state(_: &Admin, call: &Call<'_>, home: &UserId) -> Result<Answer> {
    // The path's name, of which the router knows one kind only.
    let home: u32 =
        whole(home.as_str()).ok_or_else(|| Error::field("home", "be the number of a database"))?;
    let is_open = parse_is_open(&call.json_body().await?)?;
    if !call.homes.are_many() {
        return Err(Error::conflict(
            "There is one database only. npm run deploy -- --add-home adds another.",
        ));
    }
    let state = if is_open { "open" } else { "closed" };
    match routes::set_state(&call.homes.directory()?, home, state).await? {
        Some(true) => {}
        Some(false) => {
            return Err(Error::conflict(
                "The directory does not know everybody yet, so this database stays closed. It opens by itself; POST /admin/directory/rebuild hurries that.",
            ));
        }
        None => {
            return Err(Error::not_found(
                "No database has this number. GET /admin/status lists them.",
            ));
        }
    }
    call.db.because(Some(binding_of(home)));
    let outcome = if is_open { "opened" } else { "closed" };
    audit::note("set_home_state", call.db, &call.trail, None, outcome).await?;
    let answer = Writer::default()
        .number("home", home.into())
        .text("state", state);
    Ok(Answer::ok(answer))
}

/// Fills the directory anew from the homes, a page at a time: its `cursor` is that of the next request, null at the end.
pub async fn rebuild_directory(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let body = call.optional_json_body().await?;
    let cursor = parse_cursor_field(&body)?;
    if !call.homes.are_many() {
        return Err(Error::conflict("There is no directory to rebuild."));
    }
    let place = cursor.as_deref().map(|text| {
        let (home, text) = parse_cursor(text)?;
        let (round, after) = Round::parse(text)?;
        Some((round, home, after))
    });
    let place = match place {
        Some(None) => return Err(Error::field("cursor", "be one that this route has given")),
        place => place.flatten(),
    };
    let is_first = place.is_none();
    let (next, users) = call.homes.rebuild(place).await?;
    // The first page's event is that of all.
    if is_first {
        let (db, trail) = (call.db, &call.trail);
        audit::note("rebuild_directory", db, trail, None, "rebuilt").await?;
    }
    let cursor = next.map(|(round, home, after)| format!("{home}:{}:{after}", round.to_text()));
    let answer = Writer::default()
        .number("users", users)
        .optional("cursor", cursor.as_deref());
    Ok(Answer::ok(answer))
}

/// Moves a user into another database: shares, history, audit events, deletions.
pub async fn move_user(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let home = parse_home(&call.json_body().await?)?;
    call.homes.check_number(home)?;
    let copy = async |target: &Database, after| match &call.copier {
        Some(copier) => copier.copy_page(target, after).await,
        None => Ok(None),
    };
    let moving = call.homes.move_user(user_id, home, &call.trail, copy);
    let moved = moving.await?;
    let answer = Writer::default()
        .text("id", user_id.as_str())
        .number("from", moved.from.into())
        .number("home", home.into())
        .number("rows", moved.rows);
    Ok(Answer::ok(answer))
}
