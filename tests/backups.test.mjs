// GET /users/:userId/backups: which backups exist, without a share.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { assertCommonHeaders, assertProblem, callers, user } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const worker = await startWorker();
const { portal, app, admin, register } = callers(worker);
const ada = user("ada");
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await register(ada);
});

const custodian = (backupMethod, share = "s", backupSharePairId) =>
  portal("/webhook/backup", { clientId: ada.clientId, backupMethod, share, backupSharePairId });
const cipherText = (backupMethod, text = "c", backupSharePairId) =>
  app(ada, "POST", `/users/${ada.id}/user-backup-share`, { backupMethod, cipherText: text, backupSharePairId });
const backups = async () => {
  const answer = await app(ada, "GET", `/users/${ada.id}/backups`);
  assert.equal(answer.status, 200, answer.text);
  assertCommonHeaders(answer);
  return answer.body.backups;
};
const states = async () => Object.fromEntries((await backups()).map((backup) => [backup.backupMethod, backup.state]));

test("a user without backups has an empty list", async () => {
  assert.deepEqual(await backups(), []);
});

test("a complete backup shows its method, its times and its curves", async () => {
  await custodian("GDRIVE-SECP256K1");
  await custodian("GDRIVE-ED25519");
  await cipherText("GDRIVE");
  const [backup, ...others] = await backups();
  assert.deepEqual(others, []);
  assert.deepEqual(Object.keys(backup).sort(), ["backupMethod", "custodianShares", "state", "userShareAt"]);
  assert.equal(backup.backupMethod, "GDRIVE");
  assert.equal(backup.state, "complete");
  assert.match(backup.userShareAt, TIME);
  assert.deepEqual(backup.custodianShares.map((share) => share.backupMethod).sort(), [
    "GDRIVE-ED25519",
    "GDRIVE-SECP256K1",
  ]);
  for (const share of backup.custodianShares) {
    assert.deepEqual(Object.keys(share).sort(), ["backupMethod", "storedAt"]);
    assert.match(share.storedAt, TIME);
    assert.ok(share.storedAt <= backup.userShareAt);
  }
});

test("the state tells what is missing", async () => {
  await custodian("A-SECP256K1");
  await cipherText("B");
  await custodian("C");
  await cipherText("C");
  assert.deepEqual(await states(), { A: "no-user-share", B: "no-custodian-share", C: "complete" });
});

test("a custodian share of another method counts for none whose name that one begins with", async () => {
  await custodian("PASSWORD-RECOVERY-SECP256K1");
  await cipherText("PASSWORD");
  assert.deepEqual(await states(), { PASSWORD: "no-custodian-share", "PASSWORD-RECOVERY": "no-user-share" });
  await custodian("password-ed25519");
  await cipherText("PASSWORD", "c2");
  await custodian("PASSWORD-RECOVERY-SECP256K1", "s2");
  assert.deepEqual(await states(), { PASSWORD: "complete", "PASSWORD-RECOVERY": "no-user-share" });
  const { body } = await admin("GET", "/admin/half-finished");
  assert.deepEqual(body.halfFinished, []);
});

test("a custodian share whose curve nobody knows counts for the method that its name begins with", async () => {
  await custodian("GDRIVE-NEW-CURVE");
  await cipherText("GDRIVE");
  assert.deepEqual(await states(), { GDRIVE: "complete" });
  await custodian("GDRIVE-NEW-CURVE", "s2");
  assert.deepEqual(await states(), { GDRIVE: "half-finished" });
  const { body } = await admin("GET", "/admin/half-finished");
  assert.equal(body.halfFinished.length, 1);
});

test("a cipher text under the name of a curve is complete by that one's custodian share", async () => {
  await custodian("GDRIVE-SECP256K1");
  await cipherText("GDRIVE-SECP256K1");
  assert.deepEqual(await states(), { "GDRIVE-SECP256K1": "complete" });
});

test("a re-backup that stopped after the webhook is half-finished, until the app has stored its cipher text", async () => {
  await custodian("GDRIVE-SECP256K1", "old");
  await cipherText("GDRIVE", "old");
  assert.deepEqual(await states(), { GDRIVE: "complete" });
  await custodian("GDRIVE-SECP256K1", "new");
  assert.deepEqual(await states(), { GDRIVE: "half-finished" });
  await cipherText("GDRIVE", "new");
  assert.deepEqual(await states(), { GDRIVE: "complete" });
});

test("pair ids that differ make a backup half-finished", async () => {
  await custodian("GDRIVE-SECP256K1", "s", "pair-1");
  await cipherText("GDRIVE", "c", "pair-2");
  assert.deepEqual(await states(), { GDRIVE: "half-finished" });
});

test("the user's app and an operator may look, nobody else", async () => {
  const bob = user("bob");
  await register(bob);
  const path = `/users/${ada.id}/backups`;
  assert.equal((await admin("GET", path)).status, 200);
  assertProblem(await app(bob, "GET", path), 403, "forbidden");
  assertProblem(await worker.send("GET", path), 401, "unauthorized");
  assertProblem(await worker.send("GET", path, { bearer: "wrong" }), 401, "unauthorized");
  assertProblem(await admin("GET", "/users/nobody/backups"), 404, "unknown_user");
});

// A cipher text that takes the place of another though no custodian share has come since: junk, or a retry with another envelope.

const mark = async (method = "GDRIVE") =>
  (await backups()).find(({ backupMethod }) => backupMethod === method)?.userShareReplacedAlone;
const outcomes = async (query) =>
  (await admin("GET", `/audit?action=store_user_share&${query}`)).body.events.map(({ outcome }) => outcome);

test("a cipher text that replaces another alone is marked, logged and audited, until a whole backup follows", async () => {
  await custodian("GDRIVE-SECP256K1", "c1");
  await cipherText("GDRIVE", "u1");
  assert.equal(await mark(), undefined);
  worker.clearLogs();
  await cipherText("GDRIVE", "junk");
  const at = await mark();
  assert.match(at, TIME);
  const [line] = worker.logLines().filter(({ level }) => level === "warn");
  assert.deepEqual([line.userId, line.backupMethod], [ada.id, "GDRIVE"]);
  assert.deepEqual(await outcomes(`userId=${ada.id}`), ["replaced_alone", "stored"]);
  assert.deepEqual(await states(), { GDRIVE: "complete" });

  await cipherText("GDRIVE", "junk");
  await cipherText("GDRIVE", "more junk");
  assert.equal(await mark(), at, "the first one tells when the good one was replaced");
  await custodian("GDRIVE-SECP256K1", "c2");
  assert.equal(await mark(), at, "half a backup is none");
  await cipherText("GDRIVE", "u2");
  assert.equal(await mark(), undefined);
});

test("is marked under the legacy form, under UNKNOWN, and where no custodian share is there at all", async () => {
  await custodian("UNKNOWN", "c1");
  for (const cipherText of ["u1", "u2"]) await app(ada, "POST", `/clients/${ada.clientId}/backup`, { cipherText });
  assert.match(await mark("UNKNOWN"), TIME);
  await cipherText("ICLOUD", "u1");
  await cipherText("ICLOUD", "u2");
  assert.match(await mark("ICLOUD"), TIME);
  assert.equal(await mark("GDRIVE"), undefined);
});

test("what is no replacement alone has no mark: the same again, another pair of the same, two devices with pairs of their own", async () => {
  await custodian("GDRIVE-SECP256K1", "cA", "pair-A");
  await custodian("GDRIVE-SECP256K1", "cB", "pair-B");
  await cipherText("GDRIVE", "uB", "pair-B");
  await cipherText("GDRIVE", "uB", "pair-B");
  await cipherText("GDRIVE", "uA", "pair-A");
  assert.equal(await mark(), undefined);
  await cipherText("GDRIVE", "uA", "pair-C");
  assert.equal(await mark(), undefined);
  await cipherText("GDRIVE", "junk", "pair-of-nobody");
  assert.match(await mark(), TIME);
});

test("is marked whatever another user, another method, the history of cipher texts or a former client has", async () => {
  const bob = user("bob");
  await register(bob);
  await cipherText("GDRIVE", "u1", "pair-1");
  await cipherText("ICLOUD", "i1", "pair-of-a-cipher-text");
  await custodian("ICLOUD-SECP256K1", "c1");
  await cipherText("ICLOUD", "i2", "pair-2");
  assert.equal(await mark("ICLOUD"), undefined);
  for (const pair of ["pair-of-bob", "pair-of-bob-now"])
    await portal("/webhook/backup", {
      clientId: bob.clientId,
      backupMethod: "GDRIVE-SECP256K1",
      share: pair,
      backupSharePairId: pair,
    });
  await worker.sql(`INSERT INTO backup_share_versions
      (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
    SELECT id, '${ada.id}', 'former', kind, backup_method, 'pair-of-former', key_id, created_at, stored_at, superseded_at, reason, sealed_share
    FROM backup_share_versions WHERE kind = 'custodian'`);
  const pairs = ["pair-of-bob", "pair-of-bob-now", "pair-of-a-cipher-text", "pair-of-former"];
  for (const pair of pairs) await cipherText("GDRIVE", `with ${pair}`, pair);
  const { events } = (await admin("GET", `/audit?action=store_user_share&userId=${ada.id}`)).body;
  assert.deepEqual(
    events.filter(({ backupMethod }) => backupMethod === "GDRIVE").map(({ outcome }) => outcome),
    [...pairs.map(() => "replaced_alone"), "stored"],
  );
  await custodian("gdrive", "c2");
  await cipherText("GDRIVE", "u2");
  assert.equal(await mark(), undefined, "a custodian share of the very method has come");
});

test("whoever restores a cipher text takes its mark away", async () => {
  await custodian("GDRIVE-SECP256K1", "c1");
  await cipherText("GDRIVE", "u1");
  await cipherText("GDRIVE", "junk");
  const { versions } = (await admin("GET", `/users/${ada.id}/backups/history`)).body;
  const { id } = versions.find(({ kind }) => kind === "user");
  assert.equal((await admin("POST", `/users/${ada.id}/backups/restore`, { versionId: id })).status, 200);
  assert.equal(await mark(), undefined);
});

test("what a restore or an import puts in the place of a marked cipher text has none of its marks", async () => {
  const imported = async (text) => {
    const body = JSON.stringify({
      type: "userBackupShare",
      userId: ada.id,
      backupMethod: "PASSWORD",
      cipherText: text,
      storedAt: new Date(Date.now() + 3_600_000),
    });
    const answer = await worker.send("POST", "/admin/import?replaceOlder=true", {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "content-type": "application/x-ndjson" },
      body,
    });
    assert.equal(answer.body.results[0].outcome, "new", answer.text);
  };
  const restored = async () => {
    const { versions } = (await admin("GET", `/users/${ada.id}/backups/history`)).body;
    const { id } = versions.find(({ backupMethod }) => backupMethod === "PASSWORD");
    assert.equal((await admin("POST", `/users/${ada.id}/backups/restore`, { versionId: id })).status, 200);
  };
  for (const replace of [restored, () => imported("of another server")]) {
    await worker.clear();
    await register(ada);
    await cipherText("GDRIVE", "one for two");
    await cipherText("PASSWORD", "its own");
    await cipherText("PASSWORD", "one for two");
    const [, before] = await backups();
    assert.deepEqual([before.userShareSameAs, typeof before.userShareReplacedAlone], ["GDRIVE", "string"]);
    await replace();
    for (const backup of await backups())
      assert.deepEqual([backup.userShareSameAs, backup.userShareReplacedAlone], [undefined, undefined]);
  }
});

test("the same cipher text under two methods is marked, logged and audited; in another wallet it is nobody's business", async () => {
  await custodian("GDRIVE-SECP256K1", "c1");
  await cipherText("GDRIVE", "one answer for two");
  worker.clearLogs();
  await cipherText("PASSWORD", "one answer for two");
  const [line] = worker.logLines().filter(({ level }) => level === "warn");
  assert.deepEqual([line.userId, line.backupMethod], [ada.id, "PASSWORD"]);
  assert.deepEqual(await outcomes(`userId=${ada.id}`), ["same_text", "stored"]);
  const marks = async () => (await backups()).map((backup) => [backup.backupMethod, backup.userShareSameAs]);
  assert.deepEqual(await marks(), [
    ["GDRIVE", "PASSWORD"],
    ["PASSWORD", "GDRIVE"],
  ]);
  await cipherText("PASSWORD", "its own");
  assert.deepEqual(await marks(), [
    ["GDRIVE", undefined],
    ["PASSWORD", undefined],
  ]);
  const bob = user("bob");
  await register(bob);
  worker.clearLogs();
  await app(bob, "POST", `/users/${bob.id}/user-backup-share`, {
    backupMethod: "ICLOUD",
    cipherText: "one answer for two",
  });
  assert.deepEqual(
    worker.logLines().filter(({ level }) => level === "warn"),
    [],
  );
});
