#!/usr/bin/env bash
# The Cache API of Workers: `put` resolves for what it does not keep.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local.
# Behaviour: `caches.default.put()` resolves and `match()` then finds nothing for an answer without Cache-Control (an ETag does not
# help), with `private`, `no-store` or `max-age=0`, or with Set-Cookie; and for a request with Authorization, unless the answer
# says `s-maxage`. A 206, a POST and `Vary: *` throw instead.
#
# Who is hurt: code that keeps an identity provider's keys in the cache, as the provider sends them, fetches them for every
# request, and is down when the provider is.
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
TOML
cat >worker.mjs <<'JS'
import assert from "node:assert/strict";
const check = async (env) => {
  let next = 0;
  const kept = async (headers, requestHeaders = {}) => {
    const request = () => new Request(`https://provider.example/${next}`, { headers: requestHeaders });
    next += 1;
    assert.equal(await caches.default.put(request(), new Response("keys", { headers })), undefined);
    return (await caches.default.match(request())) !== undefined;
  };
  const seen = {
    "max-age": await kept({ "cache-control": "max-age=60" }),
    nothing: await kept({}),
    "etag only": await kept({ etag: '"1"' }),
    private: await kept({ "cache-control": "private, max-age=60" }),
    "no-store": await kept({ "cache-control": "no-store" }),
    "max-age=0": await kept({ "cache-control": "max-age=0" }),
    "set-cookie": await kept({ "cache-control": "max-age=60", "set-cookie": "a=b" }),
    authorization: await kept({ "cache-control": "max-age=60" }, { authorization: "Bearer token" }),
    "authorization, s-maxage": await kept({ "cache-control": "s-maxage=60" }, { authorization: "Bearer token" }),
  };
  assert.deepEqual(
    Object.entries(seen).filter(([, yes]) => yes).map(([name]) => name),
    ["max-age", "authorization, s-maxage"],
  );
  const put = (status, headers, method = "GET") =>
    caches.default.put(new Request("https://provider.example/", { method }), new Response("keys", { status, headers }));
  await assert.rejects(put(206, { "cache-control": "max-age=60" }));
  await assert.rejects(put(200, { "cache-control": "max-age=60", vary: "*" }));
  await assert.rejects(put(200, { "cache-control": "max-age=60" }, "POST"));
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
