//! Alerts: what the log says at `error` or `warn` is also sent to `ALERT_WEBHOOK`, at most once an hour a message.
//!
//! A message is a constant of the code, so no share and no id can be in an alert. When each was sent last is kept in the
//! database; where the database cannot be asked, each isolate remembers for itself.

use std::cell::RefCell;
use std::thread::LocalKey;

use crate::config;
use crate::domain::alert::{Alarm, AlertWebhook, QUIET_MS};
use crate::domain::names::new_id;
use crate::error;
use crate::log::{self, Field, Level};
use crate::platform::{self, Bindings, format_date, now_ms, outbound};
use crate::release;
use crate::store::{Database, Which, alerts as store, metrics};

const NOT_DELIVERED: &str = "an alert was not delivered";
const TIMEOUT_MS: u32 = 10_000;
/// How long an isolate does not ask the database again about a message that was sent within the hour; and how long it gathers
/// alarms before it keeps them.
const ASK_AGAIN_MS: u64 = 300_000;

/// Each message, and when this isolate may look at it again.
type QuietUntil = RefCell<Vec<(&'static str, u64)>>;

thread_local! {
    static RAISED: RefCell<Vec<Alarm>> = const { RefCell::new(Vec::new()) };
    static SENT: QuietUntil = const { RefCell::new(Vec::new()) };
    static KEPT: QuietUntil = const { RefCell::new(Vec::new()) };
}

/// Takes note of a line of the log; `send` sends it.
pub fn raise(level: Level, message: &'static str) {
    if level == Level::Info || message == NOT_DELIVERED {
        return;
    }
    let alarm = Alarm {
        level: level.as_str(),
        message,
    };
    RAISED.with_borrow_mut(|raised| {
        if !raised.contains(&alarm) {
            raised.push(alarm);
        }
    });
}

/// Sends what a request has raised, after its answer.
pub fn send_behind(env: &Bindings) {
    if RAISED.with_borrow(Vec::is_empty) {
        return;
    }
    let env = env.clone();
    platform::after_answer(async move { send(&env).await });
}

/// Sends what was raised since the last time. Then it keeps the alarms for `GET /admin/metrics`, where one is among them that
/// this isolate has not kept within minutes.
pub async fn send(env: &Bindings) {
    let raised = RAISED.take();
    let db = config::database(env, 0).map(|db| Database::for_background(db, Which::Unknown(0)));
    // A database that has just failed is not asked for more.
    let is_to_keep = |alarm: &Alarm| {
        alarm.level == Level::Error.as_str()
            && alarm.message != log::UNAVAILABLE
            && is_due(&KEPT, alarm.message, now_ms())
    };
    let to_keep: Vec<_> = raised.iter().copied().filter(is_to_keep).collect();
    if let Ok(Some(webhook)) = config::alert_webhook(env) {
        for alarm in raised {
            send_one(&webhook, db.as_ref(), alarm).await;
        }
    }
    if let Some(db) = &db
        && !to_keep.is_empty()
    {
        for alarm in to_keep {
            keep_quiet(&KEPT, alarm.message, now_ms() + ASK_AGAIN_MS);
        }
        let _ = keep_alarms(db).await; // Then they wait for the next time.
    }
}

/// Adds what this isolate has logged as an error to the alarms of today.
pub async fn keep_alarms(db: &Database) -> error::Result<()> {
    let alarms = log::take_alarms();
    if alarms.is_empty() {
        return Ok(());
    }
    let kept = metrics::keep_alarms(db, &new_id(now_ms())?, &alarms).await;
    if kept.is_err() {
        log::add_alarms(alarms);
    }
    kept
}

async fn send_one(webhook: &AlertWebhook, db: Option<&Database>, alarm: Alarm) {
    let now = now_ms();
    if !is_due(&SENT, alarm.message, now) {
        return;
    }
    // A database that cannot be asked may be what the alarm is about.
    let claimed = match db {
        Some(db) => store::claim(db, alarm.message, now, QUIET_MS)
            .await
            .unwrap_or(true),
        None => true,
    };
    if !claimed {
        return keep_quiet(&SENT, alarm.message, now + ASK_AGAIN_MS);
    }
    keep_quiet(&SENT, alarm.message, now + QUIET_MS);
    if let Err(why) = deliver(webhook, alarm, now).await {
        log::event(
            Level::Warn,
            NOT_DELIVERED,
            &[
                ("alarm", Field::Text(alarm.message)),
                ("why", Field::Text(&why)),
            ],
        );
        keep_quiet(&SENT, alarm.message, now + ASK_AGAIN_MS);
        if let Some(db) = db {
            let _ = store::release(db, alarm.message, now).await; // Then the next one comes an hour later.
        }
    }
}

async fn deliver(webhook: &AlertWebhook, alarm: Alarm, now: u64) -> Result<(), String> {
    let id = new_id(now).map_err(|error| error.to_string())?;
    let body = alarm.to_body(&format_date(now), release::VERSION);
    let status = outbound::deliver(
        webhook.url.expose_secret(),
        webhook.signing_key.as_deref(),
        &format!("msg_{id}"),
        now / 1000,
        &body,
        TIMEOUT_MS,
    )
    .await
    // Its message may tell the URL, which may be a credential.
    .map_err(|_| "it did not answer".to_owned())?;
    if (200..300).contains(&status) {
        Ok(())
    } else {
        Err(format!("it answered {status}"))
    }
}

fn is_due(of: &'static LocalKey<QuietUntil>, message: &str, now: u64) -> bool {
    of.with_borrow(|quiet| {
        quiet
            .iter()
            .all(|(known, until)| *known != message || *until <= now)
    })
}

fn keep_quiet(of: &'static LocalKey<QuietUntil>, message: &'static str, until: u64) {
    of.with_borrow_mut(|quiet| {
        quiet.retain(|(known, _)| *known != message);
        quiet.push((message, until));
    });
}
