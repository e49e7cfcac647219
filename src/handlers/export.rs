//! `GET /admin/export`: everything that is stored, for a copy elsewhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::auth::admin::Admin;
use crate::domain::homes::parse_cursor;
use crate::domain::json::{self, Writer};
use crate::domain::url;
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call};
use crate::store::departed;
use crate::store::export::{self, Next, Place};

/// A page of everything that is stored. Shares leave as they are kept, sealed: the operator's token alone opens none.
pub async fn export(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let (round, first, after) = match url::query_value(call.query, "cursor") {
        None => (Round::first(call).await?, 0, Place::default()),
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
    let page = export::page(&db, call.db, &call.trail, after, next_home.is_none()).await?;
    let (place, counts) = match (page.next, next_home) {
        (Next::Here(place), _) => (Some((round, home, place)), None),
        (Next::Done(place, _), Some(next)) => (Some((round, next, place)), None),
        // Of many databases the counts would be of the last alone.
        (Next::Done(_, counts), None) if !is_many => (None, Some(counts)),
        (Next::Done(place, _), None) => {
            let again = round.next(call).await?;
            (again.map(|round| (round, 0, place)), None)
        }
    };
    let cursor = place.map(|(round, home, place)| {
        let place = place.to_json();
        URL_SAFE_NO_PAD.encode(if is_many {
            format!("{home}:{}:{}:{place}", round.number, round.last_moves)
        } else {
            place
        })
    });
    let mut answer = Writer::default()
        .raw("records", &json::array(page.records))
        .optional("cursor", cursor.as_deref());
    if let Some(counts) = counts {
        let counts = Writer::default()
            .number("users", counts.users)
            .number("deletedUsers", counts.deleted_users)
            .number("custodianBackupShares", counts.custodian_shares)
            .number("userBackupShares", counts.user_shares);
        answer = answer.raw("counts", &counts.end());
    }
    Ok(Answer::json(200, &answer.end()))
}

/// Where a page ended: the place, behind its home and the round where there are many.
fn parse_place(call: &Call<'_>, text: &str) -> Option<(Round, u32, Place)> {
    if !call.homes.are_many() {
        return Some((Round::default(), 0, Place::parse(text)?));
    }
    let (home, text) = parse_cursor(text)?;
    let (number, text) = text.split_once(':')?;
    let (last_moves, place) = text.split_once(':')?;
    let round = Round {
        number: number.parse().ok()?,
        last_moves: last_moves.to_owned(),
    };
    Some((round, home, Place::parse(place)?))
}

/// How often an export goes through all databases at most.
const ROUNDS: u32 = 3;

/// An export's way through all databases. Who moves meanwhile, out of one that is yet to come into one that is done, is missed: then
/// the export goes through all once more.
#[derive(Default)]
struct Round {
    number: u32,
    /// When it began, as [`departed::last_moves`] tells it.
    last_moves: String,
}

impl Round {
    async fn first(call: &Call<'_>) -> Result<Self> {
        if !call.homes.are_many() {
            return Ok(Self::default());
        }
        Ok(Self {
            number: 1,
            last_moves: departed::last_moves(&call.homes.all().await?).await?,
        })
    }

    /// None: nobody has moved since this one began, so the export is whole.
    async fn next(&self, call: &Call<'_>) -> Result<Option<Self>> {
        let last_moves = departed::last_moves(&call.homes.all().await?).await?;
        if last_moves == self.last_moves {
            return Ok(None);
        }
        if self.number >= ROUNDS {
            return Err(Error::new(
                Code::Conflict,
                "Users moved from one database to another while they were exported, so this export may lack some of them. Begin it anew once no move is under way.",
            ));
        }
        Ok(Some(Self {
            number: self.number + 1,
            last_moves,
        }))
    }
}
