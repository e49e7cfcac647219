use super::*;
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
fn rules<'a>(audiences: &'a [String], audience_claim: &'a str) -> Rules<'a> {
    Rules {
        issuer: "https://id.test/",
        audiences,
        audience_claim,
    }
}

fn good() -> Value {
    json!({"iss": "https://id.test/", "aud": "app", "exp": NOW + 300, "sub": "user-1"})
}

fn user(claims: &Value) -> Result<String, Refusal> {
    let claims = Claims(claims.to_string().into_bytes());
    check(&claims, &rules(&["app".to_owned()], "aud"), NOW)?;
    user_of(&claims, "sub")
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims
        .as_object_mut()
        .unwrap()
        .insert(name.to_owned(), value);
    claims
}

fn without(name: &str) -> Value {
    let mut claims = good();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

#[test]
fn good_claims_name_the_user() {
    assert_eq!(user(&good()), Ok("user-1".to_owned()));
    assert_eq!(
        user(&with("aud", json!(["other", "app"]))),
        Ok("user-1".to_owned())
    );
    assert_eq!(
        user(&with("exp", json!(1_800_000_000.5))),
        Ok("user-1".to_owned())
    );
}

#[test]
fn another_issuer_or_audience_is_refused() {
    for iss in [
        json!("https://id.test"),
        json!("https://id.test//"),
        json!("HTTPS://ID.TEST/"),
        json!(null),
        json!(["https://id.test/"]),
        json!(""),
    ] {
        assert_eq!(
            user(&with("iss", iss.clone())),
            Err(Refusal::Issuer),
            "{iss}"
        );
    }
    for aud in [
        json!("App"),
        json!("app "),
        json!("apps"),
        json!(""),
        json!(null),
        json!([]),
        json!(["other"]),
        json!([["app"]]),
        json!(["app", 1]),
        json!({"app": "app"}),
        json!("app,other"),
    ] {
        assert_eq!(
            user(&with("aud", aud.clone())),
            Err(Refusal::Audience),
            "{aud}"
        );
    }
    assert_eq!(user(&without("iss")), Err(Refusal::Issuer));
    assert_eq!(user(&without("aud")), Err(Refusal::NoAudience));
}

#[test]
fn time_is_kept_to_a_minute() {
    assert_eq!(user(&with("exp", json!(NOW - 59))), Ok("user-1".to_owned()));
    assert_eq!(user(&with("exp", json!(NOW - 60))), Err(Refusal::Expired));
    assert_eq!(user(&without("exp")), Err(Refusal::Expired));
    for name in ["nbf", "iat"] {
        assert_eq!(
            user(&with(name, json!(NOW + 60))),
            Ok("user-1".to_owned()),
            "{name}"
        );
        assert_eq!(
            user(&with(name, json!(NOW + 61))),
            Err(Refusal::NotYetValid),
            "{name}"
        );
    }
    for name in ["exp", "nbf", "iat"] {
        for odd in [
            json!("1900000000"),
            json!(null),
            json!(true),
            json!([]),
            json!({}),
        ] {
            assert_eq!(
                user(&with(name, odd.clone())),
                Err(Refusal::Malformed),
                "{name} {odd}"
            );
        }
    }
    assert_eq!(user(&with("exp", json!(i64::MIN))), Err(Refusal::Expired));
    for endless in ["1e999", "1.9e9", "99999999999999999999"] {
        let claims = good().to_string().replacen("1800000300", endless, 1);
        let claims = Claims(claims.into_bytes());
        assert_eq!(
            check(&claims, &rules(&["app".to_owned()], "aud"), NOW),
            Err(Refusal::Malformed),
            "{endless}"
        );
    }
}

#[test]
fn the_user_is_a_string_under_the_exact_claim() {
    for sub in [json!(""), json!(null)] {
        assert_eq!(user(&with("sub", sub.clone())), Err(Refusal::User), "{sub}");
    }
    for sub in [
        json!(7),
        json!(["user-1"]),
        json!({"id": "user-1"}),
        json!(true),
    ] {
        let refused = user(&with("sub", sub.clone()));
        assert_eq!(refused, Err(Refusal::UserIsNoText), "{sub}");
    }
    assert_eq!(user(&without("sub")), Err(Refusal::User));
    let claims = br#"{"app":{"user":"nested"},"https://app.test/user":"u"}"#;
    let claims = Claims(claims.to_vec());
    let named = |name| user_of(&claims, name);
    assert_eq!(named("https://app.test/user"), Ok("u".to_owned()));
    assert_eq!(named("app.user"), Err(Refusal::User));
}

#[test]
fn one_of_several_audiences_is_enough_and_another_claim_may_name_it() {
    let audiences = ["ios".to_owned(), "android".to_owned()];
    let checked = |claims: &Value, claim: &str| {
        let claims = Claims(claims.to_string().into_bytes());
        check(&claims, &rules(&audiences, claim), NOW)
    };
    assert_eq!(checked(&with("aud", json!("android")), "aud"), Ok(()));
    assert_eq!(checked(&with("aud", json!(["x", "ios"])), "aud"), Ok(()));
    assert_eq!(
        checked(&with("aud", json!("ios,android")), "aud"),
        Err(Refusal::Audience)
    );
    // As Cognito's access token has it: no `aud`, and `client_id` instead.
    let mut cognito = without("aud");
    assert_eq!(checked(&cognito, "aud"), Err(Refusal::NoAudience));
    cognito["client_id"] = json!("ios");
    assert_eq!(checked(&cognito, "client_id"), Ok(()));
    assert_eq!(
        checked(&with("aud", json!("ios")), "client_id"),
        Err(Refusal::NoAudience)
    );
}
