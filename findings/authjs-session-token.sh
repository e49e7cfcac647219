#!/usr/bin/env bash
# Auth.js (NextAuth.js): its session token looks like a JWT, and no key at any address opens it.
#
# next-auth 4.24.15 and @auth/core 0.41.3 (Auth.js, next-auth 5), with jose 6.2.18 as the reader, Node 24.21.0.
# Behaviour:
# - With `strategy: "jwt"`, the default without a database, both make a token of five parts: encrypted under the server's secret ("dir"), not
#   signed. A verifier of signed tokens says that it is no JWS. There is no issuer, no audience and no public key.
# - The token of next-auth 4 cannot be read by Auth.js with the same secret, nor the other way round.
# - Auth.js mixes the cookie's name into the key. On https the cookie is "__Secure-authjs.session-token", else "authjs.session-token": the token of
#   the one cannot be read under the other's name with the same secret.
#
# Who is hurt: whoever takes the cookie, or `getToken({ raw: true })`, as the app's credential for another server, as "JWT sessions" invites to
# do: every request is 401, whatever is set there. And whoever moves from 4 to 5: all users are signed out at once.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps next-auth@4.24.15 @auth/core@0.41.3 jose@6.2.18

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import * as authjs from "@auth/core/jwt";
import * as jose from "jose";
import * as nextAuth from "next-auth/jwt";

const secret = "a secret of the server";
const [plain, secure] = ["authjs.session-token", "__Secure-authjs.session-token"];
const older = await nextAuth.encode({ token: { sub: "ann" }, secret });
const newer = await authjs.encode({ token: { sub: "ann" }, secret, salt: plain });
const { publicKey } = await jose.generateKeyPair("ES256");
for (const token of [older, newer]) {
  const header = jose.decodeProtectedHeader(token);
  console.log(token.split(".").length, "parts:", header.alg, header.enc);
  assert.equal(token.split(".").length, 5);
  assert.equal(header.alg, "dir");
  assert.throws(() => jose.decodeJwt(token), { code: "ERR_JWT_INVALID" });
  await assert.rejects(jose.jwtVerify(token, publicKey), { code: "ERR_JWS_INVALID" });
}
assert.equal((await nextAuth.decode({ token: older, secret })).sub, "ann");
assert.equal((await authjs.decode({ token: newer, secret, salt: plain })).sub, "ann");

const failed = [];
const fails = async (what, call) => failed.push(`${what}: ${await call.then(() => assert.fail(what), ({ message }) => message)}`);
await fails("4 read by 5", authjs.decode({ token: older, secret, salt: plain }));
await fails("5 read by 4", nextAuth.decode({ token: newer, secret }));
await fails("http's read on https", authjs.decode({ token: newer, secret, salt: secure }));
console.log(failed);
JS
timeout 60 node --no-warnings run.mjs
echo "as stated: next-auth 4.24.15, @auth/core 0.41.3, jose 6.2.18"
