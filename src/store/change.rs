//! A transaction that changes something: carried out at most once, and never after its request has been answered.

use js_sys::Array;

use super::approvals;
use super::audit::By;
use super::outcome::{Done, Outcome, Refusal, Sought};
use super::{Row, Rows, Statement};
use crate::domain::json;
use crate::error::{Error, Result};

/// A batch that changes something. The gate comes first (`migrations/0008_attempts.sql`): it stops the batch where the
/// request's event exists, and where the Worker no longer listens. So whoever comes after the gate is the first and in
/// time, and no other statement looks at that.
///
/// A batch that was carried out before is answered from its event: the changes are left out, and the reads sent again.
#[derive(Clone)]
pub struct Change {
    gate: &'static str,
    /// The id of the event that is written; a JSON array of several.
    event_id: String,
    steps: Vec<Step>,
}

#[derive(Clone)]
enum Step {
    Change(Statement),
    /// Writes the request's event, and gives its `outcome`.
    Event(Statement),
    /// Changes nothing; or changes the same, however often it is carried out.
    Read(Statement),
}

/// Of an event that exists.
const OUTCOME: &str = "SELECT outcome FROM audit_events WHERE id = ?1";
const GATE: &str = "INSERT INTO attempts (event_id, not_before, not_after) VALUES (?1, ?2, ?3)";
/// For a batch that writes an event for each of many records, and no other.
const GATE_OF_RECORDS: &str = "INSERT INTO attempts (event_id, not_before, not_after) SELECT value, ?2, ?3 FROM json_each(?1)";

/// Puts the operator's name into the events of a change.
const SIGN: &str =
    "UPDATE audit_events SET operator = ?2, approved_by = ?3, reason = ?4 WHERE id = ?1";
const SIGN_RECORDS: &str = "UPDATE audit_events SET operator = ?2, approved_by = ?3, reason = ?4 WHERE id IN (SELECT value FROM json_each(?1))";

impl Change {
    /// `event_id` is the id of the event that is written.
    pub fn new(event_id: &str) -> Self {
        Self {
            gate: GATE,
            event_id: event_id.to_owned(),
            steps: Vec::with_capacity(4),
        }
    }

    /// Of records, each with an event of its own.
    pub fn of_records<'a>(event_ids: impl Iterator<Item = &'a str>) -> Self {
        Self {
            gate: GATE_OF_RECORDS,
            ..Self::new(&json::texts(event_ids))
        }
    }

    /// Work in the background, without an event: carried out twice, it does the same.
    pub fn upkeep(statement: Statement) -> Self {
        Self::new("").read(statement)
    }

    /// With the operator's name in its events, and with the approval that it takes.
    pub(super) fn signed(mut self, by: &By) -> Self {
        if self.event_id.is_empty() {
            return self; // It has no event.
        }
        if let Some(approval) = &by.approval {
            let decided = approvals::decide(approval, "approved", &self.event_id);
            self.steps.insert(0, Step::Change(decided));
        }
        let sign = if self.gate == GATE {
            SIGN
        } else {
            SIGN_RECORDS
        };
        let statement = Statement::new(sign)
            .text(&self.event_id)
            .text(&by.operator)
            .optional(by.approval.as_ref().map(|approval| approval.by.as_str()))
            .optional(by.reason.as_deref());
        self.then(statement)
    }

    pub fn then(mut self, statement: Statement) -> Self {
        self.steps.push(Step::Change(statement));
        self
    }

    /// A change that is carried out before the others.
    pub fn first(mut self, statement: Statement) -> Self {
        self.steps.insert(0, Step::Change(statement));
        self
    }

    pub fn event(mut self, statement: Statement) -> Self {
        self.steps.push(Step::Event(statement));
        self
    }

    pub fn read(mut self, statement: Statement) -> Self {
        self.steps.push(Step::Read(statement));
        self
    }

    /// The statements of an attempt that the Worker listens to in the given time of the database's clock, behind the `check` of
    /// its binding.
    pub(super) fn attempt(
        &self,
        check: Option<&Statement>,
        not_before: i64,
        not_after: i64,
    ) -> Payload {
        let mut payload = Payload::of(check);
        let gate = Statement::new(self.gate)
            .text(&self.event_id)
            .raw(&not_before.to_string())
            .raw(&not_after.to_string());
        payload.push(&gate);
        for step in &self.steps {
            let (Step::Change(statement) | Step::Event(statement) | Step::Read(statement)) = step;
            payload.push(statement);
        }
        payload
    }

    /// The statements that answer for a change that was carried out before.
    pub(super) fn repeat(&self, check: Option<&Statement>) -> Payload {
        let mut payload = Payload::of(check);
        for step in &self.steps {
            match step {
                Step::Change(_) => {}
                Step::Event(_) => payload.push(&Statement::new(OUTCOME).text(&self.event_id)),
                Step::Read(statement) => payload.push(statement),
            }
        }
        payload
    }

    /// Reads the results of an attempt or of a repeat.
    pub(super) fn read_results(&self, results: &Array, is_repeat: bool) -> Changed {
        let mut changed = Changed::default();
        let mut at = u32::from(!is_repeat); // The gate's come first.
        for step in &self.steps {
            let rows = || Rows::of(results, at);
            match step {
                Step::Change(_) if is_repeat => continue,
                Step::Change(_) => {}
                Step::Event(_) => changed.outcome = rows().first_text("outcome"),
                Step::Read(_) => changed.rows.push(rows()),
            }
            at += 1;
        }
        changed
    }
}

/// What came of a [`Change`].
#[derive(Default)]
pub struct Changed {
    outcome: Option<String>,
    rows: Vec<Rows>,
}

impl Changed {
    /// The event's outcome. An error: it is a refusal.
    pub fn outcome<T: Outcome>(&self) -> Result<T> {
        let word = self.word()?;
        T::of(word).ok_or_else(|| Error::internal(format!("an event has the outcome {word}")))
    }

    fn word(&self) -> Result<&str> {
        let word = self.outcome.as_deref();
        let word = word.ok_or_else(|| Error::internal("an event came back without an outcome"))?;
        match Refusal::of(word) {
            Some(refusal) => Err(refusal.into()),
            None => Ok(word),
        }
    }

    /// Of an event that has one outcome, or is a refusal.
    pub fn done(&self) -> Result<()> {
        self.outcome::<Done>().map(drop)
    }

    /// Of an event that is done, or has found nothing to do: 404.
    pub fn done_or_missing(&self, missing: &'static str) -> Result<()> {
        match self.outcome()? {
            Sought::Removed | Sought::Cancelled | Sought::Restored => Ok(()),
            Sought::NotFound => Err(Error::not_found(missing)),
        }
    }

    /// Of an event that is written only where the request is refused.
    pub fn unless_refused(&self) -> Result<()> {
        match self.outcome {
            None => Ok(()),
            Some(_) => self.outcome::<Refusal>().map(drop),
        }
    }

    /// The rows of the first read.
    pub fn first_rows(&self) -> Vec<Row> {
        self.rows.first().map(Rows::read).unwrap_or_default()
    }

    pub fn all_rows(self) -> Vec<Rows> {
        self.rows
    }

    /// What the reads gave.
    pub fn rows<const N: usize>(self) -> Result<[Rows; N]> {
        let rows = self.rows.try_into();
        rows.map_err(|_| Error::internal("D1 answered with another number of results"))
    }
}

/// Statements as `d1Batch` in `platform/glue.js` takes them.
#[derive(Default)]
pub(super) struct Payload {
    json: String,
    pub values: Array,
}

impl Payload {
    pub fn of<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> Self {
        let mut payload = Self::default();
        for statement in statements {
            payload.push(statement);
        }
        payload
    }

    fn push(&mut self, statement: &Statement) {
        if self.json.is_empty() {
            self.json.reserve(1024);
        }
        self.json
            .push_str(if self.json.is_empty() { "[[" } else { ",[" });
        self.json.push_str(&statement.parts().json);
        self.json.push_str("]");
        for value in &statement.parts().values {
            self.values.push(value);
        }
    }

    pub fn json(&self) -> String {
        [&self.json, "]"].concat()
    }
}
