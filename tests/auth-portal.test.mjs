// CLIENT_AUTH = "portal", alone and beside other ways, against a Portal on loopback.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { json, jwtSettings, makeKey, makeToken, seedUser, startServer, toLoopback } from "./support/identity.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const PATH = "/users/alice/user-backup-share";

/** A Portal that knows `clients` by their tokens; `override` answers instead when it is set. */
async function startPortal(clients = { "session-of-alice": "client-alice", "session-of-bob": "client-bob" }) {
  const portal = await startServer((request, response) => {
    if (portal.override) return portal.override(request, response);
    if (request.url !== "/api/v3/clients/me" || request.method !== "GET") return json(response, 404, {});
    const id = clients[request.headers.authorization?.replace(/^Bearer /, "")];
    return id
      ? json(response, 200, { id, custodian: { id: "c" }, wallets: [] })
      : json(response, 401, { message: "Unauthorized" });
  });
  portal.clients = clients;
  return portal;
}

const store = (worker, bearer, path = PATH) =>
  worker.send("POST", path, { bearer, body: { backupMethod: "PASSWORD", cipherText: "cipher" } });

describe("a Portal client session token", () => {
  let portal, worker;
  before(async () => {
    portal = await startPortal();
    worker = await startWorker({
      vars: { CLIENT_AUTH: "portal", PORTAL_API_URL: `${portal.url}/` },
      outbound: toLoopback,
    });
  });
  after(async () => {
    await worker?.stop();
    await portal?.stop();
  });
  beforeEach(async () => {
    await worker.clear();
    for (const id of ["alice", "bob"]) await seedUser(worker, { id, secrets: SECRETS });
  });
  afterEach(() => {
    portal.override = undefined;
    assert.deepEqual(
      worker.logs().filter(({ message }) => /session-of|unknown-token/.test(message)),
      [],
      "no token reaches the log",
    );
  });

  it("opens the user whose client it is", async () => {
    assert.equal((await store(worker, "session-of-alice")).status, 200);
    const answer = await worker.send("GET", `${PATH}?backupMethod=PASSWORD`, { bearer: "session-of-alice" });
    assert.deepEqual(answer.body, { cipherText: "cipher" });
  });

  it("opens the cipher text of a pair, current or kept; a client without a user is told so under its own id only", async () => {
    for (const pair of ["p1", "p2"]) {
      const body = { backupMethod: "PASSWORD", cipherText: `of ${pair}`, backupSharePairId: pair };
      assert.equal((await worker.send("POST", PATH, { bearer: "session-of-alice", body })).status, 200);
    }
    portal.clients["session-of-nobody"] = "client-nobody";
    for (const query of ["backupMethod=PASSWORD", "backupSharePairId=p1", "backupSharePairId=p2"]) {
      const ask = (name, id) =>
        worker.send("GET", `/users/${id}/user-backup-share?${query}`, { bearer: `session-of-${name}` });
      const pair = query.endsWith("p1") ? "p1" : "p2";
      assert.deepEqual((await ask("alice", "alice")).body, { cipherText: `of ${pair}` });
      assert.equal((await ask("bob", "alice")).body.code, "forbidden");
      assert.equal((await ask("nobody", "alice")).body.code, "forbidden");
      assert.equal((await ask("nobody", "client-nobody")).body.code, "unknown_user");
    }
    for (const [name, id, code] of [
      ["alice", "alice"],
      ["bob", "alice", "forbidden"],
      ["nobody", "alice", "forbidden"],
      ["nobody", "client-nobody", "unknown_user"],
    ]) {
      const bearer = `session-of-${name}`;
      assert.equal((await worker.send("GET", `/users/${id}/backups`, { bearer })).body.code, code);
      const body = { cipherText: 7 };
      const refused = await worker.send("POST", `/users/${id}/user-backup-share`, { bearer, body });
      assert.equal(refused.body.code, code ?? "invalid_field");
    }
  });

  it("is asked of Portal; an operator's token or the webhook's secret, sent here by mistake, is not", async () => {
    const asked = [];
    portal.override = (request, response) => {
      asked.push(request.headers.authorization);
      return json(response, 401, {});
    };
    for (const bearer of [SECRETS.ADMIN_TOKEN, SECRETS.WEBHOOK_SECRET]) {
      assert.equal((await worker.send("GET", `${PATH}?backupMethod=PASSWORD`, { bearer })).status, 401);
    }
    assert.deepEqual(asked, []);
    assert.equal((await worker.send("GET", `${PATH}?backupMethod=PASSWORD`, { bearer: "another-token" })).status, 401);
    assert.deepEqual(asked, ["Bearer another-token"]);
  });

  it("needs a user who was registered without an API key, by the id and the client alone", async () => {
    const register = (body) => worker.send("POST", "/users", { bearer: SECRETS.ADMIN_TOKEN, body });
    const carol = { id: "carol", clientId: "client-carol" };
    portal.clients["session-of-carol"] = carol.clientId;
    const first = await register(carol);
    assert.equal(first.status, 201, first.text);
    const again = await register(carol);
    assert.deepEqual([again.status, again.body], [200, first.body]);
    assert.equal((await register({ ...carol, clientId: "client-of-another" })).status, 409);
    assert.equal((await register({ id: "another", clientId: carol.clientId })).status, 409);
    const made = await register({ clientId: "client-dave" });
    assert.equal(made.status, 201);
    assert.match(made.body.id, /^[0-9a-f-]{36}$/);
    const path = "/users/carol/user-backup-share";
    assert.equal((await store(worker, "session-of-carol", path)).status, 200);
    assert.equal((await store(worker, "session-of-alice", path)).status, 403);
  });

  it("a user's API key is kept where the registration comes again without it, and added where it comes with it", async () => {
    const register = (body) => worker.send("POST", "/users", { bearer: SECRETS.ADMIN_TOKEN, body });
    const hash = async (id) =>
      (await worker.sql("SELECT client_api_key_hash AS hash FROM users WHERE id = ?", id))[0].hash;
    const [alice, carol] = ["alice", "carol"].map((id) => ({ id, clientId: `client-${id}` }));
    const kept = await hash("alice");
    assert.equal((await register(alice)).status, 200);
    assert.equal(await hash("alice"), kept);
    await register(carol);
    assert.equal(await hash("carol"), null);
    assert.equal((await register({ ...carol, clientApiKey: "key-of-carol" })).status, 200);
    assert.match(await hash("carol"), /^[0-9a-f]{64}$/);
  });

  it("is what a 401 names, for no other way is on", async () => {
    for (const bearer of [undefined, "unknown-token-once"]) {
      const { status, body } = await store(worker, bearer);
      assert.equal(status, 401);
      assert.match(body.detail, /CLIENT_AUTH takes a Portal session token \(portal\)\.$/);
    }
  });

  it("opens no other user", async () => {
    const answer = await store(worker, "session-of-bob");
    assert.equal(answer.status, 403);
    assert.equal(answer.body.code, "forbidden");
  });

  it("of a client that is nobody's here opens nobody", async () => {
    portal.clients["foreign-session"] = "client-of-another-company";
    assert.equal((await store(worker, "foreign-session")).status, 403);
    const own = await store(worker, "foreign-session", "/users/client-of-another-company/user-backup-share");
    assert.equal(own.status, 404);
    assert.equal(own.body.code, "unknown_user");
  });

  it("is refused when Portal refuses it, which is remembered for a moment", async () => {
    const before_ = portal.requests.length;
    for (let i = 0; i < 5; i += 1) {
      const answer = await store(worker, "unknown-token");
      assert.equal(answer.status, 401);
      assert.equal(answer.body.code, "unauthorized");
    }
    assert.equal(portal.requests.length - before_, 1);
  });

  it("is asked about once a minute at most, by its own name and nothing else of it", async () => {
    portal.clients["fresh-session"] = "client-alice";
    const before_ = portal.requests.length;
    for (let i = 0; i < 5; i += 1) assert.equal((await store(worker, "fresh-session")).status, 200);
    const asked = portal.requests.slice(before_);
    assert.equal(asked.length, 1);
    assert.equal(asked[0].url, "/api/v3/clients/me");
    assert.equal(asked[0].headers.authorization, "Bearer fresh-session");
    assert.ok(!("cookie" in asked[0].headers) && !("x-webhook-secret" in asked[0].headers));
  });

  it("works for a minute at most once Portal has withdrawn it, and ten seconds after Portal takes it again", async () => {
    const aged = await startWorker({
      main: inRoot("tests", "support", "clock-entry.mjs"),
      vars: { CLIENT_AUTH: "portal", PORTAL_API_URL: portal.url },
      outbound: (request) => toLoopback(request),
    });
    try {
      await seedUser(aged, { id: "alice", secrets: SECRETS });
      const after = async (seconds) => {
        const headers = { "x-test-seconds": `${seconds}` };
        const query = `${PATH}?backupMethod=PASSWORD`;
        return (await aged.send("GET", query, { bearer: "withdrawn-session", headers })).status;
      };
      portal.clients["withdrawn-session"] = "client-alice";
      assert.equal(await after(0), 404, "it is good, and nothing is stored");
      delete portal.clients["withdrawn-session"];
      assert.equal(await after(50), 404);
      assert.equal(await after(61), 401);
      portal.clients["withdrawn-session"] = "client-alice";
      assert.equal(await after(62), 401);
      assert.equal(await after(80), 404);
    } finally {
      await aged.stop();
    }
  });

  it("one token's answer is never another's", async () => {
    assert.equal((await store(worker, "session-of-alice")).status, 200);
    for (const other of ["session-of-alic", "session-of-alicE", "session-of-alice2", "SESSION-OF-ALICE"]) {
      assert.equal((await store(worker, other)).status, 401, other);
    }
  });

  for (const [what, override] of [
    ["is down", (request) => request.socket.destroy()],
    ["answers 500", (_, response) => json(response, 500, {})],
    ["answers 502 with a page", (_, response) => response.writeHead(502).end("<html>")],
    ["limits its rate", (_, response) => json(response, 429, {})],
    ["sends elsewhere", (_, response) => response.writeHead(307, { location: "http://127.0.0.1:1/" }).end()],
    [
      "answers with more than 256 KiB",
      (_, response) => json(response, 200, { id: "client-alice", x: "x".repeat(2 ** 18) }),
    ],
    ["answers without an id", (_, response) => json(response, 200, { wallets: [] })],
    ["answers with an empty id", (_, response) => json(response, 200, { id: "" })],
    ["answers with an id that is no text", (_, response) => json(response, 200, { id: 7 })],
    ["answers with no JSON", (_, response) => response.writeHead(200).end("ok")],
    ["does not answer in time", () => {}],
  ]) {
    it(`when Portal ${what}: 503 with Retry-After, never 401`, async () => {
      portal.override = override;
      const answer = await store(worker, `token-while-portal-${what}`.replaceAll(" ", "-"));
      assert.equal(answer.status, 503, answer.text);
      assert.equal(answer.body.code, "unavailable");
      assert.ok(Number(answer.headers.get("retry-after")) > 0);
      portal.override = undefined;
      const again = await store(worker, `token-while-portal-${what}`.replaceAll(" ", "-"));
      assert.equal(again.status, 401, "what could not be known was not remembered");
    });
  }

  it("is shown to nobody that Portal's answer points to", async () => {
    const elsewhere = await startServer((_, response) => json(response, 200, { id: "client-alice" }));
    try {
      portal.override = (_, response) => response.writeHead(307, { location: `${elsewhere.url}/` }).end();
      assert.equal((await store(worker, "token-that-is-sent-on")).status, 503);
      assert.deepEqual(elsewhere.requests, []);
    } finally {
      await elsewhere.stop();
    }
  });

  it("a token that cannot be a header is refused without asking", async () => {
    const before_ = portal.requests.length;
    for (const headers of [
      {},
      { authorization: "Bearer" },
      { authorization: "Bearer " },
      { authorization: "Basic YWxpY2U6" },
      { authorization: `Bearer ${"x".repeat(9000)}` },
    ]) {
      const answer = await worker.send("GET", PATH, { headers });
      assert.equal(answer.status, 401, JSON.stringify(headers).slice(0, 60));
    }
    assert.equal(portal.requests.length, before_);
  });

  it("needs no user sync where unknown clients are registered", async () => {
    const fresh = await startWorker({
      vars: { CLIENT_AUTH: "portal", UNKNOWN_CLIENTS: "register", PORTAL_API_URL: portal.url },
      outbound: toLoopback,
    });
    try {
      const path = "/users/client-alice/user-backup-share";
      assert.equal((await store(fresh, "session-of-alice", path)).body.code, "unknown_user");
      const webhook = await fresh.send("POST", "/webhook/backup", {
        headers: { "x-webhook-secret": SECRETS.WEBHOOK_SECRET },
        body: { clientId: "client-alice", backupMethod: "PASSWORD-SECP256K1", share: "s" },
      });
      assert.equal(webhook.status, 204);
      assert.equal((await store(fresh, "session-of-alice", path)).status, 200);
      assert.equal((await store(fresh, "session-of-bob", path)).status, 403);
    } finally {
      await fresh.stop();
    }
  });
});

describe("several ways at once", () => {
  const started = [];
  afterEach(async () => {
    for (const one of started.splice(0).reverse()) await one.stop();
  });
  async function start(ways) {
    const portal = await startPortal();
    const key = await makeKey("ES256", "one");
    const provider = await startServer((request, response) =>
      provider.down ? request.socket.destroy() : json(response, 200, { keys: [key.jwk] }),
    );
    const worker = await startWorker({
      vars: jwtSettings(provider.url, { CLIENT_AUTH: ways, PORTAL_API_URL: portal.url }),
      outbound: toLoopback,
    });
    started.push(portal, provider, worker);
    for (const id of ["alice", "bob"]) await seedUser(worker, { id, secrets: SECRETS });
    return { portal, provider, worker, key };
  }

  for (const ways of ["client-api-key, jwt, portal", "portal,jwt,client-api-key", "jwt,client-api-key,portal"]) {
    it(`each is good, and none is another user's: ${ways}`, async () => {
      const { worker, key } = await start(ways);
      for (const token of ["key-of-alice", "session-of-alice", await makeToken(key)]) {
        assert.equal((await store(worker, token)).status, 200, token.slice(0, 16));
      }
      for (const token of ["key-of-bob", "session-of-bob", await makeToken(key, { claims: { sub: "bob" } })]) {
        assert.equal((await store(worker, token)).status, 403, token.slice(0, 16));
      }
      assert.equal((await store(worker, "nobody")).status, 401);
    });

    it(`a 401 names all of them in order, and a registration needs the API key: ${ways}`, async () => {
      const { worker } = await start(ways);
      const named = {
        "client-api-key": "the user's Portal client API key (client-api-key)",
        jwt: "a token of your identity provider (jwt)",
        portal: "a Portal session token (portal)",
      };
      const list = ways.split(",").map((way) => named[way.trim()]);
      const { status, body } = await store(worker, "nobody");
      assert.equal(status, 401);
      assert.ok(body.detail.endsWith(`CLIENT_AUTH takes ${list.join(", or ")}.`), body.detail);
      const carol = { id: "carol", clientId: "client-carol" };
      const refused = await worker.send("POST", "/users", { bearer: SECRETS.ADMIN_TOKEN, body: carol });
      assert.deepEqual([refused.status, refused.body.code, refused.body.field], [400, "invalid_field", "clientApiKey"]);
    });

    it(`Portal and the provider being down takes out nobody else: ${ways}`, async () => {
      const { portal, provider, worker, key } = await start(ways);
      portal.override = (request) => request.socket.destroy();
      provider.down = true;
      assert.equal((await store(worker, "key-of-alice")).status, 200);
      assert.equal((await store(worker, "key-of-bob")).status, 403);
      assert.equal((await store(worker, "session-of-alice")).status, 503);
      assert.equal((await store(worker, await makeToken(key))).status, 503);
    });
  }

  it("a token that the provider signed is not shown to Portal, though it has expired or is for another audience", async () => {
    const { portal, worker, key } = await start("jwt,portal");
    for (const [claims, told] of [
      [{ exp: 1 }, /The token has expired\./],
      [{ aud: "another" }, /The token is for another audience\./],
    ]) {
      const { status, body } = await store(worker, await makeToken(key, { claims }));
      assert.equal(status, 401);
      assert.match(body.detail, told);
    }
    assert.equal(portal.requests.length, 0);
    assert.equal((await store(worker, "session-of-alice")).status, 200);
    assert.equal(portal.requests.length, 1);
  });
});
