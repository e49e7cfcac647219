// Rebuilds beside odd databases and buckets: a user over the limits, a database that takes a lost one's place, a user that is missing.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { user } from "../support/client.mjs";
import { withCopiedWorker } from "../support/copy.mjs";

const METHOD = "GDRIVE-SECP256K1";
const [one, two] = ["one", "two"].map(user);
let worker, entry, of, copy;

withCopiedWorker({ homes: 1, vars: { COPY_WAIT_MS: "300" } }, (made) => ({ worker, entry, of, copy } = made));

/** An empty database in the place of the Worker's. */
async function lose() {
  const tables = ["custodian_backup_shares", "user_backup_shares", "users", "backup_share_versions", "deleted_users"];
  await worker.db.batch(
    [
      "DELETE FROM meta WHERE name LIKE 'cop%'",
      ...[...tables, "backup_share_versions", "deleted_users", "audit_events", "changes"].map(
        (table) => `DELETE FROM ${table}`,
      ),
      "DELETE FROM sqlite_sequence WHERE name = 'changes'",
      "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'identity'",
      "DELETE FROM meta WHERE name = 'copied_as'",
    ].map((sql) => worker.db.prepare(sql)),
  );
}

describe("a user with more methods than a request may add", () => {
  it("stops no rebuild and no merge, whatever was stored last", async () => {
    await of.register(one, two);
    await of.custodian(two, METHOD, "of two");
    for (let at = 0; at < 256; at++) await of.cipherText(one, `JUNK${at}`, `junk ${at}`);
    await of.custodian(one, METHOD, "custodian share");
    await of.cipherText(one, "GDRIVE", "the other half");
    await of.cipherText(one, "JUNK0", "again");
    assert.equal((await of.storeCipherText(one, "JUNK256", "one too many")).status, 409);
    await copy.drain();
    await copy.settled();
    const before = await copy.held();
    assert.equal(before.current.filter(([, share]) => share.userId === one.id).length, 258);
    const { code, stderr } = await copy.rebuild("--into", "REBUILD");
    assert.equal(code, 0, stderr);
    assert.deepEqual(await copy.held(copy.rebuilt), before);
    await worker.db.batch(
      [
        "INSERT INTO meta (name, value) VALUES ('rebuilding', '')",
        "DELETE FROM user_backup_shares",
        "DELETE FROM custodian_backup_shares",
        "DELETE FROM backup_share_versions",
        "DELETE FROM users",
        "DELETE FROM backup_share_versions",
        "DELETE FROM deleted_users",
        "DELETE FROM meta WHERE name = 'rebuilding'",
      ].map((sql) => worker.db.prepare(sql)),
    );
    const merged = await copy.rebuild("--merge");
    assert.equal(merged.code, 0, merged.stderr);
    assert.deepEqual((await copy.held()).current, before.current);
  });
});

describe("a new database in a lost one's place", () => {
  it("ends none of the lost one's epochs, even if a step fails while it comes", async () => {
    await of.register(one, two);
    await of.custodian(one, METHOD, "share");
    await of.custodian(two, METHOD, "of a deleted user");
    await worker.sql("UPDATE users SET client_api_key_hash = 'another' WHERE id = ?", one.id);
    await of.deleteUser(two);
    await copy.drain();
    await copy.settled();
    const before = await copy.held();
    await lose();
    await entry.bucket({ puts: "store-then-fail" });
    await copy.drain();
    await entry.bucket({});
    await copy.drain();
    const { code, stderr } = await copy.rebuild("--into", "DB");
    assert.equal(code, 0, stderr);
    assert.deepEqual(await copy.held(), before);
    assert.equal(copy.logged("the database went back in time").length, 0);
  });
});

describe("a bucket without the head that the database knows of", () => {
  for (const [what, prefix] of [
    ["an empty one in the place of the copy's", ""],
    ["the same, whose head was deleted", "head/"],
  ])
    it(`is filled anew, with an alarm: ${what}`, async () => {
      await of.register(one, two);
      await of.custodian(one, METHOD, "first");
      await of.custodian(one, METHOD, "second");
      await of.deleteUser(two);
      await copy.drain();
      await copy.settled();
      const before = await copy.held();
      for (const name of await copy.names(prefix)) await copy.bucket.delete(name);
      await copy.drain();
      assert.equal(copy.logged("the copy's bucket is another one: everything is copied anew").length, 1);
      assert.equal((await copy.status()).epoch, 2);
      const { code, stderr } = await copy.rebuild("--check", "--into", "REBUILD");
      assert.equal(code, 0, stderr);
      assert.deepEqual(await copy.held(copy.rebuilt), before);
      await copy.drain();
      assert.equal(copy.logged("the database went back in time").length, 0);
    });

  for (const puts of ["fail", "store-then-fail"])
    it(`is filled anew, with the alarm, although the first run breaks off: ${puts}`, async () => {
      await of.register(one);
      await copy.drain();
      await copy.settled();
      for (const name of await copy.names("")) await copy.bucket.delete(name);
      await entry.bucket({ puts });
      await copy.drain();
      await entry.bucket({});
      await copy.drain();
      const lines = worker.logLines().filter(({ message }) => message.startsWith("the copy's bucket is another one"));
      assert.equal(lines[0].level, "error");
      assert.equal(copy.logged("the database went back in time").length, 0);
      await copy.settled();
      assert.deepEqual(await copy.replayed(), await copy.held());
    });
});

describe("npm run rebuild -- --check", () => {
  it("finds a user whom the copy has nothing of while another's note waits", async () => {
    await of.register(one, two);
    await copy.drain();
    await copy.settled();
    for (const [name, text] of await copy.objects())
      if (JSON.parse(text).userId === one.id) await copy.bucket.delete(name);
    await entry.bucket({ puts: "fail" });
    await of.custodian(two, METHOD, "waits");
    assert.equal(await copy.pending(), 1);
    const { code, stderr } = await copy.rebuild("--check");
    assert.equal(code, 2, stderr);
    assert.match(stderr, /not in the copy: user user-one/);
  });

  it("is no all-clear while a change waits to be copied, and neither is a merge or copy -- verify", async () => {
    await of.register(one);
    await copy.drain();
    await copy.settled();
    await entry.bucket({ puts: "fail" });
    await of.custodian(one, METHOD, "waits");
    assert.equal(await copy.pending(), 1);
    for (const [name, args] of [
      ["rebuild", ["--check"]],
      ["rebuild", ["--merge"]],
      ["copy", ["verify"]],
    ]) {
      const { code, stderr, stdout } = await copy.script(name, args);
      assert.equal(code, 2, `${name} ${args[0]}: ${stdout}${stderr}`);
      assert.match(stderr, /1 change waits to be copied: users were left out because of that. Run it again/);
    }
    await entry.bucket({});
    // The requests that run just now are no finding: what is copied while it waits is looked at.
    const checking = copy.rebuild("--check");
    await copy.drain();
    assert.equal((await checking).code, 0);
  });
});

describe("a head of the copy that is damaged, or older than its objects", () => {
  const damage = () => copy.bucket.put("head/0", "not what it was");
  const said = (what) => worker.logLines().filter((line) => line.cause?.includes(what)).length;
  /** A copy of four epochs. Resolves with its head in the first one. */
  async function fourEpochs() {
    await of.register(one, two);
    await of.custodian(one, METHOD, "first");
    await copy.drain();
    await copy.settled();
    const first = await (await copy.bucket.get("head/0")).text();
    for (let epoch = 2; epoch <= 4; epoch++) {
      await copy.bucket.delete("head/0");
      await of.custodian(one, METHOD, `in epoch ${epoch}`);
      await copy.drain();
      await copy.settled();
      assert.equal((await copy.status()).epoch, epoch);
    }
    return first;
  }
  /** Rebuilds the database, and sees that what comes then is copied behind all that was there. */
  async function rebuiltAsBefore(before) {
    const { code, stderr } = await copy.rebuild("--into", "DB");
    assert.equal(code, 0, stderr);
    assert.deepEqual(await copy.held(), before);
    await of.custodian(one, METHOD, "since");
    await of.deleteUser(two);
    await copy.drain();
    await copy.drain();
    await copy.settled();
    assert.deepEqual(await copy.replayed(), await copy.held());
    const check = await copy.rebuild("--check");
    assert.equal(check.code, 0, check.stderr);
  }

  it("stops the copy, by name in the log; once somebody has deleted it everything is copied anew", async () => {
    await of.register(one);
    await of.custodian(one, METHOD, "before");
    await copy.drain();
    await copy.settled();
    await damage();
    await of.custodian(one, METHOD, "meanwhile");
    await copy.drain();
    assert.ok(said("the object head/0 of the copy is damaged") > 0);
    await copy.bucket.delete("head/0");
    await copy.drain();
    await copy.settled();
    assert.equal((await copy.status()).epoch, 2);
    assert.deepEqual(await copy.replayed(), await copy.held());
  });

  it("and the database lost: rebuilt without the head, and what comes then is copied behind what was there", async () => {
    await fourEpochs();
    const before = await copy.held();
    await damage();
    await lose();
    const refused = await copy.rebuild("--into", "DB");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /head\/0 of the copy is damaged\. Delete it/);
    await copy.bucket.delete("head/0");
    await rebuiltAsBefore(before);
  });

  it("an older one, as a bucket that somebody copied may have: what comes then is copied behind what was there", async () => {
    const older = await fourEpochs();
    const before = await copy.held();
    await copy.bucket.put("head/0", older);
    await lose();
    await rebuiltAsBefore(before);
  });
});
