// The escrow of the sealing keys beside the second copy: it is whole, or it is said not to be.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";

import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { escrowed } from "../../scripts/lib/copy/escrow.mjs";
import { runScript } from "../support/cli.mjs";
import { assertProblem } from "../support/client.mjs";
import { copies, faultyBucketEntry, withCopy } from "../support/copy.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

const { ADMIN_TOKEN } = SECRETS;
const [K1, K2] = [1, 2].map((n) => `k${n}:${Buffer.alloc(32, n).toString("base64")}`);
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
const post = async (setting) =>
  worker.send("POST", "/admin/keys/escrow", {
    bearer: ADMIN_TOKEN,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ keys: await escrowed({ setting, recipients: [recipient] }) }),
  });
const index = async () => JSON.parse(await (await copy.bucket.get("keys/index")).text()).keys;
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

  it("that is nowhere is told to operators once, not once more of the bucket", async () => {
    assert.equal((await worker.send("GET", "/readyz", { bearer: ADMIN_TOKEN })).body.warnings.length, 1);
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
