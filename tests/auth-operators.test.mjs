// Operators: two tokens during a change, and Cloudflare Access.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { jwtSettings, makeKey, makeToken, seedUser } from "./support/identity.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const PREVIOUS = "the-operator-token-before-0123456789abcdef";
const TEAM = "example.cloudflareaccess.com";
const AUD = "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2";
const ROUTES = [
  ["GET", "/users"],
  ["POST", "/users"],
  ["GET", "/users/alice"],
  ["DELETE", "/users/alice"],
  ["POST", "/users/alice/eject"],
  ["DELETE", "/users/alice/eject"],
  ["POST", "/users/alice/restore"],
  ["GET", "/users/alice/backups/history"],
  ["POST", "/users/alice/backups/restore"],
  ["GET", "/audit"],
  ["GET", "/admin/keys"],
  ["POST", "/admin/keys/rewrap"],
  ["POST", "/admin/keys/escrow"],
  ["POST", "/admin/rebuild"],
  ["GET", "/admin/status"],
  ["GET", "/admin/clock"],
  ["POST", "/admin/import"],
  ["GET", "/admin/export"],
];

describe("the operator token", () => {
  let worker;
  before(async () => {
    worker = await startWorker({ secrets: { ADMIN_TOKEN_PREVIOUS: PREVIOUS } });
  });
  after(() => worker?.stop());
  beforeEach(() => worker.clear());

  it("is good, and the previous one beside it", async () => {
    for (const bearer of [SECRETS.ADMIN_TOKEN, PREVIOUS])
      assert.equal((await worker.send("GET", "/users", { bearer })).status, 200);
  });

  it("leaves a warning as long as the previous one is in use", async () => {
    for (const [bearer, settings] of [
      [SECRETS.ADMIN_TOKEN, []],
      [PREVIOUS, ["ADMIN_TOKEN_PREVIOUS"]],
    ]) {
      worker.clearLogs();
      await worker.send("GET", "/users", { bearer });
      const warnings = worker.logLines().filter(({ message }) => message === "a previous secret is still in use");
      assert.deepEqual(
        warnings.map(({ setting }) => setting),
        settings,
      );
    }
  });

  it("is asked for on every route of operators, and nothing else will do", async () => {
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    for (const [method, path] of ROUTES) {
      for (const headers of [
        {},
        { authorization: "Bearer key-of-alice" },
        { authorization: `Bearer ${SECRETS.WEBHOOK_SECRET}`, "x-webhook-secret": SECRETS.WEBHOOK_SECRET },
        { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}x` },
        { authorization: `Bearer ${SECRETS.ADMIN_TOKEN.slice(0, -1)}` },
        { authorization: `Bearer ${SECRETS.ADMIN_TOKEN.toUpperCase()}` },
        { authorization: `Basic ${Buffer.from(`admin:${SECRETS.ADMIN_TOKEN}`).toString("base64")}` },
        { authorization: SECRETS.ADMIN_TOKEN },
        { "cf-access-jwt-assertion": SECRETS.ADMIN_TOKEN },
      ]) {
        const answer = await worker.send(method, path, { headers });
        assert.equal(answer.status, 401, `${method} ${path} ${JSON.stringify(headers).slice(0, 60)}: ${answer.text}`);
      }
    }
    assert.equal((await worker.sql("SELECT count(*) AS n FROM users"))[0].n, 1);
  });

  it("reads no share: it does no app's and no webhook's work", async () => {
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    for (const [method, path, body] of [
      ["GET", "/users/alice/user-backup-share"],
      ["GET", "/users/alice/custodian-backup-share?backupMethod=PASSWORD-SECP256K1"],
      ["POST", "/users/alice/user-backup-share", { cipherText: "x" }],
      ["POST", "/webhook/backup/fetch", { clientId: "client-alice" }],
    ]) {
      const answer = await worker.send(method, path, { bearer: SECRETS.ADMIN_TOKEN, body });
      assert.equal(answer.status, 401, `${method} ${path}: ${answer.text}`);
    }
  });

  for (const [what, secrets] of [
    ["is too short", { ADMIN_TOKEN: "short" }],
    ["was too short before", { ADMIN_TOKEN_PREVIOUS: "x".repeat(31) }],
  ]) {
    it(`stops the service when it ${what}`, async () => {
      const weak = await startWorker({ secrets });
      try {
        assert.equal((await weak.send("GET", "/users", { bearer: "short" })).body.code, "misconfigured");
      } finally {
        await weak.stop();
      }
    });
  }

  it("absent, the operator API is off", async () => {
    const off = await startWorker({ secrets: { ADMIN_TOKEN: null, ADMIN_TOKEN_PREVIOUS: PREVIOUS } });
    try {
      for (const bearer of ["", "undefined", "null", SECRETS.ADMIN_TOKEN, PREVIOUS]) {
        const answer = await off.send("GET", "/users", { headers: { authorization: `Bearer ${bearer}` } });
        assert.equal(answer.status, 503);
        assert.equal(answer.body.code, "misconfigured");
      }
    } finally {
      await off.stop();
    }
  });
});

describe("Cloudflare Access", () => {
  let key, foreign, worker, asked;
  let access = () => Response.json({ keys: [key.jwk], public_cert: {}, public_certs: [] });
  before(async () => {
    key = await makeKey("RS256", "access-1");
    foreign = await makeKey("RS256", "access-1");
    worker = await startWorker({
      secrets: { ADMIN_TOKEN: null },
      vars: { ACCESS_TEAM_DOMAIN: TEAM, ACCESS_AUD: AUD, ACCESS_ROLES: "support=*@example.com" },
      outbound: (request) => {
        asked = request.url;
        return access(request);
      },
    });
  });
  after(() => worker?.stop());
  beforeEach(() => worker.clear());

  const claims = {
    iss: `https://${TEAM}`,
    aud: [AUD],
    sub: "7335d417-61da-459d-899c-0a01c76a2f94",
    email: "op@example.com",
    type: "app",
  };
  const assertion = (more = {}, signer = key) => makeToken(signer, { claims: { ...claims, ...more } });
  const users = (token, { method = "GET", path = "/users", headers = {}, ...more } = {}) =>
    worker.send(method, path, {
      headers: { ...(token ? { "cf-access-jwt-assertion": token } : {}), ...headers },
      ...more,
    });

  it("vouches for operators, people and service tokens alike", async () => {
    for (const more of [{}, { sub: "", common_name: "deploy.access" }]) {
      assert.equal((await users(await assertion(more))).status, 200);
    }
    assert.equal(asked, `https://${TEAM}/cdn-cgi/access/certs`);
  });

  it("is not believed without its signature, for another application or another team, or too late", async () => {
    const good = await assertion();
    for (const [why, token] of Object.entries({
      none: undefined,
      foreign: await assertion({}, foreign),
      audience: await assertion({ aud: ["another-application"] }),
      team: await assertion({ iss: "https://evil.cloudflareaccess.com" }),
      expired: await assertion({ exp: Math.floor(Date.now() / 1000) - 120 }),
      tampered: `${good.slice(0, -6)}AAAAAA`,
      unsigned: `${good.split(".").slice(0, 2).join(".")}.`,
    })) {
      const answer = await users(token);
      assert.equal(answer.status, 401, why);
    }
  });

  it("is believed in its header alone, not in a cookie or as a bearer token", async () => {
    const token = await assertion();
    assert.equal((await users(undefined, { headers: { cookie: `CF_Authorization=${token}` } })).status, 401);
    assert.equal((await users(undefined, { bearer: token })).status, 401);
  });

  it("cannot be used from another origin's page, whose browser sends the cookie along", async () => {
    const token = await assertion();
    await users(token, { method: "POST", body: { id: "alice", clientId: "client-alice", clientApiKey: "k" } });
    const own = new URL(worker.url).origin;
    for (const origin of ["https://evil.example", "null", "http://localhost", `${own}.evil.example`]) {
      for (const method of ["POST", "DELETE"]) {
        const answer = await users(token, { method, path: "/users/alice/eject", headers: { origin } });
        assert.equal(answer.status, 403, `${method} ${origin}`);
      }
      const put = { method: "PUT", path: "/users/alice/client-api-key", body: { clientApiKey: "evil" } };
      assert.equal((await users(token, { ...put, headers: { origin } })).status, 403, `PUT ${origin}`);
    }
    const sameOrigin = await users(token, { method: "POST", path: "/users/alice/eject", headers: { origin: own } });
    assert.equal(sameOrigin.status, 201, sameOrigin.text);
    const look = await users(token, { method: "HEAD", path: "/readyz", headers: { origin: "https://evil.example" } });
    assert.equal(look.status, 200, "HEAD changes nothing");
  });

  it("opens no share", async () => {
    const token = await assertion();
    for (const path of ["/users/alice/user-backup-share", "/users/alice/custodian-backup-share"]) {
      assert.equal((await users(token, { path })).status, 401);
    }
  });

  it("not answering is 503, never 401", async () => {
    const usual = access;
    access = () => new Response("", { status: 500 });
    const down = await startWorker({
      secrets: { ADMIN_TOKEN: null },
      vars: { ACCESS_TEAM_DOMAIN: TEAM, ACCESS_AUD: AUD },
      outbound: (request) => access(request),
    });
    try {
      const answer = await down.send("GET", "/users", { headers: { "cf-access-jwt-assertion": await assertion() } });
      assert.equal(answer.status, 503);
      assert.equal(answer.body.code, "unavailable");
    } finally {
      access = usual;
      await down.stop();
    }
  });

  for (const vars of [
    { ACCESS_TEAM_DOMAIN: TEAM },
    { ACCESS_AUD: AUD },
    { ACCESS_TEAM_DOMAIN: `https://${TEAM}`, ACCESS_AUD: AUD },
  ]) {
    it(`set up by half stops the service: ${Object.keys(vars).join(", ")}`, async () => {
      const half = await startWorker({ vars });
      try {
        assert.equal((await half.send("GET", "/users", { bearer: SECRETS.ADMIN_TOKEN })).body.code, "misconfigured");
      } finally {
        await half.stop();
      }
    });
  }
});

it("the apps' identity provider makes nobody an operator, nor Cloudflare Access an app's user, whatever a token says", async () => {
  const [apps, access] = [await makeKey("RS256", "1"), await makeKey("RS256", "1")];
  const worker = await startWorker({
    vars: { ...jwtSettings("https://id.example"), ACCESS_TEAM_DOMAIN: TEAM, ACCESS_AUD: AUD },
    outbound: ({ url }) => Response.json({ keys: [(url.includes(TEAM) ? access : apps).jwk] }),
  });
  try {
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    const operator = { claims: { iss: `https://${TEAM}`, aud: [AUD], email: "op@example.com" } };
    for (const [signer, asOperator, asApp] of [
      [access, 200, 401],
      [apps, 401, 200],
      [access, 200, 401],
    ]) {
      const headers = { "cf-access-jwt-assertion": await makeToken(signer, operator) };
      assert.equal((await worker.send("GET", "/users", { headers })).status, asOperator);
      const bearer = await makeToken(signer);
      assert.equal((await worker.send("GET", "/users/alice/backups", { bearer })).status, asApp);
    }
  } finally {
    await worker.stop();
  }
});
