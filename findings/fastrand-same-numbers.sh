#!/usr/bin/env bash
# fastrand in a Worker in Rust: each isolate has the same random numbers, in the same order. So have std's RandomState and backon's jitter.
#
# fastrand 2.5.0 and backon 1.6.0 for wasm32-unknown-unknown, run by wrangler 4.156.0 (workerd 1.20261023.1), Node 24.21.0.
# Behaviour, without a feature named `js`: it compiles without a word, and imports nothing that could be random. (getrandom refuses to compile.)
# - `fastrand::u64(..)` and `fastrand::Rng::new()` begin with a constant: a Worker that is started again, and one at the other end of the world, give
#   the numbers of the first one, from the first on.
# - backon with `with_jitter()`, which takes its numbers from there, waits equally long in each isolate.
# - `RandomState::new().build_hasher().finish()` of the standard library, the random number that needs no crate, is such a constant too.
# - With `fastrand = { features = ["js"] }` the module imports what getrandom needs (not run). backon does not ask for that feature.
#
# Who is hurt: ids made with it, of requests, backups or files in a bucket, come again with each start: a store under such an id replaces another
# user's, or is taken for a repeat and left out. The retries that a jitter is to spread come all at once.
#
# Needs cargo with the target wasm32-unknown-unknown (WASM_RUSTC may name a rustc that has it).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false CARGO_TARGET_DIR="$dir/target" RUSTC=${WASM_RUSTC:-rustc}
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

mkdir -p src
cat >Cargo.toml <<'TOML'
[package]
name = "numbers"
version = "0.0.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[dependencies]
fastrand = "=2.5.0"
backon = { version = "=1.6.0", default-features = false, features = ["std"] }
[features]
js = ["fastrand/js"]
[profile.release]
opt-level = 1
[workspace]
TOML
cat >src/lib.rs <<'RUST'
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use backon::{BackoffBuilder, ExponentialBuilder};

#[no_mangle]
pub extern "C" fn fast() -> u64 {
    fastrand::u64(..)
}
#[no_mangle]
pub extern "C" fn fast_of_its_own() -> u64 {
    fastrand::Rng::new().u64(..)
}
#[no_mangle]
pub extern "C" fn std_state() -> u64 {
    RandomState::new().build_hasher().finish()
}
#[no_mangle]
pub extern "C" fn jitter() -> u64 {
    ExponentialBuilder::default().with_jitter().build().next().unwrap().as_nanos() as u64
}
RUST
cargo build --quiet --release --target wasm32-unknown-unknown
cp target/wasm32-unknown-unknown/release/numbers.wasm .
cargo build --quiet --release --target wasm32-unknown-unknown --features js
cp target/wasm32-unknown-unknown/release/numbers.wasm with-js.wasm

cat >wrangler.toml <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2026-10-23"
TOML
cat >worker.mjs <<'JS'
import numbers from "./numbers.wasm";
const { fast, fast_of_its_own, std_state, jitter } = new WebAssembly.Instance(numbers).exports;
const draw = () => ({ fast: [fast(), fast()], own: [fast_of_its_own(), fast_of_its_own()], std: [std_state(), std_state()], jitter: [jitter(), jitter()] });
export default {
  fetch: () => new Response(JSON.stringify(draw(), (_, value) => (typeof value === "bigint" ? BigInt.asUintN(64, value).toString() : value))),
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createTestHarness } from "wrangler";
const started = async () => {
  const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
  await harness.listen();
  const answers = [await (await harness.fetch("/")).json(), await (await harness.fetch("/")).json()];
  await harness.close();
  return answers;
};
const [first, second] = [await started(), await started()];
console.log("one start:", first[0]);
console.log("the next: ", second[0]);
assert.deepEqual(second, first);
for (const [name, drawn] of Object.entries(first[0])) assert.notEqual(drawn[0], drawn[1], name);
assert.notDeepEqual(first[1].fast, first[0].fast);

const imports = (file) => WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(file))).length;
console.log(`imports: ${imports("numbers.wasm")}, with the feature js ${imports("with-js.wasm")}`);
assert.equal(imports("numbers.wasm"), 0);
assert.ok(imports("with-js.wasm") > 0);
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: fastrand 2.5.0, backon 1.6.0, wrangler 4.156.0"
