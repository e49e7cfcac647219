// GET /users/:userId/backups: which backups exist, without a share.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { assertCommonHeaders, assertProblem, callers, user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";

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
