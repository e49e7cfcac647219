//! All SQL, and the only user of the database.
//!
//! A store or a fetch is one batch: one transaction, one round trip. Every batch is idempotent, because its ids are made
//! before it is sent: after a commit whose answer was lost, sending it again changes nothing. That is what makes
//! the retries here safe.
//!
//! SQL is constant text; whatever comes from outside is a bound parameter.

pub mod audit;
pub mod clients;
pub mod credential;
pub mod custodian_shares;
pub mod deleted_users;
pub mod eject;
pub mod export;
pub mod health;
pub mod import;
pub mod import_shares;
pub mod maintenance;
pub mod mates;
mod quota;
mod rows;
pub mod status;
pub mod user_shares;
pub mod users;
pub mod versions;

pub use rows::{Page, Results, Row, Rows};

use std::cell::Cell;

use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::domain::json::push_quoted;
use crate::error::{Code, Error, Result};
use crate::log::{self, Field, Level};
use crate::platform::{self, D1};
use crate::vault::Sealed;
use audit::Trail;

/// The current time in SQL: ISO 8601, UTC, milliseconds.
macro_rules! now {
    () => {
        "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    };
}
/// A time in SQL from milliseconds since 1970.
macro_rules! at {
    ($ms:expr) => {
        concat!(
            "strftime('%Y-%m-%dT%H:%M:%fZ', ",
            $ms,
            " / 1000.0, 'unixepoch')"
        )
    };
}
/// The time in SQL at which a share counts as stored, of the user `u`, the method ?3 and the digest ?6: later than all that the
/// user has (`store_times`, a view in `migrations/0007_seek_in_history.sql`). Unless one of the twenty newest versions of
/// its kind and method holds the same share: what comes again late is still of the backup that it came with first.
macro_rules! store_time {
    ($kind:literal) => {
        concat!(
            "coalesce((SELECT stored_at FROM (SELECT stored_at, share_digest FROM backup_share_versions \
               WHERE user_id = u.id AND kind = '",
            $kind,
            "' AND backup_method = ?3 ORDER BY stored_at DESC LIMIT 20) WHERE share_digest = ?6), \
             (SELECT at FROM store_times WHERE user_id = u.id))"
        )
    };
}
pub(crate) use {at, now, store_time};

/// One attempt at most this long; Portal gives up on the whole after 10 s.
const ATTEMPT_MS: u32 = 2_400;
const MAX_ATTEMPTS: u32 = 3;
/// No further attempt is begun if, with what earlier ones have cost, it could take longer than this.
const TOTAL_MS: u64 = 8_000;

/// Errors of D1 that Cloudflare documents as transient: another attempt may well work.
const TRANSIENT: [&str; 9] = [
    "attempt timed out", // our own limit
    "Network connection lost",
    "storage caused object to be reset",
    "reset because its code was updated",
    "Cannot resolve D1 DB due to transient issue on remote node",
    "Internal error while starting up D1 DB storage",
    "Internal error in D1 DB storage",
    "Replica too slow",
    "Can't read from request stream",
];

/// What D1 (the first) and SQLite say of a database that has come to its end, 10 GB: nothing more is written, but read.
const FULL: [&str; 2] = ["Exceeded maximum DB size", "SQLITE_FULL"];

/// What the triggers of `migrations/0007_seek_in_history.sql` say.
const TOO_MANY_METHODS: &str = "256 backup methods at most";

/// A statement, as `d1Batch` in `platform/glue.js` takes it. One pointer, for it is handed from call to call.
pub struct Statement(Box<Parts>);

struct Parts {
    /// JSON: the place of its SQL and its parameters, between commas.
    json: String,
    /// The parameters that are in JavaScript, in whose place `{}` stands.
    values: Vec<JsValue>,
}

impl Statement {
    pub fn new(sql: &'static str) -> Self {
        let mut json = String::with_capacity(256); // more than most have
        json.push_str(&platform::sql(sql).to_string());
        Self(Box::new(Parts {
            json,
            values: Vec::new(),
        }))
    }

    /// A parameter that is JSON already.
    fn raw(mut self, json: &str) -> Self {
        self.0.json.push_str(",");
        self.0.json.push_str(json);
        self
    }

    pub fn text(mut self, value: &str) -> Self {
        self.0.json.push_str(",");
        push_quoted(&mut self.0.json, value);
        self
    }

    pub fn optional(self, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(value),
            None => self.raw("null"),
        }
    }

    /// Integers up to 2^53 arrive exactly.
    pub fn number(self, value: u64) -> Self {
        self.raw(&value.to_string())
    }

    pub fn js(mut self, value: &JsValue) -> Self {
        self.0.values.push(value.clone());
        self.raw("{}")
    }

    /// Key id, digest and envelope: in this order in every statement.
    pub fn sealed(self, sealed: &Sealed) -> Self {
        self.text(&sealed.key_id)
            .js(&sealed.digest)
            .js(&sealed.envelope)
    }
}

/// A database. Handed to whoever needs it: which one it is, the caller has decided.
pub struct Database {
    binding: D1,
    /// What failed attempts have cost the request so far; None where nobody waits for an answer.
    lost_ms: Option<Cell<u64>>,
}

impl Database {
    /// For a request: however many batches it takes, their failures together have one time.
    pub fn for_request(binding: D1) -> Self {
        Self {
            binding,
            lost_ms: Some(Cell::new(0)),
        }
    }

    /// For work in the background: each batch has its own time.
    pub fn for_background(binding: D1) -> Self {
        Self {
            binding,
            lost_ms: None,
        }
    }

    /// Reads what a recovery needs, and leaves the event of it in the same transaction: the rows, and the event's outcome.
    ///
    /// A full database takes no event, and must keep nobody from recovering. Then the log keeps what the event would have
    /// told, and there is no outcome; no rows, which may have any reason, is the database's error. `read` depends on the
    /// credential by itself.
    pub async fn recover(
        &self,
        trail: &Trail,
        who: &str,
        read: Statement,
        event: Statement,
    ) -> Result<(Rows, Option<Rows>)> {
        let statements = [read, event];
        let full = match self.run(&statements).await {
            Ok(results) => {
                let [rows, outcome] = results.rows()?;
                return Ok((rows, Some(outcome)));
            }
            Err(error) if error.is_caused_by(&FULL) => error,
            Err(error) => return Err(error),
        };
        let [read, _] = &statements;
        let [rows] = self.run(std::slice::from_ref(read)).await?.rows()?;
        if rows.is_empty() {
            return Err(full);
        }
        log::event(
            Level::Error,
            "the database is full: a recovery left no audit event",
            &[
                ("who", Field::Text(who)),
                ("ray", Field::Text(&trail.request_id)),
            ],
        );
        Ok((rows, None))
    }

    /// Carries out the statements as one transaction; transient failures are tried again.
    pub async fn batch(&self, statements: Vec<Statement>) -> Result<Results> {
        self.run(&statements).await
    }

    async fn run(&self, statements: &[Statement]) -> Result<Results> {
        let length: usize = statements.iter().map(|s| s.0.json.len() + 3).sum();
        let mut json = String::with_capacity(length + 2);
        json.push_str("[");
        let values = Array::new();
        for statement in statements {
            json.push_str(if json.len() > 1 { ",[" } else { "[" });
            json.push_str(&statement.0.json);
            json.push_str("]");
            for value in &statement.0.values {
                values.push(value);
            }
        }
        json.push_str("]");
        let mut lost = self.lost_ms.as_ref().map_or(0, Cell::get);
        let mut attempt = 1;
        loop {
            let start = platform::now_ms();
            let failure = match self.binding.batch(&json, &values, ATTEMPT_MS).await {
                Ok(results) => return Ok(Results::of(&results)),
                Err(failure) => failure.0,
            };
            if failure.contains(TOO_MANY_METHODS) {
                return Err(Error::new(
                    Code::Conflict,
                    "This user has 256 backup methods already, which is the maximum.",
                ));
            }
            if failure.contains("constraint failed") {
                return Err(
                    Error::new(Code::Conflict, "This conflicts with what is stored.")
                        .caused_by(failure),
                );
            }
            let pause = u64::from(attempt) * 50 + random_ms(150);
            lost += platform::now_ms().saturating_sub(start) + pause;
            if let Some(lost_ms) = &self.lost_ms {
                lost_ms.set(lost);
            }
            if attempt == MAX_ATTEMPTS
                || lost + u64::from(ATTEMPT_MS) > TOTAL_MS
                || !TRANSIENT.iter().any(|known| failure.contains(known))
            {
                return Err(Error::unavailable(
                    5,
                    format!("D1, attempt {attempt}: {failure}"),
                ));
            }
            platform::pause(u32::try_from(pause).unwrap_or(u32::MAX)).await;
            attempt += 1;
        }
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
