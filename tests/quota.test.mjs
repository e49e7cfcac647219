// One user cannot fill the database for all: what is replaced is kept, so what may be stored has an end.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { backups, setTimes } from "./support/backup.mjs";
import { assertProblem, user } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const CUSTODIAN = "GDRIVE-SECP256K1";
const ada = user("ada");
const bob = user("bob");
const MIB = 1024 * 1024;

let worker;
let wallet;
before(async () => {
  worker = await startWorker();
  wallet = backups(worker);
});
after(() => worker?.stop());
beforeEach(async () => {
  await worker.clear();
  for (const who of [ada, bob]) await wallet.register(who);
});

/** Puts shares of a size into a user's history, as if they had been replaced just now. */
const replacedJustNow = (who, count, bytes, kind = "user") =>
  worker.sql(`INSERT INTO backup_share_versions
      (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}),
      t (now) AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    SELECT 'v' || i, '${who.id}', '${who.clientId}', '${kind}', 'GDRIVE', 'k1', now, now, now, 'replaced', hex(zeroblob(${bytes / 2}))
    FROM n, t`);
const custodian = (who, share) => wallet.storeCustodian(who, CUSTODIAN, share);
const cipherText = (who, share, method = "GDRIVE") => wallet.storeCipherText(who, method, share);
const outcomes = async () =>
  (await worker.sql("SELECT outcome FROM audit_events WHERE action LIKE 'store%' ORDER BY id")).map(
    ({ outcome }) => outcome,
  );

describe("a user who stored as much as one may within a day", () => {
  for (const [what, count, bytes] of [
    ["in large shares", 40, 1.7 * MIB],
    ["in many small ones", 4_097, 64],
  ]) {
    it(`may store nothing more for now: 429, and nothing changes (${what})`, async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      await wallet.cipherText(ada, "GDRIVE", "u1");
      for (const kind of ["custodian", "user"]) await replacedJustNow(ada, count, bytes, kind);
      for (const store of [custodian, cipherText]) {
        const { status, body, headers } = await store(ada, "another");
        assert.deepEqual([status, body.code], [429, "rate_limited"]);
        assert.match(body.detail, /stored as much as one user may within a day; nothing was stored/);
        assert.equal(headers.get("retry-after"), "3600");
      }
      assert.deepEqual(await outcomes(), ["stored", "stored", "over_quota", "over_quota"]);
      assert.equal((await wallet.history(ada)).filter(({ id }) => !id.startsWith("v")).length, 0);
    });
  }

  for (const [count, bytes] of [
    [40, 1.7 * MIB],
    [4_097, 64],
  ])
    it(`may not replace a custodian share by having the other curve's stored after that (${count} of ${bytes} bytes)`, async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      await replacedJustNow(ada, count, bytes, "custodian");
      await wallet.custodian(ada, "GDRIVE-ED25519", "a first one");
      assert.equal((await custodian(ada, "another")).status, 429);
    });

  it("may recover", async () => {
    await wallet.custodian(ada, CUSTODIAN, "c1");
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await replacedJustNow(ada, 4_097, 64);
    assert.deepEqual(await wallet.fetched(ada), ["c1"]);
    assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "u1");
  });

  it("is not told so of what replaces nothing: a share that is stored already, and a first one of a method", async () => {
    await wallet.custodian(ada, CUSTODIAN, "c1");
    await wallet.cipherText(ada, "GDRIVE", "u1", { pair: "p1" });
    for (const kind of ["custodian", "user"]) await replacedJustNow(ada, 4_097, 64, kind);
    await wallet.custodian(ada, CUSTODIAN, "c1");
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await wallet.cipherText(ada, "GDRIVE", "u1", { pair: "p2" });
    await wallet.custodian(ada, "ICLOUD-SECP256K1", "c2");
    await wallet.cipherText(ada, "ICLOUD", "u2");
  });

  it("has a quota for each kind: what an app stores does not shut Portal's webhook out", async () => {
    await wallet.custodian(ada, CUSTODIAN, "c1");
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await replacedJustNow(ada, 4_097, 64, "user");
    assert.equal((await cipherText(ada, "junk")).status, 429);
    await wallet.custodian(ada, CUSTODIAN, "c2");
  });

  it("has its backup taken whole: the cipher text of a custodian share that was taken, once", async () => {
    await wallet.custodian(ada, CUSTODIAN, "c1");
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await replacedJustNow(ada, 4_097, 64, "user");
    await wallet.custodian(ada, CUSTODIAN, "c2");
    await wallet.cipherText(ada, "gdrive", "u2");
    assert.equal(await wallet.state(ada, "gdrive"), "complete");
    assert.equal((await cipherText(ada, "junk")).status, 429);
  });

  it("has its backup taken whole: the other curve of a custodian share that was taken, once", async () => {
    const [one, other] = [CUSTODIAN, "gdrive-ed25519"];
    const taken = async (method, share) => (await wallet.storeCustodian(ada, method, share)).status === 204;
    for (const method of [one, other, "ICLOUD-SECP256K1", "PASSWORD", "CUSTOM"])
      await wallet.custodian(ada, method, "c1");
    await wallet.custodian(bob, "ICLOUD-ED25519", "c1");
    // None of these counts: another user's, the other kind's, those of an id's former client, deleted ones, old ones.
    await replacedJustNow(bob, 4_097, 64, "custodian");
    await replacedJustNow(ada, 4_097, 64, "user");
    for (const [column, value] of [
      ["client_id", "former"],
      ["reason", "deleted"],
      ["superseded_at", "2025-01-01T00:00:00.000Z"],
    ]) {
      const row = `user_id = '${ada.id}' AND client_id = '${ada.clientId}' AND kind = 'custodian' AND reason = 'replaced'`;
      await replacedJustNow(ada, 4_097, 64, "custodian");
      await worker.sql(
        `UPDATE backup_share_versions SET ${column} = '${value}' WHERE ${row} AND superseded_at > '2026'`,
      );
    }
    // The next one that is replaced is one too many.
    await replacedJustNow(ada, 4_096, 64, "custodian");
    await wallet.custodian(ada, one, "c2");
    for (const method of ["ICLOUD-SECP256K1", "PASSWORD"])
      assert.equal(await taken(method, "c2"), false, `${method} is of another backup, and bob's of another user`);
    await wallet.custodian(ada, other, "c2");
    for (const method of [one, other]) assert.equal(await taken(method, "c3"), false, method);
    await wallet.custodian(ada, one, "c2");
    await wallet.cipherText(ada, "GDRIVE", "u2");
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
  });

  it("has its backup taken whole where nothing had been replaced before it", async () => {
    for (const method of [CUSTODIAN, "GDRIVE-ED25519"]) await wallet.custodian(ada, method, "c1");
    await replacedJustNow(ada, 4_097, 64, "custodian");
    await wallet.custodian(ada, CUSTODIAN, "c2");
  });

  it("has a cipher text taken by a custodian share of its own method only, or under UNKNOWN by any", async () => {
    const taken = async (method) => (await wallet.storeCipherText(ada, method, "u2")).status === 200;
    for (const method of ["GDRIVE", "PASSWORD", "UNKNOWN"]) await wallet.cipherText(ada, method, `${method} u1`);
    await wallet.custodian(bob, CUSTODIAN, "c1");
    await wallet.custodian(ada, "password", "c1");
    await wallet.custodian(ada, "ICLOUD-SECP256K1", "c1");
    await replacedJustNow(ada, 4_097, 64, "user");
    assert.deepEqual(await Promise.all(["GDRIVE", "PASSWORD", "UNKNOWN"].map(taken)), [false, true, true]);
  });

  it("is released by an operator, from then on: what comes later counts anew", async () => {
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await replacedJustNow(ada, 4_097, 64);
    assert.equal((await cipherText(ada, "u2")).status, 429);
    assert.equal((await wallet.admin("DELETE", `${wallet.path(ada)}/quota`)).status, 204);
    await wallet.cipherText(ada, "GDRIVE", "u2");
    const [{ outcome }] = await worker.sql("SELECT outcome FROM audit_events WHERE action = 'release_quota'");
    assert.equal(outcome, "released");
    await setTimes(worker, "backup_share_versions", {
      superseded_at: "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 second')",
    });
    assert.equal((await cipherText(ada, "u3")).status, 429);
    assertProblem(await wallet.admin("DELETE", "/users/nobody/quota"), 404, "unknown_user");
  });

  it("is not who has imported versions with times far ahead", async () => {
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await replacedJustNow(ada, 4_097, 64);
    await setTimes(worker, "backup_share_versions", { superseded_at: "'2998-01-01T00:00:00.000Z'" });
    await wallet.cipherText(ada, "GDRIVE", "u2");
  });

  it("keeps nobody else from storing", async () => {
    for (const kind of ["custodian", "user"]) await replacedJustNow(ada, 4_097, 64, kind);
    for (const n of [1, 2]) {
      await wallet.custodian(bob, CUSTODIAN, `c${n}`);
      await wallet.cipherText(bob, "GDRIVE", `u${n}`);
    }
  });

  it("may store again a day later", async () => {
    await wallet.custodian(ada, CUSTODIAN, "c0");
    await replacedJustNow(ada, 4_097, 64, "custodian");
    assert.equal((await custodian(ada, "c1")).status, 429);
    await setTimes(worker, "backup_share_versions", {
      superseded_at: "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-25 hours')",
    });
    await wallet.custodian(ada, CUSTODIAN, "c1");
    await wallet.cipherText(ada, "GDRIVE", "u1");
  });

  it("is not who was deleted and registered again, nor whose shares an operator deleted", async () => {
    await replacedJustNow(ada, 4_097, 64);
    await worker.sql("UPDATE backup_share_versions SET reason = 'deleted'");
    await wallet.cipherText(ada, "GDRIVE", "u1");
  });

  it("can be helped by an operator, who restores what was there before", async () => {
    await wallet.cipherText(ada, "GDRIVE", "the right one");
    await wallet.cipherText(ada, "GDRIVE", "a thief's");
    const [right] = await wallet.history(ada);
    await replacedJustNow(ada, 4_097, 64);
    await wallet.restoreVersion(ada, right.id);
    assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "the right one");
  });
});

describe("a user with 256 methods", () => {
  const methods = (count) =>
    worker.sql(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
      INSERT INTO user_backup_shares (id, user_id, backup_method, key_id, share_digest, created_at, updated_at, sealed_share)
      SELECT id || i, user_id, 'M' || i, key_id, share_digest, created_at, updated_at, sealed_share FROM user_backup_shares, n`);

  it("gets no further one, 409, and backs those up that are there", async () => {
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await methods(254);
    await wallet.cipherText(ada, "the 256th", "u1");
    const { status, body } = await cipherText(ada, "u1", "the 257th");
    assert.deepEqual([status, body.code], [409, "conflict"]);
    assert.match(body.detail, /256 backup methods/);
    await wallet.cipherText(ada, "GDRIVE", "u2");
    await wallet.custodian(ada, CUSTODIAN, "c1");
    assert.equal(await wallet.recovered(ada, { backupMethod: "the 257th" }), undefined);
  });

  it("has the other half of a backup taken: the cipher text of a custodian share that is there, and its other curve", async () => {
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await methods(255);
    await wallet.custodian(ada, "NEW-SECP256K1", "c1");
    await wallet.custodian(ada, "NEW-ED25519", "c2");
    await wallet.cipherText(ada, "new", "u2");
    assert.equal(await wallet.state(ada, "new"), "complete");
    assert.equal((await cipherText(ada, "u3", "junk")).status, 409);
  });

  it("has a method removed by an operator: its shares are kept, and its place is free", async () => {
    await wallet.custodian(ada, CUSTODIAN, "c1");
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await methods(255);
    const remove = (method) => wallet.admin("DELETE", `${wallet.path(ada)}/backups?backupMethod=${method}`);
    assert.equal((await remove("m17")).status, 204);
    await wallet.cipherText(ada, "the 256th", "u2");
    assert.equal((await remove("gdrive")).status, 204);
    assert.deepEqual(await wallet.fetched(ada), []);
    assert.deepEqual((await wallet.history(ada)).map(({ backupMethod }) => backupMethod).sort(), [
      "GDRIVE",
      CUSTODIAN,
      "M17",
    ]);
    for (const { id } of (await wallet.history(ada)).filter(({ backupMethod }) => backupMethod !== "M17"))
      await wallet.restoreVersion(ada, id);
    assert.deepEqual(await wallet.fetched(ada), ["c1"]);
    assertProblem(await remove("no-such"), 404, "not_found");
    assertProblem(await wallet.admin("DELETE", `${wallet.path(ada)}/backups`), 400, "invalid_field", {
      field: "backupMethod",
    });
  });

  it("can be restored, be it that a deletion after that had further ones", async () => {
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await methods(255);
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    await wallet.cipherText(ada, "the 257th", "u1");
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.equal((await worker.sql("SELECT 1 FROM user_backup_shares")).length, 257);
  });

  it("stops no import: each line too many is a conflict, and the others are taken", async () => {
    await wallet.cipherText(ada, "GDRIVE", "u1");
    await methods(254);
    const record = (who, backupMethod) =>
      JSON.stringify({ type: "userBackupShare", userId: who.id, backupMethod, cipherText: "imported" });
    const body = [
      record(ada, "the 256th"),
      record(ada, "the 257th"),
      record(bob, "GDRIVE"),
      record(ada, "GDRIVE"),
    ].join("\n");
    const { results } = (
      await worker.send("POST", "/admin/import", {
        bearer: SECRETS.ADMIN_TOKEN,
        headers: { "content-type": "application/x-ndjson" },
        body,
      })
    ).body;
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ["new", "conflict", "new", "conflict"],
    );
    assert.match(results[1].reason, /256 backup methods/);
    assert.equal((await worker.sql("SELECT 1 FROM user_backup_shares WHERE user_id = ?", ada.id)).length, 256);
  });
});
