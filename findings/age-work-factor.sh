#!/usr/bin/env bash
# age files with a passphrase: rage's library asks for as much work as the machine that seals can do in a second. Above 2^20 age-encryption does not open the file.
#
# age 0.11.5 (crates.io, what rage and pyrage are made of) and age-encryption 0.3.1 (npm) with Node 24.21.0.
# Behaviour:
# - The work stands in the file's header, as the exponent of 2; 18 needs 256 MiB of memory, and each one more twice as much. age-encryption always writes 18.
# - The crate measures the machine at each sealing. So one program writes another number when it is compiled without optimisation than with it; on a machine of
#   today it is 19 to 21. It opens what is up to four more than what it would write itself.
# - age-encryption opens up to 20. Of 21 it says "scrypt work factor is too high", and has not looked at the passphrase.
#
# Who is hurt: whoever seals an export or a recovery file with rage on a fast machine, and is to open it in a browser, a Worker or a script. The same command on the
# laptop of the first try wrote a file that opened. Seal for a recipient's key, or look at the number in the header's `-> scrypt` line.
#
# Needs cargo.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CARGO_TARGET_DIR="$dir/target" CARGO_PROFILE_DEV_DEBUG=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts age-encryption@0.3.1
mkdir -p src
cat >Cargo.toml <<'TOML'
[package]
name = "seal"
version = "0.0.0"
edition = "2021"
[dependencies]
age = { version = "=0.11.5", default-features = false }
[workspace]
TOML
cat >src/main.rs <<'RUST'
use std::io::Write;

/// Seals a text into each file; its name may begin with the work factor that it is to have.
fn main() {
    for name in std::env::args().skip(1) {
        let mut recipient = age::scrypt::Recipient::new("a passphrase".to_owned().into());
        if let Ok(factor) = name[..2].parse() {
            recipient.set_work_factor(factor);
        }
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap();
        let mut sealed = encryptor.wrap_output(std::fs::File::create(name).unwrap()).unwrap();
        sealed.write_all(b"a share").unwrap();
        sealed.finish().unwrap();
    }
}
RUST
cargo build --quiet
cargo build --quiet --release
target/release/seal 16.age 20.age 21.age measured.age
target/debug/seal slow.age
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Decrypter, Encrypter } from "age-encryption";
const factor = (file) => Number(/^-> scrypt \S+ (\d+)$/m.exec(Buffer.from(file).toString("latin1"))[1]);
const open = (name) => {
  const decrypter = new Decrypter();
  decrypter.addPassphrase("a passphrase");
  return decrypter.decrypt(readFileSync(name), "text").catch((error) => error.message);
};
const encrypter = new Encrypter();
encrypter.setPassphrase("a passphrase");
const seen = { measured: factor(readFileSync("measured.age")), slow: factor(readFileSync("slow.age")), "age-encryption": factor(await encrypter.encrypt("a share")) };
for (const name of ["16.age", "20.age", "21.age"]) seen[name] = await open(name);
console.log(seen);
assert.ok(seen.slow < seen.measured);
assert.equal(seen["age-encryption"], 18);
assert.deepEqual([seen["16.age"], seen["20.age"], seen["21.age"]], ["a share", "a share", "scrypt work factor is too high"]);
JS
node run.mjs
echo "as stated: age 0.11.5, age-encryption 0.3.1"
