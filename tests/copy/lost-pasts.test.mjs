// Databases that went back in time: which of two pasts with the same numbers counts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { backups } from "../support/backup.mjs";
import { user } from "../support/client.mjs";
import { withCopiedWorker } from "../support/copy.mjs";
import { SECRETS } from "../support/harness.mjs";
import { timeTravel } from "../support/time-travel.mjs";

const METHOD = "GDRIVE-SECP256K1";
const SECOND_KEY = `k2:${Buffer.alloc(32, 2).toString("base64")}`;
const [one, two] = ["one", "two"].map(user);
let worker, entry, of, copy;

withCopiedWorker(
  {
    homes: 1,
    vars: { COPY_WAIT_MS: "300", PURGE_DELAY_HOURS: "0" },
    secrets: { SHARE_ENCRYPTION_KEYS: `${SECRETS.SHARE_ENCRYPTION_KEYS},${SECOND_KEY}` },
    siblings: { rotated: { SHARE_ENCRYPTION_KEYS: `${SECOND_KEY},${SECRETS.SHARE_ENCRYPTION_KEYS}` } },
  },
  (made) => ({ worker, entry, of, copy } = made),
);

async function rebuild(...args) {
  const { code, stdout, stderr } = await copy.rebuild(...args);
  assert.equal(code, 0, stdout + stderr);
}
/** The ids of the users that a rebuild makes. */
async function rebuilt() {
  await rebuild("--into", "REBUILD");
  const { users, current } = await copy.held(copy.rebuilt);
  return { users: users.map(([id]) => id), sharesOf: current.map(([, share]) => share.userId), current };
}
/** A rebuild makes both users, with the shares that the database has. */
async function assertBothAreBack() {
  const { users, sharesOf } = await rebuilt();
  assert.deepEqual(users, [one.id, two.id].sort());
  assert.deepEqual(sharesOf.sort(), [one.id, two.id].sort());
  assert.deepEqual((await copy.held(copy.rebuilt)).current, (await copy.held()).current);
}
const stored = async (who, text) => {
  if ((await of.admin("GET", of.path(who))).status === 404) await of.register(who);
  await of.custodian(who, METHOD, text ?? `share of ${who.id}`);
};

describe("a drain under way during Time Travel", () => {
  it("does not tell the database that it never went back", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await entry.bucket({ puts: "held", until: "after" });
    await of.deleteUser(one);
    await of.deleteUser(two);
    const slow = copy.drain();
    await copy.until("the run has begun", async () => (await entry.puts()).includes("head/0"));
    await goBack();
    await entry.bucket({});
    await entry.release("after");
    await slow;
    await copy.drain();
    assert.equal(copy.logged("the database went back in time").length, 1);
    const { users, sharesOf } = await rebuilt();
    assert.deepEqual(users, [one.id, two.id].sort());
    assert.deepEqual(sharesOf.sort(), [one.id, two.id].sort());
  });
});

describe("a note that waits behind one whose name is taken by a lost past", () => {
  it("has its object in the next epoch: a deletion since stays true", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.custodian(one, METHOD, "lost"); // no run comes: the head does not know of its number
    await copy.settled();
    await goBack();
    await entry.bucket({ puts: "fail" });
    await of.custodian(one, METHOD, "after");
    await of.deleteUser(two);
    await entry.bucket({});
    await copy.drain();
    await copy.settled();
    assert.equal(copy.logged("the database went back in time").length, 1);
    const { users } = await rebuilt();
    assert.deepEqual(users, [one.id]);
    assert.deepEqual((await copy.held(copy.rebuilt)).current, (await copy.held()).current);
  });

  it("is told anew, if a request has made its object and taken it away: a deletion since stays true, and a key stays changed", async () => {
    for (const who of [one, two]) await stored(who);
    const three = user("three");
    await stored(three);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.custodian(one, METHOD, "lost"); // no run comes: the head does not know of its number
    await copy.settled();
    await goBack();
    await of.custodian(one, METHOD, "after");
    await of.deleteUser(two);
    const key = { clientApiKey: "a-new-key-in-the-place-of-one-that-leaked" };
    assert.equal((await of.admin("PUT", `${of.path(three)}/client-api-key`, key)).status, 200);
    await copy.until("only the first note waits", async () => (await copy.pending()) === 1);
    await copy.drain();
    assert.equal(copy.logged("the database went back in time").length, 1);
    await copy.drain();
    await copy.settled();
    const { users } = await rebuilt();
    assert.deepEqual(users, [one.id, three.id].sort());
    const held = await copy.held();
    assert.deepEqual((await copy.held(copy.rebuilt)).users, held.users);
    assert.deepEqual((await copy.held(copy.rebuilt)).current, held.current);
  });
});

describe("a deletion in a lost past whose numbers were used again before any run", () => {
  it("does not become true: what the database has is told anew", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.custodian(one, METHOD, "lost"); // no run comes: the head does not know of these numbers
    await of.deleteUser(two);
    await copy.settled();
    await goBack();
    for (let at = 0; at < 5; at++) await of.custodian(one, METHOD, `after, ${at}`);
    await copy.drain();
    await copy.drain();
    await copy.settled();
    assert.equal(copy.logged("the database went back in time").length, 1);
    await assertBothAreBack();
  });
});

describe("numbers that requests use between Time Travel and the next run", () => {
  it("do not make a lost deletion true", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.deleteUser(one);
    await copy.settled();
    await copy.drain();
    await goBack();
    for (let at = 0; at < 4; at++) await of.custodian(two, METHOD, `after, ${at}`);
    await copy.drain();
    await copy.settled();
    assert.equal(copy.logged("the database went back in time").length, 1);
    await assertBothAreBack();
  });

  it("do not make it true if they are of somebody who was erased since", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.deleteUser(one);
    await copy.settled();
    await copy.drain(); // the head knows of its numbers
    await goBack();
    for (let at = 0; at < 5; at++) await of.custodian(two, METHOD, `of whom is erased, ${at}`);
    await of.purgeUser(two);
    await copy.drain();
    await copy.settled();
    assert.equal(copy.logged("the database went back in time").length, 1);
    const { users, sharesOf } = await rebuilt();
    assert.deepEqual([users, sharesOf], [[one.id], [one.id]]);
  });

  it("do not make it true either, if the run that ended the epoch broke off before the database knew", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.deleteUser(one);
    await copy.settled();
    await copy.drain();
    await goBack();
    await entry.bucket({ puts: "fail" });
    for (let at = 0; at < 4; at++) await of.custodian(two, METHOD, `after, ${at}`);
    await entry.bucket({});
    // A run that is broken off once it has written the head of the next epoch: the database knows nothing of it.
    const known = await Promise.all(["meta", "changes"].map((table) => worker.sql(`SELECT * FROM ${table}`)));
    await copy.drain();
    for (const [at, table] of ["meta", "changes"].entries()) {
      await worker.sql(`DELETE FROM ${table}`);
      for (const row of known[at]) {
        const values = Object.values(row);
        await worker.sql(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${values.map(() => "?")})`, ...values);
      }
    }
    const { epoch } = JSON.parse(await (await copy.bucket.get("head/0")).text());
    await copy.bucket.delete((await copy.names()).filter((name) => name.includes(`/000${epoch}-`)));
    await copy.drain();
    await copy.settled();
    await assertBothAreBack();
  });

  it("are behind those of the lost past: the share that was stored last is current", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    for (let at = 0; at < 3; at++) await of.custodian(two, METHOD, `lost, ${at}`);
    await of.custodian(one, METHOD, "lost");
    await copy.settled();
    await copy.drain();
    await goBack();
    await of.custodian(one, METHOD, "acknowledged after");
    await copy.drain();
    await copy.settled();
    const { current } = await rebuilt();
    const of_one = ([, share]) => share.userId === one.id;
    assert.deepEqual(current.filter(of_one), (await copy.held()).current.filter(of_one));
  });

  it("are behind an erasure in the lost past: a share that is stored later stays in the copy", async () => {
    await stored(one);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    for (let at = 0; at < 3; at++) await of.custodian(one, METHOD, `lost, ${at}`);
    await of.purgeUser(one);
    await copy.settled();
    await copy.drain();
    await goBack();
    await of.custodian(one, METHOD, "acknowledged after");
    await copy.drain();
    await copy.settled();
    await copy.age();
    for (let run = 0; run < 3; run++) await worker.scheduled();
    const [{ id }] = await worker.sql("SELECT id FROM custodian_backup_shares");
    const shares = (await copy.objects()).map(([, text]) => JSON.parse(text)).filter(({ what }) => what === "share");
    assert.deepEqual(
      shares.map((share) => share.id),
      [id],
    );
  });
});

describe("what a lost past changed of a share that the database has", () => {
  it("does not count: a key of that past is not the copy's", async () => {
    const rotated = worker.sibling("rotated");
    await stored(one);
    await of.custodian(one, METHOD, "current");
    await of.cipherText(one, "GDRIVE", "cipher text");
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await rotated.scheduled();
    assert.deepEqual(
      await worker.sql("SELECT 1 FROM backup_share_versions WHERE key_id <> 'k2'"),
      [],
      "it was rotated",
    );
    await copy.drain();
    await copy.settled();
    await goBack();
    await copy.drain();
    await rebuild("--check");
    const { current } = await rebuilt();
    assert.deepEqual(
      current.map(([, share]) => share.keyId),
      ["k1", "k1"],
    );
  });
});

describe("a share that waited for its object when the database was as old as now", () => {
  it("is in the copy as the database has it, though its object was made in the lost past, under a key of then", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    await entry.bucket({ puts: "fail" });
    for (const text of ["replaced meanwhile", "current"]) await of.custodian(one, METHOD, text);
    const goBack = await timeTravel(worker);
    await entry.bucket({});
    const rewrap = await backups(worker.sibling("rotated")).admin("POST", "/admin/keys/rewrap", {});
    assert.deepEqual([rewrap.status, rewrap.body.remaining], [200, 0]);
    await copy.drain();
    await copy.settled();
    await goBack();
    await entry.bucket({ puts: "fail" });
    const pending = [];
    for (let run = 0; run < 3; run++) {
      await copy.drain();
      pending.push(await copy.pending());
    }
    assert.equal(pending[2], pending[0], "a run that breaks off notes nothing twice");
    await entry.bucket({});
    await copy.drain();
    await copy.settled();
    assert.equal(copy.logged("the database went back in time").length, 1);
    await rebuild("--check");
    await rebuilt();
    assert.deepEqual(await copy.held(copy.rebuilt), await copy.held());
  });
});

describe("Time Travel that is taken back", () => {
  for (const [told, drain] of [
    ["a run", () => copy.drain()],
    ["requests alone", () => undefined],
  ])
    it(`makes what ${told} had copied count again: in the copy, too, a share is replaced and a user deleted`, async () => {
      for (const who of [one, two]) await stored(who);
      await copy.settled();
      await copy.drain();
      const goBack = await timeTravel(worker);
      await of.custodian(one, METHOD, "second");
      await of.deleteUser(two);
      await copy.settled();
      await drain();
      const takeBack = await timeTravel(worker);
      await of.custodian(one, METHOD, "third");
      await copy.settled();
      await copy.drain();
      await goBack();
      await copy.drain();
      await of.custodian(two, METHOD, "in the past that is given up");
      await copy.settled();
      await takeBack();
      await copy.drain();
      assert.equal(copy.logged("the database went back in time").length, 2);
      await copy.settled();
      await rebuild("--merge");
      assert.deepEqual(await of.fetched(one), ["third"]);
      await copy.drain();
      await copy.settled();
      await rebuild("--check");
      await rebuilt();
      assert.deepEqual(await copy.held(copy.rebuilt), await copy.held());
    });

  it("and is used after all: a user who was deleted in the other past alone is registered", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.deleteUser(two);
    await copy.settled();
    await copy.drain();
    const takeBack = await timeTravel(worker);
    await goBack();
    await copy.drain();
    await of.custodian(one, METHOD, "in the second past");
    await copy.settled();
    const toSecond = await timeTravel(worker);
    for (const travel of [takeBack, toSecond]) {
      await travel();
      await copy.drain();
    }
    assert.equal(copy.logged("the database went back in time").length, 3);
    await copy.settled();
    await assertBothAreBack();
    assert.deepEqual(await copy.held(copy.rebuilt), await copy.held());
  });
});

describe("who was erased in a lost past, and is in the database again", () => {
  it("is in the copy once everything is copied again, with what was stored before and since", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.purgeUser(one);
    await copy.settled();
    await copy.drain();
    await goBack();
    await of.custodian(one, METHOD, "acknowledged after");
    await copy.drain();
    await copy.settled();
    const { code, stderr } = await copy.rebuild("--check");
    assert.equal(code, 2);
    assert.match(stderr, /not in the copy: user user-one/);
    await worker.sql("UPDATE meta SET value = '' WHERE name IN ('copying', 'copy_sampled')");
    await copy.drain();
    await copy.settled();
    await assertBothAreBack();
    assert.deepEqual(await copy.held(copy.rebuilt), await copy.held());
    await rebuild("--check");
  });
});

describe("a merge after Time Travel", () => {
  it("before any other run knows what was lost, and deletes no user who is there", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.deleteUser(one);
    await of.custodian(two, METHOD, "between");
    await copy.settled();
    await copy.drain();
    await goBack();
    await rebuild("--merge");
    assert.equal(copy.logged("the database went back in time").length, 1);
    assert.deepEqual(await of.fetched(two), ["between"]);
    await copy.drain();
    const { users, sharesOf } = await rebuilt();
    assert.deepEqual(users, [one.id, two.id].sort());
    assert.deepEqual(sharesOf.sort(), [one.id, two.id].sort());
    await rebuild("--check");
  });

  it("leaves the copy as the database is: of what the database has the lost past changed nothing", async () => {
    for (const text of ["first", "second"]) await stored(one, text);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    const [first] = await of.history(one);
    await of.restoreVersion(one, first.id);
    for (const text of ["third", "fourth"]) await of.custodian(one, METHOD, text);
    await copy.settled();
    await copy.drain();
    await goBack();
    await copy.drain();
    await rebuild("--merge");
    await copy.drain();
    await copy.settled();
    assert.deepEqual(await of.fetched(one), ["fourth"]);
    await rebuild("--check");
    await of.admin("DELETE", `${of.path(one)}/backups?backupMethod=GDRIVE`);
    await copy.settled();
    await rebuild("--check");
    assert.deepEqual((await rebuilt()).current, [], "what was removed since stays removed");
  });

  it("leaves the copy as the database is, also of who was deleted in between", async () => {
    await stored(one, "first");
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.custodian(one, METHOD, "lost");
    await copy.settled();
    await copy.drain();
    await goBack();
    await copy.drain();
    await of.deleteUser(one);
    await copy.drain();
    await copy.settled();
    await rebuild("--merge");
    await copy.drain();
    await copy.settled();
    await rebuild("--check");
    await of.restoreUser(one);
    assert.deepEqual(await of.fetched(one), ["first"]);
    assert.equal((await of.history(one)).length, 1);
  });

  it("leaves out who lost something that the copy does not know yet: nobody who was erased comes back", async () => {
    for (const who of [one, two]) await stored(who);
    await copy.settled();
    await copy.drain();
    await entry.bucket({ puts: "fail" });
    await of.purgeUser(one);
    await of.deleteUser(two);
    const { code } = await copy.rebuild("--merge");
    assert.equal(code, 2, "who was left out is no all-clear");
    for (const who of [one, two]) assert.equal((await of.admin("GET", of.path(who))).status, 404);
    assert.deepEqual(await worker.sql("SELECT 1 FROM backup_share_versions WHERE user_id = ?", one.id), []);
    await entry.bucket({});
    await copy.drain();
    await rebuild("--merge");
    for (const who of [one, two]) assert.equal((await of.admin("GET", of.path(who))).status, 404);
  });

  it("leaves out who was erased also where the same user is there again: nothing of before comes back", async () => {
    await of.register(one);
    for (const text of ["before", "erased"]) {
      await of.custodian(one, METHOD, text);
      await of.cipherText(one, "GDRIVE", `of ${text}`);
    }
    await copy.settled();
    await copy.drain();
    await entry.bucket({ puts: "fail" });
    await of.purgeUser(one);
    await of.register(one);
    const held = await copy.held();
    const { code } = await copy.rebuild("--merge");
    assert.equal(code, 2);
    assert.deepEqual(await copy.held(), held);
    assert.deepEqual(await of.fetched(one), []);
    assert.equal(await of.recovered(one, { backupMethod: "GDRIVE" }), undefined);
  });

  it("puts a lost share back as it was, but not into the place of one that is newer, which the copy need not know yet", async () => {
    // Of another pair, in another spelling and under another key: it would not open with what the one before it had.
    const both = async (text, { pair, spelled = (method) => method, by = of } = {}) => {
      await by.custodian(one, spelled(METHOD), text, { pair });
      await by.cipherText(one, spelled("GDRIVE"), text, { pair });
    };
    const lostOnes = {
      pair: "the lost pair",
      spelled: (method) => method.toLowerCase(),
      by: backups(worker.sibling("rotated")),
    };
    const tables = ["custodian_backup_shares", "user_backup_shares"];
    const current = () => Promise.all(tables.map((table) => worker.sql(`SELECT * FROM ${table}`)));
    await of.register(one);
    await both("first");
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await both("lost", lostOnes);
    await copy.settled();
    await copy.drain();
    const lost = await current();
    await goBack();
    await rebuild("--merge");
    assert.deepEqual(await current(), lost);
    assert.equal(await of.recovered(one, { backupMethod: "GDRIVE" }), "lost");
    await goBack();
    await copy.drain();
    await copy.settled();
    await entry.bucket({ puts: "fail" });
    await both("newer");
    const newer = await current();
    await copy.rebuild("--merge");
    assert.deepEqual(await current(), newer);
    const history = await of.history(one);
    assert.deepEqual(history.map(({ kind }) => kind).sort(), ["custodian", "custodian", "user", "user"]);
  });
});
