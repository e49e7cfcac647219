// Users spread over three homes with a directory: routing, faults of either, wrong bindings, moving.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { assertProblem, callers, custodianShares, user } from "../support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS } from "../support/console.mjs";
import { startWorker } from "../support/harness.mjs";

const PLACES = { HOME_PLACES: "0=us,1=eu,2=eu" };

/** A whole backup of a user: two custodian shares and a cipher text. */
async function backUp({ portal, app }, who, text) {
  for (const curve of ["SECP256K1", "ED25519"]) {
    const share = { clientId: who.clientId, backupMethod: `GDRIVE-${curve}`, share: `${text} ${curve}` };
    assert.equal((await portal("/webhook/backup", share)).status, 204);
  }
  const stored = await app(who, "POST", `/users/${who.id}/user-backup-share`, {
    backupMethod: "GDRIVE",
    cipherText: text,
  });
  assert.equal(stored.status, 200, stored.text);
}

const recovered = async ({ app }, who) =>
  (await app(who, "GET", `/users/${who.id}/user-backup-share?backupMethod=GDRIVE`)).body.cipherText;

/** The home whose database has the user. */
async function homeOf(worker, who) {
  const found = [];
  for (const [home, db] of worker.homes.entries()) {
    if (await db.prepare("SELECT 1 FROM users WHERE id = ?").bind(who.id).first()) found.push(home);
  }
  assert.equal(found.length, 1, `${who.id} is in the homes [${found}]`);
  return found[0];
}

describe("where a user goes", () => {
  let worker;
  let call;
  before(async () => {
    worker = await startWorker({ homes: 3, vars: { ...PLACES, DEFAULT_PLACE: "eu" } });
    call = callers(worker);
  });
  after(() => worker?.stop());
  beforeEach(() => worker.clear());

  const register = (who, more) => call.admin("POST", "/users", { ...who, ...more });

  it("is a home of the place, of the default one, or the home that is named", async () => {
    for (let n = 0; n < 4; n++) {
      assert.equal((await register(user(`eu${n}`), { place: "eu" })).status, 201);
      assert.equal((await register(user(`us${n}`), { place: "us" })).status, 201);
      assert.equal((await register(user(`any${n}`))).status, 201);
      assert.ok((await homeOf(worker, user(`eu${n}`))) > 0);
      assert.equal(await homeOf(worker, user(`us${n}`)), 0);
      assert.ok((await homeOf(worker, user(`any${n}`))) > 0);
    }
    assert.equal((await register(user("two"), { home: 2 })).status, 201);
    assert.equal(await homeOf(worker, user("two")), 2);
  });

  it("is refused where there is no such place, home, or both are given", async () => {
    assertProblem(await register(user("a"), { place: "mars" }), 400, "invalid_field", { field: "place" });
    assertProblem(await register(user("a"), { home: 7 }), 400, "invalid_field", { field: "home" });
    assertProblem(await register(user("a"), { home: 1, place: "eu" }), 400, "invalid_field", { field: "home" });
    assert.deepEqual(await worker.sql("SELECT * FROM users"), []);
  });

  it("is where it is already, whatever place the same registration names now", async () => {
    await register(user("a"), { home: 0 });
    assert.equal((await register(user("a"), { place: "eu" })).status, 200);
    assert.equal(await homeOf(worker, user("a")), 0);
  });

  it("is no closed home, unless somebody of the same ids is there", async () => {
    const close = (state) => call.admin("PUT", "/admin/homes/1", { state });
    await register(user("there"), { home: 1 });
    assert.equal((await close("closed")).status, 200);
    assertProblem(await register(user("new"), { home: 1 }), 409, "conflict");
    assert.equal((await register(user("there"), { home: 1 })).status, 200);
    await call.admin("DELETE", `/users/${user("there").id}`);
    assert.equal((await register(user("there"))).status, 201);
    assert.equal(await homeOf(worker, user("there")), 1);
    assert.equal((await close("open")).status, 200);
    assert.equal((await register(user("new"), { home: 1 })).status, 201);
  });

  it("is no further home before everybody of home 0 is entered, whatever the operator says", async () => {
    await worker.homes[0].prepare("INSERT INTO users (id, client_id, created_at) VALUES ('old', 'old', '')").run();
    const put = (home, state) => call.admin("PUT", `/admin/homes/${home}`, { state });
    const set = (text) => worker.directory.prepare(text).run();
    await set("UPDATE homes SET state = 'new' WHERE home = 1");
    await set("UPDATE meta SET value = '0' WHERE name = 'complete'");
    assertProblem(await put(1, "open"), 409, "conflict");
    assert.equal((await put(1, "closed")).status, 200);
    assertProblem(await put(1, "open"), 409, "conflict");
    for (const state of ["closed", "open"]) assert.equal((await put(0, state)).status, 200);
    await set("UPDATE meta SET value = '1' WHERE name = 'complete'");
    assert.equal((await put(1, "open")).status, 200);
    assertProblem(await put(7, "open"), 404, "not_found");
  });

  it("is set by operators whose names are in its events: a database opened or closed, the directory filled anew", async () => {
    const events = (action) =>
      worker.sql("SELECT outcome, operator, reason FROM audit_events WHERE action = ? ORDER BY id", action);
    for (const state of ["closed", "open"]) {
      assert.equal((await call.admin("PUT", "/admin/homes/1", { state })).status, 200);
    }
    assertProblem(await call.admin("PUT", "/admin/homes/7", { state: "open" }), 404, "not_found");
    assert.deepEqual(await events("set_home_state"), [
      { outcome: "closed", operator: "admin", reason: "DB_1" },
      { outcome: "opened", operator: "admin", reason: "DB_1" },
    ]);
    for (let cursor; cursor !== null; ) {
      ({ cursor } = (await call.admin("POST", "/admin/directory/rebuild", { cursor })).body);
    }
    assert.deepEqual(await events("rebuild_directory"), [{ outcome: "rebuilt", operator: "admin", reason: null }]);
    const { events: shown } = (await call.admin("GET", "/audit?action=set_home_state")).body;
    assert.equal(shown.length, 2);
  });

  it("is 503 in a place whose databases are all closed: whoever runs it adds one", async () => {
    const set = async (state) => {
      for (const home of [1, 2]) assert.equal((await call.admin("PUT", `/admin/homes/${home}`, { state })).status, 200);
    };
    await set("closed");
    const refused = await register(user("new"), { place: "eu" });
    assertProblem(refused, 503, "unavailable");
    assert.match(refused.body.detail, /PUT \/admin\/homes\/:home.* --add-home\. Nothing was registered\.$/);
    await set("open");
    assert.equal((await register(user("new"), { place: "eu" })).status, 201);
  });

  it("is one home for an id, also where two registrations clash over it", async () => {
    await register(user("a"), { home: 0 });
    await register(user("b"), { home: 1 });
    const mixed = { id: user("a").id, clientId: user("b").clientId, clientApiKey: "another-key" };
    assertProblem(await register(mixed), 409, "conflict");
    const key = { ...user("c"), clientApiKey: user("a").clientApiKey };
    assertProblem(await register(key, { home: 2 }), 409, "conflict");
  });

  it("is found by the beginning of its client id, each once, page by page", async () => {
    const clients = ["c-6", "c-5", "c-4", "c-3", "c-2", "c-1"];
    for (const [n, clientId] of clients.entries()) {
      const who = { id: `user-${n}`, clientId, clientApiKey: `key-${n}` }; // ids and client ids in opposite orders
      assert.equal((await register(who, { home: n % 3 })).status, 201);
    }
    const found = [];
    for (let cursor = ""; cursor !== null; ) {
      const query = new URLSearchParams({ clientIdBegins: "c-", limit: "2", ...(cursor ? { cursor } : {}) });
      const { status, body } = await call.admin("GET", `/users?${query}`);
      assert.equal(status, 200);
      found.push(...body.users.map(({ clientId }) => clientId));
      cursor = body.cursor;
    }
    assert.deepEqual(found, clients.toReversed());
  });

  it("is told by the status, home by home", async () => {
    await register(user("a"), { home: 1 });
    const { body } = await call.admin("GET", "/admin/status");
    assert.deepEqual(
      body.homes.map(({ home, binding, place, state, users }) => [home, binding, place, state, users]),
      [
        [0, "DB", "us", "open", 0],
        [1, "DB_1", "eu", "open", 1],
        [2, "DB_2", "eu", "open", 0],
      ],
    );
    assert.equal(body.users, 1);
    assert.ok(body.homes.every(({ bytes, schema }) => bytes > 0 && schema >= 12));
    assert.equal((await call.admin("GET", "/admin/status?home=1")).body.homes.length, 1);
  });
});

describe("the round trips", () => {
  it("are one more where the route is not remembered, and no more where it is", async () => {
    const worker = await startWorker({ homes: 3, main: inRoot("tests", "support", "counting-entry.mjs") });
    after(() => worker.stop());
    const entry = await worker.entry();
    const call = callers(worker);
    const tripsOf = async (doing) => {
      await entry.taken();
      await doing();
      return (await entry.taken()).map(({ binding }) => binding);
    };
    // Known to the databases, and not to this isolate.
    for (const [home, name] of ["a", "b", "c"].entries()) {
      const { id, clientId } = user(name);
      await worker.homes[home]
        .prepare("INSERT INTO users (id, client_id, created_at) VALUES (?, ?, '2026-01-01T00:00:00.000Z')")
        .bind(id, clientId)
        .run();
    }
    await worker.scheduled();
    for (const [home, name] of ["a", "b", "c"].entries()) {
      const fetch = () => call.portal("/webhook/backup/fetch", { clientId: user(name).clientId });
      const binding = home === 0 ? "DB" : `DB_${home}`;
      assert.deepEqual(await tripsOf(fetch), ["DIRECTORY", binding]);
      assert.deepEqual(await tripsOf(fetch), [binding]);
    }
    assert.deepEqual(await tripsOf(() => call.portal("/webhook/backup/fetch", { clientId: "nobody" })), [
      "DIRECTORY",
      "DB",
      "DB", // has the one who is unknown moved away?
    ]);
  });
});

describe("a route that is out of date", () => {
  it("keeps no app from its user, who was erased in one database and is registered in another now", async () => {
    const worker = await startWorker({ homes: 3, siblings: { other: {} } });
    after(() => worker.stop());
    const [call, elsewhere] = [callers(worker), callers(worker.sibling("other"))];
    const who = user("again");
    assert.equal((await call.admin("POST", "/users", { ...who, home: 1 })).status, 201);
    await backUp(call, who, "before"); // this isolate remembers home 1
    const path = `/users/${who.id}`;
    assert.equal((await elsewhere.admin("DELETE", `${path}?purge=${who.clientId}`)).status, 204);
    assert.equal((await elsewhere.admin("POST", "/users", { ...who, home: 2 })).status, 201);
    await backUp(elsewhere, who, "since");
    const wrong = { ...who, clientApiKey: "a-key-that-nobody-has" };
    const ask = (as) => call.app(as, "GET", `${path}/user-backup-share?backupMethod=GDRIVE`);
    assertProblem(await ask(wrong), 401, "unauthorized");
    const answer = await ask(who);
    assert.deepEqual([answer.status, answer.body.cipherText], [200, "since"], answer.text);
    assert.deepEqual((await custodianShares(call, who.clientId)).toSorted(), ["since ED25519", "since SECP256K1"]);
  });
});

describe("when the directory", () => {
  let worker;
  let call;
  const people = Array.from({ length: 6 }, (_, n) => user(`p${n}`));
  before(async () => {
    worker = await startWorker({ homes: 3, main: inRoot("tests", "support", "faulty-entry.mjs") });
    call = callers(worker);
    for (const [n, who] of people.entries()) {
      assert.equal((await call.admin("POST", "/users", { ...who, home: n % 3 })).status, 201);
      await backUp(call, who, `of ${who.id}`);
    }
  });
  after(() => worker?.stop());

  const faults = (directory) => ({ headers: { "x-test-faults": JSON.stringify({ tag: "t", directory }) } });
  /** Another isolate would not remember: somebody whom this one does not know. */
  const stranger = async (home, name) => {
    const who = user(name);
    await worker.homes[home]
      .prepare("INSERT INTO users (id, client_id, created_at) VALUES (?, ?, '2026-01-01T00:00:00.000Z')")
      .bind(who.id, who.clientId)
      .run();
    return who;
  };

  for (const [what, directory] of [
    ["fails", { then: "fail" }],
    ["hangs", { then: "hang" }],
  ]) {
    it(`${what}, stores and recoveries go on, and registrations wait`, async () => {
      const who = await stranger(2, `unseen when it ${what}`.replaceAll(" ", "-"));
      const share = { clientId: who.clientId, backupMethod: "GDRIVE-SECP256K1", share: "kept" };
      assert.equal((await call.portal("/webhook/backup", share, faults(directory))).status, 204);
      const fetched = await call.portal("/webhook/backup/fetch", { clientId: who.clientId }, faults(directory));
      assert.deepEqual(fetched.body?.backupShares, ["kept"], fetched.text);
      for (const known of people) {
        const path = `/users/${known.id}/user-backup-share?backupMethod=GDRIVE`;
        const { body } = await call.app(known, "GET", path, undefined, faults(directory));
        assert.equal(body.cipherText, `of ${known.id}`);
      }
      assertProblem(
        await call.portal("/webhook/backup/fetch", { clientId: "nobody" }, faults(directory)),
        404,
        "unknown_client",
      );
      assertProblem(await call.admin("POST", "/users", user("late"), faults(directory)), 503, "unavailable");
      assert.deepEqual(await worker.sql("SELECT id FROM users WHERE id = ?", user("late").id), []);
    });
  }

  it("is blank, everybody is found, registrations wait; and it is rebuilt from the homes", async () => {
    const who = await stranger(1, "unseen-when-blank");
    await worker.directory.batch(
      ["routes", "homes", "meta"].map((table) => worker.directory.prepare(`DELETE FROM ${table}`)),
    );
    const share = { clientId: who.clientId, backupMethod: "GDRIVE-SECP256K1", share: "kept" };
    assert.equal((await call.portal("/webhook/backup", share)).status, 204);
    assert.deepEqual(await custodianShares(call, who.clientId), ["kept"]);
    assertProblem(await call.admin("POST", "/users", user("later")), 503, "unavailable");
    for (const known of people) assert.equal(await recovered(call, known), `of ${known.id}`);
    let cursor;
    do {
      const { status, body, text } = await call.admin("POST", "/admin/directory/rebuild", { cursor });
      assert.equal(status, 200, text);
      cursor = body.cursor;
    } while (cursor !== null);
    assert.equal((await call.admin("POST", "/users", user("later"))).status, 201);
    for (const known of people) {
      assert.equal((await call.admin("GET", `/users/${known.id}`)).status, 200);
    }
  });

  it("is wrong, everybody is found all the same", async () => {
    await worker.directory.prepare("UPDATE routes SET home = (home + 1) % 3").run();
    for (const known of people) {
      assert.equal((await call.admin("GET", `/users/${known.id}`)).status, 200, known.id);
      assert.equal(await recovered(call, known), `of ${known.id}`);
    }
  });
});

describe("when a home fails", () => {
  it("its users get 503, everybody else goes on, and keys are not counted in part", async () => {
    const worker = await startWorker({ homes: 3, main: inRoot("tests", "support", "faulty-entry.mjs") });
    after(() => worker.stop());
    const call = callers(worker);
    const [a, b] = [user("a"), user("b")];
    await call.admin("POST", "/users", { ...a, home: 1 });
    await call.admin("POST", "/users", { ...b, home: 2 });
    for (const who of [a, b]) await backUp(call, who, `of ${who.id}`);
    const down = { headers: { "x-test-faults": JSON.stringify({ tag: "d", home: 1, then: "fail" }) } };
    const ask = (who) =>
      call.app(who, "GET", `/users/${who.id}/user-backup-share?backupMethod=GDRIVE`, undefined, down);
    assertProblem(await ask(a), 503, "unavailable");
    assert.equal((await ask(b)).status, 200);
    // Whose API key it is cannot be told: no app may take its own for a wrong one.
    const withKeyOfA = { ...b, clientApiKey: a.clientApiKey };
    assertProblem(await ask(withKeyOfA), 503, "unavailable");
    assertProblem(await call.app(withKeyOfA, "GET", `/users/${b.id}/user-backup-share`), 403, "forbidden");
    const keys = await call.admin("GET", "/admin/keys", undefined, down);
    assertProblem(keys, 503, "unavailable");
    assert.match(keys.body.detail, /DB_1/);
    const { body } = await call.admin("GET", "/admin/keys");
    assert.equal(body.keys[0].shares, 6);
    // Nor does the status: a part of a sum looks like all of it.
    const whole = (await call.admin("GET", "/admin/status")).body;
    assert.deepEqual([whole.keys, whole.users, whole.left.rewrap], [[{ id: "k1", shares: 6 }], 2, 0]);
    const { body: part } = await call.admin("GET", "/admin/status", undefined, down);
    assert.deepEqual(
      [part.shares, part.keys, part.halfFinished, part.left, part.scrub, part.schema],
      [null, null, null, { rewrap: null, scrub: null, purges: null }, { at: null, checked: null, failed: null }, null],
    );
    assert.equal(part.homes[2].users, 1);
  });
});

describe("when another home fails", () => {
  it("what waits for a second operator is decided all the same", async () => {
    const worker = await startWorker({
      homes: 3,
      main: inRoot("tests", "support", "faulty-entry.mjs"),
      secrets: { OPERATOR_TOKENS },
      vars: { FOUR_EYES: "eject" },
    });
    after(() => worker.stop());
    const call = callers(worker);
    const who = user("a");
    assert.equal((await call.admin("POST", "/users", { ...who, home: 2 })).status, 201);
    const down = { "x-test-faults": JSON.stringify({ tag: "d", home: 1, then: "fail" }) };
    const decide = (method, id) =>
      worker.send(method, `/approvals/${id}`, { bearer: OPERATORS.chief.token, headers: down });
    const asked = async () => (await call.admin("POST", `/users/${who.id}/eject`, {})).body.id;
    const approved = await decide("POST", await asked());
    assert.equal(approved.status, 200, approved.text);
    assert.equal((await decide("DELETE", await asked())).status, 204);
    assertProblem(await decide("POST", "nobody-knows-it"), 503, "unavailable");
  });
});

describe("a cache that never answers", () => {
  it("keeps nobody from the database of theirs: the directory is asked", { timeout: 60_000 }, async () => {
    const worker = await startWorker({
      homes: 3,
      main: inRoot("tests", "support", "faulty-entry.mjs"),
      siblings: { other: {} },
    });
    after(() => worker.stop());
    const who = user("a");
    // By another isolate: this one does not know where the user is.
    const registered = await callers(worker.sibling("other")).admin("POST", "/users", { ...who, home: 2 });
    assert.equal(registered.status, 201, registered.text);
    await (await worker.entry()).hangCache();
    assert.deepEqual(await custodianShares(callers(worker), who.clientId), []);
  });
});

describe("a route in the data center's cache", () => {
  it("keeps nobody from a home that was rebuilt since: the directory says which database it is now", async () => {
    const worker = await startWorker({ homes: 3, main: inRoot("tests", "support", "crashing-entry.mjs") });
    after(() => worker.stop());
    const who = user("a");
    const call = callers(worker);
    /** A fresh instance of the isolate, which has met no home. */
    const forgets = () => worker.fetch("/healthz", { headers: { "x-test": "crash" } }).catch(() => {});
    assert.equal((await call.admin("POST", "/users", { ...who, home: 1 })).status, 201);
    await forgets();
    assert.deepEqual(await custodianShares(call, who.clientId), []); // Asks the directory, and fills the cache.
    for (const [db, put] of [
      [worker.homes[1], "UPDATE meta SET value = 'rebuilt' WHERE name = 'identity'"],
      [worker.directory, "UPDATE homes SET identity = 'rebuilt' WHERE home = 1"],
    ])
      await db.prepare(put).run();
    await forgets();
    assert.deepEqual(await custodianShares(call, who.clientId), []);
  });
});

describe("a binding that leads to another database", () => {
  it("is 503, and nothing is written", async () => {
    const worker = await startWorker({ homes: 3 });
    after(() => worker.stop());
    const call = callers(worker);
    await worker.homes[1].prepare("UPDATE meta SET value = '2' WHERE name = 'home'").run();
    await worker.homes[2].prepare("UPDATE meta SET value = '1' WHERE name = 'home'").run();
    assertProblem(await call.admin("POST", "/users", { ...user("a"), home: 1 }), 503, "misconfigured");
    assertProblem(await call.admin("GET", "/readyz"), 503, "misconfigured");
    assert.deepEqual(await worker.sql("SELECT * FROM users"), []);
  });

  it("by its identity too: a copy of the home is not the home", async () => {
    const worker = await startWorker({ homes: 3 });
    after(() => worker.stop());
    const call = callers(worker);
    await worker.homes[1].prepare("UPDATE meta SET value = 'another' WHERE name = 'identity'").run();
    assertProblem(await call.admin("POST", "/users", { ...user("a"), home: 1 }), 503, "misconfigured");
    assert.equal((await call.admin("POST", "/users", { ...user("b"), home: 2 })).status, 201);
    for (const [method, path, body] of [
      ["POST", `/users/${user("b").id}/move`, { home: 1 }],
      ["GET", "/admin/keys"],
      ["GET", "/users"],
      ["GET", "/users?home=1"],
      ["GET", "/admin/export"],
    ])
      assertProblem(await call.admin(method, path, body), 503, "misconfigured");
    const { results } = await worker.homes[1].prepare("SELECT kind FROM moves").all();
    assert.deepEqual(results, [], "no move has reached it");
  });

  it("nor does one take the home's place that was rebuilt in the place of none, or of another", async () => {
    const worker = await startWorker({ homes: 3 });
    after(() => worker.stop());
    const known = async () => (await worker.directory.prepare("SELECT home, identity FROM homes").all()).results;
    const before = await known();
    await worker.homes[1].prepare("UPDATE meta SET value = 'another' WHERE name = 'identity'").run();
    for (const replaces of [
      "DELETE FROM meta WHERE name = 'replaces'",
      "INSERT INTO meta VALUES ('replaces', 'a third')",
    ]) {
      await worker.homes[1].prepare(replaces).run();
      assertProblem(await callers(worker).admin("GET", "/readyz"), 503, "misconfigured");
      await worker.scheduled();
      assert.deepEqual(await known(), before, replaces);
    }
  });

  it("is no new home: neither one of another number, nor one with users that is no home yet", async () => {
    const worker = await startWorker({ homes: 3 });
    after(() => worker.stop());
    const db = worker.homes[2];
    await worker.directory.prepare("DELETE FROM homes WHERE home = 2").run();
    for (const given of [
      ["UPDATE meta SET value = '1' WHERE name = 'home'"],
      [
        "DELETE FROM meta WHERE name = 'spread'",
        "UPDATE meta SET value = '0' WHERE name = 'home'",
        "INSERT INTO users (id, client_id, created_at) VALUES ('theirs', 'theirs', '2026')",
      ],
    ]) {
      await db.batch(given.map((text) => db.prepare(text)));
      const meta = async () => (await db.prepare("SELECT * FROM meta WHERE name IN ('home', 'spread')").all()).results;
      const before = await meta();
      assertProblem(await callers(worker).admin("GET", "/readyz"), 503, "misconfigured");
      await worker.scheduled();
      assert.deepEqual(await meta(), before);
      assert.equal(await worker.directory.prepare("SELECT 1 FROM homes WHERE home = 2").first(), null);
    }
  });

  it("nor is a new database in the place of home 0: what it would count and list is not all", async () => {
    const worker = await startWorker({ homes: 3 });
    after(() => worker.stop());
    await worker.homes[0].prepare("UPDATE meta SET value = 'another' WHERE name = 'identity'").run();
    for (const path of ["/admin/keys", "/users"])
      assertProblem(await callers(worker).admin("GET", path), 503, "misconfigured");
  });

  it("of many is refused by a Worker that knows of one only", async () => {
    const worker = await startWorker({ homes: 1 });
    after(() => worker.stop());
    await worker.db.prepare("INSERT INTO meta (name, value) VALUES ('spread', '1')").run();
    const call = callers(worker);
    assertProblem(await call.portal("/webhook/backup/fetch", { clientId: "c" }), 503, "misconfigured");
  });

  it("without a directory stops the service", async () => {
    const worker = await startWorker({
      homes: 3,
      config: (config) => ({
        ...config,
        d1_databases: config.d1_databases.filter(({ binding }) => binding !== "DIRECTORY"),
      }),
    });
    after(() => worker.stop());
    assertProblem(await callers(worker).portal("/webhook/backup/fetch", { clientId: "c" }), 503, "misconfigured");
    assert.ok(worker.logLines().some(({ cause }) => /DIRECTORY/.test(cause ?? "")));
  });
});

describe("moving a user", () => {
  let worker;
  let call;
  const who = user("moving");
  before(async () => {
    worker = await startWorker({ homes: 3 });
    call = callers(worker);
  });
  after(() => worker?.stop());
  beforeEach(async () => {
    await worker.clear();
    assert.equal((await call.admin("POST", "/users", { ...who, home: 0 })).status, 201);
    await backUp(call, who, "first");
    await backUp(call, who, "second");
  });

  const TABLES = ["users", "custodian_backup_shares", "user_backup_shares", "backup_share_versions", "deleted_users"];
  const rowsOf = async (home) => {
    const rows = {};
    for (const table of TABLES) {
      const { results } = await worker.homes[home].prepare(`SELECT * FROM ${table}`).all();
      rows[table] = results.map((row) => JSON.stringify(row)).sort();
    }
    return rows;
  };
  const move = (home) => call.admin("POST", `/users/${who.id}/move`, { home });
  const nothing = Object.fromEntries(TABLES.map((table) => [table, []]));

  it("brings every row over, byte for byte, and leaves none", async () => {
    const before = await rowsOf(0);
    const moved = await move(2);
    assert.equal(moved.status, 200, moved.text);
    assert.deepEqual([moved.body.from, moved.body.home], [0, 2]);
    assert.deepEqual(await rowsOf(2), before);
    assert.deepEqual(await rowsOf(0), nothing);
    assert.equal(await recovered(call, who), "second");
    assert.equal((await custodianShares(call, who.clientId)).length, 2);
    assert.equal((await call.admin("GET", `/users/${who.id}/backups/history`)).body.versions.length, 3);
    const events = (await call.admin("GET", `/audit?userId=${who.id}&limit=100`)).body.events;
    assert.ok(events.some(({ action }) => action === "register_user"));
    assert.ok(events.some(({ action }) => action === "move_user"));
    await backUp(call, who, "third");
    assert.equal(await homeOf(worker, who), 2);
  });

  it("goes there and back again, and nowhere where it is", async () => {
    const before = await rowsOf(0);
    for (const home of [1, 2, 1, 0]) assert.equal((await move(home)).status, 200);
    assert.deepEqual(await rowsOf(0), before);
    assert.equal((await move(0)).body.rows, 0);
    assert.equal(await recovered(call, who), "second");
  });

  it("takes a deleted user along, who can be restored there", async () => {
    await call.admin("DELETE", `/users/${who.id}`);
    assert.equal((await move(1)).status, 200);
    assert.equal((await call.admin("POST", `/users/${who.id}/restore`)).status, 200);
    assert.equal(await homeOf(worker, who), 1);
    assert.equal(await recovered(call, who), "second");
  });

  it("refuses an unknown user and an unknown home", async () => {
    assertProblem(await call.admin("POST", "/users/nobody/move", { home: 1 }), 404, "unknown_user");
    assertProblem(await move(9), 400, "invalid_field", { field: "home" });
  });

  it("loses nothing while stores, fetches and moves go on at once", async () => {
    const stored = [];
    let going = true;
    const store = async (text) => {
      const share = { clientId: who.clientId, backupMethod: "GDRIVE-SECP256K1", share: text };
      const { status } = await call.portal("/webhook/backup", share);
      assert.ok([204, 503, 409].includes(status), `a store: ${status}`);
      if (status === 204) stored.push(text);
    };
    const stores = (async () => {
      for (let n = 0; going; n++) await store(`s${n}`);
    })();
    const fetches = (async () => {
      while (going) assert.equal(await recovered(call, who), "second");
    })();
    const moves = [];
    for (const home of [1, 2, 0, 1]) {
      const both = await Promise.all([move(home), move((home + 1) % 3)]);
      for (const { status } of both) assert.ok([200, 409, 503].includes(status), `a move: ${status}`);
      moves.push(...both.map(({ status }) => status));
    }
    going = false;
    await Promise.all([stores, fetches]);
    assert.ok(moves.includes(200));
    assert.ok(stored.length > 0);
    assert.ok((await custodianShares(call, who.clientId)).includes(stored.at(-1)));
    await homeOf(worker, who);
    const { count } = await worker.db
      .prepare(
        "SELECT (SELECT count(*) FROM backup_share_versions WHERE backup_method = 'GDRIVE-SECP256K1') + (SELECT count(*) FROM custodian_backup_shares WHERE backup_method = 'GDRIVE-SECP256K1') AS count",
      )
      .first();
    assert.equal(count, stored.length + 2, "each acknowledged share is kept, the last two of before too");
  });

  it("that broke off leaves the user where it was, and is swept away or finished", async () => {
    const before = await rowsOf(0);
    // As a move leaves it whose Worker vanished before the source gave the user up.
    const marks = (home, state, other) =>
      worker.homes[home].batch(
        [
          ["user", who.id],
          ["client", who.clientId],
        ].map(([kind, value]) =>
          worker.homes[home]
            .prepare(
              "INSERT INTO moves (kind, value, move, state, home, until) VALUES (?, ?, 'm', ?, ?, '2026-01-01T00:00:00.000Z')",
            )
            .bind(kind, value, state, other),
        ),
      );
    await marks(0, "leaving", 1);
    await marks(1, "arriving", 0);
    await worker.homes[1]
      .prepare("INSERT INTO users (id, client_id, created_at) VALUES (?, ?, '')")
      .bind(who.id, who.clientId)
      .run();
    assert.equal(await recovered(call, who), "second");
    await worker.scheduled();
    assert.deepEqual(await rowsOf(1), nothing);
    assert.deepEqual(await rowsOf(0), before);
    assert.equal((await move(1)).status, 200);
    assert.deepEqual(await rowsOf(1), before);
  });

  it("that broke off after the source gave the user up is finished by whoever comes", async () => {
    await move(1);
    // The target has not heard of it yet, nor has the directory.
    for (const [kind, value] of [
      ["user", who.id],
      ["client", who.clientId],
    ]) {
      await worker.homes[1]
        .prepare(
          "INSERT INTO moves (kind, value, move, state, home, until) SELECT kind, value, move, 'arriving', 0, until FROM (SELECT ? AS kind, ? AS value, ? AS move, until FROM (SELECT '' AS until))",
        )
        .bind(kind, value, (await worker.homes[0].prepare("SELECT move FROM moves").first()).move)
        .run();
    }
    await worker.directory.prepare("UPDATE routes SET home = 0").run();
    assert.equal(await recovered(call, who), "second");
    assert.equal((await custodianShares(call, who.clientId)).length, 2);
    const { results } = await worker.homes[1].prepare("SELECT * FROM moves").all();
    assert.deepEqual(results, []);
  });
});
