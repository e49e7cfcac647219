// The second copy in R2, as Portal, apps and operators make it: what is acknowledged is in it, whatever R2 does.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { backups } from "../support/backup.mjs";
import { user } from "../support/client.mjs";
import { copies, faultyBucketEntry, withCopiedWorker, withCopy } from "../support/copy.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

let worker, entry, of, copy;
const one = user("one");

withCopiedWorker({ vars: { COPY_WAIT_MS: "400" } }, (made) => ({ worker, entry, of, copy } = made));

describe("a store", () => {
  it("that seals a share of the history anew has that in the bucket when it is answered", async () => {
    await of.register(one);
    for (const share of ["older", "newer"]) await of.custodian(one, "GDRIVE-SECP256K1", share);
    await worker.sql("UPDATE backup_share_versions SET sealed_share = 'AAAA'");
    await worker.scheduled();
    await copy.settled();
    await of.custodian(one, "GDRIVE-SECP256K1", "older");
    const [row] = await worker.sql("SELECT sealed_share FROM backup_share_versions");
    assert.notEqual(row.sealed_share, "AAAA");
    const versions = (await copy.objects()).filter(([name]) => name.endsWith(".version"));
    assert.ok(versions.some(([, text]) => text.includes(row.sealed_share)));
    await copy.settled();
    assert.deepEqual(await copy.replayed(), await copy.held());
  });

  it("is in the bucket when it is answered, and leaves no note", async () => {
    await of.register(one);
    await copy.settled();
    await entry.bucket({});
    await of.custodian(one, "GDRIVE-SECP256K1", "custodian share");
    assert.equal((await entry.puts()).length, 1, "one put");
    const [row] = await worker.sql("SELECT id, sealed_share FROM custodian_backup_shares");
    const shares = (await copy.objects()).filter(([name]) => name.endsWith(".share"));
    assert.equal(shares.length, 1);
    const object = JSON.parse(shares[0][1]);
    assert.equal(object.id, row.id);
    assert.equal(object.sealedShare, row.sealed_share);
    assert.equal(object.type, "custodianBackupShare");
    assert.equal(object.userId, one.id);
    await copy.settled();
    await of.cipherText(one, "GDRIVE", "cipher text");
    await copy.settled();
    assert.deepEqual(await copy.replayed(), await copy.held());
  });

  it("by a webhook that registers its client brings the user too", async () => {
    const registering = await startWorker({ config: withCopy, vars: { UNKNOWN_CLIENTS: "register" } });
    try {
      const of = backups(registering);
      const its = await copies(registering);
      await of.custodian(one, "GDRIVE-SECP256K1", "custodian share");
      const names = await its.names();
      assert.deepEqual(names.map((name) => name.split(".")[1]).sort(), ["share", "user"]);
    } finally {
      await registering.stop();
    }
  });

  it("that is refused, unknown, overtaken or the same again makes no object", async () => {
    await of.register(one);
    await of.custodian(one, "GDRIVE-SECP256K1", "overtaken");
    await of.custodian(one, "GDRIVE-SECP256K1", "custodian share");
    await of.cipherText(one, "GDRIVE", "cipher text");
    await copy.settled();
    const before = await copy.names();
    await of.cipherText(one, "GDRIVE", "cipher text");
    await of.custodian(one, "GDRIVE-SECP256K1", "overtaken");
    await of.storeCipherText({ ...one, clientApiKey: "wrong" }, "GDRIVE", "other");
    await of.storeCustodian(user("nobody"), "GDRIVE", "other");
    await worker.sql(
      `INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4200)
       SELECT 'v' || i, ?, ?, 'user', 'M', 'k1', '2026', '2026', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'replaced', 'AAAA' FROM n`,
      one.id,
      one.clientId,
    );
    assert.equal((await of.storeCipherText(one, "GDRIVE", "over quota")).status, 429);
    assert.deepEqual(await copy.names(), before);
    assert.equal(await copy.pending(), 0);
  });

  for (const puts of ["fail", "hang", "store-then-fail", 30]) {
    it(`is acknowledged while R2's puts are "${puts}", and in the bucket within two drains of its return`, async () => {
      await of.register(one);
      await copy.settled();
      await entry.bucket({ puts });
      for (let at = 0; at < 8; at++) {
        await of.custodian(one, "GDRIVE-SECP256K1", `custodian share ${at}`);
        await of.cipherText(one, "GDRIVE", `cipher text ${at}`);
      }
      if (puts === "hang") assert.ok((await copy.pending()) >= 16, "answered before any put had ended");
      await entry.bucket({});
      await copy.drain();
      await copy.drain();
      assert.equal(await copy.pending(), 0);
      assert.deepEqual(await copy.replayed(), await copy.held());
      assert.equal((await copy.status()).pending, 0);
      assert.deepEqual(copy.logged("the database went back in time"), []);
    });
  }

  it("waits for a slow R2 no longer than COPY_WAIT_MS, and its put goes on", async () => {
    await of.register(one);
    await copy.settled();
    await entry.bucket({ puts: "late" });
    await of.custodian(one, "GDRIVE-SECP256K1", "custodian share");
    await copy.settled();
    assert.deepEqual(await copy.replayed(), await copy.held());
  });

  it("is copied by two runs at once, the slower of which ends in the middle of the other, and no epoch begins", async () => {
    const begun = async (what, begins) =>
      copy.until(what, async () => (await entry.puts()).some((name) => name.startsWith(begins)));
    await of.register(one);
    await copy.settled();
    await entry.bucket({ puts: "fail" });
    await of.custodian(one, "GDRIVE-SECP256K1", "custodian share");
    await entry.bucket({ puts: "held", until: "slow" });
    const slow = copy.drain();
    await begun("the slow run puts its object", "c1/");
    await entry.bucket({});
    await of.cipherText(one, "GDRIVE", "cipher text");
    await copy.settled();
    await entry.bucket({ heads: "held", until: "quick" });
    const quick = copy.drain();
    await begun("the quick run puts the head", "head/");
    await entry.bucket({});
    await entry.release("slow");
    await slow;
    await entry.release("quick");
    await quick;
    await copy.drain();
    assert.deepEqual(copy.logged("the database went back in time"), []);
    // Of the home that the user is in.
    const heads = await Promise.all(
      (await copy.names("head/")).map(async (name) => JSON.parse(await (await copy.bucket.get(name)).text())),
    );
    const { epoch, seq } = heads.reduce((one, other) => (other.seq > one.seq ? other : one));
    const sequence = "SELECT max(seq) AS last FROM sqlite_sequence WHERE name = 'changes'";
    const numbers = await Promise.all(worker.homes.map((home) => home.prepare(sequence).first("last")));
    assert.deepEqual({ epoch, seq }, { epoch: 1, seq: Math.max(...numbers) });
  });

  it("waits in its note while the head of the copy cannot be read, and no epoch begins", async () => {
    await of.register(one);
    await copy.settled();
    await copy.drain();
    await entry.bucket({ puts: "fail" });
    await of.custodian(one, "GDRIVE-SECP256K1", "custodian share");
    await entry.bucket({ heads: "fail" });
    await copy.drain();
    assert.equal(await copy.pending(), 1);
    await entry.bucket({});
    await copy.drain();
    assert.equal(await copy.pending(), 0);
    assert.equal((await copy.status()).epoch, 1);
    assert.deepEqual(await copy.replayed(), await copy.held());
  });

  it("after five puts that failed does not wait for thirty seconds", async () => {
    await of.register(one);
    await copy.settled();
    await entry.bucket({ puts: "hang" });
    for (let at = 0; at < 7; at++) await of.custodian(one, "GDRIVE-SECP256K1", `share ${at}`);
    const waited = copy.logged("answered before its copy was there").length;
    assert.ok(waited <= 5, `${waited} waited`);
    assert.equal((await entry.puts()).length >= 7, true, "each was put all the same");
  });
});

describe("COPY_REQUIRED", () => {
  let strict;
  let strictEntry;
  before(async () => {
    strict = await startWorker({
      main: faultyBucketEntry,
      config: withCopy,
      vars: { COPY_REQUIRED: "yes", COPY_WAIT_MS: "400" },
    });
    strictEntry = await strict.entry();
  });
  after(() => strict?.stop());

  it("answers 503 while R2 does not take the copy, and 2xx to the same again once it does", async () => {
    const of = backups(strict);
    const its = await copies(strict);
    await of.register(one);
    await strictEntry.bucket({ puts: "fail" });
    for (const send of [
      () => of.storeCustodian(one, "GDRIVE-SECP256K1", "custodian share"),
      () => of.storeCipherText(one, "GDRIVE", "cipher text"),
    ]) {
      assert.equal((await send()).status, 503);
      assert.equal((await send()).status, 503, "the retry finds the share unchanged, and its note");
      await strictEntry.bucket({});
      const { status, text } = await send();
      assert.ok(status < 300, text);
      await strictEntry.bucket({ puts: "fail" });
    }
    await strictEntry.bucket({});
    await its.drain();
    assert.deepEqual(await its.replayed(), await its.held());
  });

  it("tells an operator that a deletion is carried out, which again is 404", async () => {
    const of = backups(strict);
    const two = user("two");
    await of.register(two);
    await strictEntry.bucket({ puts: "fail" });
    const gone = () => of.admin("DELETE", of.path(two));
    const { status, body } = await gone();
    assert.equal(status, 503);
    assert.match(body.detail, /^This is done, but .* or says that it is done\.$/);
    await strictEntry.bucket({});
    assert.equal((await gone()).status, 404);
  });

  it("answers no 2xx without the copy however often R2 has failed, and whatever the time to wait for it", async () => {
    const impatient = await startWorker({
      main: faultyBucketEntry,
      config: withCopy,
      vars: { COPY_REQUIRED: "yes", COPY_WAIT_MS: "0" },
    });
    try {
      for (const [worker, entry] of [
        [strict, strictEntry],
        [impatient, await impatient.entry()],
      ]) {
        const of = backups(worker);
        await entry.bucket({});
        await worker.clear();
        await worker.sql(
          "INSERT INTO users (id, client_id, created_at) VALUES (?, ?, '2026-01-01')",
          one.id,
          one.clientId,
        );
        await entry.bucket({ puts: "fail" });
        for (let n = 0; n < 8; n++)
          assert.equal((await of.storeCustodian(one, "GDRIVE-SECP256K1", `share ${n}`)).status, 503, `share ${n}`);
      }
    } finally {
      await strictEntry.bucket({});
      await impatient.stop();
    }
  });
});

describe("every other change", () => {
  it("of users and shares is in the bucket too: what operators do, and SQL by hand", async () => {
    const two = user("two");
    await of.register(one, two);
    await of.custodian(one, "GDRIVE-SECP256K1", "first");
    await of.custodian(one, "GDRIVE-SECP256K1", "second");
    await of.app(one, "POST", `/clients/${one.clientId}/backup`, { cipherText: "legacy" });
    await of.cipherText(two, "ICLOUD", "cipher text");
    const [version] = await of.history(one);
    await of.restoreVersion(one, version.id);
    await of.deleteUser(two);
    await of.restoreUser(two);
    await of.admin("PUT", `/users/${two.id}/client-api-key`, { clientApiKey: "another-key-of-two-0123456789" });
    const imported = [
      { type: "user", ...user("three") },
      { type: "custodianBackupShare", userId: "user-three", backupMethod: "GDRIVE-SECP256K1", share: "imported" },
      {
        type: "custodianBackupShare",
        id: "older",
        userId: "user-three",
        backupMethod: "GDRIVE-SECP256K1",
        share: "older",
        storedAt: "2020-01-01T00:00:00.000Z",
        supersededAt: "2021-01-01T00:00:00.000Z",
      },
    ];
    const { status } = await worker.send("POST", "/admin/import", {
      body: imported.map((record) => JSON.stringify(record)).join("\n"),
      headers: { "content-type": "application/x-ndjson" },
      bearer: SECRETS.ADMIN_TOKEN,
    });
    assert.equal(status, 200);
    await of.deleteUser(user("three"));
    await copy.settled();
    assert.deepEqual(await copy.replayed(), await copy.held());

    await worker.sql("UPDATE user_backup_shares SET backup_share_pair_id = 'by hand'");
    await copy.drain();
    assert.deepEqual(await copy.replayed(), await copy.held());
  });

  it("from before copying began is copied by the scheduled handler", async () => {
    await of.register(one);
    await of.custodian(one, "GDRIVE-SECP256K1", "first");
    await of.custodian(one, "GDRIVE-SECP256K1", "second");
    await of.cipherText(one, "GDRIVE", "cipher text");
    await of.register(user("gone"));
    await of.deleteUser(user("gone"));
    const held = await copy.held();
    for (const name of await copy.names("")) await copy.bucket.delete(name);
    await worker.sql("DELETE FROM changes");
    await worker.sql("DELETE FROM meta WHERE name = 'copying'");
    await copy.drain();
    await copy.drain();
    assert.deepEqual(await copy.replayed(), held);
  });
});

it("ends where no bucket is bound any more: nothing is noted, and what was looked up counts no more", async () => {
  const without = await startWorker({ homes: 1 });
  try {
    await without.sql("INSERT INTO meta (name, value) VALUES ('copying', 'done'), ('copy_sampled', '5 1 0')");
    await without.scheduled();
    await backups(without).register(one);
    assert.deepEqual(await without.sql("SELECT name FROM meta WHERE name IN ('copying', 'copy_sampled')"), []);
    assert.deepEqual(await without.sql("SELECT * FROM changes"), []);
  } finally {
    await without.stop();
  }
});

describe("a purge", () => {
  it("takes the person's objects away, and nothing brings the person back", async () => {
    await of.register(one, user("two"));
    await of.custodian(one, "GDRIVE-SECP256K1", "share");
    await of.custodian(user("two"), "GDRIVE-SECP256K1", "share");
    await of.purgeUser(one);
    await copy.settled();
    await copy.until("the objects are gone", async () => (await copy.names()).length === 3);
    assert.deepEqual((await copy.names()).filter((name) => name.endsWith(".purged")).length, 1);
    assert.deepEqual(await copy.replayed(), await copy.held());
  });

  it("that waits for its time is an entry when the scheduled handler carries it out", async () => {
    const waiting = await startWorker({ config: withCopy, vars: { PURGE_DELAY_HOURS: "1" } });
    try {
      const of = backups(waiting);
      const its = await copies(waiting);
      await of.register(one);
      await of.custodian(one, "GDRIVE-SECP256K1", "share");
      const { status, text } = await of.admin("DELETE", `${of.path(one)}?purge=${one.clientId}`);
      assert.equal(status, 202, text);
      await waiting.sql("UPDATE purges SET purge_at = '2020-01-01T00:00:00.000Z'");
      await waiting.scheduled();
      await its.drain();
      assert.deepEqual(
        (await its.names()).map((name) => name.split(".")[1]),
        ["purged"],
      );
      assert.deepEqual(await its.replayed(), await its.held());
    } finally {
      await waiting.stop();
    }
  });

  it("behind a bucket lock leaves objects for now; the sweep deletes them when the lock lets it", async () => {
    await of.register(one);
    await of.custodian(one, "GDRIVE-SECP256K1", "share");
    await copy.settled();
    await entry.bucket({ deletes: "refuse" });
    await of.purgeUser(one);
    await copy.settled();
    await worker.scheduled();
    assert.equal((await copy.names()).length, 3);
    assert.deepEqual(await copy.replayed(), await copy.held());
    const { code, stderr } = await copy.rebuild("--into", "REBUILD");
    assert.equal(code, 0, stderr);
    assert.deepEqual((await copy.held(copy.rebuilt)).users, []);

    await entry.bucket({});
    await worker.scheduled();
    assert.deepEqual(
      (await copy.names()).map((name) => name.split(".")[1]),
      ["purged"],
    );
  });
});

it("the walk over the shares goes on while the bucket cannot be read", async () => {
  await of.register(one);
  await of.custodian(one, "GDRIVE-SECP256K1", "share");
  await copy.settled();
  await worker.scheduled();
  const note = async () => (await worker.sql("SELECT value FROM meta WHERE name = 'scrub'"))[0].value;
  const before = await note();
  await entry.bucket({ unreadable: "c1/" });
  await worker.scheduled();
  assert.notEqual(await note(), before);
  const failed = copy.logged("maintenance step failed").map(({ step }) => step);
  assert.ok(failed.includes("sample the copy"), JSON.stringify(failed));
});

describe("names and metadata in the bucket", () => {
  it("hold no share, key or id of a user", async () => {
    const who = { id: "MARKED-user", clientId: "MARKED-client", clientApiKey: "MARKED-client-api-key-0123456789" };
    await of.register(who);
    await of.custodian(who, "GDRIVE-SECP256K1", "MARKED custodian share");
    await of.cipherText(who, "GDRIVE", "MARKED cipher text");
    await copy.settled();
    const listed = await copy.bucket.list({ include: ["customMetadata"] });
    assert.ok(listed.objects.length >= 3);
    assert.doesNotMatch(
      JSON.stringify(listed.objects.map(({ key, customMetadata }) => [key, customMetadata])),
      /MARKED/,
    );
    for (const [, text] of await copy.objects()) {
      assert.doesNotMatch(text, /MARKED (custodian|cipher)/);
      assert.doesNotMatch(text, /MARKED-client-api-key/);
    }
  });
});

describe("GET /admin/status", () => {
  it("tells how far the copy is, and a row that is looked up in it", async () => {
    await of.register(one);
    await copy.settled();
    await entry.bucket({ puts: "fail" });
    await of.custodian(one, "GDRIVE-SECP256K1", "share");
    await worker.sql("UPDATE changes SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-400 seconds')");
    const behind = await copy.status();
    assert.ok(behind.pending > 0 && behind.lagSeconds >= 400 && behind.oldestPendingAt, JSON.stringify(behind));
    await copy.drain();
    assert.equal(copy.logged("the copy is behind").length, 1);

    await entry.bucket({});
    await worker.scheduled();
    const { lastCopiedAt, ...status } = await copy.status();
    assert.ok(lastCopiedAt);
    const { checked } = status.sampled;
    // Of several databases the run of every minute may have looked after this one as well.
    assert.ok(checked === 1 || (worker.homes.length > 1 && checked === 2), `${checked}`);
    assert.deepEqual(status, {
      pending: 0,
      oldestPendingAt: null,
      lagSeconds: 0,
      epoch: 1,
      objects: 2,
      sampled: { checked, missing: 0, unopened: 0 },
    });
    for (const name of (await copy.names()).filter((name) => name.endsWith(".share"))) await copy.bucket.delete(name);
    await worker.scheduled();
    assert.equal((await copy.status()).sampled.missing, 1);
    assert.equal(copy.logged("a copied share is missing").length, 1);
  });

  it("tells no share that still waits as missing", async () => {
    await of.register(one);
    await copy.settled();
    await entry.bucket({ puts: "fail" });
    await of.custodian(one, "GDRIVE-SECP256K1", "share");
    await worker.scheduled();
    const { sampled, pending } = await copy.status();
    assert.ok(pending > 0 && sampled.checked > 0, JSON.stringify({ sampled, pending }));
    assert.deepEqual([sampled.missing, copy.logged("a copied share is missing").length], [0, 0]);
  });
});
