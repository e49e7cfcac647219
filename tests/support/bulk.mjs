// POST /admin/import and GET /admin/export as an operator calls them, and records to send: for the tests of both. Each of them
// begins with `await begin()`.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, beforeEach } from "node:test";

import { SECRETS, startWorker } from "./harness.mjs";

export const sha256 = (text) => createHash("sha256").update(text).digest("hex");
export const USER = {
  type: "user",
  id: "u1",
  clientId: "c1",
  clientApiKey: "key-1",
  createdAt: "2024-01-01T00:00:00.000Z",
};
export const CUSTODIAN = {
  type: "custodianBackupShare",
  id: "v1",
  userId: "u1",
  backupMethod: "GDRIVE-SECP256K1",
  backupSharePairId: "p1",
  share: '{"p":"é☃ \\" 1"}',
  storedAt: "2024-01-02T00:00:00.000Z",
};
export const CIPHER_TEXT = {
  type: "userBackupShare",
  id: "v2",
  userId: "u1",
  clientId: "c1",
  backupMethod: "GDRIVE",
  backupSharePairId: "p1",
  cipherText: "abc",
  storedAt: "2024-01-03T00:00:00.000Z",
};
export const OLD = {
  ...CUSTODIAN,
  id: "v0",
  backupSharePairId: "p0",
  share: "old",
  storedAt: "2023-01-02T00:00:00.000Z",
  supersededAt: "2024-01-02T00:00:00.000Z",
};

export let worker;

/** Starts the Worker, and empties its database before each test. */
export async function begin(options) {
  worker = await startWorker(options);
  after(() => worker.stop());
  beforeEach(() => worker.clear());
}

export const importOf = (target, records, query = "", headers = {}) =>
  target.send("POST", `/admin/import${query}`, {
    bearer: SECRETS.ADMIN_TOKEN,
    headers: { "content-type": "application/x-ndjson", ...headers },
    body: records.map((record) => (typeof record === "string" ? record : JSON.stringify(record))).join("\n"),
  });
export async function imported(records, query, target = worker) {
  const { status, body, text } = await importOf(target, records, query);
  assert.equal(status, 200, text);
  return body.results;
}
export const outcomes = async (records, query, target) =>
  (await imported(records, query, target)).map((result) => result.outcome);
export const fetched = async (clientId = "c1", target = worker) =>
  (
    await target.send("POST", "/webhook/backup/fetch", {
      headers: { "x-webhook-secret": SECRETS.WEBHOOK_SECRET },
      body: { clientId },
    })
  ).body.backupShares;
export const cipherText = (method = "GDRIVE") =>
  worker.send("GET", `/users/u1/user-backup-share?backupMethod=${method}`, { bearer: "key-1" });
export const webhook = (share, backupMethod = "GDRIVE-SECP256K1") =>
  worker.send("POST", "/webhook/backup", {
    headers: { "x-webhook-secret": SECRETS.WEBHOOK_SECRET },
    body: { clientId: "c1", backupMethod, share },
  });
export const snapshot = async () => {
  const tables = ["users", "custodian_backup_shares", "user_backup_shares", "backup_share_versions", "audit_events"];
  return Object.fromEntries(
    await Promise.all(tables.map(async (table) => [table, await worker.sql(`SELECT * FROM ${table}`)])),
  );
};
