#!/usr/bin/env bash
# R2 in workerd: a conditional put that does not put is no error.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local R2, compatibility date 2026-10-23.
# Behaviour:
# - `put(key, value, { onlyIf: { etagDoesNotMatch: "*" } })` on a key that exists resolves with null. So does the repetition of
#   one's own put whose answer was lost.
# - A conditional `get` that fails resolves with an object (not null) without a body: `.text` is undefined.
# - `list()` gives every object's customMetadata as {}, unless `include: ["customMetadata"]` asks for it.
# - A stream of unknown length is refused; a wrong md5 is an error.
#
# Who is hurt: a backup job that awaits the put and counts it as written has copied nothing; a check that compares the metadata of
# a listing finds every object without any.
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
const check = async (env) => {
  const { COPY } = env;
  const create = (value) =>
    COPY.put("key", value, { onlyIf: { etagDoesNotMatch: "*" }, customMetadata: { digest: "abc" } });
  assert.equal((await create("first")).key, "key");
  const again = [await create("first"), await create("second")];
  assert.deepEqual(again, [null, null]);
  assert.equal(await (await COPY.get("key")).text(), "first");

  const unmet = await COPY.get("key", { onlyIf: { etagMatches: "another" } });
  assert.equal(unmet.key, "key");
  assert.equal(unmet.text, undefined);

  const listed = async (options) => (await COPY.list(options)).objects[0].customMetadata;
  assert.deepEqual([await listed(), await listed({ include: ["customMetadata"] })], [{}, { digest: "abc" }]);
  await assert.rejects(COPY.put("stream", new ReadableStream()), /known length/);
  await assert.rejects(COPY.put("sum", "text", { md5: "0".repeat(32) }), /MD5/);
  return { again, unmet: typeof unmet.text, listed: await listed() };
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
