#!/usr/bin/env bash
# serde_json: which number a share has, and whether a webhook can be read, depends on a crate elsewhere in the program that has nothing to do with it.
#
# serde_json 1.0.154 and serde 1.0.229, without and with bigdecimal 0.4.11 and its feature `serde-json`; rmp-serde 1.3.1, ciborium 0.2.2, serde_yaml 0.9.34.
# Behaviour: that feature switches serde_json's `arbitrary_precision` on, and Cargo switches it on for every crate of the program. Then:
# - a `Value` keeps the digits of a number and prints them again. Without it a number of 77 digits is 9.87…e76 after that;
# - a struct with `#[serde(flatten)]` or an untagged enum that has an f64 does not read 1.5 any more: "invalid type: map", "did not match any variant";
# - a `Value` in MessagePack, CBOR or YAML has, in place of each number, an object {"$serde_json::private::Number": "1.5"}, with no error;
# - two `Value`s of 1.0 and 1.00 are no longer equal.
#
# Who is hurt: a server that reads Portal's share as a `Value` and prints it again gives back what came, as long as some crate wants exact decimals. The day on
# which that crate is dropped or changes its features, all shares have other numbers, and recover nothing. The other way round, its queue or
# its cache is full of objects that no other program knows, and webhooks are refused. Keep a share as a text (`String`, `RawValue`),
# and look at `cargo tree -e features -i serde_json`.
#
# Needs cargo.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CARGO_TARGET_DIR="$dir/target"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "numbers"
version = "0.0.0"
edition = "2021"
[dependencies]
serde_json = "=1.0.154"
serde = { version = "=1.0.229", features = ["derive"] }
rmp-serde = "=1.3.1"
ciborium = "=0.2.2"
serde_yaml = "=0.9.34"
bigdecimal = { version = "=0.4.11", optional = true, features = ["serde-json"] }
[features]
other = ["dep:bigdecimal"]
[profile.dev]
debug = false
[workspace]
TOML
cat >src/main.rs <<'RUST'
use serde::Deserialize;
use serde_json::{Value, from_str, json};

#[derive(Deserialize)]
#[serde(untagged)]
enum Either {
    Number(f64),
    Text(String),
}
#[derive(Deserialize)]
struct Webhook {
    #[serde(rename = "clientId")]
    client: String,
    #[serde(flatten)]
    rest: Rest,
}
#[derive(Deserialize)]
struct Rest {
    weight: f64,
}

fn main() {
    let with = cfg!(feature = "other");
    let share = format!(r#"{{"pair":"p1","share":{},"one":1.50}}"#, "9876543210".repeat(7) + "1234567");
    let printed = from_str::<Value>(&share).unwrap().to_string();
    println!("the share again: {printed}");
    assert_eq!(printed.contains("98765432109876543210987654321098765432109876543210"), with);
    assert_eq!(printed.contains("e+76") || printed.contains("e76"), !with);

    let flattened = from_str::<Webhook>(r#"{"clientId":"c1","weight":1.5}"#).map(|webhook| (webhook.client, webhook.rest.weight)).map_err(|error| error.to_string());
    let untagged = from_str::<Either>("1.5").map(|either| matches!(either, Either::Number(1.5))).map_err(|error| error.to_string());
    assert!(matches!(from_str(r#""text""#), Ok(Either::Text(text)) if text == "text"));
    println!("flattened: {flattened:?}\nuntagged: {untagged:?}");
    assert_eq!((flattened.is_err(), untagged.is_err()), (with, with));

    let value = json!({ "weight": 1.5 });
    let mut cbor = vec![];
    ciborium::into_writer(&value, &mut cbor).unwrap();
    let yaml = serde_yaml::to_string(&value).unwrap();
    println!("as YAML: {}", yaml.trim().replace('\n', " "));
    for bytes in [rmp_serde::to_vec_named(&value).unwrap(), cbor, yaml.into_bytes()] {
        assert_eq!(String::from_utf8_lossy(&bytes).contains("$serde_json::private::Number"), with);
    }
    assert_eq!(from_str::<Value>("1.0").unwrap() == from_str::<Value>("1.00").unwrap(), !with);
}
RUST
echo "without bigdecimal:"
cargo run --quiet
echo "with bigdecimal, which the code does not name:"
cargo run --quiet --features other
echo "as stated: serde_json 1.0.154, bigdecimal 0.4.11"
