//! How a request ended, as its audit event says it. Each kind of request that can end in several ways has its own outcomes, so a `match` that
//! forgets one does not compile. All kinds that are only done, or refused, share [`Done`]. Why a request may be refused stands in [`Refusal`],
//! with the answer to each.

use crate::error::{Code, Error, Result};

/// The outcomes of one kind of request, by the words of the audit trail.
pub trait Outcome: Sized {
    fn of(word: &str) -> Option<Self>;
}

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$of])* $variant),+ }

        impl Outcome for $name {
            fn of(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    )+
        /// Every outcome that a request is answered by; some stand here twice.
        pub const WORDS: &[&str] = &[$($($word),+),+];
    };
}

outcomes! {
    /// Why nothing was done.
    Refusal {
        Unauthorized = "unauthorized",
        Forbidden = "forbidden",
        UnknownUser = "unknown_user",
        UnknownClient = "unknown_client",
        TooManyClients = "too_many_clients",
        WrongKey = "wrong_key",
        OverQuota = "over_quota",
    }
    /// Of a store.
    Stored {
        Stored = "stored",
        /// A cipher text took the place of another, and no custodian share had come since.
        ReplacedAlone = "replaced_alone",
        /// The same cipher text stands under another method.
        SameText = "same_text",
        Unchanged = "unchanged",
        Overtaken = "overtaken",
    }
    /// Of a read: there may be nothing.
    Fetched { Fetched = "fetched", Listed = "listed", NotFound = "not_found" }
    /// Of an eject's retrieval.
    Retrieved { Retrieved = "retrieved", NotFound = "not_found", NotEnabled = "eject_not_enabled" }
    /// Of a registration.
    Registered {
        Registered = "registered",
        KeyAdded = "key_added",
        /// The user takes the place of one that a webhook made.
        Adopted = "adopted",
        Unchanged = "unchanged",
        Conflict = "conflict",
        /// The API key would open cipher texts: `FOUR_EYES`.
        NeedsApproval = "needs_approval",
        /// Another registration has taken its event's id away: see `homes::registering`.
        Overtaken = "overtaken",
    }
    /// Of another API key for a user.
    KeyReplaced { Replaced = "replaced", Conflict = "conflict" }
    /// Of a purge, and of a deleted user's restore.
    Purged { Purged = "purged", Waits = "waits", Conflict = "conflict" }
    UserRestored { Restored = "restored", Conflict = "conflict" }
    /// Of what is done if there is something to do it to.
    Sought { Removed = "removed", Cancelled = "cancelled", Restored = "restored", NotFound = "not_found" }
    /// Of what is done, or else refused.
    Done {
        Kept = "kept",
        Asked = "asked",
        Checked = "checked",
        Opened = "opened",
        Closed = "closed",
        Deleted = "deleted",
        Released = "released",
        Waiting = "waiting",
        Refused = "refused",
        Exported = "exported",
        Rewrapped = "rewrapped",
        Imported = "imported",
        Moved = "moved",
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthorized => unknown_credential(),
            Refusal::Forbidden => {
                Error::new(Code::Forbidden, "This credential belongs to another user.")
            }
            Refusal::UnknownUser => unknown_user(),
            Refusal::UnknownClient => Error::new(
                Code::UnknownClient,
                "No user is registered with this clientId. Register it with POST /users (one that was deleted: POST /users/:userId/restore), or set UNKNOWN_CLIENTS to \"register\".",
            ),
            Refusal::TooManyClients => Error::unavailable(
                HOUR_SECONDS,
                "webhooks made UNKNOWN_CLIENTS_PER_DAY users today; no further unknown client is registered before midnight UTC",
            ),
            Refusal::WrongKey => wrong_key(),
            Refusal::OverQuota => Error::rate_limited(
                HOUR_SECONDS,
                "This user has stored as much as one user may within a day; nothing was stored. Try again after the time in Retry-After.",
            ),
        }
    }
}

/// The answer to a store that came after that of a later request.
pub fn overtaken() -> Error {
    Error::conflict("A request that began later was carried out meanwhile; this one was not.")
}

const HOUR_SECONDS: u32 = 3_600;

/// The answer to an app's credential that names no user.
fn unknown_credential() -> Error {
    Error::unauthorized(
        "This credential is not known. Is the user registered with it (POST /users)?",
    )
}

/// The answer to an id that no user has.
pub fn unknown_user() -> Error {
    Error::new(
        Code::UnknownUser,
        "No such user is registered. Register it with POST /users; one that was deleted comes back with POST /users/:userId/restore.",
    )
}

/// None: no user has the id.
pub fn known<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Err(error) if error.code == Code::UnknownUser => Ok(None),
        found => found.map(Some),
    }
}

/// The answer where the bytes behind the sealing key's id are not those that the database knows.
pub fn wrong_key() -> Error {
    Error::new(
        Code::Misconfigured,
        "A setting is wrong; the Worker's log names it. Nothing was stored.",
    )
    .caused_by("SHARE_ENCRYPTION_KEYS: the first key is not the one that its id stood for before")
}
