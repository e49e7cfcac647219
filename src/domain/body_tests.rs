use super::*;

fn field(error: InvalidBody) -> &'static str {
    match error {
        InvalidBody::Field { field, .. } => field,
        InvalidBody::NotAnObject => "(body)",
    }
}

fn user(body: &str) -> UserBackup {
    UserBackup::parse(body.as_bytes(), None).unwrap()
}

#[test]
fn a_share_string_is_taken_as_it_is() {
    let backup = CustodianBackup::parse(
        r#"{"clientId":"c","share":"{\"a\":\"\\u00e9\\\"\u2603\\n\"}","x":[1]}"#.as_bytes(),
    )
    .unwrap();
    assert_eq!(
        backup.share.expose_secret(),
        "{\"a\":\"\\u00e9\\\"\u{2603}\\n\"}"
    );
    assert_eq!(backup.backup_method.as_str(), "UNKNOWN");
    assert_eq!(backup.backup_share_pair_id, None);
}

#[test]
fn a_share_object_is_kept_as_its_exact_source_text() {
    let source = "{ \"b\" : 1.0e2,\n \"a\":18446744073709551616, \"a\":[ ]}";
    let body = format!(
        r#"{{"clientId":"c","backupMethod":null,"share":{source},"backupSharePairId":"p"}}"#
    );
    let backup = CustodianBackup::parse(body.as_bytes()).unwrap();
    assert_eq!(backup.share.expose_secret(), source);
    assert_eq!(backup.backup_share_pair_id.unwrap().as_str(), "p");
}

#[test]
fn a_custodian_share_is_of_the_pair_that_the_webhook_names_else_of_the_one_that_it_says_itself() {
    let pair = |named: &str| {
        let body =
            format!(r#"{{"clientId":"c","share":"{{\"backupSharePairId\":\"inside\"}}"{named}}}"#);
        let backup = CustodianBackup::parse(body.as_bytes()).unwrap();
        backup.backup_share_pair_id.unwrap().to_string()
    };
    assert_eq!(pair(r#","backupSharePairId":"named""#), "named");
    for nothing in [
        "",
        r#","backupSharePairId":null"#,
        r#","backupSharePairId":7"#,
    ] {
        assert_eq!(pair(nothing), "inside", "{nothing}");
    }
}

#[test]
fn what_is_wrong_with_a_webhook_body_is_said_by_field() {
    for (body, wrong) in [
        ("", "(body)"),
        ("[]", "(body)"),
        ("\"x\"", "(body)"),
        ("{\"clientId\":\"c\",", "(body)"),
        (
            "{\"clientId\":\"c\",\"clientId\":\"d\",\"share\":\"s\"}",
            "(body)",
        ),
        ("[\"c\",null,\"s\",null]", "(body)"),
        ("{\"share\":\"s\"}", "clientId"),
        ("{\"clientId\":null,\"share\":\"s\"}", "clientId"),
        ("{\"clientId\":7,\"share\":\"s\"}", "clientId"),
        ("{\"clientId\":\"\",\"share\":\"s\"}", "clientId"),
        ("{\"clientId\":\"a\\u0000b\",\"share\":\"s\"}", "clientId"),
        ("{\"clientId\":\"c\"}", "share"),
        ("{\"clientId\":\"c\",\"share\":null}", "share"),
        ("{\"clientId\":\"c\",\"share\":\"\"}", "share"),
        ("{\"clientId\":\"c\",\"share\":7}", "share"),
        ("{\"clientId\":\"c\",\"share\":[]}", "share"),
        ("{\"clientId\":\"c\",\"share\":\"\\ud800\"}", "share"),
    ] {
        assert_eq!(
            field(CustodianBackup::parse(body.as_bytes()).unwrap_err()),
            wrong,
            "{body}"
        );
    }
    assert_eq!(
        field(CustodianBackup::parse(b"{\"clientId\":\"\xff\"}").unwrap_err()),
        "(body)"
    );
}

#[test]
fn every_body_form_of_the_guides_gives_the_cipher_text() {
    for body in [
        r#"{"backupMethod":"GDRIVE","cipherText":"abc"}"#,
        r#"{"data":{"backupMethod":"GDRIVE","cipherText":"abc"}}"#,
        r#"{"backupMethod":"GDRIVE","encryptedClientBackupShare":"abc"}"#,
        r#"{"backupMethod":"GDRIVE","backupShare":"abc"}"#,
        r#"{"data":{"backupMethod":"GDRIVE","backupShare":"abc"}}"#,
        r#"{"backupMethod":"GDRIVE","data":{"cipherText":"abc"}}"#,
        r#"{"backupMethod":"GDRIVE","data":{"backupMethod":"GDRIVE","cipherText":"abc"}}"#,
        r#"{"backupMethod":null,"data":{"backupMethod":"GDRIVE","cipherText":"abc"}}"#,
        r#"{"data":null,"backupMethod":"GDRIVE","cipherText":"abc","encryptedClientBackupShare":null}"#,
    ] {
        let backup = user(body);
        assert_eq!(backup.cipher_text.expose_secret(), "abc", "{body}");
        assert_eq!(backup.backup_method.as_str(), "GDRIVE", "{body}");
    }
}

#[test]
fn a_pair_may_stand_beside_the_cipher_texts_wrapper() {
    for body in [
        r#"{"backupSharePairId":"p1","data":{"cipherText":"abc"}}"#,
        r#"{"data":{"backupSharePairId":"p1","cipherText":"abc"}}"#,
    ] {
        let pair = user(body).backup_share_pair_id.expect(body);
        assert_eq!(pair.as_str(), "p1", "{body}");
    }
}

#[test]
fn an_enclave_body_is_kept_as_the_object_that_holds_the_cipher_texts() {
    let object = r#"{"secp256k1Ciphertext": "a", "ed25519Ciphertext":"b"}"#;
    assert_eq!(user(object).cipher_text.expose_secret(), object);
    assert_eq!(
        user(&format!(r#"{{"data": {object} }}"#))
            .cipher_text
            .expose_secret(),
        object
    );
    assert_eq!(
        field(
            UserBackup::parse(
                br#"{"secp256k1Ciphertext":"a","ed25519Ciphertext":7}"#,
                None
            )
            .unwrap_err()
        ),
        "ed25519Ciphertext"
    );
}

#[test]
fn an_app_body_without_a_single_cipher_text_is_refused() {
    for (body, wrong) in [
        ("{}", "cipherText"),
        ("{\"data\":{}}", "cipherText"),
        ("{\"data\":\"x\"}", "cipherText"),
        (
            "{\"cipherText\":\"a\",\"encryptedClientBackupShare\":\"b\"}",
            "encryptedClientBackupShare",
        ),
        (
            "{\"cipherText\":\"a\",\"backupMethod\":\" \"}",
            "backupMethod",
        ),
        ("{\"data\":[]}", "cipherText"),
        (
            "{\"backupMethod\":\"ICLOUD\",\"data\":{\"backupMethod\":\"GDRIVE\",\"cipherText\":\"a\"}}",
            "backupMethod",
        ),
        (
            "{\"backupSharePairId\":\"p1\",\"data\":{\"backupSharePairId\":\"p2\",\"cipherText\":\"a\"}}",
            "backupSharePairId",
        ),
    ] {
        assert_eq!(
            field(UserBackup::parse(body.as_bytes(), None).unwrap_err()),
            wrong,
            "{body}"
        );
    }
}

#[test]
fn data_beside_a_cipher_text_is_ignored_unless_it_holds_another() {
    for data in [r#"{"backupMethod":"ICLOUD"}"#, r#"{"a":1,"a":2}"#, "[]"] {
        let backup = user(&format!(r#"{{"cipherText":"abc","data":{data}}}"#));
        assert_eq!(backup.cipher_text.expose_secret(), "abc", "{data}");
        assert_eq!(backup.backup_method.as_str(), "UNKNOWN", "{data}");
    }
    let two = br#"{"cipherText":"abc","data":{"backupShare":"def"}}"#;
    assert_eq!(field(UserBackup::parse(two, None).unwrap_err()), "data");
}

#[test]
fn a_number_field_may_be_left_out_and_is_bounded() {
    let parse = |body: &str| parse_number(body.as_bytes(), "minutes", 1..=60, "be 1 to 60");
    assert_eq!(parse(""), Ok(None));
    assert_eq!(parse("{}"), Ok(None));
    assert_eq!(parse("{\"minutes\":null}"), Ok(None));
    assert_eq!(parse("{\"minutes\":60}"), Ok(Some(60)));
    assert_eq!(parse("{\"minutes\":60.0}"), Ok(Some(60)));
    for bad in [
        "{\"minutes\":0}",
        "{\"minutes\":61}",
        "{\"minutes\":1.5}",
        "{\"minutes\":\"5\"}",
        "{\"minutes\":-1}",
        "{\"minutes\":1e300}",
    ] {
        assert_eq!(field(parse(bad).unwrap_err()), "minutes");
    }
    assert_eq!(field(parse("[5]").unwrap_err()), "(body)");
}

#[test]
fn a_registration_takes_names_and_a_key_that_fits_a_header() {
    let good = Registration::parse(br#"{"id":"u","clientId":"c","clientApiKey":"k-1"}"#).unwrap();
    assert_eq!(good.client_api_key.unwrap().expose_secret(), "k-1");
    for (body, wrong) in [
        (r#"{"clientApiKey":"two words"}"#, "clientApiKey"),
        (r#"{"clientApiKey":""}"#, "clientApiKey"),
        (r#"{"id":""}"#, "id"),
        (r#"{"clientId":{}}"#, "clientId"),
    ] {
        assert_eq!(
            field(Registration::parse(body.as_bytes()).unwrap_err()),
            wrong
        );
    }
    assert!(ClientApiKey::parse("k".repeat(1024)).is_ok());
    assert!(ClientApiKey::parse("k".repeat(1025)).is_err());
}

#[test]
fn why_a_name_is_refused_is_told_with_its_field() {
    assert_eq!(
        Registration::parse(br#"{"id":""}"#).unwrap_err(),
        InvalidBody::field("id", "not be empty")
    );
}

#[test]
fn broken_utf_8_is_refused_even_where_nobody_looks() {
    let body = b"{\"clientId\":\"c1\",\"share\":\"s\",\"ignored\":\"GD\xff\xff\"}";
    assert_eq!(
        CustodianBackup::parse(body).unwrap_err(),
        InvalidBody::NotAnObject
    );
}

#[test]
fn a_webhook_is_never_refused_for_an_optional_field() {
    for (fields, left_out) in [
        (r#""backupSharePairId":"""#, &[] as &[&str]),
        (r#""backupMethod":"""#, &[]),
        (r#""backupSharePairId":7"#, &["backupSharePairId"]),
        (r#""backupMethod":{}"#, &["backupMethod"]),
        (
            r#""backupMethod":"a\u0000","backupSharePairId":[]"#,
            &["backupMethod", "backupSharePairId"],
        ),
    ] {
        let body = format!(r#"{{"clientId":"c","share":"s",{fields}}}"#);
        let backup = CustodianBackup::parse(body.as_bytes()).unwrap();
        assert_eq!(backup.left_out, left_out, "{fields}");
        assert_eq!(backup.backup_method.as_str(), "UNKNOWN");
        assert_eq!(backup.backup_share_pair_id, None);
    }
    let long = "p".repeat(200);
    let body = format!(r#"{{"clientId":"c","share":"s","backupSharePairId":"{long}"}}"#);
    let backup = CustodianBackup::parse(body.as_bytes()).unwrap();
    assert_eq!(backup.left_out, ["backupSharePairId"]);
}

#[test]
fn an_apps_field_that_looks_like_a_misspelt_one_is_refused() {
    for (name, meant) in [
        ("method", "backupMethod"),
        ("backup_method", "backupMethod"),
        ("BackupMethod", "backupMethod"),
        ("backupMetod", "backupMethod"),
        ("cipher_text", "cipherText"),
        ("ciphertext", "cipherText"),
        ("pairId", "backupSharePairId"),
        ("backup_share_pair_id", "backupSharePairId"),
    ] {
        for body in [
            format!(r#"{{"cipherText":"x","{name}":"GDRIVE"}}"#),
            format!(r#"{{"data":{{"cipherText":"x","{name}":"GDRIVE"}}}}"#),
        ] {
            assert_eq!(
                field(UserBackup::parse(body.as_bytes(), None).unwrap_err()),
                meant,
                "{body}"
            );
        }
    }
    for name in [
        "id",
        "userId",
        "clientId",
        "date",
        "share",
        "backupDate",
        "backupType",
        "curve",
        "status",
        "createdAt",
        "type",
        "text",
    ] {
        let body = format!(r#"{{"cipherText":"x","{name}":"y"}}"#);
        assert!(UserBackup::parse(body.as_bytes(), None).is_ok(), "{body}");
    }
}

#[test]
fn a_registration_may_name_a_place_or_a_home() {
    let parsed = Registration::parse(br#"{"clientId":"c","place":"eu"}"#).unwrap();
    assert_eq!(parsed.place.as_deref(), Some("eu"));
    assert_eq!(Registration::parse(br#"{"home":3}"#).unwrap().home, Some(3));
    assert!(Registration::parse(br#"{"home":"3"}"#).is_err());
    assert_eq!(parse_home(br#"{"home":0}"#), Ok(0));
    assert!(parse_home(b"{}").is_err());
    assert_eq!(parse_is_open(br#"{"state":"closed"}"#), Ok(false));
    assert!(parse_is_open(br#"{"state":"new"}"#).is_err());
}

#[test]
fn an_optional_body_may_be_blank_and_a_given_field_is_held_to_its_form() {
    let parsers = [
        ("cursor", parse_cursor_field as fn(&[u8]) -> _),
        ("reason", parse_reason),
    ];
    for (name, parse) in parsers {
        let with = |value: &str| parse(format!(r#"{{"{name}":{value}}}"#).as_bytes());
        for blank in ["", " \n", "{}"] {
            assert_eq!(parse(blank.as_bytes()), Ok(None), "{name}");
        }
        assert_eq!(with("null"), Ok(None));
        assert_eq!(with(r#""1:a""#), Ok(Some("1:a".to_owned())));
        assert_eq!(field(with("7").unwrap_err()), name);
        assert_eq!(field(parse(b"[]").unwrap_err()), "(body)");
    }
    assert_eq!(parse_reason(br#"{"reason":""}"#), Ok(None));
}

#[test]
fn a_reason_is_a_line_of_at_most_256_characters() {
    for good in ["", "Lost phone, ticket 7", &"é".repeat(256)] {
        assert_eq!(check_reason(good), Ok(()), "{good}");
    }
    for bad in ["two\nlines", "\u{85}", &"é".repeat(257)] {
        assert!(check_reason(bad).is_err(), "{bad}");
    }
    let body = r#"{"reason":"two\nlines"}"#;
    assert_eq!(field(parse_reason(body.as_bytes()).unwrap_err()), "reason");
}

#[test]
fn a_restored_version_is_named_by_its_id_and_where_two_have_one_id_by_its_kind() {
    for (kind, meant) in [
        ("null", None),
        (r#""custodian""#, Some(Kind::Custodian)),
        (r#""user""#, Some(Kind::User)),
    ] {
        let body = format!(r#"{{"versionId":"v1","kind":{kind}}}"#);
        assert_eq!(
            parse_restore(body.as_bytes()),
            Ok(("v1".to_owned(), meant)),
            "{kind}"
        );
    }
    for (body, wrong) in [
        ("{}", "versionId"),
        (r#"{"versionId":""}"#, "versionId"),
        (r#"{"versionId":"v1","kind":"both"}"#, "kind"),
    ] {
        assert_eq!(field(parse_restore(body.as_bytes()).unwrap_err()), wrong);
    }
}
