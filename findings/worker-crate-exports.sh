#!/usr/bin/env bash
# The Rust crate worker: whoever takes a single type of it deploys the machinery of wasm-streams too, and no linker removes it.
#
# worker 0.8.7 and worker-sys 0.8.7 (of which worker has its types), built with LTO and `opt-level = "z"`, with default-features = false.
# Behaviour: a library that names one type (ScheduledEvent) and nothing else exports thirteen functions of three classes of wasm-streams when it
# takes the type from worker: exported functions are roots, so their code, the futures behind them and their glue stay. Taken from worker-sys
# the same type costs nothing of this.
#
# Who is hurt: Workers that are quick to start by being small. In ours it was 16 KiB of gzip and 75 crates more to compile.
#
# Needs cargo with the target wasm32-unknown-unknown (WASM_RUSTC may name a rustc that has it), and Node.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export RUSTC=${WASM_RUSTC:-rustc} CARGO_TARGET_DIR="$dir/target"

for crate in worker worker-sys; do
  mkdir -p "$crate/src"
  path=$([ "$crate" = worker ] && echo worker::worker_sys || echo worker_sys)
  cat >"$crate/Cargo.toml" <<TOML
[package]
name = "with-$crate"
version = "0.0.0"
edition = "2024"
[lib]
crate-type = ["cdylib"]
[dependencies]
$crate = { version = "=0.8.7", default-features = false }
wasm-bindgen = "=0.2.130"
[profile.release]
opt-level = "z"
lto = "fat"
codegen-units = 1
[workspace]
TOML
  cat >"$crate/src/lib.rs" <<RUST
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
pub fn cron(event: $path::ScheduledEvent) -> String {
    event.cron().unwrap_or_default()
}
RUST
  (cd "$crate" && cargo build --quiet --release --target wasm32-unknown-unknown)
done

cat >exports.mjs <<'JS'
import { readFileSync } from "node:fs";
const [, , file] = process.argv;
const module = new WebAssembly.Module(readFileSync(file));
const exports = WebAssembly.Module.exports(module).filter(({ kind, name }) => kind === "function" && !/^__wbindgen_describe/.test(name));
console.log(exports.filter(({ name }) => /^(__wbg_)?intounderlying/.test(name)).length);
JS
for crate in worker worker-sys; do
  seen=$(node exports.mjs "target/wasm32-unknown-unknown/release/with_${crate//-/_}.wasm")
  echo "$crate: $seen exports of wasm-streams"
  expected=$([ "$crate" = worker ] && echo 13 || echo 0)
  [ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
done
echo "as stated: worker 0.8.7, worker-sys 0.8.7"
