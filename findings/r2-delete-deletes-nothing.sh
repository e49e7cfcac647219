#!/usr/bin/env bash
# R2 in workerd: a delete that deletes nothing is a success. Given what `list()` gives, it deletes nothing.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local R2, compatibility date 2026-10-23.
# Behaviour of `bucket.delete(…)`, which resolves with undefined in all of these cases:
# - given a key, or a list of keys: they are gone;
# - given the objects of a listing (`delete((await bucket.list()).objects)`), or one of them: all are still there. It takes texts, and makes one of
#   whatever it is given;
# - given a Set of keys, or undefined: nothing is deleted;
# - given a key that nobody has (a slip, a slash at the front, a key in other case), or a prefix: nothing is deleted.
#
# Who is hurt: whoever erases a person's copies because the person asked for it. Nothing fails, the audit says "erased", and the copies are there.
# Delete `objects.map(({ key }) => key)`, list once more, and call it done when the list is empty.
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
compatibility_flags = ["nodejs_compat"]
[[r2_buckets]]
binding = "COPY"
bucket_name = "finding"
TOML
cat >worker.mjs <<'JS'
import assert from "node:assert/strict";
const KEYS = ["ann/1", "ann/2", "bob/1"];
const check = async ({ COPY }) => {
  const left = {};
  /** What is there after a delete, of the same three objects each time. */
  const after = async (name, what) => {
    for (const key of KEYS) await COPY.put(key, "a copy");
    const { objects } = await COPY.list();
    assert.equal(await COPY.delete(what(objects)), undefined);
    left[name] = (await COPY.list()).objects.map(({ key }) => key).join(" ");
  };
  await after("a key", () => "ann/1");
  await after("keys", (objects) => objects.map(({ key }) => key));
  await after("objects", (objects) => objects);
  await after("an object", ([object]) => object);
  await after("a set", (objects) => new Set(objects.map(({ key }) => key)));
  await after("undefined", ([object]) => object.name);
  await after("no such key", () => ["/ann/1", "Ann/1", "ann"]);
  await after("a prefix", () => "ann/");
  return left;
};
export default {
  fetch: (request, env) => check(env).then(Response.json, (error) => new Response(error.stack, { status: 500 })),
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const answer = await harness.fetch("/");
const text = await answer.text();
assert.ok(answer.ok, text);
const left = JSON.parse(text);
console.log("left after the delete:", left);
const all = "ann/1 ann/2 bob/1";
assert.deepEqual(left, {
  "a key": "ann/2 bob/1", keys: "", objects: all, "an object": all, "a set": all, undefined: all, "no such key": all, "a prefix": all,
});
await harness.close();
process.exit(0);
JS
node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
