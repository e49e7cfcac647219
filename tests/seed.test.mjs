// npm run seed writes past the Worker: what it writes must be what the Worker itself would have stored.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";

import { persistDir } from "../scripts/lib/d1.mjs";
import { readDevVars } from "../scripts/lib/dev-vars.mjs";
import { configOf } from "../scripts/lib/local-homes.mjs";
import { migrationsDir } from "../scripts/lib/paths.mjs";
import { seedDemo } from "../scripts/lib/demo.mjs";
import { localDatabases, seed, seededUser } from "../scripts/lib/seed.mjs";
import { serveDev } from "../scripts/lib/serve.mjs";
import { backups } from "./support/backup.mjs";
import { runScript } from "./support/cli.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { freePort } from "./support/kill.mjs";

describe("seeded users", () => {
  const dir = mkdtempSync(join(tmpdir(), "portal-backup-seed-"));
  let worker;
  let of;
  before(async () => {
    const file = join(dir, "d1.sqlite");
    const made = new DatabaseSync(file);
    for (const name of readdirSync(migrationsDir)
      .filter((name) => name.endsWith(".sql"))
      .sort()) {
      made.exec(readFileSync(join(migrationsDir, name), "utf8"));
    }
    made.close();
    await seed(file, { users: 3, shareBytes: 100, keys: SECRETS.SHARE_ENCRYPTION_KEYS });
    await seed(file, { users: 5, shareBytes: 100, keys: SECRETS.SHARE_ENCRYPTION_KEYS });

    worker = await startWorker();
    of = backups(worker);
    const seeded = new DatabaseSync(file);
    for (const table of ["users", "custodian_backup_shares", "user_backup_shares"]) {
      for (const { method: _, ...row } of seeded.prepare(`SELECT * FROM ${table}`).all()) {
        const columns = Object.keys(row);
        await worker.sql(`INSERT INTO ${table} (${columns}) VALUES (${columns.map(() => "?")})`, ...Object.values(row));
      }
    }
    seeded.close();
  });
  after(async () => {
    await worker?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("are there once, however often they are seeded", async () => {
    assert.equal((await worker.sql("SELECT count(*) AS n FROM users"))[0].n, 5);
  });

  it("have shares that open, and a complete backup", async () => {
    const who = seededUser(4);
    const share = "0123456789".repeat(10);
    assert.equal(await of.recovered({ ...who, clientApiKey: who.apiKey }, { backupMethod: "GDRIVE" }), share);
    assert.deepEqual(await of.fetched(who), [share, share]);
    assert.equal(await of.state(who, "GDRIVE"), "complete");
  });

  it("have the digests that tell the same share again", async () => {
    const who = seededUser(3);
    await of.custodian(who, "GDRIVE-ED25519", "0123456789".repeat(10));
    assert.deepEqual(await of.history(who), []);
  });
});

describe("npm run seed", () => {
  it("takes its options with a space as well as with an equals sign", { timeout: 120_000 }, async () => {
    const dir = mkdtempSync(join(tmpdir(), "portal-backup-seed-"));
    try {
      for (const [users, args, env] of [
        [3, ["--users", "3", "--persist-to", dir]],
        [4, ["--users=4", `--persist-to=${dir}`]],
        [5, ["--users=5"], { PERSIST_TO: dir, PORT: "8801" }],
      ]) {
        const { code, stderr } = await runScript("seed", args, { env });
        assert.equal(code, 0, stderr);
        assert.match(stderr, new RegExp(`'http://127.0.0.1:${env?.PORT ?? 8787}/users/`));
        const seeded = new DatabaseSync(localDatabases(persistDir(dir))[0]);
        assert.equal(seeded.prepare("SELECT count(*) AS n FROM users").get().n, users);
        seeded.close();
      }
      assert.equal((await runScript("seed", ["--users", "many"])).code, 2);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe("npm run seed -- --homes 3", () => {
  it("spreads the users over three databases, in which a Worker with that directory finds each", {
    timeout: 600_000,
  }, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), "portal-backup-seed-"));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    for (const users of [20, 40]) {
      const { code, stderr } = await runScript("seed", ["--homes", "3", "--users", String(users), "--persist-to", dir]);
      assert.equal(code, 0, stderr);
    }
    const server = await serveDev({
      port: await freePort(),
      persistTo: dir,
      config: configOf(3),
      output: "ignore",
    });
    t.after(() => server.stop());
    assert.ok(await server.ready);
    const get = async (path, bearer) =>
      (await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${bearer}` } })).json();
    const { homes } = await get("/admin/status", readDevVars().ADMIN_TOKEN);
    assert.deepEqual(
      homes.map(({ home, state }) => [home, state]),
      [0, 1, 2].map((home) => [home, "open"]),
    );
    assert.ok(
      homes.every(({ users }) => users > 3),
      JSON.stringify(homes),
    );
    assert.equal(
      homes.reduce((sum, { users }) => sum + users, 0),
      40,
    );
    for (let n = 0; n < 40; n++) {
      const { id, apiKey } = seededUser(n);
      const { cipherText } = await get(`/users/${id}/user-backup-share?backupMethod=GDRIVE`, apiKey);
      assert.equal(cipherText, "0123456789".repeat(20), id);
    }
    const refused = await runScript("seed", ["--homes", "2", "--users", "1", "--persist-to", dir]);
    assert.equal(refused.code, 1, "a folder of three homes is none of two");
    assert.match(refused.stderr, /are not a directory and 2 homes/);
  });

  it("is refused with --demo, and where it is no number", async () => {
    for (const args of [
      ["--homes", "3", "--demo"],
      ["--homes", "many"],
      ["--homes", "0"],
    ])
      assert.notEqual((await runScript("seed", args)).code, 0, args.join(" "));
  });
});

describe("the console's made-up users", () => {
  it("are a dozen, in every state, on the schema of now, and come again in the place of those before", async () => {
    const dir = mkdtempSync(join(tmpdir(), "portal-backup-demo-"));
    const file = join(dir, "d1.sqlite");
    const db = new DatabaseSync(file);
    try {
      for (const name of readdirSync(migrationsDir)
        .filter((name) => name.endsWith(".sql"))
        .sort())
        db.exec(readFileSync(join(migrationsDir, name), "utf8"));
      const count = (table) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get().n;
      let first;
      for (let run = 0; run < 2; run++) {
        const ids = await seedDemo(file, SECRETS.SHARE_ENCRYPTION_KEYS);
        assert.equal(ids.length, 12);
        const counts = ["users", "backup_share_versions", "deleted_users", "eject_windows", "approvals"].map(count);
        first ??= counts;
        assert.deepEqual(counts, first);
      }
      assert.ok(first.every((n) => n > 0));
      assert.ok(db.prepare("SELECT count(DISTINCT day) AS n FROM daily_events WHERE day <> ''").get().n >= 90);
    } finally {
      db.close();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
