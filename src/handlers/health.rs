//! `GET /healthz` and `GET /readyz`.

use std::borrow::Cow;

use crate::auth::admin::Admin;
use crate::config::binding_of;
use crate::domain::journal::name_of_escrow_index;
use crate::domain::json::{self, Writer, quoted};
use crate::domain::role::Role;
use crate::error::{Code, Error, Result};
use crate::handlers::admin::copying;
use crate::http::{Answer, Call};
use crate::log::{self, Field, Level};
use crate::maintenance::copy::MAX_LAG_SECONDS;
use crate::maintenance::{ensure_canary, opens};
use crate::platform::{now_ms, parse_date};
use crate::release;
use crate::store::Database;
use crate::store::escrow::{self, State};
use crate::store::health::{self, Canary, SCHEMA_VERSION};
use crate::store::routes::Home;

/// The Worker runs. Asks nothing of the database.
pub fn healthz() -> Result<Answer> {
    let body = Writer::default()
        .text("status", "ok")
        .text("version", release::VERSION);
    Ok(Answer::ok(body))
}

/// The service can do its work.
///
/// 1. The settings are valid (or this is not reached).
/// 2. The database answers; where there are many, the directory does, and no binding leads to another database.
/// 3. Its schema is current.
/// 4. Every configured key opens its canary, of every database: it is the key that the shares were sealed with; and every key that
///    current shares are sealed with is configured. Each gets its canary here, in every database that has none of it.
/// 5. A schedule that stands is an alarm: nothing else would tell of it, for it is the schedule that raises the others.
/// 6. Operators, by their credential, are told what is not as it should be though the service does its work.
///
/// A service that is ready also tells which release it is: `npm run verify` asks for it.
pub async fn readyz(call: &Call<'_>) -> Result<Answer> {
    // 2.
    let health = health::read(call.db).await.map_err(|error| {
        if error.is_caused_by(&["no such table", "no such column"]) {
            not_ready(
                "Not ready: the database has no schema, or an older one. Apply the migrations.",
            )
        } else {
            error
        }
    })?;
    // 3.
    if health.schema.is_none_or(|version| version < SCHEMA_VERSION) {
        return Err(not_ready(
            "Not ready: the database's schema is older than the Worker. Apply the migrations.",
        ));
    }
    // 4.
    let (homes, known) = check_keys_everywhere(call, &health.canaries).await?;
    // No database learns what another one refuses.
    ensure_canary(call.db, call.db, call.vault).await?;
    for (home, canaries) in &homes {
        let is_known = |id| canaries.iter().any(|canary| canary.key_id == id);
        if !call.vault.key_ids().all(is_known) {
            ensure_canary(home, call.db, call.vault).await?;
        }
    }
    // 5.
    let mut standing: Vec<Standing> = stands(0, health.schedule_ran_at, true)
        .into_iter()
        .collect();
    for home in known {
        let answers = homes.iter().any(|(db, _)| db.home() == home.home);
        // One of each kind: where the whole schedule stands, it stands in every home.
        if !standing.iter().any(|standing| standing.answers == answers) {
            standing.extend(stands(home.home, home.seen_at, answers));
        }
    }
    for Standing {
        binding,
        since,
        answers,
    } in &standing
    {
        log::event(
            Level::Error,
            match answers {
                true => "the schedule has not run for an hour",
                false => "a database does not answer",
            },
            &[
                ("since", Field::Text(since)),
                ("binding", Field::Text(binding)),
            ],
        );
    }
    // 6.
    let warnings = warnings(call, &standing).await?;
    let ready = Writer::default()
        .text("status", "ready")
        .text("version", release::VERSION)
        .given("release", release::digest().as_deref());
    let warnings = (!warnings.is_empty()).then(|| json::texts(warnings.iter().map(String::as_str)));
    let ready = ready.given_raw("warnings", warnings);
    Ok(Answer::ok(ready))
}

fn not_ready(detail: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::Misconfigured, detail)
}

/// Whether the keys fit the canaries: these of the first database, and those of every other one that answers, which it resolves with.
pub async fn check_keys_everywhere(
    call: &Call<'_>,
    canaries: &[Canary],
) -> Result<(Vec<(Database, Vec<Canary>)>, Vec<Home>)> {
    check_keys(call, canaries).await?;
    let (homes, known) = match call.homes.are_many() {
        true => call.homes.are_right().await?,
        false => Default::default(),
    };
    for (_, canaries) in &homes {
        check_keys(call, canaries).await?;
    }
    Ok((homes, known))
}

async fn check_keys(call: &Call<'_>, canaries: &[Canary]) -> Result<()> {
    for canary in canaries {
        let key_id = &canary.key_id;
        if call.vault.key_ids().any(|known| known == key_id) {
            if !opens(call.vault, canary).await {
                return Err(not_ready(format!(
                    "Not ready: the key \"{key_id}\" of SHARE_ENCRYPTION_KEYS is not the one that this database knows by that id. Put the former key back."
                )));
            }
        } else if canary.in_use {
            return Err(not_ready(format!(
                "Not ready: shares are sealed with the key \"{key_id}\", which SHARE_ENCRYPTION_KEYS does not have. Put it back."
            )));
        }
    }
    Ok(())
}

/// A home in which the schedule has not run for an hour: it runs every quarter.
struct Standing {
    binding: String,
    since: String,
    /// Whether the home answers now.
    answers: bool,
}

fn stands(home: u32, ran_at: Option<String>, answers: bool) -> Option<Standing> {
    const AN_HOUR_MS: u64 = 3_600_000;
    let since = ran_at?;
    let ran_ms = parse_date(&since)?;
    let is_long = now_ms().saturating_sub(ran_ms) > AN_HOUR_MS;
    is_long.then(|| Standing {
        binding: binding_of(home),
        since,
        answers,
    })
}

/// What operators, and nobody else, are warned of.
async fn warnings(call: &Call<'_>, standing: &[Standing]) -> Result<Vec<String>> {
    if Admin::recognise(call, Role::Viewer).await?.is_none() {
        return Ok(Vec::new());
    }
    let states = escrow::states(call.db, call.vault.key_ids()).await?;
    let mut warnings: Vec<String> = states
        .into_iter()
        .filter_map(|(key, state)| match state {
            State::Kept => None,
            State::Missing => Some(format!(
                "The key \"{key}\" has no escrow: its loss is the loss of every share under it. Run npm run keys -- escrow."
            )),
            State::Another => Some(format!(
                "What is in escrow for the key \"{key}\" is another key. Run npm run keys -- escrow."
            )),
        })
        .collect();
    // Where the database has no escrow, no bucket has: that is told once.
    let is_kept = warnings.is_empty();
    warnings.extend(standing.iter().map(|Standing { binding, since, answers }| {
        let why = match answers {
            true => "Look in the log for \"maintenance step failed\". If it has none, see that wrangler.toml has its crons.",
            false => "The database does not answer: its users get 503.",
        };
        format!("The schedule has not run since {since} in {binding}. Until it runs again nothing is examined or purged there. {why}")
    }));
    if let Some(copier) = &call.copier {
        for bucket in copier.copies.buckets() {
            // One that cannot be asked is behind, and that is told below.
            if is_kept && let Ok(index) = bucket.get(name_of_escrow_index()).await {
                let index = index.map(|(text, _)| text).unwrap_or_default();
                if !call.vault.key_ids().all(|id| index.contains(&quoted(id))) {
                    warnings.push("A bucket of the second copy lacks the escrow of a key. Run npm run keys -- escrow.".to_owned());
                }
            }
        }
        let homes = copying(call).await?;
        let lag = homes.iter().map(|home| home.lag_seconds).max();
        if let Some(lag) = lag.filter(|lag| *lag > MAX_LAG_SECONDS) {
            warnings.push(format!("The second copy is {lag} seconds behind."));
        }
    }
    Ok(warnings)
}
