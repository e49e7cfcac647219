use super::*;

fn entry(method: &str, pair: Option<&str>, at: &str) -> Entry {
    Entry {
        backup_method: BackupMethod::parse(method).unwrap(),
        backup_share_pair_id: pair.map(str::to_owned),
        stored_at: at.to_owned(),
        earlier: None,
    }
}

/// The first backup's state, which both ways of asking tell alike.
fn state(custodian: &[Entry], user: &[Entry]) -> State {
    let state = backups(custodian, user)[0].state;
    assert_eq!(
        half_finished(custodian, user, None).contains(&&user[0].backup_method),
        state == State::HalfFinished
    );
    state
}

fn added(current: &[Entry], user: &[Entry], superseded: &[Entry]) -> Vec<usize> {
    superseded_to_add(current, user, superseded, 0)
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
fn a_backup_that_may_still_be_under_way_is_half_finished_only_once_its_share_is_older_than_the_time()
 {
    let custodian = [entry("GDRIVE", None, "4")];
    let user = [entry("GDRIVE", None, "3")];
    assert!(half_finished(&custodian, &user, Some("3")).is_empty());
    assert!(half_finished(&custodian, &user, Some("4")).is_empty());
    assert_eq!(
        half_finished(&custodian, &user, Some("5")),
        [&user[0].backup_method]
    );
}

#[test]
fn custodian_shares_of_two_methods_without_a_user_share_are_two_backups() {
    let custodian = ["PASSKEY-SECP256K1", "ICLOUD-SECP256K1", "PASSKEY-ED25519"];
    let custodian = custodian.map(|method| entry(method, None, "1"));
    let user = [entry("GDRIVE", None, "1")];
    let counted: Vec<_> = backups(&custodian, &user)
        .iter()
        .map(|b| {
            (
                b.backup_method.as_str().to_owned(),
                b.custodian_shares.len(),
            )
        })
        .collect();
    let expected = [("GDRIVE", 0), ("ICLOUD", 1), ("PASSKEY", 2)];
    assert_eq!(
        counted,
        expected.map(|(method, shares)| (method.to_owned(), shares))
    );
}

#[test]
fn the_states_are_told_in_the_contracts_words() {
    let words = [
        State::Complete,
        State::HalfFinished,
        State::NoUserShare,
        State::NoCustodianShare,
    ];
    assert_eq!(
        words.map(State::as_str),
        [
            "complete",
            "half-finished",
            "no-user-share",
            "no-custodian-share"
        ]
    );
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
        entry("GDRIVE-SECP256K1", None, "1"),
        entry("GDRIVE-SECP256K1", None, "3"),
        entry("GDRIVE-SECP256K1", None, "5"),
        entry("ICLOUD-SECP256K1", None, "1"),
    ];
    assert_eq!(
        added(&current, &[entry("GDRIVE", None, "4")], &superseded),
        [1]
    );
}

#[test]
fn a_complete_backup_and_one_without_a_user_share_get_nothing_more() {
    let current = [entry("GDRIVE-SECP256K1", None, "3")];
    let superseded = [entry("GDRIVE-SECP256K1", None, "1")];
    assert!(added(&current, &[entry("GDRIVE", None, "4")], &superseded).is_empty());
    assert!(added(&current, &[], &superseded).is_empty());
}

#[test]
fn a_known_pair_decides_before_the_time() {
    // The old cipher text was posted late: by time the current share would be its mate.
    let current = [entry("GDRIVE", Some("p2"), "3")];
    let superseded = [entry("GDRIVE", Some("p1"), "1")];
    assert_eq!(
        added(&current, &[entry("GDRIVE", Some("p1"), "4")], &superseded),
        [0]
    );
    // Current when the user share was stored, but known to be of another pair.
    let other = [entry("GDRIVE", Some("p3"), "1")];
    assert!(added(&current, &[entry("GDRIVE", Some("p1"), "4")], &other).is_empty());
    // The current share is surely the mate.
    let again = [entry("GDRIVE", Some("p2"), "1")];
    assert!(added(&current, &[entry("GDRIVE", Some("p2"), "4")], &again).is_empty());
}

#[test]
fn a_mate_displaced_by_a_restored_older_share_is_still_added() {
    // C1 from 1, C2 from 2, user share at 3, then C1 restored at 4 with its own time.
    let current = [entry("GDRIVE", None, "1")];
    let superseded = [entry("GDRIVE", None, "2")];
    assert_eq!(
        added(&current, &[entry("GDRIVE", None, "3")], &superseded),
        [0]
    );
}

#[test]
fn a_restore_while_a_backup_runs_does_not_hide_the_newer_share() {
    // C1 from 1, C2 from 2, C1 restored at 3, and only then the user share of C2 arrives.
    let current = [entry("GDRIVE", None, "1")];
    let superseded = [entry("GDRIVE", None, "2")];
    let user = [entry("GDRIVE", None, "4")];
    assert_eq!(added(&current, &user, &superseded), [0]);
    // C2 restored in its turn: C1 was never the newest when a user share came.
    let current = [entry("GDRIVE", None, "2")];
    let superseded = [entry("GDRIVE", None, "1")];
    assert!(added(&current, &user, &superseded).is_empty());
}

#[test]
fn a_user_share_that_names_the_pair_of_one_curve_keeps_the_mate_of_the_other() {
    let current = [
        entry("GDRIVE-ED25519", Some("e2"), "4"),
        entry("GDRIVE-SECP256K1", Some("s2"), "4"),
    ];
    let superseded = [
        entry("GDRIVE-ED25519", Some("e0"), "0"),
        entry("GDRIVE-ED25519", Some("e1"), "1"),
        entry("GDRIVE-SECP256K1", Some("s1"), "1"),
    ];
    let user = [entry("GDRIVE", Some("s1"), "2")];
    assert_eq!(
        after("0", &user, |user| added(&current, user, &superseded)),
        [1, 2]
    );
}

/// With the user shares of a fetch that tells when each method's one before was stored.
fn after<T>(earlier: &str, user: &[Entry], look: impl Fn(&[Entry]) -> T) -> T {
    let known = |share: &Entry| Entry {
        earlier: Some(earlier.to_owned()),
        ..share.clone()
    };
    look(&user.iter().map(known).collect::<Vec<_>>())
}

const S: &str = "GDRIVE-SECP256K1";
const E: &str = "GDRIVE-ED25519";

#[test]
fn of_two_backups_side_by_side_the_one_that_ended_last_gets_its_shares_though_its_pair_tells_one_curve_only()
 {
    // S(pA) E(qA) S(pB) E(qB), then uB(pB), then uA(pA).
    let current = [entry(S, Some("pB"), "3"), entry(E, Some("qB"), "4")];
    let superseded = [entry(S, Some("pA"), "1"), entry(E, Some("qA"), "2")];
    let user = [entry("GDRIVE", Some("pA"), "6")];
    let all = after("5", &user, |user| added(&current, user, &superseded));
    assert_eq!(all, [0, 1]);
    let eject = |method: &str| {
        let method = BackupMethod::parse(method).unwrap();
        superseded_instead(&method, &current, &user, &superseded)
    };
    assert_eq!((eject(S), eject(E)), (Some(0), Some(1)));
}

#[test]
fn where_the_pairs_share_was_replaced_all_of_the_other_curve_since_the_user_share_before_are_in_doubt()
 {
    // E(q0) u, S(pA) E(qA) E(qB) S(pB) E(qC), then u(pA): which of E's shares it is of is not told.
    let superseded = [
        entry(E, Some("q0"), "1"),
        entry(S, Some("pA"), "3"),
        entry(E, Some("qA"), "4"),
        entry(E, Some("qB"), "5"),
    ];
    let current = [entry(S, Some("pB"), "6"), entry(E, Some("qC"), "7")];
    let user = [entry("GDRIVE", Some("pA"), "8")];
    let all = after("2", &user, |user| added(&current, user, &superseded));
    assert_eq!(all, [1, 2, 3]);
    // With none before, it may be the first of all, too.
    assert_eq!(added(&current, &user, &superseded), [0, 1, 2, 3]);
}

#[test]
fn a_pair_that_one_curve_has_makes_the_backup_complete() {
    let user = [entry("GDRIVE", Some("p1"), "3")];
    let custodian = |p, q| [entry(S, p, "1"), entry(E, q, "2")];
    for (p, q, expected) in [
        (Some("p1"), Some("q1"), State::Complete),
        (Some("q1"), Some("p1"), State::Complete),
        (Some("p1"), None, State::Complete),
        (Some("p2"), None, State::HalfFinished),
        (Some("p2"), Some("q2"), State::HalfFinished),
    ] {
        assert_eq!(state(&custodian(p, q), &user), expected, "{p:?} {q:?}");
    }
}

#[test]
fn a_pair_id_used_again_does_not_hide_what_is_older_than_the_user_share() {
    let current = [entry("GDRIVE", Some("p"), "3")];
    let superseded = [entry("GDRIVE", Some("p"), "1")];
    assert_eq!(
        added(&current, &[entry("GDRIVE", Some("p"), "2")], &superseded),
        [0]
    );
}

#[test]
fn a_user_share_under_unknown_stands_for_the_methods_that_have_none() {
    let current = [entry("GDRIVE-SECP256K1", None, "3")];
    let superseded = [entry("GDRIVE-SECP256K1", None, "1")];
    let unknown = entry("UNKNOWN", None, "2");
    assert_eq!(
        added(&current, std::slice::from_ref(&unknown), &superseded),
        [0]
    );
    let both = [unknown.clone(), entry("GDRIVE", None, "4")];
    assert!(added(&current, &both, &superseded).is_empty());
    // GDRIVE's own is none of GDRIVE-NEW: an app that asks for that one gets the one under UNKNOWN.
    let current = [entry("GDRIVE-NEW-ED25519", None, "3")];
    let superseded = [entry("GDRIVE-NEW-ED25519", None, "1")];
    let alike = [unknown, entry("GDRIVE", None, "4")];
    assert_eq!(added(&current, &alike, &superseded), [0]);
    let eject = superseded_instead(&current[0].backup_method, &current, &alike, &superseded);
    assert_eq!(eject, Some(0));
}

#[test]
fn the_first_so_many_are_added_in_any_case() {
    let current = [entry("GDRIVE", None, "3")];
    let superseded = [entry("GDRIVE", None, "2"), entry("GDRIVE", None, "1")];
    assert_eq!(superseded_to_add(&current, &[], &superseded, 1), [0]);
    let user = [entry("GDRIVE", None, "1")];
    assert_eq!(superseded_to_add(&current, &user, &superseded, 1), [0, 1]);
}
