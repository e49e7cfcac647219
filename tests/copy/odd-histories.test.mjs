// The second copy after what seldom happens: the copy is still what the database is.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { backups } from "../support/backup.mjs";
import { importOf } from "../support/bulk.mjs";
import { user } from "../support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS } from "../support/console.mjs";
import { copies, withCopiedWorker, withCopy } from "../support/copy.mjs";
import { startWorker } from "../support/harness.mjs";
import { timeTravel } from "../support/time-travel.mjs";

const one = user("one");
const METHOD = "GDRIVE-SECP256K1";
let worker, entry, of, copy;

withCopiedWorker({ homes: 1 }, (made) => ({ worker, entry, of, copy } = made));

const same = async () => assert.deepEqual(await copy.replayed(), await copy.held());
const ends = async (end) => (await copy.names()).filter((name) => name.endsWith(end)).length;

describe("a copy", () => {
  it("has a user who was imported, and an older deletion of the same ids after it", async () => {
    const type = "user";
    const deleted = { type, ...one, createdAt: "2020-01-01T00:00:00.000Z", deletedAt: "2020-06-01T00:00:00.000Z" };
    const imported = await importOf(worker, [
      { type, ...one, createdAt: "2021-01-01T00:00:00.000Z" },
      { type: "custodianBackupShare", userId: one.id, backupMethod: METHOD, share: "share" },
    ]);
    assert.equal(imported.status, 200, imported.text);
    const { status, text } = await importOf(worker, [deleted]);
    assert.equal(status, 200, text);
    assert.equal((await worker.sql("SELECT 1 FROM deleted_users")).length, 1, text);
    await copy.drain();
    await same();
    const rebuilt = await copy.rebuild("--into", "REBUILD");
    assert.equal(rebuilt.code, 0, rebuilt.stderr);
    assert.equal((await copy.held(copy.rebuilt)).users.length, 1);
  });

  it("has the purge that is carried out while nothing is copied", async () => {
    await of.register(one);
    await of.custodian(one, METHOD, "share");
    await copy.settled();
    await worker.sql("DELETE FROM meta WHERE name = 'copying'");
    await of.purgeUser(one);
    await copy.drain();
    await copy.settled();
    assert.equal(await ends(".purged"), 1);
    await same();
  });

  it("has both purges of an id that two clients had, one after the other", async () => {
    const next = { ...one, clientId: "another-client", clientApiKey: "another-key-of-one-0123456789" };
    await of.register(one);
    await of.custodian(one, METHOD, "share");
    await copy.settled();
    await entry.bucket({ puts: "fail" });
    await of.purgeUser(one);
    await of.register(next);
    await of.purgeUser(next);
    await entry.bucket({});
    await copy.drain();
    assert.equal(await ends(".purged"), 2);
    await same();
  });

  for (const [is, prepare] of [
    ["is registered", (next) => of.custodian(next, METHOD, "share of the next")],
    ["is deleted without ever having had a share", (next) => of.admin("DELETE", `/users/${next.id}`)],
  ]) {
    it(`has what waits of the client that has a purged one's id, and ${is}`, async () => {
      const next = { ...one, clientId: "another-client", clientApiKey: "another-key-of-one-0123456789" };
      await of.register(one);
      await of.custodian(one, METHOD, "share");
      assert.equal((await of.admin("DELETE", `/users/${one.id}`)).status, 204);
      await copy.settled();
      await entry.bucket({ puts: "fail" });
      await of.register(next);
      await prepare(next);
      assert.equal((await of.admin("DELETE", `/users/${one.id}?purge=${one.clientId}`)).status, 204);
      await entry.bucket({});
      await copy.drain();
      assert.equal(await ends(".purged"), 1);
      await same();
    });
  }

  it("has the share that is replaced while those from before are still being noted", async () => {
    await of.register(one);
    await copy.settled();
    await worker.sql("DELETE FROM meta WHERE name = 'copying'");
    await of.custodian(one, METHOD, "first");
    await worker.sql("INSERT INTO meta (name, value) VALUES ('copying', '3 -1')");
    await of.custodian(one, METHOD, "second");
    await copy.drain();
    await copy.settled();
    assert.equal((await copy.held()).versions?.length ?? 1, 1);
    await same();
  });

  it("is sampled by kind: a custodian share and a cipher text may have one id", async () => {
    await of.register(one);
    await of.custodian(one, METHOD, "share");
    await of.cipherText(one, "GDRIVE", "cipher text");
    await worker.sql("UPDATE user_backup_shares SET id = (SELECT id FROM custodian_backup_shares)");
    await copy.drain();
    for (let run = 0; run < 2; run++) await worker.scheduled();
    const { checked, ...found } = (await copy.status()).sampled;
    assert.ok(checked >= 2, `${checked}`);
    assert.deepEqual(found, { missing: 0, unopened: 0 });
  });
});

describe("a rebuild", () => {
  it("after Time Travel takes what waited at that time for as old as it is", async () => {
    await of.register(one);
    await copy.settled();
    await copy.drain();
    await entry.bucket({ puts: "fail" });
    await of.custodian(one, METHOD, "waits");
    const goBack = await timeTravel(worker);
    await entry.bucket({});
    await of.custodian(one, METHOD, "later");
    await copy.drain();
    await goBack();
    assert.deepEqual(await of.fetched(one), ["waits"]);
    await copy.drain();
    await copy.drain();
    assert.equal((await copy.status()).epoch, 2);
    const { code, stderr } = await copy.rebuild("--merge");
    assert.equal(code, 0, stderr);
    assert.deepEqual(await of.fetched(one), ["later"]);
  });

  it("goes on behind an object that has lost its share, and names it", async () => {
    const two = user("two");
    await of.register(one, two);
    for (const who of [one, two]) await of.custodian(who, METHOD, `share of ${who.id}`);
    await copy.settled();
    const objects = (await copy.objects()).filter(([name]) => name.endsWith(".share"));
    const [name, text] = objects.find(([, text]) => JSON.parse(text).userId === one.id);
    const { sealedShare, keyId, ...rest } = JSON.parse(text);
    assert.ok(sealedShare && keyId);
    await copy.bucket.put(name, JSON.stringify(rest));
    const { code, stderr } = await copy.rebuild("--into", "REBUILD");
    assert.equal(code, 2, stderr);
    assert.match(stderr, new RegExp(name));
    const held = await copy.held(copy.rebuilt);
    assert.equal(held.users.length, 2);
    assert.deepEqual((await copy.rebuilt.prepare("SELECT user_id FROM custodian_backup_shares").all()).results, [
      { user_id: two.id },
    ]);
  });
});

describe("a purge that a second operator approves", () => {
  it("has its object before its answer", async () => {
    const approving = await startWorker({
      homes: 1,
      config: withCopy,
      secrets: { OPERATOR_TOKENS },
      vars: { FOUR_EYES: "purge", PURGE_DELAY_HOURS: "0" },
    });
    try {
      const its = await copies(approving);
      await backups(approving).register(one);
      const send = (method, path, { token }) => approving.send(method, path, { bearer: token });
      const asked = await send("DELETE", `/users/${one.id}?purge=${one.clientId}`, OPERATORS.admin);
      assert.equal(asked.status, 202, asked.text);
      const { status, text } = await send("POST", `/approvals/${asked.body.id}`, OPERATORS.chief);
      assert.ok(status < 300, text);
      assert.ok((await its.names()).some((name) => name.endsWith(".purged")));
    } finally {
      await approving.stop();
    }
  });
});

describe("COPY_REQUIRED", () => {
  let strict;
  let its;
  let theirs;
  before(async () => {
    // A page of notes is 200 objects, which takes long on a machine that is busy.
    strict = await startWorker({ homes: 1, config: withCopy, vars: { COPY_REQUIRED: "yes", COPY_WAIT_MS: "8000" } });
    its = await copies(strict);
    theirs = backups(strict);
  });
  after(() => strict?.stop());
  beforeEach(() => its.clear());

  /** Notes of one that wait, more than a page of them. */
  const waiting = (notes) =>
    strict.sql(
      `INSERT INTO changes (at, user_id, what, record)
       SELECT '2026-01-01T00:00:00.000Z', u.id, 'user', json_object('id', u.id, 'clientId', u.client_id, 'createdAt', u.created_at)
       FROM users u, (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${notes}) SELECT i FROM n)`,
    );
  const ofShares = async () => (await its.names()).filter((name) => name.endsWith(".share")).length;

  it("answers 2xx only once the request's own note has its object, however many of the user wait", async () => {
    await theirs.register(one);
    await waiting(1_400);
    const statuses = [];
    do {
      statuses.push((await theirs.storeCustodian(one, METHOD, "share")).status);
      assert.equal(statuses.at(-1) === 204, (await ofShares()) === 1, `${statuses}`);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    } while (statuses.at(-1) !== 204 && statuses.length < 20);
    assert.equal(statuses[0], 503);
    assert.equal(statuses.at(-1), 204);
  });

  it("lets a store wait for a few pages of notes, and answers it 2xx at once", async () => {
    await theirs.register(one);
    await waiting(450);
    assert.equal((await theirs.storeCustodian(one, METHOD, "share")).status, 204);
    assert.equal(await ofShares(), 1);
  });

  it("has all of an import in the bucket before its answer, also where that is more than a page of notes", async () => {
    await theirs.register(one);
    await waiting(150);
    const records = Array.from({ length: 60 }, (_, at) => user(`many${at}`)).flatMap((who) => [
      { type: "user", ...who },
      { type: "custodianBackupShare", userId: who.id, backupMethod: METHOD, share: `share of ${who.id}` },
    ]);
    const { status, text } = await importOf(strict, records);
    assert.equal(status, 200, text);
    assert.equal(await ofShares(), 60);
  });
});
