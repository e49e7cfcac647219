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
