// The escrow of the sealing keys beside the second copy: it is whole, or it is said not to be.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";

import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { escrowed } from "../../scripts/lib/copy/escrow.mjs";
import { backups } from "../support/backup.mjs";
import { runScript } from "../support/cli.mjs";
import { assertProblem, user } from "../support/client.mjs";
import { copies, faultyBucketEntry, withCopy } from "../support/copy.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

const { ADMIN_TOKEN } = SECRETS;
const [K1, K2, K3] = [1, 2, 3].map((n) => `k${n}:${Buffer.alloc(32, n).toString("base64")}`);
const WRONG_K2 = K3.replace("k3:", "k2:");
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const dir = mkdtempSync(join(tmpdir(), "pbw-escrow-"));
after(() => rmSync(dir, { recursive: true, force: true }));
let worker;
let entry;
let copy;

before(async () => {
  worker = await startWorker({
    homes: 1,
    main: faultyBucketEntry,
    config: withCopy,
    secrets: { SHARE_ENCRYPTION_KEYS: `${K2},${K1}` },
    siblings: { wrong: { SHARE_ENCRYPTION_KEYS: `${WRONG_K2},${K1}` }, fresh: { SHARE_ENCRYPTION_KEYS: K3 } },
  });
  entry = await worker.entry();
  copy = await copies(worker);
});
after(() => worker?.stop());
beforeEach(async () => {
  await entry.bucket({});
  await copy.clear();
});

const escrow = (keys) =>
  runScript("keys", ["escrow", "--recipient", recipient, "--url", String(worker.url)], {
    env: { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS: keys },
  });
const post = async (setting, to = worker) =>
  to.send("POST", "/admin/keys/escrow", {
    bearer: ADMIN_TOKEN,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ keys: await escrowed({ setting, recipients: [recipient] }) }),
  });
const wholeIndex = async () => JSON.parse(await (await copy.bucket.get("keys/index")).text());
const index = async () => (await wholeIndex()).keys;
const warnings = async () => {
  const { status, body } = await worker.send("GET", "/readyz", { bearer: ADMIN_TOKEN });
  assert.equal(status, 200);
  return (body.warnings ?? []).join(" ");
};

describe("the escrow of the sealing keys", () => {
  it("is refused if a key of the Worker is not in it: recover would give a setting without that key", async () => {
    assert.equal((await escrow(`${K2},${K1}`)).code, 0);
    for (const setting of [K2, K1]) {
      const { code, stderr } = await escrow(setting);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /409 conflict: .*Give all of the SHARE_ENCRYPTION_KEYS that are in use/);
    }
    assert.deepEqual(await index(), ["k2", "k1"]);
    // Whichever is first, the other way round too: a key is put in escrow before it seals.
    // A blank behind the comma is the Worker's to take, and is no part of the id.
    assert.equal((await escrow(`${K1}, ${K2}`)).code, 0);
    assert.deepEqual(await index(), ["k1", "k2"]);
  });

  it("is refused with a key twice, by the command and by the Worker", async () => {
    const { code, stderr } = await escrow(`${K2},${K1},${K2}`);
    assert.equal(code, 1);
    assert.match(stderr, /entry 3 has the id of another entry, "k2"/);
    const [k2] = await escrowed({ setting: K2, recipients: [recipient] });
    const [k1] = await escrowed({ setting: K1, recipients: [recipient] });
    const answer = await worker.send("POST", "/admin/keys/escrow", {
      bearer: ADMIN_TOKEN,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ keys: [k2, k1, k2] }),
    });
    assertProblem(answer, 409, "conflict");
    assert.deepEqual(await copy.names("keys/"), []);
  });

  it("of the right key stays where the Worker has a wrong one under its id: whoever lost the key needs it now", async () => {
    assert.equal((await post(`${K2},${K1}`)).status, 200);
    assert.equal(await warnings(), "");
    const files = async () =>
      Promise.all(["index", "k2.age", "k1.age"].map(async (name) => (await copy.bucket.get(`keys/${name}`)).text()));
    const kept = () => worker.sql("SELECT name, value FROM meta WHERE name LIKE 'escrow/%' ORDER BY name");
    const before = [await files(), await kept()];
    const wrong = worker.sibling("wrong");
    const refused = await post(`${WRONG_K2},${K1}`, wrong);
    assertProblem(refused, 503, "misconfigured");
    assert.match(refused.body.detail, /"k2" .*is not the one that this database knows.*Put the former key back/);
    // The database is lost as well: another one stands in its place, and knows no key.
    await worker.sql("DELETE FROM key_canaries");
    const another = await post(`${WRONG_K2},${K1}`, wrong);
    assertProblem(another, 409, "conflict");
    assert.match(another.body.detail, /has another key in escrow under the id "k2"/);
    assert.deepEqual([await files(), await kept()], before);
    assert.equal((await post(`${K2},${K1}`)).status, 200, "the right ones are kept again");
    assert.equal((await post(K3, worker.sibling("fresh"))).status, 200, "and one of an id of its own");
  });

  it("of a fresh key, after everything was lost, hides no key that it was of before: recover gives them behind it", async () => {
    assert.equal((await post(`${K2},${K1}`)).status, 200);
    await worker.sql("DELETE FROM key_canaries");
    const fresh = worker.sibling("fresh");
    for (let times = 1; times <= 2; times++) {
      assert.equal((await post(K3, fresh)).status, 200);
      const { keys, earlier } = await wholeIndex();
      assert.deepEqual({ keys, earlier }, { keys: ["k3"], earlier: ["k2", "k1"] });
    }
  });

  it("is refused without a key that current shares need", async () => {
    const who = user("ada");
    const { custodian, register } = backups(worker);
    await register(who);
    await custodian(who, "GDRIVE-SECP256K1", "a share");
    const refused = await post(K3, worker.sibling("fresh"));
    assertProblem(refused, 503, "misconfigured");
    assert.match(refused.body.detail, /sealed with the key "k2", which SHARE_ENCRYPTION_KEYS does not have/);
    assert.deepEqual(await copy.names("keys/"), []);
  });

  it("is not noted as kept before it is in the bucket, wherever the bucket fails", async () => {
    for (const unwritable of ["keys/k2.age", "keys/k1.age", "keys/index"]) {
      await copy.clear();
      await entry.bucket({ unwritable });
      assertProblem(await post(`${K2},${K1}`), 503, "unavailable");
      assert.match(await warnings(), /The key "k2" has no escrow/, unwritable);
      await entry.bucket({});
      assert.equal((await post(`${K2},${K1}`)).status, 200);
      assert.doesNotMatch(await warnings(), /escrow/);
    }
  });

  it("that is nowhere is told to operators once for each key, not once more of the bucket", async () => {
    const { body } = await worker.send("GET", "/readyz", { bearer: ADMIN_TOKEN });
    const told = body.warnings.map((warning) => /^The key "(k\d)" has no escrow/.exec(warning)?.[1]);
    assert.deepEqual(told.sort(), ["k1", "k2"]);
  });

  it("that is of another key is told to operators, also of a key that seals nothing here", async () => {
    assert.equal((await post(`${K2},${K1}`)).status, 200);
    await worker.sql("UPDATE meta SET value = json_set(value, '$.check', 'x') WHERE name = 'escrow/k1'");
    assert.match(
      await warnings(),
      /^What is in escrow for the key "k1" is another key\. Run npm run keys -- escrow\.$/,
    );
  });

  it("is recovered from the database alone, by what docs/second-copy.md says", async () => {
    assert.equal((await post(`${K2},${K1}`)).status, 200);
    const file = (name, text) => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    };
    const files = [];
    for (const id of ["k2", "k1"]) {
      const [{ age }] = await worker.sql(`SELECT value ->> 'age' AS age FROM meta WHERE name = 'escrow/${id}'`);
      files.push(file(`keys-${id}.age`, `${age}\n`));
    }
    const args = ["recover", "--identity", file("identity.txt", `${identity}\n`), ...files];
    const { code, stdout, stderr } = await runScript("keys", args);
    assert.deepEqual([code, stdout], [0, `${K2},${K1}\n`], stderr);
  });

  it("that a bucket lacks is told to operators, also if the database has it", async () => {
    assert.equal((await post(`${K2},${K1}`)).status, 200);
    assert.equal(await warnings(), "");
    await copy.bucket.delete(await copy.names("keys/")); // as in a bucket that was bound later
    assert.match(await warnings(), /bucket of the second copy lacks the escrow of a key\. Run npm run keys -- escrow/);
    assert.equal((await post(`${K2},${K1}`)).status, 200);
    assert.equal(await warnings(), "");
  });
});
