// Another process has the lock on the local D1's file: a backup tool, a person with sqlite3.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { migrateLocal, persistDir } from "../scripts/lib/d1.mjs";
import { readDevVars, writeDevVars } from "../scripts/lib/dev-vars.mjs";
import { localDatabases } from "../scripts/lib/seed.mjs";
import { serveDev } from "../scripts/lib/serve.mjs";
import { freePort } from "./support/kill.mjs";

writeDevVars(); // npm test has done so; for a run by hand
const secrets = readDevVars();

test("a database that another process has locked for half a second is waited for, and each share is stored once", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "portal-backup-locked-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await migrateLocal({ persistTo: folder });
  const server = await serveDev({ port: await freePort(), persistTo: folder, output: "ignore" });
  t.after(() => server.stop());
  assert.ok(await server.ready);
  const post = async (path, body, headers) => {
    const init = { method: "POST", headers: { "content-type": "application/json", ...headers } };
    return (await fetch(`${server.url}${path}`, { ...init, body: JSON.stringify(body) })).status;
  };
  const ada = { id: "ada", clientId: "client-ada", clientApiKey: "key-of-ada" };
  assert.equal(await post("/users", ada, { authorization: `Bearer ${secrets.ADMIN_TOKEN}` }), 201);

  const [file] = localDatabases(persistDir(folder));
  const other = new DatabaseSync(file);
  t.after(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  const stores = [
    post(
      "/webhook/backup",
      { clientId: ada.clientId, backupMethod: "GDRIVE-SECP256K1", share: "c1" },
      { "x-webhook-secret": secrets.WEBHOOK_SECRET },
    ),
    post(
      "/users/ada/user-backup-share",
      { backupMethod: "GDRIVE", cipherText: "u1" },
      { authorization: `Bearer ${ada.clientApiKey}` },
    ),
  ];
  const isOver = await Promise.race([Promise.any(stores).then(() => true), sleep(500, false)]);
  other.exec("COMMIT");
  assert.equal(isOver, false, "it was locked: nobody was answered meanwhile");
  assert.deepEqual(await Promise.all(stores), [204, 200]);
  const count = (table) => other.prepare(`SELECT count(*) AS n FROM ${table}`).get().n;
  assert.deepEqual(["custodian_backup_shares", "user_backup_shares", "backup_share_versions"].map(count), [1, 1, 0]);
});
