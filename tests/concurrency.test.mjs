// Many requests at one moment.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { callers, custodianShares, sorted, user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";

const worker = await startWorker();
const { portal, app, register } = callers(worker);
const ada = user("ada");

after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await register(ada);
});

const store = (backupMethod, share) => portal("/webhook/backup", { clientId: ada.clientId, backupMethod, share });
const times = (count, work) => Promise.all(Array.from({ length: count }, (_, index) => work(index)));

test("two curves stored and fetched at the same moment, as React Native does it, each see their own share", async () => {
  await times(20, async (round) => {
    const curves = ["SECP256K1", "ED25519"].map((curve) => [`METHOD${round}-${curve}`, `share ${round} of ${curve}`]);
    await Promise.all(
      curves.map(async ([method, share]) => {
        assert.equal((await store(method, share)).status, 204);
        assert.ok(
          (await custodianShares({ portal }, ada.clientId)).includes(share),
          `${method} was answered with 204, and is not there`,
        );
      }),
    );
  });
  assert.equal((await custodianShares({ portal }, ada.clientId)).length, 40);
});

test("200 concurrent stores of one custodian share leave exactly one row, one of those sent, and keep the others", async () => {
  const sent = Array.from({ length: 200 }, (_, index) => `share ${index}`);
  const statuses = await Promise.all(sent.map(async (share) => (await store("GDRIVE-SECP256K1", share)).status));
  assert.deepEqual(new Set(statuses), new Set([204]));
  const [left, ...more] = await custodianShares({ portal }, ada.clientId);
  assert.deepEqual(more, []);
  assert.ok(sent.includes(left));
  assert.equal((await worker.sql("SELECT * FROM custodian_backup_shares")).length, 1);
  assert.equal((await worker.sql("SELECT * FROM backup_share_versions")).length, 199);
});

test("200 concurrent stores of one cipher text leave exactly one row, one of those sent, and keep the others", async () => {
  const path = `/users/${ada.id}/user-backup-share`;
  const sent = Array.from({ length: 200 }, (_, index) => `cipher text ${index}`);
  const statuses = await Promise.all(
    sent.map(async (cipherText) => (await app(ada, "POST", path, { backupMethod: "GDRIVE", cipherText })).status),
  );
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.ok(sent.includes((await app(ada, "GET", `${path}?backupMethod=GDRIVE`)).body.cipherText));
  assert.equal((await worker.sql("SELECT * FROM user_backup_shares")).length, 1);
  assert.equal((await worker.sql("SELECT * FROM backup_share_versions")).length, 199);
});

test("the same share sent 50 times at once, as impatient retries do, is one version", async () => {
  const statuses = await times(50, async () => (await store("GDRIVE-ED25519", "same")).status);
  assert.deepEqual(new Set(statuses), new Set([204]));
  assert.deepEqual(await custodianShares({ portal }, ada.clientId), ["same"]);
  assert.deepEqual(await worker.sql("SELECT * FROM backup_share_versions"), []);
});

test("while shares are replaced, no fetch ever finds none", async () => {
  await store("GDRIVE-SECP256K1", "share 0");
  let replacing = true;
  const fetching = times(4, async () => {
    while (replacing) {
      const shares = await custodianShares({ portal }, ada.clientId);
      assert.equal(shares.length, 1);
      assert.match(shares[0], /^share \d+$/);
    }
  });
  for (let index = 1; index <= 60; index += 1) await store("GDRIVE-SECP256K1", `share ${index}`);
  replacing = false;
  await fetching;
});

test("many users at once never get each other's shares", async () => {
  const users = Array.from({ length: 20 }, (_, index) => user(`of-many-${index}`));
  await register(...users);
  await Promise.all(
    users.map(async (who) => {
      const path = `/users/${who.id}/user-backup-share`;
      await Promise.all([
        portal("/webhook/backup", { clientId: who.clientId, backupMethod: "M-SECP256K1", share: `1 of ${who.id}` }),
        portal("/webhook/backup", { clientId: who.clientId, backupMethod: "M-ED25519", share: `2 of ${who.id}` }),
        app(who, "POST", path, { backupMethod: "M", cipherText: `of ${who.id}` }),
      ]);
      assert.deepEqual(sorted(await custodianShares({ portal }, who.clientId)), [`1 of ${who.id}`, `2 of ${who.id}`]);
      assert.equal((await app(who, "GET", `${path}?backupMethod=M`)).body.cipherText, `of ${who.id}`);
    }),
  );
});
