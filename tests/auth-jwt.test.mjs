// CLIENT_AUTH = "jwt": each control attacked, with tokens of a real library, against the built Worker.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { exportSPKI } from "jose";

import {
  json,
  jwtSettings,
  makeKey,
  makeToken,
  seedUser,
  segment,
  startServer,
  toLoopback,
} from "./support/identity.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const now = () => Math.floor(Date.now() / 1000);
const PATH = "/users/alice/user-backup-share?backupMethod=PASSWORD";

describe("a token of the company's identity provider", () => {
  let provider, worker, keys;

  before(async () => {
    keys = {
      rsa: await makeKey("RS256", "rsa-1"),
      ec: await makeKey("ES256", "ec-1"),
      ed: await makeKey("EdDSA", "ed-1"),
    };
    provider = await startServer((_, response) =>
      json(response, 200, { keys: Object.values(keys).map(({ jwk }) => jwk) }),
    );
    worker = await startWorker({ vars: jwtSettings(provider.url), outbound: toLoopback });
  });
  after(async () => {
    await worker?.stop();
    await provider?.stop();
  });
  beforeEach(async () => {
    await worker.clear();
    for (const id of ["alice", "bob"]) await seedUser(worker, { id, secrets: SECRETS });
  });
  afterEach(() => {
    const marks = worker.logs().filter(({ message }) => /eyJ/.test(message));
    assert.deepEqual(marks, [], "no token ever reaches the log");
  });

  const store = (bearer, path = PATH) =>
    worker.send("POST", path, { bearer, body: { backupMethod: "PASSWORD", cipherText: "cipher" } });
  const fetchShare = (bearer, path = PATH) => worker.send("GET", path, { bearer });

  async function refused(token, why) {
    const answer = await fetchShare(token);
    assert.equal(answer.status, 401, `${why}: ${answer.text}`);
    assert.equal(answer.body.code, "unauthorized");
    assert.ok(!answer.text.includes(token.slice(0, 20) || "never"), "the answer does not repeat the token");
  }

  for (const name of ["rsa", "ec", "ed"]) {
    it(`is good when it is signed with ${name}`, async () => {
      const token = await makeToken(keys[name]);
      assert.equal((await store(token)).status, 200);
      assert.deepEqual((await fetchShare(token)).body, { cipherText: "cipher" });
    });
  }

  it("is good for each of its audiences, and without a kid where the key is the only one of its kind", async () => {
    for (const options of [
      { claims: { aud: ["other", "backup-app"] } },
      { header: { kid: undefined } },
      { header: { typ: undefined } },
    ]) {
      assert.equal((await store(await makeToken(keys.ec, options))).status, 200, JSON.stringify(options));
    }
  });

  it("says what is wrong with a token that the provider did sign", async () => {
    for (const [claims, told] of [
      [{ aud: "another-app" }, /another audience.*JWT_AUDIENCE/],
      [{ aud: undefined, client_id: "backup-app" }, /no audience.*ID token.*JWT_AUDIENCE_CLAIM/],
      [{ iss: "https://another.example/" }, /issuer.*JWT_ISSUER/],
      [{ sub: 17 }, /not a string/],
      [{ sub: undefined }, /names no user/],
      [{ exp: now() - 3600 }, /expired/],
      [{ groups: "g".repeat(9_500) }, /longer than 8 KiB/],
    ]) {
      const { status, body } = await fetchShare(await makeToken(keys.ec, { claims }));
      assert.equal(status, 401);
      assert.match(body.detail, told);
      assert.match(body.detail, /CLIENT_AUTH takes a token of your identity provider/);
    }
  });

  it("is worth nothing unsigned, by any spelling of none", async () => {
    const payload = segment({ iss: "https://id.example/", aud: "backup-app", sub: "alice", exp: now() + 300 });
    for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
      for (const signature of ["", segment("x"), segment("x".repeat(64))]) {
        await refused(`${segment({ alg, typ: "JWT" })}.${payload}.${signature}`, `${alg} with ${signature}`);
      }
    }
  });

  it("cannot be signed with the public key as a shared secret", async () => {
    const payload = segment({ iss: "https://id.example/", aud: "backup-app", sub: "alice", exp: now() + 300 });
    for (const [name, secret] of [
      ["rsa", await exportSPKI(keys.rsa.publicKey)],
      ["rsa", JSON.stringify(keys.rsa.jwk)],
      ["rsa", keys.rsa.jwk.n],
      ["ec", await exportSPKI(keys.ec.publicKey)],
    ]) {
      const input = `${segment({ alg: "HS256", kid: keys[name].kid })}.${payload}`;
      await refused(`${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`, "HS256");
    }
  });

  it("cannot say that a key is of another algorithm", async () => {
    for (const [key, alg] of [
      ["rsa", "ES256"],
      ["ec", "RS256"],
      ["ec", "EdDSA"],
      ["ed", "ES256"],
      ["rsa", "PS256"],
      ["rsa", "RS512"],
    ]) {
      const [, payload, signature] = (await makeToken(keys[key])).split(".");
      await refused(`${segment({ alg, kid: keys[key].kid })}.${payload}.${signature}`, `${key} as ${alg}`);
    }
  });

  it("cannot bring its own key", async () => {
    const mallory = await makeKey("ES256", "mallory");
    const evil = await startServer((_, response) => json(response, 200, { keys: [mallory.jwk] }));
    try {
      for (const header of [
        { jwk: mallory.jwk },
        { kid: undefined, jwk: mallory.jwk },
        { jku: `${evil.url}/jwks` },
        { x5u: `${evil.url}/cert` },
        { kid: keys.ec.kid, jwk: mallory.jwk },
        { kid: `${evil.url}/jwks` },
      ]) {
        await refused(await makeToken(mallory, { header }), JSON.stringify(header));
      }
      assert.equal(evil.requests.length, 0, "nobody asks where a token points to");
    } finally {
      await evil.stop();
    }
  });

  it("is refused when its header demands something critical", async () => {
    const input = `${segment({ alg: "ES256", kid: keys.ec.kid, crit: ["exp"], exp: now() + 300 })}`;
    const [, payload, signature] = (await makeToken(keys.ec)).split(".");
    await refused(`${input}.${payload}.${signature}`, "crit");
  });

  it("is refused when a byte of it is changed", async () => {
    const [header, payload, signature] = (await makeToken(keys.ed)).split(".");
    const other = segment({ iss: "https://id.example/", aud: "backup-app", sub: "alice", exp: now() + 9999 });
    const flip = (text) => text.replace(/^./, (c) => (c === "A" ? "B" : "A"));
    for (const bad of [
      `${header}.${other}.${signature}`,
      `${header}.${payload}.${flip(signature)}`,
      `${header}.${payload}.${signature.slice(0, -2)}`,
      `${header}.${payload}.${signature}${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.`,
      `${header}..${signature}`,
      `${header}.${payload}.${signature}=`,
      `.${payload}.${signature}`,
      "...",
      "a.b.c",
      "eyJhbGciOiJub25lIn0",
    ]) {
      await refused(bad, bad);
    }
  });

  it("is refused from another issuer, for another audience, expired, too early, or without an end", async () => {
    for (const claims of [
      { iss: "https://id.example" },
      { iss: "https://evil.example/" },
      { iss: undefined },
      { aud: "other-app" },
      { aud: ["other-app"] },
      { aud: [] },
      { aud: undefined },
      { exp: now() - 61 },
      { exp: undefined },
      { exp: String(now() + 300) },
      { exp: null },
      { nbf: now() + 120 },
      { iat: now() + 120 },
    ]) {
      await refused(await makeToken(keys.rsa, { claims }), JSON.stringify(claims));
    }
  });

  it("allows clocks to differ by a minute", async () => {
    for (const claims of [{ exp: now() - 30 }, { nbf: now() + 30 }, { iat: now() + 30 }]) {
      assert.equal((await store(await makeToken(keys.rsa, { claims }))).status, 200, JSON.stringify(claims));
    }
  });

  it("tells an app that its token has expired, so that it gets a new one", async () => {
    const answer = await fetchShare(await makeToken(keys.rsa, { claims: { exp: now() - 3600 } }));
    assert.match(answer.body.detail, /expired/);
    assert.match(answer.headers.get("www-authenticate"), /^Bearer/);
  });

  it("must name its user by a string that is not empty", async () => {
    for (const sub of [undefined, "", 7, ["alice"], { id: "alice" }, null, true]) {
      await refused(await makeToken(keys.ec, { claims: { sub } }), JSON.stringify(sub));
    }
  });

  it("opens no other user's share, whoever it names", async () => {
    const bob = await makeToken(keys.ec, { claims: { sub: "bob" } });
    const stranger = await makeToken(keys.ec, { claims: { sub: "not-registered" } });
    for (const token of [bob, stranger]) {
      for (const answer of [await fetchShare(token), await store(token)]) {
        assert.equal(answer.status, 403, answer.text);
        assert.equal(answer.body.code, "forbidden");
      }
    }
    assert.equal((await worker.sql("SELECT count(*) AS n FROM user_backup_shares"))[0].n, 0);
    const own = await fetchShare(stranger, "/users/not-registered/user-backup-share");
    assert.equal(own.status, 404);
    assert.equal(own.body.code, "unknown_user");
    const alice = await makeToken(keys.ec);
    const list = (bearer, id) => worker.send("GET", `/users/${id}/backups`, { bearer });
    const nonsense = (bearer, id) =>
      worker.send("POST", `/users/${id}/user-backup-share`, { bearer, body: { cipherText: 7 } });
    for (const ask of [list, nonsense]) {
      for (const token of [bob, stranger]) assert.equal((await ask(token, "alice")).body.code, "forbidden");
      assert.equal((await ask(stranger, "not-registered")).body.code, "unknown_user");
      assert.equal((await ask(alice, "alice")).status, ask === list ? 200 : 400);
    }
  });

  it("opens its user's cipher text of a pair, current or kept, and no other user's", async () => {
    const [alice, stranger] = [undefined, "not-registered"].map((sub) =>
      makeToken(keys.ec, sub && { claims: { sub } }),
    );
    for (const pair of ["p1", "p2"]) {
      const body = { backupMethod: "PASSWORD", cipherText: `of ${pair}`, backupSharePairId: pair };
      assert.equal((await worker.send("POST", PATH, { bearer: await alice, body })).status, 200);
    }
    const ofPair = (id, pair) => `/users/${id}/user-backup-share?backupSharePairId=${pair}`;
    for (const pair of ["p1", "p2"]) {
      assert.deepEqual((await fetchShare(await alice, ofPair("alice", pair))).body, { cipherText: `of ${pair}` });
      for (const token of [await stranger, await makeToken(keys.ec, { claims: { sub: "bob" } })])
        assert.equal((await fetchShare(token, ofPair("alice", pair))).body.code, "forbidden");
    }
    assert.equal((await fetchShare(await stranger, ofPair("not-registered", "p1"))).body.code, "unknown_user");
    assert.equal((await fetchShare("no-token", ofPair("alice", "p1"))).body.code, "unauthorized");
  });

  it("is refused when it is longer than 8 KiB, however well signed", async () => {
    const token = await makeToken(keys.ec, { claims: { padding: "x".repeat(8192) } });
    assert.ok(token.length > 8192);
    await refused(token, "8 KiB");
  });

  it("is not looked for in a registered API key", async () => {
    await refused("key-of-alice", "CLIENT_AUTH does not list client-api-key");
  });

  it("survives a flood of unknown kids: the provider is asked no more than once a minute", async () => {
    await store(await makeToken(keys.ec));
    const asked = provider.requests.length;
    for (const kid of [
      "nope",
      "../../admin",
      "/etc/passwd",
      "a%2Fb",
      "https://evil.example/",
      "ec-1\u0000",
      "EC-1",
      "ec-1 ",
      "k".repeat(200),
    ]) {
      await refused(await makeToken(keys.ec, { header: { kid } }), kid);
    }
    assert.ok(provider.requests.length - asked <= 1, `${provider.requests.length - asked} requests`);
    assert.deepEqual(
      [...new Set(provider.requests.map(({ url }) => url))],
      ["/.well-known/jwks.json"],
      "no kid becomes a path",
    );
    assert.ok(
      provider.requests.every(({ headers }) => !headers.authorization),
      "no token is sent to the provider",
    );
  });
});

describe("the identity provider", () => {
  const started = [];
  const start = async (answer, options) => {
    const provider = await startServer(answer);
    const worker = await startWorker({ vars: jwtSettings(provider.url, options), outbound: toLoopback });
    started.push(provider, worker);
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    return { provider, worker };
  };
  afterEach(async () => {
    for (const one of started.splice(0)) await one.stop();
  });
  const send = (worker, bearer) =>
    worker.send("POST", PATH, { bearer, body: { backupMethod: "PASSWORD", cipherText: "c" } });

  it("may be down once its keys are known", async () => {
    const key = await makeKey("ES256", "one");
    const { provider, worker } = await start((_, response) => json(response, 200, { keys: [key.jwk] }));
    const token = await makeToken(key);
    assert.equal((await send(worker, token)).status, 200);
    await provider.stop();
    assert.equal((await send(worker, token)).status, 200);
    assert.equal((await send(worker, await makeToken(key))).status, 200);
  });

  it("keeps its known keys good while it fails, whatever token makes the Worker ask it again", async () => {
    const key = await makeKey("ES256", "one");
    let answer = (response) => json(response, 200, { keys: [key.jwk] });
    const { provider, worker } = await start((_, response) => answer(response));
    assert.equal((await send(worker, await makeToken(key))).status, 200);
    answer = (response) => json(response, 500, {});
    // Anybody can send a token of a key that nobody knows. It may be a new one.
    assert.equal((await send(worker, await makeToken(await makeKey("ES256", "another")))).status, 503);
    assert.equal(provider.requests.length, 2, "the provider was asked, and failed");
    assert.equal((await send(worker, await makeToken(key))).status, 200);
  });

  it("may change its keys: the new one is found at once, the old one goes with the set", async () => {
    const [old, fresh] = [await makeKey("RS256", "old"), await makeKey("RS256", "fresh")];
    let published = [old];
    const { provider, worker } = await start((_, response) =>
      json(response, 200, { keys: published.map(({ jwk }) => jwk) }),
    );
    assert.equal((await send(worker, await makeToken(old))).status, 200);
    published = [fresh];
    assert.equal((await send(worker, await makeToken(fresh))).status, 200);
    assert.equal((await send(worker, await makeToken(old))).status, 401);
    assert.equal(provider.requests.length, 2);
  });

  it("is asked once for many tokens at the same moment", async () => {
    const key = await makeKey("EdDSA", "one");
    const { provider, worker } = await start((_, response) =>
      setTimeout(() => json(response, 200, { keys: [key.jwk] }), 200),
    );
    const token = await makeToken(key);
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(worker, token)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(20).fill(200),
    );
    assert.equal(provider.requests.length, 1);
  });

  for (const [what, answer] of [
    ["does not answer", () => {}],
    ["answers 500", (_, response) => json(response, 500, {})],
    ["answers with something else", (_, response) => response.writeHead(200).end("<html>")],
    ["answers with too much", (_, response) => response.writeHead(200).end("x".repeat(70_000))],
    [
      "has no key that is of use",
      (_, response) => json(response, 200, { keys: [{ kty: "oct", k: "AAAA", kid: "one" }] }),
    ],
    ["sends elsewhere", (_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
    ["begins to answer and stops", (_, response) => response.writeHead(200).write('{"keys":')],
  ]) {
    it(`${what}: 503, never 401, for it may be the right token`, async () => {
      const key = await makeKey("ES256", "one");
      const { provider, worker } = await start(answer);
      const token = await makeToken(key);
      const refused = await send(worker, token);
      assert.equal(refused.status, 503, refused.text);
      assert.equal(refused.body.code, "unavailable");
      assert.ok(Number(refused.headers.get("retry-after")) > 0);
      const again = await send(worker, token);
      assert.equal(again.status, 503);
      assert.equal(provider.requests.length, 1, "it is not asked again at once");
      const nonsense = await send(worker, "nonsense");
      assert.equal(nonsense.status, 401, "what is no token at all is still refused");
    });
  }

  it("may publish keys that are too weak or private: they are not used", async () => {
    const weak = await makeKey("RS256", "weak", { modulusLength: 2048 });
    const [sixteen, twentyfour] = [Buffer.alloc(128, 0xff), Buffer.alloc(192, 0xff)].map((n) =>
      n.toString("base64url"),
    );
    const { worker } = await start((_, response) =>
      json(response, 200, {
        keys: [
          { ...weak.jwk, n: sixteen },
          { ...weak.jwk, kid: "b", n: twentyfour },
          { ...weak.jwk, kid: "c", use: "enc" },
          { ...weak.jwk, kid: "d", d: "AQAB" },
          { ...weak.jwk, kid: "ok" },
        ],
      }),
    );
    for (const kid of ["weak", "b", "c", "d"]) {
      assert.equal((await send(worker, await makeToken(weak, { header: { kid } }))).status, 401, kid);
    }
    assert.equal((await send(worker, await makeToken(weak, { header: { kid: "ok" } }))).status, 200);
  });

  it("may call the user something else", async () => {
    const key = await makeKey("ES256", "one");
    const { worker } = await start((_, response) => json(response, 200, { keys: [key.jwk] }), {
      JWT_USER_CLAIM: "https://app.example/user",
    });
    const token = await makeToken(key, { claims: { sub: "somebody", "https://app.example/user": "alice" } });
    assert.equal((await send(worker, token)).status, 200);
    assert.equal((await send(worker, await makeToken(key, { claims: { sub: "alice" } }))).status, 401);
  });
});

describe("a provider whose key set is odd", () => {
  let provider, worker, good, edwards;
  let elements = () => [];

  before(async () => {
    good = await makeKey("ES256", "good");
    edwards = await makeKey("EdDSA", "edwards");
    provider = await startServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(`{"keys":[${elements().join(",")}]}`);
    });
  });
  after(() => provider?.stop());
  afterEach(() => worker?.stop());

  const answerTo = async (token, vars = {}) => {
    worker = await startWorker({ vars: jwtSettings(provider.url, vars), outbound: toLoopback });
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    const body = { backupMethod: "PASSWORD", cipherText: "cipher" };
    return worker.send("POST", "/users/alice/user-backup-share", { bearer: await token, body });
  };

  for (const odd of ["null", "7", '{"kty":"EC","kty":"EC"}', '{"kty":"EC","crv":"P-256","alg":null}']) {
    it(`is good all the same, and the log names the place of ${odd}`, async () => {
      elements = () => [odd, JSON.stringify(good.jwk)];
      const { status, text } = await answerTo(makeToken(good));
      assert.equal(status, 200, text);
      const places = worker.logLines().flatMap((line) => line.places ?? []);
      assert.deepEqual(places, ["keys[0]"]);
    });
  }

  it("is good when it has the same key twice", async () => {
    elements = () => [good.jwk, good.jwk, { ...good.jwk, kid: "another" }].map((jwk) => JSON.stringify(jwk));
    assert.equal((await answerTo(makeToken(good, { header: { kid: undefined } }))).status, 200);
  });

  it("is good when it leaves the leading zeros of a coordinate out", async () => {
    let key;
    do key = await makeKey("ES256", "short");
    while (!/^A[A-D]/.test(key.jwk.x) && !/^A[A-D]/.test(key.jwk.y));
    const short = (text) =>
      Buffer.from(
        Buffer.from(text, "base64url")
          .toString("hex")
          .replace(/^(00)+/, ""),
        "hex",
      );
    const [x, y] = [key.jwk.x, key.jwk.y].map((text) => short(text).toString("base64url"));
    elements = () => [JSON.stringify({ ...key.jwk, x, y })];
    assert.equal((await answerTo(makeToken(key))).status, 200);
  });

  it("is good when it calls EdDSA Ed25519, in the key and in the header", async () => {
    elements = () => [JSON.stringify({ ...edwards.jwk, alg: "Ed25519" })];
    assert.equal((await answerTo(makeToken(edwards))).status, 200);
    await worker.stop();
    const token = await makeToken({ ...edwards, alg: "Ed25519" });
    assert.equal((await answerTo(token)).status, 200);
  });

  it("has several audiences, and tokens that name theirs in another claim", async () => {
    elements = () => [JSON.stringify(good.jwk)];
    const android = makeToken(good, { claims: { aud: "android" } });
    assert.equal((await answerTo(android, { JWT_AUDIENCE: "ios, android" })).status, 200);
    await worker.stop();
    const cognito = makeToken(good, { claims: { aud: undefined, client_id: "backup-app" } });
    assert.equal((await answerTo(cognito, { JWT_AUDIENCE_CLAIM: "client_id" })).status, 200);
  });
});

it("an audience that no token can match stops the service", async () => {
  const vars = jwtSettings("https://id.example", { JWT_AUDIENCE: "ios,,android" });
  const worker = await startWorker({ vars });
  try {
    const { status, body } = await worker.send("GET", "/readyz");
    assert.deepEqual([status, body.code], [503, "misconfigured"]);
  } finally {
    await worker.stop();
  }
});
