#!/usr/bin/env bash
# The Rust crate worker and Queues: a map, or a serde_json::Value, arrives as {}. The send is Ok.
#
# worker 0.8.7 (serde-wasm-bindgen 0.6.5), wasm-bindgen 0.2.130, run by wrangler 4.156.0 (workerd 1.20261023.1) with a local queue, Node 24.21.0.
# Behaviour of `Queue::send` and `send_batch`, each Ok, and what the consumer gets:
# - a struct with a field for each thing: as it is;
# - `serde_json::json!({…})`, a HashMap or a BTreeMap, and a struct with `#[serde(flatten)]`: {};
# - a struct of which one field is a serde_json::Value that is an object: the struct, with {} in that field;
# - the same value as a text (`serde_json::to_string`): as it is.
# The crate makes a JavaScript `Map` of what serde calls a map, and the queue's content type is JSON, in which a Map has nothing. `Response::from_json`
# of the same value is whole.
#
# Who is hurt: a Worker in Rust that takes a webhook's body as a Value and puts it into a queue, to store it a moment later: it has answered 200, the
# queue delivers, and the share in the message is gone. Send a text, and test what arrives.
#
# Needs cargo with the target wasm32-unknown-unknown (WASM_RUSTC may name a rustc that has it). BINDGEN may name a program that does what the one
# below does; else it is compiled, which takes minutes.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false CARGO_TARGET_DIR="$dir/target"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

mkdir -p bindgen/src sender/src
cat >bindgen/Cargo.toml <<'TOML'
[package]
name = "bindgen"
version = "0.0.0"
edition = "2024"
[dependencies]
wasm-bindgen-cli-support = "=0.2.130"
[profile.release]
opt-level = 0
[workspace]
TOML
cat >bindgen/src/main.rs <<'RUST'
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.module(true).unwrap().input_path(&arguments[1]).out_name("index").typescript(false).generate(&arguments[2]).unwrap();
}
RUST
cat >sender/Cargo.toml <<'TOML'
[package]
name = "sender"
version = "0.0.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[dependencies]
worker = { version = "=0.8.7", features = ["queue"] }
serde-wasm-bindgen = "=0.6.5"
serde = { version = "1", features = ["derive"] }
serde_json = "1"
wasm-bindgen = "=0.2.130"
[profile.release]
opt-level = 1
[workspace]
TOML
cat >sender/src/lib.rs <<'RUST'
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Value, json};
use worker::*;

#[derive(Serialize)]
struct Plain { user: String, share: String }
#[derive(Serialize)]
struct WithValue { user: String, share: Value }
#[derive(Serialize)]
struct Flattened { user: String, #[serde(flatten)] rest: BTreeMap<String, String> }

#[event(fetch)]
async fn fetch(_: Request, env: Env, _: Context) -> Result<Response> {
    let queue = env.queue("QUEUE")?;
    let user = || "ann".to_string();
    let value = json!({"user": "ann", "share": "a share"});
    let map = BTreeMap::from([("share".to_string(), "a share".to_string())]);
    let hash: HashMap<String, String> = map.clone().into_iter().collect();
    queue.send(Plain { user: user(), share: "a share".into() }).await?;
    queue.send(value.clone()).await?;
    queue.send(map.clone()).await?;
    queue.send(hash).await?;
    queue.send(Flattened { user: user(), rest: map }).await?;
    queue.send(WithValue { user: user(), share: json!({"share": "a share"}) }).await?;
    queue.send(serde_json::to_string(&value)?).await?;
    queue.send_batch([value.clone(), value.clone()]).await?;
    Response::from_json(&value)
}
RUST
if [ -z "${BINDGEN:-}" ]; then
  (cd bindgen && cargo build --quiet --release)
  BINDGEN="$dir/target/release/bindgen"
fi
(cd sender && RUSTC=${WASM_RUSTC:-rustc} cargo build --quiet --release --target wasm32-unknown-unknown)
"$BINDGEN" target/wasm32-unknown-unknown/release/sender.wasm out
sed -i 's/^import source /import /' out/index.js # wrangler knows the plain import

cat >wrangler.toml <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2026-10-23"
[[queues.producers]]
binding = "QUEUE"
queue = "finding"
[[queues.consumers]]
queue = "finding"
max_batch_size = 20
max_batch_timeout = 1
TOML
cat >worker.mjs <<'JS'
import { fetch as send } from "./out/index.js";
const arrived = [];
export default {
  fetch: (request, env, context) => (new URL(request.url).pathname === "/arrived" ? Response.json(arrived) : send(request, env, context)),
  queue: (batch) => arrived.push(...batch.messages.map(({ body }) => JSON.stringify(body))),
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const answer = await harness.fetch("/");
const whole = '{"share":"a share","user":"ann"}';
assert.deepEqual([answer.status, await answer.text()], [200, whole]);
let arrived = [];
for (let tries = 0; arrived.length < 9 && tries < 100; tries++) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  arrived = await (await harness.fetch("/arrived")).json();
}
console.log(arrived);
assert.deepEqual(arrived, ['{"user":"ann","share":"a share"}', "{}", "{}", "{}", "{}", '{"user":"ann","share":{}}', JSON.stringify(whole), "{}", "{}"]);
await harness.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: worker 0.8.7, wrangler 4.156.0"
