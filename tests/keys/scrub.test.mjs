// The scrub: each run of the schedule opens some of the shares, and finds those that are damaged.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { user } from "../support/client.mjs";
import {
  ada,
  assertAllThere,
  begin,
  custodian,
  deploy,
  K1,
  K2,
  oneOfEach,
  SEALED,
  status,
  unopenable,
  wallet,
  worker,
} from "../support/keys.mjs";

await begin({ rotating: { SHARE_ENCRYPTION_KEYS: `${K2},${K1}`, PURGE_DELAY_HOURS: "1" } });

describe("the scrub", () => {
  test("finds a damaged row in each table, logs it, shows it to operators, and notices the repair", async () => {
    await oneOfEach();
    await worker.scheduled();
    const healthy = (await status()).scrub;
    assert.deepEqual([healthy.checked, healthy.failed], [3, 0]);
    assert.match(healthy.at, /^\d{4}-\d\d-\d\dT.*Z$/);
    const rows = [];
    for (const table of SEALED) {
      const [row] = await worker.sql(`SELECT rowid, sealed_share FROM ${table}`);
      rows.push([table, row]);
      await worker.sql(
        `UPDATE ${table} SET sealed_share = ? WHERE rowid = ?`,
        `${row.sealed_share.slice(0, -8)}AAAAAAA=`,
        row.rowid,
      );
    }
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(
      unopenable().map(({ level, table, row, userId, keyId, why }) => [level, table, row, userId, keyId, why]),
      rows.map(([table, { rowid }]) => ["error", table, rowid, ada.id, "k1", "damaged or moved"]),
    );
    assert.deepEqual(Object.keys(unopenable()[0]).sort(), [
      "backupMethod",
      "keyId",
      "level",
      "message",
      "release",
      "row",
      "table",
      "userId",
      "version",
      "why",
    ]);
    assert.equal((await status()).scrub.failed, 3);
    for (const [table, { rowid, sealed_share: sealed }] of rows)
      await worker.sql(`UPDATE ${table} SET sealed_share = ? WHERE rowid = ?`, sealed, rowid);
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(unopenable(), []);
    assert.equal((await status()).scrub.failed, 0);
    await assertAllThere();
  });

  test("of many rows goes on where it stopped, and visits every row", async () => {
    await custodian(ada, "M", "m");
    await worker.sql(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
      INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
      SELECT 'v' || i, user_id, '${ada.clientId}', 'custodian', 'M' || i, key_id, created_at, updated_at, updated_at, 'replaced', sealed_share
      FROM n, custodian_backup_shares`);
    // Only M itself is in its own place: 1,200 rows are damaged.
    const seen = new Set();
    let runs = 0;
    while (seen.size < 1200 && runs++ < 4) {
      worker.clearLogs();
      await worker.scheduled();
      for (const { version } of unopenable()) {
        assert.ok(!seen.has(version), "once in a walk");
        seen.add(version);
      }
    }
    assert.deepEqual([seen.size, runs], [1200, 3]);
    assert.equal((await status()).scrub.failed, 1200);
  });

  test("goes on although what is past its retention cannot be removed", async () => {
    for (const share of ["a", "b"]) await custodian(ada, "NOBODY-NEEDS-IT", share);
    await worker.sql("UPDATE backup_share_versions SET superseded_at = '2020-01-01T00:00:00.000Z'");
    await worker.sql(
      "CREATE TRIGGER in_the_way BEFORE DELETE ON backup_share_versions BEGIN SELECT RAISE(ABORT, 'in the way'); END",
    );
    try {
      await worker.scheduled();
    } finally {
      await worker.sql("DROP TRIGGER in_the_way");
    }
    assert.equal((await status()).scrub.checked, 2);
    await worker.scheduled();
    assert.deepEqual(await worker.sql("SELECT 1 FROM backup_share_versions"), []);
  });

  test("a note of it that cannot be read makes it begin anew", async () => {
    await oneOfEach();
    await worker.sql(
      "INSERT INTO meta (name, value) VALUES ('scrub', '{broken') ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
    await worker.scheduled();
    assert.equal((await status()).scrub.checked, 3);
  });
});

test("a run of the schedule has one budget, spent fairly: large rows stop neither the scrub nor the purges, and the status says what is left", async () => {
  deploy("rotating");
  const bob = user("bob");
  await wallet.register(bob);
  await worker.sql(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
     INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
     SELECT 'v' || i, ?, ?, 'user', 'GDRIVE', 'k1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
       'replaced', hex(zeroblob(200000)) FROM n`,
    ada.id,
    ada.clientId,
  );
  assert.equal((await wallet.admin("DELETE", `${wallet.path(bob)}?purge=${bob.clientId}`)).status, 202);
  await worker.sql("UPDATE purges SET purge_at = requested_at");
  const left = async () => (await wallet.admin("GET", "/admin/status")).body.left;
  assert.deepEqual(await left(), { rewrap: 300, scrub: 0, purges: 1 });
  await worker.scheduled();
  const { rewrap, scrub, purges } = await left();
  assert.deepEqual([rewrap, purges], [300, 0]);
  assert.ok(scrub > 0 && scrub < 300, JSON.stringify((await wallet.admin("GET", "/admin/status")).body));
  let runs = 1;
  for (; (await left()).scrub > 0; runs += 1) await worker.scheduled();
  assert.ok(runs < 10, `${runs} runs`);
  assert.equal((await wallet.admin("GET", "/admin/status")).body.scrub.failed, 300);
});
