//! How much of D1's time an invocation takes for work in the background.

use crate::store::Database;

/// Up to where a step may go: what the whole invocation has then asked of D1. Whoever comes first may take its part of what is
/// left, so that nobody is kept from going on by who was before; what one does not need is the next one's.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    calls: u64,
    characters: u64,
}

impl Budget {
    /// A Worker may ask D1 a thousand times (<https://developers.cloudflare.com/d1/platform/limits/>); a few calls are not counted
    /// by steps. Opening and sealing so much text takes a second or two of CPU.
    pub const INVOCATION: Self = Self {
        calls: 900,
        characters: 100_000_000,
    };

    /// One of so many equal parts of what is left.
    pub fn part(self, db: &Database, parts: u64) -> Self {
        let spent = db.spent();
        let part = |spent: u64, whole: u64| spent + whole.saturating_sub(spent) / parts.max(1);
        Self {
            calls: part(spent.calls.get(), self.calls),
            characters: part(spent.characters.get(), self.characters),
        }
    }

    pub fn is_spent(self, db: &Database) -> bool {
        let spent = db.spent();
        spent.calls.get() >= self.calls || spent.characters.get() >= self.characters
    }
}
