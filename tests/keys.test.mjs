// The keys that seal the shares: rotation without a gap, wrong keys, damaged rows, and the scrub that finds them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";

import { backups } from "./support/backup.mjs";
import { assertProblem, sorted, user } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { GOLDEN, digest, open, seal } from "./support/sealing.mjs";
import { inRoot } from "../scripts/lib/paths.mjs";

const keyBytes = (n) => Buffer.alloc(32, n).toString("base64");
const K1 = `${GOLDEN.keyId}:${GOLDEN.key}`;
const K2 = `k2:${keyBytes(2)}`;
const S = "GDRIVE-SECP256K1";

// One database, and the Worker as it is deployed with each of these lists of keys.
const old = await startWorker({
  main: inRoot("tests", "support", "faulty-entry.mjs"),
  secrets: { SHARE_ENCRYPTION_KEYS: K1 },
  siblings: {
    both: { SHARE_ENCRYPTION_KEYS: `${K2},${K1}` },
    new: { SHARE_ENCRYPTION_KEYS: K2 },
    wrong: { SHARE_ENCRYPTION_KEYS: `k1:${keyBytes(9)}` },
    "wrong-in-front": { SHARE_ENCRYPTION_KEYS: `k2:${keyBytes(9)},${K1}` },
  },
});
const ada = user("ada");
/** The deployed Worker, and what is done with it. */
let worker, wallet, custodian, cipherText;

after(() => old.stop());
beforeEach(async () => {
  deploy(K1);
  await worker.clear();
  await wallet.register(ada);
});

function deploy(keys) {
  worker = keys === K1 ? old : old.sibling(keys);
  wallet = backups(worker);
  ({ custodian, cipherText } = wallet);
}
const report = async () => (await wallet.admin("GET", "/admin/keys")).body;
const rewrap = async (limit) => (await wallet.admin("POST", "/admin/keys/rewrap", limit && { limit })).body;
const status = async () => (await wallet.admin("GET", "/admin/status")).body;
const SEALED = ["custodian_backup_shares", "user_backup_shares", "backup_share_versions"];
const keyIds = async () =>
  new Set(
    (await worker.sql(SEALED.map((table) => `SELECT key_id FROM ${table}`).join(" UNION ALL "))).map(
      (row) => row.key_id,
    ),
  );
const unopenable = () => worker.logLines().filter(({ message }) => message === "a sealed share does not open");

/** One share in each of the three tables. */
async function oneOfEach() {
  await custodian(ada, S, "s1");
  await cipherText(ada, "GDRIVE", "u1");
  await custodian(ada, S, "s2");
}
async function assertAllThere() {
  assert.deepEqual(sorted(await wallet.fetched(ada)), ["s1", "s2"]);
  assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "u1");
}

describe("the format", () => {
  test("a row with the golden bytes opens, and the very same share is recognised by its digest", async () => {
    assert.equal(await seal(GOLDEN.key, GOLDEN.place, GOLDEN.share, GOLDEN.nonce), GOLDEN.envelope);
    assert.equal(await digest(GOLDEN.key, GOLDEN.place, GOLDEN.share), GOLDEN.digest);
    const golden = { id: "user-golden", clientId: "client-golden", clientApiKey: "key-golden" };
    await wallet.register(golden);
    const time = "2026-01-01T00:00:00.000Z";
    await worker.sql(
      "INSERT INTO custodian_backup_shares (id, user_id, backup_method, key_id, share_digest, created_at, updated_at, sealed_share) VALUES ('v1', 'user-golden', ?, 'k1', ?, ?, ?, ?)",
      S,
      GOLDEN.digest,
      time,
      time,
      GOLDEN.envelope,
    );
    assert.deepEqual(await wallet.fetched(golden), [GOLDEN.share]);
    await custodian(golden, S, GOLDEN.share);
    assert.deepEqual(await worker.sql("SELECT id FROM custodian_backup_shares"), [{ id: "v1" }]);
  });

  test("what the Worker seals opens with WebCrypto elsewhere, for its own place only", async () => {
    await custodian(ada, S, "s1");
    await cipherText(ada, "GDRIVE", "u1");
    const [{ sealed_share: sealedCustodian }] = await worker.sql("SELECT sealed_share FROM custodian_backup_shares");
    const [{ sealed_share: sealedUser }] = await worker.sql("SELECT sealed_share FROM user_backup_shares");
    const place = { kind: "custodian", owner: ada.clientId, backupMethod: S };
    assert.equal(await open(GOLDEN.key, place, sealedCustodian), "s1");
    assert.equal(await open(GOLDEN.key, { kind: "user", owner: ada.id, backupMethod: "GDRIVE" }, sealedUser), "u1");
    await assert.rejects(open(GOLDEN.key, { ...place, owner: "client-bob" }, sealedCustodian));
  });

  test("the same share is sealed differently each time", async () => {
    const bob = user("bob");
    await wallet.register(bob);
    for (const method of ["A", "B"]) for (const who of [ada, bob]) await custodian(who, method, "same");
    const rows = await worker.sql("SELECT DISTINCT sealed_share, share_digest FROM custodian_backup_shares");
    assert.equal(rows.length, 4);
    assert.equal(
      new Set(rows.map((row) => row.share_digest)).size,
      4,
      "no digest tells that two wallets hold the same",
    );
  });
});

describe("a sealed share that is not in its own place, or not as it was", () => {
  const failsFor = async (request) => {
    worker.clearLogs();
    const answer = await request();
    assertProblem(answer, 500, "internal");
    const [line] = worker.logLines().filter(({ message }) => message === "request");
    assert.match(line.cause, /under key k1 does not open/);
  };
  const fetchCustodian = () => wallet.fetchCustodian(ada);
  const fetchCipherText = () => wallet.fetchCipherText(ada, { backupMethod: "GDRIVE" });

  test("does not open in another row: method, user or client", async () => {
    const bob = user("bob");
    await wallet.register(bob);
    await custodian(ada, S, "s1");
    await custodian(ada, "GDRIVE-ED25519", "e1");
    await custodian(bob, S, "b1");
    await worker.sql(
      "UPDATE custodian_backup_shares SET sealed_share = (SELECT sealed_share FROM custodian_backup_shares WHERE backup_method = 'GDRIVE-ED25519') WHERE user_id = ? AND backup_method = ?",
      ada.id,
      S,
    );
    await failsFor(fetchCustodian);
    await worker.sql(
      "UPDATE custodian_backup_shares SET sealed_share = (SELECT sealed_share FROM custodian_backup_shares WHERE user_id = ?) WHERE user_id = ?",
      bob.id,
      ada.id,
    );
    await failsFor(fetchCustodian);
  });

  test("does not open in the other column, even where user and client have one name", async () => {
    const one = { id: "one", clientId: "one", clientApiKey: "key-one" };
    await wallet.register(one);
    await custodian(one, "GDRIVE", "c");
    await cipherText(one, "GDRIVE", "u");
    await worker.sql("UPDATE user_backup_shares SET sealed_share = (SELECT sealed_share FROM custodian_backup_shares)");
    await failsFor(() => wallet.fetchCipherText(one, { backupMethod: "GDRIVE" }));
  });

  test("does not open with a bit flipped, cut short, empty, or no base64", async () => {
    await cipherText(ada, "GDRIVE", "u1");
    const [{ sealed_share: sealed }] = await worker.sql("SELECT sealed_share FROM user_backup_shares");
    const bytes = Buffer.from(sealed, "base64");
    const flipped = [0, 1, 13, bytes.length - 1].map((at) =>
      Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))).toString("base64"),
    );
    for (const text of [
      ...flipped,
      bytes.subarray(0, 28).toString("base64"),
      "",
      "AQ==",
      "not base64!",
      `${sealed}!`,
    ]) {
      await worker.sql("UPDATE user_backup_shares SET sealed_share = ?", text);
      await failsFor(fetchCipherText);
    }
  });

  test("does not open under a key id that is not configured", async () => {
    await cipherText(ada, "GDRIVE", "u1");
    await worker.sql("UPDATE user_backup_shares SET key_id = 'k9'");
    worker.clearLogs();
    assertProblem(await fetchCipherText(), 503, "misconfigured");
    assert.match(
      worker.logLines().find(({ message }) => message === "request").cause,
      /SHARE_ENCRYPTION_KEYS lacks the key k9/,
    );
  });

  test("is left out of a fetch, with an error in the log, where it was only added for a half-finished backup", async () => {
    await custodian(ada, S, "s1");
    await cipherText(ada, "GDRIVE", "u1");
    await custodian(ada, S, "s2");
    await worker.sql("UPDATE backup_share_versions SET sealed_share = 'AAAA' WHERE kind = 'custodian'");
    worker.clearLogs();
    assert.deepEqual(await wallet.fetched(ada), ["s2"]);
    const [line, ...more] = unopenable();
    assert.deepEqual(
      [line.level, line.table, line.backupMethod, line.keyId, more],
      ["error", "backup_share_versions", S, "k1", []],
    );
  });

  test("fails the whole fetch: a partial answer would look whole", async () => {
    await custodian(ada, S, "s1");
    await custodian(ada, "GDRIVE-ED25519", "e1");
    await worker.sql("UPDATE custodian_backup_shares SET sealed_share = 'AAAA' WHERE backup_method = ?", S);
    await failsFor(fetchCustodian);
  });
});

describe("a rotation", () => {
  test("a new key in front seals at once, the old one still opens, and the schedule rewraps everything", async () => {
    await oneOfEach();
    assert.deepEqual(await report(), { current: "k1", keys: [{ id: "k1", shares: 3 }], unknown: [], wrong: [] });
    deploy("both");
    await assertAllThere();
    await custodian(ada, "NEW", "n1");
    assert.deepEqual(await report(), {
      current: "k2",
      keys: [
        { id: "k2", shares: 1 },
        { id: "k1", shares: 3 },
      ],
      unknown: [],
      wrong: [],
    });
    const times = () =>
      worker.sql(
        "SELECT id, created_at, updated_at, NULL FROM custodian_backup_shares UNION ALL SELECT id, created_at, updated_at, NULL FROM user_backup_shares UNION ALL SELECT id, created_at, stored_at, superseded_at FROM backup_share_versions ORDER BY 1",
      );
    const before = await times();
    await worker.scheduled();
    assert.deepEqual(await report(), {
      current: "k2",
      keys: [
        { id: "k2", shares: 4 },
        { id: "k1", shares: 0 },
      ],
      unknown: [],
      wrong: [],
    });
    assert.deepEqual(await times(), before, "a rewrap is no new version");
    deploy("new");
    assert.deepEqual(sorted(await wallet.fetched(ada)), ["n1", "s1", "s2"]);
    assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "u1");
    assert.equal((await worker.send("GET", "/readyz")).status, 200);
  });

  test("by hand, a page at a time, says how much is left, and leaves audit events", async () => {
    await oneOfEach();
    deploy("both");
    assert.deepEqual(await rewrap(1), { rewrapped: 1, remaining: 2 });
    assert.deepEqual(await rewrap(1), { rewrapped: 1, remaining: 1 });
    await assertAllThere();
    assert.deepEqual(await rewrap(), { rewrapped: 1, remaining: 0 });
    assert.deepEqual(await rewrap(), { rewrapped: 0, remaining: 0 });
    await assertAllThere();
    const events = await worker.sql("SELECT DISTINCT actor, outcome FROM audit_events WHERE action = 'rewrap_shares'");
    assert.deepEqual(events, [{ actor: "admin", outcome: "rewrapped" }]);
  });

  test("after it, the very same share sent again is still recognised", async () => {
    await oneOfEach();
    deploy("both");
    await worker.scheduled();
    await custodian(ada, S, "s2");
    await cipherText(ada, "GDRIVE", "u1");
    assert.equal((await wallet.history(ada)).length, 1);
  });

  test("a key removed too early is named, its shares are kept, and are back with the key", async () => {
    await oneOfEach();
    deploy("new");
    assert.deepEqual(await report(), {
      current: "k2",
      keys: [{ id: "k2", shares: 0 }],
      unknown: [{ id: "k1", shares: 3 }],
      wrong: [],
    });
    const { unknownKeys, wrongKeys } = await status();
    assert.deepEqual({ unknownKeys, wrongKeys }, { unknownKeys: ["k1"], wrongKeys: [] });
    assertProblem(await wallet.fetchCustodian(ada), 503, "misconfigured");
    assert.deepEqual(await rewrap(), { rewrapped: 0, remaining: 0 });
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(
      new Set(unopenable().map(({ keyId, why }) => `${keyId}: ${why}`)),
      new Set(["k1: its key is not configured"]),
    );
    deploy("both");
    await assertAllThere();
  });

  test("rows that do not open stand in nobody's way", async () => {
    for (let n = 1; n <= 5; n++) await custodian(ada, `M${n}`, `c${n}`);
    await worker.sql("UPDATE custodian_backup_shares SET sealed_share = 'AAAA' WHERE backup_method IN ('M1', 'M2')");
    deploy("both");
    assert.deepEqual(await rewrap(2), { rewrapped: 2, remaining: 3 });
    assert.deepEqual(await rewrap(2), { rewrapped: 1, remaining: 2 });
    assert.deepEqual(await rewrap(2), { rewrapped: 0, remaining: 2 });
    assert.deepEqual(
      await worker.sql("SELECT backup_method FROM custodian_backup_shares WHERE key_id = 'k1' ORDER BY 1"),
      [{ backup_method: "M1" }, { backup_method: "M2" }],
    );
  });

  test("a backup that comes between the rewrap's read and its write wins, whatever it does", async () => {
    await oneOfEach();
    await custodian(ada, "ICLOUD-ED25519", "i1");
    deploy("both");
    const entry = await worker.entry();
    // For each table: read a page, then (held here) write it.
    const plan = { tag: "race", plan: ["pass", "hold"] };
    const rewrapping = wallet.admin("POST", "/admin/keys/rewrap", {}, wallet.init({ faults: plan }));
    while ((await entry.met("race")).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await custodian(ada, S, "s3"); // replaced: what was read is in the history now
    await custodian(ada, "ICLOUD-ED25519", "i1"); // the same again: stored under the new key
    await entry.release("race");
    assert.equal((await rewrapping).status, 200);
    assert.deepEqual(sorted(await wallet.fetched(ada)), ["i1", "s1", "s3"]);
    await worker.scheduled();
    assert.deepEqual(await keyIds(), new Set(["k2"]));
    assert.deepEqual(sorted(await wallet.fetched(ada)), ["i1", "s1", "s3"]);
    // s2, read by the rewrap and then replaced, opens as well.
    const [{ id }] = await worker.sql(
      "SELECT id FROM backup_share_versions WHERE kind = 'custodian' AND backup_method = ? ORDER BY stored_at DESC LIMIT 1",
      S,
    );
    await wallet.restoreVersion(ada, id);
    assert.ok((await wallet.fetched(ada)).includes("s2"));
  });

  test("with backups pouring in all the while loses none of them", async () => {
    const users = Array.from({ length: 8 }, (_, n) => user(`busy${n}`));
    await wallet.register(...users);
    for (const who of users) await custodian(who, S, "0");
    deploy("both");
    let running = true;
    const rewrapping = (async () => {
      while (running) await rewrap(3);
    })();
    await Promise.all(
      users.map(async (who) => {
        for (let n = 1; n <= 8; n++) {
          await custodian(who, S, `${n}`);
          assert.deepEqual(await wallet.fetched(who), [`${n}`]);
        }
      }),
    );
    running = false;
    await rewrapping;
    await worker.scheduled();
    assert.deepEqual(await keyIds(), new Set(["k2"]));
    assert.equal((await worker.sql("SELECT * FROM backup_share_versions")).length, 64);
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(unopenable(), []);
  });
});

describe("a key that is gone", () => {
  test("is noticed by /readyz as long as current shares need it", async () => {
    await oneOfEach();
    assert.equal((await worker.send("GET", "/readyz")).status, 200);
    deploy("new");
    const answer = await worker.send("GET", "/readyz");
    assertProblem(answer, 503, "misconfigured");
    assert.match(answer.body.detail, /"k1".*SHARE_ENCRYPTION_KEYS/);
    deploy("both");
    assert.equal((await worker.send("GET", "/readyz")).status, 200);
    while ((await rewrap()).remaining > 0);
    deploy("new");
    assert.equal((await worker.send("GET", "/readyz")).status, 200, "nothing needs it any more");
  });

  test("keeps nobody from a new backup, once the shares under it are deleted by hand as docs/operations.md says", async () => {
    await oneOfEach();
    await worker.send("GET", "/readyz");
    deploy("new");
    assertProblem(await wallet.fetchCustodian(ada), 503, "misconfigured");
    const doc = readFileSync(inRoot("docs", "operations.md"), "utf8");
    const deletes = doc.match(/DELETE FROM (?:custodian|user)_backup_shares WHERE key_id = 'k1'/g);
    assert.equal(deletes.length, 2);
    for (const sql of deletes) await worker.sql(sql);
    assert.equal((await worker.send("GET", "/readyz")).status, 200);
    await custodian(ada, S, "s3");
    assert.deepEqual(await wallet.fetched(ada), ["s3"]);
    await cipherText(ada, "GDRIVE", "u3");
    assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "u3");
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
  });
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
      ["canary"],
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
    await old.sql(
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

describe("the scrub", () => {
  test("finds a damaged row in each table, logs it, shows it to operators, and notices the repair", async () => {
    await oneOfEach();
    await worker.scheduled();
    const healthy = (await status()).scrub;
    assert.deepEqual([healthy.checked, healthy.failed], [3, 0]);
    assert.match(healthy.at, /^\d{4}-\d\d-\d\dT.*Z$/);
    const rows = [];
    for (const table of SEALED) {
      const [row] = await worker.sql(`SELECT rowid, sealed_share FROM ${table}`);
      rows.push([table, row]);
      await worker.sql(
        `UPDATE ${table} SET sealed_share = ? WHERE rowid = ?`,
        `${row.sealed_share.slice(0, -8)}AAAAAAA=`,
        row.rowid,
      );
    }
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(
      unopenable().map(({ level, table, row, userId, keyId, why }) => [level, table, row, userId, keyId, why]),
      rows.map(([table, { rowid }]) => ["error", table, rowid, ada.id, "k1", "damaged or moved"]),
    );
    assert.deepEqual(Object.keys(unopenable()[0]).sort(), [
      "backupMethod",
      "keyId",
      "level",
      "message",
      "release",
      "row",
      "table",
      "userId",
      "version",
      "why",
    ]);
    assert.equal((await status()).scrub.failed, 3);
    for (const [table, { rowid, sealed_share: sealed }] of rows)
      await worker.sql(`UPDATE ${table} SET sealed_share = ? WHERE rowid = ?`, sealed, rowid);
    worker.clearLogs();
    await worker.scheduled();
    assert.deepEqual(unopenable(), []);
    assert.equal((await status()).scrub.failed, 0);
    await assertAllThere();
  });

  test("of many rows goes on where it stopped, and visits every row", async () => {
    await custodian(ada, "M", "m");
    await worker.sql(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
      INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
      SELECT 'v' || i, user_id, '${ada.clientId}', 'custodian', 'M' || i, key_id, created_at, updated_at, updated_at, 'replaced', sealed_share
      FROM n, custodian_backup_shares`);
    // Only M itself is in its own place: 1,200 rows are damaged.
    const seen = new Set();
    let runs = 0;
    while (seen.size < 1200 && runs++ < 4) {
      worker.clearLogs();
      await worker.scheduled();
      for (const { version } of unopenable()) {
        assert.ok(!seen.has(version), "once in a walk");
        seen.add(version);
      }
    }
    assert.deepEqual([seen.size, runs], [1200, 3]);
    assert.equal((await status()).scrub.failed, 1200);
  });

  test("a note of it that cannot be read makes it begin anew", async () => {
    await oneOfEach();
    await worker.sql(
      "INSERT INTO meta (name, value) VALUES ('scrub', '{broken') ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
    await worker.scheduled();
    assert.equal((await status()).scrub.checked, 3);
  });
});

test("a run of the schedule has one budget, spent fairly: large rows stop neither the scrub nor the purges, and the status says what is left", async () => {
  const worker = await startWorker({
    secrets: { SHARE_ENCRYPTION_KEYS: `${K2},${K1}` },
    vars: { PURGE_DELAY_HOURS: "1" },
  });
  try {
    const on = backups(worker);
    const bob = user("bob");
    await on.register(ada, bob);
    await worker.sql(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
       INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
       SELECT 'v' || i, ?, ?, 'user', 'GDRIVE', 'k1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
         'replaced', hex(zeroblob(200000)) FROM n`,
      ada.id,
      ada.clientId,
    );
    assert.equal((await on.admin("DELETE", `${on.path(bob)}?purge=${bob.clientId}`)).status, 202);
    await worker.sql("UPDATE purges SET purge_at = requested_at");
    const left = async () => (await on.admin("GET", "/admin/status")).body.left;
    assert.deepEqual(await left(), { rewrap: 300, scrub: 0, purges: 1 });
    await worker.scheduled();
    const { rewrap, scrub, purges } = await left();
    assert.deepEqual([rewrap, purges], [300, 0]);
    assert.ok(scrub > 0 && scrub < 300, JSON.stringify((await on.admin("GET", "/admin/status")).body));
    let runs = 1;
    for (; (await left()).scrub > 0; runs += 1) await worker.scheduled();
    assert.ok(runs < 10, `${runs} runs`);
    assert.equal((await on.admin("GET", "/admin/status")).body.scrub.failed, 300);
  } finally {
    await worker.stop();
  }
});

describe("a share in use that does not open", () => {
  const OTHER = "ICLOUD-SECP256K1";
  let all;
  let on;
  let partial;
  before(async () => {
    all = await startWorker({
      secrets: { SHARE_ENCRYPTION_KEYS: K1 },
      siblings: { partial: { FETCH_PARTIAL: "yes" }, later: { SHARE_ENCRYPTION_KEYS: K2 } },
    });
    on = backups(all);
    partial = backups(all.sibling("partial"));
  });
  after(() => all?.stop());
  beforeEach(async () => {
    await all.clear();
    await on.register(ada);
    await on.custodian(ada, S, "s1");
    await on.custodian(ada, OTHER, "i1");
  });
  const damage = (method) =>
    all.sql("UPDATE custodian_backup_shares SET sealed_share = substr(sealed_share, 5) WHERE method = ?", method);

  test("stops the fetch, and the answer names its method; with FETCH_PARTIAL the others are given", async () => {
    await damage(S);
    const answer = await on.fetchCustodian(ada);
    assertProblem(answer, 500, "internal");
    assert.match(answer.body.detail, /GDRIVE-SECP256K1/);
    all.clearLogs();
    assert.deepEqual(await partial.fetched(ada), ["i1"]);
    const [line] = all.logLines().filter(({ level }) => level === "error");
    assert.deepEqual([line.table, line.backupMethod], ["custodian_backup_shares", S]);
    await damage(OTHER);
    assertProblem(await partial.fetchCustodian(ada), 500, "internal", { what: "nothing opens: no empty list" });
  });

  test("is not made by a restore: 409 with the key's id, and nothing changes", async () => {
    await on.custodian(ada, S, "s2");
    await on.cipherText(ada, "GDRIVE", "u1");
    await on.cipherText(ada, "GDRIVE", "u2");
    const later = backups(all.sibling("later"));
    const history = await on.history(ada);
    assert.deepEqual(history.map(({ kind }) => kind).sort(), ["custodian", "user"]);
    const before = await all.sql("SELECT id, sealed_share FROM custodian_backup_shares ORDER BY id");
    for (const { id } of history) {
      const answer = await later.admin("POST", `${later.path(ada)}/backups/restore`, { versionId: id });
      assertProblem(answer, 409, "conflict");
      assert.match(answer.body.detail, /key k1/);
    }
    await all.sql("UPDATE backup_share_versions SET sealed_share = substr(sealed_share, 5) WHERE kind = 'custodian'");
    for (const { id, kind } of history) {
      const answer = await on.admin("POST", `${on.path(ada)}/backups/restore`, { versionId: id });
      assert.equal(answer.status, kind === "user" ? 200 : 409, answer.text);
    }
    assert.deepEqual(await all.sql("SELECT id, sealed_share FROM custodian_backup_shares ORDER BY id"), before);
  });
});
