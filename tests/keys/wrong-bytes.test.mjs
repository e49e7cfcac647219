// A sealing key whose id stands for other bytes than before: nothing is sealed with it, and nothing is lost.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, describe, test } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { backups } from "../support/backup.mjs";
import { assertProblem, sorted } from "../support/client.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import {
  ada,
  assertAllThere,
  begin,
  custodian,
  deploy,
  K1,
  K2,
  keyBytes,
  oneOfEach,
  report,
  S,
  SEALED,
  status,
  unopenable,
  wallet,
  worker,
} from "../support/keys.mjs";

await begin({
  wrong: { SHARE_ENCRYPTION_KEYS: `k1:${keyBytes(9)}` },
  "wrong-in-front": { SHARE_ENCRYPTION_KEYS: `k2:${keyBytes(9)},${K1}` },
});

test("the first share under a key makes known which bytes its id stands for: others seal nothing, and the right ones are not taken for wrong", async () => {
  const wrong = { SHARE_ENCRYPTION_KEYS: `k1:${keyBytes(9)}` };
  const first = await startWorker({
    secrets: { SHARE_ENCRYPTION_KEYS: K1 },
    siblings: { wrong, lacking: { SHARE_ENCRYPTION_KEYS: K2 } },
  });
  try {
    const [on, onWrong] = [backups(first), backups(first.sibling("wrong"))];
    await on.register(ada);
    assert.equal((await on.storeCipherText({ ...ada, clientApiKey: "a stranger's" }, "GDRIVE", "u0")).status, 401);
    assert.deepEqual(await first.sql("SELECT 1 FROM key_canaries"), [], "a refused request keeps nothing");
    await on.custodian(ada, S, "s1");
    assertProblem(await onWrong.storeCustodian(ada, S, "s2"), 503, "misconfigured");
    assertProblem(await onWrong.storeCipherText(ada, "GDRIVE", "u1"), 503, "misconfigured");
    assertProblem(await first.sibling("wrong").send("GET", "/readyz"), 503, "misconfigured");
    assertProblem(await first.sibling("lacking").send("GET", "/readyz"), 503, "misconfigured", {
      what: "shares need a key that is not there",
    });
    assert.equal((await first.send("GET", "/readyz")).status, 200);
    assert.deepEqual(await on.fetched(ada), ["s1"]);
    await on.cipherText(ada, "GDRIVE", "u1");
    assert.equal((await first.sql("SELECT 1 FROM key_canaries")).length, 1);
  } finally {
    await first.stop();
  }
});

test("a new key's bytes are known as soon as it is deployed behind the old one: in front, others seal nothing under its id", async () => {
  const rotating = await startWorker({
    secrets: { SHARE_ENCRYPTION_KEYS: K1 },
    siblings: {
      behind: { SHARE_ENCRYPTION_KEYS: `${K1},${K2}` },
      "wrong-in-front": { SHARE_ENCRYPTION_KEYS: `k2:${keyBytes(9)},${K1}` },
      front: { SHARE_ENCRYPTION_KEYS: `${K2},${K1}` },
    },
  });
  try {
    const [behind, wrong, front] = ["behind", "wrong-in-front", "front"].map((name) => rotating.sibling(name));
    await backups(rotating).register(ada);
    await backups(rotating).custodian(ada, S, "s1");
    assert.equal((await behind.send("GET", "/readyz")).status, 200);
    const answer = await wrong.send("GET", "/readyz");
    assertProblem(answer, 503, "misconfigured");
    assert.match(answer.body.detail, /"k2"/);
    assertProblem(await backups(wrong).storeCustodian(ada, S, "s2"), 503, "misconfigured");
    await wrong.scheduled();
    assert.deepEqual(await rotating.sql("SELECT DISTINCT key_id FROM custodian_backup_shares"), [{ key_id: "k1" }]);
    assert.equal((await front.send("GET", "/readyz")).status, 200);
    await backups(front).custodian(ada, S, "s2");
    assert.deepEqual(sorted(await backups(front).fetched(ada)), ["s2"]);
    for (const home of rotating.homes) {
      const { results } = await home.prepare("SELECT key_id FROM key_canaries ORDER BY 1").all();
      assert.deepEqual(
        results.map((row) => row.key_id),
        ["k1", "k2"],
      );
    }
  } finally {
    await rotating.stop();
  }
});

test("the same share again makes the key's bytes known where no canary is, as a new one does", async () => {
  const worker = await startWorker({ homes: 1, siblings: { one: {}, other: {} } });
  try {
    await backups(worker).register(ada);
    const stores = [
      ["one", (on) => on.custodian(ada, S, "s1")],
      ["other", (on) => on.cipherText(ada, "GDRIVE", "u1")],
    ];
    for (const [, store] of stores) await store(backups(worker));
    for (const [fresh, store] of stores) {
      await worker.sql("DELETE FROM key_canaries");
      await store(backups(worker.sibling(fresh)));
      assert.equal((await worker.sql("SELECT 1 FROM key_canaries")).length, 1, fresh);
    }
  } finally {
    await worker.stop();
  }
});

test("the schedule too makes the bytes of a key known that seals nothing yet, and never those of a wrong one", async () => {
  const rotating = await startWorker({
    homes: 1, // a home without a share takes any bytes for the first ones
    secrets: { SHARE_ENCRYPTION_KEYS: K1 },
    siblings: { "wrong-behind": { SHARE_ENCRYPTION_KEYS: `${K2},k1:${keyBytes(9)}` } },
  });
  try {
    await backups(rotating).register(ada);
    await backups(rotating).custodian(ada, S, "s1");
    await rotating.sql("DELETE FROM key_canaries");
    await rotating.sibling("wrong-behind").scheduled();
    const known = () => rotating.sql("SELECT DISTINCT key_id FROM key_canaries ORDER BY 1");
    assert.deepEqual(await known(), [{ key_id: "k2" }]);
    assert.equal((await rotating.send("GET", "/readyz")).status, 200);
    assert.deepEqual(await known(), [{ key_id: "k1" }, { key_id: "k2" }]);
  } finally {
    await rotating.stop();
  }
});

test("a home without a share learns no bytes from the schedule that another home refuses", async () => {
  const rotating = await startWorker({
    homes: 3,
    secrets: { SHARE_ENCRYPTION_KEYS: `${K1},${K2}` },
    siblings: { "wrong-behind": { SHARE_ENCRYPTION_KEYS: `${K1},k2:${keyBytes(9)}` } },
  });
  try {
    const [first, ...others] = rotating.homes;
    assert.equal((await rotating.send("GET", "/readyz")).status, 200);
    // As where k2 came after the others were last served.
    for (const home of others) await home.exec("DELETE FROM key_canaries WHERE key_id = 'k2'");
    await rotating.sibling("wrong-behind").scheduled();
    assert.equal((await rotating.send("GET", "/readyz")).status, 200);
    const known = async (home) =>
      (await home.prepare("SELECT key_id, key_check FROM key_canaries ORDER BY 1").all()).results;
    for (const home of others) assert.deepEqual(await known(home), await known(first));
  } finally {
    await rotating.stop();
  }
});

test("two damaged shares do not make the right key a wrong one, where its bytes are not known yet", async () => {
  for (let n = 1; n <= 3; n++) await custodian(ada, `M${n}`, `c${n}`);
  await worker.sql("DELETE FROM key_canaries");
  await worker.sql("UPDATE custodian_backup_shares SET sealed_share = 'AAAA' WHERE backup_method IN ('M1', 'M2')");
  assert.deepEqual((await report()).wrong, []);
  await worker.scheduled();
  await custodian(ada, S, "s1");
  assert.deepEqual((await status()).wrongKeys, []);
});

test("where an id was known by the wrong bytes, the line of docs/operations.md makes the right ones known, and no others", async () => {
  const doc = readFileSync(inRoot("docs", "operations.md"), "utf8");
  const forget = doc.match(/DELETE FROM key_canaries WHERE key_id = 'k1'/)[0];
  const rebuilt = await startWorker({
    homes: 1,
    secrets: { SHARE_ENCRYPTION_KEYS: K1 },
    siblings: { wrong: { SHARE_ENCRYPTION_KEYS: `k1:${keyBytes(9)}` } },
  });
  try {
    const wrong = rebuilt.sibling("wrong");
    // As a rebuild into a database that a Worker with a fresh key of the same id has seen.
    assert.equal((await wrong.send("GET", "/readyz")).status, 200);
    const canaries = await rebuilt.sql("SELECT * FROM key_canaries");
    await rebuilt.sql(forget);
    await backups(rebuilt).register(ada);
    await backups(rebuilt).custodian(ada, S, "s1");
    await rebuilt.sql(
      "UPDATE key_canaries SET sealed_canary = ?, key_check = ?",
      canaries[0].sealed_canary,
      canaries[0].key_check,
    );
    assertProblem(await rebuilt.send("GET", "/readyz"), 503, "misconfigured");
    await rebuilt.sql(forget);
    assertProblem(await wrong.send("GET", "/readyz"), 503, "misconfigured");
    assert.equal((await rebuilt.send("GET", "/readyz")).status, 200);
    assert.deepEqual(await backups(rebuilt).fetched(ada), ["s1"]);
  } finally {
    await rebuilt.stop();
  }
});

describe("other bytes behind the same key id", () => {
  const all = () =>
    worker.sql(SEALED.map((table) => `SELECT id, key_id, sealed_share FROM ${table}`).join(" UNION ALL "));
  beforeEach(async () => {
    await oneOfEach();
    assert.equal((await worker.send("GET", "/readyz")).status, 200);
    deploy("wrong");
  });

  test("are noticed by /readyz and the schedule, and nothing is lost: the former key opens everything again", async () => {
    const answer = await worker.send("GET", "/readyz");
    assertProblem(answer, 503, "misconfigured");
    assert.match(answer.body.detail, /k1/);
    assertProblem(await wallet.fetchCustodian(ada), 500, "internal");
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(
      worker
        .logLines()
        .filter(({ message }) => message === "maintenance step failed")
        .map(({ step }) => step),
      worker.homes.map(() => "canary"),
    );
    assert.equal(unopenable().length, 3);
    deploy(K1);
    assert.equal((await worker.send("GET", "/readyz")).status, 200);
    await assertAllThere();
  });

  test("are named by /admin/keys and /admin/status, and by nobody once the former key is back", async () => {
    const named = async () => {
      const { wrong, unknown } = await report();
      const { wrongKeys, unknownKeys } = await status();
      return { wrong, unknown, wrongKeys, unknownKeys };
    };
    assert.deepEqual(await named(), {
      wrong: [{ id: "k1", shares: 3 }],
      unknown: [],
      wrongKeys: ["k1"],
      unknownKeys: [],
    });
    deploy("wrong-in-front");
    assert.deepEqual((await named()).wrongKeys, [], "k2 is new: it has no canary that it could fail to open");
    deploy(K1);
    assert.deepEqual(await named(), { wrong: [], unknown: [], wrongKeys: [], unknownKeys: [] });
  });

  test("seal nothing: a backup is refused, so that the app does not take it for stored", async () => {
    const before = await all();
    worker.clearLogs();
    for (const request of [
      () => wallet.storeCustodian(ada, S, "s3"),
      () => wallet.storeCipherText(ada, "GDRIVE", "u2"),
      () => wallet.storeCustodian(ada, "NEW", "n1"),
    ]) {
      assertProblem(await request(), 503, "misconfigured");
    }
    for (const line of worker.logLines().filter(({ message }) => message === "request"))
      assert.match(line.cause, /SHARE_ENCRYPTION_KEYS/);
    assert.deepEqual(await all(), before);
    const outcomes = await worker.sql(
      "SELECT DISTINCT outcome FROM audit_events WHERE action LIKE 'store%' AND outcome NOT IN ('stored', 'unchanged')",
    );
    assert.deepEqual(outcomes, [{ outcome: "wrong_key" }]);
    deploy(K1);
    await assertAllThere();
    await custodian(ada, S, "s3");
  });

  test("rewrap nothing and import nothing", async () => {
    const before = await all();
    deploy("wrong-in-front");
    await worker.sql(
      "INSERT INTO key_canaries (key_id, sealed_canary, key_check, created_at) SELECT 'k2', sealed_canary, 'another', created_at FROM key_canaries",
    );
    assertProblem(await wallet.admin("POST", "/admin/keys/rewrap"), 503, "misconfigured");
    await worker.scheduled();
    const record = { type: "custodianBackupShare", userId: ada.id, backupMethod: "NEW", share: "n1" };
    const answer = await worker.send("POST", "/admin/import", {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "content-type": "application/x-ndjson" },
      body: JSON.stringify(record),
    });
    assertProblem(answer, 503, "misconfigured");
    assert.deepEqual(await all(), before);
  });

  test("a canary from before there were checks gets one, from the right key only", async () => {
    const check = () => worker.sql("SELECT key_check FROM key_canaries");
    const before = await check();
    await worker.sql("UPDATE key_canaries SET key_check = NULL");
    await worker.scheduled();
    assert.deepEqual(await check(), [{ key_check: null }]);
    deploy(K1);
    await worker.scheduled();
    assert.deepEqual(await check(), before);
  });
});
