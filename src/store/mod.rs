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

use js_sys::{Array, JsString};
use wasm_bindgen::{JsCast, JsValue};

use crate::domain::json::quoted;
use crate::error::{Code, Error, Result};
use crate::platform::{self, D1};
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
        Self(Box::new(Parts {
            json: platform::sql(sql).to_string(),
            values: Vec::new(),
        }))
    }

    /// A parameter that is JSON already.
    fn raw(mut self, json: &str) -> Self {
        self.0.json.push(',');
        self.0.json.push_str(json);
        self
    }

    pub fn text(self, value: &str) -> Self {
        self.raw(&quoted(value))
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

/// The rows that one statement of a batch gave. They stay in JavaScript; of each, what is asked for comes over.
pub struct Rows(Array);

impl Rows {
    /// The rows as JSON, for an answer that shows them as they are: the SQL names the fields.
    pub fn to_json(&self) -> String {
        to_json(&self.0)
    }

    /// As [`to_json`](Self::to_json), the first row only.
    pub fn first_to_json(&self) -> Option<String> {
        self.first().map(|row| to_json(&row.0))
    }

    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    pub fn count(&self) -> u32 {
        self.0.length()
    }

    pub fn read(&self) -> Vec<Row> {
        self.0.iter().map(Row).collect()
    }

    /// The rows as a type of the JavaScript bindings: for what every recovery reads, for a getter is quicker than a name.
    pub fn typed<T: JsCast + 'static>(&self) -> impl Iterator<Item = T> {
        self.0.iter().map(JsCast::unchecked_into)
    }

    pub fn first(&self) -> Option<Row> {
        (!self.is_empty()).then(|| Row(self.0.get(0)))
    }

    pub fn last(&self) -> Option<Row> {
        self.count().checked_sub(1).map(|at| Row(self.0.get(at)))
    }

    /// The first row's text in a column.
    pub fn first_text(&self, column: &'static str) -> Option<String> {
        self.first()?.optional(column)
    }
}

fn to_json(value: &JsValue) -> String {
    let json = js_sys::JSON::stringify(value); // fails for a ring only
    json.map_or_else(|_| "null".to_owned(), String::from)
}

/// A row, by the names of its columns. Reading them one by one, rather than into derived types, keeps the Worker small.
pub struct Row(JsValue);

impl Row {
    pub fn optional(&self, column: &'static str) -> Option<String> {
        platform::property(&self.0, column).as_string()
    }

    pub fn text(&self, column: &'static str) -> String {
        self.optional(column).unwrap_or_default()
    }

    /// A count, a time, or a truth value; 0 if it is none.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and not negative in every column"
    )]
    pub fn number(&self, column: &'static str) -> u64 {
        let number = platform::property(&self.0, column).as_f64();
        number.unwrap_or_default() as u64
    }

    /// The text in the column `sealed_share`, which stays in JavaScript. Not a string in a row that has none.
    pub fn sealed_share(&self) -> JsString {
        platform::property(&self.0, "sealed_share").unchecked_into()
    }
}

/// What the statements of a batch gave, one after the other.
pub struct Results(Vec<Rows>);

impl Results {
    /// Of a batch of N statements.
    pub fn rows<const N: usize>(self) -> Result<[Rows; N]> {
        let rows = self.0.try_into();
        rows.map_err(|_| Error::internal("D1 answered with another number of results"))
    }

    pub fn all(self) -> Vec<Rows> {
        self.0
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
    pub async fn batch(&self, statements: Vec<Statement>) -> Result<Results> {
        let mut json = String::from("[");
        let values = Array::new();
        for statement in statements {
            json.push_str(if json.len() > 1 { ",[" } else { "[" });
            json.push_str(&statement.0.json);
            json.push(']');
            for value in &statement.0.values {
                values.push(value);
            }
        }
        json.push(']');
        let mut lost = self.lost_ms.as_ref().map_or(0, Cell::get);
        let mut attempt = 1;
        loop {
            let start = platform::now_ms();
            let failure = match self.binding.batch(&json, &values, ATTEMPT_MS).await {
                Ok(results) => {
                    let rows = results.iter().map(|rows| Rows(rows.unchecked_into()));
                    return Ok(Results(rows.collect()));
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
