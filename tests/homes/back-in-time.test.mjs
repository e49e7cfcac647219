// The second copy of a home that went back by Time Travel, and got a new identity, as docs/scale.md says.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { walk } from "../../scripts/lib/copy/walk.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { callers, custodianShares, user } from "../support/client.mjs";
import { copies, withCopy } from "../support/copy.mjs";
import { startWorker } from "../support/harness.mjs";
import { timeTravel } from "../support/time-travel.mjs";

let worker;
let call;
let copy;
beforeEach(async () => {
  worker = await startWorker({
    homes: 3,
    main: inRoot("tests", "support", "faulty-entry.mjs"),
    config: withCopy,
    siblings: { deployed: {} },
  });
  call = callers(worker);
  copy = await copies(worker);
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
const minute = () => worker.scheduled({ cron: "* * * * *" });
const home1 = () => {
  const db = worker.homes[1];
  return {
    db,
    sql: async (text, ...values) =>
      (
        await db
          .prepare(text)
          .bind(...values)
          .all()
      ).results,
  };
};
const register = async (who, home = 1) =>
  assert.equal((await call.admin("POST", "/users", { ...who, home })).status, 201);
const merge = () => walk({ api, work: { home: 1, mode: "merge" } });
const usersOf = async (home) => (await worker.homes[home].prepare("SELECT id FROM users").all()).results;
const sharesOf = async (home) => (await copy.held(worker.homes[home])).current.length;
const store = async (who, share) => {
  const body = { clientId: who.clientId, backupMethod: "GDRIVE-SECP256K1", share };
  assert.equal((await call.portal("/webhook/backup", body)).status, 204);
};
async function goBack(back) {
  await minute();
  await back();
  const identity = "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'identity' RETURNING value";
  const { value } = await worker.homes[1].prepare(identity).first();
  await worker.directory.prepare("UPDATE homes SET identity = ? WHERE home = 1").bind(value).run();
  call = callers(worker.sibling("deployed"));
}

it("goes on as the copy of the database that went back: what was lost is no deletion, and a rebuild is the home, row for row", async () => {
  const who = user("who");
  await register(who);
  await store(who, "before");
  await minute();
  const back = await timeTravel(home1());
  await store(who, "lost");
  assert.equal((await call.admin("DELETE", `/users/${who.id}`)).status, 204);
  worker.clearLogs();
  await goBack(back);
  await minute();
  const told = worker.logLines().map(({ message }) => message);
  assert.ok(told.includes("the database went back in time"), told.join());
  await merge();
  await minute();
  assert.deepEqual(await custodianShares(call, who.clientId), ["lost"]);
  await walk({ api, work: { home: 1, mode: "into", into: "REBUILD" } });
  assert.deepEqual(await copy.held(copy.rebuilt), await copy.held(worker.homes[1]));
});

describe("a merge after it brings back nobody", () => {
  it("who came in the lost time and has moved on since: the other home has all of it", async () => {
    const who = user("who");
    const back = await timeTravel(home1());
    await register(who);
    await store(who, "share");
    assert.equal((await call.admin("POST", `/users/${who.id}/move`, { home: 2 })).status, 200);
    await goBack(back);
    await merge();
    assert.deepEqual(await usersOf(1), []);
    assert.deepEqual(await custodianShares(call, who.clientId), ["share"]);
  });

  it("whom a move was bringing when the home went back, and who lives in the other home", async () => {
    const who = user("who");
    await register(who, 0);
    await store(who, "share");
    const back = await timeTravel(home1());
    const overloaded = { error: "D1_ERROR: D1 DB is overloaded. Too many requests queued." };
    const faults = { tag: "undecided", home: 1, plan: Array(13).fill("pass"), then: overloaded };
    const headers = { "x-test-faults": JSON.stringify(faults) };
    assert.equal((await call.admin("POST", `/users/${who.id}/move`, { home: 1 }, { headers })).status, 503);
    assert.equal(await sharesOf(1), 1);
    await goBack(back);
    assert.deepEqual((await merge()).leftOut, []);
    assert.deepEqual(await usersOf(1), []);
    assert.deepEqual(await custodianShares(call, who.clientId), ["share"]);
  });

  it("whom a move had brought that broke off, and who was purged in the other home", async () => {
    const who = user("who");
    await register(who, 0);
    await store(who, "share");
    const back = await timeTravel(home1());
    const overloaded = { error: "D1_ERROR: D1 DB is overloaded. Too many requests queued." };
    const faults = { tag: "broken", home: 1, plan: Array(13).fill("pass"), then: overloaded };
    const headers = { "x-test-faults": JSON.stringify(faults) };
    assert.equal((await call.admin("POST", `/users/${who.id}/move`, { home: 1 }, { headers })).status, 503);
    assert.equal(await sharesOf(1), 1);
    await minute();
    await home1().sql("UPDATE moves SET until = '2026-01-01T00:00:00.000Z'");
    await worker.scheduled();
    assert.equal(await sharesOf(1), 0);
    await goBack(back);
    assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
    await merge();
    assert.deepEqual(await usersOf(1), []);
    assert.equal(await sharesOf(1), 0);
  });
});
