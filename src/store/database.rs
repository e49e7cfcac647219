//! A D1 database: which one it is, what it is asked and told, and what an isolate knows of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;

use super::attempts::{
    ATTEMPT_MS, Attempts, CARRIED_OUT_BEFORE, CLOCK_MS, FULL, NOT_CARRIED_OUT, PATIENT, Patience,
    clock_of,
};
use super::audit::{By, Trail};
use super::change::Payload;
use super::changes::{self, Own, Page, Whose};
use super::outcome::Fetched;
use super::{Change, Changed, Results, Rows, Statement, Which};
use crate::error::{Error, Result};
use crate::log::{self, Field, Level};
use crate::platform::{self, D1, JsFailure};

/// D1 carries out so many queries of an invocation at once (<https://developers.cloudflare.com/d1/platform/limits/>).
const AT_ONCE: usize = 6;

/// A D1 database. The caller chooses which one.
pub struct Database {
    binding: D1,
    pub(super) which: Which,
    /// What failed attempts have cost the request so far, in all databases; None where nobody waits for an answer.
    pub(super) lost_ms: Option<Rc<Cell<u64>>>,
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
    pub(super) fn add(&self, calls: u64, characters: u64) {
        self.calls.set(self.calls.get() + calls);
        self.characters.set(self.characters.get() + characters);
    }
}

/// How what a request changes is copied.
struct Copied {
    /// A store gives back all notes of its user, not only its own: whoever sends it again, after its copy was not there, must wait for that one.
    all_notes: bool,
    /// The notes that the request's transaction gave back, and the home that they are of.
    noted: RefCell<Option<(u32, Page)>>,
    /// The homes that were changed.
    homes: RefCell<Vec<u32>>,
}

impl Database {
    /// For a request: however many batches it takes, their failures together have one time.
    pub fn for_request(binding: D1, which: Which) -> Self {
        Self {
            lost_ms: Some(Rc::new(Cell::new(0))),
            ..Self::for_background(binding, which)
        }
    }

    /// The same, of which there is a second copy.
    pub fn copied(self, all_notes: bool) -> Self {
        Self {
            copied: Some(Rc::new(Copied {
                all_notes,
                noted: RefCell::default(),
                homes: RefCell::default(),
            })),
            ..self
        }
    }

    /// Whether there is a second copy of it.
    pub(super) fn is_copied(&self) -> bool {
        self.copied.is_some()
    }

    /// A change that gives back the notes of a user that it leaves.
    pub(super) fn noting(&self, change: Change, whose: &Whose<'_>, own: Option<&Own>) -> Change {
        match &self.copied {
            None => change,
            Some(copied) if copied.all_notes => change.read(changes::notes_of(whose, own)),
            Some(_) => change.read(changes::own_notes(whose, own)),
        }
    }

    /// Keeps the notes that [`noting`](Self::noting) asked for, until they are taken.
    pub(super) fn keep_notes(&self, changed: Changed, own: Option<Own>) {
        if let Some(copied) = &self.copied {
            let rows = changed.all_rows().pop();
            let noted = rows.map(|rows| (self.home(), Page { rows, own }));
            copied.noted.replace(noted);
        }
    }

    /// The homes that the request changed, where there is a second copy.
    pub fn changed_homes(&self) -> Vec<u32> {
        let copied = self.copied.as_ref();
        copied.map_or_else(Vec::new, |copied| copied.homes.borrow().clone())
    }

    /// The notes that the request left here, as far as its transaction gave them back.
    pub fn take_notes(&self) -> Option<Page> {
        let mut noted = self.copied.as_ref()?.noted.borrow_mut();
        let of_home = noted.take_if(|(home, _)| *home == self.home());
        of_home.map(|(_, notes)| notes)
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

    /// The same database, for what the operator of another one's request does; it leaves nothing to copy.
    pub fn on_behalf_of(&self, of: &Self) -> Self {
        Self {
            by: of.by.clone(),
            ..self.for_later()
        }
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
        self.which.home()
    }

    /// Its bytes, as D1 told with its last answer to this isolate; 0 before the first.
    pub fn bytes(&self) -> u64 {
        self.binding.bytes()
    }

    /// An error if the binding leads to another database than it should. Asks it once in an isolate.
    pub async fn is_right(&self) -> Result<()> {
        match self.which.check() {
            None => Ok(()),
            Some(_) => self.read(vec![Statement::new("SELECT 1")]).await.map(drop),
        }
    }

    /// Whether an attempt of this request was given up, after the whole time that the Worker listens to one.
    pub(super) fn has_given_up(&self) -> bool {
        let lost = self.lost_ms.as_ref().map_or(0, |lost_ms| lost_ms.get());
        lost >= u64::from(ATTEMPT_MS)
    }

    /// One attempt, on its way when this returns.
    pub(super) fn send(
        &self,
        payload: &Payload,
        timeout_ms: u32,
    ) -> impl Future<Output = std::result::Result<Array, JsFailure>> + use<> {
        self.binding
            .batch(&payload.json(), &payload.values, timeout_ms)
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
        let rows = self.ask(read).await?;
        if rows.is_empty() {
            return Err(error);
        }
        Ok(rows)
    }

    /// Reads, all in one transaction; transient failures are tried again.
    pub async fn read(&self, statements: Vec<Statement>) -> Result<Results> {
        self.read_within(PATIENT, &statements).await
    }

    /// What one statement reads.
    pub async fn ask(&self, statement: Statement) -> Result<Rows> {
        let [rows] = self.read(vec![statement]).await?.rows()?;
        Ok(rows)
    }

    /// As [`read`](Self::read), for what changes the directory: done twice, or late, it does the same, or nothing.
    pub async fn write(&self, statements: Vec<Statement>) -> Result<Results> {
        self.read(statements).await
    }

    pub(super) async fn read_within(
        &self,
        patience: Patience,
        statements: &[Statement],
    ) -> Result<Results> {
        let check = self.which.check();
        let payload = Payload::of(check.iter().chain(statements));
        let mut attempts = Attempts::of(self, patience);
        loop {
            let start = platform::now_ms();
            self.spent.add(1, 0);
            match self.send(&payload, patience.attempt_ms).await {
                Ok(results) => return Ok(Results::of(&self.which.passed(check.as_ref(), results))),
                Err(failure) => attempts.failed(start, failure.0).await?,
            }
        }
    }

    /// Carries out [`Change::upkeep`], and gives its rows.
    pub async fn upkeep(&self, statement: Statement) -> Result<Rows> {
        let [rows] = self.change(Change::upkeep(statement)).await?.rows()?;
        Ok(rows)
    }

    /// Carries out a change that only notes: a full database, which takes no note, keeps nobody from what is noted. The log has the
    /// request's line.
    pub async fn note(&self, change: Change) -> Result<()> {
        match self.change(change).await {
            Err(error) if !error.is_caused_by(&FULL) => Err(error),
            _ => Ok(()),
        }
    }

    /// Carries out a change; transient failures are tried again. When this returns, no attempt of it is left that could
    /// still be carried out. An error says so where one may have been, or was: its answer was lost.
    pub async fn change(&self, change: Change) -> Result<Changed> {
        let mut change = match self.by.borrow().as_ref() {
            Some(by) => change.signed(by),
            None => change,
        };
        if let Some(copied) = &self.copied {
            let mut homes = copied.homes.borrow_mut();
            if !homes.contains(&self.home()) {
                homes.push(self.home());
            }
        }
        let begins = self.is_copied() && !self.which.known().notes;
        if begins {
            change = change.first(changes::begin(&changes::new_identity()?));
        }
        let check = self.which.check();
        let check = check.as_ref();
        let mut attempts = Attempts::of(self, PATIENT);
        let mut is_repeat = false;
        let mut listening_until = 0;
        let error = loop {
            let start = platform::now_ms();
            let payload = if is_repeat {
                change.repeat(check)
            } else {
                let at_database = start.cast_signed() + self.which.known().clock_ahead_ms;
                let from = at_database - CLOCK_MS;
                change.attempt(check, from, from + i64::from(ATTEMPT_MS))
            };
            self.spent.add(1, 0);
            let failure = match self.send(&payload, ATTEMPT_MS).await {
                Ok(results) => {
                    let results = self.which.passed(check, results);
                    self.which.learn(|known| known.notes |= begins);
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
                let was_ahead = self.which.known().clock_ahead_ms;
                self.which.learn(|known| known.clock_ahead_ms = ahead);
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
        let is_certain = !is_repeat && listening_until == 0;
        Err(if is_certain {
            error
        } else {
            error.or_carried_out()
        })
    }
}

/// The rows that one statement gives in each database; a few are asked at once.
pub async fn ask_each(databases: &[Database], statement: &Statement) -> Vec<Result<Rows>> {
    let mut answers = Vec::with_capacity(databases.len());
    for wave in databases.chunks(AT_ONCE) {
        let asked: Vec<_> = wave
            .iter()
            .map(|database| {
                let check = database.which.check();
                let payload = Payload::of(check.iter().chain([statement]));
                let answer = database.send(&payload, ATTEMPT_MS);
                (database, check, answer)
            })
            .collect();
        for (database, check, answer) in asked {
            let results = match answer.await {
                Ok(results) => Ok(Results::of(&database.which.passed(check.as_ref(), results))),
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
