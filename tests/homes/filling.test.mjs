// A directory that is filled from a database with more users than one run of the schedule enters.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";

import { callers, custodianShares } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

/** A run enters 40,000. */
const USERS = 40_100;
let worker;
let call;
before(async () => {
  worker = await startWorker({ homes: 3 });
  call = callers(worker);
});
after(() => worker?.stop());

it("is whole only once every user is entered, and whoever is not yet is found all the same", async () => {
  await worker.homes[0]
    .prepare(
      `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${USERS})
       INSERT INTO users (id, client_id, created_at) SELECT printf('user-%06d', n), printf('client-%06d', n), '2026' FROM n`,
    )
    .run();
  await worker.directory.batch(
    ["UPDATE meta SET value = '0' WHERE name = 'complete'", "UPDATE homes SET state = 'new' WHERE home > 0"].map(
      (sql) => worker.directory.prepare(sql),
    ),
  );
  const one = async (sql) => Object.values(await worker.directory.prepare(sql).first())[0];
  const isComplete = () => one("SELECT value FROM meta WHERE name = 'complete'");
  const routes = () => one("SELECT count(*) FROM routes");
  await worker.scheduled();
  assert.equal(await isComplete(), "0");
  assert.ok((await routes()) < 2 * USERS);
  assert.deepEqual(await custodianShares(call, `client-0${USERS}`), []);
  await worker.scheduled();
  assert.equal(await isComplete(), "1");
  assert.equal(await routes(), 2 * USERS);
});
