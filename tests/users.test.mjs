// Users, as operators register, find, list and delete them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, beforeEach, describe, test } from "node:test";

import { assertCommonHeaders, assertProblem, callers, custodianShares, user } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const worker = await startWorker();
const { portal, app, admin, register } = callers(worker);
const [ada, bob] = [user("ada"), user("bob")];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

after(() => worker.stop());
beforeEach(() => worker.clear());

const shown = ({ id, clientId }, createdAt) => ({ id, clientId, createdAt });

describe("registering", () => {
  test("a new user is 201, with its id, client id and time", async () => {
    const answer = await admin("POST", "/users", ada);
    assert.equal(answer.status, 201);
    assert.deepEqual(answer.body, shown(ada, answer.body.createdAt));
    assert.match(answer.body.createdAt, TIME);
    assert.match(answer.headers.get("content-type"), /^application\/json/);
    assertCommonHeaders(answer);
  });

  test("the same again is 200 and the same user", async () => {
    const first = await admin("POST", "/users", ada);
    for (const again of [
      ada,
      { ...ada, unknown: "field" },
      { clientId: ada.clientId, clientApiKey: ada.clientApiKey },
    ]) {
      const answer = await admin("POST", "/users", again);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.body, first.body);
    }
    assert.equal((await worker.sql("SELECT * FROM users")).length, 1);
  });

  test("without an id one is made, that serves as any other", async () => {
    const { status, body } = await admin("POST", "/users", { clientId: ada.clientId, clientApiKey: ada.clientApiKey });
    assert.equal(status, 201);
    assert.match(body.id, /^[0-9a-f-]{36}$/);
    const stored = await app(ada, "POST", `/users/${body.id}/user-backup-share`, { cipherText: "c" });
    assert.equal(stored.status, 200);
  });

  test("a clash with another user is 409, and changes nothing", async () => {
    await register(ada, bob);
    const before = await worker.sql("SELECT * FROM users ORDER BY id");
    for (const clash of [
      { ...ada, id: "another" },
      { ...ada, clientId: "another" },
      { ...ada, clientApiKey: "another" },
      { ...bob, id: ada.id },
      { ...bob, clientId: ada.clientId },
      { id: "new", clientId: "new", clientApiKey: ada.clientApiKey },
      { id: ada.id, clientId: "new", clientApiKey: "new" },
      { id: "new", clientId: ada.clientId, clientApiKey: "new" },
    ]) {
      assertProblem(await admin("POST", "/users", clash), 409, "conflict", { what: JSON.stringify(clash) });
    }
    assert.deepEqual(await worker.sql("SELECT * FROM users ORDER BY id"), before);
    assert.deepEqual(await worker.sql("SELECT outcome, count(*) AS n FROM audit_events GROUP BY outcome ORDER BY n"), [
      { outcome: "registered", n: 2 },
      { outcome: "conflict", n: 8 },
    ]);
  });

  test("50 at once for one client id register exactly one user", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => admin("POST", "/users", { ...ada, id: `id-${index % 5}` })),
    );
    const statuses = Map.groupBy(answers, ({ status }) => status);
    assert.equal(statuses.get(201)?.length, 1, JSON.stringify([...statuses.keys()]));
    assert.deepEqual(
      [...statuses.keys()].filter((status) => ![200, 201, 409].includes(status)),
      [],
    );
    assert.equal((await worker.sql("SELECT * FROM users")).length, 1);
  });

  test("the same 50 times at once is one 201, and 200 for the others", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => admin("POST", "/users", ada)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(49).fill(200), 201]);
    assert.deepEqual(
      (await worker.sql("SELECT outcome, count(*) AS n FROM audit_events GROUP BY outcome ORDER BY n")).map(
        ({ outcome, n }) => [outcome, n],
      ),
      [
        ["registered", 1],
        ["unchanged", 49],
      ],
    );
  });

  test("the API key is kept as a hash only", async () => {
    await register(ada);
    const [row] = await worker.sql("SELECT * FROM users");
    assert.equal(row.client_api_key_hash, createHash("sha256").update(ada.clientApiKey).digest("hex"));
    assert.ok(!JSON.stringify(row).includes(ada.clientApiKey));
  });
});

describe("finding", () => {
  test("by id", async () => {
    await register(ada, bob);
    const { status, body } = await admin("GET", `/users/${ada.id}`);
    assert.equal(status, 200);
    assert.deepEqual(body, shown(ada, body.createdAt));
  });

  test("by client id gives one user or none", async () => {
    await register(ada, bob);
    const { status, body } = await admin("GET", `/users?clientId=${bob.clientId}`);
    assert.equal(status, 200);
    assert.deepEqual(body, { users: [shown(bob, body.users[0].createdAt)], cursor: null });
    for (const clientId of ["nobody", bob.clientId.toUpperCase(), bob.id]) {
      assert.deepEqual((await admin("GET", `/users?clientId=${clientId}`)).body, { users: [], cursor: null });
    }
  });

  test("one that is not there is 404", async () => {
    await register(ada);
    for (const id of ["nobody", ada.clientId, ada.id.toUpperCase()])
      assertProblem(await admin("GET", `/users/${id}`), 404, "unknown_user");
  });
});

describe("listing", () => {
  test("no users are an empty page", async () => {
    assert.deepEqual((await admin("GET", "/users")).body, { users: [], cursor: null });
  });

  test("page by page every user comes once, in order, whatever the page's size", async () => {
    const users = Array.from({ length: 7 }, (_, index) => user(`ü ${index}/&`));
    await register(...users);
    const wanted = users.map(({ id }) => id).sort();
    for (const limit of [1, 2, 3, 6, 7, 8, 100]) {
      const seen = [];
      let cursor = null;
      let pages = 0;
      do {
        const { body, status, text } = await admin(
          "GET",
          `/users?limit=${limit}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        assert.equal(status, 200, text);
        assert.ok(body.users.length <= limit);
        seen.push(...body.users.map(({ id }) => id));
        cursor = body.cursor;
        pages += 1;
      } while (cursor !== null);
      assert.deepEqual(seen, wanted, `limit ${limit}`);
      assert.equal(pages, Math.ceil(7 / limit), `limit ${limit}`);
    }
  });

  test("a user registered or deleted between two pages breaks nothing", async () => {
    await register(...["a", "c", "e"].map(user));
    const first = (await admin("GET", "/users?limit=2")).body;
    await admin("DELETE", `/users/${user("c").id}`);
    await register(user("d"));
    const second = (await admin("GET", `/users?limit=2&cursor=${encodeURIComponent(first.cursor)}`)).body;
    assert.deepEqual(
      second.users.map(({ id }) => id),
      [user("d").id, user("e").id],
    );
  });
});

describe("deleting", () => {
  test("a user is gone with its shares, and the other users stay", async () => {
    await register(ada, bob);
    for (const who of [ada, bob]) {
      await portal("/webhook/backup", { clientId: who.clientId, share: `of ${who.id}` });
      await app(who, "POST", `/users/${who.id}/user-backup-share`, { cipherText: `of ${who.id}` });
    }
    const answer = await admin("DELETE", `/users/${ada.id}`);
    assert.equal(answer.status, 204);
    assert.equal(answer.text, "");
    assertCommonHeaders(answer);
    assertProblem(await admin("GET", `/users/${ada.id}`), 404, "unknown_user");
    assertProblem(await admin("DELETE", `/users/${ada.id}`), 404, "unknown_user");
    assertProblem(await portal("/webhook/backup/fetch", { clientId: ada.clientId }), 404, "unknown_client");
    assertProblem(await app(ada, "GET", `/users/${ada.id}/user-backup-share`), 401, "unauthorized");
    assert.deepEqual(await custodianShares({ portal }, bob.clientId), [`of ${bob.id}`]);
    assert.equal((await app(bob, "GET", `/users/${bob.id}/user-backup-share`)).body.cipherText, `of ${bob.id}`);
  });

  test("the same ids may be registered anew, and hold nothing of before", async () => {
    await register(ada);
    await portal("/webhook/backup", { clientId: ada.clientId, share: "old" });
    await app(ada, "POST", `/users/${ada.id}/user-backup-share`, { cipherText: "old" });
    await admin("DELETE", `/users/${ada.id}`);
    await register({ ...ada, clientApiKey: "another-key" });
    assert.deepEqual(await custodianShares({ portal }, ada.clientId), []);
    const anew = { ...ada, clientApiKey: "another-key" };
    assertProblem(await app(anew, "GET", `/users/${ada.id}/user-backup-share`), 404, "not_found");
    assertProblem(await app(ada, "GET", `/users/${ada.id}/user-backup-share`), 401, "unauthorized");
  });
});

describe("another API key", () => {
  const replace = (who, clientApiKey) =>
    admin("PUT", `/users/${encodeURIComponent(who.id)}/client-api-key`, { clientApiKey });
  const shareOf = (who, clientApiKey) => app({ ...who, clientApiKey }, "GET", `/users/${who.id}/user-backup-share`);

  test("takes the old one's place at once, and the user keeps its shares", async () => {
    await register(ada);
    await portal("/webhook/backup", { clientId: ada.clientId, share: "c1" });
    await app(ada, "POST", `/users/${ada.id}/user-backup-share`, { cipherText: "u1" });
    for (const what of ["another", "the same again"]) {
      const { status, body } = await replace(ada, "another-key");
      assert.equal(status, 200, what);
      assert.deepEqual(body, shown(ada, body.createdAt));
    }
    assertProblem(await shareOf(ada, ada.clientApiKey), 401, "unauthorized");
    assert.equal((await shareOf(ada, "another-key")).body.cipherText, "u1");
    assert.deepEqual(await custodianShares({ portal }, ada.clientId), ["c1"]);
  });

  test("may be one that a user had before, not one that another has", async () => {
    await register(ada, bob);
    assertProblem(await replace(ada, bob.clientApiKey), 409, "conflict");
    assert.equal((await shareOf(ada, ada.clientApiKey)).status, 404, "the old one is good still");
    await replace(ada, "another-key");
    await replace(ada, ada.clientApiKey);
    assert.equal((await shareOf(ada, ada.clientApiKey)).status, 404);
    assertProblem(await shareOf(ada, "another-key"), 401, "unauthorized");
  });

  test("of nobody is 404, one that is none 400", async () => {
    assertProblem(await replace(ada, "another-key"), 404, "unknown_user");
    await register(ada);
    for (const key of ["", "two words", "naïve", 5, null, "x".repeat(1025)])
      assertProblem(await replace(ada, key), 400, "invalid_field", { field: "clientApiKey" });
    assert.equal((await shareOf(ada, ada.clientApiKey)).status, 404);
  });

  test("comes back with a user who is deleted and restored", async () => {
    await register(ada);
    await replace(ada, "another-key");
    await admin("DELETE", `/users/${ada.id}`);
    await admin("POST", `/users/${ada.id}/restore`);
    assert.equal((await shareOf(ada, "another-key")).status, 404);
    assertProblem(await shareOf(ada, ada.clientApiKey), 401, "unauthorized");
  });
});

describe("who may", () => {
  const calls = [
    ["POST", "/users", ada],
    ["GET", "/users"],
    ["GET", `/users/${bob.id}`],
    ["DELETE", `/users/${bob.id}`],
  ];

  test("an operator only: not a user, not Portal, not somebody who knows part of the token", async () => {
    await register(bob);
    for (const [method, path, body] of calls) {
      for (const bearer of [
        undefined,
        bob.clientApiKey,
        SECRETS.WEBHOOK_SECRET,
        SECRETS.ADMIN_TOKEN.slice(0, -1),
        `${SECRETS.ADMIN_TOKEN}x`,
        SECRETS.ADMIN_TOKEN.toUpperCase(),
      ]) {
        assertProblem(await worker.send(method, path, { body, bearer }), 401, "unauthorized", {
          what: `${method} ${path} ${bearer}`,
        });
      }
    }
    assert.equal((await worker.sql("SELECT * FROM users")).length, 1);
  });

  test("without ADMIN_TOKEN nobody: the operator API is 503, the rest goes on", async (t) => {
    const other = await startWorker({ secrets: { ADMIN_TOKEN: null } });
    t.after(() => other.stop());
    for (const [method, path, body] of calls) {
      for (const bearer of [undefined, "", "undefined", "null", SECRETS.ADMIN_TOKEN]) {
        const answer = await other.send(method, path, { body, bearer });
        assertProblem(answer, 503, "misconfigured", { what: `${method} ${path} ${bearer}` });
        assert.match(answer.body.detail, /ADMIN_TOKEN/);
      }
    }
    assertProblem(await callers(other).portal("/webhook/backup/fetch", { clientId: "c" }), 404, "unknown_client");
  });
});
