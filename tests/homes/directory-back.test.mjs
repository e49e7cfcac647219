// A directory that goes back by Time Travel lacks the users who came since: it counts as lost until it is rebuilt.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";

import { assertProblem, callers, custodianShares, user } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

const BACK = "the directory went back in time: rebuild it";
const TABLES = ["routes", "claims", "homes", "meta"];
let worker, call;
before(async () => {
  worker = await startWorker({ homes: 3, vars: { UNKNOWN_CLIENTS: "register" } });
  call = callers(worker);
});
after(() => worker?.stop());

const alarms = () => worker.logLines().filter(({ message }) => message === BACK).length;
const share = (clientId) =>
  call.portal("/webhook/backup", { clientId, backupMethod: "GDRIVE-SECP256K1", share: clientId });

/** The directory as it is now, to be put back later. */
async function timeTravel() {
  const was = [];
  for (const table of TABLES)
    was.push([table, (await worker.directory.prepare(`SELECT * FROM ${table}`).all()).results]);
  return () =>
    worker.directory.batch(
      was.flatMap(([table, rows]) => [
        worker.directory.prepare(`DELETE FROM ${table}`),
        ...rows.map((row) =>
          worker.directory
            .prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.keys(row).map(() => "?")})`)
            .bind(...Object.values(row).map((value) => (Array.isArray(value) ? new Uint8Array(value) : value))),
        ),
      ]),
    );
}

it("a directory that went back in time is an alarm, and registers nobody until it is rebuilt; users who are there go on", async () => {
  const late = user("late");
  assert.equal((await call.admin("POST", "/users", user("early"))).status, 201);
  await worker.scheduled();
  const goBack = await timeTravel();
  assert.equal((await call.admin("POST", "/users", { ...late, home: 2 })).status, 201);
  assert.equal((await share(late.clientId)).status, 204);
  await worker.scheduled();
  assert.equal(alarms(), 0);

  await goBack();
  await worker.scheduled();
  assert.equal(alarms(), 1);
  assert.deepEqual(await custodianShares(call, late.clientId), [late.clientId]);
  assertProblem(await call.admin("POST", "/users", user("later")), 503, "unavailable");
  assertProblem(await share("a client whom nobody knows"), 503, "unavailable");
  assert.equal((await share(late.clientId)).status, 204);

  let cursor;
  do {
    const { status, body, text } = await call.admin("POST", "/admin/directory/rebuild", { cursor });
    assert.equal(status, 200, text);
    cursor = body.cursor;
  } while (cursor !== null);
  assert.equal((await call.admin("POST", "/users", user("later"))).status, 201);
  await worker.scheduled();
  await worker.scheduled();
  assert.equal(alarms(), 1, "it is whole");
});

it("a directory that is rebuilt at once, before any home is served, is no alarm", async () => {
  await worker.scheduled();
  const goBack = await timeTravel();
  await worker.scheduled();
  worker.clearLogs();
  await goBack();
  let cursor;
  do cursor = (await call.admin("POST", "/admin/directory/rebuild", { cursor })).body.cursor;
  while (cursor !== null);
  await worker.scheduled();
  assert.equal(alarms(), 0);
});
