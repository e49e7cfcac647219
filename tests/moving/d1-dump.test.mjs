// What docs/operations.md tells operators to do with `wrangler d1 export`: the dump, loaded with SQLite, is the database again.
//
// The tool changes a text that has a line feed and also a backslash before an n, and large integers. So no text that a caller
// chooses may have a line feed, and nothing that counts is kept as a large integer: this is tried here as well.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { migrateLocal } from "../../scripts/lib/d1.mjs";
import { inRoot, wranglerCli } from "../../scripts/lib/paths.mjs";
import { mustRun } from "../../scripts/lib/run.mjs";
import { localDatabases, seed } from "../../scripts/lib/seed.mjs";
import { nodeBin, nodeEnv } from "../../scripts/lib/toolchain.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

const dir = mkdtempSync(join(tmpdir(), "pbw-dump-"));
let worker;
before(async () => (worker = await startWorker()));
after(async () => {
  await worker?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const AT = "2026-01-01T00:00:00.000Z";
/** Every character that an id or a method may have and a dump could stumble over. */
const ODD = `\\n\\r\\0\\u000a ' "" \`;-- é 👛 %0A $& {"a":1} || x`;

const rowsOf = (db) =>
  Object.fromEntries(
    db
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*' AND name <> 'd1_migrations'",
      )
      .all()
      .map(({ name }) => [
        name,
        db
          .prepare(`SELECT * FROM "${name}"`)
          .all()
          .map((row) => JSON.stringify(row))
          .sort(),
      ]),
  );

test("a dump of wrangler's, loaded with SQLite as docs/operations.md says, holds every row byte for byte", async () => {
  const persistTo = join(dir, ".wrangler", "state"); // export takes no --persist-to
  await migrateLocal({ persistTo });
  const [file] = localDatabases(persistTo);
  await seed(file, { users: 20, shareBytes: 5_000, keys: SECRETS.SHARE_ENCRYPTION_KEYS });
  const db = new DatabaseSync(file);
  const sealed = Buffer.alloc(300_000, 7).toString("base64"); // longer than a statement of D1's may be
  db.prepare("INSERT INTO users (id, client_id, client_api_key_hash, created_at) VALUES (?, ?, NULL, ?)").run(
    `u${ODD}`,
    `c${ODD}`,
    AT,
  );
  const insert = db.prepare(
    "INSERT INTO custodian_backup_shares (id, user_id, backup_method, backup_share_pair_id, key_id, created_at, updated_at, sealed_share) VALUES (?, ?, ?, ?, 'k1', ?, ?, ?)",
  );
  insert.run("v1", `u${ODD}`, `m${ODD}`, `p${ODD}`, AT, AT, sealed);
  db.prepare("UPDATE custodian_backup_shares SET id = 'v2', sealed_share = ? WHERE id = 'v1'").run(`AAAA${sealed}`);
  db.exec("DELETE FROM users WHERE id = 'user-0000003'");
  const expected = rowsOf(db);
  assert.ok(expected.backup_share_versions.length >= 4 && expected.deleted_users.length === 1);
  db.close();

  const dump = join(dir, "before.sql");
  copyFileSync(inRoot("wrangler.toml"), join(dir, "wrangler.toml"));
  const args = ["d1", "export", "DB", "--local", "--cwd", dir, "--output", dump];
  await mustRun(await nodeBin(), ["--no-warnings", wranglerCli, ...args], {
    env: nodeEnv(),
    failure: "wrangler d1 export",
  });
  // As SQLite's shell: it checks no foreign keys, so a table may come before the one that it refers to.
  const loaded = new DatabaseSync(join(dir, "loaded.sqlite"), { enableForeignKeyConstraints: false });
  loaded.exec(readFileSync(dump, "utf8"));
  assert.deepEqual(rowsOf(loaded), expected);
  assert.deepEqual(loaded.prepare("PRAGMA foreign_key_check").all(), []);
  loaded.close();
});

test("no text of a caller's with a line feed is accepted, and no share is kept as it came", async () => {
  const send = (record) =>
    worker.send("POST", "/admin/import", {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "content-type": "application/x-ndjson" },
      body: JSON.stringify(record),
    });
  const outcome = async (record) => (await send(record)).body.results[0].outcome;
  const share = { type: "custodianBackupShare", id: "v", userId: "u", backupMethod: "m", share: "a\nb\\n" };
  assert.equal(await outcome({ type: "user", id: "u", clientId: "c" }), "new");
  for (const bad of ["\n", "\r", "\u2028", "\u0000"]) {
    for (const field of ["id", "clientId"])
      assert.equal(await outcome({ type: "user", id: "u2", clientId: "c2", [field]: `a${bad}b` }), "refused");
    for (const field of ["id", "userId", "backupMethod"])
      assert.equal(await outcome({ ...share, [field]: `a${bad}b` }), "refused");
    assert.equal(
      await outcome({
        ...share,
        backupMethod: `M${bad.codePointAt(0)}`,
        id: `v${bad.codePointAt(0)}`,
        backupSharePairId: `a${bad}b`,
      }),
      "new",
    );
  }
  assert.deepEqual(
    (await worker.sql("SELECT DISTINCT backup_share_pair_id AS pair FROM custodian_backup_shares")).map(
      ({ pair }) => pair,
    ),
    [null],
  );
  for (const table of ["users", "custodian_backup_shares", "backup_share_versions", "audit_events"])
    assert.doesNotMatch(JSON.stringify(await worker.sql(`SELECT * FROM ${table}`)), /\\n|\\r|\\u/);
});
