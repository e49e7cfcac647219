//! `GET /admin/half-finished`: who has a half-finished backup.

use crate::auth::admin::Admin;
use crate::domain::homes::parse_cursor;
use crate::domain::json::{self, Writer};
use crate::domain::number::whole;
use crate::domain::recovery::State;
use crate::error::{Error, Result};
use crate::handlers::users::one_home;
use crate::http::{Answer, Call};
use crate::store::Row;
use crate::store::half_finished as store;

/// How long a page is searched for.
const SEARCH_MS: u64 = 6_000;

/// A page of half-finished backups, one home after the other; of `?home=` alone if that is given. A page is empty only where it
/// is the last, or where the time was not enough.
pub async fn list(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let limit = call.page_limit()?;
    let must = "be one that this route has given";
    let cursor = call.query_name("cursor", Ok)?;
    let (first, mut after) = match cursor.as_deref() {
        None => (0, 0),
        Some(cursor) => parse_cursor(cursor)
            .and_then(|(home, row)| Some((home, whole(row)?)))
            .filter(|(_, row)| *row <= MAX_ROW)
            .ok_or_else(|| Error::field("cursor", must))?,
    };
    let only = one_home(call)?;
    let until_ms = call.trail.now_ms + SEARCH_MS;
    let bound = call.homes.settings().bound.iter().copied();
    let homes = bound.filter(|home| *home >= first && only.is_none_or(|only| only == *home));
    let mut shown = Vec::new();
    let mut next = None;
    for home in homes {
        let left = limit - shown.len() as u64;
        // The page is full, and another home follows.
        if left == 0 {
            next = Some(format!("{home}:0"));
            break;
        }
        if home != first {
            after = 0;
        }
        let db = call.homes.home(home).await?;
        let page = store::page(&db, after, left, until_ms).await?;
        shown.extend(page.rows.each(to_json));
        if let Some(row) = page.next {
            next = Some(format!("{home}:{row}"));
            break;
        }
    }
    let answer = Writer::default()
        .raw("halfFinished", &json::array(shown))
        .optional("cursor", next.as_deref());
    Ok(Answer::ok(answer))
}

/// Numbers up to this one are bound exactly.
const MAX_ROW: u64 = 1 << 52;

fn to_json(row: &Row) -> String {
    Writer::default()
        .text("userId", &row.text("user_id"))
        .text("clientId", &row.text("client_id"))
        .text("backupMethod", &row.text("backup_method"))
        .text("state", State::HalfFinished.as_str())
        .text("since", &row.text("since"))
        .end()
}
