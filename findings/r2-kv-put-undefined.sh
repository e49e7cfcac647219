#!/usr/bin/env bash
# R2 and KV in workerd: a put of undefined is a success. In R2 the object that was there is empty afterwards.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local R2, KV, D1 and Queues, compatibility date 2026-10-23.
# Behaviour, of `put(key, undefined)` and `put(key, null)` on a key that has a value:
# - R2 resolves with the new object: size 0, in place of the one before. So it does with `onlyIf: { etagMatches }`. A number or an object is a TypeError.
# - KV resolves, and the value is the text "undefined", or "null". A number is written as its digits. An object is refused.
# - D1 refuses undefined as a bound value, and Queues refuse a message that is undefined.
# - A range that R2 cannot give, as a header (`range: request.headers` with "bytes=100-" of ten bytes, or with two ranges), is answered with the whole
#   object; the same range as `{ offset: 100 }` is an error.
#
# Who is hurt: a Worker that copies rows into a bucket, and reads a column that a migration has renamed: `put(row.id, row.share)` empties the good copy of
# each share, one after the other, with no error in any log. Look at the type before a put, and at the size of what it resolves with.
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
[[kv_namespaces]]
binding = "KV"
id = "finding"
[[d1_databases]]
binding = "DB"
database_name = "finding"
database_id = "00000000-0000-0000-0000-000000000001"
[[queues.producers]]
binding = "QUEUE"
queue = "finding"
TOML
cat >worker.mjs <<'JS'
import assert from "node:assert/strict";
const check = async ({ COPY, KV, DB, QUEUE }) => {
  const seen = {};
  for (const nothing of [undefined, null]) {
    const before = await COPY.put("share", "the share");
    assert.equal((await COPY.put("share", nothing)).size, 0);
    assert.equal(await (await COPY.get("share")).text(), "");
    const { etag } = await COPY.put("share", "the share");
    assert.equal(etag, before.etag);
    assert.equal((await COPY.put("share", nothing, { onlyIf: { etagMatches: etag } })).size, 0);
    await KV.put("share", "the share");
    await KV.put("share", nothing);
    seen[`KV, ${nothing}`] = await KV.get("share");
  }
  for (const [name, value] of Object.entries({ number: 5, object: { a: 1 } })) {
    await assert.rejects(COPY.put("share", value), TypeError);
    seen[`KV, ${name}`] = await KV.put("share", value).then(() => KV.get("share"), (error) => error.message);
  }
  await assert.rejects(async () => DB.prepare("SELECT ?1").bind(undefined).run(), /undefined/);
  await assert.rejects(async () => QUEUE.send(undefined), /undefined/);

  await COPY.put("ten", "0123456789");
  for (const range of ["bytes=100-", "bytes=0-1,4-5"])
    assert.equal(await (await COPY.get("ten", { range: new Headers({ range }) })).text(), "0123456789");
  assert.equal(await (await COPY.get("ten", { range: new Headers({ range: "bytes=2-4" }) })).text(), "234");
  await assert.rejects(COPY.get("ten", { range: { offset: 100 } }), /not satisfiable/);
  assert.match(seen["KV, object"], /accepts only strings/);
  assert.deepEqual({ ...seen, "KV, object": "" }, { "KV, undefined": "undefined", "KV, null": "null", "KV, number": "5", "KV, object": "" });
  return seen;
};
export default {
  fetch: (request, env) => check(env).then(Response.json, (error) => new Response(error.stack, { status: 500 })),
};
JS
cat >run.mjs <<'JS'
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const answer = await harness.fetch("/");
console.log(await answer.text());
await harness.close();
process.exit(answer.ok ? 0 : 1);
JS
node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
