// Browser apps of other origins: the listed ones, exactly, on the apps' routes alone.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { seedUser } from "./support/identity.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const APP = "https://app.example.com";
const APP_ROUTES = {
  "/users/alice/user-backup-share": "GET, POST",
  "/users/alice/user-backup-shares": "GET, POST",
  "/users/alice/store-encrypted-user-backup-share": "POST",
  "/users/alice/encrypted-user-backup-shares": "GET",
  "/users/alice/backups": "GET",
  "/users/alice/custodian-backup-share": "GET",
  "/clients/client-alice/backup": "GET, POST",
};
const OTHER_ROUTES = [
  "/webhook/backup",
  "/webhook/backup/fetch",
  "/users",
  "/users/alice",
  "/users/alice/eject",
  "/users/alice/restore",
  "/audit",
  "/admin/keys",
  "/admin/status",
  "/healthz",
  "/nothing",
];

const corsHeaders = (answer) => [...answer.headers.keys()].filter((name) => name.startsWith("access-control-"));
const preflight = (worker, path, origin, method = "GET") =>
  worker.send("OPTIONS", path, {
    headers: {
      ...(origin === undefined ? {} : { origin }),
      "access-control-request-method": method,
      "access-control-request-headers": "authorization,content-type",
    },
  });

describe("CORS_ALLOWED_ORIGINS", () => {
  let worker;
  before(async () => {
    worker = await startWorker({ vars: { CORS_ALLOWED_ORIGINS: `${APP}, http://localhost:3000` } });
  });
  after(() => worker?.stop());
  beforeEach(async () => {
    await worker.clear();
    await seedUser(worker, { id: "alice", secrets: SECRETS });
  });

  it("answers a listed origin's preflight on every route of apps", async () => {
    for (const [path, methods] of Object.entries(APP_ROUTES)) {
      for (const origin of [APP, "http://localhost:3000"]) {
        const answer = await preflight(worker, path, origin);
        assert.equal(answer.status, 204, path);
        assert.equal(answer.text, "");
        assert.equal(answer.headers.get("access-control-allow-origin"), origin);
        assert.equal(answer.headers.get("access-control-allow-methods"), methods);
        assert.equal(answer.headers.get("access-control-allow-headers"), "authorization, content-type");
        assert.ok(Number(answer.headers.get("access-control-max-age")) > 0);
        assert.equal(answer.headers.get("vary"), "Origin");
        assert.equal(answer.headers.get("access-control-allow-credentials"), null);
      }
    }
  });

  it("compares origins exactly", async () => {
    for (const origin of [
      "https://app.example.com.evil.test",
      "https://evil-app.example.com",
      "https://sub.app.example.com",
      "http://app.example.com",
      "https://app.example.com:8443",
      "https://APP.example.com",
      "https://app.example.com/",
      "null",
      "*",
      "https://evil.test",
      "http://localhost:3001",
      "http://localhost",
    ]) {
      const asked = await preflight(worker, "/users/alice/backups", origin);
      assert.equal(asked.status, 403, origin);
      assert.equal(asked.body.code, "forbidden");
      const got = await worker.send("GET", "/users/alice/backups", { bearer: "key-of-alice", headers: { origin } });
      for (const answer of [asked, got]) assert.deepEqual(corsHeaders(answer), [], origin);
      assert.equal(got.headers.get("vary"), "Origin");
    }
  });

  it("lets an app read answers and errors alike, and Retry-After and the request's id with them", async () => {
    for (const [status, init] of [
      [200, { bearer: "key-of-alice" }],
      [401, { bearer: "wrong" }],
      [401, {}],
    ]) {
      const answer = await worker.send("GET", "/users/alice/backups", { ...init, headers: { origin: APP } });
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get("access-control-allow-origin"), APP);
      assert.equal(answer.headers.get("access-control-expose-headers"), "x-request-id, retry-after");
      assert.equal(answer.headers.get("access-control-allow-credentials"), null);
    }
    const wrongMethod = await worker.send("PUT", "/users/alice/user-backup-share", { headers: { origin: APP } });
    assert.equal(wrongMethod.status, 405);
    assert.equal(wrongMethod.headers.get("access-control-allow-origin"), APP);
    const tooLarge = await worker.send("POST", "/users/alice/user-backup-share", {
      bearer: "key-of-alice",
      headers: { origin: APP },
      body: "x".repeat(600 * 1024),
    });
    assert.equal(tooLarge.status, 413);
    assert.equal(tooLarge.headers.get("access-control-allow-origin"), APP);
  });

  it("opens nothing but the apps' routes", async () => {
    for (const path of OTHER_ROUTES) {
      const asked = await preflight(worker, path, APP, "POST");
      assert.notEqual(asked.status, 204, path);
      assert.deepEqual(corsHeaders(asked), [], path);
      const got = await worker.send("GET", path, { bearer: SECRETS.ADMIN_TOKEN, headers: { origin: APP } });
      assert.deepEqual(corsHeaders(got), [], path);
    }
  });

  it("changes nothing for requests without an origin", async () => {
    const answer = await worker.send("GET", "/users/alice/backups", { bearer: "key-of-alice" });
    assert.equal(answer.status, 200);
    assert.deepEqual(corsHeaders(answer), []);
    const options = await worker.send("OPTIONS", "/users/alice/backups");
    assert.equal(options.status, 405);
  });
});

describe("by default", () => {
  it("no browser is let in", async () => {
    const worker = await startWorker();
    try {
      for (const path of [...Object.keys(APP_ROUTES), ...OTHER_ROUTES]) {
        const answer = await preflight(worker, path, APP);
        assert.ok([404, 405].includes(answer.status), path);
        assert.deepEqual(corsHeaders(answer), [], path);
      }
      const answer = await worker.send("GET", "/users/alice/backups", { headers: { origin: APP } });
      assert.deepEqual(corsHeaders(answer), []);
    } finally {
      await worker.stop();
    }
  });

  for (const list of ["*", "https://*.example.com", "https://app.example.com/", "http://app.example.com", "null"]) {
    it(`an origin list of ${list} stops the service instead of opening it`, async () => {
      const worker = await startWorker({ vars: { CORS_ALLOWED_ORIGINS: list } });
      try {
        const answer = await preflight(worker, "/users/alice/backups", APP);
        assert.deepEqual(corsHeaders(answer), []);
        const got = await worker.send("GET", "/users/alice/backups", { bearer: "x", headers: { origin: APP } });
        assert.equal(got.body.code, "misconfigured");
      } finally {
        await worker.stop();
      }
    });
  }
});
