#!/usr/bin/env bash
# Clients of identity providers: the token that they give without a word may have expired. MSAL's ID token does, beside a good access token.
#
# @azure/msal-node 7.2.3 (Microsoft Entra) and oidc-client-ts 3.5.0, with Node 24.21.0; Entra's token endpoint is a stand-in.
# How long Entra's tokens live is from its pages (November 2026).
# Behaviour:
# - MSAL's `acquireTokenSilent()` gives the cached tokens as long as the access token is good. Entra's access tokens live for 60 to 90 minutes,
#   its ID tokens for 60: for the rest of the time `idToken` has expired. `expiresOn` is the access token's. Only `forceRefresh: true` renews.
# - oidc-client-ts: `getUser()` gives the stored tokens, an hour after their end too. Its own renewal is a timer, which runs while the page
#   does; only `user.expired` tells. `signinSilent()` renews.
#
# Who is hurt: an app that sends the ID token. For up to half an hour of every ninety minutes each request is 401; who takes that for a
# sign-out asks the user to sign in again, in the middle of a backup.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts @azure/msal-node@7.2.3 oidc-client-ts@3.5.0

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { PublicClientApplication } from "@azure/msal-node";
import { InMemoryWebStorage, User, UserManager, WebStorageStateStore } from "oidc-client-ts";

const now = Math.floor(Date.now() / 1000);
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

// Entra, 65 minutes after the sign-in: its ID token has lived for an hour, its access token lives for 90 minutes.
const host = "https://login.microsoftonline.com/tenant";
const claims = (exp) => ({ aud: "app", iss: `${host}/v2.0`, sub: "ann", oid: "uid", tid: "tenant", iat: exp - 3600, exp, ver: "2.0" });
const grants = [];
const networkClient = {
  sendGetRequestAsync: async (url) => assert.fail(url),
  sendPostRequestAsync: async (_, { body }) => {
    grants.push(new URLSearchParams(body).get("grant_type"));
    const exp = grants.length === 1 ? now - 300 : now + 3600;
    const tokens = { access_token: `access ${grants.length}`, refresh_token: "renewal", id_token: `${base64({ alg: "RS256" })}.${base64(claims(exp))}.c2ln` };
    const lives = grants.length === 1 ? 1500 : 5400;
    return { status: 200, headers: {}, body: { ...tokens, token_type: "Bearer", scope: "openid profile", expires_in: lives, client_info: base64({ uid: "uid", utid: "tenant" }) } };
  },
};
const authorityMetadata = JSON.stringify({
  authorization_endpoint: `${host}/oauth2/v2.0/authorize`, token_endpoint: `${host}/oauth2/v2.0/token`, issuer: `${host}/v2.0`, jwks_uri: `${host}/discovery/v2.0/keys`,
});
const msal = new PublicClientApplication({
  auth: { clientId: "app", authority: host, knownAuthorities: ["login.microsoftonline.com"], authorityMetadata },
  system: { networkClient },
});
const scopes = ["profile"];
const { account } = await msal.acquireTokenByCode({ code: "code", scopes, redirectUri: "http://localhost" });
const look = ({ accessToken, idToken, expiresOn }) => ({
  accessToken, idTokenLives: JSON.parse(Buffer.from(idToken.split(".")[1], "base64url")).exp - now, isGoodByExpiresOn: expiresOn > new Date(),
});
const silent = look(await msal.acquireTokenSilent({ account, scopes }));
const forced = look(await msal.acquireTokenSilent({ account, scopes, forceRefresh: true }));
console.log("MSAL:", silent, "with forceRefresh:", forced, grants);
assert.deepEqual(silent, { accessToken: "access 1", idTokenLives: -300, isGoodByExpiresOn: true });
assert.deepEqual(forced, { accessToken: "access 2", idTokenLives: 3600, isGoodByExpiresOn: true });
assert.deepEqual(grants, ["authorization_code", "refresh_token"]);

const store = new WebStorageStateStore({ store: new InMemoryWebStorage() });
const manager = new UserManager({ authority: "https://id.example.com", client_id: "app", redirect_uri: "https://app.example.com", userStore: store, stateStore: store });
await manager.storeUser(new User({ access_token: "access", id_token: "id", token_type: "Bearer", profile: { sub: "ann" }, expires_at: now - 3600 }));
const user = await manager.getUser();
console.log("oidc-client-ts:", user.access_token, "expired:", user.expired);
assert.deepEqual([user.access_token, user.id_token, user.expired], ["access", "id", true]);
process.exit(0);
JS
timeout 60 node --no-warnings run.mjs
echo "as stated: @azure/msal-node 7.2.3, oidc-client-ts 3.5.0"
