#!/usr/bin/env bash
# Ed25519 keys as JWK: Node writes an `alg` that workerd refuses, and jose takes for another algorithm.
#
# Node 24.21.0, wrangler 4.156.0 (workerd 1.20261023.1), jose 6.2.18.
# Behaviour:
# - Node's WebCrypto exports an Ed25519 key with `"alg": "Ed25519"` (the name of RFC 9864), workerd's with `"alg": "EdDSA"`.
# - workerd's `importKey` refuses the first: DataError. Without `alg` it takes the same key.
# - jose, in workerd and in Node, takes a key of a set only for tokens of the very same name: a set that says "Ed25519" has no key for
#   a token whose header says "EdDSA", though key and signature are right.
#
# Who is hurt: a provider that renews its libraries publishes the same key under the other name, and every login fails.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0 jose@6.2.18
export PATH="$dir/node_modules/.bin:$PATH"

cat >wrangler.toml <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2026-10-23"
compatibility_flags = ["nodejs_compat"]
TOML
cat >worker.mjs <<'JS'
import assert from "node:assert/strict";
import * as jose from "jose";
const check = async (env) => {
  const { jwk, token } = env.NODE;
  assert.equal(jwk.alg, "Ed25519");
  const importing = (key) => crypto.subtle.importKey("jwk", key, "Ed25519", true, ["verify"]);
  const refused = await importing(jwk).catch((error) => error);
  assert.equal(refused.name, "DataError");
  const { alg, ...unnamed } = jwk;
  const own = await crypto.subtle.exportKey("jwk", await importing(unnamed));
  assert.equal(own.alg, "EdDSA");

  const verifying = (key) => jose.jwtVerify(token, jose.createLocalJWKSet({ keys: [key] }));
  assert.equal((await verifying({ ...unnamed, alg: "EdDSA" })).payload.sub, "user-1");
  const missing = await verifying(jwk).catch((error) => error);
  assert.equal(missing.code, "ERR_JWKS_NO_MATCHING_KEY");
  return { refused: refused.message, exported: own.alg, missing: missing.message };
};
export default {
  fetch: (request, env) => check(env).then(Response.json, (error) => new Response(error.stack, { status: 500 })),
};
JS
cat >run.mjs <<'JS'
import { SignJWT } from "jose";
import { createTestHarness } from "wrangler";
const { publicKey, privateKey } = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
const jwk = await crypto.subtle.exportKey("jwk", publicKey);
const token = await new SignJWT({ sub: "user-1" }).setProtectedHeader({ alg: "EdDSA" }).sign(privateKey);
const config = { name: "finding", main: "worker.mjs", compatibility_date: "2026-10-23", compatibility_flags: ["nodejs_compat"], vars: { NODE: { jwk, token } } };
const harness = createTestHarness({ workers: [{ config }] });
await harness.listen();
const answer = await harness.fetch("/");
console.log(await answer.text());
await harness.close();
process.exit(answer.ok ? 0 : 1);
JS
node run.mjs
echo "as stated: Node 24.21.0, jose 6.2.18, wrangler 4.156.0, workerd 1.20261023.1"
