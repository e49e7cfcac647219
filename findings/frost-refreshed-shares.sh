#!/usr/bin/env bash
# FROST: of a share from before a refresh and one from after it `reconstruct` makes another key, and says Ok. key-share (CGGMP) refuses such a pair.
#
# frost-ed25519 3.0.0 and key-share 0.7.0 (of cggmp24 and cggmp21), crates.io.
# Behaviour of `frost::keys::reconstruct`, which puts two of three key packages together:
# - two from before, or two from after `refresh_share`: the wallet's key;
# - one from before and one from after: Ok, with a key whose public key is another one. Each of the two packages names the group's public key, the
#   same in both; it is not looked at. One package alone is refused.
# - a signature of such a pair is an error, at `aggregate`.
# `key_share::reconstruct_secret_key` of one share each of two dealings of the same key, with the same public key: an error.
#
# Who is hurt: a backup of one party's share stays as it is when the parties refresh, which is what a refresh is for. Who then puts the wallet together from
# that backup and a present share (a recovery, an eject) is given a key of 32 bytes that signs, for an account that holds nothing. Compare
# the public key before the key is used or shown, and keep which generation a share is of beside it.
#
# Needs cargo.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CARGO_TARGET_DIR="$dir/target"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "shares"
version = "0.0.0"
edition = "2021"
[dependencies]
frost-ed25519 = "=3.0.0"
key-share = { version = "=0.7.0", features = ["spof"] }
generic-ec = { version = "0.5", features = ["curve-ed25519"] }
rand_core = { version = "0.6", features = ["getrandom"] }
[profile.dev]
debug = false
opt-level = 1
[workspace]
TOML
cat >src/main.rs <<'RUST'
use std::collections::BTreeMap;

use frost_ed25519::keys::{self, IdentifierList, KeyPackage, refresh};
use frost_ed25519::{SigningPackage, VerifyingKey, aggregate, round1, round2};
use generic_ec::{NonZero, Point, SecretScalar, curves::Ed25519};
use rand_core::OsRng;

fn main() {
    let (shares, public) = keys::generate_with_dealer(3, 2, IdentifierList::Default, OsRng).unwrap();
    let old: Vec<KeyPackage> = shares.into_values().map(|share| share.try_into().unwrap()).collect();
    let ids: Vec<_> = old.iter().map(|package| *package.identifier()).collect();
    let (refreshing, fresh_public) = refresh::compute_refreshing_shares(public.clone(), &ids, &mut OsRng).unwrap();
    let new: Vec<KeyPackage> = refreshing.into_iter().zip(&old).map(|(share, package)| refresh::refresh_share(share, package).unwrap()).collect();
    assert_eq!(public.verifying_key(), fresh_public.verifying_key());
    assert_eq!(old[0].verifying_key(), new[1].verifying_key());

    let is_the_wallets = |pair: [&KeyPackage; 2]| {
        let key = keys::reconstruct(&pair.map(Clone::clone)).expect("reconstruct says Ok");
        VerifyingKey::from(key) == *public.verifying_key()
    };
    let seen = [is_the_wallets([&old[0], &old[1]]), is_the_wallets([&new[0], &new[1]]), is_the_wallets([&old[0], &new[1]])];
    println!("FROST, Ok and the wallet's key: two old {}, two new {}, one of each {}", seen[0], seen[1], seen[2]);
    assert_eq!(seen, [true, true, false]);
    assert!(keys::reconstruct(&[old[0].clone()]).is_err());

    let signs = |pair: [&KeyPackage; 2], public: &keys::PublicKeyPackage| {
        let rounds: Vec<_> = pair.iter().map(|package| round1::commit(package.signing_share(), &mut OsRng)).collect();
        let commitments: BTreeMap<_, _> = pair.iter().zip(&rounds).map(|(package, round)| (*package.identifier(), round.1)).collect();
        let signing = SigningPackage::new(commitments, b"a message");
        let parts = pair.iter().zip(&rounds).map(|(package, round)| (*package.identifier(), round2::sign(&signing, &round.0, package).unwrap())).collect();
        aggregate(&signing, &parts, public).is_ok()
    };
    assert!(signs([&old[0], &old[1]], &public) && signs([&new[0], &new[1]], &fresh_public));
    assert!(!signs([&old[0], &new[1]], &public) && !signs([&old[0], &new[1]], &fresh_public));
    println!("FROST, a signature of one of each: refused");

    let secret = NonZero::<SecretScalar<Ed25519>>::random(&mut OsRng);
    let deal = || key_share::trusted_dealer::builder::<Ed25519>(3).set_threshold(Some(2)).set_shared_secret_key(secret.clone()).generate_shares(&mut OsRng).unwrap();
    let (first, second) = (deal(), deal());
    assert_eq!(first[0].shared_public_key, second[1].shared_public_key);
    let whole = key_share::reconstruct_secret_key(&first[..2]).unwrap();
    assert_eq!(Point::generator() * &whole, *first[0].shared_public_key);
    let refused = key_share::reconstruct_secret_key(&[first[0].clone(), second[1].clone()]).map(|_| ()).unwrap_err();
    println!("key-share, one of each: {refused}");
}
RUST
cargo run --quiet
echo "as stated: frost-ed25519 3.0.0, key-share 0.7.0"
