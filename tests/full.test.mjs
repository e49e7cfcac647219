// A database that has come to its end (D1: 10 GB): it says so long before, and nobody is kept from recovering.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { backups, snapshot } from "./support/backup.mjs";
import { assertProblem, user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";

const CUSTODIAN = "GDRIVE-SECP256K1";
const ada = user("ada");
const bob = user("bob");

let worker;
let entry;
let wallet;
before(async () => {
  worker = await startWorker({ main: inRoot("tests", "support", "faulty-entry.mjs") });
  entry = await worker.entry();
  wallet = backups(worker);
});
after(() => worker?.stop());
beforeEach(async () => {
  await worker.clear();
  for (const who of [ada, bob]) await wallet.register(who);
  await wallet.custodian(ada, CUSTODIAN, "c1");
  await wallet.cipherText(ada, "GDRIVE", "u1", { pair: "p1" });
});

const full = () => ({ faults: { tag: "full", then: "full" } });

describe("a full database", () => {
  it("still gives the shares of whoever recovers; the log has the line that the audit trail has no room for", async () => {
    const before = await snapshot(worker);
    worker.clearLogs();
    assert.deepEqual((await wallet.fetchCustodian(ada, full())).body, { backupShares: ["c1"] });
    for (const query of [{ backupMethod: "GDRIVE" }, { backupSharePairId: "p1" }]) {
      assert.deepEqual((await wallet.fetchCipherText(ada, query, full())).body, { cipherText: "u1" });
    }
    const legacy = await wallet.app(
      ada,
      "GET",
      `/clients/${ada.clientId}/backup?backupMethod=GDRIVE`,
      undefined,
      wallet.init(full()),
    );
    assert.deepEqual(legacy.body, { cipherText: "u1", backupShare: "u1" });
    const { backups: listed } = (
      await wallet.app(ada, "GET", `${wallet.path(ada)}/backups`, undefined, wallet.init(full()))
    ).body;
    assert.deepEqual(
      listed.map(({ backupMethod, state }) => [backupMethod, state]),
      [["GDRIVE", "complete"]],
    );
    const lines = worker.logLines().filter(({ level }) => level === "error");
    assert.deepEqual(
      lines.map(({ message }) => message),
      Array(5).fill("the database is full: a recovery left no audit event"),
    );
    assert.deepEqual(
      lines.map(({ who }) => who),
      [ada.clientId, ada.id, ada.id, ada.id, ada.id],
    );
    assert.ok(lines.every(({ ray }) => ray));
    assert.deepEqual(await snapshot(worker), before);
  });

  it("gives nothing to anybody else", async () => {
    await wallet.cipherText(bob, "GDRIVE", "b1", { pair: "p1" });
    await wallet.cipherText(bob, "UNKNOWN", "b2");
    await wallet.cipherText(ada, "UNKNOWN", "u2");
    await wallet.cipherText(ada, "PASSKEY", "kept", { pair: "p0" });
    await wallet.cipherText(ada, "PASSKEY", "current", { pair: "p2" });
    assert.deepEqual((await wallet.fetchCipherText(ada, { backupMethod: "ICLOUD" }, full())).body, {
      cipherText: "u2",
    });
    assert.deepEqual((await wallet.fetchCipherText(ada, { backupSharePairId: "p0" }, full())).body, {
      cipherText: "kept",
    });
    const asking = { ...ada, clientApiKey: bob.clientApiKey };
    for (const who of [asking, { ...ada, clientApiKey: "nobody's key" }]) {
      assertProblem(
        await wallet.app(who, "GET", `/clients/${ada.clientId}/backup`, undefined, wallet.init(full())),
        503,
        "unavailable",
      );
      for (const query of [
        { backupMethod: "GDRIVE" },
        { backupMethod: "ICLOUD" },
        { backupSharePairId: "p1" },
        { backupSharePairId: "p0" },
      ])
        assertProblem(await wallet.fetchCipherText(who, query, full()), 503, "unavailable");
      assertProblem(
        await wallet.app(who, "GET", `${wallet.path(ada)}/backups`, undefined, wallet.init(full())),
        503,
        "unavailable",
      );
    }
    const secret = { headers: { "x-webhook-secret": "wrong", ...wallet.init(full()).headers } };
    assertProblem(
      await worker.send("POST", "/webhook/backup/fetch", { body: { clientId: ada.clientId }, ...secret }),
      401,
      "unauthorized",
    );
  });

  it("cannot tell why there is nothing: 503, not that there is none", async () => {
    assertProblem(await wallet.fetchCustodian(user("nobody"), full()), 503, "unavailable");
    assertProblem(await wallet.fetchCipherText(ada, { backupMethod: "ICLOUD" }, full()), 503, "unavailable");
  });

  it("acknowledges no share", async () => {
    const before = await snapshot(worker);
    assertProblem(await wallet.storeCustodian(ada, CUSTODIAN, "c2", full()), 503, "unavailable");
    assertProblem(await wallet.storeCipherText(ada, "GDRIVE", "u2", full()), 503, "unavailable");
    assert.deepEqual(await snapshot(worker), before);
  });

  it("keeps no operator from looking at a person", async () => {
    for (const path of ["backups", "backups/history", "timeline"]) {
      const answer = await wallet.admin("GET", `${wallet.path(ada)}/${path}`, undefined, wallet.init(full()));
      assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    }
  });

  it("opens no eject: its one retrieval could not be counted", async () => {
    await wallet.admin("POST", `${wallet.path(ada)}/eject`, {});
    const path = `${wallet.path(ada)}/custodian-backup-share?backupMethod=${CUSTODIAN}`;
    assertProblem(await wallet.app(ada, "GET", path, undefined, wallet.init(full())), 503, "unavailable");
    assert.equal((await wallet.app(ada, "GET", path)).status, 200);
  });
});

it("a full database keeps no operator from opening another one", async () => {
  const spread = await startWorker({ main: inRoot("tests", "support", "faulty-entry.mjs"), homes: 2 });
  try {
    const { admin, init } = backups(spread);
    for (const state of ["closed", "open"]) {
      const answer = await admin("PUT", "/admin/homes/1", { state }, init(full()));
      assert.equal(answer.status, 200, answer.text);
    }
  } finally {
    await spread.stop();
  }
});

describe("the size of the database", () => {
  it("is in the status", async () => {
    const { databaseBytes } = (await wallet.admin("GET", "/admin/status")).body;
    assert.ok(databaseBytes > 50_000 && databaseBytes < 5_000_000, `${databaseBytes}`);
  });

  it("is an alarm from 8 GB on", async () => {
    for (const [size, alarms] of [
      [7_900_000_000, []],
      [8_100_000_000, worker.homes.map(() => 8_100_000_000)],
    ]) {
      await entry.planScheduled({ then: { size } });
      worker.clearLogs();
      await worker.scheduled();
      const lines = worker.logLines().filter(({ message }) => message === "the database is nearly full");
      assert.deepEqual(
        lines.map(({ bytes }) => bytes),
        alarms,
      );
    }
  });
});
