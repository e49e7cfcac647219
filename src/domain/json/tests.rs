use super::read::MAX_DEPTH;
use super::*;
use serde_json::Value;
use serde_json::value::RawValue;

fn fields(json: &str) -> Option<Object<'_>> {
    Object::parse(json, 64)
}

/// Values of every kind, and what is almost one.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "nul",
    "truee",
    "True",
    "0",
    "-0",
    "-",
    "01",
    "-01",
    "1.",
    ".5",
    "1.5",
    "1.5e",
    "1e5",
    "1E+5",
    "1e-05",
    "1e+",
    "+1",
    "0x1",
    "1_0",
    "18446744073709551616",
    "1e999",
    "NaN",
    "Infinity",
    "\"\"",
    "\"a\"",
    "\"\\u0041\"",
    "\"\\u00zz\"",
    "\"\\u004\"",
    "\"\\u004",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\ude00\"",
    "\"\\ud83d\\u0041\"",
    "\"\\ud83dx\"",
    "\"\\ud83d\\ud83d\"",
    "\"\\x\"",
    "\"\\\"",
    "\"\\",
    "\"",
    "\"\\b\\f\\n\\r\\t\\/\\\\\\\"\"",
    "\"tab\there\"",
    "\"nul\0\"",
    "\"\u{7f}\u{80}é☃😀\"",
    "\"12345678\"",
    "\"1234567\\n\"",
    "\"12345678\\n9\"",
    "\"1234567\u{1f}\"",
    "\"12345678901234567890\\\"\"",
    "'a'",
    "[]",
    "[ ]",
    "[1]",
    "[1,2]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[",
    "]",
    "[[[]]]",
    "[[[]]",
    "[[]]]",
    "{}",
    "{ }",
    "{\"a\":1}",
    "{\"a\":1,}",
    "{\"a\" : [ { \"b\" : null } , \"\\\"\" ] }",
    "{\"a\"}",
    "{\"a\":}",
    "{a:1}",
    "{1:1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1,\"a\":2}",
    "{\"\\u0061\":1}",
    "[}",
    "{]",
    "[\"a\":1]",
    "\u{feff}1",
    "\u{a0}1",
    "/**/1",
    "1//",
    "",
];

#[test]
fn it_takes_what_serde_json_takes() {
    for value in VALUES {
        for json in [
            format!("{{\"v\":{value}}}"),
            format!(" {{ \"w\" : [ 0 , {value} ] ,\n\"v\"\t:\r{value} }} "),
            format!("{{\"v\":{value}"),
            format!("{{\"v\":{value}}} x"),
            format!("{{\"w\":{{\"x\":{value},\"y\":[{value}]}},\"v\":{value}}}"),
            (*value).to_owned(),
        ] {
            let theirs: Option<std::collections::BTreeMap<String, &RawValue>> =
                serde_json::from_str(&json).ok();
            let ours = fields(&json);
            // Serde lets a map have a name twice; among the tops here, `{"a":1,"a":2}` is the only one.
            if json == "{\"a\":1,\"a\":2}" {
                assert!(ours.is_none());
                continue;
            }
            assert_eq!(ours.is_some(), theirs.is_some(), "{json}");
            let (Some(ours), Some(theirs)) = (ours, theirs) else {
                continue;
            };
            for (name, value) in theirs {
                let value = value.get();
                assert_eq!(ours.get(&name), Some(value), "{json}");
                assert_eq!(text(value), serde_json::from_str(value).ok(), "{value}");
                let elements = elements(value);
                let raw: Option<Vec<&RawValue>> = serde_json::from_str(value).ok();
                assert_eq!(
                    elements,
                    raw.map(|raw| raw.into_iter().map(RawValue::get).collect()),
                    "{value}"
                );
            }
        }
    }
}

/// Every text of up to six of these bytes that looks like a field's value.
#[test]
fn it_takes_what_serde_json_takes_of_all_short_values() {
    const BYTES: &[u8] = b"\"\\u{}[],:0e-. n";
    let mut values = vec![String::new()];
    for _ in 0..4 {
        values = values
            .iter()
            .flat_map(|value| {
                BYTES
                    .iter()
                    .map(move |byte| format!("{value}{}", char::from(*byte)))
            })
            .collect();
        for value in &values {
            let json = format!("{{\"v\":{value}}}");
            let theirs: Result<std::collections::BTreeMap<String, &RawValue>, _> =
                serde_json::from_str(&json);
            let ours = fields(&json);
            assert_eq!(ours.is_some(), theirs.is_ok(), "{json}");
            if let (Some(ours), Ok(theirs)) = (ours, theirs) {
                assert_eq!(
                    ours.get("v"),
                    theirs.get("v").map(|raw| raw.get()),
                    "{json}"
                );
            }
        }
    }
}

#[test]
fn a_name_that_stands_twice_and_a_field_too_many_make_it_none() {
    assert!(fields(r#"{"a":1,"b":2}"#).is_some());
    assert!(fields(r#"{"a":1,"\u0061":2}"#).is_none());
    assert!(Object::parse(r#"{"a":1,"b":2}"#, 2).is_some());
    assert!(Object::parse(r#"{"a":1,"b":2}"#, 1).is_none());
}

#[test]
fn nesting_ends_before_the_stack_does() {
    let nested = |depth| format!("{{\"v\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth| format!("{}1{}", "{\"v\":".repeat(depth), "}".repeat(depth));
    assert!(fields(&nested(MAX_DEPTH)).is_some() && fields(&objects(MAX_DEPTH)).is_some());
    assert!(fields(&nested(MAX_DEPTH + 1)).is_none());
    assert!(fields(&nested(200_000)).is_none() && fields(&objects(200_000)).is_none());
}

#[test]
fn what_is_written_is_read_as_what_it_was() {
    let all: String = (0..0x3000)
        .filter_map(char::from_u32)
        .chain(['\u{feff}', '😀'])
        .collect();
    let json = Writer::default()
        .text("text", &all)
        .number("number", u64::MAX)
        .optional("null", None)
        .optional("there", Some("x"))
        .given("left out", None)
        .given("given", Some(""))
        .raw(
            "raw",
            &array([Writer::default().end(), quoted("\"\\\n\0"), array([])]),
        )
        .end();
    let value: Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!({
        "text": all, "number": u64::MAX, "null": null, "there": "x", "given": "",
        "raw": [{}, "\"\\\n\0", []],
    });
    assert_eq!(value, expected);
    let ours = fields(&json).unwrap();
    assert_eq!(text(ours.get("text").unwrap()), Some(all));
}
