// A bucket that lacks what was changed while another one was bound, or none: what it had before counts no more.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { user } from "../support/client.mjs";
import { withCopiedWorker } from "../support/copy.mjs";
import { timeTravel } from "../support/time-travel.mjs";

const METHOD = "GDRIVE-SECP256K1";
const [one, two, three] = ["one", "two", "three"].map(user);
let worker, entry, of, copy;

withCopiedWorker(
  {
    homes: 1,
    vars: { COPY_WAIT_MS: "300", PURGE_DELAY_HOURS: "0" },
  },
  (made) => ({ worker, entry, of, copy } = made),
);

const ANEW = "the copy's bucket is another one: everything is copied anew";
async function settle() {
  await copy.drain();
  await copy.settled();
}
async function rebuild(...args) {
  const { code, stdout, stderr } = await copy.rebuild(...args);
  assert.equal(code, 0, stdout + stderr);
}
/** A rebuild from the bucket makes what the database holds, row for row. */
async function isWhole() {
  await settle();
  await copy.emptyRebuilt();
  await rebuild("--check");
  await rebuild("--into", "REBUILD");
  assert.deepEqual(await copy.held(copy.rebuilt), await copy.held());
}

/** Binds another bucket: one with these objects. Resolves with the objects of the one before. */
async function bind(objects = []) {
  const before = await Promise.all(
    (await copy.names("")).map(async (name) => {
      const object = await copy.bucket.get(name);
      return [name, await object.text(), { customMetadata: object.customMetadata }];
    }),
  );
  for (const [name] of before) await copy.bucket.delete(name);
  for (const object of objects) await copy.bucket.put(...object);
  return before;
}
/** What a run does where no bucket is bound. */
const unbind = () => worker.sql("DELETE FROM meta WHERE name IN ('copying', 'copy_sampled')");

async function threeUsers() {
  await of.register(one, two, three);
  for (const who of [one, two, three]) await of.custodian(who, METHOD, `share of ${who.id}`);
  await of.custodian(one, "ICLOUD-SECP256K1", "of a method that is removed");
  await settle();
}
/** One loses a method, two is deleted and kept no longer, three is erased; and one has a new share. */
async function changes() {
  assert.equal((await of.admin("DELETE", `${of.path(one)}/backups?backupMethod=ICLOUD`)).status, 204);
  await of.deleteUser(two);
  await worker.sql("DELETE FROM backup_share_versions WHERE user_id = ?", two.id);
  await worker.sql("DELETE FROM deleted_users WHERE id = ?", two.id);
  await of.purgeUser(three);
  await of.custodian(one, METHOD, "newer");
}

describe("a bucket that is bound again after a time without one", () => {
  it("brings nothing back that was removed, deleted or erased meanwhile, once everything is copied", async () => {
    await threeUsers();
    await unbind();
    await changes();
    await isWhole();
    // What does not count is deleted once it is old, and a lock keeps it no longer.
    const counted = (await copy.names()).filter((name) => !/\/0001-/.test(name));
    await copy.age(await copy.names());
    await entry.bucket({ deletes: "refuse" });
    await worker.scheduled();
    await isWhole();
    await entry.bucket({});
    await worker.scheduled();
    assert.deepEqual(await copy.names(), counted);
    await isWhole();
  });

  it("brings back what it had before, as long as not everything is copied", async () => {
    await threeUsers();
    const before = await copy.held();
    await unbind();
    await entry.bucket({ unwritable: "c1/" });
    await copy.drain();
    await rebuild("--into", "REBUILD");
    assert.deepEqual((await copy.held(copy.rebuilt)).current, before.current);
  });
});

describe("a bucket that is bound again after another one", () => {
  it("gets what was changed meanwhile also if no run has met the other one, a deployment that was taken back at once", async () => {
    await threeUsers();
    const first = await bind();
    await of.custodian(one, METHOD, "in the other bucket");
    await copy.until("its object is there", async () => (await copy.names()).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 2_000)); // Requests gather for a second what they take away.
    await bind(first);
    await isWhole();
  });

  it("is filled anew, with an alarm, and brings nothing back that was erased meanwhile", async () => {
    await threeUsers();
    const first = await bind();
    await settle();
    await changes();
    await settle();
    const second = await bind(first);
    await of.custodian(one, METHOD, "the newest");
    worker.clearLogs();
    await isWhole();
    assert.deepEqual(
      copy.logged(ANEW).map(({ level }) => level),
      ["error"],
    );
    await of.register(two);
    await of.custodian(two, METHOD, "again");
    await settle();
    await bind(second);
    await isWhole();
  });
});

describe("an object that a Worker puts into the bucket of before, as one that runs from before a deployment does", () => {
  it("takes no note away: the change is in the bucket that is bound", async () => {
    await threeUsers();
    const before = await bind();
    await settle();
    const bound = await bind(before);
    await of.custodian(one, METHOD, "newer");
    await of.purgeUser(two);
    await new Promise((resolve) => setTimeout(resolve, 2_000)); // longer than an isolate gathers notes
    await bind(bound);
    await isWhole();
  });
});

describe("a database that goes back to before its bucket was bound", () => {
  it("is copied anew: who was deleted since is in the copy", async () => {
    await threeUsers();
    const goBack = await timeTravel(worker);
    await bind();
    await settle();
    await of.deleteUser(two);
    await settle();
    await goBack();
    await isWhole();
  });

  for (const [what, unbound, bound] of [
    ["before it was bound", () => {}, bind],
    ["before a run saw it", bind, () => {}],
    ["when none was bound", unbind, () => {}],
    ["before there was any", () => worker.sql("DELETE FROM meta WHERE name LIKE 'cop%'"), bind],
  ])
    it(`gets back, by a merge, what the bucket has of the time that it lost: it is as it was ${what}`, async () => {
      await threeUsers();
      await unbound();
      const goBack = await timeTravel(worker);
      await bound();
      await settle();
      await of.custodian(two, METHOD, "lost");
      await settle();
      await goBack();
      await settle();
      await settle();
      await rebuild("--merge");
      assert.deepEqual(await of.fetched(two), ["lost"]);
      await isWhole();
    });

  it("is copied anew, also where the deletion came before that", async () => {
    await threeUsers();
    const goBack = await timeTravel(worker);
    await of.deleteUser(two);
    await settle();
    await bind();
    await settle();
    await goBack();
    await isWhole();
  });
});
