// Two pairs of eyes: what FOUR_EYES lists waits for a second operator, and is carried out once or never.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, beforeEach, describe, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { assertProblem, user } from "../support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS } from "../support/console.mjs";
import { startWorker } from "../support/harness.mjs";

const { viewer, support, second, admin, chief } = OPERATORS;
/** Sam once more: another token, and another spelling. */
const SAM_AGAIN = "another-token-of-sam-0123456789abcdef012345";
const ADMIN_PREVIOUS = "the-admin-token-before-0123456789abcdef";

const worker = await startWorker({
  secrets: { OPERATOR_TOKENS: `${OPERATOR_TOKENS},Sam:admin:${SAM_AGAIN}`, ADMIN_TOKEN_PREVIOUS: ADMIN_PREVIOUS },
  vars: { FOUR_EYES: "eject,purge,client-api-key", PURGE_DELAY_HOURS: "0" },
});
const act = backups(worker);
const ada = user("ada");
const path = act.path(ada);

after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await act.register(ada);
  await act.custodian(ada, "GDRIVE-SECP256K1", "c1");
  await act.cipherText(ada, "GDRIVE", "u1");
});

const NEW_KEY = "another-client-api-key-of-ada";
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const REQUESTS = {
  eject: {
    ask: (token, body = {}) => worker.send("POST", `${path}/eject`, { bearer: token, body: { minutes: 7, ...body } }),
    isDone: async () => (await worker.sql("SELECT 1 FROM eject_windows")).length === 1,
    event: ["open_eject", "opened"],
    shown: { minutes: 7 },
  },
  purge: {
    ask: (token, body = {}) => worker.send("DELETE", `${path}?purge=${ada.clientId}`, { bearer: token, body }),
    isDone: async () => (await worker.sql("SELECT 1 FROM users")).length === 0,
    event: ["purge_user", "purged"],
    shown: { clientId: ada.clientId },
  },
  "client-api-key": {
    ask: (token, body = {}) =>
      worker.send("PUT", `${path}/client-api-key`, { bearer: token, body: { clientApiKey: NEW_KEY, ...body } }),
    isDone: async () =>
      (await act.fetchCipherText({ ...ada, clientApiKey: NEW_KEY }, { backupMethod: "GDRIVE" })).status === 200,
    event: ["replace_client_api_key", "replaced"],
  },
};
const approve = (id, token) => worker.send("POST", `/approvals/${id}`, { bearer: token });
const refuse = (id, token) => worker.send("DELETE", `/approvals/${id}`, { bearer: token });
const waiting = async () => (await worker.send("GET", "/approvals", { bearer: viewer.token })).body.approvals;
const asked = async (action, token = admin.token, body = undefined) => {
  const answer = await REQUESTS[action].ask(token, body);
  assert.equal(answer.status, 202, answer.text);
  return answer.body;
};

for (const [action, { isDone, event, shown }] of Object.entries(REQUESTS)) {
  describe(action, () => {
    test("waits, and is carried out by another operator's approval, with both names in its event", async () => {
      const request = await asked(action, admin.token, { reason: "asked for on the phone" });
      assert.equal(await isDone(), false);
      assert.deepEqual(await waiting(), [request]);
      const { id, minutes, clientId, requestedBy, role, userId, reason, requestedAt, expiresAt } = request;
      assert.deepEqual({ minutes, clientId }, { minutes: null, clientId: null, ...shown });
      assert.deepEqual([requestedBy, role, userId, reason], ["admin", "admin", ada.id, "asked for on the phone"]);
      assert.equal(Date.parse(expiresAt) - Date.parse(requestedAt), 24 * 3_600_000);
      const answer = await approve(id, chief.token);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual([answer.body.requestedBy, answer.body.approvedBy], ["admin", "carl"]);
      assert.equal(await isDone(), true);
      assert.deepEqual(await waiting(), []);
      const events = await worker.sql(
        "SELECT outcome, operator, approved_by, reason FROM audit_events WHERE action = ? ORDER BY id",
        event[0],
      );
      assert.deepEqual(events, [
        { outcome: "waiting", operator: "admin", approved_by: null, reason: "asked for on the phone" },
        { outcome: event[1], operator: "admin", approved_by: "carl", reason: "asked for on the phone" },
      ]);
      for (const name of ["admin", "carl"]) {
        const { body } = await act.admin("GET", `/audit?operator=${name}&action=${event[0]}`);
        assert.ok(body.events.some(({ outcome }) => outcome === event[1]));
      }
    });

    test("is carried out once, by one of two approvals at the same time", async () => {
      const { id } = await asked(action);
      const answers = await Promise.all([chief, { token: SAM_AGAIN }, chief].map(({ token }) => approve(id, token)));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409]);
      assert.equal(await isDone(), true);
      const done = await worker.sql("SELECT 1 FROM audit_events WHERE outcome = ?", event[1]);
      assert.equal(done.length, 1);
      assertProblem(await approve(id, chief.token), 409, "conflict");
    });

    test("is not carried out by who asked for it, under any token", async () => {
      const { id } = await asked(action);
      for (const token of [admin.token, ADMIN_PREVIOUS]) assertProblem(await approve(id, token), 403, "forbidden");
      assert.equal(await isDone(), false);
      assert.equal((await waiting()).length, 1);
    });

    test("is not carried out after its end", async () => {
      const { id } = await asked(action);
      await worker.sql("UPDATE approvals SET expires_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 second')");
      assertProblem(await approve(id, chief.token), 409, "conflict");
      assert.equal(await isDone(), false);
      assert.deepEqual(await waiting(), []);
    });

    test("is not carried out once it is refused", async () => {
      const { id } = await asked(action);
      assert.equal((await refuse(id, chief.token)).status, 204);
      assertProblem(await approve(id, chief.token), 409, "conflict");
      assertProblem(await refuse(id, chief.token), 409, "conflict");
      assert.equal(await isDone(), false);
      const [refusal] = await worker.sql("SELECT * FROM audit_events WHERE action = 'refuse_approval'");
      assert.deepEqual([refusal.outcome, refusal.operator, refusal.user_id], ["refused", "carl", ada.id]);
    });
  });
}

test("a purge of a deleted user is not carried out on one who is back: 409", async () => {
  for (const [what, back] of [
    ["restored", () => act.restoreUser(ada)],
    ["registered", () => act.register(ada)],
  ]) {
    await act.deleteUser(ada);
    const { id } = await asked("purge");
    await back();
    assertProblem(await approve(id, chief.token), 409, "conflict");
    assert.equal((await act.admin("GET", path)).status, 200, what);
    assert.equal((await refuse(id, chief.token)).status, 204);
  }
});

test("a request about a user who was deleted meanwhile is not carried out, and waits for who comes back: 409", async () => {
  for (const [action, { isDone }] of Object.entries(REQUESTS).filter(([action]) => action !== "purge")) {
    const { id } = await asked(action);
    await act.deleteUser(ada);
    assertProblem(await approve(id, chief.token), 409, "conflict", { what: action });
    assert.equal((await waiting()).length, 1);
    await act.restoreUser(ada);
    assert.equal((await approve(id, chief.token)).status, 200);
    assert.equal(await isDone(), true);
  }
});

test("a purge of a deleted user is carried out as long as the user stays away", async () => {
  await act.deleteUser(ada);
  const { id } = await asked("purge");
  assert.equal((await approve(id, chief.token)).status, 200);
  assert.deepEqual(await worker.sql("SELECT 1 FROM deleted_users"), []);
});

test("a purge that was asked for while the user was there is carried out once the user is deleted", async () => {
  const { id } = await asked("purge");
  await act.deleteUser(ada);
  assert.equal((await approve(id, chief.token)).status, 200);
  assert.deepEqual(await worker.sql("SELECT 1 FROM deleted_users"), []);
});

test("who asked under another token, spelt another way, is still the same", async () => {
  const { id } = await asked("eject", support.token);
  assertProblem(await approve(id, SAM_AGAIN), 403, "forbidden");
  assert.equal((await approve(id, second.token)).status, 200);
});

test("an approval takes at least the role of who asked", async () => {
  const { id } = await asked("eject", admin.token);
  assertProblem(await approve(id, second.token), 403, "forbidden");
  assertProblem(await refuse(id, second.token), 403, "forbidden");
  assertProblem(await approve(id, viewer.token), 403, "forbidden");
  assert.equal(await REQUESTS.eject.isDone(), false);
  assert.equal((await approve(id, chief.token)).status, 200);
});

test("a decision that an operator may not take leaves an event with that operator's name alone", async () => {
  const { id } = await asked("eject", admin.token);
  for (const token of [second.token, admin.token]) assertProblem(await approve(id, token), 403, "forbidden");
  assertProblem(await refuse(id, second.token), 403, "forbidden");
  const events = await worker.sql(
    "SELECT outcome, operator, approved_by FROM audit_events WHERE action = 'authenticate' ORDER BY id",
  );
  assert.deepEqual(
    events,
    ["sue", "admin", "sue"].map((operator) => ({
      outcome: "forbidden",
      operator,
      approved_by: null,
    })),
  );
});

test("who asked may withdraw", async () => {
  const { id } = await asked("eject", support.token);
  assert.equal((await refuse(id, support.token)).status, 204);
  assert.deepEqual(await waiting(), []);
});

test("a role that may not do it may not ask for it either", async () => {
  assertProblem(await REQUESTS.eject.ask(viewer.token), 403, "forbidden");
  assertProblem(await REQUESTS.purge.ask(support.token), 403, "forbidden");
  assert.deepEqual(await waiting(), []);
});

test("a request about nobody does not wait", async () => {
  assertProblem(
    await worker.send("POST", "/users/nobody/eject", { bearer: admin.token, body: {} }),
    404,
    "unknown_user",
  );
  assertProblem(await approve("nothing", chief.token), 404, "not_found");
  await act.deleteUser(ada);
  for (const action of ["eject", "client-api-key"])
    assertProblem(await REQUESTS[action].ask(admin.token), 404, "unknown_user", { what: action });
  assert.deepEqual(await waiting(), []);
});

test("no API key is kept while its replacement waits", async () => {
  await asked("client-api-key");
  const rows = JSON.stringify(await worker.sql("SELECT * FROM approvals"));
  assert.ok(!rows.includes(NEW_KEY));
});

test("what FOUR_EYES does not list is carried out at once", async () => {
  assert.equal((await worker.send("DELETE", `${path}/eject`, { bearer: support.token })).status, 204);
  assert.equal((await worker.send("DELETE", path, { bearer: chief.token })).status, 204);
});

test("the requests come in pages, the oldest first", async () => {
  const ids = [];
  for (let n = 0; n < 3; n++) ids.push((await asked("eject")).id);
  const first = (await worker.send("GET", "/approvals?limit=2", { bearer: viewer.token })).body;
  assert.deepEqual(
    first.approvals.map(({ id }) => id),
    ids.slice(0, 2),
  );
  const rest = (await worker.send("GET", `/approvals?limit=2&cursor=${first.cursor}`, { bearer: viewer.token })).body;
  assert.deepEqual([rest.approvals.map(({ id }) => id), rest.cursor], [ids.slice(2), null]);
  await refuse(ids[2], chief.token);
  const whole = (await worker.send("GET", "/approvals?limit=2", { bearer: viewer.token })).body;
  assert.deepEqual([whole.approvals.length, whole.cursor], [2, null], "only one that is decided comes behind");
});

test("no registration sets a key that would open cipher texts", async () => {
  const registration = (more) =>
    worker.send("POST", "/users", { bearer: admin.token, body: { id: ada.id, clientId: ada.clientId, ...more } });
  const opensWith = (clientApiKey) =>
    act.fetchCipherText({ ...ada, clientApiKey }, { backupMethod: "GDRIVE" }).then(({ status }) => status === 200);

  // A user without a key, as one that only logged in with a token.
  await worker.sql("UPDATE users SET client_api_key_hash = NULL");
  const first = await registration({ clientApiKey: NEW_KEY });
  assertProblem(first, 409, "conflict");
  assert.match(first.body.detail, /PUT \/users\/:userId\/client-api-key/);
  assert.equal(await opensWith(NEW_KEY), false);

  // A deleted user, whose cipher text a restore of its version would bring back. The key that it had is no new one.
  await worker.sql("UPDATE users SET client_api_key_hash = ?", sha256(ada.clientApiKey));
  await act.deleteUser(ada);
  assertProblem(await registration({ clientApiKey: NEW_KEY }), 409, "conflict");
  assert.equal((await act.admin("GET", path)).status, 404);
  assert.equal((await registration({ clientApiKey: ada.clientApiKey })).status, 201);

  const events = await worker.sql(
    "SELECT user_id, outcome FROM audit_events WHERE action = 'register_user' AND outcome <> 'registered'",
  );
  assert.deepEqual(
    events,
    Array.from({ length: 2 }, () => ({ user_id: ada.id, outcome: "needs_approval" })),
  );
});

test("a registration gives a user its first key as long as there is no cipher text", async () => {
  const bob = user("bob");
  await act.admin("POST", "/users", { id: bob.id, clientId: bob.clientId, clientApiKey: bob.clientApiKey });
  await worker.sql("UPDATE users SET client_api_key_hash = NULL WHERE id = ?", bob.id);
  await act.custodian(bob, "GDRIVE", "c1");
  const again = { id: bob.id, clientId: bob.clientId, clientApiKey: NEW_KEY };
  assert.equal((await act.admin("POST", "/users", again)).status, 200);
  assert.equal((await act.app({ ...bob, clientApiKey: NEW_KEY }, "GET", `${act.path(bob)}/backups`)).status, 200);
});
