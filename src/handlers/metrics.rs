//! The daily figures, for the operators' page and for scrapers. Both are read from what the schedule has counted.

use crate::auth::admin::Admin;
use crate::domain::json::{self, Writer, quoted};
use crate::domain::metrics::{DATABASE_LIMIT_BYTES, OpenMetrics, days_until_full};
use crate::domain::names::InvalidName;
use crate::domain::number::whole;
use crate::error::Result;
use crate::http::{Answer, Call};
use crate::platform::{format_date, now_ms, parse_date};
use crate::store::metrics::{self as store, Alarm, Count, DAYS_KEPT, Daily, Totals};

const MS_PER_DAY: u64 = 86_400_000;
/// The growth of a database is taken over this many days at most.
const GROWTH_DAYS: u64 = 30;
const DATABASE_BYTES: &str = "database_bytes:";

/// `GET /admin/metrics`: the last `days` days, today included.
pub async fn daily(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let days = call.query_name("days", |text| {
        let days = whole(&text).filter(|days| (1..=DAYS_KEPT).contains(days));
        days.ok_or(InvalidName("be a whole number from 1 to 400"))
    })?;
    let days = u64::from(days.unwrap_or(90));
    let mut found = Daily::default();
    let mut unanswered = Vec::new();
    for db in call.homes.all().await? {
        match store::daily(&db, days.max(GROWTH_DAYS)).await {
            Ok(of_home) => found.add(of_home),
            Err(error) if !call.homes.are_many() => return Err(error),
            Err(_) => unanswered.push(quoted(&db.which().binding())),
        }
    }
    let today = now_ms() / MS_PER_DAY;
    let first = today.saturating_sub(days - 1);
    let of_days = (first..=today).map(|number| day_to_json(&day(number), &found.events));
    let answer = Writer::default()
        .optional("countedAt", found.counted_at.as_deref())
        .raw("days", &json::array(of_days))
        .raw("databases", &databases(&found, today))
        .raw("alarms", &json::array(found.alarms.iter().map(alarm)));
    let unanswered = (!unanswered.is_empty()).then(|| json::array(unanswered));
    let answer = answer.given_raw("unanswered", unanswered);
    Ok(Answer::ok(answer))
}

fn alarm(alarm: &Alarm) -> String {
    Writer::default()
        .text("day", &alarm.day)
        .text("message", &alarm.message)
        .number("count", alarm.count)
        .end()
}

/// "2026-11-23" of a number of days since 1970.
fn day(number: u64) -> String {
    let mut text = format_date(number * MS_PER_DAY);
    text.truncate(10);
    text
}

fn day_to_json(day: &str, events: &[Count]) -> String {
    let of_day = events.iter().filter(|count| count.day == day);
    let sum = |wanted: fn(&Count) -> bool| {
        of_day
            .clone()
            .filter(|count| wanted(count))
            .map(|count| count.count)
            .sum()
    };
    let events = of_day.clone().map(|count| {
        Writer::default()
            .text("action", &count.action)
            .text("outcome", &count.outcome)
            .number("count", count.count)
            .end()
    });
    Writer::default()
        .text("day", day)
        .number("backups", sum(is_backup))
        .number("recoveries", sum(is_recovery))
        .number("refusedCredentials", sum(is_refused))
        .raw("events", &json::array(events))
        .end()
}

/// A backup is complete with its cipher text.
fn is_backup(count: &Count) -> bool {
    count.action == "store_user_share"
        && matches!(
            count.outcome.as_str(),
            "stored" | "replaced_alone" | "same_text"
        )
}

/// A recovery asks for the cipher text. (Portal fetches its shares in every backup as well.)
fn is_recovery(count: &Count) -> bool {
    count.action == "fetch_user_share" && count.outcome == "fetched"
}

fn is_refused(count: &Count) -> bool {
    matches!(count.outcome.as_str(), "unauthorized" | "forbidden")
}

fn databases(found: &Daily, today: u64) -> String {
    let since = day(today.saturating_sub(GROWTH_DAYS));
    let sizes = found.figures.iter().filter_map(|(day, figure)| {
        let name = figure.name.strip_prefix(DATABASE_BYTES)?;
        let number = parse_date(day)? / MS_PER_DAY;
        (day.as_str() >= since.as_str()).then_some((name, (number, figure.value)))
    });
    let mut databases: Vec<(&str, Vec<(u64, u64)>)> = Vec::new();
    for (name, size) in sizes {
        match databases.iter_mut().find(|(known, _)| *known == name) {
            Some((_, of_name)) => of_name.push(size),
            None => databases.push((name, vec![size])),
        }
    }
    json::array(databases.iter().map(|(name, sizes)| {
        let full_in = days_until_full(sizes, DATABASE_LIMIT_BYTES);
        // A date beyond what JavaScript's clock knows is no date.
        let full_on = full_in
            .filter(|days| *days < 1_000_000)
            .map(|days| day(today + days));
        Writer::default()
            .text("name", name)
            .number("bytes", sizes.last().map_or(0, |(_, bytes)| *bytes))
            .number("limitBytes", DATABASE_LIMIT_BYTES)
            .optional("fullOn", full_on.as_deref())
            .end()
    }))
}

/// The plain figures: the name in the table, in the text with `portal_backup_` before it, and what it says.
const GAUGES: [(&str, &str); 6] = [
    ("users", "Registered users."),
    ("shares", "Current shares of both kinds."),
    (
        "half_finished",
        "Backups that broke off between their two halves.",
    ),
    (
        "scrub_checked",
        "Shares that the walk under way, or the last one, has opened.",
    ),
    ("scrub_failed", "Shares that do not open."),
    ("scrub_timestamp_seconds", "When shares were last opened."),
];

/// `GET /metrics`: OpenMetrics text.
pub async fn open_metrics(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let mut found = Totals::default();
    let mut up = Vec::new();
    for db in call.homes.all().await? {
        let of_home = match store::totals(&db).await {
            Err(error) if !call.homes.are_many() => return Err(error),
            of_home => of_home.ok(),
        };
        up.push((db.which().binding(), u64::from(of_home.is_some())));
        found.add(of_home.unwrap_or_default());
    }
    let mut text = OpenMetrics::default();
    text.family(
        "portal_backup_database_up",
        "gauge",
        "Whether a database answers. What one that does not has counted is missing.",
    );
    for (name, is_up) in &up {
        text.sample("portal_backup_database_up", &[("database", name)], *is_up);
    }
    let figures = &found.figures;
    for (name, help) in GAUGES {
        if let Some(figure) = figures.iter().find(|figure| figure.name == name) {
            text.gauge(&format!("portal_backup_{name}"), help, figure.value);
        }
    }
    let of_kind = |prefix: &'static str| {
        figures
            .iter()
            .filter_map(move |figure| Some((figure.name.strip_prefix(prefix)?, figure.value)))
    };
    text.family(
        "portal_backup_key_shares",
        "gauge",
        "Shares, history included, that a key seals.",
    );
    for (key, shares) in of_kind("key_shares:") {
        let is_current = (key == call.vault.current_key_id()).to_string();
        let labels = [("key", key), ("current", is_current.as_str())];
        text.sample("portal_backup_key_shares", &labels, shares);
    }
    text.family(
        "portal_backup_database_bytes",
        "gauge",
        "The size of a database.",
    );
    for (name, bytes) in of_kind(DATABASE_BYTES) {
        text.sample("portal_backup_database_bytes", &[("database", name)], bytes);
    }
    let limit = "The size at which D1 takes no more.";
    text.gauge(
        "portal_backup_database_limit_bytes",
        limit,
        DATABASE_LIMIT_BYTES,
    );
    text.family(
        "portal_backup_events",
        "counter",
        "Events of the audit trail.",
    );
    for Count {
        action,
        outcome,
        count,
        ..
    } in &found.events
    {
        let labels = [("action", action.as_str()), ("outcome", outcome.as_str())];
        text.sample("portal_backup_events_total", &labels, *count);
    }
    if let Some(at) = found.counted_at.as_deref().and_then(parse_date) {
        let help = "When the schedule counted last.";
        text.gauge("portal_backup_counted_timestamp_seconds", help, at / 1_000);
    }
    Ok(Answer::open_metrics(&text.end()))
}
