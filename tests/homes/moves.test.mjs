// Moves between homes that did not go as planned: broken off, beside a home that went back in time, with remains at the target.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { assertProblem, callers, custodianShares, user } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

let worker;
let call;
const who = user("who");
before(async () => {
  worker = await startWorker({ homes: 3 });
  call = callers(worker);
});
after(() => worker?.stop());
beforeEach(() => worker.clear());

const TABLES = ["users", "custodian_backup_shares", "user_backup_shares", "backup_share_versions", "deleted_users"];

const register = async (one, home) =>
  assert.equal((await call.admin("POST", "/users", { ...one, home })).status, 201, `${one.id} in home ${home}`);
const store = async (one, share) => {
  const { status } = await call.portal("/webhook/backup", {
    clientId: one.clientId,
    backupMethod: "GDRIVE-SECP256K1",
    share,
  });
  assert.equal(status, 204);
};
const move = (one, home) => call.admin("POST", `/users/${one.id}/move`, { home });
const sql = async (home, text, ...values) =>
  (
    await worker.homes[home]
      .prepare(text)
      .bind(...values)
      .all()
  ).results;
const rowsOf = async (home) => {
  const rows = {};
  for (const table of TABLES)
    rows[table] = (await sql(home, `SELECT * FROM ${table}`)).map((row) => JSON.stringify(row)).sort();
  return rows;
};
const marks = (home) => sql(home, "SELECT kind, value, state FROM moves ORDER BY kind");

/** Home 0 as it was before a user moved away: what Time Travel does. */
async function travelBack(home, rows) {
  const db = worker.homes[home];
  await db.batch([
    db.prepare("DELETE FROM moves"),
    ...TABLES.flatMap((table) =>
      rows[table].map((text) => {
        const { method: _generated, ...row } = JSON.parse(text);
        const columns = Object.keys(row);
        return db
          .prepare(`INSERT INTO ${table} (${columns}) VALUES (${columns.map(() => "?")})`)
          .bind(...Object.values(row));
      }),
    ),
  ]);
}

describe("a user who is in two homes since one went back in time", () => {
  it("is not moved from one to the other: what is stored there stays", async () => {
    await register(who, 0);
    await store(who, "before");
    const then = await rowsOf(0);
    assert.equal((await move(who, 1)).status, 200);
    await store(who, "after");
    await travelBack(0, then);
    await worker.directory.prepare("UPDATE routes SET home = 0").run();
    const there = await rowsOf(1);
    assertProblem(await move(who, 1), 409, "conflict");
    assert.deepEqual(await rowsOf(1), there);
    assert.deepEqual(await rowsOf(0), then);
    for (const home of [0, 1]) assert.deepEqual(await marks(home), [], `home ${home} goes on`);
  });
});

describe("a move to a home that has remains of the user", () => {
  /** A deleted user of home 1, with what is kept of it, who lives in home 0 again. */
  const remains = async () => {
    await register(who, 1);
    await store(who, "once");
    await store(who, "twice");
    await call.admin("DELETE", `/users/${who.id}`);
    const rows = await rowsOf(1);
    await worker.directory.prepare("DELETE FROM routes").run();
    await register(who, 0);
    await store(who, "now");
    return rows;
  };

  it("that breaks off leaves the remains as they were, and can be made again", async () => {
    const before = await remains();
    const there = await rowsOf(0);
    // An operator's slip: somebody else of the target has the user's key, so the move is refused at its end.
    const [{ client_api_key_hash: hash }] = await sql(0, "SELECT client_api_key_hash FROM users");
    await sql(1, "INSERT INTO users (id, client_id, client_api_key_hash, created_at) VALUES ('x', 'y', ?, '')", hash);
    assertProblem(await move(who, 1), 409, "conflict");
    await sql(1, "DELETE FROM users WHERE id = 'x'");
    await sql(1, "DELETE FROM deleted_users WHERE id = 'x'");
    await sql(1, "UPDATE moves SET until = '2026-01-01T00:00:00.000Z'");
    await worker.scheduled();
    assert.deepEqual(await rowsOf(1), before);
    assert.deepEqual(await marks(1), []);
    assert.deepEqual(await rowsOf(0), there);
    assert.equal((await move(who, 1)).status, 200);
    assert.deepEqual(await custodianShares(call, who.clientId), ["now"]);
    assert.equal((await sql(1, "SELECT * FROM backup_share_versions")).length, before.backup_share_versions.length);
    assert.deepEqual(await sql(1, "SELECT * FROM move_remains"), []);
  });

  it("that is made again at once, before anything was swept away, brings every row over once", async () => {
    const before = await remains();
    const [{ client_api_key_hash: hash }] = await sql(0, "SELECT client_api_key_hash FROM users");
    await sql(1, "INSERT INTO users (id, client_id, client_api_key_hash, created_at) VALUES ('x', 'y', ?, '')", hash);
    assertProblem(await move(who, 1), 409, "conflict");
    await sql(1, "DELETE FROM users WHERE id = 'x'");
    await store(who, "later");
    assert.equal((await move(who, 1)).status, 200);
    assert.deepEqual(await custodianShares(call, who.clientId), ["later"]);
    assert.equal((await sql(1, "SELECT * FROM backup_share_versions")).length, before.backup_share_versions.length + 1);
  });
});
