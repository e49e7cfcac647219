//! Every version of a user's shares, current and superseded: which belong together, and which a recovery is given, now or if
//! one of them were restored. For operators; a recovery itself reads what it needs only (`domain::recovery`).

use super::recovery::{Entry, FetchSuperseded, is_of_backup, mates};
use super::sealing::Kind;
use super::sorted::sorted_by;

/// Superseded custodian shares that `FETCH_SUPERSEDED = "always"` adds at most: the newest.
const ALWAYS_ADDS: usize = 500;

/// A version of a share, without the share.
#[derive(Debug, Clone)]
pub struct Version {
    pub id: String,
    pub kind: Kind,
    pub entry: Entry,
    /// None: it is current.
    pub superseded_at: Option<String>,
}

impl Version {
    /// Whether it is the same version. Its id does not tell: imported shares may have the same (`POST /admin/import`).
    pub fn is(&self, other: &Self) -> bool {
        self.is_in_place_of(other)
            && self.id == other.id
            && self.entry.stored_at == other.entry.stored_at
    }

    fn is_current(&self) -> bool {
        self.superseded_at.is_none()
    }

    fn is_in_place_of(&self, other: &Self) -> bool {
        self.kind == other.kind && self.entry.backup_method == other.entry.backup_method
    }
}

/// The versions of one user, the one that was stored last first.
pub struct Timeline(Vec<Version>);

impl Timeline {
    pub fn of(versions: Vec<Version>) -> Self {
        Self(versions)
    }

    pub fn versions(&self) -> &[Version] {
        &self.0
    }

    fn current_user_entries(&self) -> Vec<Entry> {
        let current = self.of_kind(Kind::User).filter(|v| v.is_current());
        current.map(|version| version.entry.clone()).collect()
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Version> + Clone {
        self.0.iter().filter(move |version| version.kind == kind)
    }

    /// The custodian shares that each of these user shares may belong to; of each method the likeliest first.
    pub fn mates<'a>(&'a self, user: &[&Version]) -> Vec<Vec<&'a Version>> {
        let current = self.current_user_entries();
        // Of shares that fit alike the current one is taken.
        let custodian = |is_current| {
            self.of_kind(Kind::Custodian)
                .filter(move |version| version.is_current() == is_current)
        };
        let custodian: Vec<&Version> = custodian(true).chain(custodian(false)).collect();
        let mates_of = |share: &&Version| {
            let earlier = self.of_kind(Kind::User).filter(|other| {
                other.is_in_place_of(share) && other.entry.stored_at < share.entry.stored_at
            });
            let earlier: Vec<&str> = earlier.map(|v| v.entry.stored_at.as_str()).collect();
            let of_backup = custodian
                .iter()
                .map(|version| &version.entry)
                .filter(|c| is_of_backup(&c.backup_method, &share.entry, &current));
            mates(&share.entry, &earlier, of_backup)
                .into_iter()
                .filter_map(|found| {
                    let is_found =
                        |version: &&&Version| std::ptr::eq(&raw const version.entry, found);
                    custodian.iter().find(is_found).copied()
                })
                .collect()
        };
        user.iter().map(mates_of).collect()
    }

    /// What a recovery is given now: Portal the custodian shares, the app the cipher texts.
    pub fn given(&self, policy: FetchSuperseded) -> Vec<&Version> {
        let mut given: Vec<&Version> = self.0.iter().filter(|v| v.is_current()).collect();
        let mut add = |version| {
            if !given.iter().any(|known| known.is(version)) {
                given.push(version);
            }
        };
        if policy == FetchSuperseded::Always {
            let superseded = self.of_kind(Kind::Custodian).filter(|v| !v.is_current());
            let newest = sorted_by(superseded, |a, b| a.superseded_at > b.superseded_at);
            newest.into_iter().take(ALWAYS_ADDS).for_each(&mut add);
        }
        if policy != FetchSuperseded::Never {
            let current: Vec<&Version> = self
                .of_kind(Kind::User)
                .filter(|v| v.is_current())
                .collect();
            self.mates(&current)
                .into_iter()
                .flatten()
                .for_each(&mut add);
        }
        given
    }

    /// The timeline as it would be if the version with this id were restored: without a kind, the one that was superseded last, as
    /// `POST …/backups/restore` takes it. None: there is no such superseded version.
    pub fn with_restored(&self, id: &str, kind: Option<Kind>) -> Option<Self> {
        let superseded = self.0.iter().filter(|version| {
            version.id == id
                && !version.is_current()
                && kind.is_none_or(|kind| kind == version.kind)
        });
        // Of two of one time, as in SQL, the first kind by its name.
        let restored = superseded.min_by(|a, b| {
            let by_time = b.superseded_at.cmp(&a.superseded_at);
            by_time.then_with(|| a.kind.as_str().cmp(b.kind.as_str()))
        })?;
        let changed = self.0.iter().map(|version| {
            let superseded_at = if version.is(restored) {
                None
            } else if version.is_current() && version.is_in_place_of(restored) {
                Some(NOW.to_owned())
            } else {
                version.superseded_at.clone()
            };
            Version {
                superseded_at,
                ..version.clone()
            }
        });
        Some(Self(changed.collect()))
    }
}

/// Sorts behind every time.
const NOW: &str = "~";

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
