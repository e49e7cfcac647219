//! Daily figures: what the schedule counts from the audit trail, and what `GET /admin/metrics` and `GET /metrics` read. Nothing is
//! counted on request.

use super::{Change, Database, Row, Rows, Statement, now};
use crate::domain::names::least_id_at;
use crate::error::Result;

/// An event may be stored this long after its id was made: an attempt ends within seconds, and clocks differ a little.
const SETTLED_AFTER_MS: u64 = 10 * 60 * 1_000;
/// Events that a run settles at most.
const SETTLED_PER_RUN: u64 = 50_000;
/// Days that figures are kept for.
pub const DAYS_KEPT: u32 = 400;

macro_rules! mark {
    ($name:literal) => {
        concat!(
            "coalesce((SELECT value FROM metric_marks WHERE name = '",
            $name,
            "'), '')"
        )
    };
}
macro_rules! set_mark {
    ($name:literal, $value:expr) => {
        concat!(
            "INSERT INTO metric_marks (name, value) SELECT '",
            $name,
            "', ",
            $value,
            " WHERE true ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        )
    };
}

/// Counts the events of a range of ids, by day and in all (the day '').
macro_rules! count_events {
    ($column:literal, $other:literal, $range:expr, $merge:literal) => {
        concat!(
            "INSERT INTO daily_events (day, action, outcome, ",
            $column,
            ", ",
            $other,
            ") WITH counted AS (SELECT substr(at, 1, 10) AS day, action, outcome, count(*) AS n FROM audit_events WHERE ",
            $range,
            " GROUP BY 1, 2, 3) SELECT day, action, outcome, n, 0 FROM counted \
             UNION ALL SELECT '', action, outcome, sum(n), 0 FROM counted GROUP BY action, outcome HAVING true \
             ON CONFLICT (day, action, outcome) DO UPDATE SET ",
            $merge
        )
    };
}

/// Counts what came since the run before, as one transaction: sent again after a lost answer, it counts nothing twice.
///
/// 1. Up to which id events are settled: none that is stored later has a lower one.
/// 2. Those are added, once.
/// 3. The recent ones, behind, are counted anew; not as long as so many are to be settled that more runs are needed.
/// 4. The next run begins where this one ended. Old days go.
pub async fn count_events(db: &Database, now_ms: u64) -> Result<()> {
    const TO: &str = set_mark!(
        "to",
        concat!(
            "max(",
            mark!("from"),
            ", min(?1, coalesce((SELECT id FROM audit_events WHERE id >= ",
            mark!("from"),
            " ORDER BY id LIMIT 1 OFFSET ?2), ?1)))"
        )
    );
    const SETTLED: &str = count_events!(
        "settled",
        "recent",
        concat!("id >= ", mark!("from"), " AND id < ", mark!("to")),
        "settled = settled + excluded.settled"
    );
    const NO_RECENT: &str = "UPDATE daily_events SET recent = 0 WHERE recent <> 0";
    const RECENT: &str = count_events!(
        "recent",
        "settled",
        concat!("id >= ", mark!("to"), " AND ", mark!("to"), " >= ?1"),
        "recent = excluded.recent"
    );
    const FROM: &str = set_mark!("from", mark!("to"));
    const AT: &str = set_mark!("at", now!());
    const FORGET: &str =
        "DELETE FROM daily_events WHERE day <> '' AND day < date('now', '-' || ?1 || ' days')";
    let settled_to = least_id_at(now_ms.saturating_sub(SETTLED_AFTER_MS));
    let count = Change::upkeep(Statement::new(TO).text(&settled_to).number(SETTLED_PER_RUN))
        .read(Statement::new(SETTLED))
        .read(Statement::new(NO_RECENT))
        .read(Statement::new(RECENT).text(&settled_to))
        .read(Statement::new(FROM))
        .read(Statement::new(AT))
        .read(Statement::new(FORGET).text(&DAYS_KEPT.to_string()));
    db.change(count).await.map(drop)
}

/// A figure of the whole, by its name.
pub struct Figure {
    pub name: String,
    pub value: u64,
}

/// Keeps figures as those of today, and forgets old ones.
pub async fn keep_figures(db: &Database, figures: &[Figure]) -> Result<()> {
    const KEEP: &str = "INSERT INTO daily_figures (day, name, value) VALUES (date('now'), ?1, ?2) \
         ON CONFLICT (day, name) DO UPDATE SET value = excluded.value";
    const FORGET: &str = "DELETE FROM daily_figures WHERE day < date('now', '-' || ?1 || ' days')";
    let keep = |figure: &Figure| Statement::new(KEEP).text(&figure.name).number(figure.value);
    let forget = Change::upkeep(Statement::new(FORGET).text(&DAYS_KEPT.to_string()));
    let change = figures.iter().map(keep).fold(forget, Change::read);
    db.change(change).await.map(drop)
}

/// Whether shares are to be counted by this run: counting reads every row, so among many it is done four times a day.
pub async fn count_is_due(db: &Database, many: u64) -> Result<bool> {
    const SQL: &str = "SELECT (SELECT coalesce(max(rowid), 0) FROM user_backup_shares) \
           + (SELECT coalesce(max(rowid), 0) FROM backup_share_versions) < ?1 \
         OR NOT EXISTS (SELECT 1 FROM metric_marks WHERE name = 'shares counted' \
           AND value > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-6 hours')) AS due";
    let [due] = db
        .read(vec![Statement::new(SQL).number(many)])
        .await?
        .rows()?;
    Ok(due.first().is_some_and(|row| row.number("due") != 0))
}

pub async fn shares_were_counted(db: &Database) -> Result<()> {
    const SQL: &str = set_mark!("shares counted", now!());
    db.change(Change::upkeep(Statement::new(SQL)))
        .await
        .map(drop)
}

/// Adds alarms to those of today; `run` is this run's own id.
pub async fn keep_alarms(db: &Database, run: &str, alarms: &[(String, u64)]) -> Result<()> {
    const KEEP: &str = "INSERT INTO daily_alarms (day, message, count, run) VALUES (date('now'), ?1, ?2, ?3) \
         ON CONFLICT (day, message) DO UPDATE SET count = count + excluded.count, run = excluded.run WHERE run <> excluded.run";
    const FORGET: &str = "DELETE FROM daily_alarms WHERE day < date('now', '-' || ?1 || ' days')";
    let keep = |(message, count): &(String, u64)| {
        Statement::new(KEEP).text(message).number(*count).text(run)
    };
    let forget = Change::upkeep(Statement::new(FORGET).text(&DAYS_KEPT.to_string()));
    let change = alarms.iter().map(keep).fold(forget, Change::read);
    db.change(change).await.map(drop)
}

/// How often events of a kind happened on a day.
pub struct Count {
    pub day: String,
    pub action: String,
    pub outcome: String,
    pub count: u64,
}

/// All that is kept of a number of days, up to today.
pub struct Daily {
    /// ISO 8601; None before the first count.
    pub counted_at: Option<String>,
    /// By day.
    pub events: Vec<Count>,
    /// By day: `(day, figure)`.
    pub figures: Vec<(String, Figure)>,
    /// JSON as the API shows it, of the last week.
    pub alarms: String,
}

const AT: &str = "SELECT value FROM metric_marks WHERE name = 'at'";

macro_rules! counts {
    ($where:literal) => {
        concat!(
            "SELECT day, action, outcome, settled + recent AS n FROM daily_events WHERE ",
            $where,
            " AND settled + recent > 0 ORDER BY day, action, outcome"
        )
    };
}

/// Of the last `days` days; no more than is kept.
pub async fn daily(db: &Database, days: u64) -> Result<Daily> {
    const EVENTS: &str = counts!("day > date('now', '-' || ?1 || ' days')");
    const FIGURES: &str = "SELECT day, name, value FROM daily_figures WHERE day > date('now', '-' || ?1 || ' days') ORDER BY day, name";
    const ALARMS: &str = "SELECT day, message, count FROM daily_alarms WHERE day > date('now', '-7 days') ORDER BY day DESC, message";
    let of_days = |sql| Statement::new(sql).text(&days.to_string());
    let [at, events, figures, alarms] = db
        .read(vec![
            Statement::new(AT),
            of_days(EVENTS),
            of_days(FIGURES),
            Statement::new(ALARMS),
        ])
        .await?
        .rows()?;
    Ok(Daily {
        counted_at: at.first_text("value"),
        events: read_counts(&events),
        figures: figures.read().iter().map(read_figure).collect(),
        alarms: alarms.to_json(),
    })
}

fn read_counts(rows: &Rows) -> Vec<Count> {
    let read = |row: &Row| Count {
        day: row.text("day"),
        action: row.text("action"),
        outcome: row.text("outcome"),
        count: row.number("n"),
    };
    rows.read().iter().map(read).collect()
}

fn read_figure(row: &Row) -> (String, Figure) {
    let figure = Figure {
        name: row.text("name"),
        value: row.number("value"),
    };
    (row.text("day"), figure)
}

/// What a scraper is told: the newest figures, and the counts of all time.
pub struct Totals {
    pub counted_at: Option<String>,
    pub events: Vec<Count>,
    pub figures: Vec<Figure>,
}

pub async fn totals(db: &Database) -> Result<Totals> {
    const EVENTS: &str = counts!("day = ''");
    const FIGURES: &str = "SELECT day, name, value FROM daily_figures WHERE day = (SELECT max(day) FROM daily_figures) ORDER BY name";
    let [at, events, figures] = db
        .read(vec![
            Statement::new(AT),
            Statement::new(EVENTS),
            Statement::new(FIGURES),
        ])
        .await?
        .rows()?;
    Ok(Totals {
        counted_at: at.first_text("value"),
        events: read_counts(&events),
        figures: figures
            .read()
            .iter()
            .map(|row| read_figure(row).1)
            .collect(),
    })
}
