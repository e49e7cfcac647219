// Moves between homes that did not go as planned: broken off, beside a home that went back in time, with remains at the target.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { assertProblem, callers, custodianShares, user } from "../support/client.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

let worker;
let call;
const who = user("who");
before(async () => {
  worker = await startWorker({ homes: 3, siblings: { fresh: {}, rebuilt: {}, broken: {}, settled: {} } });
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

describe("a registration that clashes over two homes, of an id that has left the first one", () => {
  it("is 409 as before the move, and leaves its event, which tells the id in its reason", async () => {
    const other = user("other");
    await register(who, 0);
    await register(other, 2);
    const clash = () => call.admin("POST", "/users", { id: who.id, clientId: other.clientId, clientApiKey: "a-third" });
    assertProblem(await clash(), 409, "conflict");
    assert.equal((await move(who, 1)).status, 200);
    assertProblem(await clash(), 409, "conflict");
    const conflicts = "SELECT user_id, client_id, operator, reason FROM audit_events WHERE outcome = 'conflict'";
    assert.deepEqual(await sql(0, conflicts), [{ user_id: null, client_id: null, operator: "admin", reason: who.id }]);
  });
});

describe("a purge that names the client of another, who has left the user's home", () => {
  it("is 409, as it is wherever the client is not the user's", async () => {
    const other = user("other");
    await register(other, 1);
    await register(who, 1);
    const purge = () => call.admin("DELETE", `/users/${who.id}?purge=${other.clientId}`);
    assertProblem(await purge(), 409, "conflict");
    assert.equal((await move(other, 2)).status, 200);
    assertProblem(await purge(), 409, "conflict");
    assert.equal((await call.admin("GET", `/users/${who.id}`)).status, 200);
  });
});

describe("an event of a user that names the client of another, who had the wrong credential", () => {
  it("goes along to a home that the other has left: the move comes to its end", async () => {
    const other = user("other");
    await register(other, 1);
    assert.equal((await move(other, 2)).status, 200);
    await register(who, 0);
    await store(who, "share");
    assertProblem(await call.app(other, "GET", `/users/${who.id}/user-backup-share`), 403, "forbidden");
    assert.equal((await move(who, 1)).status, 200);
    const events = "SELECT action, outcome, client_id, reason FROM audit_events WHERE user_id = ? ORDER BY id";
    assert.deepEqual(await sql(0, events, who.id), []);
    assert.deepEqual(
      (await sql(1, events, who.id)).filter(({ outcome }) => outcome === "forbidden"),
      [{ action: "fetch_user_share", outcome: "forbidden", client_id: null, reason: `client: ${other.clientId}` }],
    );
    assert.deepEqual(
      (await marks(1)).map(({ kind, value, state }) => [kind, value, state]),
      [
        ["client", other.clientId, "moved"],
        ["user", other.id, "moved"],
      ],
      "the other's marks stand",
    );
    assert.deepEqual(await custodianShares(call, who.clientId), ["share"]);
    assert.equal((await call.app(other, "GET", `/users/${other.id}/backups`)).status, 200);
    assertProblem(await call.app(other, "GET", `/users/${who.id}/user-backup-share`), 403, "forbidden");
  });
});

describe("a user of whom a purge waits", () => {
  const wait = (home) => sql(home, "INSERT INTO purges VALUES (?, ?, '2026', '2999')", who.id, who.clientId);

  it("is not moved: who asked for the purge takes it back first", async () => {
    await register(who, 0);
    await store(who, "share");
    assert.equal((await call.admin("DELETE", `/users/${who.id}`)).status, 204);
    await wait(0);
    const before = await rowsOf(0);
    assertProblem(await move(who, 1), 409, "conflict");
    assert.deepEqual(await rowsOf(0), before);
    assert.equal((await call.admin("DELETE", `/users/${who.id}/purge`)).status, 204);
    assert.equal((await move(who, 1)).status, 200);
    assert.deepEqual(await rowsOf(1), before);
  });

  it("nor is one of whom it waits in the other home: what is moved there would end it, or be erased by it", async () => {
    await register(who, 0);
    await store(who, "share");
    await sql(
      1,
      "INSERT INTO deleted_users (id, client_id, created_at, deleted_at) VALUES (?, ?, '2025', '2025')",
      who.id,
      who.clientId,
    );
    await wait(1);
    const before = [await rowsOf(0), await rowsOf(1)];
    assertProblem(await move(who, 1), 409, "conflict");
    assert.deepEqual([await rowsOf(0), await rowsOf(1)], before);
    assert.equal((await sql(1, "SELECT 1 FROM purges")).length, 1);
    assert.deepEqual(await custodianShares(call, who.clientId), ["share"]);
  });
});

it("a deleted user who never had a share keeps the id in its home: it can be restored there", async () => {
  await register(who, 0);
  assert.equal((await call.admin("DELETE", `/users/${who.id}`)).status, 204);
  await call.admin("POST", "/users", { ...user("other"), id: who.id, home: 2 });
  assert.deepEqual(await sql(2, "SELECT id FROM users"), []);
});

it("a deleted user whose API key somebody has by now leaves it to them: nobody registers with it a second time", async () => {
  const { clientApiKey } = who;
  await register(who, 0);
  assert.equal((await call.admin("DELETE", `/users/${who.id}`)).status, 204);
  await register({ ...user("other"), clientApiKey }, 2);
  assert.equal((await move(who, 1)).status, 200);
  assertProblem(await call.admin("POST", "/users", { ...user("third"), clientApiKey, home: 1 }), 409, "conflict");
});

describe("a user whose API key somebody has in the other home", () => {
  for (const [what, prepare] of [
    ["has shares", () => store(who, "share")],
    ["has none", () => {}],
  ]) {
    it(`stays where it is, if it ${what}: no home gives up whom the other has not taken whole`, async () => {
      await register(who, 0);
      await prepare();
      const before = await rowsOf(0);
      const hash = "SELECT client_api_key_hash AS hash FROM users WHERE id = ?";
      const [{ hash: key }] = await sql(0, hash, who.id);
      await sql(
        1,
        "INSERT INTO users (id, client_id, client_api_key_hash, created_at) VALUES ('o', 'o', ?, '2026')",
        key,
      );
      const there = await rowsOf(1);
      assertProblem(await move(who, 1), 409, "conflict");
      assert.deepEqual(await rowsOf(0), before);
      assert.deepEqual(await rowsOf(1), there);
      await store(who, "later");
      assert.deepEqual(await custodianShares(call, who.clientId), ["later"]);
    });
  }
});

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

  it("is moved once the older one is deleted, as docs/scale.md says: what both databases keep of it counts once", async () => {
    await register(who, 0);
    await store(who, "once");
    await store(who, "twice");
    const then = await rowsOf(0);
    assert.equal((await move(who, 1)).status, 200);
    await store(who, "after");
    await travelBack(0, then);
    await sql(0, "DELETE FROM users");
    const moved = await move(who, 0);
    assert.equal(moved.status, 200, moved.text);
    assert.deepEqual(await custodianShares(call, who.clientId), ["after"]);
    const now = await rowsOf(0);
    assert.equal(now.users.length, 1);
    assert.deepEqual(await sql(1, "SELECT id FROM users"), []);
    for (const row of then.backup_share_versions) assert.ok(now.backup_share_versions.includes(row));
  });

  it("keeps the route that it has, and is told of: no walk over a home takes it away from the other", async () => {
    await register(who, 0);
    await store(who, "before");
    const then = await rowsOf(0);
    assert.equal((await move(who, 1)).status, 200);
    await store(who, "after");
    await travelBack(0, then);
    for (let walk = 0; walk < 2; walk++) await worker.scheduled();
    const routes = (await worker.directory.prepare("SELECT DISTINCT home FROM routes").all()).results;
    assert.deepEqual(routes, [{ home: 1 }]);
    assert.deepEqual(await custodianShares(call, who.clientId), ["after"]);
    const told = worker.logLines().filter(({ message }) => message === "a user is in two databases");
    assert.ok(told.some((line) => line.userId === who.id && line.binding === "DB" && line.other === "DB_1"));
  });

  it("of whom only a wrong route tells gets the right one", async () => {
    await register(who, 0);
    await worker.directory.prepare("UPDATE routes SET home = 2").run();
    await worker.scheduled();
    const routes = (await worker.directory.prepare("SELECT DISTINCT home FROM routes").all()).results;
    assert.deepEqual(routes, [{ home: 0 }]);
  });

  it("of whom only a wrong route tells keeps that while a registration is under way there: it may still come to its end", async () => {
    const routes = async () => (await worker.directory.prepare("SELECT DISTINCT home FROM routes").all()).results;
    await register(who, 0);
    await worker.directory.batch(
      [
        "UPDATE routes SET home = 2",
        `INSERT INTO claims (key, claim, at) SELECT key, 'under way', strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM routes`,
      ].map((text) => worker.directory.prepare(text)),
    );
    await worker.scheduled();
    assert.deepEqual(await routes(), [{ home: 2 }]);
    await worker.directory.prepare("UPDATE claims SET at = '2026-01-01T00:00:00.000Z'").run();
    for (let walk = 0; walk < 2; walk++) await worker.scheduled();
    assert.deepEqual(await routes(), [{ home: 0 }]);
  });
});

describe("a walk over a home", () => {
  it("enters every client of an id, also where a page ends between its rows", async () => {
    await sql(
      1,
      `WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 998)
       INSERT INTO users (id, client_id, created_at) SELECT printf('u%04d', n), printf('c%04d', n), '' FROM n`,
    );
    await sql(1, "INSERT INTO users (id, client_id, created_at) VALUES ('v', 'now', '')");
    for (const client of ["then", "before"])
      await sql(
        1,
        `INSERT INTO deleted_users (id, client_id, created_at, deleted_at) VALUES ('v', '${client}', '', '${client}')`,
      );
    await worker.scheduled();
    const { results } = await worker.directory.prepare("SELECT count(*) AS n FROM routes").all();
    assert.equal(results[0].n, 2 * 1000 + 2);
  });
});

describe("a walk over a home, while a user moves", () => {
  it("tells nobody of two databases, wherever in the walk the move ends", async () => {
    const worker = await startWorker({ homes: 2, main: inRoot("tests", "support", "faulty-entry.mjs") });
    after(() => worker.stop());
    const { admin } = callers(worker);
    const entry = await worker.entry();
    assert.equal((await admin("POST", "/users", { ...who, home: 0 })).status, 201);
    let batches = 0;
    for (let isHeld = true; isHeld; batches++) {
      const tag = `walk${batches}`;
      const directory = { plan: [...Array(batches).fill("pass"), "hold"] };
      const headers = { "x-test-faults": JSON.stringify({ tag, directory }) };
      let hasEnded = false;
      const walk = admin("POST", "/admin/directory/rebuild", {}, { headers }).finally(() => (hasEnded = true));
      do {
        await setTimeout(5);
        isHeld = (await entry.met(`${tag} directory`)).length > batches;
      } while (!isHeld && !hasEnded);
      assert.equal((await admin("POST", `/users/${who.id}/move`, { home: 1 })).status, 200);
      await entry.release(tag);
      assert.equal((await walk).status, 200);
      assert.equal((await admin("POST", `/users/${who.id}/move`, { home: 0 })).status, 200);
    }
    assert.ok(batches > 1, `${batches} batches`);
    const told = worker.logLines().filter(({ message }) => message === "a user is in two databases");
    assert.deepEqual(told, []);
  });
});

describe("an export, while users move", () => {
  const page = async (cursor) => {
    const { status, body, text } = await call.admin("GET", `/admin/export${cursor ? `?cursor=${cursor}` : ""}`);
    assert.equal(status, 200, text);
    return body;
  };

  it("has those who moved out of a database that was yet to come into one that was done", async () => {
    await register(user("stays"), 0);
    await register(who, 2);
    await store(who, "moved meanwhile");
    const first = await page();
    assert.ok(first.records.some((record) => JSON.stringify(record).includes(user("stays").id)));
    let { cursor } = await page(first.cursor); // The end of home 0.
    assert.equal((await move(who, 0)).status, 200);
    const records = [];
    while (cursor !== null) {
      const next = await page(cursor);
      records.push(...next.records);
      cursor = next.cursor;
    }
    assert.ok(records.some((record) => JSON.stringify(record).includes(who.clientId)));
  });

  it("goes through all once where nobody moves any more, though somebody has just moved", async () => {
    await register(who, 0);
    assert.equal((await move(who, 1)).status, 200);
    let records = [];
    for (let cursor = ""; cursor !== null; ) {
      const next = await page(cursor);
      records = [...records, ...next.records];
      cursor = next.cursor;
    }
    assert.equal(records.filter((record) => JSON.stringify(record).includes(who.clientId)).length, 1);
  });

  it("is refused in the end if they go on moving", async () => {
    await register(who, 0);
    let cursor = "";
    for (let pages = 0; ; pages++) {
      assert.ok(pages < 30);
      if (pages > 0) assert.equal((await move(who, pages % 2)).status, 200);
      const { status, body } = await call.admin("GET", `/admin/export${cursor ? `?cursor=${cursor}` : ""}`);
      if (status === 409) return;
      assert.equal(status, 200);
      assert.notEqual(body.cursor, null, "the export is not said to be whole");
      cursor = body.cursor;
    }
  });
});

/** The directory is lost, and filled anew from the homes; `at(cursor)` comes before each further page. */
async function rebuildDirectory(at = async () => {}) {
  await worker.directory.batch(["routes", "meta"].map((table) => worker.directory.prepare(`DELETE FROM ${table}`)));
  let cursor;
  do {
    const { status, body, text } = await call.admin("POST", "/admin/directory/rebuild", cursor ? { cursor } : {});
    assert.equal(status, 200, text);
    ({ cursor } = body);
    if (cursor !== null) await at(cursor);
  } while (cursor !== null);
}

describe("a rebuild of the directory, while users move", () => {
  let moved;
  /** Moves the user out of home 2, which is yet to come, into home 1, which is done. */
  const meanwhile = async (cursor) => {
    if (moved || !cursor.startsWith("2:")) return;
    moved = true;
    assert.equal((await move(who, 1)).status, 200);
  };
  beforeEach(async () => {
    moved = false;
    await register(who, 2);
  });

  it("leaves nobody unknown who moved out of a database that was yet to come", async () => {
    await rebuildDirectory(meanwhile);
    assert.ok(moved);
    const fresh = callers(worker.sibling("rebuilt"));
    assert.equal((await fresh.admin("GET", `/users/${who.id}`)).status, 200);
    assert.equal((await fresh.admin("POST", "/users", { ...who, home: 0 })).status, 200, "nobody is registered twice");
  });

  it("goes through all databases once more, and finds whom a move did not get to enter", async () => {
    await rebuildDirectory(async (cursor) => {
      if (moved || !cursor.startsWith("2:")) return;
      await meanwhile(cursor);
      await worker.directory.prepare("DELETE FROM routes").run();
    });
    const { results } = await worker.directory.prepare("SELECT home FROM routes").all();
    assert.deepEqual(results, [{ home: 1 }, { home: 1 }, { home: 1 }]);
  });
});

describe("an import of shares", () => {
  const imports = async (share) => {
    const record = { type: "custodianBackupShare", userId: who.id, backupMethod: "GDRIVE-SECP256K1", share };
    const { body, text } = await worker.send("POST", "/admin/import", {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "content-type": "application/x-ndjson" },
      body: JSON.stringify({ ...record, storedAt: "2026-01-01T00:00:00.000Z" }),
    });
    assert.deepEqual(
      body.results?.map(({ line, outcome }) => [line, outcome]),
      [[1, "new"]],
      text,
    );
    assert.deepEqual(await custodianShares(call, who.clientId), [share]);
  };
  beforeEach(() => register(who, 1));

  it("finds its user while the directory is blank", async () => {
    await worker.directory.batch(["routes", "meta"].map((table) => worker.directory.prepare(`DELETE FROM ${table}`)));
    try {
      await imports("while it is blank");
    } finally {
      await worker.directory.prepare("INSERT INTO meta (name, value) VALUES ('complete', '1')").run();
    }
  });

  it("finds its user where the route is wrong", async () => {
    await worker.directory.prepare("UPDATE routes SET home = 2").run();
    await imports("where the route is wrong");
  });
});

describe("a move that broke off at its source", () => {
  const mark = (home, state, other, until) =>
    worker.homes[home].batch(
      [
        ["user", who.id],
        ["client", who.clientId],
      ].map(([kind, value]) =>
        worker.homes[home]
          .prepare("INSERT INTO moves (kind, value, move, state, home, until) VALUES (?, ?, 'm', ?, ?, ?)")
          .bind(kind, value, state, other, until),
      ),
    );

  it("leaves its user in the directory that is rebuilt, also while the lease goes on", async () => {
    await register(who, 1);
    await mark(1, "leaving", 2, "2999-01-01T00:00:00.000Z");
    await rebuildDirectory();
    const { results } = await worker.directory.prepare("SELECT DISTINCT home FROM routes").all();
    assert.deepEqual(results, [{ home: 1 }]);
  });

  it("leaves its marks there as long as its lease goes on, and none once that has ended", async () => {
    await register(who, 1);
    await mark(1, "leaving", 2, "2999-01-01T00:00:00.000Z");
    await worker.scheduled();
    assert.equal((await marks(1)).length, 2);
    await sql(1, "UPDATE moves SET until = '2026-01-01T00:00:00.000Z'");
    await mark(2, "arriving", 1, "2026-01-01T00:00:00.000Z");
    await worker.scheduled();
    for (const home of [1, 2]) assert.deepEqual(await marks(home), []);
    await rebuildDirectory();
    assert.equal((await callers(worker.sibling("broken")).admin("GET", `/users/${who.id}`)).status, 200);
  });
});

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
const breaksOff = async () => {
  await sql(
    0,
    "CREATE TRIGGER too_long AFTER UPDATE OF until ON moves WHEN NEW.state = 'leaving' BEGIN UPDATE moves SET until = '2026-01-01T00:00:00.000Z' WHERE move = NEW.move; END",
  );
  try {
    await unswept(async () => assertProblem(await move(who, 1), 503, "unavailable"));
  } finally {
    await sql(0, "DROP TRIGGER too_long");
  }
};

describe("what a move that broke off has left at its target", () => {
  const anHourLater = async () => {
    await sql(1, "UPDATE moves SET until = '2026-01-01T00:00:00.000Z'");
    await worker.scheduled();
  };
  const NOTHING = Object.fromEntries(TABLES.map((table) => [table, []]));

  it("goes, also where the user has moved elsewhere since", async () => {
    await register(who, 0);
    await store(who, "kept");
    await breaksOff();
    assert.notDeepEqual(await rowsOf(1), NOTHING);
    assert.equal((await move(who, 2)).status, 200);
    await anHourLater();
    assert.deepEqual(await rowsOf(1), NOTHING);
    assert.deepEqual(await marks(1), []);
    assert.deepEqual(await custodianShares(call, who.clientId), ["kept"]);
  });

  it("goes, also where the user was erased since", async () => {
    await register(who, 0);
    await store(who, "gone");
    await breaksOff();
    assert.notDeepEqual(await rowsOf(1), NOTHING);
    assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
    await anHourLater();
    assert.deepEqual(await rowsOf(1), NOTHING);
    assert.deepEqual(await marks(1), []);
  });

  it("stays where the source went back to before the move: its newer shares are nowhere else", async () => {
    await register(who, 0);
    await store(who, "older");
    const then = await rowsOf(0);
    await store(who, "newer");
    assert.equal((await move(who, 1)).status, 200);
    await unheard(1, 0, who);
    await travelBack(0, then);
    const there = await rowsOf(1);
    await anHourLater();
    assert.deepEqual(await rowsOf(1), there);
    const told = worker.logLines().filter(({ step }) => step === "moves");
    assert.ok(told.some(({ cause }) => cause.includes(who.id) && cause.includes("DB_1")));
    // What docs/scale.md says to do: the target has the user, and so has the source, whose last event is older.
    await sql(1, "DELETE FROM moves WHERE state = 'arriving'");
    await sql(0, "DELETE FROM users");
    await worker.directory.prepare("UPDATE routes SET home = 1").run();
    assert.deepEqual(await custodianShares(callers(worker.sibling("settled")), who.clientId), ["newer"]);
  });
});

it("a move whose source has not held still to the end is 503, and no event says that the user has moved", async () => {
  await register(who, 0);
  await store(who, "kept");
  await breaksOff();
  assert.deepEqual(await sql(0, "SELECT outcome FROM audit_events WHERE action = 'move_user'"), []);
  assert.deepEqual(await marks(0), []);
  assert.deepEqual(await custodianShares(call, who.clientId), ["kept"]);
  assert.equal((await move(who, 1)).status, 200);
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
    await unswept(async () => assertProblem(await move(who, 1), 409, "conflict"));
    await sql(1, "DELETE FROM users WHERE id = 'x'");
    await store(who, "later");
    assert.equal((await move(who, 1)).status, 200);
    assert.deepEqual(await custodianShares(call, who.clientId), ["later"]);
    assert.equal((await sql(1, "SELECT * FROM backup_share_versions")).length, before.backup_share_versions.length + 1);
  });
});

/** The marks of a move that was broken off after its commit: neither target nor directory have heard of it. */
async function unheard(target, source, one) {
  const [{ move: id }] = await sql(source, "SELECT move FROM moves LIMIT 1");
  for (const [kind, value] of [
    ["user", one.id],
    ["client", one.clientId],
  ])
    await sql(
      target,
      "INSERT INTO moves (kind, value, move, state, home, until) VALUES (?, ?, ?, 'arriving', ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
      kind,
      value,
      id,
      source,
    );
}

describe("a move that was not finished", () => {
  /** A recovery's event in home 0 that came late, before the home gave the user up. */
  async function late({ id, clientId }) {
    const db = worker.homes[0];
    const kept = await sql(0, "SELECT * FROM moves");
    await db.batch([
      db.prepare("DELETE FROM moves"),
      db
        .prepare(
          `INSERT INTO audit_events (id, at, actor, action, user_id, client_id, outcome, request_id)
           VALUES ('late', '2026-01-01T00:00:00.000Z', 'portal', 'fetch_custodian_shares', ?, ?, 'fetched', 'r')`,
        )
        .bind(id, clientId),
      ...kept.map((mark) =>
        db
          .prepare(`INSERT INTO moves (${Object.keys(mark)}) VALUES (${Object.keys(mark).map(() => "?")})`)
          .bind(...Object.values(mark)),
      ),
    ]);
  }
  const arrived = (home) => sql(home, "SELECT 1 FROM audit_events WHERE id = 'late'");

  it("of a user who has moved on since gets its last events to where the user is, and keeps the home's upkeep going", async () => {
    await register(who, 0);
    assert.equal((await move(who, 1)).status, 200);
    assert.equal((await move(who, 2)).status, 200);
    await late(who);
    // Another one, whose other home is not there.
    await sql(
      0,
      "INSERT INTO moves (kind, value, move, state, home, until) VALUES ('user', 'x', 'x', 'arriving', 9, '2026')",
    );
    await worker.directory.prepare("UPDATE homes SET seen_at = NULL").run();
    await worker.scheduled();
    assert.equal((await arrived(2)).length, 1);
    const seen = (await worker.directory.prepare("SELECT seen_at FROM homes WHERE home = 0").all()).results;
    assert.notEqual(seen[0].seen_at, null, "home 0 was looked after to the end");
    assert.ok(worker.logLines().some(({ step }) => step === "moves"));
  });

  it("keeps no other from its end, however many there are whose other home is not there", async () => {
    const stuck = Array.from({ length: 20 }, (_, n) => `0-${n}`); // earlier moves
    for (const id of stuck)
      await sql(
        0,
        `INSERT INTO audit_events (id, at, actor, action, user_id, outcome, request_id)
         VALUES ('left by ' || ?1, '2026-01-01T00:00:00.000Z', 'portal', 'fetch_custodian_shares', ?1, 'fetched', 'r')`,
        id,
      );
    await register(who, 0);
    assert.equal((await move(who, 1)).status, 200);
    await late(who);
    const mark = "INSERT INTO moves (kind, value, move, state, home, until) VALUES ('user', ?1, ?1, 'moved', 9, ?2)";
    for (const id of stuck) await sql(0, mark, id, new Date().toISOString());
    for (let runs = 0; (await arrived(1)).length === 0; runs++) {
      assert.ok(runs < 20, "its turn never comes");
      await worker.scheduled();
    }
  });

  it("keeps the user's mark as long as events of the user are left, however long that is", async () => {
    await sql(
      0,
      `INSERT INTO audit_events (id, at, actor, action, user_id, outcome, request_id)
       VALUES ('left', '2026-01-01T00:00:00.000Z', 'portal', 'fetch_custodian_shares', 'y', 'fetched', 'r')`,
    );
    const mark = "INSERT INTO moves (kind, value, move, state, home, until) VALUES ('user', ?, ?, 'moved', 9, ?)";
    const [month, day] = [32, 30].map((days) => new Date(Date.now() - days * 86_400_000).toISOString());
    await sql(0, mark, "y", "y", month); // The other home is not there.
    await sql(0, mark, "z", "z", month);
    await sql(0, mark, "young", "young", day);
    await worker.scheduled();
    assert.deepEqual((await marks(0)).map(({ value }) => value).sort(), ["y", "young"]);
  });

  it("leads to its user while the directory is blank", async () => {
    await register(who, 0);
    await store(who, "kept");
    assert.equal((await move(who, 1)).status, 200);
    await unheard(1, 0, who);
    await worker.directory.batch(["routes", "meta"].map((table) => worker.directory.prepare(`DELETE FROM ${table}`)));
    try {
      const fresh = callers(worker.sibling("fresh"));
      assert.deepEqual(await custodianShares(fresh, who.clientId), ["kept"]);
      assert.equal((await fresh.admin("GET", `/users/${who.id}`)).status, 200);
    } finally {
      await worker.directory.prepare("INSERT INTO meta (name, value) VALUES ('complete', '1')").run();
    }
  });

  it("keeps the id of its user: nobody else registers under it meanwhile", async () => {
    await register(who, 0);
    await store(who, "kept");
    assert.equal((await move(who, 1)).status, 200);
    await unheard(1, 0, who);
    await worker.directory.prepare("UPDATE routes SET home = 0").run();
    const other = { ...user("other"), clientId: who.clientId };
    assertProblem(await call.admin("POST", "/users", { ...other, home: 2 }), 409, "conflict");
    assert.deepEqual(await custodianShares(call, who.clientId), ["kept"]);
  });
});

describe("a person who was purged", () => {
  it("leaves no route of an id behind in the directory, also if the purge had waited", async () => {
    const IDS = "SELECT hex(key) AS key FROM routes WHERE hex(key) < '03'"; // 01 is a client's, 02 a user's, 03 an API key's
    const routes = async () => (await worker.directory.prepare(IDS).all()).results;
    const others = await routes();
    await register(who, 1);
    await store(who, "share");
    assert.equal((await routes()).length, others.length + 2);
    assert.equal((await call.admin("DELETE", `/users/${who.id}`)).status, 204);
    await sql(
      1,
      "INSERT INTO purges (user_id, client_id, requested_at, purge_at) VALUES (?, ?, ?, ?)",
      who.id,
      who.clientId,
      "2026-01-01T00:00:00.000Z",
      "2026-01-02T00:00:00.000Z",
    );
    await worker.scheduled();
    assert.deepEqual(await sql(1, "SELECT * FROM deleted_users"), []);
    assert.deepEqual(await routes(), others);
  });

  it("keeps no other purge waiting where a route cannot be taken out of the directory", async () => {
    for (const one of [who, user("other")]) {
      await register(one, 1);
      assert.equal((await call.admin("DELETE", `/users/${one.id}`)).status, 204);
      await sql(1, "INSERT INTO purges VALUES (?, ?, '2026', '2026')", one.id, one.clientId);
    }
    await worker.directory
      .prepare("CREATE TRIGGER stuck BEFORE DELETE ON routes BEGIN SELECT RAISE(ABORT, 'stuck'); END")
      .run();
    try {
      await worker.scheduled();
    } finally {
      await worker.directory.prepare("DROP TRIGGER stuck").run();
    }
    assert.deepEqual(await sql(1, "SELECT * FROM deleted_users"), []);
    assert.ok(worker.logLines().some(({ step }) => step === "purge users"));
  });
});

describe("a user who has moved and was purged", () => {
  for (const home of [0, 2]) {
    it(`can register again in home ${home}`, async () => {
      await register(who, 0);
      await store(who, "once");
      assert.equal((await move(who, 1)).status, 200);
      assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
      await register(who, home);
      await store(who, "again");
      assert.deepEqual(await custodianShares(call, who.clientId), ["again"]);
    });
  }

  for (const [when, prepare] of [
    ["", () => {}],
    [", also when the other home's audit trail has ended", () => sql(1, "DELETE FROM audit_events")],
  ]) {
    it(`leaves no id behind in the home of before${when}`, async () => {
      await register(who, 0);
      assert.equal((await move(who, 1)).status, 200);
      assert.notDeepEqual(await marks(0), []);
      assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
      await prepare();
      await worker.scheduled();
      assert.deepEqual(await marks(0), []);
    });
  }

  it("leaves its marks where the other home went back to before the move: the user is not erased, but lost for now", async () => {
    await register(who, 0);
    const then = await rowsOf(1);
    assert.equal((await move(who, 1)).status, 200);
    await sql(1, "DELETE FROM users");
    await travelBack(1, then);
    for (const table of ["deleted_users", "backup_share_versions", "audit_events", "arrivals"])
      await sql(1, `DELETE FROM ${table}`);
    await worker.scheduled();
    assert.notDeepEqual(await marks(0), []);
  });
});

describe("what came just before a move held its user still", () => {
  it("is seen: a client that somebody else has by now stays theirs", async () => {
    await register(who, 0);
    await call.admin("DELETE", `/users/${who.id}`);
    const next = { ...user("next"), clientId: who.clientId };
    // Between the reading of the members and the lease.
    await sql(
      0,
      `CREATE TRIGGER registers BEFORE INSERT ON moves WHEN NEW.kind = 'user' AND NOT EXISTS (SELECT 1 FROM users)
       BEGIN INSERT INTO users (id, client_id, created_at) VALUES ('${next.id}', '${next.clientId}', ''); END`,
    );
    try {
      assertProblem(await move(who, 1), 503, "unavailable");
    } finally {
      await sql(0, "DROP TRIGGER registers");
    }
    assert.deepEqual(await marks(0), []);
    await store(next, "of the next one");
    assert.deepEqual(await custodianShares(call, next.clientId), ["of the next one"]);
  });
});
