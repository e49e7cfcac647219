#!/usr/bin/env bash
# Rate-limit bindings of Workers: two bindings with one `namespace_id` share one count, whatever their limits.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local.
# Behaviour: with limits of 3 and 5 under the same namespace_id and the same key, three calls of the first leave the second two.
# Nothing at start-up says so. Refused calls are not counted. Two keys, or two namespaces, do not touch each other.
#
# Who is hurt: an environment or a second door that was made by copying the section shares its budget with the first: requests
# to staging, or refused logins, use up what the webhook may do.
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
[[ratelimits]]
name = "THREE"
namespace_id = "1"
simple = { limit = 3, period = 60 }
[[ratelimits]]
name = "FIVE"
namespace_id = "1"
simple = { limit = 5, period = 60 }
[[ratelimits]]
name = "OWN"
namespace_id = "2"
simple = { limit = 3, period = 60 }
TOML
cat >worker.mjs <<'JS'
import assert from "node:assert/strict";
const check = async (env) => {
  // A limiter forgets at the end of the clock's minute: begin in a fresh one where this one is nearly over.
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 10_000) await scheduler.wait(left + 100);
  const passed = async (limiter, key = "key") => {
    let count = 0;
    for (let call = 0; call < 8; call += 1) count += Number((await limiter.limit({ key })).success);
    return count;
  };
  const counts = { three: await passed(env.THREE), five: await passed(env.FIVE), own: await passed(env.OWN), otherKey: await passed(env.FIVE, "other") };
  assert.deepEqual(counts, { three: 3, five: 2, own: 3, otherKey: 5 });
  return counts;
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
