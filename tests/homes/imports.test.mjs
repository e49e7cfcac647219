// Imports over several databases.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { importOf } from "../support/bulk.mjs";
import { assertProblem, callers, user } from "../support/client.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

describe("an import over several databases", () => {
  let worker;
  let entry;
  let call;
  before(async () => {
    worker = await startWorker({
      homes: 3,
      main: inRoot("tests", "support", "counting-entry.mjs"),
      vars: { HOME_PLACES: "0=eu,1=us,2=us", DEFAULT_PLACE: "eu" },
    });
    entry = await worker.entry();
    call = callers(worker);
  });
  after(() => worker?.stop());
  beforeEach(() => worker.clear());

  it("takes a user and a deletion of the same ids, as an export has them, in one request", async () => {
    const who = user("again");
    const { status, body, text } = await importOf(worker, [
      { type: "user", ...who, createdAt: "2020-01-01T00:00:00.000Z", deletedAt: "2020-06-01T00:00:00.000Z" },
      { type: "user", ...who, createdAt: "2021-01-01T00:00:00.000Z" },
    ]);
    assert.equal(status, 200, text);
    assert.deepEqual(
      body.results.map(({ outcome }) => outcome),
      ["new", "new"],
    );
  });

  it("takes a deletion whose API key another user has by now, in another database", async () => {
    const [gone, other] = [user("gone"), { ...user("other"), clientApiKey: user("gone").clientApiKey }];
    for (const [one, home] of [
      [{ ...gone, clientApiKey: "key-of-the-one-who-is-there" }, 0],
      [other, 1],
    ])
      assert.equal((await call.admin("POST", "/users", { ...one, home })).status, 201);
    const { body, text } = await importOf(worker, [
      { type: "user", ...gone, createdAt: "2020-01-01T00:00:00.000Z", deletedAt: "2020-06-01T00:00:00.000Z" },
      {
        type: "userBackupShare",
        id: "version",
        userId: gone.id,
        clientId: gone.clientId,
        cipherText: "of the one who is gone",
        storedAt: "2020-02-01T00:00:00.000Z",
        supersededAt: "2020-06-01T00:00:00.000Z",
        reason: "deleted",
      },
    ]);
    assert.deepEqual(
      body.results.map(({ outcome }) => outcome),
      ["new", "new"],
      text,
    );
  });

  it("of a user whose id leads to one database and whose client leads to another is a conflict, and of nobody else", async () => {
    const [one, other, there] = ["one", "other", "there"].map(user);
    const before = user("before"); // comes before the clash, in the same home
    for (const [who, home] of [
      [one, 0],
      [other, 1],
      [there, 0],
      [before, 0],
    ])
      assert.equal((await call.admin("POST", "/users", { ...who, home })).status, 201);
    const shareOf = (who) => ({
      type: "userBackupShare",
      userId: who.id,
      cipherText: "text",
      storedAt: "2026-01-01T00:00:00.000Z",
    });
    const clash = { type: "user", id: one.id, clientId: other.clientId };
    const [fresh, fresher] = ["fresh", "fresher"].map(user);
    const results = async (records, query) => {
      const { status, body, text } = await importOf(worker, records, query);
      assert.equal(status, 200, text);
      return body.results.map(({ line, outcome }) => [line, outcome]);
    };
    const records = [
      { type: "user", ...fresh },
      { type: "user", ...before },
      clash,
      shareOf(one),
      { type: "user", ...there },
      shareOf(there),
      shareOf(fresh),
      { type: "user", ...fresher },
    ];
    const expected = ["new", "same", "conflict", "conflict", "same", "new", "new", "new"];
    assert.deepEqual(
      await results(records),
      expected.map((outcome, at) => [at + 1, outcome]),
    );
    assert.deepEqual(await worker.sql("SELECT user_id FROM user_backup_shares ORDER BY user_id"), [
      { user_id: fresh.id },
      { user_id: there.id },
    ]);
  });

  it("takes others of the database that a clashing id leads to, whether their records or their shares come", async () => {
    const [one, other, third, fourth] = ["one", "other", "third", "fourth"].map(user);
    for (const [who, home] of [
      [one, 0],
      [other, 1],
      [third, 0],
      [fourth, 0],
    ])
      assert.equal((await call.admin("POST", "/users", { ...who, home })).status, 201);
    const outcomes = async (...records) => (await importOf(worker, records)).body.results.map(({ outcome }) => outcome);
    const clash = { type: "user", id: one.id, clientId: other.clientId };
    const share = { type: "userBackupShare", cipherText: "text", storedAt: "2026-01-01T00:00:00.000Z" };
    assert.deepEqual(await outcomes(clash, { type: "user", ...third }), ["conflict", "same"]);
    assert.deepEqual(await outcomes(clash, { ...share, userId: fourth.id }), ["conflict", "new"]);
  });

  it("claims nothing for a dry run", async () => {
    const who = user("foreseen");
    const { status, body } = await importOf(worker, [{ type: "user", ...who }], "?dryRun=true");
    assert.deepEqual([status, body.results.map(({ outcome }) => outcome)], [200, ["new"]]);
    for (const table of ["routes", "claims"]) {
      const { results } = await worker.directory.prepare(`SELECT * FROM ${table}`).all();
      assert.deepEqual(results, [], table);
    }
    assert.equal((await call.admin("GET", `/users/${who.id}`)).status, 404);
  });

  it("asks as often for users who are there, whatever place they are in", async () => {
    const tripsOf = async (place) => {
      const people = Array.from({ length: 20 }, (_, n) => user(`${place}${n}`));
      for (const who of people) {
        const made = await call.admin("POST", "/users", { ...who, home: place === "eu" ? 0 : 1 });
        assert.equal(made.status, 201, made.text);
      }
      await entry.taken();
      const { status, text } = await importOf(
        worker,
        people.map((who) => ({ type: "user", ...who })),
      );
      assert.equal(status, 200, text);
      return (await entry.taken()).length;
    };
    assert.equal(await tripsOf("us"), await tripsOf("eu"));
  });
});

describe("an import whose user another registration comes upon before it is carried out", () => {
  it("is 503 and takes nobody in; made again it does", async () => {
    const worker = await startWorker({ homes: 3, main: inRoot("tests", "support", "faulty-entry.mjs") });
    after(() => worker.stop());
    const entry = await worker.entry();
    const { admin } = callers(worker);
    const [late, other] = ["late", "other"].map(user);
    const imports = (faults = {}) =>
      worker.send("POST", "/admin/import", {
        bearer: SECRETS.ADMIN_TOKEN,
        headers: { "content-type": "application/x-ndjson", "x-test-faults": JSON.stringify(faults) },
        body: JSON.stringify({ type: "user", ...late }),
      });
    const importing = imports({ tag: "late", plan: ["hold"] });
    while ((await entry.met("late")).length === 0) await setTimeout(5);
    const [{ home }] = (await worker.directory.prepare("SELECT DISTINCT home FROM routes").all()).results;
    assert.equal((await admin("POST", "/users", { ...other, home: (home + 1) % 3 })).status, 201);
    const clash = await admin("POST", "/users", { ...other, id: late.id });
    assert.equal(clash.status, 409, clash.text);
    await entry.release("late");
    const overtaken = await importing;
    assert.equal(overtaken.status, 503, overtaken.text);
    assert.deepEqual(await worker.sql("SELECT id FROM users"), [{ id: other.id }]);
    const again = await imports();
    assert.deepEqual(
      again.body?.results?.map(({ outcome }) => outcome),
      ["new"],
      again.text,
    );
    assert.equal((await admin("GET", `/users/${late.id}`)).status, 200);
  });
});

describe("an import while a user of its page moves to another database", () => {
  it("is 503 and says that the same page passes; sent again it does", async () => {
    const worker = await startWorker({ homes: 3, main: inRoot("tests", "support", "faulty-entry.mjs") });
    after(() => worker.stop());
    const entry = await worker.entry();
    const { admin } = callers(worker);
    const [mover, stays] = ["mover", "stays"].map(user);
    for (const who of [mover, stays]) assert.equal((await admin("POST", "/users", { ...who, home: 0 })).status, 201);
    const records = [mover, stays].map((who) => ({ type: "user", ...who }));
    const importing = importOf(worker, records, "", {
      "x-test-faults": JSON.stringify({ tag: "page", directory: { plan: ["pass", "hold"] } }),
    });
    while ((await entry.met("page directory")).length < 2) await setTimeout(5);
    const moved = await admin("POST", `/users/${mover.id}/move`, { home: 1 });
    assert.equal(moved.status, 200, moved.text);
    await entry.release("page");
    const overtaken = await importing;
    assertProblem(overtaken, 503, "unavailable");
    assert.match(overtaken.body.detail, /Send the same records again/);
    const { body, text } = await importOf(worker, records);
    assert.deepEqual(
      body.results?.map(({ outcome }) => outcome),
      ["same", "same"],
      text,
    );
  });
});
