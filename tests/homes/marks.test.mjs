// Requests that meet what moves have left in a home: marks, and rows that are still arriving.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { importOf } from "../support/bulk.mjs";
import { assertProblem, callers, user } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

let worker;
let entry;
let call;
before(async () => {
  worker = await startWorker({
    homes: 3,
    main: inRoot("tests", "support", "faulty-entry.mjs"),
    vars: { UNKNOWN_CLIENTS: "register" },
  });
  entry = await worker.entry();
  call = callers(worker);
});
after(() => worker?.stop());
beforeEach(() => worker.clear());

const register = async (who, home) => assert.equal((await call.admin("POST", "/users", { ...who, home })).status, 201);
const move = (who, home, init) => call.admin("POST", `/users/${who.id}/move`, { home }, init);
const backups = (who, key = who) => call.app(key, "GET", `/users/${who.id}/backups`);
const sql = async (home, text) => (await worker.homes[home].prepare(text).all()).results;

/** A move of a user out of home 0 that breaks off: its rows are left in home 1, arriving. */
async function breaksOff(who) {
  const overloaded = { error: "D1_ERROR: D1 DB is overloaded. Too many requests queued." };
  const faults = { tag: who.id, home: 1, plan: Array(12).fill("pass"), then: overloaded };
  assertProblem(await move(who, 1, { headers: { "x-test-faults": JSON.stringify(faults) } }), 503, "unavailable");
  const arriving =
    "SELECT u.id FROM users u JOIN moves m ON m.kind = 'user' AND m.value = u.id WHERE m.state = 'arriving'";
  assert.deepEqual(await sql(1, arriving), [{ id: who.id }]);
}

it("a former API key is nobody's, though rows with it are arriving in another home: 401", async () => {
  const [who, other] = [user("who"), user("other")];
  await register(who, 1);
  await register(other, 0);
  await breaksOff(other);
  const change = await call.admin("PUT", `/users/${other.id}/client-api-key`, { clientApiKey: "another" });
  assert.ok(change.status < 300, change.text);
  assertProblem(await backups(other), 401, "unauthorized");
});

it("a user's API key is refused at another's path while its own user's rows are arriving there: 403, and the event names the client", async () => {
  const [who, other] = [user("who"), user("other")];
  await register(who, 1);
  await register(other, 0);
  await breaksOff(other);
  assertProblem(await backups(who, other), 403, "forbidden");
  const refused = `SELECT client_id FROM audit_events WHERE outcome = 'forbidden' AND user_id = '${who.id}'`;
  assert.deepEqual(await sql(1, refused), [{ client_id: other.clientId }]);
});

it("a person who was purged is unknown to operators, too, though rows of the person are arriving in home 0: 404", async () => {
  const who = user("who");
  await register(who, 2);
  const overloaded = { error: "D1_ERROR: D1 DB is overloaded. Too many requests queued." };
  const faults = { tag: "to home 0", home: 0, plan: Array(12).fill("pass"), then: overloaded };
  assertProblem(await move(who, 0, { headers: { "x-test-faults": JSON.stringify(faults) } }), 503, "unavailable");
  assert.deepEqual(await sql(0, "SELECT id FROM users"), [{ id: who.id }]);
  await sql(2, "UPDATE moves SET until = '2026-01-01T00:00:00.000Z'"); // Half a minute later.
  assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
  assertProblem(await call.admin("GET", `/users/${who.id}`), 404, "unknown_user");
  assert.deepEqual((await call.admin("GET", `/users?clientId=${who.clientId}`)).body.users, []);
});

describe("a person who was purged after a move broke off is new at once, also where rows of the person are arriving,", () => {
  const WAYS = {
    "to an operator": async (who) => {
      const again = await call.admin("POST", "/users", { ...who, home: 1 });
      assert.equal(again.status, 201, again.text);
    },
    "to a webhook": async ({ clientId }) => {
      const body = { clientId, backupMethod: "GDRIVE-SECP256K1", share: "new" };
      const stored = await call.portal("/webhook/backup", body);
      assert.equal(stored.status, 204, stored.text);
    },
    "to an import": async (who) => imports({ ...who, clientApiKey: "another" }),
    "to an import of the same API key": async (who) => {
      await worker.directory.prepare("DELETE FROM routes").run(); // as the background does a day later
      await imports(who);
    },
  };
  async function imports(who) {
    const { body, text } = await importOf(worker, [{ type: "user", ...who }]);
    assert.deepEqual(
      body.results?.map(({ outcome }) => outcome),
      ["new"],
      text,
    );
  }
  const others = (state) =>
    Promise.all([0, 2].map((home) => call.admin("PUT", `/admin/homes/${home}`, { state }))).then((answers) =>
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200],
      ),
    );

  for (const [name, registers] of Object.entries(WAYS))
    it(name, async () => {
      const who = { ...user("who"), id: user("who").clientId }; // as a webhook registers
      await register(who, 0);
      await breaksOff(who);
      await sql(0, "UPDATE moves SET until = '2026-01-01T00:00:00.000Z'"); // Half a minute later.
      assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
      await others("closed");
      try {
        await registers(who);
      } finally {
        await others("open");
      }
      assert.deepEqual(await sql(1, "SELECT id FROM users"), [{ id: who.id }]);
      assert.equal((await call.admin("GET", `/users/${who.id}`)).status, 200);
      assert.deepEqual(await sql(1, "SELECT 1 FROM moves"), []);
    });
});

it("an import of a share finds its user, though rows of the user are arriving where a wrong route leads", async () => {
  const who = user("who");
  await register(who, 0);
  await breaksOff(who);
  await sql(0, "UPDATE moves SET until = '2026-01-01T00:00:00.000Z'"); // Half a minute later.
  await worker.directory.prepare("UPDATE routes SET home = 1").run();
  const share = { type: "userBackupShare", userId: who.id, cipherText: "text", storedAt: "2026-01-01T00:00:00.000Z" };
  const { body, text } = await importOf(worker, [share]);
  assert.deepEqual(
    body.results?.map(({ outcome }) => outcome),
    ["new"],
    text,
  );
  assert.equal((await sql(0, "SELECT 1 FROM user_backup_shares")).length, 1);
});

it("a move that breaks off while the other home answers leaves nothing there: a list and an export tell of nobody who is purged then", async () => {
  const who = user("who");
  await register(who, 0);
  const headers = {
    "x-test-faults": JSON.stringify({ tag: "too long", home: 1, plan: [...Array(12).fill("pass"), "hold"] }),
  };
  const moving = move(who, 1, { headers });
  while ((await entry.met("too long")).length < 13) await setTimeout(5);
  assert.deepEqual(await sql(1, "SELECT id FROM users"), [{ id: who.id }]);
  await sql(0, "UPDATE moves SET until = '2026-01-01T00:00:00.000Z'"); // Half a minute later.
  await entry.release("too long");
  assertProblem(await moving, 503, "unavailable");
  assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
  assert.deepEqual((await call.admin("GET", "/users")).body.users, []);
  const exported = await call.admin("GET", "/admin/export");
  assert.ok(!exported.text.includes(who.id), exported.text);
  assert.deepEqual(await sql(1, "SELECT 1 FROM moves"), []);
});

describe("a person who was purged after several moves is unknown at once, wherever the marks lead", () => {
  for (const path of [
    [0, 1, 2],
    [0, 2, 1],
    [0, 1, 2, 0],
  ]) {
    it(path.join(", "), async () => {
      const who = user(`purged-${path.join("-")}`);
      await register(who, path[0]);
      for (const home of path.slice(1)) assert.equal((await move(who, home)).status, 200);
      assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
      assertProblem(await backups(who), 401, "unauthorized");
      assertProblem(await call.portal("/webhook/backup/fetch", { clientId: who.clientId }), 404, "unknown_client");
    });
  }
});
