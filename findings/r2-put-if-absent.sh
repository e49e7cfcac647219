#!/usr/bin/env bash
# R2 in workerd: "put only if nothing is there" in slightly other words overwrites what is there, without an error.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local R2, compatibility date 2026-10-23.
# Behaviour, with an object under the key:
# - `put(key, value, { onlyIf: { etagDoesNotMatch: "*" } })` and `{ onlyIf: new Headers({ "If-None-Match": "*" }) }` do not put.
# - These overwrite it: the header in a plain object (`{ onlyIf: { "If-None-Match": "*" } }`), the condition one level too high
#   (`{ etagDoesNotMatch: "*" }`), a name with a slip (`etagDoesntMatch`). An option that is not known is no error.
# - A multipart upload overwrites it at its `complete()`, whatever `onlyIf` was given to `createMultipartUpload` or `complete`.
# - `complete()` takes the parts that it is given: of three parts the first and the third make an object, without the second, and the upload
#   is over.
# - A condition with an object's `httpEtag` is an error; its `etag`, without the quotes, is right.
#
# Who is hurt: whoever keeps copies that are written once (a backup's share, a key in escrow), and relies on the condition. TypeScript sees some of it where
# the options stand in the call, JavaScript none. Test that the second put gives null and leaves the first one's text; put large objects
# under a name that is theirs alone, and look at `size`.
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
const check = async ({ COPY }) => {
  const seen = {};
  const after = async (name, put) => {
    await COPY.put("key", "first");
    const said = await put();
    seen[name] = `${said === null ? "null" : "an object"}, ${(await (await COPY.get("key")).text()).slice(0, 6)}`;
  };
  const options = {
    "as documented": { onlyIf: { etagDoesNotMatch: "*" } },
    "as documented, headers": { onlyIf: new Headers({ "If-None-Match": "*" }) },
    "a header in an object": { onlyIf: { "If-None-Match": "*" } },
    "a level too high": { etagDoesNotMatch: "*" },
    "a slip": { onlyIf: { etagDoesntMatch: "*" } },
  };
  for (const [name, option] of Object.entries(options)) await after(name, () => COPY.put("key", "second", option));

  const condition = { onlyIf: { etagDoesNotMatch: "*" } };
  await after("in parts", async () => {
    const upload = await COPY.createMultipartUpload("key", condition);
    return upload.complete([await upload.uploadPart(1, "second")], condition);
  });

  const upload = await COPY.createMultipartUpload("large");
  const full = new Uint8Array(5 * 1024 * 1024);
  const parts = [await upload.uploadPart(1, full), await upload.uploadPart(2, full), await upload.uploadPart(3, "end")];
  const { size } = await upload.complete([parts[0], parts[2]]);
  await assert.rejects(upload.complete(parts));
  seen["of three parts"] = size - full.length;

  const { httpEtag, etag } = await COPY.put("key", "first");
  await assert.rejects(COPY.put("key", "second", { onlyIf: { etagMatches: httpEtag } }), /quotes/);
  assert.equal((await COPY.put("key", "second", { onlyIf: { etagMatches: etag } })).key, "key");
  return seen;
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
const seen = JSON.parse(text);
console.log(seen);
assert.deepEqual(seen, {
  "as documented": "null, first",
  "as documented, headers": "null, first",
  "a header in an object": "an object, second",
  "a level too high": "an object, second",
  "a slip": "an object, second",
  "in parts": "an object, second",
  "of three parts": 3,
});
await harness.close();
process.exit(0);
JS
node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
