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

/// A custodian share that another one has replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupersededEntry {
    pub entry: Entry,
    pub superseded_at: String,
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
    backups.sort_by(|a, b| a.backup_method.cmp(&b.backup_method));
    backups
}

/// Whether a custodian share under `custodian` may belong to `user`'s backup. A user share under `UNKNOWN` is what an
/// app gets for any method that has none of its own (older than multi-backup), so it stands for those.
fn is_of_backup(custodian: &BackupMethod, user: &Entry, all: &[Entry]) -> bool {
    custodian.belongs_to(&user.backup_method)
        || (user.backup_method.as_str() == BackupMethod::UNKNOWN
            && !all
                .iter()
                .any(|other| custodian.belongs_to(&other.backup_method)))
}

/// The share, of all those of one custodian method, that a user share belongs to: the one of its pair; where no pair
/// tells, the newest one that was there when it was stored. Of two that fit, the first is taken.
///
/// A user share may know the pair of one curve only, so a pair that is known to differ rules nothing out.
fn mate<'a>(user: &Entry, custodian: impl Iterator<Item = &'a Entry> + Clone) -> Option<&'a Entry> {
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
    superseded: &[SupersededEntry],
) -> Vec<usize> {
    let is_mate = |candidate: &Entry| {
        let of_its_method = current
            .iter()
            .chain(superseded.iter().map(|version| &version.entry))
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
            FetchSuperseded::HalfFinished => is_mate(&version.entry),
        })
        .map(|(index, _)| index)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(method: &str, pair: Option<&str>, at: &str) -> Entry {
        Entry {
            backup_method: BackupMethod::parse(method).unwrap(),
            backup_share_pair_id: pair.map(str::to_owned),
            stored_at: at.to_owned(),
        }
    }

    fn old(method: &str, pair: Option<&str>, from: &str, until: &str) -> SupersededEntry {
        SupersededEntry {
            entry: entry(method, pair, from),
            superseded_at: until.to_owned(),
        }
    }

    fn state(custodian: &[Entry], user: &[Entry]) -> State {
        backups(custodian, user)[0].state
    }

    fn added(current: &[Entry], user: &[Entry], superseded: &[SupersededEntry]) -> Vec<usize> {
        superseded_to_add(FetchSuperseded::HalfFinished, current, user, superseded)
    }

    #[test]
    fn a_backup_is_complete_when_the_user_share_came_last() {
        let user = [entry("GDRIVE", None, "3")];
        assert_eq!(
            state(
                &[
                    entry("GDRIVE-SECP256K1", None, "1"),
                    entry("GDRIVE-ED25519", None, "3")
                ],
                &user
            ),
            State::Complete
        );
        assert_eq!(state(&[entry("GDRIVE", None, "2")], &user), State::Complete);
    }

    #[test]
    fn one_newer_custodian_share_makes_a_backup_half_finished() {
        let custodian = [
            entry("GDRIVE-SECP256K1", None, "1"),
            entry("GDRIVE-ED25519", None, "4"),
        ];
        assert_eq!(
            state(&custodian, &[entry("GDRIVE", None, "3")]),
            State::HalfFinished
        );
    }

    #[test]
    fn pairs_that_are_known_and_differ_make_a_backup_half_finished() {
        let user = [entry("GDRIVE", Some("p1"), "3")];
        assert_eq!(
            state(&[entry("GDRIVE", Some("p2"), "1")], &user),
            State::HalfFinished
        );
        assert_eq!(
            state(&[entry("GDRIVE", Some("p1"), "1")], &user),
            State::Complete
        );
        assert_eq!(state(&[entry("GDRIVE", None, "1")], &user), State::Complete);
    }

    #[test]
    fn a_share_without_its_counterpart_is_named_as_such() {
        assert_eq!(
            state(&[], &[entry("GDRIVE", None, "1")]),
            State::NoCustodianShare
        );
        let both = [
            entry("GDRIVE-ED25519", None, "1"),
            entry("GDRIVE-SECP256K1", None, "1"),
        ];
        let backups = backups(&both, &[]);
        assert_eq!(backups.len(), 1);
        assert_eq!(backups[0].backup_method.as_str(), "GDRIVE");
        assert_eq!(backups[0].state, State::NoUserShare);
        assert_eq!(backups[0].custodian_shares, both);
    }

    #[test]
    fn methods_do_not_mix() {
        let custodian = [
            entry("GDRIVE2-SECP256K1", None, "9"),
            entry("GDRIVE-SECP256K1", None, "1"),
        ];
        let backups = backups(&custodian, &[entry("GDRIVE", None, "2")]);
        assert_eq!(
            backups
                .iter()
                .map(|b| (b.backup_method.as_str(), b.state))
                .collect::<Vec<_>>(),
            [("GDRIVE", State::Complete), ("GDRIVE2", State::NoUserShare)]
        );
    }

    #[test]
    fn a_half_finished_backup_gets_the_share_that_was_current_when_its_user_share_was_stored() {
        let current = [
            entry("GDRIVE-ED25519", None, "1"),
            entry("GDRIVE-SECP256K1", None, "6"),
        ];
        let superseded = [
            old("GDRIVE-SECP256K1", None, "1", "3"),
            old("GDRIVE-SECP256K1", None, "3", "5"),
            old("GDRIVE-SECP256K1", None, "5", "6"),
            old("ICLOUD-SECP256K1", None, "1", "9"),
        ];
        assert_eq!(
            added(&current, &[entry("GDRIVE", None, "4")], &superseded),
            [1]
        );
    }

    #[test]
    fn a_complete_backup_and_one_without_a_user_share_get_nothing_more() {
        let current = [entry("GDRIVE-SECP256K1", None, "3")];
        let superseded = [old("GDRIVE-SECP256K1", None, "1", "3")];
        assert!(added(&current, &[entry("GDRIVE", None, "4")], &superseded).is_empty());
        assert!(added(&current, &[], &superseded).is_empty());
    }

    #[test]
    fn a_known_pair_decides_before_the_time() {
        // The old cipher text was posted late: by time the current share would be its mate.
        let current = [entry("GDRIVE", Some("p2"), "3")];
        let superseded = [old("GDRIVE", Some("p1"), "1", "3")];
        assert_eq!(
            added(&current, &[entry("GDRIVE", Some("p1"), "4")], &superseded),
            [0]
        );
        // Current when the user share was stored, but known to be of another pair.
        let other = [old("GDRIVE", Some("p3"), "1", "9")];
        assert!(added(&current, &[entry("GDRIVE", Some("p1"), "4")], &other).is_empty());
        // The current share is surely the mate.
        let again = [old("GDRIVE", Some("p2"), "1", "3")];
        assert!(added(&current, &[entry("GDRIVE", Some("p2"), "4")], &again).is_empty());
    }

    #[test]
    fn a_mate_displaced_by_a_restored_older_share_is_still_added() {
        // C1 from 1, C2 from 2, user share at 3, then C1 restored at 4 with its own time.
        let current = [entry("GDRIVE", None, "1")];
        let superseded = [old("GDRIVE", None, "2", "4")];
        assert_eq!(
            added(&current, &[entry("GDRIVE", None, "3")], &superseded),
            [0]
        );
    }

    #[test]
    fn a_restore_while_a_backup_runs_does_not_hide_the_newer_share() {
        // C1 from 1, C2 from 2, C1 restored at 3, and only then the user share of C2 arrives.
        let current = [entry("GDRIVE", None, "1")];
        let superseded = [old("GDRIVE", None, "2", "3")];
        let user = [entry("GDRIVE", None, "4")];
        assert_eq!(added(&current, &user, &superseded), [0]);
        // C2 restored in its turn: C1 was never the newest when a user share came.
        let current = [entry("GDRIVE", None, "2")];
        let superseded = [old("GDRIVE", None, "1", "9")];
        assert!(added(&current, &user, &superseded).is_empty());
    }

    #[test]
    fn a_user_share_that_names_the_pair_of_one_curve_keeps_the_mate_of_the_other() {
        let current = [
            entry("GDRIVE-ED25519", Some("e2"), "4"),
            entry("GDRIVE-SECP256K1", Some("s2"), "4"),
        ];
        let superseded = [
            old("GDRIVE-ED25519", Some("e0"), "0", "1"),
            old("GDRIVE-ED25519", Some("e1"), "1", "4"),
            old("GDRIVE-SECP256K1", Some("s1"), "1", "4"),
        ];
        assert_eq!(
            added(&current, &[entry("GDRIVE", Some("s1"), "2")], &superseded),
            [1, 2]
        );
    }

    #[test]
    fn a_pair_id_used_again_does_not_hide_what_is_older_than_the_user_share() {
        let current = [entry("GDRIVE", Some("p"), "3")];
        let superseded = [old("GDRIVE", Some("p"), "1", "3")];
        assert_eq!(
            added(&current, &[entry("GDRIVE", Some("p"), "2")], &superseded),
            [0]
        );
    }

    #[test]
    fn a_user_share_under_unknown_stands_for_the_methods_that_have_none() {
        let current = [entry("GDRIVE-SECP256K1", None, "3")];
        let superseded = [old("GDRIVE-SECP256K1", None, "1", "3")];
        let unknown = entry("UNKNOWN", None, "2");
        assert_eq!(
            added(&current, std::slice::from_ref(&unknown), &superseded),
            [0]
        );
        let both = [unknown, entry("GDRIVE", None, "4")];
        assert!(added(&current, &both, &superseded).is_empty());
    }

    #[test]
    fn the_other_policies_add_all_or_nothing() {
        let current = [entry("GDRIVE", None, "3")];
        let superseded = [old("GDRIVE", None, "1", "3")];
        assert_eq!(
            superseded_to_add(FetchSuperseded::Always, &current, &[], &superseded),
            [0]
        );
        assert!(
            superseded_to_add(
                FetchSuperseded::Never,
                &current,
                &[entry("GDRIVE", None, "2")],
                &superseded
            )
            .is_empty()
        );
    }
}
