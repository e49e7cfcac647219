//! Which shares may belong together is decided thrice: by `domain::recovery`, by the statement of a fetch, and by the retention. Random
//! histories, played in a real SQLite: whatever the first takes for a mate, the second finds and the third spares.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

use portal_backup_worker::domain::names::BackupMethod;
use portal_backup_worker::domain::recovery::{Entry, superseded_to_add};
use portal_backup_worker::domain::sealing::Kind;
use portal_backup_worker::domain::timeline::{Timeline, Version};
use rusqlite::Connection;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sql(name: &str) -> String {
    fs::read_to_string(root().join(format!("src/store/sql/{name}.sql"))).unwrap()
}

fn migrate(db: &Connection, folder: &Path) {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        db.execute_batch(&fs::read_to_string(file).unwrap())
            .unwrap();
    }
}

/// splitmix64: a failure names its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// A history of one user with two curves and up to three methods, long past the retention but for what is current.
fn history(random: &mut Random) -> Vec<Version> {
    use Kind::{Custodian, User};
    const ONE: &[(&str, Kind)] = &[
        ("A", User),
        ("A-SECP256K1", Custodian),
        ("A-ED25519", Custodian),
    ];
    // A method that begins as another does: its custodian share may be of either.
    const TWO: &[(&str, Kind)] = &[
        ("A", User),
        ("A-SECP256K1", Custodian),
        ("A-ED25519", Custodian),
        ("A", User),
        ("A-SECP256K1", Custodian),
        ("A-B", User),
        ("A-B", Custodian),
    ];
    // Without a method: the cipher text stands for each method that has none of its own.
    const UNKNOWN: &[(&str, Kind)] = &[
        ("UNKNOWN", User),
        ("UNKNOWN-SECP256K1", Custodian),
        ("UNKNOWN-ED25519", Custodian),
    ];
    const UNKNOWN_FOR_ANOTHER: &[(&str, Kind)] = &[
        ("UNKNOWN", User),
        ("UNKNOWN", Custodian),
        ("A-SECP256K1", Custodian),
        ("A-ED25519", Custodian),
    ];
    const UNKNOWN_BESIDE_ANOTHER: &[(&str, Kind)] = &[
        ("UNKNOWN", User),
        ("UNKNOWN", Custodian),
        ("A-SECP256K1", Custodian),
        ("A-ED25519", Custodian),
        ("A", User),
    ];
    let sets = [
        ONE,
        TWO,
        UNKNOWN,
        UNKNOWN_FOR_ANOTHER,
        UNKNOWN_BESIDE_ANOTHER,
    ];
    let methods = sets[usize::try_from(random.below(5)).unwrap()];
    history_of(methods, random)
}

fn history_of(methods: &[(&str, Kind)], random: &mut Random) -> Vec<Version> {
    let with_pairs = random.below(3) > 0;
    let length = 4 + random.below(14);
    let mut versions: Vec<Version> = Vec::new();
    for at in 0..length {
        let (method, kind) = methods[usize::try_from(random.below(methods.len() as u64)).unwrap()];
        // The pair of a curve: a cipher text has that of the first one, or none.
        let curve = if method.ends_with("ED25519") || (method, kind) == ("UNKNOWN", Kind::Custodian)
        {
            "q"
        } else {
            "p"
        };
        let pair = (with_pairs && random.below(4) > 0)
            .then(|| format!("{curve}{}", random.below(1 + length / 3)));
        let stored_at = format!("2020-01-01T00:00:{at:02}.000Z");
        for other in versions
            .iter_mut()
            .filter(|v| v.superseded_at.is_none() && v.entry.backup_method.as_str() == method)
        {
            other.superseded_at = Some(stored_at.clone());
        }
        versions.push(Version {
            id: format!("{at:02}"),
            kind,
            entry: Entry {
                backup_method: BackupMethod::parse(method).unwrap(),
                backup_share_pair_id: pair,
                stored_at,
                earlier: None,
            },
            superseded_at: None,
        });
    }
    if random.below(2) > 0 {
        restore(random, &mut versions);
    }
    versions
}

/// What an operator does: an older share becomes the current one of its method, and keeps the time it was stored at.
fn restore(random: &mut Random, versions: &mut [Version]) {
    let at = usize::try_from(random.below(versions.len() as u64)).unwrap();
    let Some(superseded_at) = versions[at].superseded_at.clone() else {
        return;
    };
    let (kind, method) = (versions[at].kind, versions[at].entry.backup_method.clone());
    let mut of_method = versions
        .iter_mut()
        .filter(|v| v.kind == kind && v.entry.backup_method == method && v.superseded_at.is_none());
    if let Some(current) = of_method.next() {
        current.superseded_at = Some(superseded_at);
    }
    versions[at].superseded_at = None;
}

fn database(template: &Connection, versions: &[Version]) -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    {
        let backup = rusqlite::backup::Backup::new(template, &mut db).unwrap();
        backup.step(-1).unwrap();
    }
    db.execute(
        "INSERT INTO users (id, client_id, created_at) VALUES ('u', 'c', '2020')",
        [],
    )
    .unwrap();
    for version in versions {
        let entry = &version.entry;
        let kind = if version.kind == Kind::User {
            "user"
        } else {
            "custodian"
        };
        match &version.superseded_at {
            Some(superseded_at) => db.execute(
                "INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id, share_digest,
                   created_at, stored_at, superseded_at, reason, sealed_share)
                 VALUES (?1, 'u', 'c', ?2, ?3, ?4, 'k1', ?1, ?5, ?5, ?6, 'replaced', ?1)",
                (&version.id, kind, entry.backup_method.as_str(), &entry.backup_share_pair_id, &entry.stored_at, superseded_at),
            ),
            None => db.execute(
                &format!(
                    "INSERT INTO {kind}_backup_shares (id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, created_at,
                       updated_at, sealed_share) VALUES (?1, 'u', ?2, ?3, 'k1', ?1, ?4, ?4, ?1)"
                ),
                (&version.id, entry.backup_method.as_str(), &entry.backup_share_pair_id, &entry.stored_at),
            ),
        }
        .unwrap();
    }
    db
}

/// The ids of the superseded shares that a fetch adds.
fn fetched(db: &Connection) -> Vec<String> {
    let sql = sql("custodian_fetch_with_superseded");
    let mut statement = db.prepare(&sql).unwrap();
    let (mut current, mut user, mut superseded, mut ids) = (vec![], vec![], vec![], vec![]);
    let mut rows = statement.query(("c", 0)).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let entry = Entry {
            backup_method: BackupMethod::parse(row.get::<_, String>(1).unwrap()).unwrap(),
            backup_share_pair_id: row.get(2).unwrap(),
            stored_at: row.get(3).unwrap(),
            earlier: row.get(6).unwrap(),
        };
        match row.get::<_, i64>(0).unwrap() {
            1 => current.push(entry),
            2 => user.push(entry),
            _ => {
                superseded.push(entry);
                ids.push(row.get::<_, String>(5).unwrap());
            }
        }
    }
    let added = superseded_to_add(&current, &user, &superseded, 0);
    let mut added: Vec<String> = added.into_iter().map(|index| ids[index].clone()).collect();
    added.sort();
    added
}

fn kept(db: &Connection, kind: &str) -> Vec<String> {
    let mut statement = db
        .prepare("SELECT id FROM backup_share_versions WHERE kind = ?1 ORDER BY id")
        .unwrap();
    let ids = statement.query_map([kind], |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}

fn expire(db: &Connection) {
    for kind in ["custodian", "user"] {
        let sql = sql(&format!("versions_expire_{kind}"));
        let mut statement = db.prepare(&sql).unwrap();
        let mut rows = statement.query((0, 1_000_000, "90")).unwrap();
        while rows.next().unwrap().is_some() {}
    }
}

/// The first cipher text after each custodian share that is there is kept.
fn assert_first_after_each(
    versions: &[Version],
    custodian: &[String],
    user: &[String],
    told: &str,
) {
    for share in versions.iter().filter(|v| v.kind == Kind::Custodian) {
        if share.superseded_at.is_some() && !custodian.contains(&share.id) {
            continue;
        }
        for method in ["A", "A-B", "UNKNOWN"].map(|name| BackupMethod::parse(name).unwrap()) {
            let is_first = |v: &&Version| {
                v.kind == Kind::User
                    && v.entry.backup_method == method
                    && v.entry.stored_at > share.entry.stored_at
            };
            let first = versions.iter().find(is_first);
            let stays = first.is_none_or(|v| v.superseded_at.is_none() || user.contains(&v.id));
            let may_be_of = share.entry.backup_method.belongs_to(&method) || method.is_unknown();
            assert!(stays || !may_be_of, "after {}: {told}", share.id);
        }
    }
}

#[test]
fn what_is_taken_for_a_mate_is_found_by_a_fetch_and_spared_by_the_retention() {
    let template = Connection::open_in_memory().unwrap();
    migrate(&template, &root().join("migrations"));
    // 1228: the share of the pair was restored, and the other curve's was taken for done with.
    for seed in (0..300).chain([1228]) {
        let versions = history(&mut Random(seed));
        let line = |v: &Version| {
            let pair = v.entry.backup_share_pair_id.as_deref().unwrap_or_default();
            let state = v.superseded_at.as_ref().map_or("current", |_| "");
            format!("{} {} {pair} {state}", v.id, v.entry.backup_method)
        };
        let lines: Vec<String> = versions.iter().map(line).collect();
        let told = format!("seed {seed}:\n{}", lines.join("\n"));
        let db = database(&template, &versions);
        let timeline = Timeline::of(versions.clone());
        let current: Vec<&Version> = versions
            .iter()
            .filter(|v| v.kind == Kind::User && v.superseded_at.is_none())
            .collect();
        let mates = timeline.mates(&current);
        let mut expected: Vec<String> = mates
            .iter()
            .flatten()
            .filter(|v| v.superseded_at.is_some())
            .map(|v| v.id.clone())
            .collect();
        expected.sort();
        expected.dedup();
        assert_eq!(fetched(&db), expected, "{told}");

        // The first cipher text after each share that stays, too: were what came behind it junk, it would be needed.
        expire(&db);
        let custodian = kept(&db, "custodian");
        assert!(expected.iter().all(|id| custodian.contains(id)), "{told}");
        let user = kept(&db, "user");
        assert_first_after_each(&versions, &custodian, &user, &told);
        // And it has an end: another run erases what the first one no longer spared, and then nothing.
        expire(&db);
        let once = (kept(&db, "custodian"), kept(&db, "user"));
        expire(&db);
        assert_eq!((kept(&db, "custodian"), kept(&db, "user")), once, "{told}");
        assert_eq!(fetched(&db), expected, "{told}");
    }
}

/// Attempts at a backup that broke off after its custodian share: more than the retention looks at, newest first.
fn broken_off(versions: &mut Vec<Version>, method: &str) {
    for _ in 0..25 {
        let at = versions.len();
        let stored_at = format!("2020-01-01T00:00:{at:02}.000Z");
        for other in versions
            .iter_mut()
            .filter(|v| v.superseded_at.is_none() && v.entry.backup_method.as_str() == method)
        {
            other.superseded_at = Some(stored_at.clone());
        }
        versions.push(Version {
            id: format!("{at:02}"),
            kind: Kind::Custodian,
            entry: Entry {
                backup_method: BackupMethod::parse(method).unwrap(),
                backup_share_pair_id: None,
                stored_at,
                earlier: None,
            },
            superseded_at: None,
        });
    }
}

/// The ids of the superseded custodian shares that the current cipher texts of a timeline may belong to.
fn mates_of(timeline: &Timeline, is_meant: impl Fn(&Version) -> bool) -> Vec<String> {
    let current: Vec<&Version> = timeline
        .versions()
        .iter()
        .filter(|v| v.kind == Kind::User && v.superseded_at.is_none() && is_meant(v))
        .collect();
    let mates = timeline.mates(&current).into_iter().flatten();
    let superseded = mates.filter(|v| v.superseded_at.is_some());
    superseded.map(|v| v.id.clone()).collect()
}

#[test]
fn what_a_cipher_text_needs_that_is_current_or_can_be_restored_is_spared_by_the_retention() {
    let template = Connection::open_in_memory().unwrap();
    migrate(&template, &root().join("migrations"));
    for seed in 0..200 {
        let mut random = Random(seed);
        // Without a curve, as other servers have it.
        const PLAIN: &[(&str, Kind)] = &[("A", Kind::User), ("A", Kind::Custodian)];
        let mut versions = match seed % 4 {
            0 => history_of(PLAIN, &mut random),
            _ => history(&mut random),
        };
        // Of a cipher text that can be restored it does not matter when it came, only when it was replaced.
        let recent = random.below(versions.len() as u64 + 1);
        for version in versions.iter_mut().skip(usize::try_from(recent).unwrap()) {
            if version.kind == Kind::User && version.superseded_at.is_some() {
                version.superseded_at = Some("2999-01-01T00:00:00.000Z".to_owned());
            }
        }
        if random.below(4) == 0 {
            broken_off(&mut versions, "A-SECP256K1");
        }
        let lines: Vec<String> = versions.iter().map(|v| format!("{v:?}")).collect();
        let told = format!("seed {seed}:\n{}", lines.join("\n"));
        let db = database(&template, &versions);
        expire(&db);
        let spared = kept(&db, "custodian");
        assert_first_after_each(&versions, &spared, &kept(&db, "user"), &told);
        // The first cipher text of a pair whose custodian share is there.
        let cipher_texts = kept(&db, "user");
        for share in versions.iter().filter(|v| v.kind == Kind::Custodian) {
            let pair = &share.entry.backup_share_pair_id;
            let is_there = share.superseded_at.is_none() || spared.contains(&share.id);
            let mut of_pair = versions.iter().filter(|v| {
                v.kind == Kind::User && pair.is_some() && v.entry.backup_share_pair_id == *pair
            });
            if let Some(first) = of_pair.next().filter(|_| is_there) {
                let stays = first.superseded_at.is_none() || cipher_texts.contains(&first.id);
                assert!(
                    stays,
                    "{}, of the pair of {}, of {told}",
                    first.id, share.id
                );
            }
        }
        let timeline = Timeline::of(versions.clone());
        for needed in mates_of(&timeline, |_| true) {
            assert!(spared.contains(&needed), "{needed} of {told}");
        }
        for version in versions.iter().filter(|v| v.kind == Kind::User) {
            if version
                .superseded_at
                .as_deref()
                .is_some_and(|at| at > "2900")
            {
                let restored = timeline
                    .with_restored(&version.id, Some(Kind::User))
                    .unwrap();
                for needed in mates_of(&restored, |v| v.id == version.id) {
                    assert!(
                        spared.contains(&needed),
                        "{needed}, if {} is restored, of {told}",
                        version.id
                    );
                }
            }
        }
    }
}
