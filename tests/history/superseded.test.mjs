// Which superseded shares Portal is given beside the current ones: FETCH_SUPERSEDED.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { sorted, user } from "../support/client.mjs";
import { ada, begin, S, worker } from "../support/history.mjs";

await begin({ siblings: { never: { FETCH_SUPERSEDED: "never" }, always: { FETCH_SUPERSEDED: "always" } } });

/** The current shares, the one that the cipher text belongs to, and one before it. */
async function half(on) {
  await on.custodian(ada, S, "s0");
  await on.custodian(ada, S, "s1");
  await on.cipherText(ada, "GDRIVE", "u1");
  await on.custodian(ada, S, "s2");
  return sorted(await on.fetched(ada));
}

describe("with other settings", () => {
  test("FETCH_SUPERSEDED=never: the current shares and nothing else", async () => {
    const never = backups(worker.sibling("never"));
    assert.deepEqual(await half(never), ["s2"]);
    assert.equal(await never.state(ada, "GDRIVE"), "half-finished");
  });

  test("FETCH_SUPERSEDED=never: a client's own shares only, and a backup that broke off is still logged", async () => {
    const never = backups(worker.sibling("never"));
    const bob = user("bob");
    await never.register(bob);
    await half(never);
    await never.custodian(bob, S, "b1");
    await never.cipherText(bob, "GDRIVE", "b1");
    worker.clearLogs();
    assert.deepEqual(await never.fetched(bob), ["b1"]);
    assert.deepEqual(await never.fetched(ada), ["s2"]);
    const lines = worker.logLines().filter(({ message }) => message.includes("half-finished"));
    assert.deepEqual(
      lines.map(({ clientId }) => clientId),
      [ada.clientId],
    );
  });

  test("FETCH_SUPERSEDED=always: every share that is still kept", async () => {
    assert.deepEqual(await half(backups(worker.sibling("always"))), ["s0", "s1", "s2"]);
  });

  test("FETCH_SUPERSEDED=always: the newest 500 at most, for an answer has to fit into memory", async () => {
    const always = backups(worker.sibling("always"));
    await half(always);
    await worker.sql(`INSERT INTO backup_share_versions
        (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
      SELECT id || i, user_id, client_id, kind, backup_method, key_id, created_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', stored_at, '-' || i || ' seconds'), superseded_at, reason, sealed_share
      FROM backup_share_versions, n WHERE stored_at = (SELECT min(stored_at) FROM backup_share_versions)`);
    const shares = await always.fetched(ada);
    assert.ok(shares.includes("s2") && shares.includes("s1"), "the current one and the newest of those before");
    assert.ok(shares.length >= 500 && shares.length <= 502, String(shares.length));
    await worker.sql(
      "UPDATE backup_share_versions SET superseded_at = '2099-01-01T00:00:00.000Z' WHERE stored_at < (SELECT max(stored_at) FROM backup_share_versions)",
    );
    assert.ok(
      (await always.fetched(ada)).includes("s1"),
      "the one that the cipher text belongs to, however many are newer",
    );
  });
});
