//! The operator's routes about the whole service: the audit trail, keys, status.

use crate::auth::admin::Admin;
use crate::config::Settings;
use crate::domain::body::parse_number;
use crate::domain::json::{self, Writer};
use crate::domain::names::{InvalidName, UserId, check_name};
use crate::error::Result;
use crate::handlers::copy;
use crate::http::{Answer, Call};
use crate::maintenance::{self, Scrub};
use crate::platform::{database_bytes, format_date, parse_date};
use crate::release;
use crate::store::audit::{self, Actor};
use crate::store::changes;
use crate::store::status::{self as store, KeyUse};
use crate::vault::Vault;

/// `GET /admin/me`: who the credential makes the caller.
pub async fn me(admin: &Admin, call: &Call<'_>) -> Result<Answer> {
    let four_eyes = call.settings.operators.four_eyes.iter();
    let me = Writer::default()
        .text("name", admin.name())
        .text("role", admin.role().as_str())
        .raw(
            "fourEyes",
            &json::array(four_eyes.map(|what| json::quoted(what.as_str()))),
        )
        .raw(
            "warnings",
            &json::array(warnings(call.settings).into_iter().map(json::quoted)),
        );
    Ok(Answer::json(200, &me.end()))
}

/// What the settings of operators may not be meant to say: `npm run doctor` tells it.
fn warnings(settings: &Settings) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if settings.callers.access.is_some() && !settings.operators.has_access_roles() {
        warnings.push(
            "ACCESS_ROLES is empty: whoever Cloudflare Access lets in is a viewer, and can change nothing.",
        );
    }
    warnings
}

/// `GET /audit`: events, the newest first.
pub async fn audit(admin: &Admin, call: &Call<'_>) -> Result<Answer> {
    let name = |text: String| check_name(&text).map(|()| text);
    let user_id = call.query_name("userId", UserId::parse)?;
    let action = call.query_name("action", name)?;
    let operator = call.query_name("operator", name)?;
    let since_ms = call.query_name("since", |text| {
        parse_date(&text).ok_or(InvalidName("be a time such as 2026-11-23T10:00:00Z"))
    })?;
    let cursor = call.query_name("cursor", name)?;
    let query = audit::Query {
        user_id: user_id.as_ref().map(UserId::as_str),
        action: action.as_deref(),
        operator: operator.as_deref(),
        since_ms,
        before: cursor.as_deref(),
        limit: call.page_limit()?,
    };
    if let Some(user_id) = &user_id {
        audit::note_view(call.db, &call.trail, admin.name(), user_id).await?;
    }
    let page = audit::list(call.db, &query).await?;
    Ok(Answer::page("events", &page))
}

/// The keys that are configured, and those that shares need but that are not.
struct Keys {
    known: Vec<KeyUse>,
    unknown: Vec<KeyUse>,
}

impl Keys {
    fn of(vault: &Vault, in_use: Vec<KeyUse>) -> Self {
        let shares = |id: &str| {
            in_use
                .iter()
                .find(|key| key.id == id)
                .map_or(0, |key| key.shares)
        };
        let known: Vec<KeyUse> = vault
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
        Self { known, unknown }
    }
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
    let Keys { mut known, unknown } = Keys::of(call.vault, store::key_use(call.db).await?);
    // What waits to be copied may be in the copy under an older key alone: none of them may go before.
    if call.copier.is_some() {
        let pending = changes::read(call.db).await?.pending;
        for key in known.iter_mut().skip(1) {
            key.shares += pending;
        }
    }
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

/// `GET /admin/status`. Where there are too many to count, half-finished backups are those of the last scrub.
pub async fn status(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let found = store::status(call.db).await?;
    let Keys { mut known, unknown } = Keys::of(call.vault, found.keys);
    known.extend(unknown);
    let scrub = Scrub::of(found.scrub_note);
    let half_finished = found.half_finished.unwrap_or_else(|| scrub.half_finished());
    let at = (scrub.at_ms > 0).then(|| format_date(scrub.at_ms));
    let scrubbed = Writer::default()
        .optional("at", at.as_deref())
        .number("checked", scrub.checked())
        .number("failed", scrub.failed());
    let schema = found
        .schema_version
        .map_or_else(|| "null".to_owned(), |version| version.to_string());
    let copying = match call.copier {
        Some(_) => Some(changes::read(call.db).await?),
        None => None,
    };
    let status = Writer::default()
        .text("version", release::VERSION)
        .number("shares", found.shares)
        .number("users", found.users)
        .raw("keys", &to_json(&known))
        .raw("scrub", &scrubbed.end())
        .number("halfFinished", half_finished)
        .raw("purges", &found.purges)
        .number("databaseBytes", database_bytes())
        .raw("schema", &schema);
    let status = match &copying {
        Some(copying) => status.raw("copy", &copy::status_json(copying)),
        None => status,
    };
    Ok(Answer::json(200, &status.end()))
}
