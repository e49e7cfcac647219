//! The head of a home's copy: how far the copy is, of which database, and what of it counts.

use super::json::{self, Object, Writer};

/// The order of entries. A database that went back in time, or another one in its place, numbers in a new epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub epoch: u64,
    pub seq: u64,
}

/// Where the copy of a home stood when it was last looked at: the object `head/HOME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub place: Place,
    /// When it was written, on the database's clock: a database that went back has noted what is older before, and what is younger since.
    pub at: String,
    /// Which database it was: a UUID, made once for each.
    pub identity: String,
    /// The first epoch that this database numbered: those before are other databases'.
    pub first: u64,
    /// The epoch in which this bucket was last filled anew: it lacks what the database has only told to another bucket, or to none, before.
    pub from: u64,
    /// The first epoch whose entries count. From it on the bucket has everything; before it lacks changes.
    pub whole: u64,
    /// Of each epoch that ended: the number that its database had gone back to. What came after lies in a past that the database lost.
    pub ends: Vec<Place>,
}

/// What a database is to the copy.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// It goes on from where the copy is.
    GoesOn,
    /// It was put back to an earlier time: what it numbers from now on has its numbers already.
    WentBack,
    /// It is another one than the copy was made of, such as one that was rebuilt.
    Another,
}

impl Head {
    /// The standing of the database `identity`, which has noted that it told the head of `noted`.
    pub fn standing(&self, identity: &str, noted: Place) -> Standing {
        // One that took another's place, and was not told so, has numbered nothing yet.
        if self.identity != identity || noted.epoch < self.first {
            Standing::Another
        } else if self.place > noted {
            Standing::WentBack
        } else {
            Standing::GoesOn
        }
    }

    /// The head of the next epoch, of a database whose last number is that of `last`, in its epoch. `at`: see [`Head::at`].
    pub fn next_epoch(&self, identity: &str, last: Place, at: &str) -> Self {
        let mut ends = self.ends.clone();
        let epoch = self.place.epoch + 1;
        let mut first = epoch;
        if self.identity == identity {
            // A database ends those epochs alone that it numbered itself. What it went back to decides: of the epochs that came after it knows nothing.
            first = self.first;
            let from = last.epoch.max(first);
            ends.retain(|end| end.epoch < from);
            ends.extend((from..epoch).map(|epoch| Place {
                epoch,
                seq: if epoch == last.epoch { last.seq } else { 0 },
            }));
        }
        Self {
            place: Place {
                epoch,
                seq: last.seq,
            },
            at: at.to_owned(),
            identity: identity.to_owned(),
            first,
            from: self.from,
            whole: self.whole,
            ends,
        }
    }

    /// Whether this entry counts.
    pub const fn counts(&self, place: Place) -> bool {
        place.epoch >= self.whole
    }

    /// Whether the database that went on had never seen this entry.
    pub fn is_lost(&self, place: Place) -> bool {
        self.ends
            .iter()
            .any(|end| end.epoch == place.epoch && place.seq > end.seq)
    }

    /// As the object has it.
    pub fn to_json(&self) -> String {
        let ends = self.ends.iter().map(|end| {
            Writer::default()
                .number("epoch", end.epoch)
                .number("seq", end.seq)
                .end()
        });
        Writer::default()
            .number("epoch", self.place.epoch)
            .number("seq", self.place.seq)
            .text("at", &self.at)
            .text("identity", &self.identity)
            .number("first", self.first)
            .number("from", self.from)
            .number("whole", self.whole)
            .raw("ends", &json::array(ends))
            .end()
    }

    /// None: it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let place = |object: &Object| {
            Some(Place {
                epoch: object.get("epoch")?.parse().ok()?,
                seq: object.get("seq")?.parse().ok()?,
            })
        };
        let object = Object::parse(text, 16)?;
        let told = |name, before| match object.get(name) {
            Some(number) => number.parse().ok(),
            None => Some(before),
        };
        Some(Self {
            place: place(&object)?,
            at: json::text(object.get("at")?)?,
            identity: json::text(object.get("identity")?)?,
            // Heads from before these were told.
            first: told("first", 1)?,
            from: told("from", 0)?,
            whole: told("whole", 0)?,
            ends: json::elements(object.get("ends")?)?
                .into_iter()
                .map(|end| place(&Object::parse(end, 4)?))
                .collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
