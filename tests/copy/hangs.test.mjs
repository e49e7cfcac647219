// A bucket, or a queue, that takes calls and never answers: nobody waits for it longer than for one that fails.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { backups } from "../support/backup.mjs";
import { user } from "../support/client.mjs";
import { copies, faultyBucketEntry, withCopy } from "../support/copy.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

let worker;
let entry;
let of;
let copy;
let held = 0;
const one = user("one");

/** Who waits for the bucket without an end hangs this file. */
const hang = (plan) => entry.bucket({ ...plan, until: `test ${held}` });

before(async () => {
  worker = await startWorker({ main: faultyBucketEntry, config: withCopy, vars: { COPY_WAIT_MS: "400" } });
  entry = await worker.entry();
  of = backups(worker);
  copy = await copies(worker);
});
after(() => worker?.stop());
beforeEach(() => copy.clear());
afterEach(async () => {
  await entry.release(`test ${held++}`);
  await entry.bucket({});
});

describe("a bucket that never answers", { timeout: 120_000 }, () => {
  it("keeps no store from its answer, and not the very first one of a database either", async () => {
    await hang({ gets: "held" });
    await of.register(one);
    await of.custodian(one, "GDRIVE-SECP256K1", "custodian share");
    await of.cipherText(one, "GDRIVE", "cipher text");
    await entry.release(`test ${held}`);
    await entry.bucket({});
    await copy.drain();
    await copy.until("no note is left", async () => (await copy.pending()) === 0);
    assert.deepEqual(await copy.replayed(), await copy.held());
  });

  for (const plan of [{ puts: "held" }, { gets: "held" }]) {
    it(`keeps nothing else of the schedule from running, and is an alarm: ${Object.keys(plan)}`, async () => {
      await of.register(one);
      await copy.until("no note is left", async () => (await copy.pending()) === 0);
      await hang(plan);
      await of.custodian(one, "GDRIVE-SECP256K1", "custodian share");
      await worker.sql("UPDATE changes SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-400 seconds')");
      await worker.sql("DELETE FROM meta WHERE name = 'scrub'");
      await worker.scheduled();
      assert.ok((await worker.sql("SELECT * FROM meta WHERE name = 'scrub'")).length > 0, "shares were examined");
      const alarms = worker.logLines().filter(({ level }) => level === "error");
      assert.ok(
        alarms.some(({ message, step }) => message === "the copy is behind" || step === "copy"),
        JSON.stringify(alarms),
      );
    });
  }

  it("keeps no operator from GET /readyz", async () => {
    const ready = () => worker.send("GET", "/readyz", { bearer: SECRETS.ADMIN_TOKEN });
    assert.equal((await ready()).status, 200, "every database has the key's canary");
    await worker.sql(
      `INSERT INTO meta (name, value)
       SELECT 'escrow/' || key_id, json_object('check', key_check, 'age', '') FROM key_canaries`,
    );
    await hang({ gets: "held" });
    const { status, body } = await ready();
    assert.equal(status, 200);
    assert.ok((await entry.gets()).includes("keys/index"), JSON.stringify(body));
  });
});

describe("a queue that never answers", { timeout: 120_000 }, () => {
  it("keeps no home from being served", async () => {
    const name = "portal-backup-homes";
    const queued = await startWorker({
      homes: 3,
      main: faultyBucketEntry,
      config: (config) => ({
        ...withCopy(config),
        queues: {
          producers: [{ binding: "HOMES_QUEUE", queue: name }],
          consumers: [{ queue: name, max_batch_size: 1, max_batch_timeout: 0, max_retries: 0 }],
        },
      }),
    });
    try {
      await (await queued.entry()).bucket({ queue: "held", until: "never" });
      await queued.scheduled();
      const { results } = await queued.directory.prepare("SELECT home FROM homes WHERE seen_at IS NOT NULL").all();
      assert.equal(results.length, 3);
    } finally {
      await (await queued.entry()).release("never");
      await queued.stop();
    }
  });
});
