// Databases rebuilt from their second copy, compared with it, and merged with it: the drill.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";

import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";

import { backups } from "../support/backup.mjs";
import { runScript } from "../support/cli.mjs";
import { assertProblem, user } from "../support/client.mjs";
import { copies, faultyBucketEntry, withCopiedWorker, withCopy } from "../support/copy.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import { timeTravel } from "../support/time-travel.mjs";

let worker, entry, of, copy;
const one = user("one");

withCopiedWorker(
  {
    homes: 1, // a rebuild is of one
    vars: { COPY_WAIT_MS: "300" },
  },
  (made) => ({ worker, entry, of, copy } = made),
);

/** Wallets in every state there is; what each caller gets back. */
const wallets = ["plain", "twice", "half", "history", "deleted", "purged", "unknown", "eject"].map(user);
const [plain, twice, half, history, deleted, purged, unknown, ejected] = wallets;

async function live(of) {
  await of.register(...wallets);
  for (const who of wallets) {
    await of.custodian(who, "GDRIVE-SECP256K1", `custodian of ${who.id}`, { pair: `pair-${who.id}` });
    await of.cipherText(who, "GDRIVE", `cipher text of ${who.id}`, { pair: `pair-${who.id}` });
  }
  await of.custodian(twice, "GDRIVE-SECP256K1", "second custodian share");
  await of.cipherText(twice, "GDRIVE", "second cipher text");
  await of.custodian(half, "GDRIVE-SECP256K1", "a custodian share without its cipher text");
  // Each replaces the one before alone, and the same text stands under two methods: support sees both.
  for (let at = 0; at < 5; at++) await of.cipherText(history, "GDRIVE", `cipher text ${at}`);
  await of.cipherText(plain, "ICLOUD", `cipher text of ${plain.id}`);
  const [version] = await of.history(history);
  await of.restoreVersion(history, version.id);
  await of.deleteUser(deleted);
  await of.purgeUser(purged);
  await of.app(unknown, "POST", `/clients/${unknown.clientId}/backup`, { cipherText: "without a method" });
  await of.admin("POST", `/users/${ejected.id}/eject`, { minutes: 5 });
}

/** What Portal and the apps recover. */
async function recoveries(of) {
  const recovered = {};
  for (const who of [plain, twice, half, history, unknown, ejected]) {
    recovered[who.id] = {
      custodian: (await of.fetched(who)).sort(),
      cipherText: await of.recovered(who, { backupMethod: "GDRIVE" }),
      pair: await of.recovered(who, { backupSharePairId: `pair-${who.id}` }),
      history: await of.history(who),
      support: (await of.admin("GET", `${of.path(who)}/backups`)).body.backups,
    };
  }
  recovered.deleted = (await of.portal("/webhook/backup/fetch", { clientId: deleted.clientId })).status;
  recovered.purged = (await of.portal("/webhook/backup/fetch", { clientId: purged.clientId })).status;
  return recovered;
}

describe("the drill", () => {
  it("brings a deployment that lost its database and all its secrets back, from the bucket and from paper", async () => {
    const identity = await generateHybridIdentity();
    const identityFile = copy.file("identity.txt");
    writeFileSync(identityFile, `# on paper\n${identity}\n`);
    const kept = await copy.script("keys", ["escrow", "--recipient", await identityToRecipient(identity)]);
    assert.equal(kept.code, 0, kept.stderr);

    await entry.bucket({ puts: 30 });
    await live(of);
    await entry.bucket({});
    await copy.drain();
    await copy.settled();
    const before = await recoveries(of);
    const held = await copy.held();
    const bucket = [];
    for (const name of await copy.names("")) bucket.push([name, await (await copy.bucket.get(name)).text()]);

    // All that is left: the bucket, and the paper.
    const files = bucket
      .filter(([name]) => name.endsWith(".age"))
      .map(([name, text]) => {
        const file = copy.file(name.replaceAll("/", "-"));
        writeFileSync(file, text);
        return file;
      });
    const recovered = await runScript("keys", ["recover", "--identity", identityFile, ...files]);
    assert.equal(recovered.code, 0, recovered.stderr);
    const next = await startWorker({
      homes: 1,
      config: withCopy,
      secrets: { SHARE_ENCRYPTION_KEYS: recovered.stdout.trim() },
    });
    try {
      const its = await copies(next);
      for (const [name, text] of bucket) await its.bucket.put(name, text);
      const rebuilt = await its.script("rebuild", ["--home", "0", "--into", "DB"]);
      assert.equal(rebuilt.code, 0, rebuilt.stderr);
      assert.deepEqual(await its.held(), held);
      const noted = "SELECT DISTINCT outcome, operator FROM audit_events WHERE action = 'rebuild'";
      assert.deepEqual(await next.sql(noted), [{ outcome: "rebuilt", operator: "admin" }]);
      assert.deepEqual(await recoveries(backups(next)), before);
      assert.equal(before.purged, 404);
      await backups(next).restoreUser(deleted);
      assert.deepEqual(await backups(next).fetched(deleted), [`custodian of ${deleted.id}`]);

      // It goes on: in an epoch of its own, with nothing copied anew.
      const objects = (await its.names()).length;
      await its.drain();
      await backups(next).custodian(plain, "GDRIVE-SECP256K1", "after the rebuild");
      await its.until("it is copied", async () => (await its.pending()) === 0);
      const names = await its.names();
      assert.ok(
        names.some((name) => /\/0002-/.test(name)),
        "an epoch of its own",
      );
      assert.ok(names.length < objects + 12, `${names.length} instead of ${objects} objects`);
      assert.deepEqual(await its.replayed(), await its.held());
      assert.deepEqual(
        next.logLines().filter(({ level }) => level === "error"),
        [],
      );
    } finally {
      await next.stop();
    }
  });

  it("--check says that all is well, and --into a scratch database makes it equal row for row", async () => {
    await live(of);
    await copy.drain();
    const { code, stdout, stderr } = await copy.script("rebuild", ["--check", "--into", "REBUILD"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /All is well/);
    assert.deepEqual(await copy.held(copy.rebuilt), await copy.held());
    assert.equal((await copy.script("copy", ["verify"])).code, 0);
    assert.equal(await copy.pending(), 0, "a rebuild elsewhere leaves no notes here");
    assert.equal((await copy.rebuilt.prepare("SELECT count(*) AS n FROM changes").first()).n, 0);
  });

  it("goes on where it was stopped, and does no harm twice", async () => {
    await live(of);
    await copy.drain();
    for (let at = 0; at < 2; at++) {
      const { code, stderr } = await copy.script("rebuild", ["--into", "REBUILD", "--parallel", "16"]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(await copy.held(copy.rebuilt), await copy.held());
    }
  });
});

describe("a rebuild", () => {
  it("of a database that is not bound is 400, and no alarm", async () => {
    const asked = await of.admin("POST", "/admin/rebuild", { mode: "totals", home: 99 });
    assertProblem(asked, 400, "invalid_field", { field: "home" });
  });
});

describe("a copy that is not whole", () => {
  const faults = {
    "a damaged object": (name) => copy.bucket.put(name, "damaged"),
    "an object whose share is damaged": async (name) => {
      const object = JSON.parse(await (await copy.bucket.get(name)).text());
      const sealed = Buffer.from(object.sealedShare, "base64");
      sealed[40] ^= 1;
      await copy.bucket.put(name, JSON.stringify({ ...object, sealedShare: sealed.toString("base64") }));
    },
    "a missing object": (name) => copy.bucket.delete(name),
    "an object in another's place": async (name) => {
      const text = await (await copy.bucket.get(name)).text();
      await copy.bucket.put(name.replace(/-(\d+)\./, "-999999999999."), text);
    },
  };
  for (const [what, damage] of Object.entries(faults)) {
    it(`is noticed and named: ${what}`, async () => {
      await of.register(one);
      await of.custodian(one, "GDRIVE-SECP256K1", "custodian share ".repeat(8));
      await copy.settled();
      const name = (await copy.names()).find((name) => name.endsWith(".share"));
      await damage(name);
      for (const [command, args] of [
        ["rebuild", ["--check"]],
        ["copy", ["verify"]],
      ]) {
        const { code, stderr } = await copy.script(command, args);
        assert.equal(code, 2, stderr);
        assert.match(stderr, /c1\/0\/|user user-one/);
      }
    });
  }

  it("is noticed where a user is missing from it altogether", async () => {
    await of.register(one);
    await copy.settled();
    for (const name of await copy.names()) await copy.bucket.delete(name);
    for (const [command, args] of [
      ["rebuild", ["--check"]],
      ["copy", ["verify"]],
    ]) {
      const { code, stderr } = await copy.script(command, args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /not in the copy: user user-one/);
    }
  });
});

describe("a database that went back in time", () => {
  it("begins a new epoch with an alarm; what is stored later is copied; --merge brings back what lay between", async () => {
    const two = user("two");
    await of.register(one);
    await of.custodian(one, "GDRIVE-SECP256K1", "first");
    await of.cipherText(one, "GDRIVE", "first cipher text");
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);

    await of.custodian(one, "GDRIVE-SECP256K1", "between");
    await of.register(two);
    await of.custodian(two, "GDRIVE-SECP256K1", "of a user who came between");
    await copy.settled();
    await copy.drain();
    await goBack();
    assert.deepEqual(await of.fetched(one), ["first"]);

    await copy.drain();
    assert.equal(copy.logged("the database went back in time").length, 1);
    assert.equal((await copy.status()).epoch, 2);
    await of.cipherText(one, "GDRIVE", "later cipher text");
    await copy.settled();
    assert.ok((await copy.names()).some((name) => /\/0002-\d+\.share$/.test(name)));

    const { code, stderr } = await copy.script("rebuild", ["--merge"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await of.fetched(one), ["between"]);
    assert.equal(await of.recovered(one, { backupMethod: "GDRIVE" }), "later cipher text");
    assert.deepEqual(await of.fetched(two), ["of a user who came between"]);
    await copy.drain();
    const checked = await copy.script("rebuild", ["--check"]);
    assert.equal(checked.code, 0, checked.stderr);
    assert.equal(copy.logged("the database went back in time").length, 1);
  });

  it("is noticed by a store whose number has an object already, before any drain", async () => {
    await of.register(one);
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.custodian(one, "GDRIVE-SECP256K1", "between");
    await copy.settled();
    await goBack();
    await of.custodian(one, "GDRIVE-SECP256K1", "after");
    assert.equal(await copy.pending(), 1, "the note stays");
    await copy.drain();
    assert.equal(await copy.pending(), 0);
    assert.equal(copy.logged("the database went back in time").length, 1);
    const sealed = (await copy.objects()).map(([, text]) => JSON.parse(text).sealedShare);
    const [{ sealed_share }] = await worker.sql("SELECT sealed_share FROM custodian_backup_shares");
    assert.ok(sealed.includes(sealed_share));
  });
});

describe("the marks of a cipher text", () => {
  const row = async () => (await worker.sql("SELECT id, replaced_alone_at, text_digest FROM user_backup_shares"))[0];
  const support = async () => {
    const { backups } = (await of.admin("GET", `${of.path(one)}/backups`)).body;
    return backups.find(({ backupMethod }) => backupMethod === "GDRIVE").userShareReplacedAlone;
  };

  for (const [told, change] of [
    ["as its object tells them", (object) => object],
    [
      "none, where its object is from before they were told",
      ({ replacedAloneAt: _a, textDigest: _t, ...rest }) => rest,
    ],
  ]) {
    it(`are those of the share that --merge puts into its place: ${told}`, async () => {
      await of.register(one);
      await of.custodian(one, "GDRIVE-SECP256K1", "custodian share");
      await of.cipherText(one, "GDRIVE", "first");
      await of.cipherText(one, "GDRIVE", "second, alone");
      await copy.settled();
      await copy.drain();
      const marked = await row();
      assert.ok(marked.replaced_alone_at && marked.text_digest);
      const goBack = await timeTravel(worker);
      await of.custodian(one, "GDRIVE-SECP256K1", "custodian share of a whole backup");
      await of.cipherText(one, "GDRIVE", "cipher text of a whole backup");
      await copy.settled();
      await copy.drain();
      const whole = await row();
      assert.equal(whole.replaced_alone_at, null);
      for (const name of await copy.names()) {
        const { customMetadata } = await copy.bucket.head(name);
        const object = JSON.parse(await (await copy.bucket.get(name)).text());
        await copy.bucket.put(name, JSON.stringify(change(object)), { customMetadata });
      }
      await goBack();
      assert.deepEqual(await row(), marked);
      await copy.drain();
      const { code, stderr } = await copy.script("rebuild", ["--merge"]);
      assert.equal(code, 0, stderr);
      const text_digest = change(whole) === whole ? whole.text_digest : null;
      assert.deepEqual(await row(), { id: whole.id, replaced_alone_at: null, text_digest });
      assert.ok(!(await support()));
    });
  }

  it("and who made a user are in a rebuilt database, and a difference in them is found", async () => {
    await of.register(one);
    await of.custodian(one, "GDRIVE-SECP256K1", "custodian share");
    await of.cipherText(one, "GDRIVE", "first");
    await of.cipherText(one, "GDRIVE", "second, alone");
    await worker.sql("UPDATE users SET made_by_webhook = 1");
    await copy.drain();
    const { code, stderr } = await copy.script("rebuild", ["--into", "REBUILD"]);
    assert.equal(code, 0, stderr);
    const rebuilt = await copy.held(copy.rebuilt);
    assert.deepEqual(rebuilt, await copy.held());
    assert.equal(rebuilt.users[0][1][4], 1);
    assert.ok(rebuilt.current.some(([, { replacedAloneAt }]) => replacedAloneAt));
    for (const change of [
      "UPDATE user_backup_shares SET replaced_alone_at = NULL",
      "UPDATE users SET made_by_webhook = 0",
    ]) {
      await copy.rebuilt.batch(
        [
          "INSERT INTO meta (name, value) VALUES ('rebuilding', '')",
          change,
          "DELETE FROM meta WHERE name = 'rebuilding'",
        ].map((sql) => copy.rebuilt.prepare(sql)),
      );
      const { body } = await of.admin("POST", "/admin/rebuild", { mode: "check", into: "REBUILD" });
      assert.ok(body.differences.length > 0, change);
    }
  });
});

describe("a rotated key", () => {
  it("stays in use until the copy has everything under the new one; then a rebuild needs it no longer", async () => {
    const rotating = await startWorker({
      homes: 1,
      main: faultyBucketEntry,
      config: withCopy,
      siblings: {
        rotated: {
          SHARE_ENCRYPTION_KEYS: `k2:${Buffer.alloc(32, 2).toString("base64")},${SECRETS.SHARE_ENCRYPTION_KEYS}`,
        },
        after: { SHARE_ENCRYPTION_KEYS: `k2:${Buffer.alloc(32, 2).toString("base64")}` },
      },
    });
    try {
      const its = await copies(rotating);
      const of = backups(rotating);
      await of.register(one);
      await of.custodian(one, "GDRIVE-SECP256K1", "first");
      await of.custodian(one, "GDRIVE-SECP256K1", "second");
      await its.until("it is copied", async () => (await its.pending()) === 0);
      const rotated = rotating.sibling("rotated");
      const admin = (worker, method, path, body) => worker.send(method, path, { body, bearer: SECRETS.ADMIN_TOKEN });
      const oldKey = async () =>
        (await admin(rotated, "GET", "/admin/keys")).body.keys.find(({ id }) => id === "k1").shares;
      await rotating.sql("INSERT INTO changes (at, user_id, what) VALUES ('2026', 'nobody', 'removed')");
      assert.ok((await oldKey()) > 0);
      const rewrap = await admin(rotated, "POST", "/admin/keys/rewrap", {});
      assert.equal(rewrap.status, 200, rewrap.text);
      await its.until("it is copied", async () => (await its.pending()) === 0);
      assert.equal(await oldKey(), 0);
      const opened = await admin(rotating.sibling("after"), "POST", "/admin/rebuild", { mode: "check" });
      assert.deepEqual([opened.body.unopened, opened.body.differences, opened.body.damaged], [[], [], []]);
      assert.equal(opened.body.versions, 1);
    } finally {
      await rotating.stop();
    }
  });
});

describe("npm run keys", () => {
  it("escrow refuses to write for nobody, and for what is no recipient", async () => {
    for (const args of [[], ["--recipient", "nonsense"], ["--recipient", "AGE-SECRET-KEY-1QQQQ"]]) {
      const { code, stderr } = await copy.script("keys", ["escrow", ...args]);
      assert.equal(code, 1, stderr);
    }
    assert.deepEqual(await copy.names("keys/"), []);
    assert.deepEqual(await worker.sql("SELECT * FROM meta WHERE name LIKE 'escrow%'"), []);
  });

  it("escrow refuses a key that the Worker does not have under its id", async () => {
    const { code, stderr } = await runScript(
      "keys",
      ["escrow", "--url", String(worker.url), "--recipient", await identityToRecipient(await generateX25519Identity())],
      {
        env: {
          ADMIN_TOKEN: SECRETS.ADMIN_TOKEN,
          SHARE_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 9).toString("base64")}`,
        },
      },
    );
    assert.equal(code, 1);
    assert.match(stderr, /not the keys that the Worker has/);
  });

  it("recover gives the setting back to either of two identities, and to no other", async () => {
    const identities = [await generateX25519Identity(), await generateX25519Identity(), await generateX25519Identity()];
    const recipients = await Promise.all(identities.slice(0, 2).map(identityToRecipient));
    const kept = await copy.script("keys", [
      "escrow",
      ...recipients.flatMap((recipient) => ["--recipient", recipient]),
    ]);
    assert.equal(kept.code, 0, kept.stderr);
    const noted = await worker.sql("SELECT outcome, operator FROM audit_events WHERE action = 'escrow_keys'");
    assert.deepEqual(noted, [{ outcome: "kept", operator: "admin" }]);
    assert.doesNotMatch(kept.stdout + kept.stderr, new RegExp(SECRETS.SHARE_ENCRYPTION_KEYS.slice(3, 20)));
    const file = copy.file("k1.age");
    writeFileSync(file, await (await copy.bucket.get("keys/k1.age")).text());
    for (const [at, identity] of identities.entries()) {
      const identityFile = copy.file(`identity-${at}.txt`);
      writeFileSync(identityFile, `${identity}\n`);
      const { code, stdout } = await runScript("keys", ["recover", "--identity", identityFile, file]);
      assert.equal(code, at < 2 ? 0 : 1);
      assert.equal(stdout.trim(), at < 2 ? SECRETS.SHARE_ENCRYPTION_KEYS : "");
    }
  });
});
