// Objects that the second copy needs no longer are deleted, and never one that a rebuild needs, now or after Time Travel.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { user } from "../support/client.mjs";
import { withCopiedWorker } from "../support/copy.mjs";
import { SECRETS } from "../support/harness.mjs";
import { timeTravel } from "../support/time-travel.mjs";

const NEW_KEYS = `k2:${Buffer.alloc(32, 2).toString("base64")},${SECRETS.SHARE_ENCRYPTION_KEYS}`;

let worker, entry, of, copy;
const one = user("one");

withCopiedWorker(
  {
    homes: 1, // Time Travel is of one
    vars: { COPY_WAIT_MS: "0", PURGE_DELAY_HOURS: "0" },
    siblings: { rotated: { SHARE_ENCRYPTION_KEYS: NEW_KEYS } },
  },
  (made) => ({ worker, entry, of, copy } = made),
);

const sweep = () => worker.scheduled();
const settle = async () => {
  await copy.drain();
  await copy.settled();
};
const kinds = async () => (await copy.names()).map((name) => name.split(".")[1]).sort();
const versions = async () => (await copy.objects()).map(([, text]) => JSON.parse(text).id).filter(Boolean);
/** The retention of the history has passed for these versions of a user. */
const forget = (who, ...ids) =>
  worker.sql(
    `DELETE FROM backup_share_versions WHERE user_id = ? AND id IN (SELECT value FROM json_each(?))`,
    who.id,
    JSON.stringify(ids),
  );

const check = async () =>
  (await worker.send("POST", "/admin/rebuild", { body: { mode: "check" }, bearer: SECRETS.ADMIN_TOKEN })).body;

async function agrees(message) {
  assert.deepEqual(await copy.replayed(), await copy.held(), message);
  const { differences, damaged, unopened } = await check();
  assert.deepEqual([differences, damaged, unopened], [[], [], []], message);
}

/** Three cipher texts, the first two superseded; the ids of all, the oldest first. */
async function threeShares() {
  await of.register(one);
  for (const text of ["first", "second", "third"]) await of.cipherText(one, "GDRIVE", text);
  const history = (await of.history(one)).map(({ id }) => id).reverse();
  const [{ id }] = await worker.sql("SELECT id FROM user_backup_shares");
  await settle();
  return [...history, id];
}

describe("a superseded object", () => {
  it("goes once the database holds its version no longer, with the entry that says so; what is held stays", async () => {
    const [first, second, third] = await threeShares();
    await copy.age();
    await sweep();
    assert.equal((await copy.names()).length, 4, "all are held");

    await forget(one, first, second);
    await settle();
    await copy.age();
    await sweep();
    assert.deepEqual(await kinds(), ["share", "user"]);
    assert.ok((await versions()).includes(third));
    await agrees();
  });

  it("stays while Time Travel may bring its version back", async () => {
    const [first] = await threeShares();
    await copy.age();
    const goBack = await timeTravel(worker);
    await forget(one, first);
    await settle();
    const before = await copy.names();
    await sweep();
    assert.deepEqual(await copy.names(), before, "its removal is young");
    await goBack();
    await copy.drain();
    assert.deepEqual((await check()).differences, []);
    assert.equal((await of.history(one)).length, 2);
  });

  it("stays as long as it tells when a version that is held was superseded", async () => {
    const [, second] = await threeShares();
    await forget(one, second);
    await settle();
    await copy.age();
    await sweep();
    assert.ok((await versions()).includes(second));
    await agrees();
  });

  it("stays where the database holds its version though the objects say otherwise", async () => {
    const [first] = await threeShares();
    const last = (await copy.names()).at(-1);
    const { epoch, identity } = JSON.parse(await (await copy.bucket.get(last)).text());
    const seq = Number(/-0*(\d+)\./.exec(last)[1]) + 50;
    const removed = { what: "removed", userId: one.id, kind: "user", backupMethod: "GDRIVE", id: first };
    const name = `${last.slice(0, last.lastIndexOf("/"))}/000${epoch}-${String(seq).padStart(12, "0")}.removed`;
    const text = JSON.stringify({ ...removed, epoch, seq, identity, at: "2026-01-01T00:00:00.000Z" });
    await copy.bucket.put(name, text, { customMetadata: { version: first } });
    await copy.age();
    await sweep();
    assert.ok((await versions()).includes(first));
    assert.ok(
      (await copy.names()).some((name) => name.endsWith("0002.share")),
      "its share",
    );
  });

  it("stays where an object of its user is damaged, or the copy is behind", async () => {
    const [first, second] = await threeShares();
    await forget(one, first, second);
    await settle();
    await copy.age();
    const [name] = (await copy.names()).filter((name) => name.endsWith(".user"));
    const text = await (await copy.bucket.get(name)).text();
    const customMetadata = { at: "2020-01-01T00:00:00.000Z" };
    await copy.bucket.put(name, "damaged", { customMetadata });
    const before = await copy.names();
    await sweep();
    assert.deepEqual(await copy.names(), before, "damaged");

    await copy.bucket.put(name, text, { customMetadata });
    await entry.bucket({ puts: "fail" });
    await of.cipherText(one, "GDRIVE", "fourth");
    await worker.sql("UPDATE changes SET at = '2020-01-01T00:00:00.000Z'");
    await sweep();
    assert.deepEqual(await copy.names(), before, "behind");
    await entry.bucket({});
    await settle();
    await sweep();
    assert.ok(!(await versions()).includes(first));
    await agrees();
  });

  it("is deleted by one run at a time, and a run that died keeps the next ones off for 16 minutes", async () => {
    const [first, second] = await threeShares();
    await forget(one, first, second);
    await settle();
    await copy.age();
    await worker.sql("INSERT INTO meta (name, value) VALUES ('copy_sweeping', unixepoch() + 900)");
    await sweep();
    assert.ok((await versions()).includes(first));
    await worker.sql("UPDATE meta SET value = unixepoch() - 1 WHERE name = 'copy_sweeping'");
    await sweep();
    assert.ok(!(await versions()).includes(first));
    assert.deepEqual(await worker.sql("SELECT * FROM meta WHERE name = 'copy_sweeping'"), []);
  });
});

describe("a user whose objects cannot be read", () => {
  it("keeps none behind it from being tidied up", async () => {
    const two = [one, user("two")];
    await of.register(...two);
    for (const text of ["first", "second"]) for (const who of two) await of.cipherText(who, "GDRIVE", text);
    await settle();
    for (const who of two) await forget(who, ...(await of.history(who)).map(({ id }) => id));
    await settle();
    await copy.age();
    const ofUsers = async () => [
      ...Map.groupBy(await copy.names(), (name) => name.slice(0, name.lastIndexOf("/") + 1)).entries(),
    ];
    const [[first, all], [, others]] = await ofUsers();
    assert.deepEqual([all.length, others.length], [4, 4]);
    await entry.bucket({ unreadable: first });
    await sweep();
    await sweep();
    const left = Object.fromEntries((await ofUsers()).map(([name, names]) => [name === first, names.length]));
    assert.deepEqual(left, { true: 4, false: 2 });
    await entry.bucket({});
    await sweep();
    await sweep();
    assert.deepEqual(await kinds(), ["share", "share", "user", "user"]);
    await agrees();
  });
});

describe("an object under an old key", () => {
  it("goes once its version has a newer one of that age", async () => {
    await threeShares();
    await copy.age();
    const rotated = worker.sibling("rotated");
    const rewrap = await rotated.send("POST", "/admin/keys/rewrap", { body: {}, bearer: SECRETS.ADMIN_TOKEN });
    assert.equal(rewrap.status, 200, rewrap.text);
    await settle();
    await sweep();
    const keys = async () =>
      (await copy.objects())
        .map(([, text]) => JSON.parse(text).keyId)
        .filter((key) => key !== undefined)
        .sort();
    assert.deepEqual(await keys(), ["k1", "k1", "k1", "k2", "k2", "k2"], "the newer ones are young");
    await copy.age();
    await sweep();
    assert.deepEqual(await keys(), ["k2", "k2", "k2"]);
    assert.deepEqual(await copy.replayed(), await copy.held());
  });
});

describe("a bucket that refuses deletions", () => {
  for (const deletes of ["refuse", 40, "delete-then-fail"]) {
    it(`keeps a rebuild as it is ("${deletes}"), and loses the objects once it does not`, async () => {
      const ids = await threeShares();
      await forget(one, ...ids.slice(0, 2));
      await settle();
      await copy.age();
      await entry.bucket({ deletes });
      for (let run = 0; run < 3; run++) {
        await sweep();
        await agrees(`run ${run}`);
      }
      await entry.bucket({});
      await sweep();
      assert.deepEqual(await kinds(), ["share", "user"]);
      await agrees();
    });
  }
});

describe("whatever has happened to users", () => {
  /** The same numbers at every run, by their seed. */
  const random = (seed) => (below) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;

  for (const seed of [1, 2]) {
    it(`a rebuild is the same after each run of the sweep (history ${seed})`, async () => {
      const rnd = random(seed);
      const users = [user("a"), user("b")];
      await of.register(...users);
      let least = Infinity;
      let most = 0;
      for (let step = 0; step < 36; step++) {
        const who = users[rnd(2)];
        const method = ["GDRIVE", "gdrive", "PASSWORD"][rnd(3)];
        switch (rnd(9)) {
          case 0:
            await of.storeCustodian(who, `${method}-SECP256K1`, `custodian ${step}`);
            break;
          case 1:
            await worker.sql(
              "DELETE FROM backup_share_versions WHERE rowid IN (SELECT rowid FROM backup_share_versions ORDER BY stored_at LIMIT 3)",
            );
            break;
          case 2:
            await worker.sql(
              "UPDATE user_backup_shares SET backup_share_pair_id = ? WHERE user_id = ?",
              `${step}`,
              who.id,
            );
            break;
          case 3: {
            const [version] = await of.history(who).catch(() => []);
            if (version) await of.admin("POST", `${of.path(who)}/backups/restore`, { versionId: version.id });
            break;
          }
          case 4:
            if (rnd(2) === 0) await of.admin("DELETE", of.path(who));
            else await of.admin("POST", `${of.path(who)}/restore`);
            break;
          default:
            await of.storeCipherText(who, method, `cipher text ${step}`);
        }
        if (step % 6 !== 5) continue;
        await settle();
        const names = await copy.names();
        await copy.age(names.filter(() => rnd(3) > 0));
        most = Math.max(most, names.length);
        await entry.bucket({ deletes: 30 });
        await sweep();
        await agrees(`seed ${seed}, step ${step}`);
        await entry.bucket({});
      }
      await copy.age();
      for (let run = 0; run < 4; run++) {
        await sweep();
        await agrees(`at the end, run ${run}`);
        least = (await copy.names()).length;
      }
      assert.ok(least < most, `${least} of ${most}`);
    });
  }
});

describe("a purge of a client whose user id is another client's by now", () => {
  it("takes the erased client's objects, and none of the other's", async () => {
    const before = { ...one, clientId: "client-before", clientApiKey: "key-of-the-client-before" };
    await of.register(before);
    await of.cipherText(before, "GDRIVE", "of the client before");
    await of.deleteUser(one);
    await of.register(one);
    await of.cipherText(one, "GDRIVE", "of the client now");
    await settle();
    const { status, text } = await of.admin("DELETE", `${of.path(one)}?purge=${before.clientId}`);
    assert.ok(status < 300, text);
    await settle();
    await agrees("at once");
    await copy.age();
    await sweep();
    await agrees("30 days later");
    const left = (await copy.objects()).map(([, text]) => JSON.parse(text));
    assert.deepEqual(
      left.filter(({ what, clientId }) => what !== "purged" && clientId === before.clientId),
      [],
    );
    assert.equal(left.filter(({ what, clientId }) => what === "share" && clientId === one.clientId).length, 1);
  });
});
