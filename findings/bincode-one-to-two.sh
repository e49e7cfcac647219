#!/usr/bin/env bash
# bincode 1 to 2 (Rust): a key share that version 1 wrote is read by version 2 with its standard configuration as another share, without an error.
#
# bincode 1.3.3 and 2.0.1, serde 1 (crates.io).
# Behaviour, of a share { party: u16, threshold: u16, secret: [u8; 32] } that `bincode::serialize` of 1.3.3 wrote in 36 bytes:
# - `bincode::serde::decode_from_slice(bytes, config::standard())` of 2.0.1 is Ok: the right party, threshold 0, and a secret that begins with two other bytes and lacks its last
#   two. A small number is one byte in version 2 and two in version 1, so all that follows moves up.
# - The only sign is the second part of what it gives, 34 bytes read of 36. What is left over is no error.
# - `config::legacy()` reads it right. So does `config::standard().with_fixed_int_encoding()`.
# - With a list of bytes (`Vec<u8>`) behind the secret, version 2 refuses it. Version 1 refuses what version 2 wrote.
#
# Who is hurt: a service that keeps threshold shares as bincode and takes the new version with `config::standard()`: each stored share is read as one that no longer fits the others,
# and if it is written back, the right one is gone. Read old bytes with `config::legacy()`, compare the number of bytes read with their length, and the share's public key
# with the one that was written down.
#
# Needs cargo.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CARGO_TARGET_DIR="$dir/target" CARGO_PROFILE_DEV_DEBUG=false
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
serde = { version = "1", features = ["derive"] }
bincode1 = { package = "bincode", version = "=1.3.3" }
bincode2 = { package = "bincode", version = "=2.0.1", features = ["serde"] }
[workspace]
TOML
cat >src/main.rs <<'RUST'
use bincode2::{config, serde::decode_from_slice, serde::encode_to_vec};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Share {
    party: u16,
    threshold: u16,
    secret: [u8; 32],
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct WithKey {
    party: u16,
    threshold: u16,
    secret: [u8; 32],
    public_key: Vec<u8>,
}

fn main() {
    let secret: [u8; 32] = std::array::from_fn(|i| 0xa0 + i as u8);
    let share = Share { party: 1, threshold: 2, secret };
    let old = bincode1::serialize(&share).unwrap();
    let (read, bytes): (Share, usize) = decode_from_slice(&old, config::standard()).unwrap();
    println!("written: {share:02x?}\nread:    {read:02x?}, {bytes} bytes of {}", old.len());
    assert_eq!((old.len(), bytes), (36, 34));
    assert_eq!((read.party, read.threshold), (1, 0));
    assert_eq!((&read.secret[..2], &read.secret[2..]), (&[2, 0][..], &secret[..30]));

    assert_eq!(decode_from_slice(&old, config::legacy()).unwrap(), (Share { party: 1, threshold: 2, secret }, 36));
    assert_eq!(decode_from_slice(&old, config::standard().with_fixed_int_encoding()).unwrap(), (Share { party: 1, threshold: 2, secret }, 36));
    println!("with config::legacy(): as it was written");

    let with_key = WithKey { party: 1, threshold: 2, secret, public_key: vec![7; 33] };
    let refused = decode_from_slice::<WithKey, _>(&bincode1::serialize(&with_key).unwrap(), config::standard()).unwrap_err();
    println!("with a list behind the secret: {refused:?}");
    let new = encode_to_vec(&share, config::standard()).unwrap();
    println!("what 2 wrote, read by 1: {:?}", bincode1::deserialize::<Share>(&new).unwrap_err());
}
RUST
cargo run --quiet
echo "as stated: bincode 1.3.3 and 2.0.1"
