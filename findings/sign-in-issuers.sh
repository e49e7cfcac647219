#!/usr/bin/env bash
# Sign-ins of Stytch and Descope: the issuer that their SDK shows, or that its address suggests, is not the one in the token.
#
# stytch 14.2.0 and @descope/node-sdk 2.13.0, each as the verifier of tokens that are made here with a key made here, jose 6.2.18 as any other verifier;
# Node 24.21.0. The keys come from a stand-in on this machine.
# Behaviour:
# - Stytch's session token: `iss` is "stytch.com/PROJECT", or the address that the SDK asks (a company's own domain, say) without the slash at its end.
#   "https://stytch.com/PROJECT" is refused. `aud` must be the project's id. What `authenticateJwtLocal` gives has neither of the two.
# - Descope's: the SDK takes four kinds of `iss` for one project: its bare id ("P2abc"), and URLs with the id as the last part, or the last but one. In
#   what `validateSession` gives it writes the bare id over `iss`, whatever the token says.
# - So jose with the issuer that Descope's SDK shows refuses a token that the SDK took.
# - The keys: Stytch's SDK asks for /v1/sessions/jwks/PROJECT, Descope's for https://api.descope.com/v2/keys/PROJECT.
#
# Who is hurt: whoever gives such a token to another server, with the issuer that stood in the log of their own backend. Every request is 401, and each part
# of the settings looks right. Decode a real token, and take `iss` from there.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts stytch@14.2.0 @descope/node-sdk@2.13.0 jose@6.2.18

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import descope from "@descope/node-sdk";
import * as jose from "jose";
import stytch from "stytch";
const { publicKey, privateKey } = await jose.generateKeyPair("RS256");
const keys = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: "key", alg: "RS256", use: "sig" }] };
const asked = new Set();
const server = createServer((request, response) => {
  asked.add(request.url);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(keys));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;
globalThis.fetch = async (url) => {
  asked.add(String(url.url ?? url));
  return Response.json(keys);
};
const now = Math.floor(Date.now() / 1000);
const sign = (claims) =>
  new jose.SignJWT({ sub: "ann", iat: now, exp: now + 300, ...claims }).setProtectedHeader({ alg: "RS256", kid: "key", typ: "JWT" }).sign(privateKey);
const orRefused = (promise) => promise.catch(({ message }) => /unexpected "iss"|missing required "aud"/.exec(message)?.[0] ?? message);

// Stytch
console.warn = () => {}; // that the address is not Stytch's
const project = new stytch.Client({ project_id: "project-live-1", secret: "secret", env: `${base}/` });
const times = { started_at: "2026-11-30T00:00:00Z", last_accessed_at: "2026-11-30T00:00:00Z", expires_at: "2026-12-30T00:00:00Z" };
const session = { "https://stytch.com/session": { id: "session", ...times, attributes: {}, authentication_factors: [], roles: [] } };
const taken = {};
for (const [name, claims] of Object.entries({
  "bare": { iss: "stytch.com/project-live-1", aud: ["project-live-1"] },
  "with https": { iss: "https://stytch.com/project-live-1", aud: ["project-live-1"] },
  "the address": { iss: base, aud: ["project-live-1"] },
  "no audience": { iss: "stytch.com/project-live-1" },
}))
  taken[name] = await orRefused(
    project.sessions.authenticateJwtLocal({ session_jwt: await sign({ ...claims, ...session }) }).then((given) => {
      assert.equal("iss" in given || "aud" in given || "iss" in given.custom_claims || "aud" in given.custom_claims, false);
      return given.user_id;
    }),
  );
console.log("Stytch:", taken);
assert.deepEqual(taken, { bare: "ann", "with https": 'unexpected "iss"', "the address": "ann", "no audience": 'missing required "aud"' });

// Descope
const client = descope({ projectId: "P2abc" });
const shown = {};
for (const iss of ["P2abc", "https://api.descope.com/P2abc", "https://api.descope.com/v1/apps/P2abc", "https://api.descope.com/P2abc/SSO", "https://api.descope.com/P2"])
  shown[iss] = await orRefused(client.validateSession(await sign({ iss })).then(({ token }) => token.iss));
console.log("Descope's issuer, as the SDK shows it:", shown);
assert.deepEqual(shown, {
  P2abc: "P2abc",
  "https://api.descope.com/P2abc": "P2abc",
  "https://api.descope.com/v1/apps/P2abc": "P2abc",
  "https://api.descope.com/P2abc/SSO": "P2abc",
  "https://api.descope.com/P2": 'unexpected "iss"',
});
const token = await sign({ iss: "https://api.descope.com/P2abc" });
const { token: given } = await client.validateSession(token);
await assert.rejects(jose.jwtVerify(token, publicKey, { issuer: given.iss }), { claim: "iss" });
await jose.jwtVerify(token, publicKey, { issuer: "https://api.descope.com/P2abc" });

console.log("asked for keys:", [...asked]);
assert.deepEqual([...asked], ["/v1/sessions/jwks/project-live-1", "https://api.descope.com/v2/keys/P2abc"]);
process.exit(0);
JS
timeout 100 node run.mjs
echo "as stated: stytch 14.2.0, @descope/node-sdk 2.13.0, jose 6.2.18"
