// What a request does, it does once: a batch that is sent again after its answer was lost, or that ends long after it was
// given up, changes nothing of what came since.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { backups } from "./support/backup.mjs";
import { user } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const CUSTODIAN = "GDRIVE-SECP256K1";
const ada = user("ada");

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
/** The request has sent its n-th batch to the database: what it sent before was given up, 2.4 s after it began. */
const attempt = async (n, { tag }) => {
  while ((await entry.met(tag)).length < n) await new Promise((resolve) => setTimeout(resolve, 5));
};
/** The first attempt is given up and ends late, when the plan is released; the second fails in a way that is not tried again. */
const GIVEN_UP = ["late", { error: "D1_ERROR: D1 DB is overloaded." }];

/**
 * The ways in which a batch that was carried out arrives once more, after `meanwhile`. `before` are the request's batches
 * before that one.
 */
const ways = {
  "sent again": async (send, meanwhile, before = 0) => {
    const plan = { tag: `once ${++tags}`, plan: [...Array(before).fill("pass"), "commit-then-fail", "hold"] };
    const answer = send({ faults: plan });
    await attempt(before + 2, plan);
    await meanwhile();
    await entry.release(plan.tag);
    return answer;
  },
  "ending late": async (send, meanwhile, before = 0) => {
    const plan = { tag: `once ${++tags}`, plan: [...Array(before).fill("pass"), "late"] };
    const answer = await send({ faults: plan });
    await meanwhile();
    await entry.release(plan.tag);
    return answer;
  },
};
const admin = (method, path, body) => (options) => wallet.admin(method, path, body, wallet.init(options));
const importing = (record) => (options) =>
  worker.send("POST", "/admin/import", {
    bearer: SECRETS.ADMIN_TOKEN,
    headers: { "content-type": "application/x-ndjson", ...wallet.init(options).headers },
    body: JSON.stringify(record),
  });

for (const [way, twice] of Object.entries(ways)) {
  describe(`a batch ${way}`, () => {
    const isSlow = way === "ending late"; // What guards against both is one condition in SQL: a few of those will do.

    it("purges no share that was stored since", async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      const purge = admin("DELETE", `${wallet.path(ada)}?purge=${ada.clientId}`);
      const { status } = await twice(purge, async () => {
        await wallet.register(ada);
        await wallet.custodian(ada, CUSTODIAN, "c2");
      });
      assert.equal(status, 204);
      assert.deepEqual(await wallet.fetched(ada), ["c2"]);
      assert.deepEqual(await worker.sql("SELECT outcome FROM audit_events WHERE action = 'purge_user'"), [
        { outcome: "purged" },
      ]);
    });

    it("purges no user that was registered by a webhook since", async () => {
      const eve = { id: "client-eve", clientId: "client-eve" };
      await wallet.custodian(eve, CUSTODIAN, "e1");
      const { status } = await twice(admin("DELETE", "/users/client-eve?purge=client-eve"), () =>
        wallet.custodian(eve, CUSTODIAN, "e2"),
      );
      assert.equal(status, 204);
      assert.deepEqual(await wallet.fetched(eve), ["e2"]);
    });

    it("opens no eject window that was closed since", async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      const retrieve = () =>
        wallet.app(ada, "GET", `${wallet.path(ada)}/custodian-backup-share?backupMethod=${CUSTODIAN}`);
      await twice(admin("POST", `${wallet.path(ada)}/eject`), async () => {
        assert.equal((await wallet.admin("DELETE", `${wallet.path(ada)}/eject`)).status, 204);
        assert.equal((await retrieve()).status, 403);
      });
      assert.equal((await retrieve()).status, 403);
    });

    it("imports no share of unknown time over one that was stored since", async () => {
      await twice(
        importing({ type: "custodianBackupShare", userId: ada.id, backupMethod: CUSTODIAN, share: "old" }),
        async () => {
          await wallet.custodian(ada, CUSTODIAN, "c2");
          assert.deepEqual(await wallet.fetched(ada), ["c2"]);
        },
        2,
      );
      await wallet.cipherText(ada, "GDRIVE", "u2");
      assert.deepEqual(await wallet.fetched(ada), ["c2"]);
    });

    if (isSlow) return;

    it("deletes no user that was restored since", async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      const { status } = await twice(admin("DELETE", wallet.path(ada)), () => wallet.restoreUser(ada));
      assert.equal(status, 204);
      assert.deepEqual(await wallet.fetched(ada), ["c1"]);
      assert.deepEqual(await worker.sql("SELECT outcome FROM audit_events WHERE action = 'delete_user'"), [
        { outcome: "deleted" },
      ]);
    });

    it("puts no API key in the place of one that came since", async () => {
      const replace = (clientApiKey) => admin("PUT", `${wallet.path(ada)}/client-api-key`, { clientApiKey });
      assert.equal((await twice(replace("second-key"), () => replace("third-key")())).status, 200);
      assert.equal((await wallet.fetchCipherText({ ...ada, clientApiKey: "third-key" }, {})).status, 404);
      assert.equal((await wallet.fetchCipherText({ ...ada, clientApiKey: "second-key" }, {})).status, 401);
    });

    it("registers no user who was deleted since", async () => {
      const bob = user("bob");
      await twice(admin("POST", "/users", bob), () => wallet.deleteUser(bob));
      assert.equal((await wallet.admin("GET", wallet.path(bob))).status, 404);
    });

    it("tells of no registration by another one of the same client since", async () => {
      const bob = user("bob");
      const { status } = await twice(admin("POST", "/users", bob), async () => {
        await wallet.deleteUser(bob);
        await wallet.register({ ...bob, id: "another" });
      });
      assert.equal(status, 409);
    });

    it("registers no client that was purged since", async () => {
      const id = `client-eve-${way.replace(" ", "-")}`; // a new one: a client that was seen before takes a batch more
      const eve = { id, clientId: id };
      await twice(
        (options) => wallet.storeCustodian(eve, CUSTODIAN, "e1", options),
        () => wallet.purgeUser(eve),
      );
      assert.equal((await wallet.admin("GET", `/users/${id}`)).status, 404);
    });

    it("closes no eject window that was opened since", async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      await twice(admin("DELETE", `${wallet.path(ada)}/eject`), () =>
        wallet.admin("POST", `${wallet.path(ada)}/eject`),
      );
      assert.equal(
        (await wallet.app(ada, "GET", `${wallet.path(ada)}/custodian-backup-share?backupMethod=${CUSTODIAN}`)).status,
        200,
      );
    });

    it("uses no retrieval of an eject window up that was opened since", async () => {
      await wallet.custodian(ada, CUSTODIAN, "c1");
      const open = () => wallet.admin("POST", `${wallet.path(ada)}/eject`);
      const path = `${wallet.path(ada)}/custodian-backup-share?backupMethod=${CUSTODIAN}`;
      await open();
      await twice((options) => wallet.app(ada, "GET", path, undefined, wallet.init(options)), open, 1);
      assert.equal((await wallet.app(ada, "GET", path)).status, 200);
    });

    it("imports neither a user nor a share of one who was purged since", async () => {
      const bob = user("bob");
      await twice(importing({ type: "user", ...bob }), () => wallet.purgeUser(bob));
      assert.equal((await wallet.admin("GET", wallet.path(bob))).status, 404);
      // How many batches come before depends on where the user is, and on what is remembered of it.
      let before;
      for (const method of ["FIRST", "SECOND"]) {
        const probe = { tag: `once ${++tags}` };
        await importing({ type: "custodianBackupShare", userId: ada.id, backupMethod: method, share: method })({
          faults: probe,
        });
        before = (await entry.met(probe.tag)).length - 1;
      }
      await twice(
        importing({ type: "custodianBackupShare", userId: ada.id, backupMethod: CUSTODIAN, share: "old" }),
        async () => {
          await wallet.purgeUser(ada);
          await wallet.register(ada);
        },
        before,
      );
      assert.deepEqual(await wallet.fetched(ada), []);
      assert.deepEqual(
        await worker.sql("SELECT DISTINCT outcome FROM audit_events WHERE action = 'import' ORDER BY 1"),
        [{ outcome: "registered" }, { outcome: "stored_custodian_share" }],
      );
    });

    it("imports no share over an older version that was restored since, and none twice", async () => {
      const record = (id, share, storedAt, supersededAt) => ({
        type: "custodianBackupShare",
        userId: ada.id,
        backupMethod: CUSTODIAN,
        id,
        share,
        storedAt,
        supersededAt,
      });
      await importing(record("v0", "c0", "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"))();
      await twice(importing(record("5", "c1", "2026-02-01T00:00:00.000Z")), () => wallet.restoreVersion(ada, "v0"), 2);
      assert.deepEqual(await wallet.fetched(ada), ["c0"]);
      assert.deepEqual(
        (await wallet.history(ada)).map(({ id }) => id),
        ["5"],
      );
    });

    it("restores no version over one that was stored since, and loses none of the same id", async () => {
      for (const record of [
        {
          type: "custodianBackupShare",
          id: "5",
          share: "c1",
          storedAt: "2026-01-01T00:00:00.000Z",
          supersededAt: "2026-01-03T00:00:00.000Z",
        },
        { type: "custodianBackupShare", id: "6", share: "c2", storedAt: "2026-01-03T00:00:00.000Z" },
        { type: "userBackupShare", id: "5", cipherText: "u1", storedAt: "2026-01-02T00:00:00.000Z" },
      ]) {
        const backupMethod = record.share ? CUSTODIAN : "GDRIVE";
        assert.equal((await importing({ userId: ada.id, backupMethod, ...record })()).body.results[0].outcome, "new");
      }
      await twice(
        admin("POST", `${wallet.path(ada)}/backups/restore`, { versionId: "5" }),
        () => wallet.custodian(ada, CUSTODIAN, "c3"),
        1,
      );
      assert.deepEqual(await wallet.fetched(ada), ["c3", "c1"], "the newest, and the mate of u1");
    });
  });
}

describe("what an operator was answered 503 for, and ends late,", () => {
  const [bob, eve, dan, fay, gil, hal] = ["bob", "eve", "dan", "fay", "gil", "hal"].map(user);
  const plans = [];
  const givenUp = async (send, before = 0) => {
    const plan = { tag: `once ${++tags}`, plan: [...Array(before).fill("pass"), ...GIVEN_UP] };
    plans.push(plan);
    assert.equal((await send({ faults: plan })).status, 503);
  };
  const key = (who, clientApiKey) => admin("PUT", `${wallet.path(who)}/client-api-key`, { clientApiKey });

  it("undoes nothing of what was done since", async () => {
    for (const who of [bob, eve, dan, fay, hal]) {
      await wallet.register(who);
      await wallet.custodian(who, CUSTODIAN, "c1");
    }
    await wallet.custodian(hal, CUSTODIAN, "c2");
    const [older] = await wallet.history(hal);
    await Promise.all([
      givenUp(admin("DELETE", `${wallet.path(ada)}?purge=${ada.clientId}`)),
      givenUp(admin("POST", `${wallet.path(bob)}/eject`)),
      givenUp(key(eve, "second-key")),
      givenUp(admin("DELETE", wallet.path(dan))),
      givenUp(admin("DELETE", `${wallet.path(fay)}?purge=${fay.clientId}`)),
      givenUp(admin("POST", `${wallet.path(hal)}/backups/restore`, { versionId: older.id }), 1),
      givenUp(admin("POST", "/users", gil)),
    ]);
    await wallet.purgeUser(fay);
    for (const record of [
      { type: "user", ...fay },
      { type: "custodianBackupShare", userId: fay.id, backupMethod: CUSTODIAN, share: "imported" },
    ]) {
      assert.equal((await importing(record)()).body.results[0].outcome, "new");
    }
    await wallet.custodian(hal, CUSTODIAN, "c3");
    await wallet.register(gil);
    await wallet.purgeUser(gil);
    await wallet.custodian(ada, CUSTODIAN, "c2");
    await wallet.cipherText(ada, "GDRIVE", "u2");
    assert.equal((await wallet.admin("DELETE", `${wallet.path(bob)}/eject`)).status, 204);
    assert.equal((await key(eve, "third-key")()).status, 200);
    for (const { tag } of plans) await entry.release(tag);
    assert.deepEqual(await wallet.fetched(ada), ["c2"], "no share is erased that was acknowledged");
    assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "u2");
    assert.equal(
      (await wallet.app(bob, "GET", `${wallet.path(bob)}/custodian-backup-share?backupMethod=${CUSTODIAN}`)).status,
      403,
      "no window opens that was closed",
    );
    assert.equal(
      (await wallet.fetchCipherText({ ...eve, clientApiKey: "third-key" }, {})).status,
      404,
      "the newest key is good",
    );
    assert.deepEqual(await wallet.fetched(fay), ["imported"]);
    assert.deepEqual(await wallet.fetched(hal), ["c3"]);
    assert.equal((await wallet.admin("GET", wallet.path(gil))).status, 404, "who was purged stays so");
    const ended = await worker.sql(
      "SELECT action, user_id FROM audit_events WHERE action IN ('delete_user', 'open_eject', 'purge_user', 'restore_version') ORDER BY id",
    );
    assert.deepEqual(
      ended.map(({ action, user_id }) => `${action} ${user_id}`),
      [`purge_user ${fay.id}`, `purge_user ${gil.id}`],
      "what was answered 503 is not carried out",
    );
    assert.equal((await wallet.admin("GET", wallet.path(dan))).status, 200);
  });

  it("erases nobody whose version was restored since, and restores no version over an import", async () => {
    await wallet.register(bob);
    for (const who of [ada, bob]) {
      await wallet.custodian(who, CUSTODIAN, "c1");
      await wallet.custodian(who, CUSTODIAN, "c2");
    }
    const [[ofAda], [ofBob]] = [await wallet.history(ada), await wallet.history(bob)];
    await Promise.all([
      givenUp(admin("DELETE", `${wallet.path(ada)}?purge=${ada.clientId}`)),
      givenUp(admin("POST", `${wallet.path(bob)}/backups/restore`, { versionId: ofBob.id }), 1),
    ]);
    await wallet.restoreVersion(ada, ofAda.id);
    const record = {
      type: "custodianBackupShare",
      userId: bob.id,
      backupMethod: CUSTODIAN,
      share: "c3",
      storedAt: new Date(Date.now() + 3_600_000).toISOString(),
    };
    const imported = await worker.send("POST", "/admin/import?replaceOlder=true", {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "content-type": "application/x-ndjson" },
      body: JSON.stringify(record),
    });
    assert.equal(imported.body.results[0].outcome, "new", imported.text);
    for (const { tag } of plans) await entry.release(tag);
    assert.deepEqual(await wallet.fetched(ada), ["c1"]);
    assert.deepEqual(await wallet.fetched(bob), ["c3"]);
  });

  it("is not kept from its end by a request that was refused since", async () => {
    const plan = { tag: `once ${++tags}`, plan: ["hang", "hold"] };
    const purge = admin("DELETE", `${wallet.path(ada)}?purge=${ada.clientId}`)({ faults: plan });
    await attempt(2, plan);
    assert.equal((await wallet.storeCipherText({ ...ada, clientApiKey: "a stranger's" }, "GDRIVE", "x")).status, 401);
    await entry.release(plan.tag);
    assert.equal((await purge).status, 204);
  });
});

describe("a user's restore", () => {
  it("takes nothing from the client's own user where a purge came between its two looks", async () => {
    await wallet.deleteUser(ada);
    // A webhook registers the client as a user of its own, whose share is in the history alone in the end.
    await wallet.custodian(ada, CUSTODIAN, "c1");
    const own = { id: ada.clientId, clientId: ada.clientId };
    assert.equal((await admin("DELETE", `${wallet.path(own)}/backups?backupMethod=GDRIVE`)()).status, 204);
    await wallet.deleteUser(own);
    const plan = { tag: `once ${++tags}`, plan: ["pass", "pass", "hold"] };
    const restore = admin("POST", `${wallet.path(ada)}/restore`)({ faults: plan });
    await attempt(3, plan);
    await wallet.purgeUser(ada);
    await entry.release(plan.tag);
    assert.equal((await restore).status, 409);
    await wallet.restoreUser(own);
    const kept = (await wallet.history(own)).map(({ kind, backupMethod }) => [kind, backupMethod]);
    assert.deepEqual(kept, [["custodian", CUSTODIAN]]);
  });
});

describe("a store that is overtaken", () => {
  const outcomes = (action) =>
    worker
      .sql(`SELECT outcome FROM audit_events WHERE action = '${action}' ORDER BY id`)
      .then((rows) => rows.map(({ outcome }) => outcome));

  it("was answered 503 and ends late: it displaces neither share of the backup that came after", async () => {
    await wallet.custodian(ada, CUSTODIAN, "c1");
    const plans = [1, 2].map(() => ({ tag: `once ${++tags}`, plan: GIVEN_UP }));
    const answers = await Promise.all([
      wallet.storeCipherText(ada, "GDRIVE", "u1", { faults: plans[0] }),
      wallet.storeCustodian(ada, CUSTODIAN, "late", { faults: plans[1] }),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [503, 503],
    );
    await wallet.custodian(ada, CUSTODIAN, "c2");
    await wallet.cipherText(ada, "GDRIVE", "u2");
    for (const { tag } of plans) await entry.release(tag);
    assert.deepEqual(await wallet.fetched(ada), ["c2"]);
    assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "u2");
    assert.deepEqual(await outcomes("store_custodian_share"), ["stored", "stored"]);
    assert.deepEqual(await outcomes("store_user_share"), ["stored"]);
  });

  it("is told so, if it is waited for still; unless it brings the very same share", async () => {
    for (const [share, status] of [
      ["older", 409],
      ["newer", 200],
    ]) {
      const plan = { tag: `once ${++tags}`, plan: ["hang", "hold"] };
      const store = wallet.storeCipherText(ada, "GDRIVE", share, { faults: plan });
      await attempt(2, plan);
      await wallet.cipherText(ada, "GDRIVE", "newer");
      await entry.release(plan.tag);
      assert.equal((await store).status, status, share);
      assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "newer");
    }
  });

  it("is not so by a share that was imported meanwhile, nor by a request whose clock is far ahead", async () => {
    const plan = { tag: `once ${++tags}`, plan: ["hang", "hold"] };
    const store = wallet.storeCustodian(ada, CUSTODIAN, "newer", { faults: plan });
    await attempt(2, plan);
    const record = {
      type: "custodianBackupShare",
      userId: ada.id,
      backupMethod: CUSTODIAN,
      share: "imported",
      storedAt: "2025-01-01T00:00:00.000Z",
    };
    assert.equal((await importing(record)()).body.results[0].outcome, "new");
    await entry.release(plan.tag);
    assert.equal((await store).status, 204);
    const [{ id }] = await worker.sql("SELECT id FROM custodian_backup_shares");
    const tomorrow = id.replace(/^(.{8})-(.{4})/, (_, high, low) =>
      (parseInt(high + low, 16) + 86_400_000).toString(16).padStart(12, "0").replace(/^.{8}/, "$&-"),
    );
    await worker.sql(
      `UPDATE audit_events SET id = '${tomorrow}' WHERE id = '${id}'; UPDATE custodian_backup_shares SET id = '${tomorrow}'`,
    );
    await wallet.custodian(ada, CUSTODIAN, "newest");
    assert.deepEqual(await wallet.fetched(ada), ["newest"]);
    assert.deepEqual((await outcomes("store_custodian_share")).at(-1), "stored");
  });

  it("is not so by a share that was imported before, whatever its id and its time, nor by one of the same moment", async () => {
    for (const record of [
      {
        id: "zzz",
        type: "userBackupShare",
        userId: ada.id,
        backupMethod: "GDRIVE",
        cipherText: "imported",
        storedAt: "2025-11-01T00:00:00.000Z",
      },
      {
        id: "zzz",
        type: "custodianBackupShare",
        userId: ada.id,
        backupMethod: CUSTODIAN,
        share: "imported",
        storedAt: "2025-11-01T00:00:00.000Z",
      },
    ]) {
      assert.equal((await importing(record)()).body.results[0].outcome, "new");
    }
    await wallet.custodian(ada, CUSTODIAN, "c1");
    await wallet.cipherText(ada, "GDRIVE", "u1");
    const many = await Promise.all([1, 2, 3, 4, 5].map((n) => wallet.storeCipherText(ada, "GDRIVE", `u1${n}`)));
    assert.ok(many.every(({ status }) => status === 200));
    assert.deepEqual(await wallet.fetched(ada), ["c1"]);
  });
});

it("a restore that is replaced before its answer arrives is told so", async () => {
  await wallet.custodian(ada, CUSTODIAN, "c1");
  await wallet.custodian(ada, CUSTODIAN, "c2");
  const [{ id }] = await wallet.history(ada);
  const answer = await ways["sent again"](
    admin("POST", `${wallet.path(ada)}/backups/restore`, { versionId: id }),
    () => wallet.custodian(ada, CUSTODIAN, "c3"),
    1,
  );
  assert.deepEqual([answer.status, answer.body.code], [409, "conflict"]);
  assert.deepEqual(await wallet.fetched(ada), ["c3"]);
});

it("an alarm counts once, though each answer of the database is lost and each batch sent again", async () => {
  await wallet.custodian(ada, CUSTODIAN, "c1");
  await worker.sql("UPDATE custodian_backup_shares SET sealed_share = 'AAAA'");
  const eachTwice = Array.from({ length: 20 }, () => ["commit-then-fail", "pass"]).flat();
  const plan = { tag: `once ${++tags}`, plan: eachTwice };
  assert.equal((await wallet.fetchCustodian(ada, { faults: plan })).status, 500);
  const alarms = () => worker.sql("SELECT count FROM daily_alarms WHERE message = 'request: internal'");
  for (let left = 400; (await alarms()).length === 0; left -= 1) {
    assert.ok(left > 0, "no alarm was kept");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  // The isolate keeps alarms behind its answer: all batches of it have ended once their number stays even.
  for (let met = 1; met % 2 !== 0; ) met = (await entry.met(plan.tag)).length;
  assert.deepEqual(await alarms(), [{ count: 1 }]);
});
