// Users through Portal, against a small Portal on this machine that speaks the documented calls, and fails on demand.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { faultyBucketEntry, withCopy } from "./support/copy.mjs";
import { PORTAL_API_KEY, faults, startFakePortal } from "./support/fake-portal.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

describe("users through Portal", () => {
  let portal;
  let worker;
  before(async () => {
    portal = await startFakePortal();
    worker = await startWorker({ secrets: { PORTAL_API_KEY }, outbound: portal.outbound });
  });
  after(async () => {
    await worker?.stop();
    await portal?.stop();
  });
  beforeEach(async () => {
    portal.reset();
    await worker.clear();
  });

  const operator = (method, path, body) => worker.send(method, path, { body, bearer: SECRETS.ADMIN_TOKEN });
  const register = (body = {}) => operator("POST", "/users", body);
  const session = (id) => operator("POST", `/users/${encodeURIComponent(id)}/session`);
  const registered = async () =>
    (await worker.sql("SELECT id, client_id FROM users ORDER BY id")).map(({ id, client_id }) => ({
      id,
      clientId: client_id,
    }));

  function refused(answer, status, code, detail) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.body.code, code);
    assert.match(answer.body.detail, detail);
    for (const { clientApiKey, clientSessionToken } of portal.clients) {
      for (const secret of [clientApiKey, clientSessionToken, PORTAL_API_KEY]) {
        assert.ok(!answer.text.includes(secret));
        assert.ok(!worker.logs().some(({ message }) => message.includes(secret)), "a secret in the log");
      }
    }
  }

  it("makes the client, registers it and hands out its credentials", async () => {
    const answer = await register({ id: "user-1", isAccountAbstracted: true });
    assert.equal(answer.status, 201, answer.text);
    const [client] = portal.clients;
    const { id, clientApiKey, clientSessionToken } = client;
    assert.deepEqual(answer.body, { id: "user-1", clientId: id, clientApiKey, clientSessionToken });
    assert.equal(client.isAccountAbstracted, true);
    assert.deepEqual(portal.requests, [
      { method: "POST", path: "/api/v3/custodians/me/clients", body: { isAccountAbstracted: true } },
    ]);
    assert.deepEqual(await registered(), [{ id: "user-1", clientId: id }]);
  });

  it("gives a user without an id one of its own", async () => {
    const { status, body } = await register();
    assert.equal(status, 201);
    assert.match(body.id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(portal.requests[0].body, {});
  });

  it("lets the app in with the key that it was given", async () => {
    const { body } = await register({ id: "user-1" });
    const stored = await worker.send("POST", "/users/user-1/user-backup-share", {
      body: { backupMethod: "GDRIVE", cipherText: "c" },
      bearer: body.clientApiKey,
    });
    assert.equal(stored.status, 200);
  });

  it("keeps none of the credentials, and logs none", async () => {
    const { body } = await register({ id: "user-1" });
    const kept = JSON.stringify([
      await worker.sql("SELECT * FROM users"),
      await worker.sql("SELECT * FROM audit_events"),
      worker.logs(),
    ]);
    for (const secret of [body.clientApiKey, body.clientSessionToken, PORTAL_API_KEY])
      assert.ok(!kept.includes(secret));
    assert.deepEqual((await worker.sql("SELECT action, outcome FROM audit_events"))[0], {
      action: "register_user",
      outcome: "registered",
    });
  });

  it("makes no client for an id that is registered", async () => {
    await register({ id: "user-1" });
    refused(await register({ id: "user-1" }), 409, "conflict", /no client was made/);
    assert.equal(portal.clients.length, 1);
  });

  it("makes no client for a request that is not an operator's, or not right", async () => {
    assert.equal((await worker.send("POST", "/users", { body: {}, bearer: "wrong" })).status, 401);
    refused(await register({ id: "" }), 400, "invalid_field", /`id`/);
    refused(
      await register({ isAccountAbstracted: "yes" }),
      400,
      "invalid_field",
      /`isAccountAbstracted` must be true or false/,
    );
    refused(await register({ clientApiKey: "key-without-client" }), 400, "invalid_field", /`clientId`/);
    refused(await register({ place: "nowhere" }), 400, "invalid_field", /`place`/);
    refused(await register({ home: 99 }), 400, "invalid_field", /`home`/);
    assert.deepEqual(portal.requests, []);
  });

  it("names the client that was made for an id which someone else took meanwhile", async () => {
    portal.fault = async () => {
      await operator("POST", "/users", {
        id: "user-1",
        clientId: "the other client",
        clientApiKey: "key-of-the-other",
      });
      return false;
    };
    const answer = await register({ id: "user-1" });
    refused(
      answer,
      409,
      "conflict",
      /^Portal made the client client-1-\S+, but it is not registered\. .* is registered already/,
    );
    assert.ok(answer.body.detail.includes(portal.clients[0].id));
    assert.deepEqual(await registered(), [{ id: "user-1", clientId: "the other client" }]);
    assert.ok(
      worker.logLines().some(({ cause }) => cause?.includes(portal.clients[0].id)),
      "the operator finds it in the log",
    );
  });

  it("makes two clients for two users at once, and one user of one id", async () => {
    const answers = await Promise.all([
      register({ id: "a" }),
      register({ id: "b" }),
      register({ id: "c" }),
      register({ id: "c" }),
    ]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, 409]);
    assert.deepEqual(
      (await registered()).map(({ id }) => id),
      ["a", "b", "c"],
    );
    const lost = portal.clients.filter(({ id }) => !answers.some(({ body }) => body.clientId === id));
    for (const { id } of lost)
      assert.ok(
        answers.some(({ body }) => body.detail?.includes(id)),
        "the one in vain is named",
      );
  });

  for (const [what, fault, status, code, detail] of [
    ["answers 500", faults.status(500), 503, "unavailable", /not known whether Portal has made a client/],
    ["cuts the connection", faults.cut, 503, "unavailable", /not known whether Portal has made a client/],
    ["refuses with 422", faults.status(422), 503, "unavailable", /nothing was made/],
    ["has no such path", faults.status(404), 503, "unavailable", /nothing was made/],
    [
      "redirects",
      faults.status(307, { location: "https://elsewhere.example.com/" }),
      503,
      "unavailable",
      /nothing was made/,
    ],
    ["answers with no JSON", faults.body("<html>"), 503, "unavailable", /made a client, but its answer lacks/],
    [
      "answers with half of it",
      faults.body('{"id":"client-7"}'),
      503,
      "unavailable",
      /made a client client-7, but its answer lacks/,
    ],
    [
      "answers with a megabyte",
      faults.body(`{"id":"${"x".repeat(1 << 20)}"}`),
      503,
      "unavailable",
      /not known whether/,
    ],
    ["refuses the key", faults.status(403), 503, "misconfigured", /refuses the PORTAL_API_KEY; nothing was made/],
  ]) {
    it(`registers nothing and says what was made where Portal ${what}`, async () => {
      portal.fault = fault;
      const answer = await register({ id: "user-1" });
      refused(answer, status, code, detail);
      if (code === "unavailable") assert.ok(Number(answer.headers.get("retry-after")) > 0);
      assert.deepEqual(await registered(), []);
      assert.equal(portal.requests.length, 1, "what is not idempotent is not tried again");

      portal.fault = undefined;
      assert.equal((await register({ id: "user-1" })).status, 201);
    });
  }

  it("says that a client may have been made where the connection broke after the deed", async () => {
    portal.fault = faults.madeThenCut(portal);
    refused(await register({ id: "user-1" }), 503, "unavailable", /not known whether Portal has made a client/);
    assert.equal(portal.clients.length, 1);
    assert.deepEqual(await registered(), []);
  });

  it("passes Portal's limit on, with its Retry-After", async () => {
    portal.fault = faults.status(429, { "retry-after": "17" });
    const answer = await register({ id: "user-1" });
    refused(answer, 429, "rate_limited", /nothing was made/);
    assert.equal(answer.headers.get("retry-after"), "17");
  });

  it("does not wait for Portal for ever, and says that a client may have been made", { timeout: 30_000 }, async () => {
    portal.fault = faults.silent;
    refused(await register({ id: "user-1" }), 503, "unavailable", /not known whether Portal has made a client/);
  });

  describe("a session", () => {
    it("is made for the user's client", async () => {
      await register({ id: "user 1" });
      const answer = await session("user 1");
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.body.clientSessionToken, /^session-/);
      assert.deepEqual(Object.keys(answer.body), ["clientSessionToken"]);
      assert.equal(
        portal.requests[1].path,
        `/api/v3/custodians/me/clients/${encodeURIComponent(portal.clients[0].id)}/sessions`,
      );
      const events = await worker.sql(
        "SELECT action, user_id, outcome FROM audit_events WHERE action = 'create_session'",
      );
      assert.deepEqual(events, [{ action: "create_session", user_id: "user 1", outcome: "asked" }]);
    });

    it("asks for no other address, whatever the client id holds", async () => {
      await operator("POST", "/users", { id: "user-1", clientId: "../../x?y#z", clientApiKey: "key-of-user-1" });
      refused(await session("user-1"), 404, "unknown_client", /Portal knows no such client/);
      assert.equal(portal.requests[0].path, "/api/v3/custodians/me/clients/%2E%2E%2F%2E%2E%2Fx%3Fy%23z/sessions");
    });

    it("is refused for an unknown user, and for who is no operator", async () => {
      refused(await session("nobody"), 404, "unknown_user", /POST \/users/);
      const { body } = await register({ id: "user-1" });
      assert.equal((await worker.send("POST", "/users/user-1/session", { bearer: body.clientApiKey })).status, 401);
      assert.equal(portal.requests.length, 1);
    });

    it("is not made while Portal fails, and the user is told to try again", async () => {
      await register({ id: "user-1" });
      for (const fault of [
        faults.status(500),
        faults.cut,
        faults.body("<html>"),
        faults.body("{}"),
        faults.status(400),
      ]) {
        portal.fault = fault;
        refused(await session("user-1"), 503, "unavailable", /no session token/);
      }
      portal.fault = faults.status(429, {});
      assert.equal((await session("user-1")).headers.get("retry-after"), "60");
      portal.fault = faults.status(401);
      refused(await session("user-1"), 503, "misconfigured", /PORTAL_API_KEY/);
    });
  });
});

describe("while the database does not answer", () => {
  let portal;
  let worker;
  before(async () => {
    portal = await startFakePortal();
    worker = await startWorker({
      homes: 1, // a plan of faults is for the batches of one database
      main: inRoot("tests", "support", "faulty-entry.mjs"),
      secrets: { PORTAL_API_KEY },
      outbound: portal.outbound,
    });
  });
  after(async () => {
    await worker?.stop();
    await portal?.stop();
  });
  beforeEach(() => portal.reset());

  const register = (plan, then = "fail") =>
    worker.send("POST", "/users", {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "x-test-faults": JSON.stringify({ tag: "down", then, plan }) },
      body: { id: "user-1" },
    });

  it("makes no client for an id of which nobody can say whether it is taken", async () => {
    const { status, body, text } = await register([]);
    assert.deepEqual([status, body.code], [503, "unavailable"], text);
    assert.deepEqual(portal.requests, []);
  });

  it("names the client that was made, and that it is not registered", async () => {
    const { status, body, text } = await register(["pass"], { error: "D1_ERROR: D1 DB is overloaded." });
    assert.deepEqual([status, body.code], [503, "unavailable"], text);
    const [{ id, clientApiKey, clientSessionToken }] = portal.clients;
    assert.ok(
      body.detail.startsWith(`Portal made the client ${id}, but it is not registered.`) &&
        body.detail.includes("Try again after the time in Retry-After"),
      text,
    );
    assert.ok(
      worker.logLines().some(({ cause }) => cause?.includes(id)),
      "the operator finds it in the log",
    );
    for (const secret of [clientApiKey, clientSessionToken]) {
      assert.ok(!text.includes(secret));
      assert.ok(!worker.logs().some(({ message }) => message.includes(secret)), "a secret in the log");
    }
    assert.deepEqual(await worker.sql("SELECT id FROM users"), []);
    assert.equal(portal.clients.length, 1, "what is not idempotent is not tried again");
  });

  it("says that the user may be registered where the database's answer was lost, and how to go on then", async () => {
    const { status, body, text } = await register(["pass", "commit-then-fail"]);
    assert.deepEqual([status, body.code], [503, "unavailable"], text);
    assert.match(body.detail, /^Portal made the client client-1-\S+, and it may be registered: .* delete the user/);
    const [{ client_id }] = await worker.sql("SELECT client_id FROM users");
    assert.equal(client_id, portal.clients[0].id);
    const again = await register(["pass"]);
    assert.deepEqual([again.status, again.body.code], [409, "conflict"], again.text);
    assert.match(again.body.detail, /no client was made\. .* delete the user/);
  });
});

describe("where a second copy is required", () => {
  let portal;
  let worker;
  before(async () => {
    portal = await startFakePortal();
    worker = await startWorker({
      main: faultyBucketEntry,
      config: withCopy,
      vars: { COPY_REQUIRED: "yes", COPY_WAIT_MS: "400" },
      secrets: { PORTAL_API_KEY },
      outbound: portal.outbound,
    });
  });
  after(async () => {
    await worker?.stop();
    await portal?.stop();
  });

  it("a user's credentials are given though R2 does not take the copy: nobody gets them again", async () => {
    const entry = await worker.entry();
    await entry.bucket({ puts: "fail" });
    const { status, body, text } = await worker.send("POST", "/users", {
      bearer: SECRETS.ADMIN_TOKEN,
      body: { id: "user-1" },
    });
    assert.equal(status, 201, text);
    assert.equal(body.clientApiKey, portal.clients[0].clientApiKey);
    assert.ok(worker.logLines().some(({ message }) => message === "answered before its copy was there"));
  });
});

describe("without PORTAL_API_KEY", () => {
  let worker;
  before(async () => {
    worker = await startWorker();
  });
  after(() => worker?.stop());

  it("a user needs its client id, and no session can be had", async () => {
    const user = await worker.send("POST", "/users", { body: { id: "user-1" }, bearer: SECRETS.ADMIN_TOKEN });
    assert.equal(user.status, 400);
    assert.equal(user.body.field, "clientId");
    assert.match(user.body.detail, /PORTAL_API_KEY/);
    const session = await worker.send("POST", "/users/user-1/session", { bearer: SECRETS.ADMIN_TOKEN });
    assert.equal(session.status, 503);
    assert.equal(session.body.code, "misconfigured");
  });
});
