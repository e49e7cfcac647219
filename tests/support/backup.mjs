// A wallet's backups, in the words of the tests: what is stored, what can be recovered, what is kept.

import assert from "node:assert/strict";

import { callers } from "./client.mjs";

/** What a request does with `{ faults }`: see faulty-entry.mjs. */
const init = ({ faults } = {}) => (faults ? { headers: { "x-test-faults": JSON.stringify(faults) } } : {});

export function backups(worker) {
  const { portal, app, admin, register } = callers(worker);
  const path = (who) => `/users/${encodeURIComponent(who.id)}`;

  const storeCustodian = (who, backupMethod, share, { pair, ...options } = {}) =>
    portal("/webhook/backup", { clientId: who.clientId, backupMethod, share, backupSharePairId: pair }, init(options));
  const storeCipherText = (who, backupMethod, cipherText, { pair, ...options } = {}) =>
    app(
      who,
      "POST",
      `${path(who)}/user-backup-share`,
      { backupMethod, cipherText, backupSharePairId: pair },
      init(options),
    );
  const ok = async (answer, status = 200) => {
    const { status: actual, body, text } = await answer;
    assert.equal(actual, status, text);
    return body;
  };

  return {
    portal,
    app,
    admin,
    register,
    path,
    init,
    storeCustodian,
    storeCipherText,
    fetchCustodian: (who, options) => portal("/webhook/backup/fetch", { clientId: who.clientId }, init(options)),
    fetchCipherText: (who, query, options) =>
      app(who, "GET", `${path(who)}/user-backup-share?${new URLSearchParams(query)}`, undefined, init(options)),

    // The same, where nothing else will do than success.

    custodian: (...args) => ok(storeCustodian(...args), 204),
    cipherText: (...args) => ok(storeCipherText(...args)),
    /** What Portal gets for the client. */
    fetched: async (who) => (await ok(portal("/webhook/backup/fetch", { clientId: who.clientId }))).backupShares,
    /** What the app gets under a method or of a pair; undefined where there is nothing. */
    async recovered(who, query) {
      const { status, body, text } = await app(
        who,
        "GET",
        `${path(who)}/user-backup-share?${new URLSearchParams(query)}`,
      );
      assert.ok(status === 200 || status === 404, text);
      return body.cipherText;
    },
    state: async (who, method) =>
      (await ok(admin("GET", `${path(who)}/backups`))).backups.find((backup) => backup.backupMethod === method)?.state,
    history: async (who) => (await ok(admin("GET", `${path(who)}/backups/history`))).versions,
    restoreVersion: (who, versionId) => ok(admin("POST", `${path(who)}/backups/restore`, { versionId })),
    restoreUser: (who) => ok(admin("POST", `${path(who)}/restore`)),
    deleteUser: (who) => ok(admin("DELETE", path(who)), 204),
    purgeUser: (who) => ok(admin("DELETE", `${path(who)}?purge=${encodeURIComponent(who.clientId)}`), 204),
  };
}

const STORED = [
  "users",
  "custodian_backup_shares",
  "user_backup_shares",
  "backup_share_versions",
  "deleted_users",
  "audit_events",
];

/** All that a store may write, row by row: what a failed request must leave as it was. */
export async function snapshot(worker) {
  const results = await worker.db.batch(
    STORED.map((table) => worker.db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2, 3`)),
  );
  return Object.fromEntries(STORED.map((table, index) => [table, results[index].results]));
}

/** Sets all times of a table's rows, by SQL expressions in the order of the columns. */
export const setTimes = (worker, table, times, where = "true") =>
  worker.sql(
    `UPDATE ${table} SET ${Object.entries(times)
      .map(([column, value]) => `${column} = ${value}`)
      .join(", ")} WHERE ${where}`,
  );
