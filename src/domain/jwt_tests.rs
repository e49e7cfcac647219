use super::*;

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn token(header: &str) -> String {
    format!("{}.{}.{}", encode(header), encode("{}"), encode([7; 64]))
}

fn refusal(token: &str) -> Option<Refusal> {
    Unverified::parse(token).err()
}

#[test]
fn the_three_algorithms_are_read() {
    for (name, algorithm) in [("ES256", "ES256"), ("EdDSA", "EdDSA"), ("Ed25519", "EdDSA")] {
        let token = token(&format!(r#"{{"alg":"{name}","kid":"k","typ":"JWT"}}"#));
        let read = Unverified::parse(&token).unwrap();
        assert_eq!(
            (read.algorithm.name(), read.kid.as_deref()),
            (algorithm, Some("k"))
        );
        assert_eq!(read.signing_input, token.rsplit_once('.').unwrap().0);
        assert_eq!(read.signature, [7; 64]);
        assert_eq!(claims_of(&read).unwrap().0, b"{}");
    }
    let rsa = format!("{}.e30.{}", encode(r#"{"alg":"RS256"}"#), encode([7; 256]));
    assert_eq!(Unverified::parse(&rsa).unwrap().algorithm, Algorithm::Rs256);
}

#[test]
fn no_other_algorithm_is() {
    for alg in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS256",
        "HS512",
        "RS1",
        "RS384",
        "RS512",
        "PS256",
        "ES256K",
        "ES384",
        "ES512",
        "rs256",
        "eddsa",
        "EDDSA",
        "RS256 ",
        " RS256",
        "RS256\\u0000",
        "dir",
        "A128GCM",
    ] {
        assert_eq!(
            refusal(&token(&format!(r#"{{"alg":"{alg}"}}"#))),
            Some(Refusal::Algorithm),
            "{alg}"
        );
    }
    for header in [
        r#"{}"#,
        r#"{"alg":null}"#,
        r#"{"alg":["ES256"]}"#,
        r#"{"alg":1}"#,
        r#"{"ALG":"ES256"}"#,
    ] {
        assert_eq!(
            refusal(&token(header)),
            Some(Refusal::Algorithm),
            "{header}"
        );
    }
}

#[test]
fn a_critical_header_refuses_the_token() {
    for crit in [r#"["b64"]"#, "[]", "null", r#""exp""#] {
        let header = format!(r#"{{"alg":"ES256","b64":false,"crit":{crit}}}"#);
        assert_eq!(refusal(&token(&header)), Some(Refusal::Critical), "{crit}");
    }
}

#[test]
fn a_header_that_says_a_thing_twice_is_refused() {
    for header in [
        r#"{"alg":"ES256","alg":"ES256"}"#,
        r#"{"alg":"ES256","\u0061lg":"none"}"#,
        r#"{"alg":"ES256","kid":"a","kid":"b"}"#,
    ] {
        assert_eq!(
            refusal(&token(header)),
            Some(Refusal::Malformed),
            "{header}"
        );
    }
}

#[test]
fn a_kid_is_a_short_string() {
    let long = format!(r#""{}""#, "k".repeat(257));
    for kid in ["7", "null", "[]", "{}", r#""""#, &long] {
        assert_eq!(
            refusal(&token(&format!(r#"{{"alg":"ES256","kid":{kid}}}"#))),
            Some(Refusal::Malformed),
            "{kid}"
        );
    }
}

#[test]
fn anything_but_three_base64url_parts_is_refused() {
    let good = token(r#"{"alg":"ES256"}"#);
    let header = encode(r#"{"alg":"ES256"}"#);
    let (signature, short) = (encode([7; 64]), encode([7; 63]));
    assert_eq!(refusal(&good), None);
    for (bad, why) in [
        (String::new(), Refusal::Malformed),
        (".".to_owned(), Refusal::Malformed),
        ("..".to_owned(), Refusal::Malformed),
        ("a.b".to_owned(), Refusal::Malformed),
        (format!("{header}.e30"), Refusal::Malformed),
        (format!("{header}.e30."), Refusal::Malformed),
        (format!(".e30.{signature}"), Refusal::Malformed),
        (format!("{good}."), Refusal::Malformed),
        (format!("{good}.e30"), Refusal::Malformed),
        (format!("{good}.e30.e30"), Refusal::Malformed),
        (format!("{header}.e30.e30.{signature}"), Refusal::Malformed),
        (format!("{header}=.e30.{signature}"), Refusal::Malformed),
        (format!("{header}.e30.{signature}=="), Refusal::Malformed),
        (format!("{header}.e30.{}+", &signature), Refusal::Malformed),
        (format!(" {good}"), Refusal::Malformed),
        (format!("{good}\n"), Refusal::Malformed),
        (format!("{header}.e30.{short}"), Refusal::Signature),
        (
            format!("{}.e30.{signature}", encode("[]")),
            Refusal::Malformed,
        ),
        (
            format!("{}.e30.{signature}", encode(r#"{"alg":"ES256"} x"#)),
            Refusal::Malformed,
        ),
        (
            format!("{}.e30.{signature}", encode([0xff, 0xfe])),
            Refusal::Malformed,
        ),
        (
            format!("{}.e30.{signature}", encode("[".repeat(2000))),
            Refusal::Malformed,
        ),
        (
            format!("{header}.e30.{}", encode([7; 256])),
            Refusal::Signature,
        ),
    ] {
        assert_eq!(refusal(&bad), Some(why), "{bad}");
    }
}

#[test]
fn an_oversized_token_is_refused_unread() {
    let room = MAX_TOKEN_BYTES - token("").len() - 16;
    let header = format!(r#"{{"alg":"ES256","x":"{}"}}"#, "x".repeat(room));
    assert_eq!(refusal(&token(&header)), Some(Refusal::TooLong));
    assert_eq!(
        refusal(&"x".repeat(MAX_TOKEN_BYTES)),
        Some(Refusal::Malformed)
    );
    assert_eq!(
        refusal(&"x".repeat(MAX_TOKEN_BYTES + 1)),
        Some(Refusal::TooLong)
    );
}

#[test]
fn claims_that_say_a_thing_twice_are_refused() {
    let twice = format!(
        "{}.{}.{}",
        encode(r#"{"alg":"ES256"}"#),
        encode(r#"{"sub":"a","sub":"b"}"#),
        encode([7; 64])
    );
    assert_eq!(
        claims_of(&Unverified::parse(&twice).unwrap())
            .unwrap()
            .fields()
            .err(),
        Some(Refusal::Malformed)
    );
}

#[test]
fn every_refusal_says_why_without_the_token() {
    for refusal in [
        Refusal::TooLong,
        Refusal::Malformed,
        Refusal::Algorithm,
        Refusal::Critical,
        Refusal::UnknownKey,
        Refusal::Signature,
        Refusal::Issuer,
        Refusal::Audience,
        Refusal::Expired,
        Refusal::NotYetValid,
        Refusal::User,
    ] {
        assert!(refusal.reason().starts_with("token "));
    }
}

#[test]
fn the_developer_is_told_what_to_mend_of_a_token_that_the_provider_signed() {
    for (refusal, named) in [
        (Refusal::TooLong, "8 KiB"),
        (Refusal::Issuer, "JWT_ISSUER"),
        (Refusal::NoAudience, "JWT_AUDIENCE_CLAIM"),
        (Refusal::Audience, "JWT_AUDIENCE."),
        (Refusal::Expired, "Get a new one"),
        (Refusal::NotYetValid, "nbf, iat"),
        (Refusal::User, "JWT_USER_CLAIM"),
        (Refusal::UserIsNoText, "JWT_USER_CLAIM"),
    ] {
        assert!(refusal.detail().unwrap().contains(named), "{refusal:?}");
    }
    for refusal in [
        Refusal::Malformed,
        Refusal::Algorithm,
        Refusal::Critical,
        Refusal::UnknownKey,
        Refusal::Signature,
    ] {
        assert_eq!(refusal.detail(), None, "{refusal:?}");
    }
}
