//! What a batch gave: the rows of its statements.

use js_sys::{Array, JsString};
use wasm_bindgen::{JsCast, JsValue};

use crate::domain::names::BackupMethod;
use crate::domain::sealing::Kind;
use crate::domain::sorted::sorted_by;
use crate::error::{Error, Result};
use crate::platform;

/// The rows one statement returned. They stay in JavaScript; only the columns you read are copied into wasm.
#[derive(Default)]
pub struct Rows(Array);

impl Rows {
    /// Those of the statement at this place of a batch.
    pub(super) fn of(results: &Array, at: u32) -> Self {
        Self(results.get(at).unchecked_into())
    }

    /// The rows as JSON, for an answer that shows them as they are: the SQL names the fields.
    pub fn to_json(&self) -> String {
        to_json(&self.0)
    }

    /// Makes a column's JSON a value of its row; a row that has none goes without the column.
    pub fn parse_column(&self, column: &'static str) {
        for row in self.0.iter() {
            let row: js_sys::Object = row.unchecked_into();
            match platform::property(&row, column).as_string() {
                Some(json) => {
                    let value = js_sys::JSON::parse(&json).unwrap_or(JsValue::NULL); // fails for what is no JSON
                    js_sys::Reflect::set(&row, &column.into(), &value).ok();
                }
                None => drop(js_sys::Reflect::delete_property(&row, &column.into())),
            }
        }
    }

    /// As [`to_json`](Self::to_json), the first row only.
    pub fn first_to_json(&self) -> Option<String> {
        self.first().map(|row| to_json(&row.0))
    }

    /// Puts the rows of another statement behind these.
    pub fn append(&mut self, other: &Rows) {
        for row in other.0.iter() {
            self.0.push(&row);
        }
    }

    /// Puts the rows of another home among these, in the order of a column of text. Of two with the same text, the first stays.
    pub fn merge(&mut self, other: &Rows, column: &'static str, greatest_first: bool) {
        let keyed = |row: Row| (row.text(column), row.0);
        let rows = self.read().into_iter().chain(other.read()).map(keyed);
        let mut sorted = sorted_by(rows, |a, b| match greatest_first {
            true => a.0 > b.0,
            false => a.0 < b.0,
        });
        sorted.dedup_by(|a, b| a.0 == b.0);
        self.0 = sorted.into_iter().map(|(_, row)| row).collect();
    }

    /// Leaves so many rows. Whether there were more.
    pub fn truncate(&mut self, limit: u64) -> bool {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let has_more = self.count() > limit;
        if has_more {
            self.0.set_length(limit);
        }
        has_more
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

    /// What is read of each row.
    pub fn each<T>(&self, mut read: impl FnMut(&Row) -> T) -> Vec<T> {
        let mut all = Vec::with_capacity(self.count() as usize);
        for row in self.0.iter() {
            all.push(read(&Row(row)));
        }
        all
    }

    pub fn texts(&self, column: &'static str) -> Vec<String> {
        self.each(|row| row.text(column))
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

    /// The first row's number in a column; 0 if there is no row.
    pub fn first_number(&self, column: &'static str) -> u64 {
        self.first().map_or(0, |row| row.number(column))
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
    /// An object that is read like a row.
    pub fn of(object: JsValue) -> Self {
        Self(object)
    }

    /// How long the text in `sealedShare` is, in characters.
    pub fn sealed_length(&self) -> usize {
        let sealed = self.string("sealedShare");
        sealed.map_or(0, |text| text.length() as usize)
    }

    pub fn optional(&self, column: &'static str) -> Option<String> {
        platform::property(&self.0, column).as_string()
    }

    pub fn text(&self, column: &'static str) -> String {
        self.optional(column).unwrap_or_default()
    }

    /// Whether the column holds anything.
    pub fn has(&self, column: &'static str) -> bool {
        let value = platform::property(&self.0, column);
        !value.is_null() && !value.is_undefined()
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

    pub fn flag(&self, column: &'static str) -> bool {
        self.number(column) != 0
    }

    /// Of a share that is a custodian's or a user's.
    pub fn kind(&self) -> Kind {
        match self.text("kind").as_str() {
            "custodian" => Kind::Custodian,
            _ => Kind::User,
        }
    }

    pub fn backup_method(&self) -> Result<BackupMethod> {
        stored_method(self.text("backup_method"))
    }

    /// A column's value, which stays in JavaScript.
    pub fn js(&self, column: &'static str) -> JsValue {
        platform::property(&self.0, column)
    }

    /// As [`js`](Self::js), if it is a string.
    pub fn string(&self, column: &'static str) -> Option<JsString> {
        self.js(column).dyn_into().ok()
    }

    /// The text in the column `sealed_share`, which stays in JavaScript. Not a string in a row that has none.
    pub fn sealed_share(&self) -> JsString {
        platform::property(&self.0, "sealed_share").unchecked_into()
    }
}

/// A method that the database holds.
pub(super) fn stored_method(text: String) -> Result<BackupMethod> {
    BackupMethod::parse(text)
        .map_err(|invalid| Error::internal(format!("a stored method must {}", invalid.0)))
}

/// What the statements of a read gave, one after the other.
pub struct Results(Vec<Rows>);

impl Results {
    /// `results` holds an array of rows for each statement.
    pub(super) fn of(results: &Array) -> Self {
        let rows = results.iter().map(|rows| Rows(rows.unchecked_into()));
        Self(rows.collect())
    }

    pub fn all(self) -> Vec<Rows> {
        self.0
    }

    /// Of N statements.
    pub fn rows<const N: usize>(self) -> Result<[Rows; N]> {
        let rows = self.0.try_into();
        rows.map_err(|_| Error::internal("D1 answered with another number of results"))
    }
}

/// A page of a listing: its rows, as they are shown, and the cursor of the next page.
#[derive(Default)]
pub struct Page {
    pub rows: Rows,
    pub cursor: Option<String>,
}

impl Page {
    /// Of rows that were read up to one more than `limit`: the next page begins behind the last one's `column`.
    pub(super) fn of(mut rows: Rows, limit: u64, column: &'static str) -> Self {
        let has_more = rows.truncate(limit);
        let last = rows.last().filter(|_| has_more);
        let cursor = last.map(|row| row.text(column));
        Self { rows, cursor }
    }
}
