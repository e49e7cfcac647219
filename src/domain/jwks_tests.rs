use super::*;
use serde_json::{Value, json};

fn bytes(count: usize, first: u8) -> String {
    let mut bytes = vec![0xab; count];
    if let Some(byte) = bytes.first_mut() {
        *byte = first;
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa_key() -> Value {
    json!({"kty": "RSA", "kid": "r", "n": bytes(256, 0x80), "e": "AQAB"})
}

fn ec_key() -> Value {
    json!({"kty": "EC", "crv": "P-256", "kid": "e", "x": bytes(32, 1), "y": bytes(32, 2)})
}

fn ed_key() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": "o", "x": bytes(32, 3)})
}

/// None: no key is of use.
fn set(keys: &[Value]) -> Option<Vec<PublicKey>> {
    let set = parse(&json!({ "keys": keys }).to_string()).unwrap();
    (!set.keys.is_empty()).then_some(set.keys)
}

fn with(mut key: Value, name: &str, value: Value) -> Value {
    key.as_object_mut().unwrap().insert(name.to_owned(), value);
    key
}

#[test]
fn a_key_serves_the_one_algorithm_of_its_type() {
    let keys = set(&[rsa_key(), ec_key(), ed_key()]).unwrap();
    assert_eq!(
        keys.iter().map(|key| key.algorithm).collect::<Vec<_>>(),
        [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa]
    );
    for (kid, own) in [
        ("r", Algorithm::Rs256),
        ("e", Algorithm::Es256),
        ("o", Algorithm::EdDsa),
    ] {
        for asked in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            assert_eq!(
                pick(&keys, asked, Some(kid)).is_some(),
                asked == own,
                "{kid} for {asked:?}"
            );
        }
    }
}

#[test]
fn what_webcrypto_gets_holds_the_checked_members_alone() {
    let key = with(
        with(rsa_key(), "x5u", json!("https://evil.test")),
        "ext",
        json!(true),
    );
    let keys = set(&[key]).unwrap();
    let jwk: Value = serde_json::from_str(&keys.first().unwrap().jwk).unwrap();
    assert_eq!(
        jwk,
        json!({"kty": "RSA", "n": bytes(256, 0x80), "e": "AQAB"})
    );
}

#[test]
fn keys_of_no_use_are_passed_over() {
    let useless = [
        json!({"kty": "oct", "k": bytes(32, 1), "kid": "r"}),
        json!({"kty": "oct", "kid": "r", "alg": "HS256"}),
        with(rsa_key(), "d", json!("AQAB")),
        with(rsa_key(), "k", json!("AQAB")),
        with(rsa_key(), "use", json!("enc")),
        with(rsa_key(), "use", json!(["sig"])),
        with(rsa_key(), "key_ops", json!(["encrypt"])),
        with(rsa_key(), "key_ops", json!("verify")),
        with(rsa_key(), "alg", json!("RS512")),
        with(rsa_key(), "alg", json!("HS256")),
        with(rsa_key(), "alg", json!("ES256")),
        with(rsa_key(), "alg", json!(null)),
        with(rsa_key(), "kid", json!(7)),
        with(rsa_key(), "n", json!(bytes(256, 0x7f))),
        with(
            rsa_key(),
            "n",
            json!(bytes(257, 0x00).replace("AKur", "AAAA")),
        ),
        with(rsa_key(), "n", json!(bytes(128, 0x80))),
        with(rsa_key(), "n", json!(bytes(1025, 0x80))),
        with(rsa_key(), "n", json!("")),
        with(rsa_key(), "n", json!("\",\"d\":\"")),
        with(rsa_key(), "e", json!("AQ")),
        with(rsa_key(), "e", json!("Aw")),
        with(rsa_key(), "e", json!("AQAA")),
        with(rsa_key(), "e", json!("AQAAAAAB")),
        with(rsa_key(), "e", json!("AQAC")),    // even
        with(rsa_key(), "e", json!("AQABAAE")), // its last four bytes are 65537
        with(ec_key(), "crv", json!("P-384")),
        with(ec_key(), "crv", json!("Ed25519")),
        with(ec_key(), "x", json!("")),
        with(ec_key(), "y", json!(bytes(33, 1))),
        with(ec_key(), "alg", json!("EdDSA")),
        with(ed_key(), "crv", json!("X25519")),
        with(ed_key(), "crv", json!("Ed448")),
        with(ed_key(), "x", json!(bytes(31, 3))),
        with(ed_key(), "x", json!(bytes(33, 3))),
        with(ed_key(), "x", json!(format!("{}=", bytes(32, 3)))),
        with(ed_key(), "alg", json!("ES256")),
        // A post-quantum key (ML-DSA).
        json!({"kty": "AKP", "kid": "r", "alg": "ML-DSA-44", "pub": bytes(1312, 1)}),
        json!({}),
    ];
    for key in useless {
        assert_eq!(set(std::slice::from_ref(&key)), None, "{key}");
        let keys = set(&[key.clone(), ec_key()]).unwrap();
        assert_eq!(keys.len(), 1, "the rest of the set stays good beside {key}");
    }
}

#[test]
fn fitting_labels_are_welcome() {
    let key = with(
        with(
            with(rsa_key(), "use", json!("sig")),
            "key_ops",
            json!(["verify"]),
        ),
        "alg",
        json!("RS256"),
    );
    assert_eq!(set(&[key]).unwrap().len(), 1);
}

#[test]
fn a_set_has_sixty_four_keys_at_most() {
    let useless = json!({"kty": "oct"});
    let with_last = |before: usize| {
        let mut keys = vec![useless.clone(); before];
        keys.push(rsa_key());
        set(&keys)
    };
    assert!(with_last(63).is_some());
    assert_eq!(with_last(64), None);
}

#[test]
fn an_exponent_may_take_four_bytes() {
    let exponents = ["AQAAAQ", "AAEAAQ"].map(|e| with(rsa_key(), "e", json!(e)));
    assert_eq!(set(&exponents).unwrap().len(), 2);
}

#[test]
fn what_is_no_set_is_refused() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        r#"{"keys":[],"keys":[]}"#,
        "<html>",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
    let set = json!({"keys": [ec_key()]}).to_string();
    let full = set.clone() + &" ".repeat(MAX_SET_BYTES - set.len());
    assert_eq!(parse(&full).unwrap().keys.len(), 1);
    assert_eq!(parse(&format!("{full} ")), None);
}

#[test]
fn a_kid_is_compared_exactly_and_is_never_a_path() {
    let keys = set(&[with(ec_key(), "kid", json!("a/../b"))]).unwrap();
    assert!(pick(&keys, Algorithm::Es256, Some("a/../b")).is_some());
    for other in ["b", "a/b", "A/../B", "a/../b ", "a%2F..%2Fb", ""] {
        assert!(
            pick(&keys, Algorithm::Es256, Some(other)).is_none(),
            "{other}"
        );
    }
    assert!(pick(&set(&[ec_key()]).unwrap(), Algorithm::Es256, Some("E")).is_none());
}

#[test]
fn without_a_kid_only_an_only_key_serves() {
    let one = set(&[ec_key(), rsa_key()]).unwrap();
    assert!(pick(&one, Algorithm::Es256, None).is_some());
    let other = with(ec_key(), "x", json!(bytes(32, 9)));
    let two = set(&[ec_key(), with(other.clone(), "kid", json!("e2"))]).unwrap();
    assert!(pick(&two, Algorithm::Es256, None).is_none());
    let same_kid = set(&[ec_key(), other]).unwrap();
    assert!(pick(&same_kid, Algorithm::Es256, Some("e")).is_none());
}

fn received(at: f64) -> Freshness {
    let mut known = Freshness::default();
    known.begin(false, at);
    known.succeeded(at);
    known
}

#[test]
fn the_first_token_asks_and_those_beside_it_wait() {
    let mut known = Freshness::default();
    assert_eq!(known.step(false, 0.0), Step::Ask);
    known.begin(false, 0.0);
    assert_eq!(known.step(false, 1.0), Step::Wait);
    known.succeeded(1.0);
    assert_eq!(known.step(true, 1.0), Step::Use);
}

#[test]
fn a_request_whose_caller_went_away_blocks_nobody_for_long() {
    let mut known = Freshness::default();
    known.begin(false, 0.0);
    assert_eq!(known.step(false, 4.0), Step::Ask);
}

#[test]
fn a_new_key_is_found_at_once_and_unknown_kids_ask_at_most_once_a_minute() {
    let mut known = received(0.0);
    assert_eq!(
        known.step(false, 1.0),
        Step::Ask,
        "the provider may have changed its key just now"
    );
    known.begin(false, 1.0);
    assert_eq!(known.step(false, 1.1), Step::Wait);
    assert_eq!(known.step(true, 1.1), Step::Use);
    known.succeeded(1.2);
    assert_eq!(known.step(true, 1.3), Step::Use);
    assert_eq!(known.step(false, 1.3), Step::Refuse);
    assert_eq!(known.step(false, 60.9), Step::Refuse);
    assert_eq!(known.step(false, 61.0), Step::Ask);
}

#[test]
fn a_set_is_renewed_after_ten_minutes_and_serves_meanwhile() {
    let mut known = received(0.0);
    assert_eq!(known.step(true, 599.9), Step::Use);
    assert_eq!(known.step(true, 600.0), Step::Ask);
    known.begin(true, 600.0);
    assert_eq!(known.step(true, 601.0), Step::Use);
    known.succeeded(601.0);
    assert_eq!(
        known.step(false, 601.0),
        Step::Ask,
        "renewing is not asking for an unknown kid"
    );
}

#[test]
fn the_old_set_serves_a_day_while_the_provider_is_down() {
    let mut known = received(0.0);
    known.begin(true, 600.0);
    known.failed();
    assert_eq!(known.step(true, 600.0), Step::Use);
    assert_eq!(known.step(true, 659.9), Step::Use);
    assert_eq!(known.step(true, 660.0), Step::Ask);
    known.begin(false, 700.0);
    known.failed();
    assert_eq!(
        known.step(false, 701.0),
        Step::Unavailable,
        "it may be a new key: not the caller's fault"
    );
    known.begin(true, 86_390.0);
    known.failed();
    assert_eq!(known.step(true, 86_399.0), Step::Use);
    assert_eq!(known.step(true, 86_400.0), Step::Ask);
    known.begin(true, 86_400.0);
    known.failed();
    assert_eq!(known.step(true, 86_401.0), Step::Unavailable);
}

#[test]
fn without_keys_the_provider_is_asked_again_soon() {
    let mut known = Freshness::default();
    known.begin(false, 0.0);
    known.failed();
    assert_eq!(known.step(false, 4.9), Step::Unavailable);
    assert_eq!(known.step(false, 5.0), Step::Ask);
}

#[test]
fn a_clock_that_steps_back_does_not_panic_or_ask_at_once() {
    assert_eq!(received(1000.0).step(true, 0.0), Step::Use);
    let mut known = received(1000.0);
    known.begin(false, 1000.0);
    known.succeeded(1000.0);
    assert_eq!(known.step(false, 0.0), Step::Refuse);
}

#[test]
fn an_odd_element_is_passed_over_and_told_by_its_place() {
    let good = ec_key().to_string();
    for odd in [
        "null",
        "1",
        "[]",
        r#"{"kty":"RSA","kty":"RSA"}"#,
        r#"{"kty":"EC","crv":"P-256","alg":null}"#,
        r#"{"kty":7}"#,
    ] {
        let set = parse(&format!(r#"{{"keys":[{good},{odd},{}]}}"#, ed_key())).unwrap();
        assert_eq!(set.odd, ["keys[1]"], "{odd}");
        assert_eq!(set.keys.len(), 2, "{odd}");
    }
}

#[test]
fn the_same_key_twice_is_one() {
    assert_eq!(set(&[ec_key(), ec_key()]).unwrap().len(), 1);
    // Under two kids, a token without one means the same key either way.
    let keys = set(&[ec_key(), with(ec_key(), "kid", json!("other"))]).unwrap();
    assert!(pick(&keys, Algorithm::Es256, None).is_some());
    let keys = set(&[ec_key(), with(ec_key(), "x", json!(bytes(32, 9)))]).unwrap();
    assert!(pick(&keys, Algorithm::Es256, None).is_none());
}

#[test]
fn ed25519_is_another_name_of_eddsa() {
    for name in ["EdDSA", "Ed25519"] {
        let keys = set(&[with(ed_key(), "alg", json!(name))]).unwrap();
        assert!(pick(&keys, Algorithm::EdDsa, Some("o")).is_some(), "{name}");
    }
    assert!(set(&[with(ec_key(), "alg", json!("Ed25519"))]).is_none());
}
