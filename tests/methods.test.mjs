// Backup methods are compared without ASCII case, and given back as they came: React Native's SDK has the method `gdrive`
// where Portal's webhook says `GDRIVE-SECP256K1`.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { backups } from "./support/backup.mjs";
import { assertProblem, sorted, user } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { seal } from "./support/sealing.mjs";

const ada = user("ada");
const path = `/users/${ada.id}`;
/** Both orders: the app's spelling first, and the webhook's. */
const ORDERS = [
  ["gdrive", "GDRIVE"],
  ["GDRIVE", "gdrive"],
  ["gDrive", "GdRIVE"],
];

describe("one backup, whatever the case of its method", () => {
  let worker, wallet;
  before(async () => {
    worker = await startWorker({ vars: { CLIENT_AUTH: "client-api-key" } });
    wallet = backups(worker);
  });
  after(() => worker?.stop());
  beforeEach(async () => {
    await worker.clear();
    await wallet.register(ada);
  });

  const listed = async () => (await wallet.admin("GET", `${path}/backups`)).body.backups;
  const importing = async (...records) => {
    const { status, body, text } = await worker.send("POST", "/admin/import", {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "content-type": "application/x-ndjson" },
      body: records.map((record) => JSON.stringify(record)).join("\n"),
    });
    assert.equal(status, 200, text);
    return body.results.map(({ outcome }) => outcome);
  };

  for (const [first, second] of ORDERS) {
    describe(`${first}, then ${second}`, () => {
      test("a half-finished backup still recovers: the fetch adds the mate of the cipher text", async () => {
        await wallet.custodian(ada, `${second}-SECP256K1`, "c1");
        await wallet.cipherText(ada, first, "u1");
        assert.equal(await wallet.state(ada, first), "complete");
        await wallet.custodian(ada, `${second}-secp256k1`, "c2");
        assert.equal(await wallet.state(ada, first), "half-finished");
        assert.deepEqual(sorted(await wallet.fetched(ada)), ["c1", "c2"]);
        await wallet.cipherText(ada, second, "u2");
        assert.deepEqual(await wallet.fetched(ada), ["c2"]);
      });

      test("the second store replaces the first one's share, keeps it, and gives its own spelling back", async () => {
        await wallet.cipherText(ada, first, "u1");
        await wallet.custodian(ada, `${first}-ED25519`, "c1");
        await wallet.cipherText(ada, second, "u2");
        await wallet.custodian(ada, `${second}-ED25519`, "c2");
        for (const method of [first, second])
          assert.equal(await wallet.recovered(ada, { backupMethod: method }), "u2", method);
        const [backup, ...others] = await listed();
        assert.deepEqual(others, []);
        assert.equal(backup.backupMethod, second);
        assert.deepEqual(
          backup.custodianShares.map((share) => share.backupMethod),
          [`${second}-ED25519`],
        );
        assert.deepEqual(sorted((await wallet.history(ada)).map((version) => version.backupMethod)), [
          ...sorted([first, `${first}-ED25519`]),
        ]);
      });

      test("the same share again is no new version, and keeps its spelling", async () => {
        await wallet.cipherText(ada, first, "u1");
        await wallet.custodian(ada, `${first}-ED25519`, "c1");
        const before = await listed();
        await wallet.cipherText(ada, second, "u1");
        await wallet.custodian(ada, `${second}-ed25519`, "c1");
        assert.deepEqual(await listed(), before);
        assert.deepEqual(await wallet.history(ada), []);
      });

      test("every route that fetches a cipher text finds it", async () => {
        await wallet.cipherText(ada, first, "u1", { pair: "p1" });
        for (const route of ["user-backup-share", "user-backup-shares", "encrypted-user-backup-shares"]) {
          const { body, text } = await wallet.app(ada, "GET", `${path}/${route}?backupMethod=${second}`);
          assert.equal(body.cipherText, "u1", text);
        }
        assert.equal(await wallet.recovered(ada, { backupMethod: second, backupSharePairId: "p1" }), "u1");
        await wallet.cipherText(ada, second, "u2", { pair: "p2" });
        assert.equal(await wallet.recovered(ada, { backupMethod: second, backupSharePairId: "p1" }), "u1");
      });

      test("a version is restored over the other spelling, and a deleted user's shares come back", async () => {
        await wallet.cipherText(ada, first, "u1");
        await wallet.cipherText(ada, second, "u2");
        const [{ id }] = await wallet.history(ada);
        await wallet.restoreVersion(ada, id);
        assert.equal(await wallet.recovered(ada, { backupMethod: second }), "u1");
        assert.equal((await listed())[0].backupMethod, first);
        await wallet.deleteUser(ada);
        await wallet.restoreUser(ada);
        assert.equal(await wallet.recovered(ada, { backupMethod: second }), "u1");
        assert.equal((await listed()).length, 1);
      });

      test("an ejected share is retrieved once a window, whatever the case", async () => {
        await wallet.custodian(ada, `${first}-SECP256K1`, "c1");
        const retrieve = (method) =>
          wallet.app(ada, "GET", `${path}/custodian-backup-share?backupMethod=${method}-secp256k1`);
        await wallet.admin("POST", `${path}/eject`);
        assert.equal((await retrieve(second)).body.custodianBackupShare, "c1");
        for (const method of [first, second]) assertProblem(await retrieve(method), 403, "eject_not_enabled");
      });

      test("an import sees the share that is there, in a page and in the database", async () => {
        const record = (backupMethod, cipherText, storedAt) => ({
          type: "userBackupShare",
          userId: ada.id,
          backupMethod,
          cipherText,
          storedAt,
        });
        assert.deepEqual(await importing(record(first, "u1", "2024-01-01T00:00:00.000Z")), ["new"]);
        assert.deepEqual(await importing(record(second, "u1", "2024-01-01T00:00:00.000Z")), ["same"]);
        assert.deepEqual(await importing(record(second, "u2", "2025-01-01T00:00:00.000Z")), ["conflict"]);
        assert.equal((await listed()).length, 1);
      });

      test("the database itself refuses a second row", async () => {
        await wallet.cipherText(ada, first, "u1");
        await assert.rejects(
          worker.sql(
            `INSERT INTO user_backup_shares (id, user_id, backup_method, key_id, created_at, updated_at, sealed_share)
             SELECT 'x', user_id, ?, key_id, created_at, updated_at, sealed_share FROM user_backup_shares`,
            second,
          ),
          /UNIQUE constraint failed/,
        );
      });
    });
  }

  test("what is older than multi-backup stands for a method that has none, under any case of UNKNOWN", async () => {
    for (const unknown of ["UNKNOWN", "unknown"]) {
      await wallet.cipherText(ada, unknown, `old ${unknown}`);
      assert.equal(await wallet.recovered(ada, { backupMethod: "PASSWORD" }), `old ${unknown}`);
    }
    const legacy = await wallet.app(ada, "GET", `/clients/${ada.clientId}/backup`);
    assert.equal(legacy.body.cipherText, "old unknown");
    await wallet.app(ada, "POST", `/clients/${ada.clientId}/backup`, { backupShare: "new" });
    assert.equal(await wallet.recovered(ada, { backupMethod: "unknown" }), "new");
    assert.equal((await listed()).length, 1);
  });

  test("a method that is removed takes no share of another along whose name begins with its own", async () => {
    for (const method of ["PASSWORD", "password-recovery"]) {
      await wallet.custodian(ada, `${method.toUpperCase()}-SECP256K1`, `c of ${method}`);
      await wallet.cipherText(ada, method, "u1");
    }
    const remove = () => wallet.admin("DELETE", `${path}/backups?backupMethod=password`);
    assert.equal((await remove()).status, 204);
    assert.deepEqual(await wallet.fetched(ada), ["c of password-recovery"]);
    assert.equal(await wallet.state(ada, "password-recovery"), "complete");
    assertProblem(await remove(), 404, "not_found");
  });

  test("letters beyond ASCII keep their case: they are two methods", async () => {
    await wallet.cipherText(ada, "É", "u1");
    await wallet.cipherText(ada, "é", "u2");
    assert.equal(await wallet.recovered(ada, { backupMethod: "É" }), "u1");
    assert.equal(await wallet.recovered(ada, { backupMethod: "é" }), "u2");
  });
});

describe("a database that has both spellings is migrated without losing either", () => {
  const KEY = SECRETS.SHARE_ENCRYPTION_KEYS.split(":")[1];
  const folder = mkdtempSync(join(tmpdir(), "portal-backup-migrations-"));
  const migrations = readdirSync(inRoot("migrations")).sort();
  const arrive = (names) => {
    for (const name of names) copyFileSync(inRoot("migrations", name), join(folder, name));
  };
  let worker, wallet;
  before(async () => {
    arrive(migrations.filter((name) => name < "0009"));
    worker = await startWorker({
      homes: 1, // the migration of one
      config: (config) => ({
        ...config,
        d1_databases: config.d1_databases.map((d1) => ({ ...d1, migrations_dir: folder })),
      }),
    });
    wallet = backups(worker);
  });
  after(async () => {
    await worker?.stop();
    rmSync(folder, { recursive: true });
  });

  test("the newest is current, the others are in the history, where mates find them", async () => {
    await worker.sql(
      "INSERT INTO users (id, client_id, created_at) VALUES (?, ?, '2026-01-01T00:00:00.000Z')",
      ada.id,
      ada.clientId,
    );
    const store = async (kind, id, backupMethod, share, day) => {
      const owner = kind === "user" ? ada.id : ada.clientId;
      const at = `2026-01-0${day}T00:00:00.000Z`;
      await worker.sql(
        `INSERT INTO ${kind}_backup_shares (id, user_id, backup_method, key_id, created_at, updated_at, sealed_share)
         VALUES (?, ?, ?, 'k1', ?, ?, ?)`,
        id,
        ada.id,
        backupMethod,
        at,
        at,
        await seal(KEY, { kind, owner, backupMethod }, share),
      );
    };
    await store("custodian", "i1", "gdrive-SECP256K1", "c1", 1);
    await store("user", "i2", "gdrive", "u1", 2);
    await store("custodian", "i3", "GDRIVE-SECP256K1", "c2", 3);
    await store("user", "i4", "ICLOUD", "u2", 1);
    await store("user", "i5", "icloud", "u3", 4);
    arrive(migrations);
    await worker.migrate();

    assert.deepEqual(sorted(await wallet.fetched(ada)), ["c1", "c2"], "c1 is the mate of u1");
    assert.equal(await wallet.state(ada, "gdrive"), "half-finished");
    assert.deepEqual((await wallet.history(ada)).map(({ id, backupMethod }) => [id, backupMethod]).sort(), [
      ["i1", "gdrive-SECP256K1"],
      ["i4", "ICLOUD"],
    ]);
    assert.deepEqual(await worker.sql("SELECT DISTINCT reason FROM backup_share_versions"), [{ reason: "replaced" }]);
    await wallet.restoreVersion(ada, "i4");
    const [{ backup_method }] = await worker.sql("SELECT backup_method FROM user_backup_shares WHERE id = 'i4'");
    assert.equal(backup_method, "ICLOUD");
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(
      worker.logLines().filter(({ level }) => level === "error"),
      [],
      "every share opens",
    );
  });
});
