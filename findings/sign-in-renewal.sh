#!/usr/bin/env bash
# Clients of identity providers: Supabase's signs the user out when a renewal meets a rate limit, or a page of somebody else's.
#
# @supabase/supabase-js 2.119.0; as peers @aws-amplify/auth 6.21.1 (Cognito) and @firebase/auth 1.13.6, with Node 24.21.0, each with a stored
# sign-in whose token has to be renewed, and a stand-in for its provider on this machine.
# Behaviour, of the call that gives an app its token (`getSession()`, `fetchAuthSession()`, `getIdToken(true)`):
# - Where the provider refuses the renewal token, all three sign the user out. Amplify's call resolves, without tokens.
# - Supabase: a 429 does the same, also the JSON one by which Supabase limits the renewals of one address. So does a 403, 404, 408 or 511
#   with a page in HTML: a proxy's, or the Wi-Fi's sign-in page, which React Native sees as it is (a browser's CORS hides it). The session is
#   deleted from the device, and `getSession()` gives `session: null`. It keeps the session after a 503, a page with 200,
#   and a lost connection. Then it tries for 25 seconds, and gives `session: null` with an `error`.
# - Amplify and Firebase keep the sign-in in all these cases, and reject.
#
# Who is hurt: an app that finishes a broken-off backup when it starts, in an office behind one address, or in a hotel. The user is signed
# out; the cipher text waits on the device until they sign in again. `session?.access_token` in a header is "Bearer undefined".
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts @supabase/supabase-js@2.119.0 @aws-amplify/auth@6.21.1 @aws-amplify/core@6.19.2 @firebase/app@0.16.5 @firebase/auth@1.13.6

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { initializeApp } from "@firebase/app";
import { connectAuthEmulator, initializeAuth, inMemoryPersistence, signInWithCustomToken } from "@firebase/auth";
import { createClient } from "@supabase/supabase-js";
import { fetchAuthSession } from "@aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "@aws-amplify/auth/cognito";
import { Amplify } from "@aws-amplify/core";

console.error = console.warn = () => {}; // The clients print what they meet.
const json = (body) => ["application/json", JSON.stringify(body)];
const page = ["text/html", "<html>Sign in to the Wi-Fi</html>"];
/** What answers a renewal: by the same names, each provider in its own words. */
const pages = { "page 200": [200, ...page], "page 403": [403, ...page], "page 404": [404, ...page], "page 408": [408, ...page], "page 429": [429, ...page], "page 503": [503, ...page], "page 511": [511, ...page] };
const answers = {
  supabase: {
    refused: [400, ...json({ code: 400, error_code: "refresh_token_not_found", msg: "Invalid Refresh Token" })],
    limited: [429, ...json({ code: 429, error_code: "over_request_rate_limit", msg: "Request rate limit reached" })],
  },
  amplify: {
    refused: [400, ...json({ __type: "NotAuthorizedException", message: "Refresh Token has been revoked" })],
    limited: [400, ...json({ __type: "TooManyRequestsException", message: "Rate exceeded" })],
  },
  firebase: {
    refused: [400, ...json({ error: { code: 400, message: "TOKEN_EXPIRED" } })],
    limited: [429, ...json({ error: { code: 429, message: "TOO_MANY_ATTEMPTS_TRY_LATER" } })],
  },
};
const names = ["refused", "limited", ...Object.keys(pages), "cut"];
let now; // For Amplify and Firebase, one after the other; Supabase's have their name in the path.
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const seconds = () => Math.floor(Date.now() / 1000);
const token = (lives) => `${base64({ alg: "ES256" })}.${base64({ sub: "ann", user_id: "ann", iat: seconds(), exp: seconds() + lives })}.c2ln`;
const server = createServer((request, response) => {
  const send = (status, type, body) => response.writeHead(status, { "content-type": type }).end(body);
  if (request.url.includes("signInWithCustomToken")) return send(200, ...json({ idToken: token(3600), refreshToken: "renewal", expiresIn: "3600" }));
  if (request.url.includes("accounts:lookup")) return send(200, ...json({ users: [{ localId: "ann" }] }));
  const name = request.url.includes("/auth/v1/") ? decodeURIComponent(request.url.split("/")[1]) : now.name;
  const own = answers[request.url.includes("/auth/v1/") ? "supabase" : now.provider];
  if (name === "cut") return response.destroy();
  return send(...(own[name] ?? pages[name]));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}`;

const supabase = async (name) => {
  const stored = { access_token: token(-10), refresh_token: "renewal", expires_at: seconds() - 10, expires_in: 3600, token_type: "bearer", user: { id: "ann" } };
  const map = new Map([["session", JSON.stringify(stored)]]);
  const storage = { getItem: (key) => map.get(key) ?? null, setItem: (key, value) => void map.set(key, value), removeItem: (key) => void map.delete(key) };
  const client = createClient(`${url}/${encodeURIComponent(name)}`, "anon", { auth: { storage, storageKey: "session", autoRefreshToken: false } });
  const { data, error } = await client.auth.getSession();
  return `${map.has("session") ? "signed in" : "SIGNED OUT"}, session ${data.session}, ${error ? "error" : "no error"}`;
};
const amplify = async (name) => {
  now = { provider: "amplify", name };
  const of = "CognitoIdentityServiceProvider.client";
  const map = new Map([[`${of}.LastAuthUser`, "ann"], [`${of}.ann.accessToken`, token(-10)], [`${of}.ann.idToken`, token(-10)], [`${of}.ann.refreshToken`, "renewal"]]);
  cognitoUserPoolsTokenProvider.setKeyValueStorage({
    getItem: async (key) => map.get(key) ?? null, setItem: async (key, value) => void map.set(key, value), removeItem: async (key) => void map.delete(key), clear: async () => map.clear(),
  });
  const call = await fetchAuthSession().then(({ tokens }) => `resolves, tokens ${tokens}`, () => "rejects");
  return `${map.has(`${of}.ann.refreshToken`) ? "signed in" : "SIGNED OUT"}, ${call}`;
};
const firebase = async (name) => {
  now = { provider: "firebase", name };
  const auth = initializeAuth(initializeApp({ apiKey: "key", authDomain: "example.com" }, name), { persistence: inMemoryPersistence });
  connectAuthEmulator(auth, url, { disableWarnings: true });
  await signInWithCustomToken(auth, "custom");
  const call = await auth.currentUser.getIdToken(true).then(() => "resolves", () => "rejects");
  return `${auth.currentUser ? "signed in" : "SIGNED OUT"}, ${call}`;
};

const Auth = { Cognito: { userPoolId: "eu-west-1_pool", userPoolClientId: "client", userPoolEndpoint: url } };
cognitoUserPoolsTokenProvider.setAuthConfig(Auth);
Amplify.configure({ Auth }, { Auth: { tokenProvider: cognitoUserPoolsTokenProvider } });
const began = Date.now();
let longest = 0;
const first = Promise.all(names.map(async (name) => {
  const seen = await supabase(name);
  longest = Math.max(longest, Date.now() - began);
  return [name, seen];
}));
const seen = { supabase: Object.fromEntries(await first), amplify: {}, firebase: {} };
for (const name of names) {
  seen.amplify[name] = await amplify(name);
  seen.firebase[name] = await firebase(name);
}
console.dir(seen);
console.log(`Supabase's longest call: ${Math.round(longest / 1000)} s`);
const of = (signedOut, out, kept) => Object.fromEntries(names.map((name) => [name, signedOut.includes(name) ? out : kept]));
assert.deepEqual(seen, {
  supabase: of(["refused", "limited", "page 403", "page 404", "page 408", "page 429", "page 511"], "SIGNED OUT, session null, error", "signed in, session null, error"),
  amplify: of(["refused"], "SIGNED OUT, resolves, tokens undefined", "signed in, rejects"),
  firebase: of(["refused"], "SIGNED OUT, rejects", "signed in, rejects"),
});
assert.ok(longest > 20_000);
process.exit(0);
JS
timeout 120 node --no-warnings run.mjs
echo "as stated: @supabase/supabase-js 2.119.0, @aws-amplify/auth 6.21.1, @firebase/auth 1.13.6"
