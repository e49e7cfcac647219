// Imports over several databases.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { importOf } from "../support/bulk.mjs";
import { callers, user } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

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

  it("takes a share of somebody else of the database that a clashing id leads to", async () => {
    const [one, other, third] = ["one", "other", "third"].map(user);
    for (const [who, home] of [
      [one, 0],
      [other, 1],
      [third, 0],
    ])
      assert.equal((await call.admin("POST", "/users", { ...who, home })).status, 201);
    const { body } = await importOf(worker, [
      { type: "user", id: one.id, clientId: other.clientId },
      { type: "userBackupShare", userId: third.id, cipherText: "text", storedAt: "2026-01-01T00:00:00.000Z" },
    ]);
    assert.deepEqual(
      body.results.map(({ outcome }) => outcome),
      ["conflict", "new"],
    );
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
