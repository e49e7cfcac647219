// Nothing is overwritten without being kept, a backup that breaks off half way recovers, and operators can put things right.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import { backups, setTimes } from "./support/backup.mjs";
import { assertProblem, sorted, user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";

const worker = await startWorker();
const wallet = backups(worker);
const ada = user("ada");
const S = "GDRIVE-SECP256K1";
const E = "GDRIVE-ED25519";
const GDRIVE = { backupMethod: "GDRIVE" };

after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await wallet.register(ada);
});

const fetched = async (who = ada) => sorted(await wallet.fetched(who));
const versions = async () => (await wallet.history(ada)).map(({ kind, backupMethod }) => `${kind} ${backupMethod}`);
const { custodian, cipherText } = wallet;
/** A whole backup of both curves; `n` tells it from the next. */
async function backup(n, { pairs, userPair } = {}) {
  await custodian(ada, S, `s${n}`, { pair: pairs?.[0] });
  await custodian(ada, E, `e${n}`, { pair: pairs?.[1] });
  await cipherText(ada, "GDRIVE", `u${n}`, { pair: userPair });
}

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

  test("an operator's own SQL cannot lose a share either", async () => {
    await backup(1);
    await worker.sql("DELETE FROM custodian_backup_shares WHERE backup_method = ?", S);
    await worker.sql("UPDATE user_backup_shares SET id = 'by hand', sealed_share = 'AAAA'");
    assert.deepEqual(sorted(await versions()), [`custodian ${S}`, "user GDRIVE"]);
    for (const { id } of await wallet.history(ada)) await wallet.restoreVersion(ada, id);
    assert.deepEqual(await fetched(), ["e1", "s1"]);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    await assert.rejects(worker.sql("UPDATE users SET client_id = 'other'"), /never change/);
  });

  test("a user deleted by SQL is kept as one deleted by the API", async () => {
    await backup(1);
    await worker.sql("DELETE FROM users");
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1"]);
  });
});

describe("a backup that breaks off half way", () => {
  test("before its cipher text came: the custodian shares that belong to the old one come back beside the new", async () => {
    await backup(0);
    await backup(1);
    await custodian(ada, S, "s2");
    assert.deepEqual(await fetched(), ["e1", "s1", "s2"]);
    assert.equal(await wallet.state(ada, "GDRIVE"), "half-finished");
    await custodian(ada, E, "e2");
    assert.deepEqual(await fetched(), ["e1", "e2", "s1", "s2"]);
    await cipherText(ada, "GDRIVE", "u2");
    assert.deepEqual(await fetched(), ["e2", "s2"]);
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
  });

  test("not by a cipher text that comes again late: what the history knows as older changes nothing", async () => {
    await backup(1);
    await backup(2);
    const before = await wallet.history(ada);
    await cipherText(ada, "GDRIVE", "u1");
    await cipherText(ada, "gdrive", "u1");
    assert.equal(await wallet.recovered(ada, GDRIVE), "u2");
    assert.deepEqual(await fetched(), ["e2", "s2"]);
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
    assert.deepEqual(await wallet.history(ada), before);
  });

  test("nor by a custodian share that comes again late", async () => {
    await backup(1);
    await custodian(ada, S, "s2");
    await custodian(ada, E, "e2");
    await custodian(ada, S, "s1");
    assert.deepEqual(await fetched(), ["e1", "e2", "s1", "s2"]);
    await cipherText(ada, "GDRIVE", "u2");
    assert.deepEqual(await fetched(), ["e2", "s2"]);
    await custodian(ada, S, "s1");
    assert.deepEqual(await fetched(), ["e2", "s2"]);
  });

  test("a share that an operator's restore displaced is taken when it comes again: it is newer than the current one", async () => {
    await backup(1);
    await backup(2);
    const [{ id }] = (await wallet.history(ada)).filter(({ kind }) => kind === "user");
    await wallet.restoreVersion(ada, id);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    await cipherText(ada, "GDRIVE", "u2");
    assert.equal(await wallet.recovered(ada, GDRIVE), "u2");
    assert.deepEqual(await fetched(), ["e2", "s2"]);
  });

  test("one and the same share with other pairs makes no version: the pair is noted", async () => {
    await backup(1);
    const before = await wallet.history(ada);
    for (const pair of ["p1", "p2", "p3"]) {
      await cipherText(ada, "GDRIVE", "u1", { pair });
      await custodian(ada, S, "s1", { pair });
    }
    assert.deepEqual(await wallet.history(ada), before);
    assert.equal(await wallet.recovered(ada, { backupSharePairId: "p3" }), "u1");
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
  });

  test("again and again: still exactly the share that the cipher text belongs to", async () => {
    await backup(1);
    for (const n of [2, 3, 4, 5]) await custodian(ada, S, `s${n}`);
    assert.deepEqual(await fetched(), ["e1", "s1", "s5"]);
  });

  test("is logged, with its method and without a share, and counted for operators", async () => {
    await backup(1);
    await custodian(ada, S, "s2");
    worker.clearLogs();
    await fetched();
    const logged = () => worker.logLines().filter(({ message }) => message === "half-finished backup");
    const [{ level, clientId, backupMethods, supersededAdded }] = logged();
    assert.deepEqual(
      [level, clientId, backupMethods, supersededAdded],
      ["info", ada.clientId, ["GDRIVE"], 1],
      "the cipher text may be on its way",
    );
    await setTimes(worker, "custodian_backup_shares", {
      updated_at: "strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '-16 minutes')",
    });
    await setTimes(worker, "user_backup_shares", {
      updated_at: "strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '-16 minutes')",
    });
    worker.clearLogs();
    await fetched();
    assert.deepEqual(
      logged().map((line) => line.level),
      ["warn"],
      "none came",
    );
    assert.equal((await wallet.admin("GET", "/admin/status")).body.halfFinished, 1);
  });

  test("is no warning while it is a backup like any other: Portal fetches in the midst of each", async () => {
    await backup(1);
    worker.clearLogs();
    for (const [method, share] of [
      [S, "s2"],
      [E, "e2"],
    ]) {
      await custodian(ada, method, share);
      await fetched();
    }
    await cipherText(ada, "GDRIVE", "u2");
    await fetched();
    assert.deepEqual(
      worker.logLines().filter(({ level }) => level !== "info"),
      [],
    );
  });

  test("with no cipher text at all: exactly the current shares", async () => {
    await custodian(ada, S, "s1");
    await custodian(ada, S, "s2");
    assert.deepEqual(await fetched(), ["s2"]);
    assert.equal(await wallet.state(ada, "GDRIVE"), "no-user-share");
  });

  test("and one without a custodian share is named as such", async () => {
    await cipherText(ada, "GDRIVE", "u1");
    assert.equal(await wallet.state(ada, "GDRIVE"), "no-custodian-share");
  });

  test("where the old cipher text comes late, its pair still finds its mates", async () => {
    await backup(1, { pairs: ["p1", "p1"], userPair: "p1" });
    await custodian(ada, S, "s2", { pair: "p2" });
    await custodian(ada, E, "e2", { pair: "p2" });
    await cipherText(ada, "GDRIVE", "u1 again", { pair: "p1" });
    assert.equal(await wallet.state(ada, "GDRIVE"), "half-finished");
    assert.deepEqual(await fetched(), ["e1", "e2", "s1", "s2"]);
  });

  test("a pair known to the one side only decides nothing: the times do", async () => {
    for (const [pairs, userPair] of [
      [["p1", "q1"], undefined],
      [[undefined, undefined], "p1"],
      [["p1", undefined], "p1"],
    ]) {
      await worker.clear();
      await wallet.register(ada);
      await backup(1, { pairs, userPair });
      assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
      assert.deepEqual(await fetched(), ["e1", "s1"]);
      await custodian(ada, S, "s2");
      await custodian(ada, E, "e2");
      assert.deepEqual(await fetched(), ["e1", "e2", "s1", "s2"]);
    }
  });

  test("a cipher text that names one curve's pair keeps the mates of both", async () => {
    await backup(1, { pairs: ["p1", "q1"], userPair: "p1" });
    await custodian(ada, E, "e2", { pair: "q2" });
    assert.deepEqual(await fetched(), ["e1", "e2", "s1"]);
    await custodian(ada, S, "s2", { pair: "p2" });
    assert.deepEqual(await fetched(), ["e1", "e2", "s1", "s2"]);
  });

  test("methods that begin alike keep to themselves, but for the curve behind the hyphen", async () => {
    await custodian(ada, "A", "a1");
    await custodian(ada, "A-B", "ab1");
    await custodian(ada, "AB", "other1");
    await cipherText(ada, "A", "u1");
    await custodian(ada, "A-B", "ab2");
    await custodian(ada, "AB", "other2");
    assert.deepEqual(await fetched(), ["a1", "ab1", "ab2", "other2"]);
    assert.equal(await wallet.state(ada, "A"), "half-finished");
    await cipherText(ada, "A-B", "u2");
    // A's own cipher text still belongs to the older share of A-B; A-B's belongs to the newer.
    assert.deepEqual(await fetched(), ["a1", "ab1", "ab2", "other2"]);
    await cipherText(ada, "A", "u3");
    assert.deepEqual(await fetched(), ["a1", "ab2", "other2"]);
  });

  test("a wildcard in a method's name matches nothing but itself", async () => {
    await custodian(ada, "GDRIVE-SECP256K1", "g1");
    await cipherText(ada, "G%", "u1");
    await cipherText(ada, "G_RIVE", "u2");
    await custodian(ada, "GDRIVE-SECP256K1", "g2");
    assert.deepEqual(await fetched(), ["g2"]);
  });

  test("a cipher text without a method stands for the methods that have none", async () => {
    await custodian(ada, S, "s1");
    await cipherText(ada, undefined, "u1");
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    await custodian(ada, S, "s2");
    assert.deepEqual(await fetched(), ["s1", "s2"]);
    await cipherText(ada, "GDRIVE", "u2");
    assert.deepEqual(await fetched(), ["s2"]);
  });

  test("is recognised although the clock of the database went back", async () => {
    await backup(1);
    for (const [table, columns] of [
      ["custodian_backup_shares", ["created_at", "updated_at"]],
      ["user_backup_shares", ["created_at", "updated_at"]],
    ]) {
      await worker.sql(
        `UPDATE ${table} SET ${columns.map((name) => `${name} = strftime('%Y-%m-%dT%H:%M:%fZ', ${name}, '+1 hour')`)}`,
      );
    }
    await custodian(ada, S, "s2");
    assert.equal(await wallet.state(ada, "GDRIVE"), "half-finished");
    assert.deepEqual(await fetched(), ["e1", "s1", "s2"]);
    await custodian(ada, E, "e2");
    await cipherText(ada, "GDRIVE", "u2");
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
    assert.deepEqual(await fetched(), ["e2", "s2"]);
  });

  test("is recognised although the clock went back while an older cipher text was current", async () => {
    await backup(1);
    await backup(2);
    for (const table of ["custodian_backup_shares", "user_backup_shares"]) {
      await worker.sql(`UPDATE ${table} SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '+1 hour')`);
    }
    const cipherTexts = async () => (await wallet.history(ada)).filter(({ kind }) => kind === "user");
    await wallet.restoreVersion(ada, (await cipherTexts())[0].id);
    await custodian(ada, S, "s3");
    await wallet.restoreVersion(ada, (await cipherTexts())[0].id);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u2");
    assert.deepEqual(await fetched(), ["e2", "s2", "s3"]);
  });

  test("is recognised although the clock went back, and the user was deleted and registered again", async () => {
    await backup(1);
    for (const table of ["custodian_backup_shares", "user_backup_shares"]) {
      await worker.sql(`UPDATE ${table} SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '+1 hour')`);
    }
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    await backup(2);
    await custodian(ada, S, "s3");
    assert.deepEqual(await fetched(), ["e2", "s2", "s3"]);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e2", "s2", "s3"]);
  });

  test("a user can be deleted again, and comes back whole, although the clock is behind the deletion before", async () => {
    await backup(1);
    for (const table of ["custodian_backup_shares", "user_backup_shares"]) {
      await worker.sql(`UPDATE ${table} SET updated_at = '2098-01-01T00:00:00.000Z'`);
    }
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    for (const { id } of await wallet.history(ada)) await wallet.restoreVersion(ada, id); // of the very time of that deletion
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1"]);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
  });

  test("is recognised although all of it happened in the same millisecond", async () => {
    await custodian(ada, "A-B-C", "c1");
    await cipherText(ada, "A", "u1");
    await worker.sql("UPDATE user_backup_shares SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 hour')");
    await worker.sql("UPDATE custodian_backup_shares SET updated_at = (SELECT updated_at FROM user_backup_shares)");
    assert.equal(await wallet.state(ada, "A"), "complete");
    await custodian(ada, "A-B-C", "c2");
    assert.equal(await wallet.state(ada, "A"), "half-finished");
    assert.deepEqual(await fetched(), ["c1", "c2"]);
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

describe("a deleted user", () => {
  test("is restored with all shares, their times, their history, and the app's key", async () => {
    await backup(1, { pairs: ["p1", "q1"], userPair: "p1" });
    await custodian(ada, S, "s2");
    const all = () =>
      worker.sql(
        // The digest of a text alone comes with its next store.
        `SELECT * FROM users, custodian_backup_shares, (SELECT id, user_id, backup_method, backup_share_pair_id, key_id, share_digest,
           created_at, updated_at, sealed_share FROM user_backup_shares) ORDER BY 1, 2, 3, 4, 5, 6, 7`,
      );
    const [before, history] = [await all(), await wallet.history(ada)];
    await wallet.deleteUser(ada);
    assertProblem(await wallet.fetchCustodian(ada), 404, "unknown_client");
    assert.equal((await wallet.fetchCipherText(ada, GDRIVE)).status, 401);
    await wallet.restoreUser(ada);
    assert.deepEqual([await all(), await wallet.history(ada)], [before, history]);
    assert.deepEqual(await fetched(), ["e1", "s1", "s2"]);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
  });

  test("that was deleted twice comes back as it was the last time", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    await backup(2);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e2", "s2"]);
    assert.equal((await versions()).length, 3);
  });

  test("is not restored over another that took the id, the client or the key: 409", async () => {
    for (const other of [
      { ...user("bob"), id: ada.id },
      { ...user("bob"), clientId: ada.clientId },
      { ...user("bob"), clientApiKey: ada.clientApiKey },
    ]) {
      await worker.clear();
      await wallet.register(ada);
      await backup(1);
      await wallet.deleteUser(ada);
      await wallet.register(other);
      const refused = await wallet.admin("POST", `${wallet.path(ada)}/restore`);
      assertProblem(refused, 409, "conflict");
      // What it says to do does it, even if the other has the same id and was deleted last.
      await wallet.deleteUser(other);
      const [query] = /\?clientId=[^ ]+/.exec(refused.body.detail);
      assert.equal((await wallet.admin("POST", `${wallet.path(ada)}/restore${query}`)).body.clientId, ada.clientId);
      assert.deepEqual(await fetched(), ["e1", "s1"]);
      assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    }
  });

  test("that was registered again meanwhile comes back with what it had before, once the empty one is deleted", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 409, "conflict");
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1"]);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    assert.deepEqual(await worker.sql("SELECT * FROM deleted_users"), []);
    assert.deepEqual(await versions(), []);
  });

  test("that was backed up anew meanwhile comes back with the latest share of each method; the others are kept", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    await custodian(ada, S, "s2");
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1", "s2"], "the current ones, and the mate of u1");
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    assert.deepEqual(await versions(), [`custodian ${S}`]);
  });

  test("that a webhook registered again meanwhile comes back with the app's key", async () => {
    const eve = { id: "client-eve", clientId: "client-eve", clientApiKey: "key-of-eve" };
    await wallet.register(eve);
    await cipherText(eve, "GDRIVE", "u1");
    await wallet.deleteUser(eve);
    await worker.sql(
      "INSERT INTO users (id, client_id, made_by_webhook, created_at) VALUES ('client-eve', 'client-eve', 1, '2026-01-01T00:00:00.000Z')",
    );
    await wallet.deleteUser(eve);
    await wallet.restoreUser(eve);
    assert.equal(await wallet.recovered(eve, GDRIVE), "u1");
  });

  test("is named so in the refusal that its client id can be copied, whatever it is", async () => {
    const odd = { id: "user-odd", clientId: "a&b+c#d é%41", clientApiKey: "key-of-odd" };
    await wallet.register(odd);
    await wallet.deleteUser(odd);
    await wallet.register({ ...odd, clientId: "other" });
    const refused = await wallet.admin("POST", "/users/user-odd/restore");
    await wallet.deleteUser(odd);
    const [query] = /\?clientId=[^ ]+/.exec(refused.body.detail);
    assert.equal((await wallet.admin("POST", `/users/user-odd/restore${query}`)).body.clientId, odd.clientId);
  });

  test("whose former key is another's by now comes back without it", async () => {
    await custodian(ada, S, "s1");
    await wallet.deleteUser(ada);
    await worker.sql(
      "INSERT INTO users (id, client_id, created_at) VALUES (?, ?, '2026-01-01T00:00:00.000Z')",
      ada.id,
      ada.clientId,
    );
    await custodian(ada, S, "s2");
    await wallet.deleteUser(ada);
    await wallet.register({ ...user("bob"), clientApiKey: ada.clientApiKey });
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["s2"]);
  });

  test("whose client a webhook has registered under its own id meanwhile gets what that brought", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await worker.sql(
      "INSERT INTO users (id, client_id, made_by_webhook, created_at) VALUES (?1, ?1, 1, '2026-01-01T00:00:00.000Z')",
      ada.clientId,
    );
    await custodian(ada, S, "s2");
    await custodian(ada, S, "s3");
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 409, "conflict");
    await wallet.deleteUser({ id: ada.clientId });
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1", "s3"], "the current ones, and the mate of u1");
    assert.deepEqual(await versions(), [`custodian ${S}`, `custodian ${S}`], "s1, and s2");
    await cipherText(ada, "GDRIVE", "u3");
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
    assert.deepEqual(await worker.sql("SELECT * FROM deleted_users"), []);
  });

  test("takes nothing from another user of the same client whom an operator registered and who has shares of the app's own", async () => {
    const other = { ...user("bob"), id: ada.clientId, clientId: ada.clientId };
    await backup(1);
    await wallet.deleteUser(ada);
    await wallet.register(other);
    await custodian(other, S, "s2");
    await cipherText(other, "GDRIVE", "u2");
    await wallet.deleteUser(other);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1"]);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(other);
    assert.deepEqual(await fetched(), ["s2"]);
    assert.equal(await wallet.recovered(other, GDRIVE), "u2");
  });

  test("takes nothing from one of the same client whom an operator registered at last: that one's restore brings it", async () => {
    const other = { ...user("bob"), id: ada.clientId, clientId: ada.clientId };
    const byWebhook = () =>
      worker.sql(
        "INSERT INTO users (id, client_id, made_by_webhook, created_at) VALUES (?1, ?1, 1, '2026-01-01T00:00:00.000Z')",
        ada.clientId,
      );
    await custodian(ada, S, "s1");
    await wallet.deleteUser(ada);
    await byWebhook();
    await custodian(other, S, "w1");
    await wallet.deleteUser(other);
    await wallet.register(other);
    await custodian(other, S, "w2");
    await wallet.deleteUser(other);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["s1"]);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(other);
    assert.deepEqual(await fetched(), ["w2"]);
  });

  test("that is purged while it is restored stays purged, and the audit trail says so", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await worker.sql(
      "CREATE TRIGGER no_restore BEFORE DELETE ON deleted_users BEGIN DELETE FROM users WHERE id = OLD.id; END",
    );
    try {
      assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 409, "conflict");
    } finally {
      await worker.sql("DROP TRIGGER no_restore");
    }
    assert.deepEqual(await worker.sql("SELECT outcome FROM audit_events WHERE action = 'restore_user'"), [
      { outcome: "conflict" },
    ]);
  });

  test("is purged for good even where only its history is left", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await worker.sql("DELETE FROM deleted_users"); // as the retention does, some hours before it comes to the shares
    await wallet.purgeUser(ada);
    assert.deepEqual(await worker.sql("SELECT * FROM backup_share_versions"), []);
  });

  test("of a client id that none was deleted with is unknown", async () => {
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore?clientId=another`), 404, "unknown_user");
    await wallet.deleteUser(ada);
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore?clientId=another`), 404, "unknown_user");
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore?clientId=`), 400, "invalid_field", {
      field: "clientId",
    });
  });

  test("registered anew with another client never sees what the old one had", async () => {
    await backup(1, { pairs: ["p1", "q1"], userPair: "p1" });
    await backup(2);
    await wallet.deleteUser(ada);
    const anew = { ...ada, clientId: "client-anew" };
    await wallet.register(anew);
    assert.deepEqual(await wallet.history(anew), []);
    assert.deepEqual(await wallet.fetched(anew), []);
    assert.equal(await wallet.recovered(anew, { backupSharePairId: "p1" }), undefined);
    await cipherText(anew, "GDRIVE", "u3");
    await custodian(anew, S, "s3");
    assert.deepEqual(await wallet.fetched(anew), ["s3"]);
    const [{ id }] = await worker.sql("SELECT id FROM backup_share_versions LIMIT 1");
    assertProblem(
      await wallet.admin("POST", `${wallet.path(anew)}/backups/restore`, { versionId: id }),
      404,
      "not_found",
    );
  });

  test("purged: nothing is left but the audit trail", async () => {
    await backup(1);
    await backup(2);
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    await backup(3);
    await wallet.purgeUser(ada);
    for (const table of [
      "users",
      "custodian_backup_shares",
      "user_backup_shares",
      "backup_share_versions",
      "deleted_users",
    ]) {
      assert.deepEqual(await worker.sql(`SELECT * FROM ${table}`), [], table);
    }
    const [event] = await worker.sql("SELECT * FROM audit_events WHERE action = 'purge_user'");
    assert.deepEqual(
      [event.actor, event.user_id, event.client_id, event.outcome],
      ["admin", ada.id, ada.clientId, "purged"],
    );
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 404, "unknown_user");
  });

  test("can be purged after the deletion as well, and only under its own client id", async () => {
    await backup(1);
    assertProblem(await wallet.admin("DELETE", `${wallet.path(ada)}?purge=client-other`), 409, "conflict");
    assert.deepEqual(await fetched(), ["e1", "s1"]);
    await wallet.deleteUser(ada);
    await wallet.purgeUser(ada);
    assert.deepEqual(await worker.sql("SELECT * FROM backup_share_versions"), []);
  });
});

describe("the retention", () => {
  const age = (days) =>
    worker.sql(
      `UPDATE backup_share_versions SET superseded_at = strftime('%Y-%m-%dT%H:%M:%fZ', superseded_at, '-${days} days')`,
    );

  describe("spares the cipher text that a current custodian share may belong to", () => {
    const userVersions = async () => (await wallet.history(ada)).filter(({ kind }) => kind === "user").length;

    test("of two devices with pairs: each finds its own by its pair, however old it is", async () => {
      await custodian(ada, S, "cA", { pair: "pA" });
      await custodian(ada, S, "cB", { pair: "pB" });
      await cipherText(ada, "GDRIVE", "uB", { pair: "pB" });
      await cipherText(ada, "gdrive", "uA", { pair: "pA" });
      await age(91);
      await worker.scheduled();
      assert.equal(await wallet.recovered(ada, { backupSharePairId: "pB" }), "uB");
      assert.equal(await wallet.recovered(ada, { backupSharePairId: "pA" }), "uA");
    });

    for (const [what, custodianPair, pair] of [
      ["without pairs", undefined, undefined],
      ["with the backup's own pair", "p1", "p1"],
    ]) {
      test(`junk of a stolen app key, ${what}, ends; the good one stays`, async () => {
        await custodian(ada, S, "s1", { pair: custodianPair });
        await cipherText(ada, "GDRIVE", "good", { pair: custodianPair });
        for (const n of [1, 2, 3, 4]) await cipherText(ada, "GDRIVE", `junk ${n}`, { pair });
        await age(91);
        await worker.scheduled();
        assert.equal(await userVersions(), 1);
        const [{ id }] = (await wallet.history(ada)).filter(({ kind }) => kind === "user");
        await wallet.restoreVersion(ada, id);
        assert.equal(await wallet.recovered(ada, GDRIVE), "good");
      });
    }

    test("under UNKNOWN too, and not once another custodian share has taken that one's place", async () => {
      await custodian(ada, S, "s1");
      await cipherText(ada, "UNKNOWN", "good");
      await cipherText(ada, "UNKNOWN", "junk");
      await age(91);
      await worker.scheduled();
      assert.equal(await userVersions(), 1);
      await custodian(ada, S, "s2");
      await cipherText(ada, "UNKNOWN", "u2");
      await age(91);
      await worker.scheduled();
      assert.equal(await userVersions(), 0);
    });
  });

  test("ends a version, and never one that a cipher text still in use may belong to", async () => {
    await backup(0);
    await backup(1);
    await custodian(ada, S, "s2");
    await custodian(ada, S, "s3");
    await age(89);
    await worker.scheduled();
    assert.equal((await versions()).length, 5);
    await age(2);
    await worker.scheduled();
    assert.deepEqual(await versions(), [`custodian ${S}`]);
    assert.deepEqual(await fetched(), ["e1", "s1", "s3"]);
    // The backup is completed: now nothing needs it any more.
    await custodian(ada, E, "e3");
    await cipherText(ada, "GDRIVE", "u3");
    await age(91);
    await worker.scheduled();
    assert.deepEqual(await versions(), []);
    assert.deepEqual(await fetched(), ["e3", "s3"]);
  });

  test("keeps the mate by pair, and the mate of a cipher text under UNKNOWN", async () => {
    await custodian(ada, S, "s1", { pair: "p1" });
    await custodian(ada, S, "s2", { pair: "p2" });
    await cipherText(ada, "GDRIVE", "u1", { pair: "p1" });
    await custodian(ada, "OLD-ED25519", "o1");
    await cipherText(ada, undefined, "u");
    await custodian(ada, "OLD-ED25519", "o2");
    await age(1000);
    await worker.scheduled();
    assert.deepEqual(await fetched(), ["o1", "o2", "s1", "s2"]);
  });

  test("keeps the mate of a version that can still be restored: by time, by pair, and under UNKNOWN", async () => {
    const kept = async () => (await worker.sql("SELECT id FROM backup_share_versions WHERE kind = 'custodian'")).length;
    /** Only the cipher texts in the history are within the retention. */
    const ageCustodian = () =>
      worker.sql(
        "UPDATE backup_share_versions SET superseded_at = strftime('%Y-%m-%dT%H:%M:%fZ', superseded_at, '-91 days') WHERE kind = 'custodian'",
      );
    await custodian(ada, "A-B-SECP256K1", "s0");
    await custodian(ada, "A-B-SECP256K1", "s1");
    await cipherText(ada, "A-B", "u1");
    await custodian(ada, "A-B-SECP256K1", "s2", { pair: "p2" });
    await cipherText(ada, "A-B", "u2", { pair: "p2" });
    await custodian(ada, "A-B-SECP256K1", "s3", { pair: "p3" });
    await cipherText(ada, "A-B", "u3", { pair: "p3" });
    await custodian(ada, "OLD", "o1");
    await cipherText(ada, undefined, "u4");
    await custodian(ada, "OLD", "o2");
    await cipherText(ada, undefined, "u5");
    await ageCustodian();
    await worker.scheduled();
    assert.equal(await kept(), 3, "s1 is u1's, s2 is u2's, o1 is u4's; s0 is nobody's");
    await age(91);
    await worker.scheduled();
    assert.equal(await kept(), 0);
  });

  test("keeps what a deleted user needs, whatever the next user of its id has, with another client", async () => {
    await custodian(ada, S, "s1");
    await cipherText(ada, "GDRIVE", "u1");
    await custodian(ada, S, "s2");
    await setTimes(worker, "backup_share_versions", {
      stored_at: "'2026-01-01T00:00:00.000Z'",
      superseded_at: "'2026-01-11T00:00:00.000Z'",
    });
    await setTimes(worker, "user_backup_shares", { updated_at: "'2026-01-10T00:00:00.000Z'" });
    await setTimes(worker, "custodian_backup_shares", { updated_at: "'2026-01-11T00:00:00.000Z'" });
    await wallet.deleteUser(ada);
    const next = { ...ada, clientId: "client-next", clientApiKey: "key-next" };
    await wallet.register(next);
    await custodian(next, S, "n1");
    await setTimes(worker, "custodian_backup_shares", { updated_at: "'2026-01-05T00:00:00.000Z'" });
    await worker.scheduled();
    await wallet.deleteUser(next);
    assert.equal((await wallet.admin("POST", `${wallet.path(ada)}/restore?clientId=${ada.clientId}`)).status, 200);
    assert.deepEqual(await fetched(), ["s1", "s2"]);
  });

  test("ends a deleted user, shares and all", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await age(91);
    await worker.sql("UPDATE deleted_users SET deleted_at = (SELECT min(superseded_at) FROM backup_share_versions)");
    await worker.scheduled();
    assert.deepEqual(await worker.sql("SELECT 1 FROM backup_share_versions UNION ALL SELECT 1 FROM deleted_users"), []);
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 404, "unknown_user");
  });
});

describe("with other settings", () => {
  const HALF = async (on) => {
    await on.custodian(ada, S, "s0");
    await on.custodian(ada, S, "s1");
    await on.cipherText(ada, "GDRIVE", "u1");
    await on.custodian(ada, S, "s2");
    return sorted(await on.fetched(ada));
  };
  const withVars = async (vars, work) => {
    const other = await startWorker({ vars });
    try {
      const on = backups(other);
      await on.register(ada);
      await work(on, other);
    } finally {
      await other.stop();
    }
  };

  test("FETCH_SUPERSEDED=never: the current shares and nothing else", () =>
    withVars({ FETCH_SUPERSEDED: "never" }, async (on) => {
      assert.deepEqual(await HALF(on), ["s2"]);
      assert.equal(await on.state(ada, "GDRIVE"), "half-finished");
    }));

  test("FETCH_SUPERSEDED=always: every share that is still kept", () =>
    withVars({ FETCH_SUPERSEDED: "always" }, async (on) => assert.deepEqual(await HALF(on), ["s0", "s1", "s2"])));

  test("FETCH_SUPERSEDED=always: the newest 500 at most, for an answer has to fit into memory", () =>
    withVars({ FETCH_SUPERSEDED: "always" }, async (on, other) => {
      await HALF(on);
      await other.sql(`INSERT INTO backup_share_versions
          (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
        SELECT id || i, user_id, client_id, kind, backup_method, key_id, created_at,
          strftime('%Y-%m-%dT%H:%M:%fZ', stored_at, '-' || i || ' seconds'), superseded_at, reason, sealed_share
        FROM backup_share_versions, n WHERE stored_at = (SELECT min(stored_at) FROM backup_share_versions)`);
      const shares = await on.fetched(ada);
      assert.ok(shares.includes("s2") && shares.includes("s1"), "the current one and the newest of those before");
      assert.ok(shares.length >= 500 && shares.length <= 502, String(shares.length));
      await other.sql(
        "UPDATE backup_share_versions SET superseded_at = '2099-01-01T00:00:00.000Z' WHERE stored_at < (SELECT max(stored_at) FROM backup_share_versions)",
      );
      assert.ok(
        (await on.fetched(ada)).includes("s1"),
        "the one that the cipher text belongs to, however many are newer",
      );
    }));

  test("AUDIT_RETENTION_DAYS=0: a day all the same, for by its event a request is known to have been carried out", () =>
    withVars({ AUDIT_RETENTION_DAYS: "0" }, async (on, other) => {
      await on.custodian(ada, S, "s0");
      const events = async () => (await other.sql("SELECT 1 FROM audit_events")).length;
      const before = await events();
      await other.scheduled();
      assert.equal(await events(), before);
      const id = (Date.now() - 25 * 3_600_000).toString(16).padStart(12, "0").replace(/^.{8}/, "$&-");
      await other.sql(`UPDATE audit_events SET id = '${id}-7' || substr(id, 16)`);
      await other.scheduled();
      assert.equal(await events(), 0);
    }));

  test("HISTORY_RETENTION_DAYS=0: all goes at the next run, but what a cipher text still needs", () =>
    withVars({ HISTORY_RETENTION_DAYS: "0" }, async (on, other) => {
      await HALF(on);
      await on.register(user("bob"));
      await on.custodian(user("bob"), S, "b1");
      await on.deleteUser(user("bob"));
      await other.scheduled();
      assert.deepEqual(sorted(await on.fetched(ada)), ["s1", "s2"]);
      assert.equal((await on.history(ada)).length, 1);
      assert.equal((await on.admin("POST", `${on.path(user("bob"))}/restore`)).status, 404);
    }));
});
