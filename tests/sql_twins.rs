//! What several statements of `src/store/sql/` decide alike stands in each of them. Here is what must not differ.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::PathBuf;

/// A statement without its comments and white space.
fn text(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/store/sql");
    let sql = fs::read_to_string(folder.join(format!("{name}.sql"))).unwrap();
    bare(&sql)
}

fn bare(sql: &str) -> String {
    let lines = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect()
}

/// The part of a text behind one mark and before another.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, behind) = text.split_once(&bare(from)).unwrap();
    let (part, _) = behind.split_once(&bare(to)).unwrap();
    part
}

#[track_caller]
fn assert_has(name: &str, condition: &str) {
    let condition = bare(condition);
    assert!(text(name).contains(&condition), "{name} lacks {condition}");
}

#[test]
fn of_both_kinds_of_share_the_statements_differ_in_table_and_kind_alone() {
    let pairs = [
        ("custodian_mend", "user_share_mend"),
        ("custodian_same", "user_share_same"),
        ("restore_custodian", "restore_user_shares"),
        ("version_restore_custodian", "version_restore_user"),
    ];
    for (custodian, user) in pairs {
        let of_user = text(custodian)
            .replace("custodian_backup_shares", "user_backup_shares")
            .replace("'custodian'", "'user'");
        // A cipher text that is put in the place of another has nothing of what was odd about that one.
        let marks = ",replaced_alone_at=NULL,text_digest=NULL";
        assert_eq!(of_user, text(user).replace(marks, ""), "{custodian}");
    }
}

#[test]
fn an_import_judges_a_record_alike_for_its_event_and_for_its_answer() {
    for record in ["user", "share", "version"] {
        let events = text(&format!("import_{record}_events"));
        let verdicts = text(&format!("import_{record}_verdicts"));
        let judged = between(&events, "WITH j AS", "INSERT INTO audit_events");
        let answered = between(&verdicts, "WITH j AS", "SELECT line, outcome");
        assert_eq!(judged, answered, "{record}");
    }
}

#[test]
fn every_route_of_an_app_refuses_a_credential_alike() {
    let events = [
        ("credential_event", 6),
        ("eject_event", 7),
        ("user_share_fetch_event", 7),
        ("user_share_fetch_pair_event", 7),
        ("user_share_store_event", 7),
    ];
    for (name, key) in events {
        let (id, client) = (key + 1, key + 2);
        assert_has(
            name,
            &format!(
                "CASE WHEN p.id IS NULL AND ?{key} IS NOT NULL THEN 'unauthorized'
                 WHEN p.id IS NULL AND ?5 IN (?{id}, ?{client}) THEN 'unknown_user'
                 WHEN p.id IS NULL OR p.id <> ?5 THEN 'forbidden'"
            ),
        );
        assert_has(
            name,
            &format!(
                "LEFT JOIN users p ON p.client_api_key_hash = ?{key} OR p.id = ?{id} OR p.client_id = ?{client}"
            ),
        );
    }
    for name in ["user_share_fetch", "user_share_fetch_pair"] {
        let condition =
            "WHERE u.id = ?1 AND (u.client_api_key_hash = ?2 OR u.id = ?3 OR u.client_id = ?4)";
        assert_eq!(text(name).matches(&bare(condition)).count(), 2, "{name}");
    }
}

#[test]
fn both_stores_decide_alike() {
    let stores = [
        (
            "custodian_store_event",
            "custodian",
            "c",
            "u.id",
            "u",
            ["?6", "?7", "?8", "?9", "?11", "?12"],
        ),
        (
            "user_share_store_event",
            "user",
            "s",
            "?5",
            "p",
            ["?6", "?10", "?11", "?12", "?14", "?15"],
        ),
    ];
    for (name, kind, row, user, owner, [method, key, check, digest, from, to]) in stores {
        let older = format!(
            "WHEN instr({digest}, {row}.share_digest) IS NOT TRUE AND EXISTS (SELECT 1 FROM (SELECT stored_at, share_digest
               FROM backup_share_versions WHERE user_id = {user} AND client_id = {owner}.client_id AND kind = '{kind}'
               AND method = {method} ORDER BY stored_at DESC LIMIT 20)
             WHERE instr({digest}, share_digest) AND stored_at < {row}.updated_at) THEN 'unchanged'"
        );
        let wrong_key = format!(
            "WHEN EXISTS (SELECT 1 FROM key_canaries WHERE key_id = {key} AND key_check <> {check}) THEN 'wrong_key'"
        );
        let over_quota = format!(
            "WHEN instr({digest}, {row}.share_digest) IS NOT TRUE AND {row}.id IS NOT NULL
             AND EXISTS (SELECT 1 FROM users_over_quota WHERE id = {user} AND kind = '{kind}')"
        );
        let overtaken = format!(
            "WHEN {row}.id BETWEEN {from} AND {to}
             AND EXISTS (SELECT 1 FROM audit_events WHERE id = {row}.id AND action LIKE 'store%') THEN 'overtaken'"
        );
        for condition in [older, wrong_key, over_quota, overtaken] {
            assert_has(name, &condition);
        }
    }
    for (name, kind, digests) in [
        ("custodian_store", "custodian", "?8"),
        ("user_share_store", "user", "?9"),
    ] {
        assert_has(
            name,
            &format!(
                "coalesce((SELECT stored_at FROM (SELECT stored_at, share_digest FROM backup_share_versions
                   WHERE user_id = u.id AND client_id = u.client_id AND kind = '{kind}' AND method = ?3
                   ORDER BY stored_at DESC LIMIT 20) WHERE instr({digests}, share_digest)),
                 (SELECT at FROM store_times WHERE user_id = u.id))"
            ),
        );
    }
}

#[test]
fn a_half_finished_backup_is_one_wherever_it_is_counted() {
    for name in ["half_finished_count", "half_finished_page"] {
        assert_has(
            name,
            "AND (c.method IN (s.method, s.method || '-SECP256K1', s.method || '-ED25519')
               OR substr(c.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
                 AND c.method NOT LIKE '%-SECP256K1' AND c.method NOT LIKE '%-ED25519')
             AND (c.updated_at > s.updated_at OR c.backup_share_pair_id <> s.backup_share_pair_id
               AND NOT EXISTS (SELECT 1 FROM custodian_backup_shares p
                 WHERE p.user_id = s.user_id AND p.backup_share_pair_id = s.backup_share_pair_id
                 AND (p.method IN (s.method, s.method || '-SECP256K1', s.method || '-ED25519')
               OR substr(p.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE
                 AND p.method NOT LIKE '%-SECP256K1' AND p.method NOT LIKE '%-ED25519')))",
        );
    }
}
