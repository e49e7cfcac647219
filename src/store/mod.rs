//! All SQL, and the only user of the database.
//!
//! A request is one batch: one transaction, one round trip. Every batch is idempotent, because its ids are made
//! before it is sent: after a commit whose answer was lost, sending it again changes nothing. That is what makes
//! the retries here safe.
//!
//! SQL is constant text; whatever comes from outside is a bound parameter.

pub mod audit;
pub mod clients;
pub mod credential;
pub mod custodian_shares;
pub mod eject;
pub mod export;
pub mod health;
pub mod import;
pub mod import_shares;
pub mod maintenance;
pub mod user_shares;
pub mod users;
pub mod versions;

use std::cell::Cell;

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{Code, Error, Result};
use crate::platform::{self, D1, JsFailure};
use crate::vault::Sealed;

/// The current time in SQL: ISO 8601, UTC, milliseconds.
macro_rules! now {
    () => {
        "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    };
}
/// A time in SQL from milliseconds since 1970.
macro_rules! at {
    ($ms:literal) => {
        concat!(
            "strftime('%Y-%m-%dT%H:%M:%fZ', ",
            $ms,
            " / 1000.0, 'unixepoch')"
        )
    };
}
/// A time in SQL, one millisecond after another.
macro_rules! just_after {
    ($time:literal) => {
        concat!(
            "strftime('%Y-%m-%dT%H:%M:%fZ', ",
            $time,
            ", '+0.001 seconds')"
        )
    };
}
pub(crate) use {at, just_after, now};

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

/// A statement: its SQL, and behind it its parameters.
pub struct Statement(Array);

impl Statement {
    pub fn new(sql: &'static str) -> Self {
        Self(Array::new()).js(&platform::constant(sql))
    }

    pub fn text(self, value: &str) -> Self {
        self.js(&JsValue::from_str(value))
    }

    pub fn optional(self, value: Option<&str>) -> Self {
        self.js(&value.map_or(JsValue::NULL, JsValue::from_str))
    }

    /// Integers up to 2^53 arrive exactly.
    #[expect(
        clippy::cast_precision_loss,
        reason = "times in milliseconds and counts are far below 2^53"
    )]
    pub fn number(self, value: u64) -> Self {
        self.js(&JsValue::from_f64(value as f64))
    }

    pub fn js(self, value: &JsValue) -> Self {
        self.0.push(value);
        self
    }

    /// Key id, digest and envelope: in this order in every statement.
    pub fn sealed(self, sealed: &Sealed) -> Self {
        self.text(&sealed.key_id)
            .js(&sealed.digest)
            .js(&sealed.envelope)
    }
}

/// The rows that one statement of a batch gave.
pub struct Rows(Array);

impl Rows {
    pub fn is_empty(&self) -> bool {
        self.0.length() == 0
    }

    pub fn count(&self) -> u32 {
        self.0.length()
    }

    /// The rows as a type of the JavaScript bindings: for shares, which then stay in JavaScript.
    pub fn typed<T: JsCast + 'static>(&self) -> impl Iterator<Item = T> {
        self.0.iter().map(JsCast::unchecked_into)
    }

    pub fn iter(&self) -> impl Iterator<Item = Row> {
        self.0.iter().map(Row)
    }

    pub fn first(&self) -> Option<Row> {
        self.iter().next()
    }

    pub fn last(&self) -> Option<Row> {
        self.0
            .length()
            .checked_sub(1)
            .map(|last| Row(self.0.get(last)))
    }

    /// The first row's text in a column.
    pub fn first_text(&self, column: &str) -> Option<String> {
        self.first()?.optional(column)
    }

    /// The rows as JSON, for an answer that shows them as they are: the SQL names the fields.
    pub fn to_json(&self) -> Result<String> {
        let text = js_sys::JSON::stringify(&self.0).map_err(JsFailure::from)?;
        Ok(text.into())
    }

    /// As [`to_json`](Self::to_json), the first row only.
    pub fn first_to_json(&self) -> Result<Option<String>> {
        let Some(Row(row)) = self.first() else {
            return Ok(None);
        };
        let text = js_sys::JSON::stringify(&row).map_err(JsFailure::from)?;
        Ok(Some(text.into()))
    }
}

/// A row, by the names of its columns. Reading them one by one, rather than into derived types, keeps the Worker small.
pub struct Row(JsValue);

impl Row {
    fn get(&self, column: &str) -> JsValue {
        js_sys::Reflect::get(&self.0, &JsValue::from_str(column)).unwrap_or(JsValue::UNDEFINED)
    }

    pub fn optional(&self, column: &str) -> Option<String> {
        self.get(column).as_string()
    }

    pub fn text(&self, column: &str) -> String {
        self.optional(column).unwrap_or_default()
    }

    /// A count, a time, or a truth value; 0 if it is none.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and not negative in every column"
    )]
    pub fn number(&self, column: &str) -> u64 {
        self.get(column).as_f64().unwrap_or_default() as u64
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

    /// Carries out the statements as one transaction; transient failures are tried again.
    pub async fn batch<const N: usize>(&self, statements: [Statement; N]) -> Result<[Rows; N]> {
        let results = self.batch_all(statements.into()).await?;
        results
            .try_into()
            .map_err(|_| Error::internal("D1 answered with another number of results"))
    }

    /// As [`batch`](Self::batch), for a number of statements that is not known beforehand.
    pub async fn batch_all(&self, statements: Vec<Statement>) -> Result<Vec<Rows>> {
        let list: Array = statements.iter().map(|statement| &statement.0).collect();
        let mut lost = self.lost_ms.as_ref().map_or(0, Cell::get);
        let mut attempt = 1;
        loop {
            let start = platform::now_ms();
            let failure = match self.binding.batch(&list, ATTEMPT_MS).await {
                Ok(results) => {
                    return Ok(results
                        .iter()
                        .map(|rows| Rows(rows.unchecked_into()))
                        .collect());
                }
                Err(failure) => failure.0,
            };
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
