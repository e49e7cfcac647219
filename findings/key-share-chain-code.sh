#!/usr/bin/env bash
# The Rust crate key-share (cggmp24, givre): a service without its feature hd-wallet reads a share of an HD wallet, and writes it back without the chain code.
#
# key-share 0.7.0 (crates.io; what cggmp24 0.7.0-alpha.3 and givre 0.3.0 keep their shares in), generic-ec 0.5.2, hd-wallet 0.7.0, serde_json 1.
# Behaviour, of shares of a secp256k1 key, two of three, made with the feature `hd-wallet` and written as JSON:
# - A build without the feature (it is not among the default ones) reads such a share: no error, and the share passes all checks of `CoreKeyShare`. What it
#   writes has all fields but `chain_code`.
# - With the feature again, that share is a good one: Ok, and not an HD wallet. No address but the key's own can be derived any more ("HD derivation
#   is disabled for the key").
# - A share that was not touched, with the shares of the others: `reconstruct_secret_key` of one with and one without a chain code gives the right key.
#   Nothing compares the chain codes.
#
# Who is hurt: whoever has a small service that reads shares only to check, sort or seal them anew, and stores what it read. Every share stays valid,
# and signs with the key itself. The users' addresses are children of it, and need the 32 bytes that were left out; once the last share has been
# through the service they are nowhere. Store the bytes that came, never what a library made of them.
#
# Needs cargo.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CARGO_TARGET_DIR="$dir/target" CARGO_PROFILE_DEV_DEBUG=false
# crate NAME, features of key-share, further dependencies
crate() {
  mkdir -p "$1/src"
  cat >"$1/Cargo.toml" <<TOML
[package]
name = "$1"
version = "0.0.0"
edition = "2021"
[dependencies]
key-share = { version = "=0.7.0", features = [$2] }
generic-ec = { version = "=0.5.2", features = ["curve-secp256k1"] }
serde_json = "1"
$3
[workspace]
TOML
}
crate wallet '"serde", "spof", "hd-wallet"' 'hd-wallet = { version = "=0.7.0", features = ["slip10", "curve-secp256k1"] }
rand_core = { version = "0.6", features = ["getrandom"] }'
crate keeper '"serde"' ''

cat >keeper/src/main.rs <<'RUST'
use generic_ec::curves::Secp256k1;
use key_share::CoreKeyShare;

fn main() {
    let share: CoreKeyShare<Secp256k1> = serde_json::from_reader(std::io::stdin()).unwrap();
    print!("{}", serde_json::to_string(&share).unwrap());
}
RUST
cat >wallet/src/main.rs <<'RUST'
use generic_ec::{curves::Secp256k1, Point};
use hd_wallet::Slip10;
use key_share::{reconstruct_secret_key, trusted_dealer, CoreKeyShare};
use std::{env::args, fs};

type Share = CoreKeyShare<Secp256k1>;

fn read(file: &str) -> Share {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn child(share: &Share) -> String {
    match share.derive_child_public_key::<Slip10, u32>([0, 7]) {
        Ok(child) => child.public_key.to_bytes(true).iter().map(|byte| format!("{byte:02x}")).collect(),
        Err(error) => error.to_string(),
    }
}

fn main() {
    if args().nth(1).is_none() {
        let shares = trusted_dealer::builder::<Secp256k1>(3).set_threshold(Some(2)).generate_shares(&mut rand_core::OsRng).unwrap();
        for share in shares {
            fs::write(format!("share-{}", share.i), serde_json::to_string(&share).unwrap()).unwrap();
        }
    }
    for i in 0..3 {
        let share = read(&format!("share-{i}"));
        println!("share {i}: HD wallet {}, its child 0/7: {}", share.is_hd_wallet(), child(&share));
    }
    let key = reconstruct_secret_key(&[read("share-0"), read("share-1")]).unwrap();
    println!("shares 0 and 1 give the key: {}", Point::generator() * &key == *read("share-0").shared_public_key);
}
RUST
(cd wallet && cargo build --quiet)
(cd keeper && cargo build --quiet)
target/debug/wallet | tee before
[ "$(grep -c 'HD wallet true, its child 0/7: 0[23]' before)" = 3 ]
for i in 0 1 2; do
  cp "share-$i" "was-$i"
  target/debug/keeper <"was-$i" >"share-$i"
  python3 -c '
import json, sys
before, after = (json.load(open(name)) for name in sys.argv[1:])
assert len(before.pop("chain_code")) == 64 and before == after
' "was-$i" "share-$i"
  echo "after the keeper has had share $i:"
  target/debug/wallet again | tee after
  grep -q "share $i: HD wallet false, its child 0/7: HD derivation is disabled for the key" after
  grep -q "give the key: true" after
done
[ "$(grep -c 'HD wallet false' after)" = 3 ]
echo "as stated: key-share 0.7.0"
