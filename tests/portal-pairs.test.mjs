// Portal's list of backup share pairs beside ours: a completed pair that is not here is the alarm that matters most.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import { backups } from "./support/backup.mjs";
import { user } from "./support/client.mjs";
import { PORTAL_API_KEY, faults, startFakePortal } from "./support/fake-portal.mjs";
import { startWorker } from "./support/harness.mjs";

const portal = await startFakePortal();
const worker = await startWorker({
  secrets: { PORTAL_API_KEY },
  outbound: portal.outbound,
  siblings: { "without-key": { PORTAL_API_KEY: "" } },
});
const act = backups(worker);
const ada = user("ada");
const S = "GDRIVE-SECP256K1";
const ALARM = "Portal counts a backup as completed whose custodian share is not here";

after(async () => {
  await worker.stop();
  await portal.stop();
});
beforeEach(async () => {
  portal.reset();
  await worker.clear();
  await act.register(ada);
});

const share = (pair) => JSON.stringify({ backupSharePairId: pair, clientId: ada.clientId, share: "MARKED", ssid: "x" });
async function asked(id = ada.id, on = worker) {
  const answer = await backups(on).admin("GET", `/users/${encodeURIComponent(id)}/backups?portal=1`);
  assert.ok(!answer.text.includes("MARKED") && !answer.text.includes(PORTAL_API_KEY));
  return answer;
}
const view = async (...args) => {
  const { status, body, text } = await asked(...args);
  assert.equal(status, 200, text);
  return body.portal;
};
const alarms = () => worker.logLines().filter(({ message }) => message === ALARM);
const asks = () => portal.requests.filter(({ method }) => method === "GET").map(({ path }) => path);

describe("GET /users/:userId/backups?portal=1", () => {
  test("shows each pair of Portal's list with whether it is here, and ours with whether it is there", async () => {
    await act.custodian(ada, S, "s1", { pair: "p1" });
    await act.custodian(ada, S, "s2", { pair: "p2" });
    await act.custodian(ada, "ICLOUD-SECP256K1", "i1", { pair: "p-ours" });
    portal.knows(
      ada.clientId,
      { id: "p1", createdAt: "2026-10-01T00:00:00.000Z" },
      { id: "p2" },
      { id: "p3", backupMethod: "PASSWORD", status: "incomplete", curve: "ED25519" },
    );
    const { pairs, missing, ours, ...rest } = await view();
    assert.deepEqual(rest, { clientId: ada.clientId, known: true, why: null, hasUntoldPairs: false });
    assert.deepEqual(
      pairs.map(({ id, curve, backupMethod, status, held, isMissing }) => [
        id,
        curve,
        backupMethod,
        status,
        held,
        isMissing,
      ]),
      [
        ["p1", "SECP256K1", "GDRIVE", "completed", "superseded", false],
        ["p2", "SECP256K1", "GDRIVE", "completed", "current", false],
        ["p3", "ED25519", "PASSWORD", "incomplete", null, false],
      ],
    );
    assert.deepEqual(missing, []);
    assert.deepEqual(Object.fromEntries(ours.map(({ id, held, isAtPortal }) => [id, [held, isAtPortal]])), {
      p1: ["superseded", true],
      p2: ["current", true],
      "p-ours": ["current", false],
    });
    assert.deepEqual(alarms(), []);
    assert.deepEqual(asks(), [`/api/v3/custodians/me/clients/${ada.clientId}`]);
  });

  test("a completed pair that is not here is an alarm, which names it; an incomplete one is none", async () => {
    await act.custodian(ada, S, "s1", { pair: "p1" });
    portal.knows(ada.clientId, { id: "p1" }, { id: "lost" }, { id: "begun", status: "incomplete" });
    const { pairs, missing } = await view();
    assert.deepEqual(missing, ["lost"]);
    assert.deepEqual(
      pairs.map(({ id, isMissing }) => [id, isMissing]),
      [
        ["p1", false],
        ["lost", true],
        ["begun", false],
      ],
    );
    const [alarm, ...more] = alarms();
    assert.deepEqual(more, []);
    assert.deepEqual(
      [alarm.level, alarm.userId, alarm.clientId, alarm.backupSharePairIds],
      ["error", ada.id, ada.clientId, ["lost"]],
    );
  });

  test("where the webhook named no pair, the pair inside of the share counts", async () => {
    await act.custodian(ada, S, share("inside-old"));
    await act.custodian(ada, S, share("inside"));
    await act.custodian(ada, "ICLOUD-SECP256K1", "not JSON");
    portal.knows(ada.clientId, { id: "inside" }, { id: "inside-old" });
    const { pairs, missing, hasUntoldPairs } = await view();
    assert.deepEqual(
      pairs.map(({ held }) => held),
      ["current", "superseded"],
    );
    assert.deepEqual([missing, hasUntoldPairs], [[], true]);
  });

  test("a pair that a later one here replaces is not missed; one without such a one is, however old", async () => {
    await act.custodian(ada, S, "s2", { pair: "new" });
    const now = Date.now();
    const [yesterday, today] = [now - 86_400_000, now].map((ms) => new Date(ms).toISOString());
    portal.knows(
      ada.clientId,
      { id: "old", createdAt: yesterday },
      { id: "new", createdAt: today },
      { id: "other", backupMethod: "ICLOUD", createdAt: "2020-01-01T00:00:00.000Z" },
    );
    assert.deepEqual((await view()).missing, ["other"]);
  });

  test("Portal does not know the client, or does not answer: it says so beside what is here", async () => {
    await act.custodian(ada, S, "s1", { pair: "p1" });
    const unknown = await view();
    assert.deepEqual([unknown.known, unknown.why, unknown.missing], [false, null, []]);
    assert.deepEqual(
      unknown.ours.map(({ id }) => id),
      ["p1"],
    );
    portal.knows(ada.clientId, { id: "p1" });
    for (const [fault, why] of [
      [faults.status(500), /500/],
      [faults.status(401), /PORTAL_API_KEY/],
      [faults.status(429, { "retry-after": "7" }), /7 seconds/],
      [faults.body("<html>"), /no client/],
      [faults.body('{"id":"c","wallets":[{"backupSharePairs":7}]}'), /no client/],
      [faults.cut, /500|did not answer/], // as the harness hands it on
    ]) {
      portal.fault = fault;
      const { known, why: told, missing, ours } = await view();
      assert.equal(known, "unknown");
      assert.match(told, why);
      assert.deepEqual([missing, ours.length], [[], 1]);
    }
    portal.fault = undefined;
    const without = await view(ada.id, worker.sibling("without-key"));
    assert.equal(without.known, "unknown");
    assert.match(without.why, /PORTAL_API_KEY is not set/);
    assert.deepEqual(alarms(), []);
  });

  test("asks for no other address, whatever the client id holds", async () => {
    const odd = { ...user("odd"), clientId: "../../x?y#z" };
    await act.register(odd);
    await view(odd.id);
    assert.deepEqual(asks(), ["/api/v3/custodians/me/clients/%2E%2E%2F%2E%2E%2Fx%3Fy%23z"]);
  });

  test("Portal is not asked unless it is asked for", async () => {
    await act.admin("GET", `/users/${ada.id}/backups`);
    await act.admin("GET", `/users/${ada.id}/backups?portal=0`);
    assert.deepEqual(portal.requests, []);
  });

  test("of a deleted user the history counts", async () => {
    await act.custodian(ada, S, "s1", { pair: "p1" });
    await act.deleteUser(ada);
    portal.knows(ada.clientId, { id: "p1" });
    const { status, body } = await asked();
    assert.equal(status, 404);
    assert.deepEqual([body.portal.pairs[0].held, body.portal.missing], ["superseded", []]);
  });
});

describe("an id that no user has", () => {
  test("is a client that Portal knows: its pairs are listed as missing, and that is an alarm", async () => {
    portal.knows("client-of-nobody", { id: "p1" }, { id: "p2", status: "incomplete" });
    const { status, body } = await act.admin("GET", "/users/client-of-nobody/backups");
    assert.deepEqual([status, body.code], [404, "unknown_user"]);
    assert.match(body.detail, /Portal has a client of this id.*POST \/users/);
    assert.deepEqual([body.portal.known, body.portal.missing], [true, ["p1"]]);
    assert.deepEqual(
      body.portal.pairs.map(({ id }) => id),
      ["p1", "p2"],
    );
    assert.deepEqual(
      alarms().map(({ clientId }) => clientId),
      ["client-of-nobody"],
    );
  });

  test("is nobody's at Portal either; or Portal does not tell", async () => {
    const { status, body } = await act.admin("GET", "/users/nobody/backups");
    assert.equal(status, 404);
    assert.match(body.detail, /here or at Portal/);
    assert.equal(body.portal, undefined);
    portal.fault = faults.status(503);
    const silent = await act.admin("GET", "/users/nobody/backups");
    assert.equal(silent.status, 404);
    assert.deepEqual([silent.body.portal.known, silent.body.portal.why], ["unknown", "Portal answered 503"]);
  });

  test("is asked of Portal for operators only", async () => {
    portal.knows("client-of-nobody", { id: "p1" });
    assert.equal((await act.app(ada, "GET", "/users/client-of-nobody/backups")).status, 403);
    assert.equal((await act.app(user("eve"), "GET", "/users/client-of-nobody/backups")).status, 401);
    assert.deepEqual(portal.requests, []);
  });
});

describe("the schedule", () => {
  test("finds a completed pair that is not here, and says nothing of what is", async () => {
    const bob = user("bob");
    await act.register(bob);
    await act.custodian(ada, S, "s1", { pair: "p1" });
    await act.custodian(bob, S, share("inside"));
    portal.knows(ada.clientId, { id: "p1" }, { id: "lost" });
    portal.knows(bob.clientId, { id: "inside" });
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(
      alarms().map(({ userId, backupSharePairIds }) => [userId, backupSharePairIds]),
      [[ada.id, ["lost"]]],
    );
    await act.custodian(ada, "GDRIVE-ED25519", "s2", { pair: "lost" });
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(alarms(), []);
  });

  test("asks about ten clients of a database a run, and about the next ones with the next run", async () => {
    const people = Array.from({ length: 25 }, (_, n) => user(`w${String(n).padStart(2, "0")}`));
    await act.deleteUser(ada);
    await act.register(...people);
    const seen = [];
    for (let run = 0; run < 3; run++) {
      portal.requests.length = 0;
      await worker.scheduled();
      assert.ok(asks().length <= 10 * worker.homes.length && asks().length > 0);
      seen.push(...asks());
    }
    for (const { clientId } of people)
      assert.ok(
        seen.some((path) => path.endsWith(`/${clientId}`)),
        clientId,
      );
  });

  /** Three clients, the first of whom meets the fault. */
  const fails = async (fault) => {
    portal.reset();
    portal.fault = fault;
    worker.clearLogs();
    await worker.scheduled();
    assert.equal(asks().length, worker.homes.length === 1 ? 1 : asks().length);
    const warnings = worker
      .logLines()
      .filter(({ message }) => message === "Portal does not tell which backups it counts");
    assert.ok(warnings.length > 0 && warnings.every(({ level }) => level === "warn"));
    assert.deepEqual(alarms(), []);
    const [{ clientId, why }] = warnings;
    assert.ok(asks()[0].endsWith(`/${clientId}`));
    portal.reset();
    await worker.scheduled();
    assert.equal(new Set(asks()).size, 3);
    return { why, isNextBehind: !asks()[0].endsWith(`/${clientId}`) };
  };

  test("stops at the first failure of Portal's, with one warning, and goes on there", async () => {
    await act.register(user("bob"), user("eve"));
    const { why, isNextBehind } = await fails(faults.status(429, { "retry-after": "30" }));
    assert.match(why, /30 seconds/);
    if (worker.homes.length === 1) assert.ok(!isNextBehind);
  });

  test("goes on behind a client for which Portal's answer is none: it does not hold up the others for ever", async () => {
    await act.register(user("bob"), user("eve"));
    for (const fault of [faults.status(500), faults.body("<html>")]) {
      const { isNextBehind } = await fails(fault);
      if (worker.homes.length === 1) assert.ok(isNextBehind);
    }
  });

  test("asks nobody without PORTAL_API_KEY", async () => {
    await worker.sibling("without-key").scheduled();
    assert.deepEqual(portal.requests, []);
  });

  test("of a user who was purged says nothing", async () => {
    portal.knows(ada.clientId, { id: "p1" });
    await act.purgeUser(ada);
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(alarms(), []);
  });
});
