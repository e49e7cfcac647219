// A user's restore, registration or purge is that user's alone: not of others that were deleted at the same time, had the same id or the
// same client once, or came into being in the same way.

import assert from "node:assert/strict";
import { after, beforeEach, describe, it } from "node:test";

import { backups } from "../support/backup.mjs";
import { user } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

// Over many databases an id of one and a client of another do not register together.
const worker = await startWorker({ homes: 1, vars: { UNKNOWN_CLIENTS: "register" } });
const wallet = backups(worker);
after(() => worker.stop());

const METHOD = "GDRIVE-SECP256K1";
const GDRIVE = { backupMethod: "GDRIVE" };
const [who, eve, bob] = ["who", "eve", "bob"].map(user);
/** Whom a webhook makes of a client that nobody knows; an operator gives it a key. */
const standIn = (of) => ({ id: of.clientId, clientId: of.clientId, clientApiKey: `key-of-the-stand-in-of-${of.id}` });

/** Two backups, so that there is a history. */
async function backedUp(one, name) {
  for (const n of [1, 2]) {
    await wallet.custodian(one, METHOD, `${name} c${n}`);
    await wallet.cipherText(one, "GDRIVE", `${name} u${n}`);
  }
}
async function deleted(one, name) {
  assert.equal((await wallet.admin("POST", "/users", one)).status, 201);
  await backedUp(one, name);
  await wallet.deleteUser(one);
}
/** What a webhook and an app stored under the client's id, until an operator deleted it. */
async function standInDeleted(one, name) {
  await wallet.custodian(one, METHOD, `${name} c0`);
  assert.equal((await wallet.admin("POST", "/users", standIn(one))).status, 200);
  await backedUp(standIn(one), name);
  await wallet.deleteUser(standIn(one));
}

const TABLES = {
  users: "id",
  custodian_backup_shares: "user_id",
  user_backup_shares: "user_id",
  backup_share_versions: "user_id",
  deleted_users: "id",
};
/** All rows but those of the user and of its stand-in. */
async function ofOthers() {
  const all = {};
  for (const [table, owner] of Object.entries(TABLES))
    all[table] = (await worker.sql(`SELECT * FROM ${table}`))
      .filter((row) => ![who.id, who.clientId].includes(row[owner]) || (row.client_id ?? who.clientId) !== who.clientId)
      .map((row) => JSON.stringify(row))
      .sort();
  return all;
}
/** Two people were deleted in the same millisecond. */
async function atTheSameTime(one, other) {
  const [{ deleted_at }] = await worker.sql(
    "SELECT max(deleted_at) AS deleted_at FROM deleted_users WHERE id = ?",
    one.id,
  );
  for (const [table, column, owner] of [
    ["backup_share_versions", "superseded_at", "user_id"],
    ["deleted_users", "deleted_at", "id"],
  ])
    await worker.sql(
      `UPDATE ${table} SET ${column} = ?1 WHERE ${owner} = ?2 AND ${column} = (SELECT max(deleted_at) FROM deleted_users WHERE id = ?2)`,
      deleted_at,
      other.id,
    );
}

beforeEach(async () => {
  await worker.clear();
  assert.equal((await wallet.admin("POST", "/users", bob)).status, 201);
  await backedUp(bob, "bob");
  await deleted({ ...user("x"), id: who.id, clientId: "client-before" }, "the id's");
  await deleted({ ...user("y"), clientId: who.clientId }, "the client's");
  await deleted(eve, "eve");
  await standInDeleted(eve, "eve's");
});

describe("of one user, and of nobody else, are", () => {
  it("a restore, which brings what it had itself", async () => {
    await deleted(who, "who");
    await atTheSameTime(who, eve);
    const others = await ofOthers();
    await wallet.restoreUser(who);
    assert.deepEqual(await ofOthers(), others);
    assert.deepEqual(await wallet.fetched(who), ["who c2"]);
    assert.equal(await wallet.recovered(who, GDRIVE), "who u2");
    assert.equal((await wallet.history(who)).length, 2);
  });

  it("a restore, which brings what was stored under its client's id since", async () => {
    await deleted(who, "who");
    await standInDeleted(who, "since");
    await atTheSameTime(who, eve);
    await atTheSameTime(standIn(who), standIn(eve));
    const others = await ofOthers();
    const restored = await wallet.admin("POST", `${wallet.path(who)}/restore?clientId=${who.clientId}`);
    assert.equal(restored.status, 200, restored.text);
    assert.deepEqual(await ofOthers(), others);
    assert.deepEqual(await wallet.fetched(who), ["since c2"]);
    assert.equal(await wallet.recovered(who, GDRIVE), "since u2");
    // The same text again is the same share: its digest came along.
    const times = "SELECT updated_at FROM user_backup_shares WHERE user_id = ?";
    const stored = await worker.sql(times, who.id);
    await wallet.cipherText(who, "GDRIVE", "since u2");
    assert.deepEqual(await worker.sql(times, who.id), stored);
    const history = await wallet.history(who);
    assert.equal(history.length, 7, "of each kind all but the current one");
    // Each was sealed anew for this user.
    for (const { id, kind } of history.filter(({ kind }) => kind === "user")) {
      await wallet.restoreVersion(who, id);
      assert.match(await wallet.recovered(who, GDRIVE), /^(who|since) u[12]$/, kind);
    }
    assert.deepEqual(await worker.sql("SELECT * FROM deleted_users WHERE id = ?", who.clientId), []);
  });

  it("a registration, which adopts what webhooks brought of its client", async () => {
    for (const one of [who, bob, user("zoe")])
      for (const n of [1, 2]) await wallet.custodian(one, METHOD, `${one.id} c${n}`);
    await deleted(user("zed"), "zed");
    const others = await ofOthers();
    assert.equal((await wallet.admin("POST", "/users", who)).status, 201);
    assert.deepEqual(await ofOthers(), others);
    assert.deepEqual(await wallet.fetched(who), [`${who.id} c2`]);
    assert.equal((await wallet.history(who)).length, 1);
  });

  it("a purge, also of what is kept of a deleted user", async () => {
    await deleted(who, "who");
    await atTheSameTime(who, eve);
    const others = await ofOthers();
    await wallet.purgeUser(who);
    assert.deepEqual(await ofOthers(), others);
  });

  it("a restore, also of what was stored under its client's id since and is more than fits: the rest stays with that id", async () => {
    await deleted(who, "who");
    await standInDeleted(who, "since");
    const columns = "client_id, kind, backup_method, key_id, share_digest, created_at, reason, sealed_share";
    await worker.sql(
      `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 205)
       INSERT INTO backup_share_versions (id, user_id, stored_at, superseded_at, ${columns})
       SELECT id || n, user_id, '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.' || printf('%03d', n) || 'Z', ${columns}
       FROM backup_share_versions, n
       WHERE user_id = ? AND kind = 'user' AND reason = 'replaced'`,
      who.clientId,
    );
    const others = await ofOthers();
    const restored = await wallet.admin("POST", `${wallet.path(who)}/restore?clientId=${who.clientId}`);
    assert.equal(restored.status, 200, restored.text);
    assert.deepEqual(await ofOthers(), others);
    assert.equal(await wallet.recovered(who, GDRIVE), "since u2");
    const rest = "SELECT superseded_at FROM backup_share_versions WHERE user_id = ? ORDER BY superseded_at DESC";
    const [newest, ...older] = await worker.sql(rest, who.clientId);
    assert.deepEqual([newest.superseded_at, older.length], ["2026-01-02T00:00:00.007Z", 6], "the oldest");
    await wallet.deleteUser(who);
    await wallet.restoreUser(standIn(who));
    const [{ id }] = (await wallet.history(standIn(who))).filter(({ kind }) => kind === "user");
    await wallet.restoreVersion(standIn(who), id);
    assert.equal(await wallet.recovered(standIn(who), GDRIVE), "since u1");
  });

  it("a registration of who was deleted, which brings nothing back by itself, also where the client's id is the user's", async () => {
    const own = { ...who, id: who.clientId };
    await deleted(own, "own");
    const others = await ofOthers();
    assert.equal((await wallet.admin("POST", "/users", own)).status, 201);
    assert.deepEqual(await ofOthers(), others);
    assert.deepEqual(await wallet.fetched(own), []);
    assert.equal(await wallet.recovered(own, GDRIVE), undefined);
    assert.equal((await worker.sql("SELECT 1 FROM deleted_users WHERE id = ?", own.id)).length, 1);
  });
});
