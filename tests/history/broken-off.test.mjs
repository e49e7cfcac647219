// A backup that breaks off half way recovers.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { setTimes } from "../support/backup.mjs";
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
  wallet,
  worker,
} from "../support/history.mjs";

await begin();

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

  test("where the webhook names no pair, the one that each custodian share says itself is as good", async () => {
    const share = (pair) => JSON.stringify({ backupSharePairId: pair, clientId: ada.clientId, share: "1157" });
    await custodian(ada, S, share("p1"));
    await custodian(ada, E, share("q1"));
    await custodian(ada, S, share("p2"));
    await custodian(ada, E, share("q2"));
    await cipherText(ada, "GDRIVE", "u1", { pair: "p1" });
    assert.equal(await wallet.state(ada, "GDRIVE"), "half-finished");
    assert.deepEqual(await fetched(), ["p1", "p2", "q1", "q2"].map(share));
    await cipherText(ada, "GDRIVE", "u2", { pair: "p2" });
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
    assert.deepEqual(await fetched(), ["p2", "q2"].map(share));
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

  test("a known curve is of the method before it alone: a whole backup of A-B leaves none of A in doubt", async () => {
    for (const n of [1, 2]) {
      await custodian(ada, "A-B-ED25519", `e${n}`);
      await cipherText(ada, "A-B", `u${n}`);
      if (n === 1) await custodian(ada, "A", "a");
      if (n === 1) await cipherText(ada, "A", "ua");
    }
    assert.equal(await wallet.state(ada, "A"), "complete");
    assert.equal(await wallet.state(ada, "A-B"), "complete");
    assert.deepEqual(await fetched(), ["a", "e2"]);
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
