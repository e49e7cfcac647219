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
    /// Of a user share that a fetch read: when those were stored that its method had before it, between spaces.
    pub earlier: Option<String>,
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

/// A backup is half-finished if a custodian share is newer than the user share; or is known to be of another pair, and none is of the
/// user share's. A pair is of one curve: the other curve's share has another.
fn is_half_finished<'a>(user: &Entry, custodian: impl Iterator<Item = &'a Entry> + Clone) -> bool {
    let is_newer = |c: &Entry| c.stored_at > user.stored_at;
    let is_of_another =
        |c: &Entry| c.backup_share_pair_id.is_some() && user.backup_share_pair_id.is_some();
    custodian.clone().any(is_newer)
        || custodian.clone().any(is_of_another) && !custodian.clone().any(|c| is_of_pair(c, user))
}

fn is_of_pair(custodian: &Entry, user: &Entry) -> bool {
    user.backup_share_pair_id.is_some()
        && custodian.backup_share_pair_id == user.backup_share_pair_id
}

/// The app's methods whose backups are half-finished, by custodian shares that were stored before a time, if one is given.
pub fn half_finished<'a>(
    custodian: &[Entry],
    user: &'a [Entry],
    before: Option<&str>,
) -> Vec<&'a BackupMethod> {
    let is_half_finished = |share: &&Entry| {
        let there = custodian
            .iter()
            .filter(|c| before.is_none_or(|time| c.stored_at.as_str() < time))
            .filter(|c| c.backup_method.counts_for(&share.backup_method));
        is_half_finished(share, there)
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
                .filter(|c| c.backup_method.counts_for(&share.backup_method))
                .cloned()
                .collect();
            let state = if custodian_shares.is_empty() {
                State::NoCustodianShare
            } else if is_half_finished(share, custodian_shares.iter()) {
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
            .any(|u| share.backup_method.counts_for(&u.backup_method))
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
    custodian.counts_for(&user.backup_method)
        || (user.backup_method.is_unknown()
            && !all
                .iter()
                .any(|other| custodian.counts_for(&other.backup_method)))
}

/// The custodian shares, of all those of its backup, that a user share may belong to; of each method the likeliest first.
///
/// 1. The one of its pair.
/// 2. Where no pair tells, the newest one that was there when it was stored.
/// 3. But if another curve's share has its pair, and was replaced before it came, then it is of a backup before the newest one: so it may
///    belong to any share that came since the last user share before. (The retention spares those also where another user share of its
///    method had come since, without pairs: `versions_expire_custodian.sql`.)
///
/// `earlier`: when the user shares of its method were stored that came before it. Of two shares that fit alike, the first is taken.
pub(super) fn mates<'a>(
    user: &Entry,
    earlier: &[&str],
    custodian: impl Iterator<Item = &'a Entry> + Clone,
) -> Vec<&'a Entry> {
    let was_there = |c: &&Entry| c.stored_at <= user.stored_at;
    let newest = |of: &mut dyn Iterator<Item = &'a Entry>| {
        of.fold(None, |best: Option<&Entry>, c| match best {
            Some(best) if best.stored_at >= c.stored_at => Some(best),
            _ => Some(c),
        })
    };
    let paired = custodian
        .clone()
        .filter(|c| is_of_pair(c, user))
        .min_by(|a, b| a.stored_at.cmp(&b.stored_at));
    // The pair's share, and when it was replaced, by another backup's, if that was before the user share came.
    let replaced = paired.and_then(|paired| {
        let later = custodian.clone().filter(was_there).filter(|c| {
            c.backup_method == paired.backup_method
                && c.stored_at > paired.stored_at
                && !is_of_pair(c, user)
        });
        let replaced_at = later.map(|c| c.stored_at.as_str()).min()?;
        Some((paired.stored_at.as_str(), replaced_at))
    });
    let mut methods: Vec<&BackupMethod> = Vec::new();
    for share in custodian.clone() {
        if !methods.contains(&&share.backup_method) {
            methods.push(&share.backup_method);
        }
    }
    let mut mates: Vec<&Entry> = Vec::new();
    for method in methods {
        let of_method = custodian.clone().filter(|c| c.backup_method == *method);
        // 1.
        let mut of_pair = of_method.clone().filter(|c| is_of_pair(c, user));
        let own = newest(&mut of_pair.clone().filter(was_there)).or_else(|| of_pair.next());
        if let Some(own) = own {
            mates.push(own);
            continue;
        }
        // 2.
        let there = of_method.filter(was_there);
        let Some(last) = newest(&mut there.clone()) else {
            continue;
        };
        let last_at = last.stored_at.as_str();
        let Some((paired_at, replaced_at)) = replaced else {
            mates.push(last);
            continue;
        };
        // 3.
        let known_at = paired_at.min(last_at);
        let since = earlier.iter().filter(|at| **at < known_at).max().copied();
        let since_then = there.filter(|c| since.is_none_or(|since| c.stored_at.as_str() > since));
        let before = |c: &&Entry| c.stored_at.as_str() < replaced_at;
        let likeliest = newest(&mut since_then.clone().filter(before)).unwrap_or(last);
        mates.push(likeliest);
        mates.extend(since_then.filter(|c| !std::ptr::eq(*c, likeliest)));
    }
    mates
}

fn mates_of_all<'a>(
    current: &'a [Entry],
    user: &[Entry],
    superseded: &'a [Entry],
) -> Vec<&'a Entry> {
    let mates_of = |share: &Entry| {
        let all = current.iter().chain(superseded);
        let of_backup = all.filter(|c| is_of_backup(&c.backup_method, share, user));
        let earlier: Vec<&str> = share
            .earlier
            .iter()
            .flat_map(|times| times.split(' '))
            .collect();
        mates(share, &earlier, of_backup)
    };
    user.iter().flat_map(mates_of).collect()
}

/// Which of the superseded custodian shares a fetch adds to the current ones, by index: the first so many, and the mates of user shares.
pub fn superseded_to_add(
    current: &[Entry],
    user: &[Entry],
    superseded: &[Entry],
    first: usize,
) -> Vec<usize> {
    let mates = mates_of_all(current, user, superseded);
    let is_mate = |version: &Entry| mates.iter().any(|mate| std::ptr::eq(*mate, version));
    (0..)
        .zip(superseded)
        .filter(|(index, version)| *index < first || is_mate(version))
        .map(|(index, _)| index)
        .collect()
}

/// The superseded custodian share of a method, by index, that is likelier a user share's than the current one.
pub fn superseded_instead(
    method: &BackupMethod,
    current: &[Entry],
    user: &[Entry],
    superseded: &[Entry],
) -> Option<usize> {
    let mates = mates_of_all(current, user, superseded);
    let likeliest = mates.into_iter().find(|c| c.backup_method == *method)?;
    superseded.iter().position(|c| std::ptr::eq(c, likeliest))
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
