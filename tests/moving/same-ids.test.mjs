// Ids that an import brings twice, and shares of unknown time: nothing of it makes a version be lost later.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { sorted, user } from "../support/client.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

const worker = await startWorker({ vars: { HISTORY_RETENTION_DAYS: "0" } });
const wallet = backups(worker);
const ada = user("ada");
const S = "GDRIVE-SECP256K1";
const OTHER = "PASSWORD-SECP256K1";

after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await wallet.register(ada);
});

async function imports(...records) {
  const body = records.map((record) => JSON.stringify({ userId: ada.id, ...record })).join("\n");
  const answer = await worker.send("POST", "/admin/import", {
    bearer: SECRETS.ADMIN_TOKEN,
    headers: { "content-type": "application/x-ndjson" },
    body,
  });
  assert.ok(
    answer.body.results.every(({ outcome }) => outcome === "new"),
    answer.text,
  );
}
const share = (id, share, storedAt, backupMethod = S) => ({
  type: "custodianBackupShare",
  id,
  backupMethod,
  share,
  storedAt,
});
const custodianShares = async () =>
  (
    await worker.sql(
      "SELECT id FROM custodian_backup_shares UNION ALL SELECT id FROM backup_share_versions WHERE kind = 'custodian'",
    )
  ).length;
const anew = async () => {
  await wallet.deleteUser(ada);
  await wallet.register(ada);
};
const deletedAndRestored = async () => {
  await wallet.deleteUser(ada);
  await wallet.restoreUser(ada);
};

describe("an id that comes twice", () => {
  test("for two methods: a user's restore forgets the version of neither", async () => {
    await imports(share("5", "c1", "2026-01-01T00:00:00.000Z"), share("5", "p1", "2026-01-01T00:00:00.000Z", OTHER));
    await anew();
    await wallet.custodian(ada, S, "c2");
    await deletedAndRestored();
    assert.equal(await custodianShares(), 3);
    assert.deepEqual(sorted(await wallet.fetched(ada)), ["c2", "p1"]);
  });

  for (const storedAt of ["2026-02-01T00:00:00.000Z", undefined]) {
    test(`for a share that has changed in place${storedAt ? "" : ", of unknown time"}: both are kept, and either can be restored`, async () => {
      await imports(share("5", "c1", "2026-01-01T00:00:00.000Z"), {
        type: "userBackupShare",
        id: "5",
        backupMethod: "GDRIVE",
        cipherText: "u1",
        storedAt: "2026-01-02T00:00:00.000Z",
      });
      await anew();
      await imports(share("5", "c2", storedAt));
      await deletedAndRestored();
      assert.equal(await custodianShares(), 2);
      assert.deepEqual(sorted(await wallet.fetched(ada)), ["c1", "c2"], "u1 is c1's");
      await wallet.restoreVersion(ada, "5");
      assert.equal(await custodianShares(), 2);
      assert.deepEqual((await wallet.fetched(ada))[0], "c1");
    });
  }

  test("for another share is not taken for the same: nobody may believe that it is stored", async () => {
    const outcome = async (record, query = "") => {
      const answer = await worker.send("POST", `/admin/import${query}`, {
        bearer: SECRETS.ADMIN_TOKEN,
        headers: { "content-type": "application/x-ndjson" },
        body: JSON.stringify({ userId: ada.id, ...record }),
      });
      return answer.body.results[0].outcome;
    };
    await imports(share("5", "c1", "2026-01-01T00:00:00.000Z"));
    assert.equal(await outcome(share("6", "c2", "2026-02-01T00:00:00.000Z"), "?replaceOlder=true"), "new");
    assert.equal(await outcome(share("5", "c1", "2026-01-01T00:00:00.000Z")), "same", "it is in the history");
    assert.equal(await outcome(share("5", "c3", "2026-03-01T00:00:00.000Z")), "conflict");
    assert.equal(await outcome(share("5", "c3", "2026-03-01T00:00:00.000Z"), "?replaceOlder=true"), "new");
    assert.deepEqual(await wallet.fetched(ada), ["c3"]);
    assert.equal(await custodianShares(), 3);
  });

  test("is opened where it has no digest, of an old schema: another share is not taken for it, current or kept", async () => {
    const records = (text, id = "1") =>
      [
        { ...share("c", text, "2026-01-01T00:00:00.000Z"), userId: ada.id, id: `c${id}` },
        { type: "userBackupShare", userId: ada.id, id: `u${id}`, backupMethod: "GDRIVE", cipherText: text },
        {
          ...share("old", text, "2025-01-01T00:00:00.000Z"),
          userId: ada.id,
          supersededAt: "2026-01-01T00:00:00.000Z",
        },
      ].map((record) => ({ storedAt: "2026-01-02T00:00:00.000Z", ...record }));
    const outcomes = async (lines) => {
      const answer = await worker.send("POST", "/admin/import", {
        bearer: SECRETS.ADMIN_TOKEN,
        headers: { "content-type": "application/x-ndjson" },
        body: lines.map((record) => JSON.stringify(record)).join("\n"),
      });
      return answer.body.results.map(({ outcome }) => outcome);
    };
    assert.deepEqual(await outcomes(records("one")), ["new", "new", "new"]);
    for (const table of ["custodian_backup_shares", "user_backup_shares", "backup_share_versions"])
      await worker.sql(`UPDATE ${table} SET share_digest = NULL`);
    assert.deepEqual(await outcomes(records("one")), ["same", "same", "same"]);
    for (const id of ["1", "2"])
      assert.deepEqual(await outcomes(records("two", id)), ["conflict", "conflict", "conflict"], id);
  });

  test("after a share was deleted by hand: both are kept", async () => {
    await imports(share("5", "c1", "2026-01-01T00:00:00.000Z"));
    await worker.sql("DELETE FROM custodian_backup_shares");
    await imports(share("5", "c2", "2026-02-01T00:00:00.000Z"));
    await deletedAndRestored();
    assert.equal(await custodianShares(), 2);
  });

  test("in a database that has it twice already: no restore loses one", async () => {
    await imports(share("5", "c1", "2026-01-01T00:00:00.000Z"));
    await anew();
    await imports(share("6", "c2", "2026-02-01T00:00:00.000Z"));
    await worker.sql("UPDATE custodian_backup_shares SET id = '5'"); // the trigger keeps c2 as version 6 as well
    await worker.sql("DELETE FROM backup_share_versions WHERE id = '6'");
    assert.equal((await wallet.admin("POST", `${wallet.path(ada)}/backups/restore`, { versionId: "5" })).status, 200);
    assert.equal(await custodianShares(), 2);
    await wallet.custodian(ada, S, "c3");
    await wallet.restoreVersion(ada, "5");
    assert.equal(await custodianShares(), 3);
  });
});

test("a share of a user whose id another client has here does not go to that one, unless it says so", async () => {
  const records = (given) => [
    { type: "user", id: ada.id, clientId: "another-client", clientApiKey: "another-key" },
    { ...share("7", "of whom?", "2026-01-01T00:00:00.000Z"), userId: ada.id, ...given },
    {
      type: "userBackupShare",
      userId: ada.id,
      backupMethod: "GDRIVE",
      cipherText: "of whom?",
      storedAt: "2026-01-01T00:00:00.000Z",
      ...given,
    },
  ];
  const outcomes = async (query, given) => {
    const answer = await worker.send("POST", `/admin/import${query}`, {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "content-type": "application/x-ndjson" },
      body: records(given)
        .map((record) => JSON.stringify(record))
        .join("\n"),
    });
    return answer.body.results.map(({ outcome }) => outcome);
  };
  for (const query of ["?dryRun=true", "", "?replaceOlder=true"])
    assert.deepEqual(await outcomes(query), ["conflict", "refused", "refused"], query);
  assert.deepEqual(await wallet.fetched(ada), []);
  assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), undefined);
  assert.deepEqual(await outcomes("", { clientId: ada.clientId }), ["conflict", "new", "new"]);
  assert.deepEqual(await wallet.fetched(ada), ["of whom?"]);
});

describe("a custodian share of unknown time", () => {
  test("does not hide the one that the cipher text belongs to, which is kept past the retention", async () => {
    await wallet.custodian(ada, S, "c1");
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await worker.sql("DELETE FROM custodian_backup_shares");
    assert.deepEqual(await wallet.fetched(ada), ["c1"]);
    await imports(share("9", "c0"));
    assert.deepEqual(await wallet.fetched(ada), ["c0", "c1"]);
    for (let n = 0; n < 2; n += 1) await worker.scheduled();
    assert.deepEqual(await wallet.fetched(ada), ["c0", "c1"]);
  });
});
