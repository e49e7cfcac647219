//! The second copy, as a request makes it: what it has stored becomes objects before it is answered, if R2 takes them in time.
//!
//! R2 is never what decides whether a share is stored, unless `COPY_REQUIRED` says so: its note is in the database, and the scheduled
//! handler makes the object later (`maintenance::copy`). docs/second-copy.md has the promise.

use std::cell::{Cell, RefCell};

use crate::config::Copies;
use crate::domain::head::Place;
use crate::error::{Error, Result};
use crate::log::{self, Field, Level};
use crate::maintenance::head::read_head;
use crate::maintenance::{self, Target, sweep};
use crate::platform::bucket::{Put, PutsUnderWay};
use crate::platform::{self, now_ms};
use crate::store::Database;
use crate::store::changes::{self, Note, Noted, Page};

/// So many pages of notes a request copies at most, where the copy is required; the scheduled handler copies the others.
const PAGES_PER_REQUEST: u32 = 5;
/// After so many puts in a row that failed or were late …
const FAILURES: u32 = 5;
/// … no request of this isolate waits for one for so long.
const BREAK_MS: u64 = 30_000;

/// For so long the isolate gathers the notes of requests whose objects are there, before it takes them away together: a trip to the
/// database for each store would halve what it can store.
const GATHER_MS: u32 = 1_000;
/// A request that was to take them away and has not by then never will.
const GIVEN_UP_MS: u64 = 10_000;

/// Notes of a home whose objects are there.
struct Gathered {
    home: u32,
    notes: Vec<Note>,
    /// When whoever takes them away began to wait.
    since_ms: u64,
}

thread_local! {
    static GATHERED: RefCell<Vec<Gathered>> = const { RefCell::new(Vec::new()) };
    static FAILED: Cell<u32> = const { Cell::new(0) };
    static WAIT_FROM: Cell<u64> = const { Cell::new(0) };
}

/// The second copy, for one request.
pub struct Copier<'a> {
    pub copies: Copies<'a>,
    /// `COPY_WAIT_MS`.
    pub wait_ms: u32,
    /// `COPY_REQUIRED`.
    pub required: bool,
}

impl Copier<'_> {
    /// Copies what a request has changed in these homes: what its transaction gave back, or, where it `may_change` something and gave back nothing,
    /// all that waits.
    ///
    /// An error only where the copy is required.
    pub async fn follow(&self, changed: &[Database], may_change: bool) -> Result<()> {
        for db in changed {
            match db.take_notes() {
                Some(notes) => self.copy_through(db, notes).await?,
                None if may_change => match changes::page(db, 0).await {
                    Ok(notes) => self.copy_through(db, notes).await?,
                    Err(error) => self.without_copy(error.why())?,
                },
                None => {}
            }
        }
        Ok(())
    }

    /// Copies notes, and where the copy is required also what waits behind a page of them: the request's own may be there.
    async fn copy_through(&self, db: &Database, mut notes: Page) -> Result<()> {
        for _ in 0..PAGES_PER_REQUEST {
            self.copy(db, &notes).await?;
            let last = notes.last();
            match last.filter(|_| self.required && notes.is_full()) {
                Some(last) => notes = changes::page(db, last.seq).await?,
                None => return Ok(()),
            }
        }
        self.without_copy("more changes wait for theirs")
    }

    /// Makes objects of the notes that came back with a store. They go on being made whether or not they are waited for.
    async fn copy(&self, db: &Database, notes: &Page) -> Result<()> {
        let first = notes.rows.first();
        if first.is_some_and(|note| note.number("epoch") == 0) {
            // Once in a database's life.
            return match self.settled_notes(db).await {
                Ok(notes) => self.put(db, Noted::read(db.home(), &notes)).await,
                Err(error) => self.without_copy(error.why()),
            };
        }
        self.put(db, Noted::read(db.home(), notes)).await
    }

    async fn settled_notes(&self, db: &Database) -> Result<Page> {
        maintenance::settle(db, &self.copies.of_home(db.home())).await?;
        changes::page(db, 0).await
    }

    async fn put(&self, db: &Database, noted: Noted) -> Result<()> {
        if noted.is_empty() {
            return Ok(());
        }
        let target = self.copies.of_home(db.home());
        let under_way = target.bucket.put_new(&noted.puts);
        finish_later(db, target, &under_way, noted);
        if self.wait_ms == 0 && !self.required {
            return Ok(());
        }
        if !self.required && now_ms() < WAIT_FROM.get() {
            return Ok(()); // R2 has just failed several times.
        }
        let trouble = match under_way.finish_within(self.wait_ms).await {
            Ok(puts) if puts.iter().all(|put| *put == Put::There) => {
                FAILED.set(0);
                return Ok(());
            }
            Ok(_) => "its name is taken: the database went back in time".to_owned(),
            Err(failure) => failure.0,
        };
        FAILED.set(FAILED.get() + 1);
        if FAILED.get() >= FAILURES {
            FAILED.set(0);
            WAIT_FROM.set(now_ms() + BREAK_MS);
        }
        self.without_copy(&trouble)
    }

    /// Copies a page of what waits behind a note's number: the number of its last one. None: nothing is left.
    pub async fn copy_page(&self, db: &Database, after: u64) -> Result<Option<u64>> {
        let notes = match changes::page(db, after).await {
            Ok(notes) => notes,
            Err(error) => {
                self.without_copy(error.why())?;
                return Ok(None);
            }
        };
        let Some(last) = notes.last() else {
            return Ok(None);
        };
        self.copy(db, &notes).await?;
        Ok(Some(last.seq))
    }

    fn without_copy(&self, trouble: &str) -> Result<()> {
        if self.required {
            return Err(Error::unavailable(
                5,
                format!("COPY_REQUIRED, and the copy in R2 is not there: {trouble}"),
            )
            .detailed("This is done, but its second copy is not there yet, and COPY_REQUIRED asks for it. Sent again, it succeeds or says that it is done."));
        }
        tell_late(trouble);
        Ok(())
    }
}

/// The log's line of an answer that is given before its copy is there.
pub fn tell_late(trouble: &str) {
    log::event(
        Level::Warn,
        "answered before its copy was there",
        &[("cause", Field::Text(trouble))],
    );
}

/// Takes the notes away once their objects are there, after the answer.
fn finish_later(db: &Database, target: Target, under_way: &PutsUnderWay, noted: Noted) {
    let (db, under_way) = (db.for_later(), under_way.clone());
    let work = async move {
        let mut gone = noted.without;
        if let Ok(puts) = under_way.finish().await {
            let there = noted.notes.into_iter().zip(puts);
            gone.extend(
                there
                    .filter(|(_, put)| *put == Put::There)
                    .map(|(note, _)| note),
            );
        }
        if noted.purged.is_empty() {
            if gone.is_empty() {
                return;
            }
            if !gather(db.home(), gone, now_ms()) {
                return; // Another request takes them away with its own.
            }
            platform::pause(GATHER_MS).await;
            gone = gathered(db.home());
        }
        // A note that stays is made an object of again, which changes nothing. The head that is read now tells whether the database went back in time: then all stay.
        let Ok(head) = read_head(&target).await else {
            return;
        };
        let head = head.map_or(Place { epoch: 0, seq: 0 }, |head| head.place);
        if changes::copied(&db, &gone, head).await.is_ok() {
            sweep::erase(&target, &noted.purged).await;
        }
    };
    platform::after_answer(work);
}

/// Adds to a home's notes. Whether it is for the caller to take them away.
fn gather(home: u32, notes: Vec<Note>, now_ms: u64) -> bool {
    GATHERED.with_borrow_mut(|homes| {
        let Some(gathered) = homes.iter_mut().find(|gathered| gathered.home == home) else {
            homes.push(Gathered {
                home,
                notes,
                since_ms: now_ms,
            });
            return true;
        };
        gathered.notes.extend(notes);
        let is_given_up = gathered.since_ms + GIVEN_UP_MS < now_ms;
        if is_given_up {
            gathered.since_ms = now_ms;
        }
        is_given_up
    })
}

fn gathered(home: u32) -> Vec<Note> {
    GATHERED.with_borrow_mut(|homes| {
        let at = homes.iter().position(|gathered| gathered.home == home);
        at.map_or_else(Vec::new, |at| homes.swap_remove(at).notes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(seq: u64) -> Note {
        Note {
            place: Place { epoch: 1, seq },
            at: String::new(),
        }
    }

    #[test]
    fn who_comes_first_takes_away_what_all_have_gathered() {
        assert!(gather(7, vec![note(1)], 0));
        assert!(!gather(7, vec![note(2)], 500));
        assert!(gather(8, vec![note(3)], 500), "another home");
        assert_eq!(gathered(7), [note(1), note(2)]);
        assert!(gather(7, vec![note(4)], 1_500), "the next begins anew");
        assert_eq!(gathered(7), [note(4)]);
    }

    #[test]
    fn notes_that_nobody_took_away_are_the_next_ones() {
        assert!(gather(9, vec![note(1)], 0));
        assert!(!gather(9, vec![note(2)], GIVEN_UP_MS));
        assert!(gather(9, vec![note(3)], GIVEN_UP_MS + 1));
        assert_eq!(gathered(9), [note(1), note(2), note(3)]);
    }

    #[test]
    fn nothing_gathered_is_nothing_to_take_away() {
        assert!(gathered(10).is_empty());
    }
}
