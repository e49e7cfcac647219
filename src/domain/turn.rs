//! A home's turn in the background, as a message of the queue: of so many homes that one invocation cannot serve all that are due.

use super::number::whole;

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    pub home: u32,
    /// All of the background's work, and not the second copy alone.
    pub is_due: bool,
    /// When it was sent, in milliseconds since 1970.
    pub sent_ms: u64,
}

const COPY: &str = "copy";
const ALL: &str = "all";
/// A queue that stood still has messages of many minutes, which all ask for the same: the newest are enough.
const STALE_MS: u64 = 5 * 60 * 1000;

impl Turn {
    /// The message's text: `7 all 1764331200000`.
    pub fn to_text(self) -> String {
        let what = if self.is_due { ALL } else { COPY };
        format!("{} {what} {}", self.home, self.sent_ms)
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let turn = Self {
            home: whole(words.next()?)?,
            is_due: match words.next()? {
                ALL => true,
                COPY => false,
                _ => return None,
            },
            sent_ms: whole(words.next()?)?,
        };
        words.next().is_none().then_some(turn)
    }

    /// Whether later messages ask for the same.
    pub fn is_stale(self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.sent_ms) > STALE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT_MS: u64 = 1_764_331_200_000;

    #[test]
    fn a_turn_comes_back_as_it_was_sent() {
        for is_due in [false, true] {
            let turn = Turn {
                home: 1_400,
                is_due,
                sent_ms: SENT_MS,
            };
            assert_eq!(Turn::parse(&turn.to_text()), Some(turn));
        }
    }

    #[test]
    fn any_other_text_is_no_turn() {
        for text in [
            "",
            "7",
            "7 all",
            "7 some 1",
            "x all 1",
            "7 all x",
            "7 all 1 2",
        ] {
            assert_eq!(Turn::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_turn_is_stale_after_five_minutes_and_not_before() {
        let turn = Turn {
            home: 0,
            is_due: true,
            sent_ms: SENT_MS,
        };
        assert!(!turn.is_stale(SENT_MS - 1));
        assert!(!turn.is_stale(SENT_MS + STALE_MS));
        assert!(turn.is_stale(SENT_MS + STALE_MS + 1));
    }
}
