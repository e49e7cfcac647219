// CLIENT_AUTH = "jwt" with the tokens of the providers that docs/apps/providers.md names: each is tried with a token of the shape that
// the provider signs, under the settings of that page's table.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { makeKey, makeToken, seedUser } from "./support/identity.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const now = Math.floor(Date.now() / 1000);
const APP = "https://app.example.com";

/**
 * `here` stands for the capital letters in the page's table; `claims` are those of a token as the provider signs it, beside `iss`,
 * `iat` and `exp`; `published` is how its key set differs; `audience` is JWT_AUDIENCE, `another` how the token of another app of the same provider differs.
 */
const PROVIDERS = {
  Auth0: {
    alg: "RS256",
    here: { TENANT: "example.eu.auth0.com" },
    audience: "https://backup.example.com/",
    claims: {
      sub: "auth0|64f0c0ffee1234567890abcd",
      aud: ["https://backup.example.com/", "https://example.eu.auth0.com/userinfo"],
      scope: "openid profile email",
      azp: "x7Yk2cBqW8",
    },
    another: { aud: ["https://shop.example.com/", "https://example.eu.auth0.com/userinfo"] },
  },
  "Amazon Cognito": {
    alg: "RS256",
    header: { typ: undefined },
    here: { REGION: "eu-central-1", POOL: "eu-central-1_AbCdEfGhI" },
    audience: "4ios4ios4ios4ios,7and7and7and7and",
    claims: {
      sub: "8f14e45f-ceea-467f-9b2d-1c0ffee00001",
      aud: "4ios4ios4ios4ios",
      token_use: "id",
      auth_time: now,
      event_id: "0a1b2c3d-0000-4000-8000-000000000000",
      "cognito:username": "8f14e45f-ceea-467f-9b2d-1c0ffee00001",
      "cognito:groups": ["customers"],
      email_verified: true,
    },
    another: { aud: "9web9web9web9web" },
  },
  "Better Auth": {
    alg: "EdDSA",
    header: { typ: undefined },
    published: { use: undefined },
    here: { "YOUR-SERVER": "auth.example.com" },
    audience: "portal-backup",
    claims: { sub: "42AMVwRSihgnZtBFWkrIlvvWbXltzTXF", aud: "portal-backup" },
    // What its tokens name where no audience is set.
    another: { aud: "https://auth.example.com" },
  },
  Clerk: {
    alg: "RS256",
    header: { cat: "cl_B7d4PD111AAA" },
    here: { "YOUR-CLERK-DOMAIN": "clerk.example.com" },
    audience: "portal-backup",
    claims: {
      sub: "user_2abcDEF0123456789",
      aud: "portal-backup",
      azp: APP,
      nbf: now - 10,
      // A minute from when it is issued, however long the tests before take.
      get exp() {
        return Math.floor(Date.now() / 1000) + 60;
      },
      sid: "sess_2abcDEF0123456789",
      sts: "active",
      fva: [0, -1],
      v: 2,
    },
    another: { aud: "convex" },
  },
  Firebase: {
    alg: "RS256",
    here: { PROJECT: "example-app" },
    audience: "example-app",
    claims: {
      sub: "Zx9QmT0fire0base0uid00000001",
      user_id: "Zx9QmT0fire0base0uid00000001",
      aud: "example-app",
      auth_time: now - 60,
      firebase: { identities: { email: ["ada@example.com"] }, sign_in_provider: "password" },
    },
    another: { aud: "another-project" },
  },
  Supabase: {
    alg: "ES256",
    here: { PROJECT: "abcdefghijklmnop" },
    audience: "authenticated",
    claims: {
      sub: "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
      aud: "authenticated",
      role: "authenticated",
      aal: "aal1",
      amr: [{ method: "password", timestamp: now }],
      app_metadata: { provider: "email", providers: ["email"] },
      user_metadata: {},
      phone: "",
      is_anonymous: false,
    },
    another: { aud: "anon" },
  },
};

/** The rows of the page's table by their providers: what JWT_JWKS_URL and JWT_ISSUER are to be. */
const PAGE = Object.fromEntries(
  readFileSync(inRoot("docs", "apps", "providers.md"), "utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => cells.length === 7 && /^`https:/.test(cells[3]))
    .map(([, name, , jwks, issuer]) => [name, [jwks, issuer].map((cell) => /`([^`]+)`/.exec(cell)[1])]),
);

/** A Worker with the page's settings for a provider, and a maker of tokens as that provider signs them. */
async function start(t, name, vars = {}) {
  const { alg, header, published, here, audience, claims } = PROVIDERS[name];
  const filled = (text) =>
    Object.entries(here).reduce((found, [letters, value]) => found.replaceAll(letters, value), text);
  const [jwks, issuer] = PAGE[name].map(filled);
  const key = await makeKey(alg, "key-1", { published });
  const asked = [];
  const worker = await startWorker({
    vars: { CLIENT_AUTH: "jwt", JWT_JWKS_URL: jwks, JWT_ISSUER: issuer, JWT_AUDIENCE: audience, ...vars },
    outbound(request) {
      asked.push(request.url);
      return request.url === jwks ? Response.json({ keys: [key.jwk] }) : undefined;
    },
  });
  t.after(() => worker.stop());
  await seedUser(worker, { id: claims.sub, clientId: "client-1", clientApiKey: undefined, secrets: SECRETS });
  const token = (other) => makeToken(key, { claims: { iss: issuer, ...claims, ...other }, header });
  const path = `/users/${encodeURIComponent(claims.sub)}/user-backup-share?backupMethod=PASSWORD`;
  const send = async (method, other, body) => worker.send(method, path, { bearer: await token(other), body });
  return {
    jwks,
    asked,
    /** The status of a store and of the recovery after it, or of a store that was refused, with its detail. */
    async tried(other) {
      const stored = await send("POST", other, { cipherText: "cipher" });
      if (stored.status !== 200) return [stored.status, stored.body.detail];
      const fetched = await send("GET", other);
      return [stored.status, fetched.body.cipherText];
    },
  };
}

const GOOD = [200, "cipher"];

it("the page's table has the providers that are tried here, and no other", () => {
  assert.deepEqual(Object.keys(PAGE).sort(), Object.keys(PROVIDERS).sort());
});

for (const [name, { another }] of Object.entries(PROVIDERS)) {
  describe(name, () => {
    it("signs tokens that are good under the page's settings, and only for this app", async (t) => {
      const provider = await start(t, name);
      assert.deepEqual(await provider.tried(), GOOD);
      assert.deepEqual(provider.asked, [provider.jwks], "the keys are asked for where the page says");
      const [status, detail] = await provider.tried(another);
      assert.equal(status, 401);
      assert.match(detail, /audience/);
      assert.equal((await provider.tried({ iss: "https://example.org/" }))[0], 401);
      assert.equal((await provider.tried({ exp: now - 3_600 }))[0], 401);
      assert.equal((await provider.tried({ sub: "somebody-else" }))[0], 403);
    });
  });
}

describe("Amazon Cognito's access token, which has a client_id and no aud", () => {
  const { claims } = PROVIDERS["Amazon Cognito"];
  const access = (client_id) => ({
    aud: undefined,
    client_id,
    token_use: "access",
    scope: "aws.cognito.signin.user.admin",
    username: claims.sub,
    email_verified: undefined,
  });

  it("is refused under the usual settings, and the detail says that it names no audience", async (t) => {
    const provider = await start(t, "Amazon Cognito");
    const [status, detail] = await provider.tried(access("4ios4ios4ios4ios"));
    assert.equal(status, 401);
    assert.match(detail, /audience/);
  });

  it('is good with JWT_AUDIENCE_CLAIM = "client_id", for each app client of the list', async (t) => {
    const provider = await start(t, "Amazon Cognito", { JWT_AUDIENCE_CLAIM: "client_id" });
    for (const client of ["4ios4ios4ios4ios", "7and7and7and7and"])
      assert.deepEqual(await provider.tried(access(client)), GOOD, client);
    assert.equal((await provider.tried(access("9web9web9web9web")))[0], 401);
    assert.equal((await provider.tried())[0], 401, "the ID token names no client_id");
  });
});

it("Amazon Cognito's ID token is good for each app client of the list", async (t) => {
  const provider = await start(t, "Amazon Cognito");
  for (const aud of ["4ios4ios4ios4ios", "7and7and7and7and"])
    assert.deepEqual(await provider.tried({ aud }), GOOD, aud);
});

describe("Clerk's default session token, which has no aud", () => {
  it("is refused under the page's settings, and the detail says that it names no audience", async (t) => {
    const provider = await start(t, "Clerk");
    const [status, detail] = await provider.tried({ aud: undefined });
    assert.equal(status, 401);
    assert.match(detail, /audience/);
  });

  it("is good with JWT_AUDIENCE_CLAIM = \"azp\" and the web app's origin; a native app's has none", async (t) => {
    const provider = await start(t, "Clerk", { JWT_AUDIENCE_CLAIM: "azp", JWT_AUDIENCE: APP });
    assert.deepEqual(await provider.tried({ aud: undefined }), GOOD);
    assert.equal((await provider.tried({ aud: undefined, azp: undefined }))[0], 401);
    assert.equal((await provider.tried({ aud: undefined, azp: "https://phishing.example.com" }))[0], 401);
  });
});
