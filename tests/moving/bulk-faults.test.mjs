// POST /admin/import where the database fails: nothing half in, and no doubt about what is; and what becomes of what it
// has put into the history.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { backups, snapshot } from "../support/backup.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

const worker = await startWorker({ main: inRoot("tests", "support", "faulty-entry.mjs") });
const wallet = backups(worker);
const ada = { id: "u1", clientId: "c1", clientApiKey: "key-1" };
const RECORDS = [
  { type: "user", ...ada },
  {
    type: "custodianBackupShare",
    id: "v1",
    userId: "u1",
    backupMethod: "GDRIVE-SECP256K1",
    share: "now",
    storedAt: "2024-01-02T00:00:00.000Z",
  },
  {
    type: "custodianBackupShare",
    id: "v0",
    userId: "u1",
    backupMethod: "GDRIVE-SECP256K1",
    share: "then",
    storedAt: "2023-01-02T00:00:00.000Z",
    supersededAt: "2024-01-02T00:00:00.000Z",
  },
  {
    type: "userBackupShare",
    id: "v2",
    userId: "u1",
    backupMethod: "GDRIVE",
    cipherText: "now",
    storedAt: "2024-01-03T00:00:00.000Z",
  },
];
let tags = 0;

after(() => worker.stop());
beforeEach(() => worker.clear());

const importAll = (plan, records = RECORDS) =>
  worker.send("POST", "/admin/import", {
    bearer: SECRETS.ADMIN_TOKEN,
    headers: {
      "content-type": "application/x-ndjson",
      ...wallet.init({ faults: plan && { tag: `import ${(tags += 1)}`, plan } }).headers,
    },
    body: records.map((record) => JSON.stringify(record)).join("\n"),
  });
const outcomes = ({ body }) => body.results.map((result) => result.outcome);
const NEW = ["new", "new", "new", "new"];

// An import is two batches: the users, then the shares.
for (const [what, plan] of Object.entries({
  "the connection is lost before either batch": ["fail", "pass", "fail", "pass"],
  "the answer of the first is lost after its commit": ["commit-then-fail", "pass"],
  "the answer of the second is lost after its commit": ["pass", "commit-then-fail", "pass"],
  "the second breaks in its middle": ["pass", { breakAt: 4 }],
})) {
  test(`${what}: every record is new, or the request is refused whole`, async () => {
    const answer = await importAll(plan);
    if (answer.status !== 200) {
      assert.equal(answer.status, 503, answer.text);
      assert.equal((await worker.sql("SELECT count(*) AS n FROM custodian_backup_shares"))[0].n, 0);
      assert.deepEqual(outcomes(await importAll()), ["same", "new", "new", "new"]);
    } else assert.deepEqual(outcomes(answer), NEW);
    const events = await worker.sql("SELECT outcome FROM audit_events WHERE action = 'import' ORDER BY outcome");
    assert.deepEqual(
      events.map((event) => event.outcome),
      ["registered", "stored_custodian_share", "stored_custodian_share", "stored_user_share"],
    );
    const once = await snapshot(worker);
    assert.deepEqual(outcomes(await importAll()), ["same", "same", "same", "same"]);
    assert.deepEqual(await snapshot(worker), once);
    assert.deepEqual(await wallet.fetched(ada), ["now"]);
  });
}

test("imported history is kept for the retention from the import on, however long ago it was superseded", async () => {
  // Its cipher text: else the current one might need v0.
  const its = { ...RECORDS.at(-1), id: "v0-its", cipherText: "then", storedAt: "2023-01-03T00:00:00.000Z" };
  const old = { ...its, supersededAt: "2024-01-03T00:00:00.000Z" };
  // And one of each kind that nothing else needs.
  const alone = [
    { ...old, id: "alone-u", backupMethod: "PASSKEY" },
    { ...old, id: "alone-c", backupMethod: "ICLOUD-SECP256K1", type: "custodianBackupShare", share: "then" },
  ];
  assert.deepEqual(outcomes(await importAll(undefined, [...RECORDS, old, ...alone])), [...NEW, "new", "new", "new"]);
  await worker.scheduled();
  const kept = (await wallet.history(ada)).map((version) => version.id);
  assert.deepEqual(kept.sort(), ["alone-c", "alone-u", "v0", "v0-its"]);
  await worker.sql("UPDATE backup_share_versions SET imported_at = '2024-06-01T00:00:00.000Z'");
  await worker.scheduled();
  assert.deepEqual(await wallet.history(ada), []);
});
