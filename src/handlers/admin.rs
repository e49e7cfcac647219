//! The operator's routes about the whole service: the audit trail, keys, status.

use crate::auth::admin::Admin;
use crate::domain::body::parse_number;
use crate::domain::json::{self, Writer};
use crate::domain::names::{InvalidName, UserId, check_name};
use crate::error::Result;
use crate::http::{Answer, Call};
use crate::maintenance::{self, Scrub};
use crate::platform::{database_bytes, format_date, parse_date};
use crate::store::audit::{self, Actor};
use crate::store::health;
use crate::store::maintenance::{self as store, KeyUse};

/// `GET /audit`: events, the newest first.
pub async fn audit(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let name = |text: String| check_name(&text).map(|()| text);
    let user_id = call.query_name("userId", UserId::parse)?;
    let action = call.query_name("action", name)?;
    let since_ms = call.query_name("since", |text| {
        parse_date(&text).ok_or(InvalidName("be a time such as 2026-11-23T10:00:00Z"))
    })?;
    let cursor = call.query_name("cursor", name)?;
    let query = audit::Query {
        user_id: user_id.as_ref().map(UserId::as_str),
        action: action.as_deref(),
        since_ms,
        before: cursor.as_deref(),
        limit: call.page_limit()?,
    };
    Answer::page("events", &audit::list(call.db, &query).await?)
}

/// The keys that are configured, and those that shares need but that are not.
struct Keys {
    known: Vec<KeyUse>,
    unknown: Vec<KeyUse>,
}

async fn keys_in_use(call: &Call<'_>) -> Result<Keys> {
    let in_use = store::key_use(call.db).await?;
    let shares = |id: &str| {
        in_use
            .iter()
            .find(|key| key.id == id)
            .map_or(0, |key| key.shares)
    };
    let known: Vec<KeyUse> = call
        .vault
        .key_ids()
        .map(|id| KeyUse {
            id: id.to_owned(),
            shares: shares(id),
        })
        .collect();
    let unknown = in_use
        .into_iter()
        .filter(|key| known.iter().all(|k| k.id != key.id))
        .collect();
    Ok(Keys { known, unknown })
}

fn to_json(keys: &[KeyUse]) -> String {
    json::array(keys.iter().map(|key| {
        Writer::default()
            .text("id", &key.id)
            .number("shares", key.shares)
            .end()
    }))
}

/// `GET /admin/keys`: how many shares each key seals. A key with none may be removed.
pub async fn keys(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let Keys { known, unknown } = keys_in_use(call).await?;
    let report = Writer::default()
        .text("current", call.vault.current_key_id())
        .raw("keys", &to_json(&known))
        .raw("unknown", &to_json(&unknown));
    Ok(Answer::json(200, &report.end()))
}

const DEFAULT_REWRAP_LIMIT: u32 = 100;

/// `POST /admin/keys/rewrap`: seals a page of shares again under the current key.
pub async fn rewrap(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let body = call.optional_json_body().await?;
    let limit = parse_number(&body, "limit", 1..=1000, "be a whole number from 1 to 1000")?;
    let limit = u64::from(limit.unwrap_or(DEFAULT_REWRAP_LIMIT));
    let rewrapped = maintenance::rewrap(call.db, call.vault, limit, Actor::Admin).await?;
    let report = Writer::default()
        .number("rewrapped", rewrapped.rewrapped)
        .number("remaining", rewrapped.remaining);
    Ok(Answer::json(200, &report.end()))
}

/// Up to this many user shares, half-finished backups are counted when asked for; beyond, as of the last scrub: counting
/// reads every row, and the database does one thing at a time.
const COUNT_AT_ONCE: u64 = 50_000;

/// `GET /admin/status`.
pub async fn status(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let counts = store::counts(call.db).await?;
    let Keys { mut known, unknown } = keys_in_use(call).await?;
    known.extend(unknown);
    let scrub = Scrub::read(call.db).await?;
    let half_finished = if counts.user_rows <= COUNT_AT_ONCE {
        store::half_finished(call.db, 0, counts.user_rows).await?
    } else {
        scrub.half_finished()
    };
    let at = (scrub.at_ms > 0).then(|| format_date(scrub.at_ms));
    let scrubbed = Writer::default()
        .optional("at", at.as_deref())
        .number("checked", scrub.checked())
        .number("failed", scrub.failed());
    let schema = health::read_schema_version(call.db).await?;
    let schema = schema.map_or_else(|| "null".to_owned(), |version| version.to_string());
    let status = Writer::default()
        .number("shares", counts.shares)
        .number("users", counts.users)
        .raw("keys", &to_json(&known))
        .raw("scrub", &scrubbed.end())
        .number("halfFinished", half_finished)
        .number("databaseBytes", database_bytes())
        .raw("schema", &schema);
    Ok(Answer::json(200, &status.end()))
}
