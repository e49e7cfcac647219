#!/usr/bin/env bash
# Bindings of Workers and an id that is missing: KV, R2, Durable Objects and rate limits take undefined for a user of their own, whom all with a missing id share. A `list` with an undefined
# prefix is everybody's.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local KV, R2, D1, a Durable Object and a rate limit, compatibility date 2026-10-23, Node 24.21.0.
# Behaviour:
# - KV and R2: `put(undefined, …)` is stored under the key "undefined", and `get(undefined)` gives it to the next one. `delete(undefined)` deletes it.
# - Durable Objects: `idFromName(undefined)` and `getByName(undefined)` are the object named "undefined". `getByName("")` is an object, too.
# - A rate limit: `limit({ key: undefined })` counts all such requests as one, that of `key: ""`. A null or a number is refused ("invalid key").
# - `KV.list({ prefix: undefined })` and `BUCKET.list({ prefix: undefined })` list all keys of all users.
# - D1 refuses undefined as a bound value.
#
# Who is hurt: a Worker that takes the user's id from a claim or a field that one sign-in of many does not have: its users store into one place, read each other's, and stop each
# other by one limit. And one that erases a user by `list({ prefix: user.prefix })` and `delete` erases everybody. Nothing raises an error. Look at the id's type before any binding.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >wrangler.toml <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2026-10-23"
kv_namespaces = [{ binding = "KV", id = "kv" }]
r2_buckets = [{ binding = "BUCKET", bucket_name = "bucket" }]
d1_databases = [{ binding = "DB", database_name = "finding", database_id = "finding" }]
ratelimits = [{ name = "LIMIT", namespace_id = "1001", simple = { limit = 3, period = 60 } }]
[[durable_objects.bindings]]
name = "BOX"
class_name = "Box"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Box"]
TOML
cat >worker.mjs <<'JS'
import { DurableObject } from "cloudflare:workers";
export class Box extends DurableObject {
  async store(what) {
    const all = [...((await this.ctx.storage.get("all")) ?? []), what];
    await this.ctx.storage.put("all", all);
    return all;
  }
}
const said = (promise) => Promise.resolve().then(promise).catch((error) => error.message);
export default {
  async fetch(_, { KV, BUCKET, DB, LIMIT, BOX }) {
    const ann = {};
    const bob = {};
    const seen = {};
    await KV.put(ann.id, "Ann's share");
    seen.kv = [await KV.get(bob.id), (await KV.list()).keys.map((key) => key.name)];
    await KV.delete(bob.id);
    seen.kvAfter = (await KV.list()).keys.length;
    await BUCKET.put(ann.id, "Ann's share");
    seen.r2 = [await (await BUCKET.get(bob.id)).text(), (await BUCKET.list()).objects.map((object) => object.key)];
    await BUCKET.delete("undefined");
    for (const name of ["carol/1", "dave/1"]) await Promise.all([KV.put(name, "a share"), BUCKET.put(name, "a share")]);
    seen.lists = [(await KV.list({ prefix: ann.prefix })).keys.length, (await BUCKET.list({ prefix: ann.prefix })).objects.length];
    await BOX.getByName(ann.id).store("Ann's share");
    seen.objects = await BOX.getByName(bob.id).store("Bob's share");
    seen.sameId = BOX.idFromName(ann.id).equals(BOX.idFromName("undefined"));
    seen.emptyName = await BOX.getByName("").store("a share");
    seen.limit = [];
    for (const key of [ann.id, bob.id, ann.id, bob.id, ""]) seen.limit.push((await LIMIT.limit({ key })).success);
    seen.limitOthers = [await said(() => LIMIT.limit({ key: null })), await said(() => LIMIT.limit({ key: 7 })), (await LIMIT.limit({ key: "carol" })).success];
    seen.d1 = await said(() => DB.prepare("SELECT ?").bind(ann.id).run());
    return Response.json(seen);
  },
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const seen = await (await harness.fetch("/")).json();
console.log(seen);
const { d1, ...others } = seen;
assert.match(d1, /undefined/);
assert.deepEqual(others, {
  kv: ["Ann's share", ["undefined"]],
  kvAfter: 0,
  r2: ["Ann's share", ["undefined"]],
  lists: [2, 2],
  objects: ["Ann's share", "Bob's share"],
  sameId: true,
  emptyName: ["a share"],
  limit: [true, true, true, false, false],
  limitOthers: ["invalid key: null", "invalid key: 7", true],
});
await harness.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
