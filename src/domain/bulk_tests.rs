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

fn share_of_bytes(count: usize) -> String {
    let text = "x".repeat(count);
    format!(r#"{{"type":"userBackupShare","userId":"u","cipherText":"{text}"}}"#)
}

#[test]
fn a_share_as_large_as_the_live_routes_take_is_imported() {
    let record = share_record(&share_of_bytes(512 * 1024));
    assert_eq!(record.share.expose_secret().len(), 512 * 1024);
}

#[test]
fn only_true_says_that_a_webhook_made_a_user() {
    for (made, by_webhook) in [("true", true), ("false", false), ("null", false)] {
        let line = format!(r#"{{"type":"user","id":"u","clientId":"c","madeByWebhook":{made}}}"#);
        let Ok(Record::User(user)) = Record::parse(line.as_bytes(), LATEST) else {
            panic!("{line}")
        };
        assert_eq!(user.made_by_webhook, by_webhook, "{made}");
    }
}

#[test]
fn a_superseded_share_has_one_of_two_reasons_and_may_have_lasted_no_time() {
    let record = |reason: &str| {
        let line = format!(
            r#"{{"type":"userBackupShare","id":"v","userId":"u","cipherText":"x","storedAt":"{LATEST}","supersededAt":"{LATEST}","reason":{reason}}}"#
        );
        Record::parse(line.as_bytes(), LATEST)
    };
    for (given, kept) in [
        ("null", "replaced"),
        (r#""""#, "replaced"),
        (r#""replaced""#, "replaced"),
        (r#""deleted""#, "deleted"),
    ] {
        let Ok(Record::Share(share)) = record(given) else {
            panic!("{given}")
        };
        let superseded = share.superseded.unwrap();
        assert_eq!((superseded.at.as_str(), superseded.reason), (LATEST, kept));
    }
    let refused = record(r#""lost""#).unwrap_err();
    assert_eq!(
        refused,
        InvalidBody::field("reason", "be replaced or deleted")
    );
}

#[test]
fn a_hash_of_a_key_is_64_lower_case_hex_digits() {
    assert!(sha_256("0f".repeat(32)).is_ok());
    for bad in [
        "0F".repeat(32),
        "0g".repeat(32),
        "0f".repeat(31),
        "0f".repeat(33),
    ] {
        assert!(sha_256(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn a_time_has_one_form_to_its_last_letter_and_comes_before_the_year_9999() {
    for good in ["2026-01-31T12:00:00.000Z", "9998-12-31T23:59:59.999Z"] {
        assert!(time(good.to_owned()).is_ok(), "{good}");
    }
    for bad in [
        "2026-01-31T12:00:00.000",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00.000ZZ",
        "2026-01-31T12:00:00.000z",
        "2026-01-31 12:00:00.000Z",
        "2026-00-31T12:00:00.000Z",
        "2026-01-32T12:00:00.000Z",
        "2026-01-31T24:00:00.000Z",
        "2026-01-31T12:60:00.000Z",
        "2026-01-31T12:00:60.000Z",
        "9999-01-01T00:00:00.000Z",
    ] {
        assert!(time(bad.to_owned()).is_err(), "{bad}");
    }
}

#[test]
fn what_is_wrong_with_a_record_is_said_by_field() {
    let long = share_of_bytes(512 * 1024 + 1);
    let both_keys = format!(
        r#"{{"type":"user","id":"u","clientId":"c","clientApiKey":"k","clientApiKeyHash":"{}"}}"#,
        "0a".repeat(32)
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
        (&both_keys, "clientApiKeyHash"),
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

#[test]
fn a_deletion_loses_its_key_and_tells_and_another_user_keeps_it() {
    for (more, key_stays) in [
        (r#","clientApiKey":"k""#, true),
        (
            r#","clientApiKey":"k","deletedAt":"2026-01-01T00:00:00.000Z""#,
            false,
        ),
        (r#","deletedAt":"2026-01-01T00:00:00.000Z""#, true),
    ] {
        let line = format!(r#"{{"type":"user","id":"u","clientId":"c"{more}}}"#);
        let Ok(Record::User(mut user)) = Record::parse(line.as_bytes(), LATEST) else {
            panic!("{line}")
        };
        let before = user.client_api_key_hash.clone();
        user.without_key_of_deletion();
        let expected = if key_stays {
            (before, None)
        } else {
            (None, Some("clientApiKey"))
        };
        assert_eq!(
            (user.client_api_key_hash, user.left_out),
            expected,
            "{line}"
        );
    }
}
