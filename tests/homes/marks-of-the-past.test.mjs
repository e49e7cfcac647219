// Marks of users who have moved, beside a home that went back by Time Travel: it has marks of before, or none of a move that led to it.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { walk } from "../../scripts/lib/copy/walk.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { assertProblem, callers, custodianShares, user } from "../support/client.mjs";
import { withCopy } from "../support/copy.mjs";
import { startWorker } from "../support/harness.mjs";
import { timeTravel } from "../support/time-travel.mjs";

let worker;
let call;
beforeEach(async () => {
  worker = await startWorker({
    homes: 3,
    main: inRoot("tests", "support", "faulty-entry.mjs"),
    config: withCopy,
    siblings: { before: {}, deployed: {} },
  });
  call = callers(worker);
});
afterEach(() => worker?.stop());

const api = {
  origin: "test",
  async post(path, body) {
    const answer = await call.admin("POST", path, body);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  },
};
const sqlOf = async (home, text, ...values) =>
  (
    await worker.homes[home]
      .prepare(text)
      .bind(...values)
      .all()
  ).results;
const register = async (who, home) => assert.equal((await call.admin("POST", "/users", { ...who, home })).status, 201);
const store = async (who, share) => {
  const body = { clientId: who.clientId, backupMethod: "GDRIVE-SECP256K1", share };
  assert.equal((await call.portal("/webhook/backup", body)).status, 204);
};
async function move(who, ...homes) {
  for (const home of homes) {
    const { status, text } = await call.admin("POST", `/users/${who.id}/move`, { home });
    assert.equal(status, 200, text);
  }
}
/** A move that breaks off, and leaves the user's rows in the home `to`, arriving. */
async function breaksOff(who, from, to) {
  const overloaded = { error: "D1_ERROR: D1 DB is overloaded. Too many requests queued." };
  const faults = { tag: `from ${from} to ${to}`, home: to, plan: Array(12).fill("pass"), then: overloaded };
  const headers = { "x-test-faults": JSON.stringify(faults) };
  assertProblem(await call.admin("POST", `/users/${who.id}/move`, { home: to }, { headers }), 503, "unavailable");
  const arriving = "SELECT u.id FROM users u JOIN moves m ON m.value = u.id WHERE m.state = 'arriving'";
  assert.deepEqual(await sqlOf(to, arriving), [{ id: who.id }]);
}
const moment = (home) => timeTravel({ db: worker.homes[home], sql: (text, ...values) => sqlOf(home, text, ...values) });
/** As docs/scale.md says: another database to all who remember a route to it. */
async function goBack(home, back, { isCopied = false } = {}) {
  if (!isCopied) await worker.scheduled({ cron: "* * * * *" });
  await back();
  const [{ value }] = await sqlOf(
    home,
    "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'identity' RETURNING value",
  );
  await worker.directory.prepare("UPDATE homes SET identity = ? WHERE home = ?").bind(value, home).run();
  call = callers(worker.sibling("deployed"));
}

async function isUnknown(who) {
  assertProblem(await call.portal("/webhook/backup/fetch", { clientId: who.clientId }), 404, "unknown_client");
  assertProblem(await call.admin("GET", `/users/${who.id}`), 404, "unknown_user");
  assertProblem(await call.app(who, "GET", `/users/${who.id}/backups`), 401, "unauthorized");
}

describe("a user who left a home and came back, and whose home then goes back to when the user was away,", () => {
  for (const round of [
    [0, 2, 0],
    [2, 0, 2],
    [0, 1, 2, 0],
  ]) {
    const [home, ...rest] = round;
    const [last] = rest.splice(-1);
    describe(`${round}`, () => {
      let who;
      beforeEach(async () => {
        who = user("who");
        await register(who, home);
        await store(who, "before");
        await move(who, ...rest);
        const back = await moment(home);
        await move(who, last);
        await store(who, "after");
        await goBack(home, back);
      });

      it("is unknown", () => isUnknown(who));

      it("is there again after a merge", async () => {
        await worker.scheduled();
        const { leftOut } = await walk({ api, work: { home, mode: "merge" } });
        assert.deepEqual(leftOut, []);
        assert.deepEqual(await custodianShares(call, who.clientId), ["after"]);
        await worker.scheduled();
        assert.deepEqual(await custodianShares(call, who.clientId), ["after"]);
      });

      it("can register anew", async () => {
        const again = await call.admin("POST", "/users", { ...who, home });
        assert.equal(again.status, 201, again.text);
        assert.deepEqual(await custodianShares(call, who.clientId), []);
      });
    });
  }
});

describe("a user whom a remembered route leads by a mark to a home that has lost the user's coming and going is found where the user is:", () => {
  for (const [first, middle, last] of [
    [2, 1, 0],
    [0, 1, 2],
    [1, 0, 2],
    [2, 0, 1],
  ]) {
    it(`${[first, middle, last]}, and home ${middle} goes back`, async () => {
      const who = user("who");
      await register(who, first);
      await store(who, "share");
      const before = callers(worker.sibling("before"));
      assert.deepEqual(await custodianShares(before, who.clientId), ["share"]);
      const back = await moment(middle);
      await move(who, middle, last);
      await goBack(middle, back);
      assert.deepEqual(await custodianShares(before, who.clientId), ["share"]);
      assert.equal((await before.app(who, "GET", `/users/${who.id}/backups`)).status, 200);
      assert.deepEqual(await custodianShares(call, who.clientId), ["share"]);
    });
  }
});

it("a user who was away, came back, and was on the way out again when the home went back is unknown, and there again after a merge", async () => {
  const who = user("who");
  await register(who, 1);
  await store(who, "share");
  await move(who, 0);
  const back = await moment(1);
  await move(who, 1);
  await breaksOff(who, 1, 0);
  await goBack(1, back);
  await isUnknown(who);
  const { leftOut } = await walk({ api, work: { home: 1, mode: "merge" } });
  assert.deepEqual(leftOut, []);
  assert.deepEqual(await custodianShares(call, who.clientId), ["share"]);
  await move(who, 0);
  assert.deepEqual(await custodianShares(call, who.clientId), ["share"]);
});

it("a mark to a home that went back stays, though the move's own event comes there late: nobody was erased, and no copy forgets the user", async () => {
  const who = user("who");
  await register(who, 0);
  await store(who, "share");
  const back = await moment(1);
  const down = { plan: ["pass", "pass"], then: { error: "D1_ERROR: D1 DB is overloaded. Too many requests queued." } };
  const headers = { "x-test-faults": JSON.stringify({ tag: "unheard", directory: down }) };
  assertProblem(await call.admin("POST", `/users/${who.id}/move`, { home: 1 }, { headers }), 503, "unavailable");
  const marks = () => sqlOf(0, "SELECT value FROM moves WHERE kind = 'user' AND state = 'moved'");
  assert.deepEqual(await marks(), [{ value: who.id }]);
  await goBack(1, back, { isCopied: true });
  const events = () => sqlOf(0, "SELECT 1 FROM audit_events WHERE user_id = ?", who.id);
  assert.notDeepEqual(await events(), []);
  for (let runs = 0; runs < 3; runs++) await worker.scheduled();
  assert.deepEqual(await events(), [], "they came to home 1");
  assert.deepEqual(await marks(), [{ value: who.id }]);
  const { leftOut } = await walk({ api, work: { home: 1, mode: "merge" } });
  assert.deepEqual(leftOut, []);
  assert.deepEqual(await custodianShares(call, who.clientId), ["share"]);
});
