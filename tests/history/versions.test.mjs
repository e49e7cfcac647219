// Nothing is overwritten without being kept, and an operator can bring back what was.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { assertProblem, sorted, user } from "../support/client.mjs";
import {
  ada,
  backup,
  begin,
  cipherText,
  custodian,
  E,
  fetched,
  GDRIVE,
  S,
  versions,
  wallet,
  worker,
} from "../support/history.mjs";

await begin();

describe("what is replaced or deleted is kept", () => {
  test("a replaced share of either kind is in the history, with its pair and its times, and without its share", async () => {
    await custodian(ada, S, "s1", { pair: "p1" });
    await cipherText(ada, "GDRIVE", "u1", { pair: "p1" });
    await custodian(ada, S, "s2", { pair: "p2" });
    await cipherText(ada, "GDRIVE", "u2", { pair: "p2" });
    const answer = await wallet.admin("GET", `${wallet.path(ada)}/backups/history`);
    const [newer, older] = answer.body.versions;
    for (const [version, kind, backupMethod] of [
      [newer, "user", "GDRIVE"],
      [older, "custodian", S],
    ]) {
      assert.deepEqual(Object.keys(version), [
        "id",
        "kind",
        "backupMethod",
        "backupSharePairId",
        "storedAt",
        "supersededAt",
      ]);
      assert.deepEqual([version.kind, version.backupMethod, version.backupSharePairId], [kind, backupMethod, "p1"]);
      assert.ok(version.storedAt < version.supersededAt);
    }
    assert.equal(answer.body.versions.length, 2);
    assert.doesNotMatch(answer.text, /s1|u1/);
  });

  test("the very same share sent again is no new version, and changes nothing", async () => {
    await backup(1);
    const rows = () =>
      worker.sql(
        "SELECT id, updated_at, sealed_share FROM custodian_backup_shares UNION ALL SELECT id, updated_at, sealed_share FROM user_backup_shares",
      );
    const before = await rows();
    await backup(1);
    assert.deepEqual(await rows(), before);
    assert.deepEqual(await versions(), []);
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
  });

  test("a share that comes back after another one is no new version, and displaces nothing", async () => {
    for (const text of ["s1", "s2", "s1"]) await custodian(ada, S, text);
    assert.equal((await versions()).length, 1);
    assert.deepEqual(await fetched(), ["s2"]);
  });

  test("it is known by the twenty newest versions of its method, neither by the other kind's nor by another method's", async () => {
    for (let n = 0; n <= 20; n += 1) {
      await backup(n);
      await cipherText(ada, "ICLOUD", `i${n}`);
    }
    for (const [kind, method, store, text] of [
      ["custodian", S, custodian, "s"],
      ["user", "GDRIVE", cipherText, "u"],
    ]) {
      const current = async () =>
        (await worker.sql(`SELECT id, updated_at FROM ${kind}_backup_shares WHERE method = ?`, method))[0];
      const kept = () =>
        worker.sql(
          "SELECT id, stored_at, sealed_share FROM backup_share_versions WHERE kind = ? AND method = ? ORDER BY stored_at",
          kind,
          method,
        );
      const newest = await current();
      const [oldest, second] = await kept();
      await worker.sql("UPDATE backup_share_versions SET sealed_share = '' WHERE id = ?", oldest.id);
      await store(ada, method, `${text}0`);
      assert.deepEqual(await current(), newest, "the twentieth is older");
      assert.notEqual((await kept())[0].sealed_share, "", "and sealed anew, for it did not open");
      await wallet.restoreVersion(ada, oldest.id);
      await store(ada, method, `${text}1`);
      assert.equal((await current()).updated_at, second.stored_at, "the twentieth keeps its time");
      await store(ada, method, `${text}0`);
      assert.ok((await current()).updated_at > newest.updated_at, "the one before is as good as new");
    }
  });

  test("an operator's own SQL cannot lose a share either", async () => {
    await backup(1);
    await worker.sql("DELETE FROM custodian_backup_shares WHERE backup_method = ?", S);
    await worker.sql("UPDATE user_backup_shares SET id = 'by hand', sealed_share = 'AAAA'");
    assert.deepEqual(sorted(await versions()), [`custodian ${S}`, "user GDRIVE"]);
    for (const { id } of await wallet.history(ada)) await wallet.restoreVersion(ada, id);
    assert.deepEqual(await fetched(), ["e1", "s1"]);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    for (const column of ["id", "client_id"])
      await assert.rejects(worker.sql(`UPDATE users SET ${column} = 'other'`), /never change/);
  });

  test("a user deleted by SQL is kept as one deleted by the API", async () => {
    await backup(1);
    await worker.sql("DELETE FROM users");
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1"]);
  });
});

describe("the cipher text of a pair", () => {
  test("is found by its pair, in the history too, under the method asked for or any", async () => {
    await cipherText(ada, "GDRIVE", "u1", { pair: "p1" });
    await cipherText(ada, "GDRIVE", "u2", { pair: "p2" });
    await cipherText(ada, "ICLOUD", "i1", { pair: "p1" });
    assert.equal(await wallet.recovered(ada, { backupSharePairId: "p2" }), "u2");
    assert.equal(await wallet.recovered(ada, { backupSharePairId: "p1", ...GDRIVE }), "u1");
    assert.equal(await wallet.recovered(ada, { backupSharePairId: "p1" }), "i1", "the current one first");
    assert.equal(await wallet.recovered(ada, { backupSharePairId: "p1", backupMethod: "PASSWORD" }), undefined);
    assert.equal(await wallet.recovered(ada, { backupSharePairId: "p3" }), undefined);
  });

  test("is never another user's", async () => {
    const bob = user("bob");
    await wallet.register(bob);
    await cipherText(ada, "GDRIVE", "u1", { pair: "p1" });
    await cipherText(ada, "GDRIVE", "u2", { pair: "p2" });
    assert.equal(await wallet.recovered(bob, { backupSharePairId: "p1" }), undefined);
    const answer = await wallet.app(bob, "GET", `${wallet.path(ada)}/user-backup-share?backupSharePairId=p1`);
    assertProblem(answer, 403, "forbidden");
  });

  test("is the user's own and the newest, where another user and custodian shares have the same pair", async () => {
    const bob = user("bob");
    await wallet.register(bob);
    for (const who of [ada, bob]) {
      for (const [n, pair] of ["p1", "p1", "p2"].entries()) await cipherText(who, "GDRIVE", `${who.id} ${n}`, { pair });
      for (const pair of ["p1", "p2", "q1", "q2"]) await custodian(who, S, `${who.id} ${pair}`, { pair });
    }
    for (const who of [ada, bob]) {
      for (const query of [{}, GDRIVE]) {
        assert.equal(await wallet.recovered(who, { backupSharePairId: "p1", ...query }), `${who.id} 1`);
        assert.equal(await wallet.recovered(who, { backupSharePairId: "p2", ...query }), `${who.id} 2`);
        assert.equal(await wallet.recovered(who, { backupSharePairId: "q1", ...query }), undefined);
      }
    }
  });
});

describe("an operator restores a version", () => {
  test("with the time and the pair it was stored with, so that its mates are found again", async () => {
    await backup(1, { pairs: ["p1", "p1"], userPair: "p1" });
    await backup(2);
    const version = (await wallet.history(ada)).find(({ kind }) => kind === "user");
    const restored = await wallet.restoreVersion(ada, version.id);
    assert.deepEqual(
      [restored.id, restored.storedAt, restored.backupSharePairId],
      [version.id, version.storedAt, "p1"],
    );
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    assert.deepEqual(await fetched(), ["e1", "e2", "s1", "s2"]);
    assert.ok(!(await wallet.history(ada)).some(({ id }) => id === version.id), "current, so not in the history");
  });

  test("and what it displaces is kept, and can be restored in its turn", async () => {
    await backup(1);
    await backup(2);
    const second = await worker.sql("SELECT id, updated_at FROM user_backup_shares");
    await wallet.restoreVersion(ada, (await wallet.history(ada)).find(({ kind }) => kind === "user").id);
    await wallet.restoreVersion(ada, (await wallet.history(ada)).find(({ kind }) => kind === "user").id);
    assert.deepEqual(await worker.sql("SELECT id, updated_at FROM user_backup_shares"), second);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u2");
    assert.deepEqual(await fetched(), ["e2", "s2"]);
  });

  test("and what it displaces was superseded then, however old the version is: the retention counts from there", async () => {
    const bob = user("bob");
    await wallet.register(bob);
    for (const n of [1, 2]) {
      await custodian(bob, S, `s${n}`);
      await cipherText(bob, "GDRIVE", `u${n}`);
    }
    const { now } = (await worker.sql("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now"))[0];
    for (const { id } of await wallet.history(bob)) await wallet.restoreVersion(bob, id);
    const displaced = await wallet.history(bob);
    assert.deepEqual(displaced.map(({ kind }) => kind).sort(), ["custodian", "user"]);
    for (const { kind, storedAt, supersededAt } of displaced) assert.ok(storedAt < now && supersededAt >= now, kind);
    assert.deepEqual(await fetched(bob), ["s1"]);
  });

  test("while a backup runs: the cipher text that then comes still finds its mate", async () => {
    await backup(1);
    await custodian(ada, S, "s2");
    await custodian(ada, E, "e2");
    await wallet.restoreVersion(ada, (await wallet.history(ada)).find(({ backupMethod }) => backupMethod === S).id);
    await cipherText(ada, "GDRIVE", "u2");
    assert.deepEqual(await fetched(), ["e2", "s1", "s2"]);
  });

  test("the same version twice: the second time there is nothing left to do", async () => {
    await backup(1);
    await backup(2);
    const [{ id }] = await wallet.history(ada);
    const first = await wallet.restoreVersion(ada, id);
    assert.deepEqual(await wallet.restoreVersion(ada, id), first);
    assert.equal((await versions()).length, 3);
  });

  test("its own, where another user's, and one of the id's former client, have the same id", async () => {
    const bob = user("bob");
    await wallet.register(bob);
    for (const who of [ada, bob]) {
      for (const [n, pair] of ["p1", "p2"].entries()) {
        await custodian(who, S, `s${n} ${who.id}`, { pair });
        await cipherText(who, "GDRIVE", `u${n} ${who.id}`, { pair });
      }
    }
    await worker.sql("UPDATE backup_share_versions SET id = kind");
    await worker.sql(`INSERT INTO backup_share_versions
        (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
      SELECT id, user_id, 'former', kind, backup_method, key_id, created_at, stored_at, '2999-01-01T00:00:00.000Z', reason, 'AAAA'
      FROM backup_share_versions WHERE user_id = '${ada.id}'`);
    for (const id of ["custodian", "user"])
      assert.equal((await wallet.restoreVersion(ada, id)).backupSharePairId, "p1");
    assert.deepEqual(await fetched(), [`s0 ${ada.id}`]);
    assert.equal(await wallet.recovered(ada, GDRIVE), `u0 ${ada.id}`);
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
    assert.deepEqual(await fetched(bob), [`s1 ${bob.id}`]);
    assert.equal(await wallet.recovered(bob, GDRIVE), `u1 ${bob.id}`);
  });

  test("that the user has not: 404, and nothing changes", async () => {
    const bob = user("bob");
    await wallet.register(bob);
    await backup(1);
    await backup(2);
    const [{ id }] = await wallet.history(ada);
    for (const [who, versionId] of [
      [ada, "none"],
      [bob, id],
    ]) {
      assertProblem(await wallet.admin("POST", `${wallet.path(who)}/backups/restore`, { versionId }), 404, "not_found");
    }
    assert.equal((await versions()).length, 3);
  });
});
