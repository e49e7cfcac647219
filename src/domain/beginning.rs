//! Which objects of the second copy are needed no longer.

use super::journal::{Entry, Replay, What};

/// The first entries of a user in their order, of which those are taken out one by one that tell nothing: what the others make of the user is
/// the same. Whatever comes behind them then makes the same of the user too, for it only goes on from what they make.
#[derive(Debug)]
pub struct Beginning {
    /// Each with whether the database has lost it, see [`Replay::apply`]. None: it is taken out.
    entries: Vec<Option<(Entry, bool)>>,
    made: Replay,
}

impl Beginning {
    pub fn new(entries: Vec<(Entry, bool)>) -> Self {
        let entries: Vec<_> = entries.into_iter().map(Some).collect();
        let made = make(&entries, None);
        Self { entries, made }
    }

    pub fn get(&self, at: usize) -> Option<&Entry> {
        let (entry, _) = self.entries.get(at)?.as_ref()?;
        Some(entry)
    }

    /// Whether the entries that are left make the same without this one.
    pub fn is_needless(&self, at: usize) -> bool {
        !self.made.refers_to(at) && make(&self.entries, Some(at)) == self.made
    }

    /// Whether the version of this entry is in one behind it as well, or it is no share's.
    pub fn has_newer(&self, at: usize) -> bool {
        let has_share = |entry: &&Entry| matches!(entry.what, What::Share | What::Version);
        let Some(old) = self.get(at).filter(has_share) else {
            return true;
        };
        let behind = self.entries.iter().skip(at + 1).flatten();
        let mut shares = behind.map(|(entry, _)| entry).filter(has_share);
        shares.any(|entry| entry.id == old.id && entry.kind == old.kind)
    }

    /// Takes out an entry that is needless.
    pub fn take_out(&mut self, at: usize) {
        if let Some(entry) = self.entries.get_mut(at) {
            *entry = None;
        }
    }
}

fn make(entries: &[Option<(Entry, bool)>], without: Option<usize>) -> Replay {
    let mut replay = Replay::default();
    for (number, entry) in entries.iter().enumerate() {
        if let Some((entry, lost)) = entry.as_ref().filter(|_| Some(number) != without) {
            replay.apply(number, entry, *lost);
        }
    }
    replay
}

#[cfg(test)]
#[path = "beginning_tests.rs"]
mod tests;
