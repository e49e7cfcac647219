use super::*;
use crate::domain::names::BackupMethod;

/// "user GDRIVE 2 pair" or "custodian GDRIVE-ED25519 1", with `until` where it is superseded; its id is its text.
fn version(text: &str, until: Option<&str>) -> Version {
    let mut parts = text.split(' ');
    let mut next = || parts.next().unwrap_or_default().to_owned();
    let (kind, method, stored_at, pair) = (next(), next(), next(), next());
    Version {
        id: text.to_owned(),
        kind: if kind == "user" {
            Kind::User
        } else {
            Kind::Custodian
        },
        entry: Entry {
            backup_method: BackupMethod::parse(method).unwrap(),
            backup_share_pair_id: (!pair.is_empty()).then_some(pair),
            stored_at,
            earlier: None,
        },
        superseded_at: until.map(str::to_owned),
    }
}

fn timeline(versions: &[(&str, Option<&str>)]) -> Timeline {
    let mut all: Vec<Version> = versions
        .iter()
        .map(|(text, until)| version(text, *until))
        .collect();
    all.reverse();
    Timeline::of(all)
}

fn given(timeline: &Timeline, policy: FetchSuperseded) -> Vec<String> {
    let mut ids: Vec<String> = timeline
        .given(policy)
        .iter()
        .map(|v| v.id.clone())
        .collect();
    ids.sort();
    ids
}

#[test]
fn a_complete_backup_is_given_alone() {
    let all = timeline(&[
        ("custodian GDRIVE-ED25519 1", Some("3")),
        ("user GDRIVE 2", Some("4")),
        ("custodian GDRIVE-ED25519 3", None),
        ("user GDRIVE 4", None),
    ]);
    let current = ["custodian GDRIVE-ED25519 3", "user GDRIVE 4"];
    assert_eq!(given(&all, FetchSuperseded::HalfFinished), current);
    assert_eq!(given(&all, FetchSuperseded::Never), current);
    assert_eq!(
        given(&all, FetchSuperseded::Always),
        [
            "custodian GDRIVE-ED25519 1",
            "custodian GDRIVE-ED25519 3",
            "user GDRIVE 4"
        ]
    );
}

#[test]
fn of_a_half_finished_backup_the_share_before_is_given_too() {
    let all = timeline(&[
        ("custodian GDRIVE-ED25519 1", Some("3")),
        ("user GDRIVE 2", None),
        ("custodian GDRIVE-ED25519 3", None),
    ]);
    assert_eq!(
        given(&all, FetchSuperseded::HalfFinished),
        [
            "custodian GDRIVE-ED25519 1",
            "custodian GDRIVE-ED25519 3",
            "user GDRIVE 2"
        ]
    );
    assert_eq!(
        given(&all, FetchSuperseded::Never),
        ["custodian GDRIVE-ED25519 3", "user GDRIVE 2"]
    );
}

#[test]
fn each_cipher_text_is_joined_with_the_shares_of_its_own_backup() {
    let all = timeline(&[
        ("custodian GDRIVE-ED25519 1", Some("3")),
        ("user GDRIVE 2", Some("4")),
        ("custodian GDRIVE-ED25519 3", None),
        ("user GDRIVE 4", None),
        ("user PASSWORD 5", None),
    ]);
    let user: Vec<&Version> = all
        .versions()
        .iter()
        .filter(|v| v.kind == Kind::User)
        .collect();
    let mates: Vec<Vec<&str>> = all
        .mates(&user)
        .iter()
        .map(|mates| mates.iter().map(|v| v.id.as_str()).collect())
        .collect();
    assert_eq!(
        mates,
        [
            vec![],
            vec!["custodian GDRIVE-ED25519 3"],
            vec!["custodian GDRIVE-ED25519 1"]
        ]
    );
}

#[test]
fn a_restored_cipher_text_brings_its_mate_with_it_and_displaces_the_other() {
    let all = timeline(&[
        ("custodian GDRIVE-ED25519 1", Some("3")),
        ("user GDRIVE 2", Some("4")),
        ("custodian GDRIVE-ED25519 3", None),
        ("user GDRIVE 4", None),
    ]);
    let restored = all.with_restored("user GDRIVE 2", None).unwrap();
    assert_eq!(
        given(&restored, FetchSuperseded::HalfFinished),
        [
            "custodian GDRIVE-ED25519 1",
            "custodian GDRIVE-ED25519 3",
            "user GDRIVE 2"
        ]
    );
}

#[test]
fn what_is_current_or_unknown_cannot_be_restored() {
    let all = timeline(&[("user GDRIVE 2", None)]);
    assert!(all.with_restored("user GDRIVE 2", None).is_none());
    assert!(all.with_restored("nothing", None).is_none());
}

#[test]
fn a_cipher_text_of_an_unknown_method_stands_for_methods_that_have_no_current_one() {
    for (gdrive_until, mates) in [(None, 0), (Some("4"), 1)] {
        let all = timeline(&[
            ("custodian GDRIVE-ED25519 1", None),
            ("user UNKNOWN 2", None),
            ("user GDRIVE 3", gdrive_until),
        ]);
        let unknown = all.versions().iter().find(|v| v.id == "user UNKNOWN 2");
        let unknown = unknown.unwrap();
        let found = all.mates(&[unknown]);
        assert_eq!(found.first().unwrap().len(), mates, "{gdrive_until:?}");
    }
}

#[test]
fn a_restored_version_displaces_none_of_another_kind_or_method() {
    let all = timeline(&[
        ("user GDRIVE 1", Some("2")),
        ("user GDRIVE 2", None),
        ("custodian GDRIVE 3", None),
        ("user PASSWORD 4", None),
    ]);
    let restored = all.with_restored("user GDRIVE 1", None).unwrap();
    let current = restored.versions().iter().filter(|v| v.is_current());
    assert_eq!(
        current.map(|v| v.id.as_str()).collect::<Vec<_>>(),
        ["user PASSWORD 4", "custodian GDRIVE 3", "user GDRIVE 1"]
    );
}

#[test]
fn a_custodian_share_and_a_cipher_text_of_one_id_are_two() {
    let mut all = [
        version("custodian GDRIVE 1", Some("3")),
        version("user GDRIVE 2", None),
        version("custodian GDRIVE 3", None),
    ];
    for of_id_1 in &mut all[..2] {
        "1".clone_into(&mut of_id_1.id);
    }
    let all = Timeline::of(all.into_iter().rev().collect());
    let kinds = |versions: &[&Version]| {
        let kinds = versions.iter().map(|v| v.kind.as_str());
        kinds.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(kinds(&all.given(FetchSuperseded::Never)), "custodian user");
    let restored = all.with_restored("1", None).unwrap();
    let times = restored.versions().iter().filter(|v| v.is_current());
    let times: Vec<&str> = times.map(|v| v.entry.stored_at.as_str()).collect();
    assert_eq!(times, ["2", "1"]);
}

#[test]
fn of_two_superseded_versions_of_one_id_the_one_of_the_kind_is_restored_or_the_last() {
    let mut all = [
        version("custodian GDRIVE 1", Some("5")),
        version("user GDRIVE 2", Some("4")),
        version("custodian GDRIVE 3", None),
        version("user GDRIVE 4", None),
    ];
    for twin in &mut all[..2] {
        "1".clone_into(&mut twin.id);
    }
    let all = Timeline::of(all.into_iter().rev().collect());
    let current = |kind| {
        let restored = all.with_restored("1", kind).unwrap();
        let current = restored.0.into_iter().filter(Version::is_current);
        let mut times: Vec<String> = current.map(|v| v.entry.stored_at).collect();
        times.sort();
        times
    };
    assert_eq!(current(None), ["1", "4"]);
    assert_eq!(current(Some(Kind::Custodian)), ["1", "4"]);
    assert_eq!(current(Some(Kind::User)), ["2", "3"]);
}

#[test]
fn of_two_versions_of_one_id_and_kind_the_one_that_was_superseded_last_is_restored_alone() {
    let mut all = [
        version("custodian GDRIVE 1", Some("3")),
        version("custodian ICLOUD 2", Some("4")),
        version("custodian GDRIVE 3", None),
        version("custodian ICLOUD 4", None),
    ];
    for twin in &mut all[..2] {
        "1".clone_into(&mut twin.id);
    }
    let all = Timeline::of(all.into_iter().rev().collect());
    let restored = all.with_restored("1", None).unwrap();
    let current = restored.versions().iter().filter(|v| v.is_current());
    let times: Vec<&str> = current.map(|v| v.entry.stored_at.as_str()).collect();
    assert_eq!(times, ["3", "2"]);
}
