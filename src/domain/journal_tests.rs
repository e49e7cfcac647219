use super::*;

const USER: &str = "user-1";

fn entry(what: What, id: &str) -> Entry {
    Entry {
        what,
        at: "at".to_owned(),
        kind: Some("user".to_owned()),
        backup_method: "GDRIVE".to_owned(),
        id: id.to_owned(),
        client_id: "client".to_owned(),
        stored_at: "at".to_owned(),
        displaced: None,
        superseded_at: None,
        reason: None,
        imported_at: None,
        deleted_at: None,
        epoch: 1,
        has_left: false,
    }
}

fn of_user(what: What) -> Entry {
    Entry {
        kind: None,
        ..entry(what, USER)
    }
}

fn replay(entries: &[Entry]) -> Replay {
    let mut replay = Replay::default();
    for (number, entry) in entries.iter().enumerate() {
        replay.apply(number, entry, false);
    }
    replay
}

fn current(replay: &Replay) -> Vec<&str> {
    replay.current.iter().map(|c| c.id.as_str()).collect()
}

fn history(replay: &Replay) -> Vec<(&str, &str, &str)> {
    replay
        .history
        .iter()
        .map(|v| (v.id.as_str(), v.superseded_at.as_str(), v.reason.as_str()))
        .collect()
}

#[test]
fn a_name_holds_no_id_and_is_read_as_it_was_written() {
    let place = Place { epoch: 2, seq: 34 };
    let name = name(7, USER, place, What::Share);
    assert!(!name.contains(USER));
    let user = prefix_of_user(7, USER);
    assert_eq!(name, format!("{user}0002-000000000034.share"));
    assert!(user.starts_with(&prefix_of_home(7)));
    assert!(!prefix_of_user(70, USER).starts_with(&prefix_of_home(7)));
    assert_eq!(
        Name::parse(&name),
        Some(Name {
            user: &user,
            place,
            what: What::Share
        })
    );
}

#[test]
fn names_sort_as_their_entries_do() {
    let of = |epoch, seq| name(0, USER, Place { epoch, seq }, What::User);
    let mut names = [of(2, 1), of(1, 10), of(1, 9), of(10, 1)];
    names.sort();
    assert_eq!(names, [of(1, 9), of(1, 10), of(2, 1), of(10, 1)]);
}

#[test]
fn what_is_no_entrys_name_is_not_taken_for_one() {
    for name in [
        "",
        "head/0",
        "c1/0/ab/0001-000000000001",
        "c1/0/ab/0001-000000000001.other",
        "c1/0/ab/1-1.share",
        "c1/0/ab/0001-00000000000x.share",
        "c1/0/ab/+001-000000000001.share",
    ] {
        assert_eq!(Name::parse(name), None, "{name}");
    }
}

#[test]
fn a_share_takes_the_place_of_the_one_before_at_the_time_that_the_database_told() {
    let second = Entry {
        displaced: Some(("v1".to_owned(), "then".to_owned())),
        ..entry(What::Share, "v2")
    };
    let replay = replay(&[entry(What::Share, "v1"), second]);
    assert_eq!(current(&replay), ["v2"]);
    assert_eq!(history(&replay), [("v1", "then", "replaced")]);
}

#[test]
fn methods_are_one_whatever_their_case() {
    let second = Entry {
        backup_method: "gdrive".to_owned(),
        ..entry(What::Share, "v2")
    };
    let replay = replay(&[entry(What::Share, "v1"), second]);
    assert_eq!(current(&replay), ["v2"]);
    assert_eq!(history(&replay), [("v1", "at", "replaced")]);
}

#[test]
fn a_share_under_another_key_is_the_same_version_with_a_newer_text() {
    let replay = replay(&[entry(What::Share, "v1"), entry(What::Share, "v1")]);
    assert!(replay.history.is_empty());
    assert_eq!(replay.current[0].entry, 1);
}

#[test]
fn a_restored_version_is_in_the_history_no_longer() {
    let displaced = |id: &str, by| Entry {
        displaced: Some((id.to_owned(), "then".to_owned())),
        ..entry(What::Share, by)
    };
    let replay = replay(&[
        entry(What::Share, "v1"),
        displaced("v1", "v2"),
        displaced("v2", "v1"),
        entry(What::Removed, "v1"), // it left the history
    ]);
    assert_eq!(current(&replay), ["v1"]);
    assert_eq!(history(&replay), [("v2", "then", "replaced")]);
}

#[test]
fn a_deleted_user_and_its_shares_are_kept_until_they_are_forgotten() {
    let deletion = Entry {
        deleted_at: Some("then".to_owned()),
        ..of_user(What::Deleted)
    };
    let removal = Entry {
        superseded_at: Some("then".to_owned()),
        ..entry(What::Removed, "v1")
    };
    let mut all = vec![
        of_user(What::User),
        entry(What::Share, "v1"),
        deletion,
        removal,
    ];
    let deleted = replay(&all);
    assert_eq!(deleted.user(), None);
    assert!(deleted.current.is_empty());
    assert_eq!(history(&deleted), [("v1", "then", "deleted")]);
    assert_eq!(deleted.deleted.len(), 1);

    all.push(Entry {
        deleted_at: Some("then".to_owned()),
        ..of_user(What::Removed)
    });
    all.push(entry(What::Removed, "v1"));
    let forgotten = replay(&all);
    assert!(forgotten.deleted.is_empty() && forgotten.history.is_empty());
}

#[test]
fn nothing_of_an_erased_person_is_left_and_another_client_of_the_id_stays() {
    let other = Entry {
        client_id: "other".to_owned(),
        ..entry(What::Share, "w1")
    };
    let user = Entry {
        client_id: "other".to_owned(),
        ..of_user(What::User)
    };
    let mut all = vec![
        of_user(What::User),
        entry(What::Share, "v1"),
        of_user(What::Purged),
    ];
    let erased = replay(&all);
    assert!(erased.purged && erased.user().is_none());
    assert!(erased.current.is_empty() && erased.history.is_empty());

    all.splice(2..2, [user, other]);
    let erased = replay(&all);
    assert_eq!(current(&erased), ["w1"]);
    assert!(erased.history.is_empty());
    assert_eq!(erased.user(), Some(2));
}

fn stored(what: What, id: &str, stored_at: &str) -> Entry {
    Entry {
        at: stored_at.to_owned(),
        stored_at: stored_at.to_owned(),
        ..entry(what, id)
    }
}

/// What is made of entries, of which those in `lost` are of a past that the database lost.
fn with_lost(known: &[Entry], lost: &[Entry], known_since: &[Entry]) -> Replay {
    let mut replay = Replay::default();
    let parts = [(known, false), (lost, true), (known_since, false)];
    let all = parts
        .into_iter()
        .flat_map(|(entries, is_lost)| entries.iter().map(move |entry| (entry, is_lost)));
    for (number, (entry, is_lost)) in all.enumerate() {
        replay.apply(number, entry, is_lost);
    }
    replay.bring_back_lost();
    replay
}

#[test]
fn of_what_the_database_went_back_over_shares_count_and_deletions_do_not() {
    let known = [of_user(What::User), stored(What::Share, "v1", "1")];
    let removal = Entry {
        superseded_at: Some("then".to_owned()),
        ..entry(What::Removed, "v2")
    };
    let lost = [
        stored(What::Share, "v2", "2"),
        of_user(What::Deleted),
        removal,
        of_user(What::User),
    ];
    let replay = with_lost(&known, &lost, &[]);
    assert_eq!(current(&replay), ["v2"]);
    assert_eq!(history(&replay), [("v1", "2", "replaced")]);
    assert_eq!(replay.user(), Some(0));
    let erased = with_lost(&known, &lost, &[of_user(What::Purged)]);
    assert!(erased.current.is_empty() && erased.history.is_empty() && erased.user().is_none());
    let erased_there = [&lost[..], &[of_user(What::Purged)]].concat();
    let erased = with_lost(&known, &erased_there, &[]);
    assert!(erased.current.is_empty() && erased.user().is_none());
}

#[test]
fn of_what_the_database_has_a_lost_past_changes_nothing() {
    let known = [
        of_user(What::User),
        stored(What::Share, "v1", "1"),
        stored(What::Share, "v2", "2"),
    ];
    let is_as_it_was = |lost: &[Entry]| {
        let replay = with_lost(&known, lost, &[]);
        assert_eq!(current(&replay), ["v2"]);
        assert_eq!(history(&replay), [("v1", "2", "replaced")]);
        assert_eq!([replay.current[0].entry, replay.history[0].entry], [2, 1]);
    };
    // Sealed under another key, restored, deleted there.
    is_as_it_was(&[stored(What::Share, "v2", "2")]);
    is_as_it_was(&[stored(What::Version, "v1", "1")]);
    is_as_it_was(&[stored(What::Share, "v1", "1")]);
    is_as_it_was(&[stored(What::Version, "v2", "2")]);
}

#[test]
fn what_became_of_a_share_since_a_past_was_lost_is_what_the_database_says() {
    let known = [of_user(What::User), stored(What::Share, "v1", "1")];
    let lost = [stored(What::Share, "v2", "2")];
    let removed = |id: &str| Entry {
        superseded_at: Some("3".to_owned()),
        ..entry(What::Removed, id)
    };
    // The user is deleted: as the database has it, not as the lost past would.
    let deleted = with_lost(&known, &lost, &[removed("v1"), of_user(What::Deleted)]);
    assert!(current(&deleted).is_empty());
    assert_eq!(
        history(&deleted),
        [("v1", "3", "deleted"), ("v2", "2", "replaced")]
    );
    // A newer share is there.
    let newer = with_lost(&known, &lost, &[stored(What::Share, "v3", "3")]);
    assert_eq!(current(&newer), ["v3"]);
    assert_eq!(
        history(&newer),
        [("v1", "3", "replaced"), ("v2", "2", "replaced")]
    );
    // It came back, and was kept no longer.
    let since = [stored(What::Version, "v2", "2"), entry(What::Removed, "v2")];
    assert_eq!(current(&with_lost(&known, &lost, &since)), ["v1"]);
    assert!(with_lost(&known, &lost, &since).history.is_empty());
}

#[test]
fn the_last_word_on_a_lost_share_counts_for_its_older_key_may_be_gone() {
    let known = [of_user(What::User)];
    let lost = [
        stored(What::Share, "v1", "1"),
        stored(What::Share, "v2", "2"),
        stored(What::Version, "v1", "1"),
        stored(What::Share, "v2", "2"),
    ];
    let replay = with_lost(&known, &lost, &[]);
    let entries = |held: &[Held]| held.iter().map(|held| held.entry).collect::<Vec<_>>();
    assert_eq!(entries(&replay.current), [4]);
    assert_eq!(entries(&replay.history), [3]);
}

#[test]
fn a_lost_share_of_another_client_is_never_the_users_current_one() {
    let lost = [Entry {
        client_id: "other".to_owned(),
        ..entry(What::Share, "v1")
    }];
    let replay = with_lost(&[of_user(What::User)], &lost, &[]);
    assert!(replay.current.is_empty());
    assert_eq!(history(&replay).len(), 1);
}

#[test]
fn the_names_of_single_objects_are_those_of_the_documentation() {
    let docs = include_str!("../../docs/second-copy.md");
    let head = name_of_head(7).replace('7', "<home>");
    assert!(docs.contains(&format!("| `{head}` |")), "{head}");
    let (escrow, index) = (name_of_escrow("<key id>"), name_of_escrow_index());
    assert!(docs.contains(&format!("| `{escrow}`, `{index}` |")));
}

#[test]
fn each_thing_that_a_user_has_refers_to_its_entry_and_nothing_refers_to_another() {
    let replay = replay(&[
        of_user(What::Deleted),
        of_user(What::User),
        entry(What::Share, "v1"),
        entry(What::Share, "v2"), // v1 goes into the history
        entry(What::Removed, "v9"),
    ]);
    let referred = [0, 1, 2, 3, 4].map(|entry| replay.refers_to(entry));
    assert_eq!(referred, [true, true, true, true, false]);
}

#[test]
fn a_share_leaves_those_of_another_kind_or_method_where_they_are() {
    let custodian = Entry {
        kind: Some("custodian".to_owned()),
        ..entry(What::Share, "v2")
    };
    let password = Entry {
        backup_method: "PASSWORD".to_owned(),
        ..entry(What::Share, "v3")
    };
    let replay = replay(&[entry(What::Share, "v1"), custodian, password]);
    assert_eq!(current(&replay), ["v1", "v2", "v3"]);
    assert!(replay.history.is_empty());
}

#[test]
fn each_deletion_of_a_user_is_there_once_however_often_it_is_told() {
    let deleted = |at: &str| Entry {
        deleted_at: Some(at.to_owned()),
        ..of_user(What::Deleted)
    };
    let told = [
        deleted("then"),
        of_user(What::User),
        deleted("later"),
        deleted("then"),
    ];
    let mut times: Vec<_> = replay(&told)
        .deleted
        .into_iter()
        .map(|user| user.deleted_at)
        .collect();
    times.sort();
    assert_eq!(times, ["later", "then"]);
}

#[test]
fn an_erasure_leaves_the_deletions_of_another_client() {
    let other = Entry {
        client_id: "other".to_owned(),
        ..of_user(What::Deleted)
    };
    let replay = replay(&[of_user(What::Deleted), other, of_user(What::Purged)]);
    let left: Vec<_> = replay.deleted.iter().map(|user| user.entry).collect();
    assert_eq!(left, [1]);
}

#[test]
fn what_left_the_home_by_a_move_in_a_lost_past_does_not_come_back() {
    let of = |epoch, entry| Entry { epoch, ..entry };
    let left = Entry {
        has_left: true,
        ..of_user(What::Removed)
    };
    let replay = |entries: &[(Entry, bool)]| {
        let mut replay = Replay::default();
        for (number, (entry, is_lost)) in entries.iter().enumerate() {
            replay.apply(number, entry, *is_lost);
        }
        replay.bring_back_lost();
        replay
    };
    let came = [(of_user(What::User), true), (entry(What::Share, "a"), true)];
    assert_eq!(current(&replay(&came)), ["a"]);
    let gone = [came.as_slice(), &[(left.clone(), true)]].concat();
    assert_eq!(replay(&gone), Replay::default());
    let again = [gone.as_slice(), &came].concat();
    assert_eq!(current(&replay(&again)), ["a"]);

    // What the database has; and what was lost in an earlier epoch, before the move.
    let kept = [
        (of_user(What::User), false),
        (entry(What::Share, "a"), false),
    ];
    let stays = [kept.as_slice(), &[(left.clone(), true)]].concat();
    assert_eq!(current(&replay(&stays)), ["a"]);
    let earlier = [came.as_slice(), &[(of(2, left.clone()), true)]].concat();
    assert_eq!(current(&replay(&earlier)), ["a"]);
    // Objects that a request made before the epoch ended are made once more in the next.
    let told_twice = came.clone().map(|(entry, is_lost)| (of(2, entry), is_lost));
    let twice = [came.as_slice(), &told_twice, &[(of(2, left), true)]].concat();
    assert_eq!(replay(&twice), Replay::default());
}

#[test]
fn what_a_move_was_bringing_goes_with_it_and_nothing_else_does() {
    let step = |reason: &str| Entry {
        reason: Some(reason.to_owned()),
        ..of_user(What::Removed)
    };
    let came = [
        entry(What::Version, "old"),
        step("arriving"),
        of_user(What::User),
        entry(What::Share, "a"),
        entry(What::Version, "b"),
    ];
    let then = |entries: &[Entry]| replay(&[came.as_slice(), entries].concat());
    let remains = replay(&came[..1]);
    assert_eq!(then(&[step("broke off")]), remains);
    let mut undecided = then(&[]);
    assert_eq!(current(&undecided), ["a"]);
    undecided.break_off();
    assert_eq!(undecided, remains);
    // Once it has arrived, or where the next one begins, nothing of that goes any more.
    let arrived = then(&[step("arrived"), step("broke off")]);
    assert_eq!((arrived.user(), current(&arrived)), (Some(2), vec!["a"]));
    let mut again = then(&[step("arriving"), entry(What::Share, "c")]);
    assert_eq!(current(&again), ["c"]);
    again.break_off();
    assert_eq!(again, remains);
    // In a later epoch the database knows nothing of the move: what happens there is no part of it.
    let later = Entry {
        epoch: 2,
        ..entry(What::Share, "d")
    };
    let mut later = then(&[later]);
    later.break_off();
    assert_eq!(current(&later), ["d"]);
}
