use super::*;

/// The head of the first database that a bucket has had.
fn first(place: Place, identity: &str) -> Head {
    Head {
        place,
        at: "then".to_owned(),
        identity: identity.to_owned(),
        first: 1,
        from: 0,
        whole: 0,
        ends: Vec::new(),
    }
}

#[test]
fn a_database_that_went_back_or_is_another_begins_an_epoch() {
    let at = |epoch, seq| Place { epoch, seq };
    let head = first(at(1, 100), "one");
    assert_eq!(head.standing("one", at(1, 100)), Standing::GoesOn);
    assert_eq!(head.standing("one", at(1, 101)), Standing::GoesOn);
    assert_eq!(head.standing("one", at(1, 99)), Standing::WentBack);
    assert_eq!(head.standing("two", at(1, 100)), Standing::Another);

    let next = head.next_epoch("one", at(1, 90), "now");
    assert_eq!(next.place, at(2, 90));
    assert!(!next.is_lost(at(1, 90)));
    assert!(next.is_lost(at(1, 91)));
    assert!(!next.is_lost(at(2, 91)));
    // It has gone back before the epoch began: once more.
    assert_eq!(next.standing("one", at(1, 90)), Standing::WentBack);
    // Another one has lost nothing of what there was.
    assert!(!head.next_epoch("two", at(1, 0), "now").is_lost(at(1, 91)));
}

#[test]
fn what_a_database_went_back_to_decides_what_is_lost_however_often_it_goes_back_or_forward() {
    let at = |epoch, seq| Place { epoch, seq };
    let first = first(at(1, 100), "one");
    let lost = |head: &Head| {
        [at(1, 50), at(1, 60), at(1, 95), at(2, 61), at(2, 1)].map(|place| head.is_lost(place))
    };
    let back = first.next_epoch("one", at(1, 60), "now");
    assert_eq!(lost(&back), [false, false, true, false, false]);
    // Not far enough: once more, to before the epoch began.
    let further = back.next_epoch("one", at(1, 50), "now");
    assert_eq!(further.place, at(3, 50));
    assert_eq!(lost(&further), [false, true, true, true, true]);
    // Forward again, by the bookmark that Time Travel gave.
    let forward = back.next_epoch("one", at(1, 100), "now");
    assert_eq!(lost(&forward), [false, false, false, true, true]);
}

#[test]
fn a_database_ends_no_epoch_of_another_however_often_it_is_not_told_its_own() {
    let at = |epoch, seq| Place { epoch, seq };
    let of_a = Head {
        ends: vec![at(1, 70)],
        ..first(at(2, 5000), "A")
    };
    // The head is there, and the database was not told.
    let untold = of_a.next_epoch("B", at(0, 0), "now");
    assert_eq!(untold.standing("B", at(0, 0)), Standing::Another);
    let again = untold.next_epoch("B", at(0, 0), "now");
    assert_eq!((again.place, again.first), (at(4, 0), 3));
    let lost =
        |head: &Head| [at(1, 70), at(1, 71), at(2, 1), at(2, 5000)].map(|at| head.is_lost(at));
    assert_eq!(lost(&untold), [false, true, false, false]);
    assert_eq!(lost(&again), lost(&untold));
    // Time Travel to before it was told anything: what it numbered itself is lost, and nothing else.
    let back = again.next_epoch("B", at(0, 0), "later");
    assert_eq!(lost(&back), lost(&untold));
    assert!(back.is_lost(at(4, 1)));
    // And within its own epochs.
    assert_eq!(again.standing("B", at(4, 0)), Standing::GoesOn);
    let back = again.next_epoch("B", at(4, 10), "later");
    assert_eq!(lost(&back), lost(&untold));
    assert!(back.is_lost(at(4, 11)) && !back.is_lost(at(4, 10)));
}

#[test]
fn a_head_is_read_as_it_was_written() {
    let at = |epoch, seq| Place { epoch, seq };
    let text = r#"{"epoch":3,"seq":40,"at":"2026","identity":"one","first":2,"from":1,"whole":2,"ends":[{"epoch":1,"seq":7},{"epoch":2,"seq":9}]}"#;
    assert_eq!(
        Head::parse(text),
        Some(Head {
            place: at(3, 40),
            at: "2026".to_owned(),
            identity: "one".to_owned(),
            first: 2,
            from: 1,
            whole: 2,
            ends: vec![at(1, 7), at(2, 9)],
        })
    );
    let old = text.replace(r#""first":2,"from":1,"whole":2,"#, "");
    let old = Head::parse(&old).unwrap();
    assert_eq!((old.first, old.from, old.whole), (1, 0, 0));
    assert_eq!(Head::parse("{}"), None);
    assert_eq!(Head::parse("damaged"), None);
}
