//! `GET /admin/export`: everything that is stored, for a copy elsewhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::auth::admin::Admin;
use crate::domain::homes::parse_cursor;
use crate::domain::json::{self, Writer};
use crate::domain::url;
use crate::error::{Error, Result};
use crate::homes::Round;
use crate::http::{Answer, Call};
use crate::store::export::{Export, Next, Place};

/// A page of everything that is stored. Shares leave as they are kept, sealed: the operator's token alone opens none.
pub async fn export(admin: &Admin, call: &Call<'_>) -> Result<Answer> {
    let (round, first, after) = match url::query_value(call.query, "cursor") {
        None => (call.homes.first_round().await?, 0, Place::default()),
        Some(text) => text
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .and_then(|text| parse_place(call, &String::from_utf8(text).ok()?))
            .ok_or_else(|| Error::field("cursor", "be one that this route has given"))?,
    };
    let is_many = call.homes.are_many();
    let bound = call.homes.settings().bound.iter().copied();
    let mut homes = bound.filter(|home| *home >= first);
    let Some(home) = homes.next() else {
        return Err(Error::field("cursor", "be one that this route has given"));
    };
    let db = call.homes.home(home).await?;
    let next_home = homes.next();
    let export = Export {
        events: call.db,
        trail: &call.trail,
        operator: admin.name(),
    };
    let page = export.page(&db, after, next_home.is_none()).await?;
    let (place, counts) = match page.next {
        Next::Here(place) => (Some((round, home, place)), None),
        Next::Done(place, counts) => {
            let next = match next_home {
                Some(next) => Some((round, next)),
                None if is_many => call.homes.next_round(&round).await?.map(|round| (round, 0)),
                None => None,
            };
            (next.map(|(round, home)| (round, home, place)), Some(counts))
        }
    };
    let cursor = place.map(|(round, home, place)| {
        let place = place.to_json();
        URL_SAFE_NO_PAD.encode(if is_many {
            format!("{home}:{}:{place}", round.to_text())
        } else {
            place
        })
    });
    let counts = counts.map(|counts| {
        Writer::default()
            .number("users", counts.users)
            .number("deletedUsers", counts.deleted_users)
            .number("custodianBackupShares", counts.custodian_shares)
            .number("userBackupShares", counts.user_shares)
            .end()
    });
    let answer = Writer::default()
        .raw("records", &json::array(page.records))
        .optional("cursor", cursor.as_deref())
        .given_raw("counts", counts);
    Ok(Answer::ok(answer))
}

/// Where a page ended: the place, behind its home and the round where there are many.
fn parse_place(call: &Call<'_>, text: &str) -> Option<(Round, u32, Place)> {
    if !call.homes.are_many() {
        return Some((Round::default(), 0, Place::parse(text)?));
    }
    let (home, text) = parse_cursor(text)?;
    let (round, place) = Round::parse(text)?;
    Some((round, home, Place::parse(place)?))
}
