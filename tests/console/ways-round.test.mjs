// What FOUR_EYES lists is not to be had another way: by an import, a restore, a session, or an id that another client has by now.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { importOf } from "../support/bulk.mjs";
import { assertProblem, user } from "../support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS } from "../support/console.mjs";
import { PORTAL_API_KEY, startFakePortal } from "../support/fake-portal.mjs";
import { startWorker } from "../support/harness.mjs";
import { json, jwtSettings, makeKey, makeToken, startServer, toLoopback } from "../support/identity.mjs";

const { support, admin, chief } = OPERATORS;
const portal = await startFakePortal();
const worker = await startWorker({
  secrets: { OPERATOR_TOKENS, PORTAL_API_KEY },
  vars: {
    FOUR_EYES: "eject,client-api-key,session",
    UNKNOWN_CLIENTS: "register",
    CLIENT_AUTH: "client-api-key,portal",
  },
  outbound: portal.outbound,
});
const act = backups(worker);
const ada = user("ada");
const path = act.path(ada);
const NEW_KEY = "a-key-that-the-operator-knows";
const newKeyHash = createHash("sha256").update(NEW_KEY).digest("hex");

after(async () => {
  await worker.stop();
  await portal.stop();
});
beforeEach(async () => {
  portal.reset();
  await worker.clear();
  await act.register(ada);
  await act.custodian(ada, "GDRIVE-SECP256K1", "c1");
  await act.cipherText(ada, "GDRIVE", "u1");
});

const ask = (method, path, body, { token } = admin) => worker.send(method, path, { bearer: token, body });
const opensWith = async (clientApiKey, who = ada) =>
  (await act.fetchCipherText({ ...who, clientApiKey }, { backupMethod: "GDRIVE" })).status === 200;
const outcomesOf = async (action) =>
  (await worker.sql("SELECT outcome FROM audit_events WHERE action = ? ORDER BY id", action)).map((row) => row.outcome);
const bring = async (record) => {
  const { body } = await importOf(worker, [{ type: "user", id: ada.id, clientId: ada.clientId, ...record }]);
  return body.results[0];
};

describe("an import", () => {
  const later = () => new Date(Date.now() + 3_600_000).toISOString();

  test("of a deletion brings no API key, so that a restore puts back the one that the user had", async () => {
    await act.deleteUser(ada);
    const result = await bring({ clientApiKeyHash: newKeyHash, deletedAt: later() });
    assert.deepEqual([result.outcome, result.leftOut], ["new", "clientApiKey"]);
    await act.restoreUser(ada);
    assert.deepEqual([await opensWith(NEW_KEY), await opensWith(ada.clientApiKey)], [false, true]);
  });

  test("of a deletion brings no API key to a user who has none either", async () => {
    await worker.sql("UPDATE users SET client_api_key_hash = NULL");
    assert.equal((await bring({ clientApiKey: NEW_KEY, deletedAt: "2024-01-01T00:00:00.000Z" })).outcome, "new");
    await act.deleteUser(ada);
    await act.restoreUser(ada);
    assert.equal(await opensWith(NEW_KEY), false);
  });

  test("of a deleted user as a registered one brings no other API key than the user's own", async () => {
    await act.deleteUser(ada);
    const result = await bring({ clientApiKey: NEW_KEY });
    assert.equal(result.outcome, "conflict");
    assert.match(result.reason, /FOUR_EYES/);
    assert.equal((await ask("GET", path)).status, 404);
    assert.equal((await bring({ clientApiKey: ada.clientApiKey })).outcome, "new");
  });

  test("of somebody of whom nothing is kept brings the API key", async () => {
    const bob = user("bob");
    assert.equal((await bring(bob)).outcome, "new");
    await act.cipherText(bob, "GDRIVE", "u1");
    assert.equal(await opensWith(bob.clientApiKey, bob), true);
  });
});

test("a registration of a deleted user brings the last API key that the user had, and none from before", async () => {
  await act.deleteUser(ada);
  await act.register(ada);
  await act.cipherText(ada, "GDRIVE", "u2");
  await worker.sql("UPDATE users SET client_api_key_hash = ?", newKeyHash); // as two operators do
  await act.deleteUser(ada);
  const register = (clientApiKey) =>
    ask("POST", "/users", { id: ada.id, clientId: ada.clientId, clientApiKey }, support);
  assertProblem(await register(ada.clientApiKey), 409, "conflict");
  assert.equal((await register(NEW_KEY)).status, 201);
});

describe("a user whom a webhook made again, and whose app signs in by Portal", () => {
  const eve = { id: "client-eve", clientId: "client-eve", clientApiKey: "portal-token-of-eve" };
  const register = (clientApiKey) => ask("POST", "/users", { ...eve, clientApiKey }, support);
  /** The operator's key is from before; the cipher text, which the current row or only the history holds, came after it. */
  beforeEach(async () => {
    portal.clients.push({ id: eve.clientId, clientSessionToken: eve.clientApiKey });
    assert.equal((await register(NEW_KEY)).status, 201);
    await act.deleteUser(eve);
    await act.custodian(eve, "GDRIVE-SECP256K1", "c1");
    await act.cipherText(eve, "GDRIVE", "u1");
  });

  test("does not come back with an API key from before its cipher texts", async () => {
    await act.deleteUser(eve);
    assert.equal((await ask("POST", `${act.path(eve)}/restore`, undefined, support)).status, 200);
    assert.deepEqual([await opensWith(NEW_KEY, eve), await opensWith(eve.clientApiKey, eve)], [false, true]);
  });

  test("gets no API key from before its cipher texts by a registration either: 409", async () => {
    assertProblem(await register(NEW_KEY), 409, "conflict");
    await ask("DELETE", `${act.path(eve)}/backups?backupMethod=GDRIVE`);
    assertProblem(await register(NEW_KEY), 409, "conflict");
    assert.deepEqual((await outcomesOf("register_user")).slice(-2), ["needs_approval", "needs_approval"]);
  });
});

describe("a restore", () => {
  const standIn = { id: ada.clientId, clientId: ada.clientId, clientApiKey: "key-of-the-stand-in" };
  const bob = user("bob");
  /** Ada's client has a user whom a webhook made, with a cipher text; Bob was deleted with the same client, and another key. */
  const beginWith = async (key) => {
    await worker.clear();
    await act.register({ ...bob, clientId: ada.clientId });
    await act.deleteUser(bob);
    await act.custodian(standIn, "GDRIVE-SECP256K1", "c1");
    assert.equal((await act.admin("POST", "/users", { ...standIn, clientApiKey: key })).status, 200);
    await act.cipherText({ ...standIn, clientApiKey: key }, "GDRIVE", "u1");
    await act.deleteUser(standIn);
  };
  const restore = () => ask("POST", `${act.path(bob)}/restore`);

  test("gives nobody the cipher texts that another API key opened: 409, and what it says to do does it", async () => {
    await beginWith(standIn.clientApiKey);
    const refused = await restore();
    assertProblem(refused, 409, "conflict");
    assert.match(refused.body.detail, /two operators/);
    assert.deepEqual(await outcomesOf("restore_user"), ["needs_approval"]);
    assert.equal(await opensWith(bob.clientApiKey, bob), false);

    await act.restoreUser(standIn);
    assert.equal(await opensWith(standIn.clientApiKey, standIn), true);
    const waits = await ask("PUT", `${act.path(standIn)}/client-api-key`, { clientApiKey: bob.clientApiKey });
    assert.equal((await ask("POST", `/approvals/${waits.body.id}`, undefined, chief)).status, 200);
    await act.deleteUser(standIn);
    assert.equal((await restore()).status, 200);
    assert.equal(await opensWith(bob.clientApiKey, bob), true);
  });

  test("gives them to whom the same API key opens them", async () => {
    await beginWith(bob.clientApiKey);
    assert.equal((await restore()).status, 200);
    assert.equal(await opensWith(bob.clientApiKey, bob), true);
  });
});

describe("a restore where a token names the user (jwt)", () => {
  let provider, other;
  const key = makeKey("ES256", "ec-1");
  before(async () => {
    const { jwk } = await key;
    provider = await startServer((_, response) => json(response, 200, { keys: [jwk] }));
    const vars = jwtSettings(provider.url, { UNKNOWN_CLIENTS: "register" });
    other = await startWorker({ vars, outbound: toLoopback });
  });
  after(async () => {
    await other?.stop();
    await provider?.stop();
  });

  test("gives no other user the cipher texts of the client's own user: 409, and that one comes back", async () => {
    const wallet = backups(other);
    const signedIn = async (id) => ({
      id,
      clientId: "client-eve",
      clientApiKey: await makeToken(await key, { claims: { sub: id } }),
    });
    const [eve, mallory] = [await signedIn("client-eve"), await signedIn("mallory")];
    await wallet.custodian(eve, "GDRIVE-SECP256K1", "c1");
    await wallet.cipherText(eve, "GDRIVE", "u1");
    await wallet.deleteUser(eve);
    await wallet.register({ id: mallory.id, clientId: mallory.clientId });
    await wallet.deleteUser(mallory);
    assertProblem(await wallet.admin("POST", `${wallet.path(mallory)}/restore`), 409, "conflict");
    assert.equal((await wallet.fetchCipherText(mallory, { backupMethod: "GDRIVE" })).status, 404);
    const [{ outcome }] = await other.sql("SELECT outcome FROM audit_events WHERE action = 'restore_user'");
    assert.equal(outcome, "conflict");
    await wallet.restoreUser(eve);
    assert.equal(await wallet.recovered(eve, { backupMethod: "GDRIVE" }), "u1");
    assert.deepEqual(await wallet.fetched(eve), ["c1"]);
  });
});

describe("an approval", () => {
  const anew = async (clientId) => {
    await act.deleteUser(ada);
    await act.register({ ...ada, clientId, clientApiKey: ada.clientApiKey });
  };
  const requests = {
    "an eject": () => ask("POST", `${path}/eject`, { minutes: 7 }),
    "another API key": () => ask("PUT", `${path}/client-api-key`, { clientApiKey: NEW_KEY }),
  };
  const isDone = async () =>
    (
      await worker.sql(
        "SELECT 1 FROM eject_windows UNION SELECT 1 FROM users WHERE client_api_key_hash = ?",
        newKeyHash,
      )
    ).length === 1;

  for (const [what, request] of Object.entries(requests)) {
    test(`of ${what} is not carried out on another client who has the id by now: 409`, async () => {
      const { status, body } = await request();
      assert.equal(status, 202);
      await anew("client-of-somebody-else");
      const answer = await ask("POST", `/approvals/${body.id}`, undefined, chief);
      assertProblem(answer, 409, "conflict");
      assert.match(answer.body.detail, /another client's/);
      assert.equal(await isDone(), false);
      assert.equal((await ask("DELETE", `/approvals/${body.id}`, undefined, chief)).status, 204, "it can be refused");
    });

    test(`of ${what} is carried out on the same client registered anew`, async () => {
      const { body } = await request();
      await anew(ada.clientId);
      assert.equal((await ask("POST", `/approvals/${body.id}`, undefined, chief)).status, 200);
      assert.equal(await isDone(), true);
    });
  }
});

describe("a session", () => {
  const session = (who) => ask("POST", `${act.path(who)}/session`, undefined, support);

  test("is not made of a user whose cipher texts it would open, current or kept: 403", async () => {
    assertProblem(await session(ada), 403, "forbidden");
    await ask("DELETE", `${path}/backups?backupMethod=GDRIVE`);
    assertProblem(await session(ada), 403, "forbidden");
    assert.deepEqual(await outcomesOf("create_session"), ["forbidden", "forbidden"]);
    assert.deepEqual(portal.requests, []);
  });

  test("is not made of another user with the client of a deleted one, whom it would open once that one is back: 403", async () => {
    const other = { ...user("bob"), clientId: ada.clientId };
    await act.deleteUser(ada);
    await act.register(other);
    assertProblem(await session(other), 403, "forbidden");
    assert.deepEqual(portal.requests, []);
  });

  test("is made of a user without cipher texts", async () => {
    const { body } = await ask("POST", "/users", { id: "new" });
    assert.equal(body.id, "new");
    assert.equal((await session({ id: "new" })).status, 200);
  });

  describe("where no app signs in by Portal", () => {
    let other;
    before(async () => {
      other = await startWorker({
        secrets: { PORTAL_API_KEY },
        vars: { FOUR_EYES: "session" },
        outbound: portal.outbound,
      });
    });
    after(() => other?.stop());

    test("opens nothing, so it is made of everybody", async () => {
      const made = await other.send("POST", "/users", { bearer: admin.token, body: { id: "new" } });
      const { clientApiKey } = made.body;
      await backups(other).cipherText({ id: "new", clientApiKey }, "GDRIVE", "u1");
      assert.equal((await other.send("POST", "/users/new/session", { bearer: admin.token })).status, 200);
    });
  });
});
