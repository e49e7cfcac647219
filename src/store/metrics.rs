//! Daily figures: what the schedule counts from the audit trail, and what `GET /admin/metrics` and `GET /metrics` read. Nothing is
//! counted on request.

use std::cmp::Ordering;
use std::{iter, mem};

use super::sql::sql;
use super::{Change, Database, Row, Rows, Statement};
use crate::domain::names::least_id_at;
use crate::error::Result;

/// An event may be stored this long after its id was made: an attempt ends within seconds, and clocks differ a little.
const SETTLED_AFTER_MS: u64 = 10 * 60 * 1_000;
/// Events that a run settles at most.
const SETTLED_PER_RUN: u64 = 50_000;
/// Days that figures are kept for.
pub const DAYS_KEPT: u32 = 400;

/// Counts what came since the run before, as one transaction: sent again after a lost answer, it counts nothing twice.
///
/// 1. Up to which id events are settled: none that is stored later has a lower one.
/// 2. Those are added, once.
/// 3. The recent ones, behind, are counted anew; not as long as so many are to be settled that more runs are needed.
/// 4. The next run begins where this one ended. Old days go.
pub async fn count_events(db: &Database, now_ms: u64) -> Result<()> {
    const NO_RECENT: &str = "UPDATE daily_events SET recent = 0 WHERE recent <> 0";
    const FROM: &str = sql!("metrics_from");
    const FORGET: &str =
        "DELETE FROM daily_events WHERE day <> '' AND day < date('now', '-' || ?1 || ' days')";
    let settled_to = least_id_at(now_ms.saturating_sub(SETTLED_AFTER_MS));
    let count = Change::upkeep(
        Statement::new(sql!("metrics_to"))
            .text(&settled_to)
            .number(SETTLED_PER_RUN),
    )
    .read(Statement::new(sql!("metrics_settled")))
    .read(Statement::new(NO_RECENT))
    .read(Statement::new(sql!("metrics_recent")).text(&settled_to))
    .read(Statement::new(FROM))
    .read(mark("at"))
    .read(Statement::new(FORGET).text(&DAYS_KEPT.to_string()));
    db.change(count).await.map(drop)
}

/// A figure of the whole, by its name.
pub struct Figure {
    pub name: String,
    pub value: u64,
}

/// Keeps figures as those of today, in place of today's earlier ones, and forgets old ones.
pub async fn keep_figures(db: &Database, figures: &[Figure]) -> Result<()> {
    const KEEP: &str = sql!("metrics_keep_figure");
    const FORGET: &str = "DELETE FROM daily_figures WHERE day = date('now') OR day < date('now', '-' || ?1 || ' days')";
    let keep = |figure: &Figure| Statement::new(KEEP).text(&figure.name).number(figure.value);
    let forget = Change::upkeep(Statement::new(FORGET).text(&DAYS_KEPT.to_string()));
    let change = figures.iter().map(keep).fold(forget, Change::read);
    db.change(change).await.map(drop)
}

/// Whether shares are to be counted by this run: counting reads every row, so among many it is done four times a day.
pub async fn count_is_due(db: &Database, many: u64) -> Result<bool> {
    const SQL: &str = sql!("metrics_share_count_due");
    let due = db.ask(Statement::new(SQL).number(many)).await?;
    Ok(due.first_number("due") != 0)
}

pub async fn shares_were_counted(db: &Database) -> Result<()> {
    db.upkeep(mark("shares counted")).await.map(drop)
}

/// Notes that something was done now.
fn mark(name: &str) -> Statement {
    Statement::new(sql!("metrics_mark")).text(name)
}

/// Adds alarms to those of today; `run` is this run's own id.
pub async fn keep_alarms(db: &Database, run: &str, alarms: &[(String, u64)]) -> Result<()> {
    const KEEP: &str = sql!("metrics_keep_alarm");
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

/// An alarm of a day, and how often it was raised.
pub struct Alarm {
    pub day: String,
    pub message: String,
    pub count: u64,
}

/// All that is kept of a number of days, up to today.
#[derive(Default)]
pub struct Daily {
    /// ISO 8601; None before the first count.
    pub counted_at: Option<String>,
    /// By day.
    pub events: Vec<Count>,
    /// By day: `(day, figure)`.
    pub figures: Vec<(String, Figure)>,
    /// Of the last week, the newest day first.
    pub alarms: Vec<Alarm>,
}

impl Daily {
    /// Adds another database's.
    pub fn add(&mut self, other: Self) {
        earlier(&mut self.counted_at, other.counted_at);
        add_counts(&mut self.events, other.events);
        self.figures.extend(other.figures);
        let newest_first =
            |a: &Alarm, b: &Alarm| b.day.cmp(&a.day).then_with(|| a.message.cmp(&b.message));
        merge(
            &mut self.alarms,
            other.alarms,
            newest_first,
            |known, same| {
                known.count += same.count;
            },
        );
    }
}

/// What several databases have counted is as old as the oldest count.
fn earlier(ours: &mut Option<String>, theirs: Option<String>) {
    if ours
        .as_ref()
        .is_none_or(|at| theirs.as_ref().is_some_and(|other| other < at))
    {
        *ours = theirs;
    }
}

fn add_counts(ours: &mut Vec<Count>, theirs: Vec<Count>) {
    let by_kind = |a: &Count, b: &Count| {
        (&a.day, &a.action, &a.outcome).cmp(&(&b.day, &b.action, &b.outcome))
    };
    merge(ours, theirs, by_kind, |known, same| {
        known.count += same.count;
    });
}

/// Makes one of two lists that are in order; what both have is added up.
fn merge<T>(
    ours: &mut Vec<T>,
    theirs: Vec<T>,
    order: impl Fn(&T, &T) -> Ordering,
    add: impl Fn(&mut T, T),
) {
    let mut rest = mem::take(ours).into_iter().peekable();
    for next in theirs {
        ours.extend(iter::from_fn(|| {
            rest.next_if(|known| order(known, &next) == Ordering::Less)
        }));
        match rest.next_if(|known| order(known, &next) == Ordering::Equal) {
            Some(mut known) => {
                add(&mut known, next);
                ours.push(known);
            }
            None => ours.push(next),
        }
    }
    ours.extend(rest);
}

const AT: &str = "SELECT value FROM metric_marks WHERE name = 'at'";

/// Of the last `days` days; no more than is kept.
pub async fn daily(db: &Database, days: u64) -> Result<Daily> {
    const EVENTS: &str = sql!("metrics_events");
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
        figures: figures.each(read_figure),
        alarms: alarms.each(read_alarm),
    })
}

fn read_counts(rows: &Rows) -> Vec<Count> {
    let read = |row: &Row| Count {
        day: row.text("day"),
        action: row.text("action"),
        outcome: row.text("outcome"),
        count: row.number("n"),
    };
    rows.each(read)
}

fn read_alarm(row: &Row) -> Alarm {
    Alarm {
        day: row.text("day"),
        message: row.text("message"),
        count: row.number("count"),
    }
}

fn read_figure(row: &Row) -> (String, Figure) {
    let figure = Figure {
        name: row.text("name"),
        value: row.number("value"),
    };
    (row.text("day"), figure)
}

/// What a scraper is told: the newest figures, and the counts of all time.
#[derive(Default)]
pub struct Totals {
    pub counted_at: Option<String>,
    pub events: Vec<Count>,
    pub figures: Vec<Figure>,
}

impl Totals {
    /// Adds another database's. Of times the earlier one counts.
    pub fn add(&mut self, other: Self) {
        earlier(&mut self.counted_at, other.counted_at);
        add_counts(&mut self.events, other.events);
        for figure in other.figures {
            match self
                .figures
                .iter_mut()
                .find(|known| known.name == figure.name)
            {
                Some(known) if figure.name.ends_with("_timestamp_seconds") => {
                    known.value = known.value.min(figure.value);
                }
                Some(known) => known.value += figure.value,
                None => self.figures.push(figure),
            }
        }
    }
}

pub async fn totals(db: &Database) -> Result<Totals> {
    const EVENTS: &str = sql!("metrics_totals");
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
        figures: figures.each(|row| read_figure(row).1),
    })
}
