// What a move takes along, and what it leaves alone: every column of every row of its user, and nothing of anybody else.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { assertProblem, callers, user } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

let worker;
let call;
const who = user("who");
const LATER = "2999-01-01T00:00:00.000Z";
const LONG_AGO = "2026-01-01T00:00:00.000Z";

/** The tables that hold what is a user's, parents first, and the column that names the user. A purge that waits does not move. */
const OWNER = {
  deleted_users: "id",
  users: "id",
  approvals: "user_id",
  custodian_backup_shares: "user_id",
  user_backup_shares: "user_id",
  backup_share_versions: "user_id",
  eject_windows: "user_id",
  eject_retrievals: "user_id",
  audit_events: "user_id",
};
/** Those that tell of moves, by user or by move. */
const MARKS = { moves: "value", move_remains: "user_id", arrivals: "move", ended_moves: "move" };

/** The columns of these tables: name and type. */
const columns = {};
before(async () => {
  worker = await startWorker({ homes: 3 });
  call = callers(worker);
  for (const table of Object.keys(OWNER))
    columns[table] = await sql(0, `SELECT name, type FROM pragma_table_info('${table}')`);
});
after(() => worker?.stop());
beforeEach(() => worker.clear());

const sql = async (home, text, ...values) =>
  (
    await worker.homes[home]
      .prepare(text)
      .bind(...values)
      .all()
  ).results;
const move = (home) => call.admin("POST", `/users/${who.id}/move`, { home });
/** Rows into the tables of a home: `[table, row]`. */
const insert = (home, ...rows) =>
  worker.homes[home].batch(
    rows.map(([table, row]) => {
      const names = Object.keys(row);
      const into = `INSERT INTO ${table} (${names}) VALUES (${names.map(() => "?")})`;
      return worker.homes[home].prepare(into).bind(...Object.values(row));
    }),
  );

/** A row of a table with a value of its own in every column. */
function fullRow(table, one, given = {}) {
  const fixed = {
    id: `${table} of ${one.id}`,
    user_id: one.id,
    client_id: one.clientId,
    key_id: "k1",
    kind: "custodian",
    reason: table === "backup_share_versions" ? "replaced" : "a reason",
    action: table === "approvals" ? "eject" : "fetch_user_share",
    decision: "approved",
    [OWNER[table]]: one.id,
    ...given,
  };
  const now = Date.now();
  const someValue = ({ name, type }, place) => {
    if (name in fixed) return fixed[name];
    if (type === "INTEGER") return 1;
    if (/(^|_)(at|until)$/.test(name)) return new Date(now + place).toISOString();
    return `${table}.${name} of ${one.id}`;
  };
  return Object.fromEntries(columns[table].map((column, place) => [column.name, someValue(column, place)]));
}

/** Of somebody a row in every table. */
const everywhere = (one, tables = Object.keys(OWNER)) => tables.map((table) => [table, fullRow(table, one)]);

const marks = (one, state, home, given = {}) =>
  [
    ["user", one.id],
    ["client", one.clientId],
  ].map(([kind, value]) => ["moves", { kind, value, move: `of ${one.id}`, state, home, until: LATER, ...given }]);

/** All rows of a home of whom `isOurs` takes, by table. */
async function rowsOf(home, tables, isOurs) {
  const all = {};
  for (const [table, owner] of Object.entries(tables))
    all[table] = (await sql(home, `SELECT * FROM ${table}`))
      .filter((row) => isOurs(row[owner]))
      .map((row) => JSON.stringify(row))
      .sort();
  return all;
}
const isWho = (owner) => [who.id, who.clientId, "user-old", "user-older"].includes(owner);
const own = (home) => rowsOf(home, OWNER, isWho);
const NOTHING = Object.fromEntries(Object.keys(OWNER).map((table) => [table, []]));

/** Others, in every state in which a move may meet them. */
const [stays, waits, gone, leaves, comes] = ["stays", "waits", "gone", "leaves", "comes"].map(user);
async function bystanders() {
  const ended = (home) => [
    ["arrivals", { move: `arrived in ${home}`, at: new Date().toISOString() }],
    ["ended_moves", { move: `ended in ${home}`, at: new Date().toISOString() }],
  ];
  await insert(
    0,
    ...everywhere(stays),
    ...everywhere(leaves),
    ...marks(gone, "moved", 2),
    ...marks(leaves, "leaving", 2),
    ...ended(0),
  );
  const remains = ["move_remains", { user_id: comes.id, what: "deleted", place: "then" }];
  await insert(
    1,
    ...everywhere(waits),
    ...everywhere(comes),
    ...marks(comes, "arriving", 2, { joins: 2 }),
    remains,
    ...ended(1),
  );
  await insert(2, ...everywhere(gone));
}
const others = ["stays", "waits", "gone", "leaves", "comes"].flatMap((name) => [user(name).id, user(name).clientId]);
const isOther = (owner) => others.includes(owner) || /^(of user-|arrived in|ended in)/.test(owner);
const ofOthers = async () => {
  const homes = [];
  for (const home of [0, 1, 2]) homes.push(await rowsOf(home, { ...OWNER, ...MARKS }, isOther));
  return homes;
};

/** The user of home 0, of whom there is a row in every table. */
async function registered() {
  assert.equal((await call.admin("POST", "/users", { ...who, home: 0 })).status, 201);
  const { quota_released_at } = fullRow("users", who);
  await sql(0, "UPDATE users SET quota_released_at = ?, made_by_webhook = 1 WHERE id = ?", quota_released_at, who.id);
  // With it move those who were deleted and had a client in common with it, at whatever time.
  const before = [
    { id: who.id, clientId: "client-before" },
    { id: "user-old", clientId: who.clientId },
    { id: "user-older", clientId: "client-before" },
  ];
  const deleted = before.flatMap((one, hours) => {
    const deleted_at = new Date(Date.now() - (hours + 1) * 3_600_000).toISOString();
    const client_api_key_hash = `of ${one.id} and ${one.clientId}`;
    return [
      ["deleted_users", fullRow("deleted_users", one, { deleted_at, client_api_key_hash })],
      [
        "backup_share_versions",
        fullRow("backup_share_versions", one, { id: `version ${hours}`, superseded_at: deleted_at }),
      ],
    ];
  });
  await insert(0, ...everywhere(who).filter(([table]) => table !== "users"), ...deleted);
}

/** What a move that breaks off has brought to home 1 stays: home 1 takes no sweep. */
async function unswept(work) {
  await sql(
    1,
    "CREATE TRIGGER unswept BEFORE DELETE ON moves WHEN OLD.state = 'arriving' BEGIN SELECT RAISE(ABORT, 'not now'); END",
  );
  try {
    await work();
  } finally {
    await sql(1, "DROP TRIGGER unswept");
  }
}

/** A move to home 1 that breaks off at its end: its source has not held still. */
async function breaksOff() {
  await sql(
    0,
    `CREATE TRIGGER too_long AFTER UPDATE OF until ON moves WHEN NEW.state = 'leaving'
     BEGIN UPDATE moves SET until = '${LONG_AGO}' WHERE move = NEW.move; END`,
  );
  try {
    await unswept(async () => assertProblem(await move(1), 503, "unavailable"));
  } finally {
    await sql(0, "DROP TRIGGER too_long");
  }
}

/** The background comes to what a move has left in home 1. */
async function anHourLater() {
  await sql(1, `UPDATE moves SET until = '${LONG_AGO}' WHERE until <> '${LATER}'`);
  await worker.scheduled();
}

describe("a move", () => {
  it("knows every table that names a user, and every column of it", async () => {
    await registered();
    const tables = await sql(0, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'");
    const named = [];
    for (const { name } of tables) {
      const [column] = await sql(0, `SELECT name FROM pragma_table_info('${name}') WHERE name = 'user_id'`);
      if (column) named.push(name);
    }
    // Of the copy of the one database: notes, and who lost something during a merge. What was there before a move. And with a purge that waits nobody moves.
    const others = ["changes", "merge_taken", "move_remains", "purges", "users", "deleted_users"];
    assert.deepEqual(new Set([...named, ...others]), new Set([...Object.keys(OWNER), ...others]));
    const isFull = (row) => !Object.values(JSON.parse(row)).includes(null);
    for (const [table, rows] of Object.entries(await own(0))) assert.ok(rows.some(isFull), table);
  });

  it("takes every column of every row along, and leaves alone what is of others in both databases", async () => {
    await bystanders();
    await registered();
    const [rows, rest] = [await own(0), await ofOthers()];
    const moved = await move(1);
    assert.equal(moved.status, 200, moved.text);
    const there = await own(1);
    const events = there.audit_events.filter((row) => rows.audit_events.includes(row));
    assert.deepEqual({ ...there, audit_events: events }, rows);
    assert.deepEqual(await own(0), NOTHING);
    assert.deepEqual(await ofOthers(), rest);
  });

  it("that breaks off, and what is swept away of it, leaves alone what is of others in both databases", async () => {
    await bystanders();
    await registered();
    const [rows, rest] = [await own(0), await ofOthers()];
    await breaksOff();
    assert.deepEqual(await ofOthers(), rest);
    await anHourLater();
    const { audit_events: _, ...left } = await own(1);
    const { audit_events: __, ...nothing } = NOTHING;
    assert.deepEqual(left, nothing);
    const still = await own(0);
    assert.deepEqual({ ...still, audit_events: rows.audit_events }, rows);
    assert.deepEqual(await ofOthers(), rest);
  });
});

it("a move that breaks off twice leaves nothing: what the first one left is no remains of the user", async () => {
  await registered();
  for (let times = 0; times < 2; times++) await breaksOff();
  await anHourLater();
  const { audit_events: _, ...left } = await own(1);
  const { audit_events: __, ...nothing } = NOTHING;
  assert.deepEqual(left, nothing);
});

describe("a move that breaks off at a home that has remains of the user", () => {
  for (const table of ["deleted_users", "backup_share_versions", "approvals"]) {
    it(`leaves them as they were, also where they are in ${table} alone`, async () => {
      await registered();
      const before = new Date(Date.now() - 3_600_000).toISOString();
      const earlier = {
        deleted_at: before,
        superseded_at: before,
        ...(OWNER[table] === "user_id" && { id: "earlier" }),
      };
      await insert(1, [table, fullRow(table, who, earlier)]);
      const remains = await own(1);
      await breaksOff();
      await anHourLater();
      const { audit_events: _, ...left } = await own(1);
      assert.deepEqual({ ...left, audit_events: [] }, remains);
    });
  }
});

describe("a move to a home that has somebody else", () => {
  for (const other of [
    { ...user("other"), id: who.id },
    { ...user("other"), clientId: who.clientId },
  ]) {
    it(`is refused where that one has its ${other.id === who.id ? "id" : "client"}: nothing there changes`, async () => {
      await registered();
      // Neither another one's arrival nor a mark of its own makes it one that a move has left here.
      await insert(
        1,
        ...everywhere(other),
        ...marks(other, "moved", 2),
        ...everywhere(comes),
        ...marks(comes, "arriving", 2),
      );
      const [rows, there] = [await own(0), await rowsOf(1, { ...OWNER, ...MARKS }, () => true)];
      assertProblem(await move(1), 409, "conflict");
      assert.deepEqual(await rowsOf(1, { ...OWNER, ...MARKS }, () => true), there);
      assert.deepEqual(await own(0), rows);
      assert.deepEqual(await sql(0, "SELECT * FROM moves"), []);
    });
  }
});

describe("a move while another move of the user is under way", () => {
  const ofAnother = (home) => sql(home, "SELECT * FROM moves WHERE move = 'another' ORDER BY kind");

  it("is refused as long as that one's lease goes on, and takes nothing from it; then it takes its place", async () => {
    await registered();
    const older = [
      { id: "user-old", clientId: "client-before" },
      { id: "user-older", clientId: who.clientId },
    ];
    const [ofOld, ofOlder] = older.map((one) => marks(one, "leaving", 2, { move: "another" }));
    await insert(0, ...marks(who, "leaving", 2, { move: "another" }), ...ofOld, ofOlder[0]);
    const before = await ofAnother(0);
    assertProblem(await move(1), 409, "conflict");
    assert.deepEqual(await ofAnother(0), before);
    await sql(0, `UPDATE moves SET until = '${LONG_AGO}'`);
    const rows = await own(0);
    assert.equal((await move(1)).status, 200);
    const { audit_events: _, ...there } = await own(1);
    const { audit_events: __, ...came } = rows;
    assert.deepEqual(there, came);
    assert.deepEqual(await sql(0, "SELECT move FROM ended_moves"), [{ move: "another" }]);
    assert.deepEqual(await sql(0, "SELECT DISTINCT state, home FROM moves"), [{ state: "moved", home: 1 }]);
  });

  it("is refused where the user is just leaving the home that it is to come to, until that lease has ended", async () => {
    await registered();
    await insert(1, ...marks(who, "leaving", 2, { move: "another" }));
    const before = await ofAnother(1);
    assertProblem(await move(1), 409, "conflict");
    assert.deepEqual(await ofAnother(1), before);
    await sql(1, `UPDATE moves SET until = '${LONG_AGO}'`);
    assert.equal((await move(1)).status, 200);
    assert.deepEqual(await sql(1, "SELECT * FROM moves"), []);
  });
});

describe("what a move has brought to a home that has not heard of its end", () => {
  /** As after a move that is under way for an hour, or whose source is another database by now. */
  const arriving = async () => {
    await registered();
    await insert(1, ...everywhere(who), ...marks(who, "arriving", 0, { move: "of who" }));
    await sql(1, `UPDATE moves SET until = '${LONG_AGO}'`);
    return own(1);
  };

  it("stays while the source holds still for it", async () => {
    const rows = await arriving();
    await insert(0, ...marks(who, "leaving", 1, { move: "of who" }));
    await worker.scheduled();
    assert.deepEqual(await own(1), rows);
    assert.equal((await sql(1, "SELECT state FROM moves")).length, 2);
  });

  it("stays where the source does not know of it, whatever other moves have ended there", async () => {
    const rows = await arriving();
    const other = user("other");
    await insert(0, ...marks(other, "leaving", 2, { until: LONG_AGO }), [
      "ended_moves",
      { move: "another", at: new Date().toISOString() },
    ]);
    await worker.scheduled();
    assert.deepEqual(await own(1), rows);
    assert.equal((await sql(1, "SELECT state FROM moves")).length, 2);
  });
});

it("what an older Worker's move has brought, beside what was there, stays though the move broke off: nobody knows which rows it brought", async () => {
  await registered();
  await insert(0, ["ended_moves", { move: "of who", at: new Date().toISOString() }]);
  await insert(1, ...everywhere(who), ...marks(who, "arriving", 0, { move: "of who", until: LONG_AGO, joins: 1 }));
  const rows = await own(1);
  await worker.scheduled();
  assert.deepEqual(await own(1), rows);
  assert.equal((await sql(1, "SELECT 1 FROM moves WHERE state = 'arriving'")).length, 2);
});

it("a user of whom more is kept than one answer takes is moved whole", async () => {
  await registered();
  const bulk = (table, count, given) =>
    Array.from({ length: count }, (_, n) => [table, fullRow(table, who, { id: `${table} ${n}`, ...given(n) })]);
  const large = "x".repeat(300_000);
  await insert(
    0,
    ...bulk("custodian_backup_shares", 8, (n) => ({ backup_method: `METHOD-${9 - n}`, sealed_share: `${large}${n}` })),
    ...bulk("user_backup_shares", 8, (n) => ({ backup_method: `METHOD-${9 - n}`, sealed_share: `${large}${n}` })),
    ...bulk("backup_share_versions", 8, (n) => ({ backup_method: `METHOD-${9 - n}`, sealed_share: `${large}${n}` })),
  );
  // Behind one another they would come in another order by their index.
  for (let from = 0; from < 600; from += 300)
    await insert(
      0,
      ...bulk("backup_share_versions", 300, (n) => ({
        id: `version ${from + n}`,
        kind: n % 2 ? "user" : "custodian",
        sealed_share: `s${from + n}`,
      })),
    );
  const { audit_events: _, ...rows } = await own(0);
  await worker.homes[0].batch(
    [
      "CREATE TABLE leases (until TEXT)",
      `CREATE TRIGGER prolonged AFTER UPDATE OF until ON moves WHEN NEW.state = 'leaving'
       BEGIN INSERT INTO leases VALUES (NEW.until); END`,
    ].map((text) => worker.homes[0].prepare(text)),
  );
  assert.equal((await move(1)).status, 200);
  const { length } = await sql(0, "SELECT 1 FROM leases");
  assert.ok(length > 2 * Object.keys(rows).length, "the source's lease is prolonged with every page");
  await worker.homes[0].batch(
    ["DROP TRIGGER prolonged", "DROP TABLE leases"].map((text) => worker.homes[0].prepare(text)),
  );
  const { audit_events: __, ...there } = await own(1);
  for (const table of Object.keys(rows)) {
    assert.equal(there[table].length, rows[table].length, table);
    assert.ok(
      rows[table].every((row, at) => row === there[table][at]),
      table,
    );
  }
});
