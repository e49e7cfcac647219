//! Which of the databases one is, and what an isolate knows of it.

use std::cell::RefCell;

use js_sys::Array;

use super::Statement;
use super::sql::sql;
use crate::config::binding_of;

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

/// What an isolate knows of a home.
#[derive(Default, Clone, Copy)]
pub(super) struct Known {
    /// Its binding leads to a database of its number …
    is_checked: bool,
    /// … and of its identity.
    is_identified: bool,
    /// It has the sealing key's canary.
    pub has_canary: bool,
    /// It notes what changes, for the second copy.
    pub notes: bool,
    /// How far the database's clock is ahead of the Worker's, as the database told last.
    pub clock_ahead_ms: i64,
}

thread_local! {
    /// By the home's number. Bindings never change within an isolate.
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

impl Which {
    pub fn binding(&self) -> String {
        match self {
            Which::Alone => binding_of(0),
            Which::Home(home, _) | Which::Unknown(home) => binding_of(*home),
            Which::Directory => "DIRECTORY".to_owned(),
        }
    }

    /// The home's number; 0 of a single database.
    pub fn home(&self) -> u32 {
        match self {
            Which::Home(home, _) | Which::Unknown(home) => *home,
            Which::Alone | Which::Directory => 0,
        }
    }

    /// By which the directory knows the home, if that is known.
    pub fn identity(&self) -> Option<&str> {
        match self {
            Which::Home(_, identity) => identity.as_deref(),
            _ => None,
        }
    }

    /// Whether this isolate has seen that the binding leads to the database that the directory means.
    pub fn is_identified(&self) -> bool {
        !matches!(self, Which::Home(..)) || self.known().is_identified
    }

    pub(super) fn known(&self) -> Known {
        let at = self.home() as usize;
        KNOWN.with_borrow(|known| known.get(at).copied().unwrap_or_default())
    }

    pub(super) fn learn(&self, learn: impl FnOnce(&mut Known)) {
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
    pub(super) fn check(&self) -> Option<Statement> {
        let statement = match self {
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
    pub(super) fn passed(&self, check: Option<&Statement>, results: Array) -> Array {
        if check.is_some() {
            let is_identified = matches!(self, Which::Home(_, Some(_)));
            self.learn(|known| {
                known.is_checked = true;
                known.is_identified |= is_identified;
            });
            results.shift();
        }
        results
    }
}
