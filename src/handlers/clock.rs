//! `GET /admin/clock`: whether the database keeps the promise that the gate relies on.

use crate::auth::admin::Admin;
use crate::domain::json::Writer;
use crate::error::Result;
use crate::handlers::users::one_home;
use crate::http::{Answer, Call};
use crate::store::clock;

/// Looks at a database's clock while it is busy: of home 0, unless `?home=` says another. Holds the database for some tenths of a
/// second, so it is for whoever may change things.
pub async fn clock(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let home = one_home(call)?.unwrap_or_default();
    let db = call.homes.home(home).await?;
    let seen = clock::look(&db).await?;
    let moves = seen
        .moves
        .map_or("null".to_owned(), |moves| moves.to_string());
    let answer = Writer::default()
        .number("home", home.into())
        .text("binding", &db.which().binding())
        .raw("moves", &moves)
        .number("waitedMs", seen.waited_ms)
        .raw("aheadMs", &seen.ahead_ms.to_string());
    Ok(Answer::ok(answer))
}
