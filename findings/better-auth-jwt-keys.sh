#!/usr/bin/env bash
# Better Auth's JWT plugin: the first key signs for ever, whatever the settings say later, and a new secret ends all tokens.
#
# better-auth 1.7.25 (npm) with its memory adapter, Node 24.21.0.
# Behaviour, of a server that has made its first token:
# - `jwks: { rotationInterval }` that is added afterwards changes nothing: a key's end is written down when the key is made, and the
#   first one has none. Set from the beginning, it works: the next token after the interval has another key.
# - `jwks: { keyPairConfig: { alg: "ES256" } }` that is added afterwards changes nothing: tokens are signed with EdDSA as before.
# - The private key is sealed with `secret`. After a change of the secret, people can sign in, `/jwks` answers as before, and `/token` is 500 with
#   an empty body for everybody, until the row in the table `jwks` is removed.
# - By default the token holds the person's name, e-mail address and times of their account beside `sub`, and its audience is Better Auth's own
#   address: every server that takes the tokens sees them, and a token for one is a token for all.
#
# Who is hurt: a company that believes its keys to be rotated, as its settings say. And one whose secret has leaked: with the new secret
# nobody gets a token, so nobody backs up or recovers. Remove the row when you change the secret, the algorithm or the interval (tokens under
# its key are refused then, and made anew), and set `jwt: { audience, definePayload }`.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 better-auth@1.7.25
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { jwt } from "better-auth/plugins";

const baseURL = "http://127.0.0.1:3000";
let tables;
const server = (options, secret = "a secret of the first year, long") => {
  const rest = { logger: { disabled: true }, telemetry: { enabled: false }, rateLimit: { enabled: false } };
  return betterAuth({ baseURL, secret, database: memoryAdapter(tables), emailAndPassword: { enabled: true }, plugins: [jwt(options)], ...rest });
};
const body = { email: "ann@example.com", password: "a long password", name: "Ann" };
const cookieOf = ({ headers }) => headers.get("set-cookie").split(";")[0];
const signUp = async () => {
  tables = { user: [], session: [], account: [], verification: [], jwks: [] };
  return cookieOf(await server().api.signUpEmail({ body, returnHeaders: true }));
};
const get = async (auth, path, cookie) => {
  console.error = () => {};
  const answer = await auth.handler(new Request(`${baseURL}/api/auth${path}`, { headers: { cookie } }));
  const text = await answer.text();
  return { status: answer.status, text, ...(text && JSON.parse(text)) };
};
const part = (token, i) => JSON.parse(Buffer.from(token.split(".")[i], "base64url"));
const keyOf = async (auth, cookie) => part((await get(auth, "/token", cookie)).token, 0);
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const cookie = await signUp();
const { token } = await get(server(), "/token", cookie);
const first = part(token, 0);
const claims = part(token, 1);
console.log("the first token:", first, claims);
assert.equal(first.alg, "EdDSA");
assert.deepEqual([claims.name, claims.email, claims.sub, claims.aud, claims.iss], ["Ann", "ann@example.com", tables.user[0].id, baseURL, baseURL]);

const rotated = server({ jwks: { rotationInterval: 1 } });
assert.deepEqual(await keyOf(rotated, cookie), first);
tables.jwks[0].createdAt = new Date("2025-01-01");
await later(1500);
assert.deepEqual(await keyOf(rotated, cookie), first);
assert.deepEqual(await keyOf(server({ jwks: { keyPairConfig: { alg: "ES256" } } }), cookie), first);
console.log("rotationInterval of a second, and ES256, added afterwards: the same key");

const renamed = server({}, "a secret of the second year, long");
const again = cookieOf(await renamed.api.signInEmail({ body, returnHeaders: true }));
const refused = await get(renamed, "/token", again);
const { keys } = await get(renamed, "/jwks", again);
console.log("another secret:", refused, keys.map(({ kid }) => kid));
assert.deepEqual([refused, keys.map(({ kid }) => kid)], [{ status: 500, text: "" }, [first.kid]]);
tables.jwks.length = 0;
assert.notEqual((await keyOf(renamed, again)).kid, first.kid);

// Set from the beginning.
const other = await signUp();
const fresh = server({ jwks: { rotationInterval: 1 } });
const { kid } = await keyOf(fresh, other);
await later(1500);
assert.notEqual((await keyOf(fresh, other)).kid, kid);
tables.jwks.length = 0;
assert.equal((await keyOf(server({ jwks: { keyPairConfig: { alg: "ES256" } } }), other)).alg, "ES256");
process.exit(0);
JS
node --no-warnings run.mjs
echo "as stated: better-auth 1.7.25"
