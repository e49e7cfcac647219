#!/usr/bin/env bash
# Secrets Store of Cloudflare: its binding under a secret's name is no text. Code that takes it for one gets "[object Fetcher]", without an error.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local Secrets Store, compatibility date 2026-10-23.
# Behaviour of a Worker whose secret `TOKEN` is moved from `wrangler secret put` into the Secrets Store, under the same name:
# - `env.TOKEN` is an object with `get()`. In a template text, in `String()` and in a header it is "[object Fetcher]"; the request goes out with
#   `Authorization: Bearer [object Fetcher]`.
# - `new TextEncoder().encode(env.TOKEN)` and `createHmac("sha256", String(env.TOKEN))` make a key of these 16 characters: the same key for every Worker and
#   every secret, and everybody knows it. Nothing is refused: what is sealed or signed with it opens and verifies, in this Worker.
# - Checks pass: `!env.TOKEN` is false, every property is there (`env.TOKEN.length` is an object), and `env.TOKEN.length < 32` is false.
# - `wrangler types` says `SecretsStoreSecret`; JavaScript, and `env: any`, compile.
#
# Who is hurt: whoever moves the key of stored shares to the Secrets Store. From then on shares are sealed with a key that is no secret, and those of before
# do not open. Look at `typeof env.TOKEN`, and await `env.TOKEN.get()`.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >wrangler.toml <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2026-10-23"
compatibility_flags = ["nodejs_compat"]
secrets_store_secrets = [
  { binding = "TOKEN", store_id = "0123456789abcdef0123456789abcdef", secret_name = "token" },
  { binding = "OTHER", store_id = "0123456789abcdef0123456789abcdef", secret_name = "other" },
]
TOML
cat >worker.mjs <<'JS'
import { createHmac } from "node:crypto";
const sign = async (secret) => {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return Buffer.from(await crypto.subtle.sign("HMAC", key, Buffer.from("a share"))).toString("hex");
};
const check = async ({ TOKEN, OTHER }) => ({
  type: typeof TOKEN,
  checks: [!TOKEN, typeof TOKEN.length, TOKEN.length < 32],
  header: new Request("https://backup.example", { headers: { authorization: `Bearer ${TOKEN}` } }).headers.get("authorization"),
  right: await sign(await TOKEN.get()),
  ofToken: await sign(TOKEN),
  ofOther: await sign(OTHER),
  ofTheText: await sign("[object Fetcher]"),
  hmac: createHmac("sha256", String(TOKEN)).update("a share").digest("hex"),
});
export default {
  fetch: (request, env) => check(env).then(Response.json, (error) => new Response(error.stack, { status: 500 })),
};
JS
for name in token other; do
  wrangler secrets-store secret create 0123456789abcdef0123456789abcdef --name "$name" --value "a secret: $name" --scopes workers >/dev/null 2>&1
done
wrangler types >/dev/null 2>&1
grep -o "TOKEN: .*" worker-configuration.d.ts | head -1
grep -q "TOKEN: SecretsStoreSecret" worker-configuration.d.ts
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { unstable_dev } from "wrangler";
const worker = await unstable_dev("worker.mjs", { config: "wrangler.toml", persist: true, experimental: { disableExperimentalWarning: true }, logLevel: "error" });
const answer = await worker.fetch("http://localhost/");
const text = await answer.text();
assert.ok(answer.ok, text);
const seen = JSON.parse(text);
console.log(seen);
assert.equal(seen.type, "object");
assert.deepEqual(seen.checks, [false, "function", false]);
assert.equal(seen.header, "Bearer [object Fetcher]");
assert.notEqual(seen.right, seen.ofToken);
for (const name of ["ofToken", "ofOther", "hmac"]) assert.equal(seen[name], seen.ofTheText, name);
await worker.stop();
process.exit(0);
JS
node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
