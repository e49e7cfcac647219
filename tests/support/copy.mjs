// A Worker with a second copy, and what the tests do with it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { backups } from "./backup.mjs";
import { inOrder, replay, rowsOf } from "./journal.mjs";
import { runScript } from "./cli.mjs";
import { SECRETS, startWorker } from "./harness.mjs";

export const faultyBucketEntry = inRoot("tests", "support", "faulty-bucket-entry.mjs");

/** The configuration of a Worker with a bucket as COPY, and with a second database as REBUILD. */
export const withCopy = (config) => ({
  ...config,
  r2_buckets: [{ binding: "COPY", bucket_name: "portal-backup-copy" }],
  d1_databases: [
    ...config.d1_databases,
    {
      binding: "REBUILD",
      database_name: "portal-backup-rebuilt",
      database_id: "00000000-0000-0000-0000-000000000001",
      migrations_dir: inRoot("migrations"),
    },
  ],
});

/**
 * A Worker with a second copy for the tests of a file; each begins with an empty one. `keep` is given what they use: the `worker`, its `entry`,
 * `of` (backups) and `copy` (see `copies`).
 */
export function withCopiedWorker(options, keep) {
  let worker, entry, copy;
  before(async () => {
    worker = await startWorker({ main: faultyBucketEntry, config: withCopy, ...options });
    entry = await worker.entry();
    copy = await copies(worker);
    keep({ worker, entry, of: backups(worker), copy });
  });
  after(() => worker?.stop());
  beforeEach(async () => {
    if (options.main === undefined) await entry.bucket({});
    await copy.clear();
  });
}

export async function copies(worker) {
  const { COPY, REBUILD } = await worker.bindings();
  await worker.migrate("REBUILD");

  /** All names in the bucket with a prefix. */
  async function names(prefix = "c1/") {
    const all = [];
    for (let cursor; ; ) {
      const page = await COPY.list({ prefix, cursor });
      all.push(...page.objects.map(({ key }) => key));
      if (!page.truncated) return all;
      cursor = page.cursor;
    }
  }

  /** All objects of the copy: `[name, text]`. */
  const objects = async () =>
    Promise.all((await names()).map(async (name) => [name, await (await COPY.get(name)).text()]));

  const rowsIn = async (db) => inOrder(await rowsOf(async (sql) => (await db.prepare(sql).all()).results));

  /** Empties the scratch database. */
  async function emptyRebuilt() {
    const tables = [
      "custodian_backup_shares",
      "user_backup_shares",
      "users",
      "backup_share_versions",
      "deleted_users",
      "changes",
    ];
    await REBUILD.batch(tables.map((table) => REBUILD.prepare(`DELETE FROM ${table}`)));
    await REBUILD.prepare("DELETE FROM meta WHERE name <> 'schema_version'").run();
  }

  const dir = mkdtempSync(join(tmpdir(), "portal-backup-copy-"));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  const file = (name) => join(dir, name);
  let rebuilds = 0;
  const script = (name, args) => {
    const own = name === "rebuild" ? ["--resume", file(`rebuild-${++rebuilds}.json`)] : [];
    return runScript(name, [...args, ...own, "--url", worker.url.href ?? String(worker.url)], {
      env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS: SECRETS.SHARE_ENCRYPTION_KEYS },
    });
  };
  const pending = async () => (await worker.sql("SELECT count(*) AS n FROM changes"))[0].n;
  /** Waits until a condition holds, for what happens after an answer. */
  async function until(what, condition) {
    const end = Date.now() + 20_000;
    while (!(await condition())) {
      assert.ok(Date.now() < end, `in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  return {
    bucket: COPY,
    rebuilt: REBUILD,
    names,
    objects,
    script,
    /** The path of a file that is removed in the end. */
    file,
    /** `npm run rebuild` with these arguments, and how it ends. */
    rebuild: (...args) => script("rebuild", args),
    /** The lines of the log with this message. */
    logged: (message) => worker.logLines().filter((line) => line.message === message),
    /** The rows that a database holds. */
    held: (db = worker.db) => rowsIn(db),
    /** The rows that the objects make. */
    async replayed() {
      return inOrder(replay(await objects()));
    },
    pending,
    /** Waits until every note has become an object. */
    settled: () => until("no note is left", async () => (await pending()) === 0),
    /** Makes objects older than Time Travel reaches: all, or those of these names. */
    async age(these) {
      for (const name of these ?? (await names())) {
        const object = await COPY.get(name);
        const customMetadata = { ...object.customMetadata, at: "2020-01-01T00:00:00.000Z" };
        await COPY.put(name, await object.text(), { customMetadata });
      }
    },
    /** The minute's cron trigger. */
    drain: () => worker.scheduled({ cron: "* * * * *" }),
    status: async () => (await worker.send("GET", "/admin/status", { bearer: SECRETS.ADMIN_TOKEN })).body.copy,
    until,
    emptyRebuilt,
    /** Empties bucket, scratch database and what the database knows of its copy: the copy begins anew. */
    async clear() {
      const all = await names("");
      for (let at = 0; at < all.length; at += 1000) await COPY.delete(all.slice(at, at + 1000));
      await emptyRebuilt();
      await worker.clear();
      await worker.sql("DELETE FROM meta WHERE name LIKE 'cop%'");
      await worker.sql("DELETE FROM meta WHERE name LIKE 'escrow/%'");
      await worker.sql("DELETE FROM changes");
      await worker.sql("DELETE FROM sqlite_sequence WHERE name = 'changes'");
      await worker.sql(
        "INSERT INTO meta (name, value) VALUES ('copying', 'done'), ('copy_epoch', '0') ON CONFLICT DO NOTHING",
      );
      worker.clearLogs();
    },
  };
}
