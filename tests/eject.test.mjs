// Eject: our server is the only gate between a wallet and the end of its MPC security, so each way around is tried.

import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";

import { assertProblem, callers, user } from "./support/client.mjs";
import { json, jwtSettings, makeKey, makeToken, startServer, toLoopback } from "./support/identity.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const METHOD = "PASSWORD-SECP256K1";
const OTHER = "PASSWORD-ED25519";
const SHARE = JSON.stringify({ clientId: "client-alice", share: "7".repeat(77), backupSharePairId: "pair-1" });

describe("eject", () => {
  const alice = user("alice");
  const mallory = user("mallory");
  let worker, portal, app, admin;

  before(async () => {
    worker = await startWorker();
    ({ portal, app, admin } = callers(worker));
  });
  after(() => worker?.stop());
  beforeEach(async () => {
    await worker.clear();
    await callers(worker).register(alice, mallory);
    for (const { clientId } of [alice, mallory]) {
      for (const backupMethod of [METHOD, OTHER]) {
        assert.equal((await portal("/webhook/backup", { clientId, backupMethod, share: SHARE })).status, 204);
      }
    }
  });

  const retrieve = (who = alice, method = METHOD, of = who) =>
    app(who, "GET", `/users/${of.id}/custodian-backup-share?backupMethod=${encodeURIComponent(method)}`);
  const open = (body, who = alice) => admin("POST", `/users/${who.id}/eject`, body);
  const close = (who = alice) => admin("DELETE", `/users/${who.id}/eject`);
  const closed = (answer, what) => {
    assertProblem(answer, 403, "eject_not_enabled", { what });
    assert.ok(!answer.text.includes("7777777"), what);
  };
  const events = (action) =>
    worker.sql("SELECT actor, user_id, backup_method, outcome FROM audit_events WHERE action = ? ORDER BY id", action);

  it("is shut until an operator opens it", async () => {
    closed(await retrieve(), "never opened");
    assert.deepEqual(await events("retrieve_custodian_share"), [
      { actor: "client", user_id: alice.id, backup_method: METHOD, outcome: "eject_not_enabled" },
    ]);
  });

  it("gives a share once, under both names, for five minutes by default", async () => {
    const opened = await open();
    assert.equal(opened.status, 201);
    const minutes = (Date.parse(opened.body.ejectableUntil) - Date.now()) / 60_000;
    assert.ok(minutes > 4.5 && minutes <= 5.1, opened.body.ejectableUntil);
    const answer = await retrieve();
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { custodianBackupShare: SHARE, orgShare: SHARE });
    assert.equal(answer.headers.get("cache-control"), "no-store");
    closed(await retrieve(), "a second time");
    assert.equal((await retrieve(alice, OTHER)).status, 200, "the other curve has its own");
    closed(await retrieve(alice, OTHER), "and that once as well");
    assert.deepEqual(
      (await events("retrieve_custodian_share")).map(({ outcome }) => outcome),
      ["retrieved", "eject_not_enabled", "retrieved", "eject_not_enabled"],
    );
    assert.deepEqual(
      (await events("open_eject")).map(({ actor, outcome }) => [actor, outcome]),
      [["admin", "opened"]],
    );
  });

  it("gives a share to exactly one of many requests at the same moment", async () => {
    await open({ minutes: 5 });
    const answers = await Promise.all(Array.from({ length: 30 }, () => retrieve()));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    for (const answer of answers.filter(({ status }) => status !== 200)) closed(answer, "beside the one");
  });

  it("is not opened by anybody but an operator", async () => {
    for (const init of [
      { bearer: alice.clientApiKey },
      { bearer: SECRETS.WEBHOOK_SECRET, headers: { "x-webhook-secret": SECRETS.WEBHOOK_SECRET } },
      {},
    ]) {
      for (const method of ["POST", "DELETE"]) {
        assertProblem(await worker.send(method, `/users/${alice.id}/eject`, init), 401, "unauthorized");
      }
    }
    closed(await retrieve(), "after the attempts");
    assert.equal((await worker.sql("SELECT count(*) AS n FROM eject_windows"))[0].n, 0);
  });

  it("is opened for its user alone", async () => {
    await open({ minutes: 60 });
    assertProblem(await retrieve(mallory, METHOD, alice), 403, "forbidden", { what: "another user's credential" });
    closed(await retrieve(mallory), "another user");
    assertProblem(
      await worker.send("GET", `/users/${alice.id}/custodian-backup-share?backupMethod=${METHOD}`),
      401,
      "unauthorized",
    );
    assertProblem(
      await worker.send("GET", `/users/${alice.id}/custodian-backup-share?backupMethod=${METHOD}`, {
        bearer: SECRETS.ADMIN_TOKEN,
      }),
      401,
      "unauthorized",
      { what: "not even an operator" },
    );
    assert.equal((await retrieve()).status, 200, "none of this used the retrieval up");
  });

  it("is shut when its time is over", async () => {
    await open({ minutes: 1 });
    await worker.sql(
      "UPDATE eject_windows SET ejectable_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-0.001 seconds')",
    );
    closed(await retrieve(), "a millisecond late");
  });

  it("is shut when an operator shuts it, open or not", async () => {
    assert.equal((await close()).status, 204);
    await open();
    assert.equal((await close()).status, 204);
    closed(await retrieve(), "closed");
    assert.deepEqual(
      (await events("close_eject")).map(({ outcome }) => outcome),
      ["closed", "closed"],
    );
  });

  it("opens anew, with its retrievals, only when an operator says so", async () => {
    await open();
    assert.equal((await retrieve()).status, 200);
    await portal("/webhook/backup", { clientId: alice.clientId, backupMethod: METHOD, share: `${SHARE} ` });
    closed(await retrieve(), "a new backup does not open it again");
    await open();
    assert.equal((await retrieve()).status, 200);
  });

  it("takes from one minute to sixty, nothing else", async () => {
    for (const minutes of [0, -1, 61, 1.5, 1e9, "5", true, [5], {}, Number.MAX_SAFE_INTEGER]) {
      assertProblem(await open({ minutes }), 400, "invalid_field", { field: "minutes", what: JSON.stringify(minutes) });
    }
    for (const body of ["[]", "5", "{", "null", '{"minutes":5,"minutes":60}']) {
      assertProblem(await open(body), 400, "invalid_json", { what: body });
    }
    assert.equal((await worker.sql("SELECT count(*) AS n FROM eject_windows"))[0].n, 0);
    for (const minutes of [1, 60]) assert.equal((await open({ minutes })).status, 201);
  });

  it("knows no share by another spelling of its method", async () => {
    await open();
    for (const method of [
      "PASSWORD",
      "pässword-secp256k1",
      `${METHOD} x`,
      `${METHOD}%`,
      "PASSWORD-%",
      "%",
      "*",
      `${METHOD}' OR '1'='1`,
    ]) {
      const answer = await retrieve(alice, method);
      assertProblem(answer, 404, "not_found", { what: method });
    }
    assert.equal((await retrieve()).status, 200, "none of this used the retrieval up");
  });

  it("gives the share of the very method's backup, where another method's name begins the same", async () => {
    const store = async (method, body) => {
      const answer = await (method.endsWith("share")
        ? app(alice, "POST", `/users/${alice.id}/${method}`, body)
        : portal(method, { clientId: alice.clientId, ...body }));
      assert.ok(answer.status < 300, answer.text);
    };
    const long = "PASSWORD-RECOVERY";
    await store("/webhook/backup", { backupMethod: `${long}-SECP256K1`, share: "older" });
    await store("user-backup-share", { backupMethod: "PASSWORD", cipherText: "of PASSWORD" });
    await store("/webhook/backup", { backupMethod: `${long}-SECP256K1`, share: "newer" });
    await store("user-backup-share", { backupMethod: long, cipherText: "of the long one" });
    await open();
    assert.equal((await retrieve(alice, `${long}-SECP256K1`)).body.custodianBackupShare, "newer");
  });

  it("gives the share of the backup, whatever cipher text stands under the share's own name", async () => {
    const store = async (path, body) => {
      const answer = await (path === "/webhook/backup"
        ? portal(path, { clientId: alice.clientId, ...body })
        : app(alice, "POST", `/users/${alice.id}/${path}`, body));
      assert.ok(answer.status < 300, answer.text);
    };
    await store("user-backup-share", { backupMethod: METHOD, cipherText: "junk" });
    await store("/webhook/backup", { backupMethod: METHOD, share: "newer" });
    await store("user-backup-share", { backupMethod: "PASSWORD", cipherText: "of the newer one" });
    await open();
    assert.equal((await retrieve()).body.custodianBackupShare, "newer");
  });

  it("gives the share of the backup without a name, whatever other backups there are", async () => {
    const store = async (path, body) => {
      const answer = await (path === "/webhook/backup"
        ? portal(path, { clientId: alice.clientId, ...body })
        : app(alice, "POST", `/users/${alice.id}/${path}`, body));
      assert.ok(answer.status < 300, answer.text);
    };
    await store("/webhook/backup", { backupMethod: "GDRIVE-SECP256K1", share: "of the cipher text" });
    await store("user-backup-share", { cipherText: "older than multi-backup" });
    await store("/webhook/backup", { backupMethod: "GDRIVE-SECP256K1", share: "of an attempt that broke off" });
    await store("user-backup-share", { backupMethod: "PASSWORD", cipherText: "of another backup" });
    await store("user-backup-share", { backupMethod: "PASSWORD-RECOVERY", cipherText: "of one more" });
    await open();
    assert.equal((await retrieve(alice, "GDRIVE-SECP256K1")).body.custodianBackupShare, "of the cipher text");
  });

  it("gives the share without a method where none is asked for", async () => {
    await portal("/webhook/backup", { clientId: alice.clientId, share: "without a method" });
    await open();
    const answer = await app(alice, "GET", `/users/${alice.id}/custodian-backup-share`);
    assert.equal(answer.body.custodianBackupShare, "without a method");
  });

  it("tells nobody else what is wrong with a method", async () => {
    const path = `/users/${alice.id}/custodian-backup-share?backupMethod=`;
    assertProblem(await app(alice, "GET", path), 400, "invalid_field", { field: "backupMethod" });
    assertProblem(await app(mallory, "GET", path), 403, "forbidden");
    assertProblem(await app({ ...alice, clientApiKey: "a guess" }, "GET", path), 401, "unauthorized");
  });

  it("is not used up by another method of HTTP", async () => {
    await open();
    const { hostname, port } = new URL(worker.url);
    for (const method of ["HEAD", "POST", "PUT", "OPTIONS", "DELETE"]) {
      const status = await new Promise((resolve, reject) => {
        const path = `/users/${alice.id}/custodian-backup-share?backupMethod=${METHOD}`;
        httpRequest(
          {
            hostname,
            port,
            method,
            path,
            headers: { authorization: `Bearer ${alice.clientApiKey}`, "x-http-method-override": "GET" },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        )
          .on("error", reject)
          .end();
      });
      assert.equal(status, 405, method);
    }
    assert.equal((await retrieve()).status, 200);
  });

  it("ends with its user", async () => {
    await open({ minutes: 60 });
    assert.equal((await admin("DELETE", `/users/${alice.id}`)).status, 204);
    await callers(worker).register(alice);
    await portal("/webhook/backup", { clientId: alice.clientId, backupMethod: METHOD, share: SHARE });
    closed(await retrieve(), "a window of the user before");
    assertProblem(await open(undefined, user("nobody")), 404, "unknown_user");
    assertProblem(await close(user("nobody")), 404, "unknown_user");
  });

  it("leaves no share in any log line", async () => {
    await open();
    await retrieve();
    assert.ok(!JSON.stringify(worker.logs()).includes("7777777"));
  });
});

describe("eject with other credentials", () => {
  it("holds the same gate for tokens of an identity provider", async () => {
    const key = await makeKey("ES256", "one");
    const provider = await startServer((_, response) => json(response, 200, { keys: [key.jwk] }));
    const worker = await startWorker({ vars: jwtSettings(provider.url), outbound: toLoopback });
    try {
      const { portal, admin, register } = callers(worker);
      const alice = user("alice");
      await register(alice);
      await portal("/webhook/backup", { clientId: alice.clientId, backupMethod: METHOD, share: SHARE });
      const path = `/users/${alice.id}/custodian-backup-share?backupMethod=${METHOD}`;
      const get = async (sub) => worker.send("GET", path, { bearer: await makeToken(key, { claims: { sub } }) });
      assertProblem(await get(alice.id), 403, "eject_not_enabled");
      await admin("POST", `/users/${alice.id}/eject`);
      assertProblem(await get("somebody-else"), 403, "forbidden");
      assert.equal((await get(alice.id)).status, 200);
      assertProblem(await get(alice.id), 403, "eject_not_enabled");
    } finally {
      await worker.stop();
      await provider.stop();
    }
  });
});
