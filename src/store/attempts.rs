//! How often and how long a batch is tried, and what D1's failures mean.

use super::{Database, approvals};
use crate::error::{Code, Error, Result};
use crate::platform;

/// The Worker listens to one attempt for so long; Portal gives up on the whole after 10 s.
pub(super) const ATTEMPT_MS: u32 = 2_400;
const MAX_ATTEMPTS: u32 = 3;
/// No further attempt is begun if, with what earlier ones have cost, it could take longer than this.
const TOTAL_MS: u64 = 8_000;

/// The database's clock may be so far behind what the Worker takes it for; and a change must begin so long before the Worker
/// stops listening to it.
pub(super) const CLOCK_MS: i64 = 400;

/// Errors of D1 that Cloudflare documents as transient: another attempt may well work.
const TRANSIENT: [&str; 12] = [
    NOT_IN_TIME,
    BUSY,
    "attempt timed out", // our own limit
    "Network connection lost",
    "storage caused object to be reset",
    "operation exceeded timeout which caused object to be reset",
    "reset because its code was updated",
    "Cannot resolve D1 DB due to transient issue on remote node",
    "Internal error while starting up D1 DB storage",
    "Internal error in D1 DB storage",
    "Replica too slow",
    "Can't read from request stream",
];

/// What the database says of a batch that it has not carried out and will not. Behind any other failure the batch may still
/// be on its way.
pub(super) const NOT_CARRIED_OUT: [&str; 5] = [
    "SQLITE_",
    "constraint failed",
    "overloaded",
    "Exceeded maximum DB size",
    NOT_IN_TIME,
];

/// What the trigger of `migrations/0008_attempts.sql` says; a space and the database's time follow upon the second.
pub(super) const CARRIED_OUT_BEFORE: &str = "carried out before";
const NOT_IN_TIME: &str = "not in time";

/// What SQLite says where another process has the lock on a local database. Nothing of the batch was carried out.
const BUSY: &str = "SQLITE_BUSY";

/// What D1 (the first) and SQLite say of a database that has come to its end, 10 GB: nothing more is written, but read.
pub(super) const FULL: [&str; 2] = ["Exceeded maximum DB size", "SQLITE_FULL"];

/// What the triggers of `migrations/0007_seek_in_history.sql` say.
const TOO_MANY_METHODS: &str = "256 backup methods at most";

/// What a binding's check says (`sql/home_check.sql`, `sql/home_check_alone.sql`).
const MISLED: &str = "the binding ";

/// What the trigger of `migrations/0012_homes.sql`, and `sql/move_stops.sql`, say of a user whose authority is another home …
pub const MOVED: &str = "the user has moved";
/// … and of one who is being moved just now, within seconds.
const MOVING: &str = "the user is moving";
/// Moving a user takes about half a second; a lock on a local database is held no longer.
const WAIT_MS: u32 = 100;
const MAX_WAITED_MS: u64 = 2_000;

/// How long, and how often, a batch is tried.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub attempt_ms: u32,
    attempts: u32,
}

pub(super) const PATIENT: Patience = Patience {
    attempt_ms: ATTEMPT_MS,
    attempts: MAX_ATTEMPTS,
};
/// For the directory, which there is a way around.
pub(super) const QUICK: Patience = Patience {
    attempt_ms: 800,
    attempts: 1,
};

/// The database's time, where the gate says that an attempt is not in time.
pub(super) fn clock_of(failure: &str) -> Option<i64> {
    let (_, clock) = failure.split_once(NOT_IN_TIME)?;
    let digits = clock.trim_start();
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

/// The attempts to send one batch.
pub(super) struct Attempts<'a> {
    db: &'a Database,
    patience: Patience,
    count: u32,
    /// How long it was waited for a user who is being moved, or for a lock.
    waited_ms: u64,
    lost: u64,
}

impl<'a> Attempts<'a> {
    pub(super) fn of(db: &'a Database, patience: Patience) -> Self {
        Self {
            db,
            patience,
            count: 1,
            waited_ms: 0,
            lost: db.lost_ms.as_ref().map_or(0, |lost_ms| lost_ms.get()),
        }
    }

    /// Begins another attempt without a pause, if there may be one.
    pub(super) fn again_at_once(&mut self) -> bool {
        self.count += 1;
        self.count <= self.patience.attempts
    }

    /// Waits for the next attempt, after one that began at `start`. An error: there is none.
    pub(super) async fn failed(&mut self, start: u64, failure: String) -> Result<()> {
        let is_held = [MOVING, BUSY].iter().any(|known| failure.contains(known));
        if is_held && self.waited_ms < MAX_WAITED_MS {
            platform::pause(WAIT_MS).await;
            self.waited_ms += platform::now_ms().saturating_sub(start);
            return Ok(());
        }
        if failure.contains(MOVED) {
            return Err(Error::unavailable(1, MOVED));
        }
        if failure.contains(MISLED) {
            let cause = format!("{}: {failure}", self.db.which.binding());
            return Err(Error::new(
                Code::Misconfigured,
                "A binding is wrong; the Worker's log names it. Nothing was read or stored.",
            )
            .caused_by(cause));
        }
        if failure.contains(TOO_MANY_METHODS) {
            return Err(Error::conflict(
                "This user has 256 backup methods already, which is the maximum. An operator removes one with DELETE /users/:userId/backups?backupMethod=…; its shares go into the history.",
            ));
        }
        if let Some(error) = approvals::stopped(&failure) {
            return Err(error);
        }
        if failure.contains("constraint failed") {
            let conflict = Error::conflict(
                "This conflicts with what is stored: another request has just stored the same id. Look at what is there, then send it again if it is still needed.",
            );
            return Err(conflict.caused_by(failure));
        }
        let pause = u64::from(self.count) * 50 + random_ms(150);
        self.lost += platform::now_ms().saturating_sub(start) + pause;
        if let Some(lost_ms) = &self.db.lost_ms {
            lost_ms.set(self.lost);
        }
        if self.count >= self.patience.attempts
            || self.lost + u64::from(self.patience.attempt_ms) > TOTAL_MS
            || !TRANSIENT.iter().any(|known| failure.contains(known))
        {
            return Err(Error::unavailable(
                5,
                format!(
                    "D1 {}, attempt {}: {failure}",
                    self.db.which.binding(),
                    self.count
                ),
            ));
        }
        platform::pause(u32::try_from(pause).unwrap_or(u32::MAX)).await;
        self.count += 1;
        Ok(())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a fraction of a small number"
)]
fn random_ms(below: u32) -> u64 {
    (platform::random_fraction() * f64::from(below)) as u64
}
