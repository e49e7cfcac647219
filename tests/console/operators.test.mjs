// Operators have names and roles: who may do what, as a whole table, and what the trail and the log say of it.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { assertProblem, user } from "../support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS } from "../support/console.mjs";
import { startWorker } from "../support/harness.mjs";
import { makeKey, makeToken } from "../support/identity.mjs";
import { ROUTES, owner } from "../support/routes.mjs";

const RANK = { viewer: 0, support: 1, admin: 2 };
/** The lowest role that may: a route of operators that is missing here fails the test. */
const NEEDED = {
  "GET /users": "viewer",
  "GET /users/{userId}": "viewer",
  "GET /users/{userId}/backups": "viewer",
  "GET /users/{userId}/backups/history": "viewer",
  "GET /users/{userId}/timeline": "viewer",
  "GET /audit": "viewer",
  "GET /approvals": "viewer",
  "GET /metrics": "viewer",
  "GET /admin/metrics": "viewer",
  "GET /admin/me": "viewer",
  "GET /admin/status": "viewer",
  "GET /admin/half-finished": "viewer",
  "POST /users": "support",
  "PUT /users/{userId}/client-api-key": "support",
  "POST /users/{userId}/session": "support",
  "POST /users/{userId}/backups/restore": "support",
  "POST /users/{userId}/restore": "support",
  "POST /users/{userId}/eject": "support",
  "DELETE /users/{userId}/eject": "support",
  "DELETE /users/{userId}/quota": "support",
  "POST /approvals/{approvalId}": "support",
  "DELETE /approvals/{approvalId}": "support",
  "DELETE /users/{userId}": "admin",
  "DELETE /users/{userId}/purge": "admin",
  "DELETE /users/{userId}/backups": "admin",
  "GET /admin/clock": "admin",
  "GET /admin/keys": "admin",
  "POST /admin/keys/rewrap": "admin",
  "POST /admin/import": "admin",
  "GET /admin/export": "admin",
};
const OPERATIONS = ROUTES.filter(({ credential }) => ["admin", "either"].includes(credential));
const [viewer, support, admin] = ["viewer", "support", "admin"].map((role) => OPERATORS[role]);

describe("roles", () => {
  let worker;
  let act;
  before(async () => {
    worker = await startWorker({ secrets: { OPERATOR_TOKENS } });
    act = backups(worker);
  });
  after(() => worker?.stop());
  beforeEach(async () => {
    await worker.clear();
    await act.register(owner);
  });

  const send = (route, token) =>
    worker.send(route.method, route.path, {
      bearer: token,
      body: route.body,
      headers: route.body === undefined ? {} : { "content-type": route.type },
    });

  for (const route of OPERATIONS) {
    const needed = NEEDED[route.name] ?? "admin";
    for (const who of [viewer, support, admin]) {
      const may = RANK[who.role] >= RANK[needed];
      test(`${route.name}: a ${who.role} ${may ? "may" : "may not"}`, async () => {
        const answer = await send(route, who.token);
        if (may) return assert.ok(![401, 403].includes(answer.status), answer.text);
        assertProblem(answer, 403, "forbidden");
        assert.ok(answer.body.detail.includes(`This takes the role ${needed}.`), answer.body.detail);
        const [event] = await worker.sql("SELECT * FROM audit_events ORDER BY id DESC LIMIT 1");
        assert.deepEqual([event.action, event.outcome, event.operator], ["authenticate", "forbidden", who.name]);
        const users = await worker.sql("SELECT count(*) AS n FROM users");
        assert.equal(users[0].n, 1, "nothing was done");
      });
    }
  }

  test("every event of an operator names the operator, and can be found by the name", async () => {
    for (const route of OPERATIONS.filter(({ method }) => method !== "GET")) await send(route, support.token);
    await send(
      OPERATIONS.find(({ name }) => name === "DELETE /users/{userId}"),
      admin.token,
    );
    const events = await worker.sql("SELECT * FROM audit_events WHERE actor = 'admin' ORDER BY id");
    assert.ok(events.length > 6);
    for (const event of events.slice(1, -1)) assert.equal(event.operator, support.name, event.action);
    assert.equal(events.at(-1).operator, admin.name);
    const { body } = await act.admin("GET", `/audit?operator=${support.name}&limit=1000`);
    assert.deepEqual(new Set(body.events.map(({ operator }) => operator)), new Set([support.name]));
    assert.equal(body.events.length, events.filter(({ operator }) => operator === support.name).length);
  });

  test("the log's line of a request names the operator, and no other line does", async () => {
    worker.clearLogs();
    await worker.send("GET", "/users", { bearer: viewer.token });
    await worker.send("DELETE", "/users/nobody", { bearer: viewer.token });
    await act.fetchCustodian(owner);
    const lines = worker.logLines().filter(({ message }) => message === "request");
    assert.deepEqual(
      lines.map(({ operator }) => operator),
      [viewer.name, viewer.name, undefined],
    );
  });

  test("what Portal and apps do names no operator", async () => {
    await act.custodian(owner, "GDRIVE-SECP256K1", "c1");
    await act.cipherText(owner, "GDRIVE", "u1");
    const events = await worker.sql("SELECT operator FROM audit_events WHERE actor <> 'admin'");
    assert.deepEqual(
      events.map(({ operator }) => operator),
      [null, null],
    );
  });

  test("/admin/me tells who the credential makes you", async () => {
    for (const { name, role, token } of [viewer, support, admin]) {
      const { body } = await worker.send("GET", "/admin/me", { bearer: token });
      const homes = worker.homes.length > 1 ? { homes: [...worker.homes.keys()] } : {};
      assert.deepEqual(body, { name, role, fourEyes: [], warnings: [], ...homes });
    }
  });

  test("looking at a person is an event, once for each operator, person and quarter of an hour", async () => {
    const ada = user("ada");
    await act.register(ada);
    const views = async () =>
      (await worker.sql("SELECT operator, user_id FROM audit_events WHERE action = 'view_user' ORDER BY id")).map(
        ({ operator, user_id: id }) => `${operator} ${id}`,
      );
    const ways = (who) => [
      `/users/${who.id}/backups`,
      `/users/${who.id}/backups/history`,
      `/audit?userId=${who.id}`,
      `/users/${who.id}/timeline`,
    ];
    const look = (token, who) => Promise.all(ways(who).map((path) => worker.send("GET", path, { bearer: token })));
    for (const path of ways(owner)) {
      await worker.send("GET", path, { bearer: viewer.token });
      assert.deepEqual(await views(), [`vera ${owner.id}`], path);
      await worker.sql("DELETE FROM audit_events WHERE action = 'view_user'");
    }
    await look(viewer.token, owner);
    await look(viewer.token, owner);
    assert.deepEqual(await views(), [`vera ${owner.id}`]);
    await look(support.token, owner);
    await look(viewer.token, ada);
    assert.deepEqual(await views(), [`vera ${owner.id}`, `sam ${owner.id}`, `vera ${ada.id}`]);
    // A quarter of an hour later.
    const earlier = (Date.now() - 16 * 60_000).toString(16).padStart(12, "0");
    await worker.sql(
      "UPDATE audit_events SET id = ? || substr(id, 14) WHERE action = 'view_user' AND operator = 'sam'",
      `${earlier.slice(0, 8)}-${earlier.slice(8)}`,
    );
    await look(support.token, owner);
    assert.equal((await views()).filter((view) => view === `sam ${owner.id}`).length, 2);
  });

  test("an app that looks at its own backups leaves no such event", async () => {
    await act.app(owner, "GET", `${act.path(owner)}/backups`);
    assert.deepEqual(await worker.sql("SELECT 1 FROM audit_events WHERE action = 'view_user'"), []);
  });

  const reasons = [
    ["POST", (path) => `${path}/eject`, { minutes: 5 }, "open_eject"],
    ["DELETE", (path) => `${path}/eject`, {}, "close_eject"],
    ["PUT", (path) => `${path}/client-api-key`, { clientApiKey: "another-client-api-key" }, "replace_client_api_key"],
    ["DELETE", (path) => path, {}, "delete_user"],
    ["POST", (path) => `${path}/restore`, {}, "restore_user"],
    ["DELETE", (path) => `${path}?purge=${owner.clientId}`, {}, "purge_user"],
  ];
  test("a reason stands in the event of what it was given for", async () => {
    for (const [method, path, body, action] of reasons) {
      const reason = `because of ${action}`;
      const answer = await act.admin(method, path(act.path(owner)), { ...body, reason });
      assert.ok(answer.status < 300, `${action}: ${answer.text}`);
      const [event] = await worker.sql("SELECT reason, action FROM audit_events ORDER BY id DESC LIMIT 1");
      assert.deepEqual(event, { reason, action });
    }
  });

  test("a reason stands in the event of a version's restore, too", async () => {
    for (const share of ["c1", "c2"]) await act.custodian(owner, "GDRIVE-SECP256K1", share);
    const [{ id: versionId }] = await act.history(owner);
    const reason = "the phone was lost";
    const body = { versionId, reason };
    assert.equal((await act.admin("POST", `${act.path(owner)}/backups/restore`, body)).status, 200);
    const events = await worker.sql("SELECT reason FROM audit_events WHERE action = 'restore_version'");
    assert.deepEqual(events, [{ reason }]);
  });

  test("a reason is one line of at most 256 characters, and may be left out", async () => {
    for (const reason of ["x".repeat(257), "two\nlines", 5]) {
      const answer = await act.admin("POST", `${act.path(owner)}/eject`, { reason });
      assertProblem(answer, 400, "invalid_field", { field: "reason" });
    }
    for (const reason of ["é".repeat(256), "", null, undefined])
      assert.equal((await act.admin("POST", `${act.path(owner)}/eject`, { reason })).status, 201);
  });
});

describe("Cloudflare Access", () => {
  const AUD = "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2";
  const TEAM = "example.cloudflareaccess.com";
  let worker;
  let key;
  before(async () => {
    key = await makeKey("RS256", "access-1");
    worker = await startWorker({
      vars: {
        ACCESS_TEAM_DOMAIN: TEAM,
        ACCESS_AUD: AUD,
        ACCESS_ROLES: "support=*@example.com, admin=ann@example.com, support=robot.access",
      },
      outbound: () => Response.json({ keys: [key.jwk] }),
    });
  });
  after(() => worker?.stop());

  const me = async (claims) => {
    const token = await makeToken(key, { claims: { iss: `https://${TEAM}`, aud: [AUD], ...claims } });
    const { body, text } = await worker.send("GET", "/admin/me", { headers: { "cf-access-jwt-assertion": token } });
    assert.ok(body.name, text);
    return [body.name, body.role];
  };

  test("gives the operator's e-mail, and ACCESS_ROLES the role: a viewer's where none fits", async () => {
    assert.deepEqual(await me({ email: "ann@example.com" }), ["ann@example.com", "admin"]);
    assert.deepEqual(await me({ email: "bob@example.com" }), ["bob@example.com", "support"]);
    assert.deepEqual(await me({ email: "eve@elsewhere.com" }), ["eve@elsewhere.com", "viewer"]);
    assert.deepEqual(await me({ common_name: "robot.access" }), ["robot.access", "support"]);
  });

  test("knows a person by the e-mail, whatever other name the token has, and by no name that cannot be one", async () => {
    const both = { email: "eve@elsewhere.com", common_name: "ann@example.com" };
    assert.deepEqual(await me(both), ["eve@elsewhere.com", "viewer"]);
    for (const email of ["", "a\nb@example.com", `${"a".repeat(128)}@example.com`])
      assert.deepEqual(await me({ email }), ["unnamed", "viewer"], email);
  });
});

describe("settings", () => {
  const wrong = [
    ["OPERATOR_TOKENS", { secrets: { OPERATOR_TOKENS: "ann:support:short" } }],
    ["OPERATOR_TOKENS", { secrets: { OPERATOR_TOKENS: `ann:chief:${"x".repeat(32)}` } }],
    ["OPERATOR_TOKENS", { secrets: { OPERATOR_TOKENS: `ann:support:${admin.token}` } }],
    ["ACCESS_ROLES", { vars: { ACCESS_ROLES: "ann@example.com" } }],
    ["FOUR_EYES", { vars: { FOUR_EYES: "delete" } }],
  ];
  for (const [index, [name, settings]] of wrong.entries()) {
    test(`a malformed ${name} stops the service (${index})`, async () => {
      const worker = await startWorker(settings);
      try {
        assertProblem(await worker.send("GET", "/users", { bearer: admin.token }), 503, "misconfigured");
        assert.ok(worker.logLines().some(({ cause }) => cause?.startsWith(name)));
      } finally {
        await worker.stop();
      }
    });
  }

  test("tokens of OPERATOR_TOKENS open without an ADMIN_TOKEN, too", async () => {
    const worker = await startWorker({ secrets: { ADMIN_TOKEN: null, OPERATOR_TOKENS } });
    try {
      assert.equal((await worker.send("GET", "/users", { bearer: viewer.token })).status, 200);
      assert.equal((await worker.send("GET", "/users", { bearer: admin.token })).status, 401);
    } finally {
      await worker.stop();
    }
  });
});
