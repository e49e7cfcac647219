// Rate limits: failed credentials per address, apps per user, webhooks; and that a limiter is never an outage.

import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { seedUser } from "./support/identity.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

let worker;
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});

const from = (address, more = {}) => ({ headers: { "cf-connecting-ip": address, ...more } });
const app = (bearer, address, user = "alice") =>
  worker.send("GET", `/users/${user}/backups`, { bearer, ...from(address) });
const hook = (secret, address) =>
  worker.send("POST", "/webhook/backup/fetch", {
    ...from(address, { "x-webhook-secret": secret }),
    body: { clientId: "client-alice" },
  });
const operator = (bearer, address) => worker.send("GET", "/users", { bearer, ...from(address) });

function assertLimited(answer, why) {
  assert.equal(answer.status, 429, `${why}: ${answer.text}`);
  assert.equal(answer.body.code, "rate_limited");
  assert.match(answer.headers.get("retry-after"), /^[1-9]\d*$/);
}

describe("failed credentials", () => {
  const doors = {
    "the apps' routes": (address, n) => app(`guess-${n}`, address),
    "the operator API": (address, n) => operator(`guess-${n}`, address),
    "the webhooks": (address, n) => hook(`guess-${n}`, address),
  };
  for (const [door, knock] of Object.entries(doors)) {
    it(`are limited per address at ${door}`, async () => {
      worker = await startWorker({ limits: { AUTH_FAILURE_LIMITER: 3 } });
      await seedUser(worker, { id: "alice", secrets: SECRETS });
      for (let n = 0; n < 3; n += 1) assert.equal((await knock("203.0.113.9", n)).status, 401, `guess ${n}`);
      assertLimited(await knock("203.0.113.9", 3), "the fourth guess");
      const written = await worker.sql("SELECT count(*) AS n FROM audit_events WHERE outcome = 'unauthorized'");
      for (let n = 4; n < 8; n += 1) assertLimited(await knock("203.0.113.9", n), `guess ${n}`);
      assert.deepEqual(
        await worker.sql("SELECT count(*) AS n FROM audit_events WHERE outcome = 'unauthorized'"),
        written,
        "what is refused at once costs the database nothing",
      );
      assert.equal((await knock("203.0.113.10", 0)).status, 401, "another address is not concerned");
    });
  }

  it("shut the door to right guesses too, for whoever was not known before", async () => {
    worker = await startWorker({ limits: { AUTH_FAILURE_LIMITER: 2 } });
    for (const id of ["alice", "bob"]) await seedUser(worker, { id, secrets: SECRETS });
    assert.equal((await app("key-of-bob", "203.0.113.9", "bob")).status, 200);
    for (let n = 0; n < 3; n += 1) await app(`guess-${n}`, "203.0.113.9");
    assertLimited(await app("key-of-alice", "203.0.113.9"), "a right guess at last");
    assert.equal(
      (await app("key-of-bob", "203.0.113.9", "bob")).status,
      200,
      "a neighbour behind the same address goes on",
    );
    assert.equal((await app("key-of-alice", "198.51.100.1")).status, 200, "and so does the user elsewhere");
    assert.equal((await operator(SECRETS.ADMIN_TOKEN, "203.0.113.9")).status, 200, "other doors stay open");
    assert.equal((await hook(SECRETS.WEBHOOK_SECRET, "203.0.113.9")).status, 200);
  });

  it("shut the door for ten seconds; a credential that was good within a quarter of an hour passes it", async () => {
    worker = await startWorker({
      limits: { AUTH_FAILURE_LIMITER: 2 },
      main: inRoot("tests", "support", "clock-entry.mjs"),
    });
    for (const id of ["alice", "bob", "carol"]) await seedUser(worker, { id, secrets: SECRETS });
    const after = (seconds, bearer, user) =>
      worker.send("GET", `/users/${user}/backups`, {
        bearer,
        ...from("203.0.113.9", { "x-test-seconds": `${seconds}` }),
      });
    for (const user of ["bob", "carol"]) assert.equal((await after(0, `key-of-${user}`, user)).status, 200);
    for (let n = 0; n < 3; n += 1) await after(0, `guess-${n}`, "alice");
    assertLimited(await after(5, "key-of-alice", "alice"), "the door is shut");
    assert.equal((await after(12, "key-of-alice", "alice")).status, 200, "the door is open again");
    assertLimited(await after(14 * 60, "guess-3", "alice"), "and shut again");
    assert.equal((await after(14 * 60, "key-of-bob", "bob")).status, 200);
    assertLimited(await after(16 * 60, "guess-4", "alice"), "and shut once more");
    assertLimited(await after(16 * 60, "key-of-carol", "carol"), "who was good too long ago");
    assert.equal((await after(16 * 60, "key-of-bob", "bob")).status, 200);
  });

  it("behind a shut door use up nothing of the user's whom they name, for a neighbour behind the same address", async () => {
    worker = await startWorker({ limits: { AUTH_FAILURE_LIMITER: 2, APP_LIMITER: 6 } });
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    assert.equal((await app("key-of-alice", "203.0.113.9")).status, 200);
    for (let n = 0; n < 20; n += 1) await app(`guess-${n}`, "203.0.113.9");
    assert.equal((await app("key-of-alice", "203.0.113.9")).status, 200);
  });

  it("are counted by /64 in IPv6, whatever the spelling of the address", async () => {
    worker = await startWorker({ limits: { AUTH_FAILURE_LIMITER: 2 } });
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    assert.equal((await app("guess", "2001:db8:1:2::1")).status, 401);
    assert.equal((await app("guess", "2001:DB8:1:2:ffff::2")).status, 401);
    assertLimited(await app("guess", "2001:db8:0001:0002:3::3"), "a third address of the same /64");
    assert.equal((await app("guess", "2001:db8:1:3::1")).status, 401, "another /64");
    assert.equal((await app("guess", "203.0.113.77")).status, 401);
    assert.equal((await app("guess", "::ffff:203.0.113.77")).status, 401);
    assertLimited(await app("guess", "203.0.113.77"), "v4 and v4 in v6 are one address");
  });

  it("do not count against an address whose credentials are good", async () => {
    worker = await startWorker({ limits: { AUTH_FAILURE_LIMITER: 1 } });
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    for (let n = 0; n < 5; n += 1) assert.equal((await app("key-of-alice", "203.0.113.9")).status, 200);
    for (let n = 0; n < 5; n += 1)
      assert.equal(
        (await app("key-of-alice", "203.0.113.9", "bob")).status,
        403,
        "another user's path is no failed credential",
      );
  });
});

describe("an app's requests", () => {
  it("are limited per user and address, so that a stranger cannot use up what a user may have", async () => {
    worker = await startWorker({ limits: { APP_LIMITER: 3 } });
    for (const id of ["alice", "bob"]) await seedUser(worker, { id, secrets: SECRETS });
    for (let n = 0; n < 3; n += 1) await app("a-stranger", "192.0.2.66");
    assertLimited(await app("a-stranger", "192.0.2.66"), "the stranger");
    for (let n = 0; n < 3; n += 1) assert.equal((await app("key-of-alice", "203.0.113.9")).status, 200);
    assertLimited(await app("key-of-alice", "203.0.113.9"), "the user's own fourth");
    assert.equal((await app("key-of-bob", "203.0.113.9", "bob")).status, 200, "another user");
  });

  it("for other users' backups are limited by the credential: each names another user, and would leave its event", async () => {
    worker = await startWorker({ limits: { APP_LIMITER: 3 } });
    for (const id of ["alice", "bob"]) await seedUser(worker, { id, secrets: SECRETS });
    for (let n = 0; n < 4; n += 1) assert.equal((await app("key-of-alice", "203.0.113.9", `user-${n}`)).status, 403);
    for (let n = 4; n < 9; n += 1) assertLimited(await app("key-of-alice", "203.0.113.9", `user-${n}`), `user ${n}`);
    const [{ n }] = await worker.sql("SELECT count(*) AS n FROM audit_events WHERE outcome = 'forbidden'");
    assert.equal(n, 4, "what is refused at once costs the database nothing");
    assert.equal(
      (await app("key-of-bob", "203.0.113.9", "bob")).status,
      200,
      "a neighbour behind the same address goes on",
    );
  });

  it("over the limit cost the database nothing", async () => {
    worker = await startWorker({ limits: { APP_LIMITER: 1 } });
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    await app("key-of-alice", "203.0.113.9");
    const before = await worker.sql("SELECT count(*) AS n FROM audit_events");
    assertLimited(await app("key-of-alice", "203.0.113.9"), "the second");
    assert.deepEqual(await worker.sql("SELECT count(*) AS n FROM audit_events"), before);
  });
});

it("/readyz, which asks the database and no credential, is limited by the address", async () => {
  worker = await startWorker({ limits: { APP_LIMITER: 2 } });
  const ready = (address) => worker.send("GET", "/readyz", from(address));
  for (let n = 0; n < 2; n += 1) assert.equal((await ready("203.0.113.9")).status, 200);
  assertLimited(await ready("203.0.113.9"), "the third");
  assert.equal((await ready("203.0.113.10")).status, 200);
  assert.equal((await worker.send("GET", "/healthz", from("203.0.113.9"))).status, 200);
});

describe("webhooks", () => {
  it("with the right secret always pass: whoever is a customer of Portal can make it send us wrong ones, from the same addresses", async () => {
    worker = await startWorker({ limits: { AUTH_FAILURE_LIMITER: 2 } });
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    for (let n = 0; n < 4; n += 1) await hook("another-customers-secret", "35.185.20.23");
    assertLimited(await hook("another-customers-secret", "35.185.20.23"), "the door is shut");
    assert.equal((await hook(SECRETS.WEBHOOK_SECRET, "35.185.20.23")).status, 200);
  });

  it("are limited once their secret is right, so that nobody else can use the limit up", async () => {
    worker = await startWorker({ limits: { WEBHOOK_LIMITER: 2 } });
    await worker.send("POST", "/users", {
      bearer: SECRETS.ADMIN_TOKEN,
      body: { id: "alice", clientId: "client-alice", clientApiKey: "k" },
    });
    for (let n = 0; n < 5; n += 1) assert.equal((await hook("wrong", "35.185.20.23")).status, 401);
    for (let n = 0; n < 2; n += 1) assert.equal((await hook(SECRETS.WEBHOOK_SECRET, "35.185.20.23")).status, 200);
    assertLimited(await hook(SECRETS.WEBHOOK_SECRET, "35.185.20.23"), "the third");
  });
});

describe("a limiter that does not work", () => {
  it("is one warning in the log, not an outage", async () => {
    const none = { AUTH_FAILURE_LIMITER: null, APP_LIMITER: null, WEBHOOK_LIMITER: null };
    worker = await startWorker({ limits: none });
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    for (let n = 0; n < 3; n += 1) {
      assert.equal((await app("key-of-alice", "203.0.113.9")).status, 200);
      assert.equal((await app("wrong", "203.0.113.9")).status, 401);
      assert.equal((await hook(SECRETS.WEBHOOK_SECRET, "203.0.113.9")).status, 200);
    }
    const warnings = worker.logLines().filter(({ level, limiter }) => level === "warn" && limiter);
    assert.deepEqual(warnings.map(({ limiter }) => limiter).sort(), Object.keys(none).sort());
  });

  it("may also be bound to something else", async () => {
    worker = await startWorker({
      limits: { AUTH_FAILURE_LIMITER: null, APP_LIMITER: null, WEBHOOK_LIMITER: null },
      vars: { AUTH_FAILURE_LIMITER: "x", APP_LIMITER: "x", WEBHOOK_LIMITER: "x" },
    });
    await seedUser(worker, { id: "alice", secrets: SECRETS });
    assert.equal((await app("key-of-alice", "203.0.113.9")).status, 200);
    assert.equal((await app("wrong", "203.0.113.9")).status, 401);
    assert.equal((await hook(SECRETS.WEBHOOK_SECRET, "203.0.113.9")).status, 200);
  });
});
