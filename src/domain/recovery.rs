//! What a backup's state is, and which custodian shares a recovery needs.
//!
//! A re-backup first replaces the custodian shares, then the user share. Where it breaks in between, the user share
//! that is stored still belongs to the custodian shares that were replaced. So what matters of a custodian share is
//! from when until when it was current, and of a user share when it was stored.
//!
//! Times are ISO 8601 text in one format, so they compare as text.

use super::names::BackupMethod;

/// A stored share, without the share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub backup_method: BackupMethod,
    pub backup_share_pair_id: Option<String>,
    pub stored_at: String,
}

/// `FETCH_SUPERSEDED`: which superseded shares `/webhook/backup/fetch` adds to the current ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchSuperseded {
    Never,
    /// Those that the user share of a half-finished backup belongs to.
    HalfFinished,
    /// All that are still kept.
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Complete,
    HalfFinished,
    NoUserShare,
    NoCustodianShare,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Complete => "complete",
            State::HalfFinished => "half-finished",
            State::NoUserShare => "no-user-share",
            State::NoCustodianShare => "no-custodian-share",
        }
    }
}

/// One backup of a user: the app's method, its user share, and the custodian shares that belong to it.
#[derive(Debug, PartialEq, Eq)]
pub struct Backup {
    pub backup_method: BackupMethod,
    pub user_share_at: Option<String>,
    pub custodian_shares: Vec<Entry>,
    pub state: State,
}

/// A custodian share makes a backup half-finished if it is newer than the user share, or known to be of another pair.
fn half_finishes(custodian: &Entry, user: &Entry) -> bool {
    custodian.stored_at > user.stored_at
        || matches!((&custodian.backup_share_pair_id, &user.backup_share_pair_id), (Some(a), Some(b)) if a != b)
}

/// The app's methods whose backups are half-finished, by custodian shares that were stored before a time, if one is given.
pub fn half_finished<'a>(
    custodian: &[Entry],
    user: &'a [Entry],
    before: Option<&str>,
) -> Vec<&'a BackupMethod> {
    let is_half_finished = |share: &&Entry| {
        custodian
            .iter()
            .filter(|c| before.is_none_or(|time| c.stored_at.as_str() < time))
            .any(|c| c.backup_method.belongs_to(&share.backup_method) && half_finishes(c, share))
    };
    let half_finished = user.iter().filter(is_half_finished);
    half_finished.map(|share| &share.backup_method).collect()
}

/// The backups of a user, by method.
pub fn backups(custodian: &[Entry], user: &[Entry]) -> Vec<Backup> {
    let mut backups: Vec<Backup> = user
        .iter()
        .map(|share| {
            let custodian_shares: Vec<Entry> = custodian
                .iter()
                .filter(|c| c.backup_method.belongs_to(&share.backup_method))
                .cloned()
                .collect();
            let state = if custodian_shares.is_empty() {
                State::NoCustodianShare
            } else if custodian_shares.iter().any(|c| half_finishes(c, share)) {
                State::HalfFinished
            } else {
                State::Complete
            };
            Backup {
                backup_method: share.backup_method.clone(),
                user_share_at: Some(share.stored_at.clone()),
                custodian_shares,
                state,
            }
        })
        .collect();
    for share in custodian {
        if user
            .iter()
            .any(|u| share.backup_method.belongs_to(&u.backup_method))
        {
            continue;
        }
        let method = share.backup_method.without_curve();
        match backups
            .iter_mut()
            .find(|b| b.user_share_at.is_none() && b.backup_method == method)
        {
            Some(backup) => backup.custodian_shares.push(share.clone()),
            None => backups.push(Backup {
                backup_method: method,
                user_share_at: None,
                custodian_shares: vec![share.clone()],
                state: State::NoUserShare,
            }),
        }
    }
    // A user has a handful: inserted one by one, for the library's sorting is made for many, and 4 KB of the Worker.
    let mut sorted: Vec<Backup> = Vec::with_capacity(backups.len());
    for backup in backups {
        let at = sorted.partition_point(|known| known.backup_method <= backup.backup_method);
        sorted.insert(at, backup);
    }
    sorted
}

/// Whether a custodian share under `custodian` may belong to `user`'s backup. A user share under `UNKNOWN` is what an
/// app gets for any method that has none of its own (older than multi-backup), so it stands for those.
pub(super) fn is_of_backup(custodian: &BackupMethod, user: &Entry, all: &[Entry]) -> bool {
    custodian.belongs_to(&user.backup_method)
        || (user.backup_method.is_unknown()
            && !all
                .iter()
                .any(|other| custodian.belongs_to(&other.backup_method)))
}

/// The share, of all those of one custodian method, that a user share belongs to: the one of its pair; where no pair
/// tells, the newest one that was there when it was stored. Of two that fit, the first is taken.
///
/// A user share may know the pair of one curve only, so a pair that is known to differ rules nothing out.
pub(super) fn mate<'a>(
    user: &Entry,
    custodian: impl Iterator<Item = &'a Entry> + Clone,
) -> Option<&'a Entry> {
    let newest_then = |candidates: &mut dyn Iterator<Item = &'a Entry>| {
        candidates.filter(|c| c.stored_at <= user.stored_at).fold(
            None,
            |best: Option<&Entry>, c| match best {
                Some(best) if best.stored_at >= c.stored_at => Some(best),
                _ => Some(c),
            },
        )
    };
    let mut of_pair = custodian.clone().filter(|c| {
        c.backup_share_pair_id.is_some() && c.backup_share_pair_id == user.backup_share_pair_id
    });
    newest_then(&mut of_pair.clone())
        .or_else(|| of_pair.next())
        .or_else(|| newest_then(&mut custodian.clone()))
}

/// Which of the superseded custodian shares a fetch adds to the current ones, by index.
pub fn superseded_to_add(
    policy: FetchSuperseded,
    current: &[Entry],
    user: &[Entry],
    superseded: &[Entry],
) -> Vec<usize> {
    let is_mate = |candidate: &Entry| {
        let of_its_method = current
            .iter()
            .chain(superseded)
            .filter(|c| c.backup_method == candidate.backup_method);
        user.iter()
            .filter(|u| is_of_backup(&candidate.backup_method, u, user))
            .any(|u| mate(u, of_its_method.clone()).is_some_and(|m| std::ptr::eq(m, candidate)))
    };
    superseded
        .iter()
        .enumerate()
        .filter(|(_, version)| match policy {
            FetchSuperseded::Never => false,
            FetchSuperseded::Always => true,
            FetchSuperseded::HalfFinished => is_mate(version),
        })
        .map(|(index, _)| index)
        .collect()
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
