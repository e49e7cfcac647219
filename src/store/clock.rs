//! Whether the database's clock is what the gate takes it for: SQLite's `now` must move while a batch waits in D1's queue. Else an
//! attempt that the Worker no longer listens to would still find itself in time (`store::Change`).

use super::attempts::ATTEMPT_MS;
use super::change::Payload;
use super::sql::sql;
use super::{Database, Rows, Statement};
use crate::error::{Error, Result};
use crate::platform::now_ms;

/// How long the database is kept busy, in steps of `sql/clock_work.sql`: more, until a question has waited long enough.
const STEPS: [u64; 5] = [200_000, 600_000, 1_800_000, 5_400_000, 16_200_000];
/// A question that has waited for less shows nothing …
const WAITED_MS: u64 = 150;
/// … and it must have waited for so many times as long as a round trip takes.
const TRIPS: u64 = 3;

/// What was seen of a database's clock.
pub struct Clock {
    /// Whether it moved while a question waited. None: no question had to wait.
    pub moves: Option<bool>,
    /// How long the question waited, in milliseconds.
    pub waited_ms: u64,
    /// How far the database's clock is ahead of the Worker's, in milliseconds.
    pub ahead_ms: i64,
}

/// One look at the database's clock: when it was asked, when it answered, what it said.
struct Look {
    asked_ms: u64,
    answered_ms: u64,
    now_ms: i64,
}

impl Look {
    fn trip_ms(&self) -> u64 {
        self.answered_ms.saturating_sub(self.asked_ms)
    }
}

/// Looks at the clock of a database that has nothing else to do, and then of one that is busy: the second question waits in the
/// queue. Both answers come the same half of a round trip after the database read its clock. So between the answers the Worker's
/// clock moves as far as the database's, unless that stood still while the question waited.
pub async fn look(db: &Database) -> Result<Clock> {
    db.read(vec![now()]).await?; // The connection is there from now on, and the binding is checked.
    let idle = ask(db).await?;
    let middle = idle.answered_ms.midpoint(idle.asked_ms).cast_signed();
    let mut clock = Clock {
        moves: None,
        waited_ms: 0,
        ahead_ms: idle.now_ms - middle,
    };
    for steps in STEPS {
        let work = Statement::new(sql!("clock_work")).number(steps);
        let work = db.send(&Payload::of([&work]), ATTEMPT_MS);
        let busy = ask(db).await?;
        work.await.map_err(failed)?;
        clock.waited_ms = busy.trip_ms().saturating_sub(idle.trip_ms());
        if clock.waited_ms >= WAITED_MS.max(idle.trip_ms() * TRIPS) {
            let passed = busy.answered_ms.saturating_sub(idle.answered_ms);
            let stood = passed.cast_signed() - (busy.now_ms - idle.now_ms);
            clock.moves = Some(stood < clock.waited_ms.cast_signed() / 2);
            break;
        }
    }
    Ok(clock)
}

fn now() -> Statement {
    Statement::new(sql!("clock_now"))
}

async fn ask(db: &Database) -> Result<Look> {
    let asked_ms = now_ms();
    let results = db.send(&Payload::of([&now()]), ATTEMPT_MS);
    let results = results.await.map_err(failed)?;
    let answered_ms = now_ms();
    let row = Rows::of(&results, 0).first();
    let row = row.ok_or_else(|| Error::internal("the clock gave no row"))?;
    Ok(Look {
        asked_ms,
        answered_ms,
        now_ms: row.number("now").cast_signed(),
    })
}

fn failed(failure: crate::platform::JsFailure) -> Error {
    Error::unavailable(5, format!("the clock cannot be read: {}", failure.0))
}
