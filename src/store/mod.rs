//! All SQL, and the only user of the database.
//!
//! A store or a fetch is one batch: one transaction, one round trip. A request is carried out at most once, and never after
//! it has been answered ([`Change`]): that is what makes the retries here safe.
//!
//! SQL is constant text; whatever comes from outside is a bound parameter.

pub mod alerts;
pub mod approvals;
pub mod audit;
pub mod canaries;
mod change;
pub mod changes;
pub mod clients;
pub mod clock;
pub mod credential;
pub mod custodian_shares;
pub mod deleted_users;
pub mod directory_walk;
pub mod eject;
pub mod enrolment;
pub mod escrow;
pub mod export;
pub mod half_finished;
pub mod health;
pub mod import;
pub mod import_shares;
pub mod maintenance;
pub mod mates;
pub mod methods;
pub mod metrics;
pub mod moves;
pub mod outcome;
pub mod purges;
pub mod quota;
pub mod rebuild;
pub mod routes;
mod rows;
pub mod share_pairs;
mod sql;
pub mod status;
pub mod support;
pub mod timeline;
pub mod user_shares;
pub mod users;
pub mod versions;

pub use change::{Change, Changed};
pub use rows::{Page, Results, Row, Rows};

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::config::binding_of;
use crate::domain::json::push_quoted;
use crate::error::{Code, Error, Result};
use crate::log::{self, Field, Level};
use crate::platform::{self, D1};
use crate::vault::Sealed;
use audit::{By, Trail};
use change::Payload;
use changes::Whose;
use outcome::Fetched;
use sql::sql;

/// The Worker listens to one attempt for so long; Portal gives up on the whole after 10 s.
const ATTEMPT_MS: u32 = 2_400;
const MAX_ATTEMPTS: u32 = 3;
/// No further attempt is begun if, with what earlier ones have cost, it could take longer than this.
const TOTAL_MS: u64 = 8_000;

/// The database's clock may be so far behind what the Worker takes it for; and a change must begin so long before the Worker
/// stops listening to it.
const CLOCK_MS: i64 = 400;

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
const NOT_CARRIED_OUT: [&str; 5] = [
    "SQLITE_",
    "constraint failed",
    "overloaded",
    "Exceeded maximum DB size",
    NOT_IN_TIME,
];

/// What the trigger of `migrations/0008_attempts.sql` says; a space and the database's time follow upon the second.
const CARRIED_OUT_BEFORE: &str = "carried out before";
const NOT_IN_TIME: &str = "not in time";

/// What SQLite says where another process has the lock on a local database. Nothing of the batch was carried out.
const BUSY: &str = "SQLITE_BUSY";

/// What D1 (the first) and SQLite say of a database that has come to its end, 10 GB: nothing more is written, but read.
const FULL: [&str; 2] = ["Exceeded maximum DB size", "SQLITE_FULL"];

/// What the triggers of `migrations/0007_seek_in_history.sql` say.
const TOO_MANY_METHODS: &str = "256 backup methods at most";

/// What a binding's check says (`sql/home_check.sql`, `sql/home_check_alone.sql`).
const MISLED: &str = "bad JSON path";

/// What the trigger of `migrations/0012_homes.sql` says of a user whose authority is another home …
pub const MOVED: &str = "the user has moved";
/// … and of one who is being moved just now, within seconds.
const MOVING: &str = "the user is moving";
/// Moving a user takes about half a second; a lock on a local database is held no longer.
const WAIT_MS: u32 = 100;
const MAX_WAITED_MS: u64 = 2_000;

/// A statement, as `d1Batch` in `platform/glue.js` takes it. One pointer, for it is handed from call to call.
#[derive(Clone)]
pub struct Statement(Box<Parts>);

#[derive(Clone)]
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
            .text(&sealed.digest)
            .js(&sealed.envelope)
    }
}

/// Which database one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The only one.
    Alone,
    /// One of many, with the identity that the directory knows it by, if that is known.
    Home(u32, Option<String>),
    /// One that is to become a home of many, of this number: what it is has yet to be seen.
    Unknown(u32),
    /// The directory of homes.
    Directory,
}

impl Which {
    pub fn binding(&self) -> String {
        match self {
            Which::Alone => binding_of(0),
            Which::Home(home, _) | Which::Unknown(home) => binding_of(*home),
            Which::Directory => "DIRECTORY".to_owned(),
        }
    }
}

/// What an isolate knows of a home.
#[derive(Default, Clone, Copy)]
struct Known {
    /// Its binding leads to a database of its number …
    is_checked: bool,
    /// … and of its identity.
    is_identified: bool,
    /// It has the sealing key's canary.
    has_canary: bool,
    /// It notes what changes, for the second copy.
    notes: bool,
    /// How far the database's clock is ahead of the Worker's, as the database told last.
    clock_ahead_ms: i64,
}

thread_local! {
    /// By the home's number. Bindings never change within an isolate.
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

/// How long, and how often, a batch is tried.
#[derive(Clone, Copy)]
struct Patience {
    attempt_ms: u32,
    attempts: u32,
}

const PATIENT: Patience = Patience {
    attempt_ms: ATTEMPT_MS,
    attempts: MAX_ATTEMPTS,
};
/// For the directory, which there is a way around.
const QUICK: Patience = Patience {
    attempt_ms: 800,
    attempts: 1,
};

/// D1 carries out so many queries of an invocation at once (<https://developers.cloudflare.com/d1/platform/limits/>).
const AT_ONCE: usize = 6;

/// A D1 database. The caller chooses which one.
pub struct Database {
    binding: D1,
    which: Which,
    /// What failed attempts have cost the request so far, in all databases; None where nobody waits for an answer.
    lost_ms: Option<Rc<Cell<u64>>>,
    copied: Option<Rc<Copied>>,
    /// The operator whose request it is, once that is known: the events of its changes name them.
    by: Rc<RefCell<Option<By>>>,
    spent: Rc<Spent>,
}

/// What an invocation has asked of all its databases: how often, and how many characters of sealed text it was given.
#[derive(Default)]
pub struct Spent {
    pub calls: Cell<u64>,
    pub characters: Cell<u64>,
}

impl Spent {
    fn add(&self, calls: u64, characters: u64) {
        self.calls.set(self.calls.get() + calls);
        self.characters.set(self.characters.get() + characters);
    }
}

/// How what a request changes is copied.
struct Copied {
    /// A store gives back all notes of its user, not only its own: whoever sends it again, after its copy was not there, must wait for that one.
    all_notes: bool,
    /// The notes that the request's transaction gave back.
    noted: RefCell<Option<Rows>>,
    /// The home that was changed last.
    home: Cell<u32>,
}

impl Database {
    /// For a request: however many batches it takes, their failures together have one time.
    pub fn for_request(binding: D1, which: Which) -> Self {
        Self {
            binding,
            which,
            lost_ms: Some(Rc::new(Cell::new(0))),
            copied: None,
            by: Rc::default(),
            spent: Rc::default(),
        }
    }

    /// The same, of which there is a second copy.
    pub fn copied(self, all_notes: bool) -> Self {
        Self {
            copied: Some(Rc::new(Copied {
                all_notes,
                noted: RefCell::new(None),
                home: Cell::new(0),
            })),
            ..self
        }
    }

    /// Whether there is a second copy of it.
    fn is_copied(&self) -> bool {
        self.copied.is_some()
    }

    /// A change that gives back the notes of a user that it leaves.
    fn noting(&self, change: Change, whose: &Whose<'_>) -> Change {
        match &self.copied {
            None => change,
            Some(copied) if copied.all_notes => change.read(changes::notes_of(whose)),
            Some(_) => change.read(changes::own_notes(whose)),
        }
    }

    /// Keeps the notes that [`noting`](Self::noting) asked for, until they are taken.
    fn keep_notes(&self, changed: Changed) {
        if let Some(copied) = &self.copied {
            copied.noted.replace(changed.all_rows().pop());
        }
    }

    /// The home that the request changed last; 0 where there is no second copy.
    pub fn changed_home(&self) -> u32 {
        self.copied.as_ref().map_or(0, |copied| copied.home.get())
    }

    /// The notes that the request left, as far as its transaction gave them back.
    pub fn take_notes(&self) -> Option<Rows> {
        self.copied.as_ref()?.noted.take()
    }

    /// For work in the background: each batch has its own time.
    pub fn for_background(binding: D1, which: Which) -> Self {
        Self {
            binding,
            which,
            lost_ms: None,
            copied: None,
            by: Rc::default(),
            spent: Rc::default(),
        }
    }

    /// From now on, what is changed is changed by this operator.
    pub fn is_by(&self, by: By) {
        self.by.replace(Some(by));
    }

    /// Why the operator changes what is changed from now on.
    pub fn because(&self, reason: Option<String>) {
        if let Some(by) = self.by.borrow_mut().as_mut() {
            by.reason = reason;
        }
    }

    /// The same database, for work that goes on after the request.
    pub fn for_later(&self) -> Self {
        Self::for_background(self.binding.clone(), self.which.clone())
    }

    /// Another database, for the same request or work.
    pub fn sibling(&self, binding: D1, which: Which) -> Self {
        Self {
            binding,
            which,
            lost_ms: self.lost_ms.clone(),
            copied: self.copied.clone(),
            by: self.by.clone(),
            spent: self.spent.clone(),
        }
    }

    pub fn spent(&self) -> &Spent {
        &self.spent
    }

    pub fn which(&self) -> &Which {
        &self.which
    }

    /// The home's number; 0 of a single database.
    pub fn home(&self) -> u32 {
        match self.which {
            Which::Home(home, _) | Which::Unknown(home) => home,
            Which::Alone | Which::Directory => 0,
        }
    }

    /// Its bytes, as D1 told with its last answer to this isolate; 0 before the first.
    pub fn bytes(&self) -> u64 {
        self.binding.bytes()
    }

    fn known(&self) -> Known {
        let at = self.home() as usize;
        KNOWN.with_borrow(|known| known.get(at).copied().unwrap_or_default())
    }

    fn learn(&self, learn: impl FnOnce(&mut Known)) {
        let at = self.home() as usize;
        KNOWN.with_borrow_mut(|known| {
            if known.len() <= at {
                known.resize(at + 1, Known::default());
            }
            if let Some(known) = known.get_mut(at) {
                learn(known);
            }
        });
    }

    /// The statement that stops the first batch of an isolate if the binding does not lead to this database.
    fn check(&self) -> Option<Statement> {
        let statement = match &self.which {
            Which::Directory | Which::Unknown(_) => return None,
            Which::Home(_, Some(_)) if self.known().is_identified => return None,
            Which::Home(_, None) | Which::Alone if self.known().is_checked => return None,
            Which::Home(home, identity) => Statement::new(sql!("home_check"))
                .text(&home.to_string())
                .optional(identity.as_deref()),
            Which::Alone => Statement::new(sql!("home_check_alone")),
        };
        Some(statement)
    }

    /// Takes the check's own rows, which come first, away: it has passed.
    fn passed(&self, check: Option<&Statement>, results: Array) -> Array {
        if check.is_some() {
            let is_identified = matches!(self.which, Which::Home(_, Some(_)));
            self.learn(|known| {
                known.is_checked = true;
                known.is_identified |= is_identified;
            });
            results.shift();
        }
        results
    }

    /// Whether an attempt of this request was given up, after the whole time that the Worker listens to one.
    fn has_given_up(&self) -> bool {
        let lost = self.lost_ms.as_ref().map_or(0, |lost_ms| lost_ms.get());
        lost >= u64::from(ATTEMPT_MS)
    }

    /// Reads what a recovery needs, and leaves the event of it in the same transaction. A refusal is an error.
    ///
    /// A full database takes no event, and must keep nobody from recovering. Then the log keeps what the event would have
    /// told; no rows, which may have any reason, is the database's error. `read` depends on the credential by itself.
    pub async fn recover(
        &self,
        trail: &Trail,
        who: &str,
        read: Statement,
        event: Statement,
    ) -> Result<Rows> {
        let change = Change::new(&trail.event_id).event(event).read(read.clone());
        let error = match self.change(change).await {
            Ok(changed) => {
                changed.outcome::<Fetched>()?;
                let [rows] = changed.rows()?;
                return Ok(rows);
            }
            Err(error) => error,
        };
        let rows = self.read_though_full(error, read).await?;
        log::event(
            Level::Error,
            "the database is full: a recovery left no audit event",
            &[
                ("who", Field::Text(who)),
                ("ray", Field::Text(&trail.request_id)),
            ],
        );
        Ok(rows)
    }

    /// The rows of a recovery whose event a full database did not take; there are some. Else the error is the answer.
    pub async fn read_though_full(&self, error: Error, read: Statement) -> Result<Rows> {
        if !error.is_caused_by(&FULL) {
            return Err(error);
        }
        let [rows] = self.read(vec![read]).await?.rows()?;
        if rows.is_empty() {
            return Err(error);
        }
        Ok(rows)
    }

    /// Reads, all in one transaction; transient failures are tried again.
    pub async fn read(&self, statements: Vec<Statement>) -> Result<Results> {
        self.read_within(PATIENT, &statements).await
    }

    /// As [`read`](Self::read), for what changes the directory: done twice, or late, it does the same, or nothing.
    pub async fn write(&self, statements: Vec<Statement>) -> Result<Results> {
        self.read(statements).await
    }

    async fn read_within(&self, patience: Patience, statements: &[Statement]) -> Result<Results> {
        let check = self.check();
        let mut payload = Payload::of(check.iter().chain(statements));
        let json = payload.json().to_owned();
        let mut attempts = Attempts::of(self, patience);
        loop {
            let start = platform::now_ms();
            self.spent.add(1, 0);
            let answer = self
                .binding
                .batch(&json, &payload.values, patience.attempt_ms);
            match answer.await {
                Ok(results) => return Ok(Results::of(&self.passed(check.as_ref(), results))),
                Err(failure) => attempts.failed(start, failure.0).await?,
            }
        }
    }

    /// Carries out a change; transient failures are tried again. When this returns, no attempt of it is left that could
    /// still be carried out.
    pub async fn change(&self, change: Change) -> Result<Changed> {
        let mut change = match self.by.borrow().as_ref() {
            Some(by) => change.signed(by),
            None => change,
        };
        if let Some(copied) = &self.copied {
            copied.home.set(self.home());
        }
        let begins = self.is_copied() && !self.known().notes;
        if begins {
            change = change.first(changes::begin(&changes::new_identity()?));
        }
        let check = self.check();
        let check = check.as_ref();
        let mut attempts = Attempts::of(self, PATIENT);
        let mut is_repeat = false;
        let mut listening_until = 0;
        let error = loop {
            let start = platform::now_ms();
            let mut payload = if is_repeat {
                change.repeat(check)
            } else {
                let at_database = start.cast_signed() + self.known().clock_ahead_ms;
                let from = at_database - CLOCK_MS;
                change.attempt(check, from, from + i64::from(ATTEMPT_MS))
            };
            let json = payload.json().to_owned();
            self.spent.add(1, 0);
            let failure = match self.binding.batch(&json, &payload.values, ATTEMPT_MS).await {
                Ok(results) => {
                    let results = self.passed(check, results);
                    self.learn(|known| known.notes |= begins);
                    return Ok(change.read_results(&results, is_repeat));
                }
                Err(failure) => failure.0,
            };
            if failure.contains(CARRIED_OUT_BEFORE) {
                (is_repeat, listening_until) = (true, 0); // Its event keeps every other attempt from being carried out.
                continue;
            }
            if let Some(clock) = clock_of(&failure) {
                let ahead = clock - platform::now_ms().cast_signed();
                let was_ahead = self.known().clock_ahead_ms;
                self.learn(|known| known.clock_ahead_ms = ahead);
                if (ahead - was_ahead).abs() > CLOCK_MS && attempts.again_at_once() {
                    continue; // The attempt was not late: the clocks differ.
                }
            }
            if !is_repeat && !NOT_CARRIED_OUT.iter().any(|known| failure.contains(known)) {
                listening_until = start + u64::from(ATTEMPT_MS);
            }
            if let Err(error) = attempts.failed(start, failure).await {
                break error;
            }
        };
        let left = listening_until.saturating_sub(platform::now_ms());
        if left > 0 {
            platform::pause(u32::try_from(left).unwrap_or(ATTEMPT_MS)).await;
        }
        Err(error)
    }
}

/// The rows that one statement gives in each database; a few are asked at once.
pub async fn ask_each(databases: &[Database], statement: &Statement) -> Vec<Result<Rows>> {
    let mut answers = Vec::with_capacity(databases.len());
    for wave in databases.chunks(AT_ONCE) {
        let asked: Vec<_> = wave
            .iter()
            .map(|database| {
                let check = database.check();
                let mut payload = Payload::of(check.iter().chain([statement]));
                let json = payload.json().to_owned();
                let answer = database.binding.batch(&json, &payload.values, ATTEMPT_MS);
                (database, check, answer)
            })
            .collect();
        for (database, check, answer) in asked {
            let results = match answer.await {
                Ok(results) => Ok(Results::of(&database.passed(check.as_ref(), results))),
                Err(_) => database.read(vec![statement.clone()]).await,
            };
            answers.push(results.and_then(|results| {
                let [rows] = results.rows()?;
                Ok(rows)
            }));
        }
    }
    answers
}

/// The database's time, where the gate says that an attempt is not in time.
fn clock_of(failure: &str) -> Option<i64> {
    let (_, clock) = failure.split_once(NOT_IN_TIME)?;
    let digits = clock.trim_start();
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

/// The attempts to send one batch.
struct Attempts<'a> {
    db: &'a Database,
    patience: Patience,
    count: u32,
    /// How long it was waited for a user who is being moved, or for a lock.
    waited_ms: u64,
    lost: u64,
}

impl<'a> Attempts<'a> {
    fn of(db: &'a Database, patience: Patience) -> Self {
        Self {
            db,
            patience,
            count: 1,
            waited_ms: 0,
            lost: db.lost_ms.as_ref().map_or(0, |lost_ms| lost_ms.get()),
        }
    }

    /// Begins another attempt without a pause, if there may be one.
    fn again_at_once(&mut self) -> bool {
        self.count += 1;
        self.count <= self.patience.attempts
    }

    /// Waits for the next attempt, after one that began at `start`. An error: there is none.
    async fn failed(&mut self, start: u64, failure: String) -> Result<()> {
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
            return Err(Error::new(
                Code::Conflict,
                "This user has 256 backup methods already, which is the maximum.",
            ));
        }
        if let Some(error) = approvals::stopped(&failure) {
            return Err(error);
        }
        if failure.contains("constraint failed") {
            return Err(
                Error::new(Code::Conflict, "This conflicts with what is stored.")
                    .caused_by(failure),
            );
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
