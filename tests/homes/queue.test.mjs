// Many homes with a queue: the cron trigger says whose turn it is, and each home has an invocation of its own.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { callers, user } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

const EVERY_MINUTE = "* * * * *";
const NAME = "portal-backup-homes";
const CONSUMER = { queue: NAME, max_batch_size: 1, max_batch_timeout: 0, max_retries: 0 };

const withQueue =
  (consumers = [CONSUMER]) =>
  (config) => ({
    ...config,
    queues: { producers: [{ binding: "HOMES_QUEUE", queue: NAME }], consumers },
    r2_buckets: [{ binding: "COPY", bucket_name: "portal-backup-copy" }],
  });

/** Waits until a condition holds: a queue delivers when it likes. */
async function until(what, condition) {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A user in each home, with a share. */
async function fill(worker) {
  const { admin, portal } = callers(worker);
  for (const home of worker.homes.keys()) {
    const who = user(`in${home}`);
    assert.equal((await admin("POST", "/users", { ...who, home })).status, 201);
    const share = { clientId: who.clientId, backupMethod: "GDRIVE-SECP256K1", share: `share of ${home}` };
    assert.equal((await portal("/webhook/backup", share)).status, 204);
  }
}

/** Something that waits to be copied, in every home. */
const change = async (worker) => {
  for (const db of worker.homes) await db.prepare("UPDATE custodian_backup_shares SET updated_at = updated_at").run();
};

const each = (worker, sql) => Promise.all(worker.homes.map(async (db) => (await db.prepare(sql).first()).n));
const pending = (worker) => each(worker, "SELECT count(*) AS n FROM changes");
/** The homes that copy. */
const copying = (worker) => each(worker, "SELECT count(*) AS n FROM meta WHERE name = 'copying' AND value = 'done'");
/** The homes that the background has served, all of the work. */
const served = async (worker) =>
  (await worker.directory.prepare("SELECT home FROM homes WHERE seen_at IS NOT NULL ORDER BY home").all()).results.map(
    ({ home }) => home,
  );

describe("with a queue", () => {
  let worker;
  before(async () => {
    worker = await startWorker({ homes: 3, config: withQueue() });
    await fill(worker);
  });
  after(() => worker?.stop());

  it("what waits to be copied is copied in every home by one run of the minute's trigger", async () => {
    await worker.scheduled({ cron: EVERY_MINUTE });
    await until("the first copies", async () => (await copying(worker)).every((n) => n === 1));
    await change(worker);
    assert.deepEqual(await pending(worker), [1, 1, 1]);
    await worker.scheduled({ cron: EVERY_MINUTE });
    await until("copies", async () => (await pending(worker)).every((n) => n === 0));
  });

  it("every home is served in its turn", async () => {
    while ((await served(worker)).length < 3) {
      const { length } = await served(worker);
      await worker.scheduled({ cron: EVERY_MINUTE });
      await until("one more", async () => (await served(worker)).length > length);
    }
  });

  it("a message that is none, of a home that is not bound, or too old does no harm", async () => {
    const { HOMES_QUEUE } = await worker.bindings();
    worker.clearLogs();
    await change(worker);
    for (const body of ["7", "9 all 1764331200000", `0 copy ${Date.now() - 600_000}`, `9 all ${Date.now()}`])
      await HOMES_QUEUE.send(body, { contentType: "text" });
    await until("the message of home 9", async () =>
      worker.logLines().some((line) => line.step === "homes" && /DB_9 is not bound/.test(line.cause)),
    );
    assert.deepEqual(await pending(worker), [1, 1, 1], "nobody's turn came");
    await HOMES_QUEUE.send(`1 copy ${Date.now()}`, { contentType: "text" });
    await until("home 1", async () => (await pending(worker))[1] === 0);
    assert.deepEqual(await pending(worker), [1, 0, 1], "the others were not asked");
  });
});

describe("the run of the minute's trigger", () => {
  it("serves no home itself where a queue takes its messages", async () => {
    const worker = await startWorker({ homes: 3, config: withQueue([]) });
    try {
      await fill(worker);
      for (let minute = 0; minute < 3; minute++) await worker.scheduled({ cron: EVERY_MINUTE });
      assert.deepEqual(await copying(worker), [0, 0, 0]);
      assert.deepEqual(await served(worker), []);
    } finally {
      await worker.stop();
    }
  });

  it("serves what it can where the queue takes none, and says so", async () => {
    // A text is no queue: to send a message fails.
    const worker = await startWorker({ homes: 3, vars: { HOMES_QUEUE: "no queue" } });
    try {
      await fill(worker);
      for (let minute = 0; minute < 3; minute++) await worker.scheduled({ cron: EVERY_MINUTE });
      assert.deepEqual(await served(worker), [0, 1, 2]);
      assert.ok(worker.logLines().some(({ level, step }) => level === "error" && step === "queue"));
    } finally {
      await worker.stop();
    }
  });
});
