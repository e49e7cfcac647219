//! The operator's routes about the whole service: the audit trail, keys, status.

use crate::auth::admin::Admin;
use crate::config::Settings;
use crate::domain::audit::{ACTIONS, NOTED_OUTCOMES, unknown};
use crate::domain::body::parse_number;
use crate::domain::homes::{Part, merge};
use crate::domain::json::{self, Writer};
use crate::domain::names::{InvalidName, UserId, check_name};
use crate::error::{Error, Result};
use crate::handlers::copy;
use crate::handlers::homes;
use crate::handlers::status::Status;
use crate::handlers::users::{asked_homes, at_home, few_homes, note_view, one_home};
use crate::http::{Answer, Call};
use crate::maintenance::{self, Budget, wrong_keys};
use crate::platform::parse_date;
use crate::store::audit::{self, Actor};
use crate::store::changes::{self, Copying};
use crate::store::health;
use crate::store::outcome::{self, known};
use crate::store::status::{self as store, KeyUse};
use crate::store::users;
use crate::store::{Database, Page, Rows, ask_each};
use crate::vault::Vault;

/// `GET /admin/me`: who the credential makes the caller.
pub async fn me(admin: &Admin, call: &Call<'_>) -> Result<Answer> {
    let four_eyes = call.settings.operators.four_eyes.iter();
    let me = Writer::default()
        .text("name", admin.name())
        .text("role", admin.role().as_str())
        .raw(
            "fourEyes",
            &json::texts(four_eyes.map(|what| what.as_str())),
        )
        .raw("warnings", &json::texts(warnings(call.settings)));
    let homes = call.homes.settings().bound.iter();
    let homes = call
        .homes
        .are_many()
        .then(|| json::array(homes.map(u32::to_string)));
    let me = me.given_raw("homes", homes);
    Ok(Answer::ok(me))
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
    let action = known_word(call, "action", ACTIONS)?;
    let outcomes: Vec<&str> = outcome::WORDS
        .iter()
        .chain(NOTED_OUTCOMES)
        .copied()
        .collect();
    let outcome = known_word(call, "outcome", &outcomes)?;
    let operator = call.query_name("operator", name)?;
    let time = |field| {
        call.query_name(field, |text| {
            parse_date(&text).ok_or(InvalidName("be a time such as 2026-11-23T10:00:00Z"))
        })
    };
    let (since_ms, until_ms) = (time("since")?, time("until")?);
    let cursor = call.query_name("cursor", name)?;
    one_home(call)?; // 400, also where there is only one
    let query = audit::Query {
        user_id: user_id.as_ref().map(UserId::as_str),
        action: action.as_deref(),
        outcome: outcome.as_deref(),
        operator: operator.as_deref(),
        since_ms,
        until_ms,
        before: cursor.as_deref(),
        limit: call.page_limit()?,
        search_until_ms: call.trail.now_ms + SEARCH_MS,
    };
    let homes = match &user_id {
        Some(user_id) if call.homes.are_many() => homes_with_events(call, user_id).await?,
        _ => few_homes(call).await?,
    };
    let page = merged(&homes, &query).await?;
    // Behind the reading, which does not show itself.
    if let Some(user_id) = &user_id {
        note_view(call, admin, user_id).await?;
    }
    Ok(Answer::page("events", &page))
}

/// How long a page is searched for.
const SEARCH_MS: u64 = 6_000;

/// A filter of the query: a word of the audit trail. One that is not known is refused, for it would find nothing, and look as if
/// nothing had happened.
fn known_word(
    call: &Call<'_>,
    field: &'static str,
    known: &[&'static str],
) -> Result<Option<String>> {
    let word = call.query_name(field, |text| check_name(&text).map(|()| text))?;
    match word {
        Some(word) if !known.contains(&word.as_str()) => {
            let detail = unknown(field, &word, known);
            Err(Error::field(field, "be known").detailed(detail))
        }
        word => Ok(word),
    }
}

/// Where events of a user are: at the user's home, and at home 0, where those are who were not known.
async fn homes_with_events(call: &Call<'_>, user_id: &UserId) -> Result<Vec<Database>> {
    let home = at_home(call, user_id, async |db| {
        // Whoever has only events is nowhere.
        users::get(db, user_id).await.map(|_| db.home())
    })
    .await;
    let Some(home) = known(home)? else {
        return call.homes.all().await;
    };
    let mut homes = vec![call.homes.home(0).await?];
    if home != 0 {
        homes.push(call.homes.home(home).await?);
    }
    Ok(homes)
}

/// The newest events of all these homes.
async fn merged(homes: &[Database], query: &audit::Query<'_>) -> Result<Page> {
    let mut pages = Vec::with_capacity(homes.len());
    let mut parts = Vec::with_capacity(homes.len());
    for home in homes {
        let page = audit::list(home, query).await?;
        parts.push(Part {
            ids: page.rows.texts("id"),
            cursor: page.cursor.clone(),
        });
        pages.push(page);
    }
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let (taken, cursor) = merge(&parts, limit);
    let mut rows = Rows::default();
    for (mut page, count) in pages.into_iter().zip(taken) {
        page.rows.truncate(count as u64);
        rows.merge(&page.rows, "id", true);
    }
    Ok(Page { rows, cursor })
}

/// The keys that are configured, and those that shares need but that are not.
pub struct Keys {
    pub known: Vec<KeyUse>,
    pub unknown: Vec<KeyUse>,
}

impl Keys {
    pub fn of(vault: &Vault, in_use: Vec<KeyUse>) -> Self {
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

pub fn to_json(keys: &[KeyUse]) -> String {
    json::array(keys.iter().map(|key| {
        Writer::default()
            .text("id", &key.id)
            .number("shares", key.shares)
            .end()
    }))
}

/// `GET /admin/keys`: how many shares each key seals. A key with none may be removed. `unknown` are the keys that shares need and
/// the settings lack, `wrong` those whose bytes are other ones than the shares were sealed with.
pub async fn keys(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let homes = call.homes.all().await?;
    let in_use = store::key_use_of_all(&homes).await?;
    let Keys { mut known, unknown } = Keys::of(call.vault, in_use);
    // By the counts of the database alone, before what waits to be copied is added.
    let mut wrong = Vec::new();
    for (home, canaries) in homes.iter().zip(health::canaries_of_each(&homes).await) {
        wrong.extend(wrong_keys(home, call.vault, &canaries?).await?);
    }
    let is_wrong = |key: &&KeyUse| wrong.contains(&key.id);
    let wrong: Vec<KeyUse> = known.iter().filter(is_wrong).cloned().collect();
    // What waits to be copied may be in the copy under an older key alone: none of them may go before.
    if call.copier.is_some() {
        for home in &homes {
            let pending = changes::read(home).await?.pending;
            for key in known.iter_mut().skip(1) {
                key.shares += pending;
            }
        }
    }
    let report = Writer::default()
        .text("current", call.vault.current_key_id())
        .raw("keys", &to_json(&known))
        .raw("unknown", &to_json(&unknown))
        .raw("wrong", &to_json(&wrong));
    Ok(Answer::ok(report))
}

const DEFAULT_REWRAP_LIMIT: u32 = 100;

/// `POST /admin/keys/rewrap`: seals a page of shares again under the current key.
pub async fn rewrap(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let body = call.optional_json_body().await?;
    let limit = parse_number(&body, "limit", 1..=1000, "be a whole number from 1 to 1000")?;
    let limit = u64::from(limit.unwrap_or(DEFAULT_REWRAP_LIMIT));
    let (mut rewrapped, mut remaining) = (0, 0);
    for db in call.homes.all().await? {
        let part = maintenance::rewrap(
            &db,
            call.db,
            call.vault,
            limit - rewrapped,
            Budget::INVOCATION,
            Actor::Admin,
        )
        .await?;
        rewrapped += part.rewrapped;
        remaining += part.remaining;
    }
    let report = Writer::default()
        .number("rewrapped", rewrapped)
        .number("remaining", remaining);
    Ok(Answer::ok(report))
}

/// What each database knows of its copy. Which of many does not answer, the status tells.
pub async fn copying(call: &Call<'_>) -> Result<Vec<Copying>> {
    let homes = asked_homes(call).await?;
    let mut known = Vec::new();
    for rows in ask_each(&homes, &changes::copying()).await {
        match rows {
            Err(error) if !call.homes.are_many() => return Err(error),
            Err(_) => {}
            Ok(rows) => known.extend(rows.first().map(|row| Copying::read(&row))),
        }
    }
    Ok(known)
}

/// `GET /admin/status`. Where there are too many to count, half-finished backups are those of the last scrub.
pub async fn status(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    one_home(call)?; // 400, also where there is only one
    let status = if call.homes.are_many() {
        homes::status(call).await?
    } else {
        Status::read(call.db, call.vault).await?
    };
    let copy = match call.copier {
        Some(_) => Some(copy::status_json(&copying(call).await?)),
        None => None,
    };
    let status = status.to_json(call.vault).given_raw("copy", copy);
    Ok(Answer::ok(status))
}
