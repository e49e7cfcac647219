use super::*;

fn share_record(line: &str) -> ShareRecord {
    match Record::parse(line.as_bytes()) {
        Ok(Record::Share(record)) => record,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_user_comes_with_its_key_or_with_the_hash_of_it() {
    for key in [
        r#""clientApiKey":"abc""#,
        r#""clientApiKeyHash":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#,
    ] {
        let line = format!(
            r#"{{"type":"user","id":"u","clientId":"c",{key},"createdAt":"2026-01-31T12:00:00.000Z"}}"#
        );
        let Ok(Record::User(user)) = Record::parse(line.as_bytes()) else {
            panic!("{line}")
        };
        assert_eq!(
            user.client_api_key_hash,
            Some(CredentialHash::of("abc").to_hex())
        );
        assert_eq!(user.created_at.as_deref(), Some("2026-01-31T12:00:00.000Z"));
    }
}

#[test]
fn a_share_keeps_its_exact_text_its_pair_and_its_times() {
    let record = share_record(
        r#"{"type":"custodianBackupShare","id":"v","userId":"u","clientId":"c","backupMethod":"G","backupSharePairId":"p","share":{"n": 1.0},"storedAt":"2026-01-31T12:00:00.000Z","supersededAt":"2026-02-01T12:00:00.000Z"}"#,
    );
    assert_eq!(record.share.expose_secret(), r#"{"n": 1.0}"#);
    assert_eq!(record.backup_share_pair_id.unwrap().as_str(), "p");
    let superseded = Superseded {
        at: "2026-02-01T12:00:00.000Z".into(),
        reason: "replaced",
    };
    assert_eq!(record.superseded, Some(superseded));
}

#[test]
fn a_share_without_a_method_is_unknown() {
    let record = share_record(r#"{"type":"userBackupShare","userId":"u","cipherText":"x"}"#);
    assert_eq!(
        (record.kind, record.backup_method.as_str()),
        (Kind::User, "UNKNOWN")
    );
}

#[test]
fn what_is_wrong_with_a_record_is_said_by_field() {
    let long = format!(
        r#"{{"type":"userBackupShare","userId":"u","cipherText":"{}"}}"#,
        "x".repeat(MAX_SHARE_BYTES + 1)
    );
    for (line, wrong) in [
        ("{}", "type"),
        (r#"{"type":"wallet"}"#, "type"),
        (r#"{"type":"user","clientId":"c"}"#, "id"),
        (r#"{"type":"user","id":"u","clientId":""}"#, "clientId"),
        (
            r#"{"type":"user","id":"u","clientId":"c","clientApiKey":"a b"}"#,
            "clientApiKey",
        ),
        (
            r#"{"type":"user","id":"u","clientId":"c","clientApiKeyHash":"AB"}"#,
            "clientApiKeyHash",
        ),
        (
            r#"{"type":"user","id":"u","clientId":"c","createdAt":"2026-01-31"}"#,
            "createdAt",
        ),
        (
            r#"{"type":"user","id":"u","clientId":"c","createdAt":"2026-13-31T12:00:00.000Z"}"#,
            "createdAt",
        ),
        (
            r#"{"type":"userBackupShare","userId":"u","cipherText":"x","storedAt":"9999-12-31T23:59:59.999Z"}"#,
            "storedAt",
        ),
        (r#"{"type":"userBackupShare","cipherText":"x"}"#, "userId"),
        (
            r#"{"type":"userBackupShare","userId":"u","share":"x"}"#,
            "cipherText",
        ),
        (
            r#"{"type":"custodianBackupShare","userId":"u","share":7}"#,
            "share",
        ),
        (
            r#"{"type":"custodianBackupShare","userId":"u","share":"x","backupMethod":"a\u0000"}"#,
            "backupMethod",
        ),
        (
            r#"{"type":"userBackupShare","userId":"u","cipherText":"x","storedAt":"2026-01-31T12:00:00.000Z","supersededAt":"2026-02-01T12:00:00.000Z"}"#,
            "id",
        ),
        (
            r#"{"type":"userBackupShare","id":"v","userId":"u","cipherText":"x","storedAt":"2026-03-01T12:00:00.000Z","supersededAt":"2026-02-01T12:00:00.000Z"}"#,
            "supersededAt",
        ),
        (&long, "cipherText"),
    ] {
        match Record::parse(line.as_bytes()) {
            Err(InvalidBody::Field { field, .. }) => assert_eq!(field, wrong, "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }
    assert_eq!(Record::parse(b"[]").unwrap_err(), InvalidBody::NotAnObject);
}
