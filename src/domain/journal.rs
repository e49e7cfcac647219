//! The second copy as a journal: the names of its objects, and what a user is after all of its entries.
//!
//! Each change in the database is one entry, an object of R2 that never changes. A user's entries in order make the user: its row, its
//! current shares, its history. `migrations/0010_second_copy.sql` has the triggers that make the entries, `docs/second-copy.md` the objects.

use super::head::Place;
use super::number::whole;
use super::secret::CredentialHash;

/// The format of names and objects.
const FORMAT: &str = "c1";

/// What an entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A share is current: stored, restored, or sealed under another key.
    Share,
    /// With a time: a current share went into the history then. Without: a version, or a deleted user, is kept no longer.
    Removed,
    /// A user is registered, or has another API key.
    User,
    /// The user was deleted, and can be restored.
    Deleted,
    /// A version is in the history: imported, sealed under another key, or taken over from another user.
    Version,
    /// All of a user and client was erased.
    Purged,
}

impl What {
    const ALL: [Self; 6] = [
        Self::Share,
        Self::Removed,
        Self::User,
        Self::Deleted,
        Self::Version,
        Self::Purged,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Removed => "removed",
            Self::User => "user",
            Self::Deleted => "deleted",
            Self::Version => "version",
            Self::Purged => "purged",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.as_str() == text)
    }
}

/// Before every object of a home.
pub fn prefix_of_home(home: u32) -> String {
    format!("{FORMAT}/{home}/")
}

/// Before every object of a user. The id is hashed: names are seen in lists and logs.
pub fn prefix_of_user(home: u32, user_id: &str) -> String {
    let hash = CredentialHash::of(user_id).to_hex();
    format!("{FORMAT}/{home}/{hash}/")
}

/// The object that tells how far the copy of a home is.
pub fn name_of_head(home: u32) -> String {
    format!("head/{home}")
}

/// The object that holds a sealing key, inside an age file.
pub fn name_of_escrow(key_id: &str) -> String {
    format!("keys/{key_id}.age")
}

/// The object that names the keys in escrow, the sealing one first.
pub const fn name_of_escrow_index() -> &'static str {
    "keys/index"
}

/// The name of an entry's object. Names of one user sort as its entries do.
pub fn name(home: u32, user_id: &str, place: Place, what: What) -> String {
    let prefix = prefix_of_user(home, user_id);
    let Place { epoch, seq } = place;
    format!("{prefix}{epoch:04}-{seq:012}.{}", what.as_str())
}

/// A name, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// As [`prefix_of_user`] gives it.
    pub user: &'a str,
    pub place: Place,
    pub what: What,
}

impl<'a> Name<'a> {
    /// None: it is no entry's name.
    pub fn parse(name: &'a str) -> Option<Self> {
        let (user, file) = name.split_at(name.rfind('/')? + 1);
        let (place, what) = file.split_once('.')?;
        let (epoch, seq) = place.split_once('-')?;
        let number = |text: &str, digits: usize| whole(text).filter(|_| text.len() >= digits);
        Some(Self {
            user,
            place: Place {
                epoch: number(epoch, 4)?,
                seq: number(seq, 12)?,
            },
            what: What::parse(what)?,
        })
    }
}

/// A share's kind, as in the database: `custodian` or `user`.
pub type Kind = String;

/// An entry, as far as the order of entries needs it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub what: What,
    /// When the change was made.
    pub at: String,
    pub kind: Option<Kind>,
    pub backup_method: String,
    /// The version's, of a share.
    pub id: String,
    pub client_id: String,
    /// When the share was first stored.
    pub stored_at: String,
    /// Which version a share took the place of, and when.
    pub displaced: Option<(String, String)>,
    pub superseded_at: Option<String>,
    /// Of a removal that tells of a move: how far it is. Then `id` is the move's, and `backup_method` the number of the other home.
    pub reason: Option<String>,
    pub imported_at: Option<String>,
    pub deleted_at: Option<String>,
    pub epoch: u64,
    /// Of a removal: nothing of the user is in this home any more, for a move took it to another, or was broken off that had brought it.
    pub has_left: bool,
}

/// A share that a user has. `entry` is the number of the entry that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub entry: usize,
    pub kind: Kind,
    pub backup_method: String,
    /// The version's.
    pub id: String,
    client_id: String,
    /// Of one in the history.
    pub superseded_at: String,
    pub reason: String,
    pub imported_at: Option<String>,
    stored_at: String,
}

impl Held {
    fn of(entry: usize, kind: &str, told: &Entry) -> Self {
        Self {
            entry,
            stored_at: told.stored_at.clone(),
            kind: kind.to_owned(),
            backup_method: told.backup_method.clone(),
            id: told.id.clone(),
            client_id: told.client_id.clone(),
            superseded_at: told.superseded_at.clone().unwrap_or_default(),
            reason: told.reason.clone().unwrap_or_else(|| REPLACED.to_owned()),
            imported_at: told.imported_at.clone(),
        }
    }

    fn is(&self, kind: &str, id: &str) -> bool {
        self.id == id && self.kind == kind
    }

    fn is_under(&self, kind: &str, backup_method: &str) -> bool {
        self.kind == kind && self.backup_method.eq_ignore_ascii_case(backup_method)
    }

    /// A current one that goes into the history.
    fn gone(mut self, at: &str, reason: &str) -> Self {
        at.clone_into(&mut self.superseded_at);
        reason.clone_into(&mut self.reason);
        self.imported_at = None;
        self
    }
}

const REPLACED: &str = "replaced";

/// A share of a past that the database went back over: see [`Replay::bring_back_lost`].
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lost {
    held: Held,
    epoch: u64,
    /// It was current when it was last told of.
    was_current: bool,
}

/// A user that was deleted and can be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    pub entry: usize,
    client_id: String,
    deleted_at: String,
}

/// A move that is bringing the user. The home that the user comes from decides whether it takes place.
#[derive(Debug, PartialEq, Eq)]
pub struct Arrival {
    pub move_id: String,
    pub home: String,
    /// The database does not know of it any more.
    pub lost: bool,
    epoch: u64,
    /// The numbers of the entries that tell what it has brought: nothing else happens to the user meanwhile.
    first: usize,
    last: usize,
}

/// What a user is, after its entries so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replay {
    user: Option<(usize, String)>,
    pub current: Vec<Held>,
    /// The newest at the end, where most of what is sought is.
    pub history: Vec<Held>,
    pub deleted: Vec<Deleted>,
    lost: Vec<Lost>,
    /// Of a user of a lost past: the epoch in which it was last told of.
    user_lost_in: Option<u64>,
    /// Something of this user was erased.
    pub purged: bool,
    pub arrival: Option<Arrival>,
}

impl Replay {
    /// The number of the entry that has the user's row, if the user is registered.
    pub fn user(&self) -> Option<usize> {
        self.user.as_ref().map(|(entry, _)| *entry)
    }

    /// Whether something that the user has is told by the entry with this number.
    pub fn refers_to(&self, entry: usize) -> bool {
        let has = |held: &Held| held.entry == entry;
        self.user() == Some(entry)
            || self.current.iter().any(has)
            || self.history.iter().any(has)
            || self.lost.iter().any(|lost| has(&lost.held))
            || self.deleted.iter().any(|deleted| deleted.entry == entry)
    }

    /// Takes the next entry, the one with this number.
    ///
    /// Of what the database went back over (`lost`) shares and users count, for they were acknowledged. That something was deleted or changed does not, for
    /// the database has it as it was. An erasure counts: it is the person's right. So does a move that took the user away: the other home has all of it.
    pub fn apply(&mut self, entry: usize, told: &Entry, lost: bool) {
        if let Some(arrival) = &mut self.arrival
            && arrival.epoch == told.epoch
        {
            arrival.last = entry;
        }
        match told.what {
            What::Share | What::Version if lost => self.lose(entry, told),
            What::Share => self.share(entry, told),
            What::Version => {
                if let Some(kind) = &told.kind {
                    self.forget(kind, &told.id);
                    self.history.push(Held::of(entry, kind, told));
                }
            }
            What::Removed if told.has_left || told.reason.is_some() => {
                self.follow_move(entry, told, lost);
            }
            What::Removed if !lost => self.removed(told),
            What::User if !lost || self.user.is_none() => {
                self.user = Some((entry, told.client_id.clone()));
                self.user_lost_in = lost.then_some(told.epoch);
            }
            What::Deleted if !lost => {
                self.user = None;
                self.user_lost_in = None;
                let deleted_at = told.deleted_at.clone().unwrap_or_default();
                // Copied anew, it is told twice.
                self.deleted.retain(|user| user.deleted_at != deleted_at);
                self.deleted.push(Deleted {
                    entry,
                    client_id: told.client_id.clone(),
                    deleted_at,
                });
            }
            // Told once more: it was there in this epoch, too.
            What::User => self.user_lost_in = self.user_lost_in.map(|_| told.epoch),
            What::Removed | What::Deleted => {}
            What::Purged => self.purge(&told.client_id),
        }
    }

    /// A move is arriving, has arrived, broke off, or has taken the user away.
    fn follow_move(&mut self, entry: usize, told: &Entry, lost: bool) {
        let step = told.reason.as_deref();
        if step == Some("arrived") {
            self.arrival = None;
        }
        self.break_off();
        if step == Some("arriving") {
            self.arrival = Some(Arrival {
                move_id: told.id.clone(),
                home: told.backup_method.clone(),
                lost,
                epoch: told.epoch,
                first: entry,
                last: entry,
            });
        } else if lost && told.has_left {
            self.leave(told.epoch);
        }
    }

    /// The move that was bringing the user has not taken place: what it has brought goes.
    pub fn break_off(&mut self) {
        if let Some(Arrival { first, last, .. }) = self.arrival.take() {
            self.retain(&|entry, _| entry < first || entry > last);
        }
    }

    /// Only that stays of which this says so, by the number of its entry and by its client.
    fn retain(&mut self, stays: &dyn Fn(usize, &str) -> bool) {
        let held = |held: &Held| stays(held.entry, &held.client_id);
        self.current.retain(held);
        self.history.retain(held);
        self.lost.retain(|lost| held(&lost.held));
        self.deleted
            .retain(|user| stays(user.entry, &user.client_id));
        if let Some((entry, client)) = &self.user
            && !stays(*entry, client)
        {
            self.user = None;
            self.user_lost_in = None;
        }
    }

    /// A share of a past that was lost. The last word on it counts, for older keys may be gone.
    fn lose(&mut self, entry: usize, told: &Entry) {
        let Some(kind) = &told.kind else { return };
        self.lost.retain(|lost| !lost.held.is(kind, &told.id));
        let mut held = Held::of(entry, kind, told);
        if held.superseded_at.is_empty() {
            held.superseded_at.clone_from(&told.at);
        }
        self.lost.push(Lost {
            held,
            epoch: told.epoch,
            was_current: told.what == What::Share,
        });
    }

    /// What a move took away is lost no more. Of an earlier epoch it may have been lost before that, and not have gone along.
    fn leave(&mut self, epoch: u64) {
        self.lost.retain(|lost| lost.epoch != epoch);
        if self.user_lost_in == Some(epoch) {
            self.user = None;
            self.user_lost_in = None;
        }
    }

    /// Adds what the database went back over, and has not got back since, as a merge does: a share that was stored later than the current one of its
    /// method takes that one's place. Each other one goes into the history.
    pub fn bring_back_lost(&mut self) {
        for Lost {
            held, was_current, ..
        } in std::mem::take(&mut self.lost)
        {
            let mut known = self.current.iter().chain(&self.history);
            if known.any(|known| known.is(&held.kind, &held.id)) {
                continue;
            }
            let user = self.user.as_ref();
            let is_users = user.is_some_and(|(_, client)| *client == held.client_id);
            let is_in_its_place = |known: &Held| {
                known.is_under(&held.kind, &held.backup_method) && known.stored_at >= held.stored_at
            };
            if was_current && is_users && !self.current.iter().any(is_in_its_place) {
                let before = self.displace(&held.kind, &held.backup_method);
                self.history
                    .extend(before.map(|before| before.gone(&held.superseded_at, REPLACED)));
                self.current.push(held);
            } else {
                self.history.push(held);
            }
        }
    }

    /// Takes a version out of the history, and of what is lost: the database knows better.
    fn forget(&mut self, kind: &str, id: &str) {
        self.lost.retain(|lost| !lost.held.is(kind, id));
        if let Some(at) = self.history.iter().rposition(|held| held.is(kind, id)) {
            self.history.remove(at);
        }
    }

    /// Takes the current share of a method out. Methods are compared without ASCII case.
    fn displace(&mut self, kind: &str, backup_method: &str) -> Option<Held> {
        let is_there = |held: &Held| held.is_under(kind, backup_method);
        let at = self.current.iter().position(is_there)?;
        Some(self.current.remove(at))
    }

    /// A version is in the history or current, never both.
    fn share(&mut self, entry: usize, told: &Entry) {
        let Some(kind) = &told.kind else { return };
        self.forget(kind, &told.id);
        let before = self.displace(kind, &told.backup_method);
        if let Some(before) = before.filter(|before| before.id != told.id) {
            self.history.push(before.gone(&told.at, REPLACED));
        }
        self.current.push(Held::of(entry, kind, told));
        // The database's own word on when it was; the time above is for a version that the database did not know of.
        if let Some((id, at)) = &told.displaced {
            let mut versions = self.history.iter_mut().rev();
            if let Some(version) = versions.find(|held| held.is(kind, id)) {
                version.superseded_at.clone_from(at);
            }
        }
    }

    fn removed(&mut self, told: &Entry) {
        let Some(kind) = &told.kind else {
            self.deleted
                .retain(|deleted| Some(&deleted.deleted_at) != told.deleted_at.as_ref());
            return;
        };
        let Some(superseded_at) = &told.superseded_at else {
            self.forget(kind, &told.id);
            return;
        };
        if self.current.iter().any(|held| held.is(kind, &told.id))
            && let Some(gone) = self.displace(kind, &told.backup_method)
        {
            self.history.push(gone.gone(superseded_at, "deleted"));
        }
    }

    fn purge(&mut self, client_id: &str) {
        self.purged = true;
        self.retain(&|_, client| client != client_id);
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
