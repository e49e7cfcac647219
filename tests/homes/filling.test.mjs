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

it("is not whole when it is first used beside a database that has users: no other database is open before they are entered", async () => {
  const worker = await startWorker({ homes: 3, vars: { UNKNOWN_CLIENTS: "register" } });
  after(() => worker.stop());
  const { admin, portal } = callers(worker);
  const all = async (sql) => (await worker.directory.prepare(sql).all()).results;
  const states = async () => (await all("SELECT state FROM homes ORDER BY home")).map(({ state }) => state);
  const isComplete = () => all("SELECT value FROM meta WHERE name = 'complete'");
  const canaries = async (home) =>
    (await worker.homes[home].prepare("SELECT key_id, key_check FROM key_canaries").all()).results;
  await worker.scheduled();
  // As before a Worker has seen the directory, and the other databases.
  for (const db of worker.homes.slice(1)) await db.prepare("DELETE FROM key_canaries").run();
  await worker.homes[0].prepare("INSERT INTO users (id, client_id, created_at) VALUES ('u', 'c', '2026')").run();
  for (const table of ["homes", "routes", "meta WHERE name = 'complete'"]) await all(`DELETE FROM ${table}`);
  for (const db of worker.homes)
    await db.batch(
      ["DELETE FROM meta WHERE name = 'spread'", "UPDATE meta SET value = '0' WHERE name = 'home'"].map((sql) =>
        db.prepare(sql),
      ),
    );
  const another = { id: "another", clientId: "c", clientApiKey: "another-key", home: 1 };
  assert.notEqual((await admin("POST", "/users", another)).status, 201);
  const [known, ...learnt] = [await canaries(0), await canaries(1), await canaries(2)];
  assert.equal(known.length, 1);
  assert.deepEqual(learnt, [known, known], "a wrong key seals nothing in them, from the first share on");
  assert.deepEqual([await states(), await isComplete()], [["open", "new", "new"], [{ value: "0" }]]);
  const { status, text } = await portal("/webhook/backup", { clientId: "unknown", backupMethod: "M", share: "share" });
  assert.equal(status, 204, `who is new to a webhook is taken meanwhile: ${text}`);
  await worker.scheduled();
  assert.deepEqual([await states(), await isComplete()], [["open", "open", "open"], [{ value: "1" }]]);
  assert.equal((await admin("POST", "/users", another)).status, 409);
});
