use super::*;
use crate::domain::journal::What;

fn entry(what: What, kind: Option<&str>, method: &str, id: &str) -> Entry {
    Entry {
        what,
        at: String::new(),
        kind: kind.map(str::to_owned),
        backup_method: method.to_owned(),
        id: id.to_owned(),
        client_id: "client".to_owned(),
        displaced: None,
        superseded_at: None,
        reason: None,
        stored_at: "at".to_owned(),
        imported_at: None,
        deleted_at: None,
        epoch: 1,
        has_left: false,
    }
}

fn share(id: &str, displaced: Option<&str>) -> Entry {
    Entry {
        displaced: displaced.map(|id| (id.to_owned(), format!("{id} went"))),
        ..entry(What::Share, Some("user"), "GDRIVE", id)
    }
}

fn removed(id: &str) -> Entry {
    entry(What::Removed, Some("user"), "GDRIVE", id)
}

fn user() -> Entry {
    entry(What::User, None, "", "user")
}

/// Everything that can go, one by one; the ids and kinds of what is left.
fn left(entries: Vec<Entry>) -> Vec<(What, String)> {
    let count = entries.len();
    let mut beginning = Beginning::new(entries.into_iter().map(|entry| (entry, false)).collect());
    for at in 0..count {
        if beginning.is_needless(at) {
            beginning.take_out(at);
        }
    }
    let left = (0..count).filter_map(|at| beginning.get(at));
    left.map(|entry| (entry.what, entry.id.clone())).collect()
}

#[test]
fn a_superseded_share_stays_while_the_history_holds_it() {
    let entries = vec![user(), share("a", None), share("b", Some("a"))];
    assert_eq!(left(entries).len(), 3);
}

#[test]
fn a_superseded_share_goes_with_its_removal_once_the_history_does_not() {
    let entries = vec![
        user(),
        share("a", None),
        share("b", Some("a")),
        removed("a"),
    ];
    let rest = [
        (What::User, "user".to_owned()),
        (What::Share, "b".to_owned()),
    ];
    assert_eq!(left(entries), rest);
}

#[test]
fn a_share_between_two_that_are_held_stays_as_long_as_it_tells_when_the_first_went() {
    let entries = vec![
        share("a", None),
        share("b", Some("a")),
        share("c", Some("b")),
        removed("b"),
    ];
    assert_eq!(left(entries).len(), 4);
}

#[test]
fn a_version_under_an_old_key_goes_once_a_newer_entry_has_it() {
    let again = Entry {
        superseded_at: Some("a went".to_owned()),
        reason: Some("replaced".to_owned()),
        ..entry(What::Version, Some("user"), "GDRIVE", "a")
    };
    let entries = vec![
        share("a", None),
        share("b", Some("a")),
        share("b", None),
        again,
    ];
    let rest = [
        (What::Share, "b".to_owned()),
        (What::Version, "a".to_owned()),
    ];
    assert_eq!(left(entries), rest);
}

#[test]
fn a_version_is_newer_where_a_later_share_has_its_id_and_kind() {
    let version = entry(What::Version, Some("user"), "GDRIVE", "a");
    let entries = vec![
        share("a", None),
        entry(What::Share, Some("custodian"), "GDRIVE", "a"),
        share("b", Some("a")),
        removed("a"),
        version,
    ];
    let mut beginning = Beginning::new(entries.into_iter().map(|entry| (entry, false)).collect());
    let newer = |beginning: &Beginning| [0, 1, 2, 3, 4].map(|at| beginning.has_newer(at));
    // A removal has no share that could be lost.
    assert_eq!(newer(&beginning), [true, false, false, true, false]);
    beginning.take_out(4);
    assert_eq!(newer(&beginning), [false, false, false, true, true]);
}

#[test]
fn an_erasure_itself_stays() {
    let purged = entry(What::Purged, None, "", "");
    let entries = vec![user(), share("a", None), purged];
    assert_eq!(left(entries), [(What::Purged, String::new())]);
}

/// The same numbers at every run, by their seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = self.below(of.len() as u64);
        of.get(usize::try_from(at).unwrap()).unwrap()
    }

    /// Any entry at all, sensible behind the others or not.
    fn entry(&mut self) -> (Entry, bool) {
        let kind = self.one(&["user", "custodian"]);
        let id = self.one(&["a", "b", "c", "d"]);
        let method = self.one(&["GDRIVE", "gdrive", "PASSWORD"]);
        let what = match self.below(12) {
            0..=4 => What::Share,
            5..=7 => What::Removed,
            8 => What::Version,
            9 => What::User,
            10 => What::Deleted,
            _ => What::Purged,
        };
        let time = self.below(1_000).to_string();
        let other = self.one(&["a", "b", "c", "d"]).to_owned();
        let mut entry = entry(what, Some(kind), method, id);
        entry.client_id = self.one(&["one", "one", "two"]).to_owned();
        entry.at.clone_from(&time);
        if self.below(2) == 0 {
            entry.displaced = Some((other, time.clone()));
        }
        if self.below(3) == 0 || what == What::Version {
            entry.superseded_at = Some(time.clone());
        }
        if matches!(what, What::User | What::Deleted | What::Purged) || self.below(9) == 0 {
            entry.kind = None;
            entry.deleted_at = Some(self.below(3).to_string());
        }
        entry.epoch = self.below(2);
        entry.has_left = self.below(3) == 0;
        let step = self.one(&["arriving", "arrived", "broke off", "", "", "", "", ""]);
        if what == What::Removed && !step.is_empty() {
            entry.reason = Some(step.to_owned());
        }
        (entry, self.below(8) == 0)
    }
}

fn replay<'a>(entries: impl Iterator<Item = (usize, &'a (Entry, bool))>) -> Replay {
    let mut replay = Replay::default();
    for (number, (entry, lost)) in entries {
        replay.apply(number, entry, *lost);
    }
    replay
}

/// The rule's claim: wherever a run ends, and whatever comes behind, what is left makes the same as all did.
#[test]
fn what_is_left_makes_the_same_whatever_comes_later_and_wherever_it_ends() {
    let mut gone = 0;
    for seed in 0..4_000 {
        let mut random = Random(seed);
        let entries: Vec<_> = (0..24).map(|_| random.entry()).collect();
        let old = usize::try_from(random.below(24)).unwrap();
        let mut beginning = Beginning::new(entries.iter().take(old).cloned().collect());
        let mut taken = Vec::new();
        for at in 0..old {
            // A lock may keep any of them, and the run may end anywhere.
            if !beginning.is_needless(at) || random.below(5) == 0 {
                continue;
            }
            beginning.take_out(at);
            taken.push(at);
            gone += 1;
            for end in old..=entries.len() {
                let all = || entries.iter().enumerate().take(end);
                let rest = all().filter(|(at, _)| !taken.contains(at));
                assert_eq!(replay(all()), replay(rest), "seed {seed}, {taken:?}, {end}");
            }
        }
    }
    assert!(gone > 5_000, "{gone}");
}
