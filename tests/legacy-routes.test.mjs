// /clients/:clientId/backup, as Portal's guides print it from before multi-backup.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import { assertCommonHeaders, assertProblem, callers, storedRows, user } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { json, startServer, toLoopback } from "./support/identity.mjs";
import { OBJECTS, STRINGS } from "./support/shares.mjs";

const worker = await startWorker();
const { app, register } = callers(worker);
const [ada, bob] = [user("ada"), user("bob/b")];
const path = (who) => `/clients/${encodeURIComponent(who.clientId)}/backup`;

after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await register(ada, bob);
});

describe("every form of the guides is taken, and comes back under both names", () => {
  const FORMS = {
    "the guide's server and iOS": (backupShare) => ({ backupShare }),
    "web and React Native, in axios' data wrapper": (backupShare) => ({ data: { backupShare } }),
    "the later name": (cipherText) => ({ cipherText }),
  };
  for (const [form, body] of Object.entries(FORMS)) {
    test(form, async () => {
      for (const who of [ada, bob]) {
        const stored = await app(who, "POST", path(who), body(`of ${who.id}`));
        assert.equal(stored.status, 200, stored.text);
        assertCommonHeaders(stored);
        const answer = await app(who, "GET", path(who));
        assert.equal(answer.status, 200, answer.text);
        assertCommonHeaders(answer);
        assert.deepEqual(answer.body, { cipherText: `of ${who.id}`, backupShare: `of ${who.id}` });
      }
    });
  }

  test("byte for byte", async () => {
    for (const [what, text] of Object.entries(STRINGS)) {
      await app(ada, "POST", path(ada), { backupShare: text });
      assert.equal((await app(ada, "GET", path(ada))).body.backupShare, text, what);
    }
    for (const [what, text] of Object.entries(OBJECTS)) {
      await app(ada, "POST", path(ada), `{"backupShare":${text}}`);
      assert.equal((await app(ada, "GET", path(ada))).body.cipherText, text, what);
    }
  });
});

test("it is the user's backup under UNKNOWN, or under the method that is named", async () => {
  await app(ada, "POST", path(ada), { backupShare: "old" });
  await app(ada, "POST", path(ada), { backupShare: "new", backupMethod: "GDRIVE" });
  const under = async (method) =>
    (await app(ada, "GET", `/users/${ada.id}/user-backup-share?backupMethod=${method}`)).body.cipherText;
  assert.equal(await under("UNKNOWN"), "old");
  assert.equal(await under("GDRIVE"), "new");
  assert.equal((await app(ada, "GET", path(ada))).body.cipherText, "old");
  assert.equal((await app(ada, "GET", `${path(ada)}?backupMethod=GDRIVE`)).body.cipherText, "new");
});

describe("the client of the path must be the caller's", () => {
  const backup = { backupShare: "x" };

  test("another user's credential is 403, no or a wrong one 401, for a known and an unknown client alike", async () => {
    await app(ada, "POST", path(ada), { backupShare: "ada's" });
    const before = await storedRows(worker);
    for (const target of [path(ada), "/clients/nobody/backup"]) {
      for (const [method, body] of [
        ["POST", backup],
        ["GET", undefined],
      ]) {
        assertProblem(await app(bob, method, target, body), 403, "forbidden", { what: `${method} ${target}` });
        assertProblem(await app({ clientApiKey: "wrong" }, method, target, body), 401, "unauthorized");
        assertProblem(await worker.send(method, target, { body }), 401, "unauthorized");
        assertProblem(await worker.send(method, target, { body, bearer: SECRETS.ADMIN_TOKEN }), 401, "unauthorized");
      }
    }
    assert.equal(await storedRows(worker), before);
    assert.equal((await app(ada, "GET", path(ada))).body.cipherText, "ada's");
  });

  test("a user whose id is another's client id gains nothing by it", async () => {
    const eve = { ...user("eve"), id: ada.clientId };
    await register(eve);
    assertProblem(await app(eve, "POST", path(ada), backup), 403, "forbidden");
    assertProblem(await app(eve, "GET", path(ada)), 403, "forbidden");
  });

  test("a refusal leaves an audit event, and so does what is stored", async () => {
    await app(bob, "GET", path(ada));
    await app(ada, "POST", path(ada), backup);
    await app(ada, "GET", path(ada));
    const events = await worker.sql(
      "SELECT action, outcome, client_id FROM audit_events WHERE actor = 'client' ORDER BY id",
    );
    assert.deepEqual(
      events.map((event) => Object.values(event)),
      [
        ["find_client", "forbidden", ada.clientId],
        ["store_user_share", "stored", ada.clientId],
        ["fetch_user_share", "fetched", ada.clientId],
      ],
    );
  });
});

test("a credential of Portal's is that of the client in the path", async () => {
  const tokens = { "session of ada": ada.clientId, "session of bob": bob.clientId, "session of eve": "client-eve" };
  const portal = await startServer((request, response) => {
    const id = tokens[request.headers.authorization?.replace(/^Bearer /, "")];
    return id ? json(response, 200, { id }) : json(response, 401, {});
  });
  const other = await startWorker({
    vars: { CLIENT_AUTH: "portal", PORTAL_API_URL: portal.url },
    outbound: toLoopback,
  });
  try {
    await callers(other).register(ada, bob);
    const as = (token, method, target, body) => other.send(method, target, { bearer: token, body });
    assert.equal((await as("session of ada", "POST", path(ada), { backupShare: "x" })).status, 200);
    assert.equal((await as("session of ada", "GET", path(ada))).body.backupShare, "x");
    assertProblem(await as("session of bob", "GET", path(ada)), 403, "forbidden");
    assertProblem(await as("session of eve", "GET", path(ada)), 403, "forbidden");
    assertProblem(await as("session of eve", "GET", "/clients/client-eve/backup"), 404, "unknown_user");
    assertProblem(await as("nobody's", "GET", path(ada)), 401, "unauthorized");
  } finally {
    await other.stop();
    await portal.stop();
  }
});

test("what is wrong is said, and nothing is stored", async () => {
  const before = await storedRows(worker);
  assertProblem(await app(ada, "GET", path(ada)), 404, "not_found");
  assertProblem(await app(ada, "POST", path(ada), {}), 400, "invalid_field", { field: "cipherText" });
  assertProblem(await app(ada, "POST", path(ada), { backupShare: "a", cipherText: "b" }), 400, "invalid_field", {
    field: "backupShare",
  });
  assertProblem(await app(ada, "POST", "/clients/%00/backup", { backupShare: "a" }), 400, "invalid_field", {
    field: "clientId",
  });
  assertProblem(await app(ada, "PUT", path(ada), {}), 405, "method_not_allowed");
  assert.equal(await storedRows(worker), before);
});
