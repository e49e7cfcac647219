// A request is carried out at most once, and never after it has been answered: whatever was answered 503 and ends late changes
// nothing.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { backups, snapshot } from "./support/backup.mjs";
import { assertProblem, user } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const CUSTODIAN = "GDRIVE-SECP256K1";
const ada = user("ada");
const bob = user("bob");

let worker;
let entry;
let wallet;
before(async () => {
  worker = await startWorker({
    main: inRoot("tests", "support", "faulty-entry.mjs"),
    vars: { UNKNOWN_CLIENTS: "register" },
  });
  entry = await worker.entry();
  wallet = backups(worker);
});
after(() => worker?.stop());
beforeEach(async () => {
  await worker.clear();
  await worker.send("GET", "/readyz"); // the key's canary is there: it is no batch of what follows
  await wallet.register(ada);
});

let tags = 0;
const plan = (...faults) => ({ tag: `gate ${++tags}`, plan: faults });
/** The ways to a 503 with a batch that still ends: after the whole time of an attempt, and after three lost connections. */
const LATE = ["late", { error: "D1_ERROR: D1 DB is overloaded." }];
const LOST = ["lost", "lost", "lost"];

/** Sends a request that is answered 503. Gives the function that lets its batches end. */
async function givenUp(send, faults = LATE, before = 0) {
  const of = plan(...Array(before).fill("pass"), ...faults);
  const { status, text } = await send({ faults: of });
  assert.equal(status, 503, text);
  return () => entry.release(of.tag);
}
const admin = (method, path, body) => (options) => wallet.admin(method, path, body, wallet.init(options));
const importing =
  (...records) =>
  (options) =>
    worker.send("POST", "/admin/import", {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "content-type": "application/x-ndjson", ...wallet.init(options).headers },
      body: records.map((record) => JSON.stringify(record)).join("\n"),
    });
const custodian = (share) => (options) => wallet.storeCustodian(ada, CUSTODIAN, share, options);
const cipherText = (text) => (options) => wallet.storeCipherText(ada, "GDRIVE", text, options);
const recovered = () => wallet.recovered(ada, { backupMethod: "GDRIVE" });
const ejected = (who) => wallet.app(who, "GET", `${wallet.path(who)}/custodian-backup-share?backupMethod=${CUSTODIAN}`);

for (const [way, faults] of Object.entries({ "after a hang": LATE, "after three lost connections": LOST })) {
  describe(`what is answered 503 ${way}, and ends late, changes nothing:`, () => {
    it("neither kind of share, where the one that was there is sent again meanwhile", async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      await wallet.cipherText(ada, "GDRIVE", "u1");
      const releases = await Promise.all([givenUp(custodian("c2"), faults), givenUp(cipherText("u2"), faults)]);
      await wallet.custodian(ada, CUSTODIAN, "c1");
      await wallet.cipherText(ada, "GDRIVE", "u1");
      const before = await snapshot(worker);
      for (const release of releases) await release();
      assert.deepEqual(await snapshot(worker), before);
      assert.deepEqual(await wallet.fetched(ada), ["c1"]);
      assert.equal(await recovered(), "u1");
    });

    it("neither kind of share, where another one was acknowledged meanwhile", async () => {
      const releases = await Promise.all([givenUp(custodian("c1"), faults), givenUp(cipherText("u1"), faults)]);
      await wallet.custodian(ada, CUSTODIAN, "c2");
      await wallet.cipherText(ada, "GDRIVE", "u2");
      for (const release of releases) await release();
      assert.deepEqual(await wallet.fetched(ada), ["c2"]);
      assert.equal(await recovered(), "u2");
      assert.deepEqual(await wallet.history(ada), []);
    });

    it("no user that was registered and purged meanwhile: by an import, by a registration without an id, by a webhook", async () => {
      const { clientId, clientApiKey } = bob;
      for (const send of [
        admin("POST", "/users", { clientId, clientApiKey }),
        importing({ type: "user", ...bob }),
        (options) => wallet.storeCustodian(bob, CUSTODIAN, "c1", options),
      ]) {
        const release = await givenUp(send, faults);
        await wallet.register(bob);
        await wallet.purgeUser(bob);
        await release();
        assert.deepEqual((await wallet.admin("GET", `/users?clientId=${clientId}`)).body.users, []);
        assert.equal((await wallet.fetchCipherText(bob, {})).status, 401, "its API key opens nothing");
      }
    });

    it("no imported share, where the user was purged and registered again meanwhile", async () => {
      const record = { type: "custodianBackupShare", userId: ada.id, backupMethod: CUSTODIAN, share: "old" };
      const release = await givenUp(importing(record), faults, 2);
      await wallet.purgeUser(ada);
      await wallet.register(ada);
      await release();
      assert.deepEqual(await wallet.fetched(ada), []);
    });

    it("nothing of a backup that was made after a purge, or a deletion, was answered so", async () => {
      for (const path of [`${wallet.path(ada)}?purge=${ada.clientId}`, wallet.path(ada)]) {
        const release = await givenUp(admin("DELETE", path), faults);
        await wallet.custodian(ada, CUSTODIAN, "c2");
        await wallet.cipherText(ada, "GDRIVE", "u2");
        await release();
        assert.deepEqual(await wallet.fetched(ada), ["c2"]);
        assert.equal(await recovered(), "u2");
      }
    });

    it("no eject window that was closed meanwhile, and no closing where one was opened", async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      const eject = `${wallet.path(ada)}/eject`;
      const opening = await givenUp(admin("POST", eject), faults);
      assert.equal((await wallet.admin("DELETE", eject)).status, 204);
      await opening();
      assert.equal((await ejected(ada)).status, 403);
      const closing = await givenUp(admin("DELETE", eject), faults);
      assert.equal((await wallet.admin("POST", eject)).status, 201);
      await closing();
      assert.equal((await ejected(ada)).status, 200);
    });

    it("no retrieval of an eject: what the app was not given is there for its next attempt", async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      await wallet.admin("POST", `${wallet.path(ada)}/eject`);
      const path = `${wallet.path(ada)}/custodian-backup-share?backupMethod=${CUSTODIAN}`;
      const retrieve = (options) => wallet.app(ada, "GET", path, undefined, wallet.init(options));
      const release = await givenUp(retrieve, faults, 1);
      await release();
      assert.equal((await retrieve()).status, 200);
    });

    it("no API key that another one came after", async () => {
      const key = (clientApiKey) => admin("PUT", `${wallet.path(ada)}/client-api-key`, { clientApiKey });
      const release = await givenUp(key("k2"), faults);
      assert.equal((await key("k3")()).status, 200);
      await release();
      assert.equal((await wallet.fetchCipherText({ ...ada, clientApiKey: "k3" }, {})).status, 404);
      assert.equal((await wallet.fetchCipherText({ ...ada, clientApiKey: "k2" }, {})).status, 401);
    });

    it("no restore, of a version or of a user", async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      await wallet.custodian(ada, CUSTODIAN, "c2");
      const [{ id: versionId }] = await wallet.history(ada);
      const version = await givenUp(admin("POST", `${wallet.path(ada)}/backups/restore`, { versionId }), faults, 1);
      await version();
      assert.deepEqual(await wallet.fetched(ada), ["c2"]);
      await wallet.deleteUser(ada);
      const restore = await givenUp(admin("POST", `${wallet.path(ada)}/restore`), faults, 1);
      await restore();
      assert.equal((await wallet.admin("GET", wallet.path(ada))).status, 404);
    });
  });
}

it("a refusal is final too: a batch whose connection was lost does not follow it", async () => {
  const tooMany = plan("lost", { error: "D1_ERROR: a user has 256 backup methods at most: SQLITE_CONSTRAINT" });
  assert.equal((await cipherText("u1")({ faults: tooMany })).status, 409);
  await entry.release(tooMany.tag);
  assert.equal(await recovered(), undefined);
});

it("whoever hangs up and sends another share has the other one, although the first one's batch ends in time", async () => {
  for (const [send, current] of [
    [wallet.storeCustodian, async () => (await wallet.fetched(ada))[0]],
    [wallet.storeCipherText, recovered],
  ]) {
    const first = plan("late");
    const method = send === wallet.storeCustodian ? CUSTODIAN : "GDRIVE";
    const hungUp = send(ada, method, "first", { faults: first });
    while ((await entry.met(first.tag)).length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok((await send(ada, method, "second")).status < 300);
    await entry.release(first.tag);
    assert.equal(await current(), "second");
    await hungUp;
  }
});

it("of a custodian share and a cipher text with one id, the one that is named is restored, and the answer tells which", async () => {
  const record = (type, share, supersededAt) => ({
    type,
    userId: ada.id,
    id: "5",
    backupMethod: "UNKNOWN",
    [type === "userBackupShare" ? "cipherText" : "share"]: share,
    storedAt: "2026-01-01T00:00:00.000Z",
    supersededAt,
  });
  const restore = (body) => wallet.admin("POST", `${wallet.path(ada)}/backups/restore`, { versionId: "5", ...body });
  const kept = async () => (await wallet.history(ada)).map(({ id, kind }) => `${kind} ${id}`);
  for (const [named, kind] of [
    [{}, "custodian"],
    [{ kind: "user" }, "user"],
    [{ kind: "custodian" }, "custodian"],
  ]) {
    await importing(
      record("custodianBackupShare", "c1", "2026-01-03T00:00:00.000Z"),
      record("userBackupShare", "u1", "2026-01-02T00:00:00.000Z"),
    )();
    const { status, body } = await restore(named);
    assert.deepEqual([status, body.id, body.kind], [200, "5", kind]);
    assert.deepEqual(await kept(), [`${kind === "user" ? "custodian" : "user"} 5`]);
    const [counts] = await worker.sql(
      "SELECT (SELECT count(*) FROM custodian_backup_shares) AS custodian, (SELECT count(*) FROM user_backup_shares) AS user",
    );
    assert.deepEqual(counts, { custodian: 0, user: 0, [kind]: 1 });
    await wallet.purgeUser(ada);
    await wallet.register(ada);
  }
  assert.equal((await restore({ kind: "canary" })).status, 400);
});

it("a cipher text that a deleted user of another client had under this id has a time of its own", async () => {
  await wallet.cipherText(ada, "GDRIVE", "u1");
  await wallet.deleteUser(ada);
  const other = { ...ada, clientId: "client-other", clientApiKey: "other-key" };
  await wallet.register(other);
  await wallet.custodian(other, CUSTODIAN, "c1");
  await wallet.cipherText(other, "GDRIVE", "u1");
  assert.equal(await wallet.state(other, "GDRIVE"), "complete");
  await wallet.custodian(other, CUSTODIAN, "c2");
  assert.deepEqual(await wallet.fetched(other), ["c2", "c1"], "the mate of u1 is found");
});

it("whoever was carried out before is answered from the event, whatever was done since", async () => {
  const attempt = async (n, { tag }) => {
    while ((await entry.met(tag)).length < n) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const again = plan("commit-then-fail", "hold");
  const registering = admin("POST", "/users", bob)({ faults: again });
  await attempt(2, again);
  const key = await wallet.admin("PUT", `${wallet.path(bob)}/client-api-key`, { clientApiKey: "another" });
  assert.equal(key.status, 200);
  await entry.release(again.tag);
  assert.equal((await registering).status, 201, "it was this request that registered the user");
});

describe("where the database's clock is", () => {
  const GATE = "attempts_once_and_in_time";
  const NOW = "unixepoch('subsec') * 1000";
  const clocks = async (ms) => {
    const { sql } = await worker.homes[0].prepare(`SELECT sql FROM sqlite_master WHERE name = '${GATE}'`).first();
    await worker.sql(`DROP TRIGGER ${GATE}`);
    await worker.sql(sql.replaceAll(NOW, `(${NOW} + ${ms})`));
    return async () => {
      await worker.sql(`DROP TRIGGER ${GATE}`);
      await worker.sql(sql);
    };
  };
  for (const [what, ms] of Object.entries({ "an hour ahead": 3_600_000, "an hour behind": -3_600_000 })) {
    it(`${what}, nobody is refused, one round trip is lost once, and what ends late changes nothing`, async () => {
      const trips = async (share) => {
        const of = plan();
        assert.equal((await custodian(share)({ faults: of })).status, 204);
        return (await entry.met(of.tag)).length;
      };
      await trips("c0");
      const right = await clocks(ms);
      try {
        assert.deepEqual([await trips("c1"), await trips("c2")], [2, 1]);
        for (const faults of [LATE, LOST]) {
          const release = await givenUp(custodian("late"), faults);
          await wallet.custodian(ada, CUSTODIAN, "c2");
          await release();
          assert.deepEqual(await wallet.fetched(ada), ["c2"]);
        }
      } finally {
        await right();
      }
      assert.deepEqual([await trips("c3"), await trips("c4")], [2, 1], "it is set right while the isolate lives");
    });
  }
});

describe("GET /admin/clock", () => {
  const look = (faults) => admin("GET", "/admin/clock")({ faults });

  it("sees that the database's clock moves while a request waits, and how far it is ahead", async () => {
    const { status, body, text } = await look();
    assert.equal(status, 200, text);
    assert.deepEqual([body.home, body.binding, body.moves], [0, "DB", true]);
    assert.ok(body.waitedMs >= 150, text);
    assert.ok(Math.abs(body.aheadMs) < 60_000, text);
  });

  it("sees a clock that stands while a request waits", async () => {
    const { status, body, text } = await look({ tag: "stopped", plan: [], then: "stopped-clock" });
    assert.equal(status, 200, text);
    assert.equal(body.moves, false, text);
  });

  it("is 503 where the database does not answer, and knows the databases that are bound", async () => {
    assertProblem(await look({ tag: "no clock", plan: [], then: "fail" }), 503, "unavailable");
    assertProblem(await wallet.admin("GET", "/admin/clock?home=77"), 400, "invalid_field", { field: "home" });
  });
});
