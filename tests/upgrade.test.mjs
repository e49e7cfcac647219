// Migrations only add: a database that an earlier version made and filled upgrades in place, and loses nothing.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { backups } from "./support/backup.mjs";
import { assertProblem } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";
import { GOLDEN, seal } from "./support/sealing.mjs";
import { inRoot } from "../scripts/lib/paths.mjs";
import { createHash } from "node:crypto";

const S = "GDRIVE-SECP256K1";
const TIME = "2026-01-02T03:04:05.678Z";
const ada = { id: "user-golden", clientId: GOLDEN.place.owner, clientApiKey: "key of the golden user" };
const hash = createHash("sha256").update(ada.clientApiKey).digest("hex");
const migrations = readdirSync(inRoot("migrations")).sort();

const folder = mkdtempSync(join(tmpdir(), "portal-backup-migrations-"));
const arrive = (names) => {
  for (const name of names) copyFileSync(inRoot("migrations", name), join(folder, name));
};
arrive(migrations.slice(0, 1));
const worker = await startWorker({
  homes: 1,
  secrets: { SHARE_ENCRYPTION_KEYS: `${GOLDEN.keyId}:${GOLDEN.key}` },
  config: (config) => ({
    ...config,
    d1_databases: config.d1_databases.map((d1) => ({ ...d1, migrations_dir: folder })),
  }),
});
const wallet = backups(worker);

/** What the first version did, word by word: its statements must stay valid on every later schema. */
const OLD_STATEMENTS = {
  register: "INSERT INTO users (id, client_id, client_api_key_hash, created_at) VALUES (?, ?, ?, ?)",
  custodian: `INSERT INTO custodian_backup_shares (id, user_id, backup_method, backup_share_pair_id, key_id, created_at, updated_at, sealed_share)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, backup_method) DO UPDATE SET id = excluded.id, backup_share_pair_id = excluded.backup_share_pair_id,
    key_id = excluded.key_id, updated_at = excluded.updated_at, sealed_share = excluded.sealed_share`,
  user: `INSERT INTO user_backup_shares (id, user_id, backup_method, backup_share_pair_id, key_id, created_at, updated_at, sealed_share)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, backup_method) DO UPDATE SET id = excluded.id, backup_share_pair_id = excluded.backup_share_pair_id,
    key_id = excluded.key_id, updated_at = excluded.updated_at, sealed_share = excluded.sealed_share`,
  canary: "INSERT INTO key_canaries (key_id, sealed_canary, created_at) VALUES (?, ?, ?)",
};
const sealedFor = (kind, owner, backupMethod, text) => seal(GOLDEN.key, { kind, owner, backupMethod }, text);
const tables = async () => {
  const all = {};
  for (const table of ["users", "custodian_backup_shares", "user_backup_shares", "key_canaries"])
    all[table] = await worker.sql(`SELECT * FROM ${table} ORDER BY 1`);
  return all;
};

after(async () => {
  await worker.stop();
  rmSync(folder, { recursive: true });
});

let old;
before(async () => {
  await worker.sql(OLD_STATEMENTS.register, ada.id, ada.clientId, hash, TIME);
  await worker.sql(OLD_STATEMENTS.custodian, "c1", ada.id, S, "p1", "k1", TIME, TIME, GOLDEN.envelope);
  await worker.sql(
    OLD_STATEMENTS.custodian,
    "c2",
    ada.id,
    "GDRIVE-ED25519",
    null,
    "k1",
    TIME,
    TIME,
    await sealedFor("custodian", ada.clientId, "GDRIVE-ED25519", "e1"),
  );
  await worker.sql(
    OLD_STATEMENTS.user,
    "u1",
    ada.id,
    "GDRIVE",
    "p1",
    "k1",
    TIME,
    TIME,
    await sealedFor("user", ada.id, "GDRIVE", "cipher text 1"),
  );
  await worker.sql(
    OLD_STATEMENTS.canary,
    "k1",
    await sealedFor("canary", "k1", "", "portal-backup-worker canary"),
    TIME,
  );
  old = await tables();
});

test("before the upgrade, the service says what is missing, and answers nothing with 2xx", async () => {
  const answer = await worker.send("GET", "/readyz");
  assertProblem(answer, 503, "misconfigured");
  assert.match(answer.body.detail, /migrations/);
  assertProblem(await wallet.storeCustodian(ada, S, "s2"), 503, "unavailable");
  assert.deepEqual(await tables(), old);
});

test("every later migration applies to a database with rows in it, and changes none of them", async () => {
  for (const name of migrations.slice(1)) {
    // A version that the clock went back over, as an earlier schema kept it.
    if (name.startsWith("0007")) {
      await worker.sql(
        `INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
         SELECT 'ahead', user_id, 'a client before', 'user', backup_method, key_id, created_at, '2026-02-01T00:00:00.000Z', created_at, 'replaced', sealed_share FROM user_backup_shares`,
      );
    }
    arrive([name]);
    await worker.migrate();
    for (const [table, rows] of Object.entries(await tables())) {
      const known = rows.map((row, index) =>
        Object.fromEntries(Object.keys(old[table][index]).map((column) => [column, row[column]])),
      );
      assert.deepEqual(known, old[table], `${name}: ${table}`);
    }
  }
  assert.equal((await worker.send("GET", "/readyz")).status, 200);
  const [ahead] = await worker.sql("SELECT stored_at, superseded_at FROM backup_share_versions WHERE id = 'ahead'");
  assert.equal(ahead.superseded_at, ahead.stored_at, "never superseded before it was stored");
  await worker.sql("DELETE FROM backup_share_versions WHERE id = 'ahead'");
});

test("all that was stored is there: shares, cipher texts, the app's key, the state", async () => {
  assert.deepEqual(new Set(await wallet.fetched(ada)), new Set([GOLDEN.share, "e1"]));
  assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "cipher text 1");
  assert.equal(await wallet.recovered(ada, { backupSharePairId: "p1" }), "cipher text 1");
  assert.equal((await wallet.admin("GET", `/users/${ada.id}`)).body.createdAt, TIME);
  assert.equal((await wallet.admin("GET", "/admin/status")).body.shares, 3);
  worker.clearLogs();
  await worker.scheduled();
  assert.deepEqual(
    worker.logLines().filter(({ level }) => level === "error"),
    [],
  );
});

test("the statements of the first version still work, and what they replace is kept: it may run while the upgrade is deployed", async () => {
  const time = "2026-01-03T00:00:00.000Z";
  await worker.sql(
    OLD_STATEMENTS.custodian,
    "c3",
    ada.id,
    S,
    "p2",
    "k1",
    time,
    time,
    await sealedFor("custodian", ada.clientId, S, "s2"),
  );
  assert.deepEqual(new Set(await wallet.fetched(ada)), new Set([GOLDEN.share, "e1", "s2"]));
  await worker.sql(
    OLD_STATEMENTS.user,
    "u2",
    ada.id,
    "GDRIVE",
    "p2",
    "k1",
    time,
    time,
    await sealedFor("user", ada.id, "GDRIVE", "cipher text 2"),
  );
  assert.equal(await wallet.recovered(ada, { backupSharePairId: "p1" }), "cipher text 1");
  await worker.sql(OLD_STATEMENTS.register, "user-new", "client-new", null, time);
});

test("the shares of old are replaced, kept and restored as any other", async () => {
  await wallet.custodian(ada, "GDRIVE-ED25519", "e2");
  assert.deepEqual(new Set(await wallet.fetched(ada)), new Set(["e1", "e2", "s2"]));
  await wallet.deleteUser(ada);
  await wallet.restoreUser(ada);
  await wallet.restoreVersion(ada, "u1");
  assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "cipher text 1");
  assert.ok((await wallet.fetched(ada)).includes(GOLDEN.share));
});
