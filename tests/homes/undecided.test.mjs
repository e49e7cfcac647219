// A home that went back by Time Travel, or was lost and rebuilt from its second copy, while a move was on its way: whoever moved is in one home
// afterwards, with everything, and whoever was purged is in none.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { walk } from "../../scripts/lib/copy/walk.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { callers, custodianShares, user } from "../support/client.mjs";
import { withCopy } from "../support/copy.mjs";
import { startWorker } from "../support/harness.mjs";
import { lose } from "../support/lost-database.mjs";
import { timeTravel } from "../support/time-travel.mjs";

const OVERLOADED = { error: "D1_ERROR: D1 DB is overloaded. Too many requests queued." };
const LONG_AGO = "2026-01-01T00:00:00.000Z";
/** How far a move from home 0 to home 1 comes: so many batches of the target pass. */
const STEPS = {
  "that has brought nothing yet": { passes: 10, state: "leaving" },
  "that has brought the rows": { passes: 13, state: "leaving" },
  "that the target has not heard the end of": { passes: 23, state: "moved" },
  "that is over": { passes: 100, state: "moved" },
};

let worker;
let call;
let who;
beforeEach(async () => {
  worker = await startWorker({
    homes: 3,
    main: inRoot("tests", "support", "faulty-entry.mjs"),
    config: withCopy,
    siblings: { deployed: {} },
  });
  call = callers(worker);
  who = user("who");
  assert.equal((await call.admin("POST", "/users", { ...who, home: 0 })).status, 201);
  const share = { clientId: who.clientId, backupMethod: "GDRIVE-SECP256K1", share: "share" };
  assert.equal((await call.portal("/webhook/backup", share)).status, 204);
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
const sqlOf = async (home, text, ...values) =>
  (
    await worker.homes[home]
      .prepare(text)
      .bind(...values)
      .all()
  ).results;
const purge = () => call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`);

/** A move to home 1 that nobody finishes. */
async function moveUntil({ passes, state }) {
  const faults = { tag: "move", home: 1, plan: Array(passes).fill("pass"), then: OVERLOADED };
  const headers = { "x-test-faults": JSON.stringify(faults) };
  await call.admin("POST", `/users/${who.id}/move`, { home: 1 }, { headers });
  const marks = await sqlOf(0, "SELECT state FROM moves WHERE kind = 'user'");
  if (state === "moved") assert.deepEqual(marks, [{ state }]);
  else assert.deepEqual(await sqlOf(0, "SELECT id FROM users"), [{ id: who.id }]);
}

/** Hours later the background has come to whatever a move has left. */
async function later() {
  for (const home of [0, 1]) await sqlOf(home, `UPDATE moves SET until = '${LONG_AGO}' WHERE state <> 'moved'`);
  for (let run = 0; run < 3; run++) await worker.scheduled();
}

async function isWhole() {
  assert.deepEqual(await custodianShares(call, who.clientId), ["share"]);
  assert.equal((await call.app(who, "GET", `/users/${who.id}/backups`)).status, 200);
  const homes = (await Promise.all([0, 1, 2].map((home) => sqlOf(home, "SELECT id FROM users")))).flat();
  assert.deepEqual(homes, [{ id: who.id }]);
}

async function isGone() {
  for (const home of [0, 1, 2])
    for (const [table, id] of [
      ["users", "id"],
      ["deleted_users", "id"],
      ["custodian_backup_shares", "user_id"],
      ["backup_share_versions", "user_id"],
    ])
      assert.deepEqual(await sqlOf(home, `SELECT ${id} FROM ${table}`), [], `${table} of home ${home}`);
  assert.equal((await call.admin("GET", `/users/${who.id}`)).status, 404);
}

describe("a home that went back to before a move was bringing somebody,", () => {
  async function goBack(back) {
    await minute();
    await back();
    const identity = "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'identity' RETURNING value";
    const [{ value }] = await sqlOf(1, identity);
    await worker.directory.prepare("UPDATE homes SET identity = ? WHERE home = 1").bind(value).run();
    call = callers(worker.sibling("deployed"));
  }
  const merge = () => walk({ api, work: { home: 1, mode: "merge" } });
  const moment = () => timeTravel({ db: worker.homes[1], sql: (text, ...values) => sqlOf(1, text, ...values) });

  for (const [name, step] of Object.entries(STEPS)) {
    it(`${name}, has the person if the source gave the person up, after a merge`, async () => {
      const back = await moment();
      await moveUntil(step);
      await goBack(back);
      await merge();
      await later();
      await isWhole();
      assert.equal((await sqlOf(1, "SELECT id FROM users")).length, Number(step.state === "moved"));
    });

    it(`${name}, does not get the person back who was purged since, by a merge`, async () => {
      const back = await moment();
      await moveUntil(step);
      if (step.state === "moved") assert.equal((await purge()).status, 204);
      await goBack(back);
      if (step.state !== "moved") assert.equal((await purge()).status, 204);
      await merge();
      await isGone();
      await later();
      await isGone();
    });
  }
});

for (const [lost, role] of [
  [1, "somebody was moving to"],
  [0, "somebody was moving from"],
])
  describe(`a home that ${role} when it was lost, rebuilt,`, () => {
    async function loseAndRebuild() {
      await lose(worker.homes[lost]);
      call = callers(worker.sibling("deployed"));
      const work = { home: lost, mode: "into", into: lost === 0 ? "DB" : `DB_${lost}` };
      await walk({ api, work });
      await api.post("/admin/rebuild", { ...work, mode: "done" });
    }

    for (const [name, step] of Object.entries(STEPS)) {
      it(`by a move ${name}: the person is in one home`, async () => {
        await moveUntil(step);
        await minute();
        await loseAndRebuild();
        await later();
        await isWhole();
        const there = Number(step.state === "moved");
        assert.equal((await sqlOf(there, "SELECT id FROM users")).length, 1);
      });

      it(`by a move ${name}: a person who is purged then stays purged`, async () => {
        await moveUntil(step);
        await minute();
        const isBefore = lost === 1 || step.state === "moved";
        if (isBefore) assert.equal((await purge()).status, 204);
        await minute();
        await loseAndRebuild();
        if (!isBefore) assert.equal((await purge()).status, 204);
        await later();
        await isGone();
      });
    }
  });
