#!/usr/bin/env bash
# Firebase's Admin SDKs: a custom token is a JWT of the server's own, in which every user has the same `sub`; and one environment variable
# takes its signature away.
#
# firebase-admin 14.5.1 (npm) with Node 24.21.0, and firebase-admin 7.7.0 (PyPI), each with a service account made up here.
# Behaviour of `createCustomToken("ann")`:
# - `iss` and `sub` are the service account's address, `aud` is Google's Identity Toolkit. The user is in `uid`; further claims are in
#   `claims`. The token of Node has no `kid`, that of Python has the account's key id. It lives for an hour.
# - Only an app that signs in with it (`signInWithCustomToken`) gets an ID token.
# - While FIREBASE_AUTH_EMULATOR_HOST is set, both make tokens with `"alg": "none"` and no signature, also with the real service account. Nothing
#   is said.
#
# Who is hurt: a backend that hands its users the custom token as their credential for another server. By `sub` all users are one; a server that
# finds keys by `kid` has none. And a server in whose environment the variable was left after a trial: no user can sign in.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts firebase-admin@14.5.1
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check firebase-admin==7.7.0

cat >tokens.mjs <<'JS'
import { readFileSync } from "node:fs";
import { cert, initializeApp } from "firebase-admin/app";
import { getAuth } from "firebase-admin/auth";
const auth = getAuth(initializeApp({ credential: cert(JSON.parse(readFileSync("account.json", "utf8"))) }));
console.log(await auth.createCustomToken("ann", { plan: "gold" }));
JS
cat >tokens.py <<'PY'
import firebase_admin
from firebase_admin import auth, credentials
firebase_admin.initialize_app(credentials.Certificate("account.json"))
token = auth.create_custom_token("ann", {"plan": "gold"})
print(token.decode() if isinstance(token, bytes) else token)
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const email = "backend@shop.iam.gserviceaccount.com";
const account = { type: "service_account", project_id: "shop", private_key_id: "key-1", private_key: privateKey.export({ type: "pkcs8", format: "pem" }) };
writeFileSync("account.json", JSON.stringify({ ...account, client_email: email, client_id: "1", token_uri: "https://oauth2.googleapis.com/token" }));
const token = (command, file, more) => {
  const { FIREBASE_AUTH_EMULATOR_HOST, ...env } = process.env;
  const [header, claims, signature] = execFileSync(command, [file], { env: { ...env, ...more }, encoding: "utf8" }).trim().split(".");
  const read = (part) => JSON.parse(Buffer.from(part, "base64url"));
  return { header: read(header), claims: read(claims), signed: signature !== "" };
};
for (const [command, file, kid] of [["node", "tokens.mjs", undefined], ["venv/bin/python", "tokens.py", PYTHON_KID]]) {
  const real = token(command, file);
  const { exp, iat, ...claims } = real.claims;
  console.log(file, real.header, real.claims);
  assert.equal(exp - iat, 3600);
  const aud = "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit";
  assert.deepEqual(claims, { iss: email, sub: email, aud, uid: "ann", claims: { plan: "gold" } });
  assert.deepEqual([real.header.alg, real.header.kid, real.signed], ["RS256", kid, true]);
  const emulated = token(command, file, { FIREBASE_AUTH_EMULATOR_HOST: "127.0.0.1:9099" });
  console.log(file, "with the variable:", emulated.header, emulated.claims.sub);
  assert.deepEqual([emulated.header.alg, emulated.signed], ["none", false]);
}
JS
sed -i 's/PYTHON_KID/"key-1"/' run.mjs
timeout 90 node --no-warnings run.mjs
echo "as stated: firebase-admin 14.5.1 (npm), firebase-admin 7.7.0 (PyPI)"
