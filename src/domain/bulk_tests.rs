use super::*;

const LATEST: &str = "2027-01-01T00:00:00.000Z";

fn share_record(line: &str) -> ShareRecord {
    match Record::parse(line.as_bytes(), LATEST) {
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
        let Ok(Record::User(user)) = Record::parse(line.as_bytes(), LATEST) else {
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
        match Record::parse(line.as_bytes(), LATEST) {
            Err(InvalidBody::Field { field, .. }) => assert_eq!(field, wrong, "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }
    assert_eq!(
        Record::parse(b"[]", LATEST).unwrap_err(),
        InvalidBody::NotAnObject
    );
}

#[test]
fn an_optional_field_refuses_no_record() {
    let pair = |value: &str| {
        share_record(&format!(
            r#"{{"type":"userBackupShare","userId":"u","backupMethod":"","clientId":"","id":"","backupSharePairId":{value},"cipherText":"x"}}"#
        ))
    };
    let long = format!("\"{}\"", "p".repeat(200));
    for (value, left_out) in [
        (r#""""#, None),
        ("null", None),
        ("7", Some("backupSharePairId")),
        (long.as_str(), Some("backupSharePairId")),
        (r#""\u0000""#, Some("backupSharePairId")),
    ] {
        let record = pair(value);
        assert_eq!(record.left_out, left_out, "{value}");
        assert!(
            record.backup_share_pair_id.is_none()
                && record.id.is_none()
                && record.client_id.is_none()
        );
        assert_eq!(record.backup_method.as_str(), "UNKNOWN");
    }
    for (key, left_out) in [
        (r#""""#, None),
        (r#""two words""#, Some("clientApiKey")),
        ("7", Some("clientApiKey")),
    ] {
        let line = format!(r#"{{"type":"user","id":"u","clientId":"c","clientApiKey":{key}}}"#);
        let Ok(Record::User(user)) = Record::parse(line.as_bytes(), LATEST) else {
            panic!("{line}")
        };
        assert_eq!(
            (user.client_api_key_hash, user.left_out),
            (None, left_out),
            "{key}"
        );
    }
}

#[test]
fn a_time_later_than_the_latest_is_refused_by_its_field() {
    for field in ["createdAt", "storedAt", "supersededAt", "deletedAt"] {
        for (time, ok) in [
            (LATEST, true),
            ("2027-01-01T00:00:00.001Z", false),
            ("9998-12-31T23:59:59.999Z", false),
        ] {
            let line = if field == "deletedAt" {
                format!(r#"{{"type":"user","id":"u","clientId":"c","deletedAt":"{time}"}}"#)
            } else {
                format!(
                    r#"{{"type":"userBackupShare","id":"v","userId":"u","cipherText":"x","storedAt":"2020-01-01T00:00:00.000Z","{field}":"{time}"}}"#
                )
                .replacen(r#""storedAt":"2020-01-01T00:00:00.000Z","storedAt""#, r#""storedAt""#, 1)
            };
            let parsed = Record::parse(line.as_bytes(), LATEST);
            let refused = InvalidBody::Field {
                field,
                must: "not lie more than a day ahead".into(),
            };
            match parsed {
                Ok(_) => assert!(ok, "{line}"),
                Err(error) => {
                    assert!(!ok, "{line}");
                    assert_eq!(error, refused, "{line}");
                }
            }
        }
    }
}
