// A rotation of the sealing key: without a gap, and without a key that is taken away too early.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { assertProblem, sorted, user } from "../support/client.mjs";
import {
  ada,
  assertAllThere,
  begin,
  cipherText,
  custodian,
  deploy,
  K1,
  K2,
  oneOfEach,
  report,
  rewrap,
  S,
  SEALED,
  status,
  unopenable,
  wallet,
  worker,
} from "../support/keys.mjs";

await begin({ both: { SHARE_ENCRYPTION_KEYS: `${K2},${K1}` }, new: { SHARE_ENCRYPTION_KEYS: K2 } });

const keyIds = async () =>
  new Set(
    (await worker.sql(SEALED.map((table) => `SELECT key_id FROM ${table}`).join(" UNION ALL "))).map(
      (row) => row.key_id,
    ),
  );

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

  test("before it has come to a share, the very same one sent again changes nothing, and an older one displaces nothing", async () => {
    await cipherText(ada, "GDRIVE", "u0");
    await oneOfEach();
    const tables = () => Promise.all(SEALED.map((table) => worker.sql(`SELECT * FROM ${table} ORDER BY id`)));
    const before = await tables();
    deploy("both");
    for (const text of ["s1", "s2"]) await custodian(ada, S, text);
    for (const text of ["u0", "u1"]) await cipherText(ada, "GDRIVE", text);
    assert.deepEqual(await tables(), before);
  });

  test("before it has come to a share, the very same one with its pair becomes that of the pair, as the version that it is", async () => {
    await oneOfEach();
    const times = () =>
      worker.sql(
        "SELECT id, updated_at FROM custodian_backup_shares UNION ALL SELECT id, updated_at FROM user_backup_shares",
      );
    const before = await times();
    deploy("both");
    await custodian(ada, S, "s2", { pair: "p" });
    await cipherText(ada, "GDRIVE", "u1", { pair: "p" });
    assert.deepEqual(await times(), before);
    assert.equal((await wallet.history(ada)).length, 1);
    deploy("new");
    assert.deepEqual(await wallet.fetched(ada), ["s2"]);
  });

  test("before it has come to a share, one under another method with the same text is told", async () => {
    await cipherText(ada, "GDRIVE", "u1");
    deploy("both");
    await cipherText(ada, "ICLOUD", "u1");
    assert.equal(
      worker.logLines().filter(({ message }) => message === "a cipher text is the same as that of another method")
        .length,
      1,
      JSON.stringify(worker.logLines()),
    );
  });

  test("after it, and without the old key, the very same share sent again is still recognised, an older one and another method's too", async () => {
    await oneOfEach();
    deploy("both");
    await worker.scheduled();
    deploy("new");
    for (const text of ["s2", "s1"]) await custodian(ada, S, text);
    await cipherText(ada, "GDRIVE", "u1");
    assert.equal((await wallet.history(ada)).length, 1);
    await cipherText(ada, "ICLOUD", "u1");
    const told = "a cipher text is the same as that of another method";
    assert.equal(worker.logLines().filter(({ message }) => message === told).length, 1);
  });

  test("takes in the shares of a user who was deleted: restored without the old key, the backup is there", async () => {
    await oneOfEach();
    const path = wallet.path(ada);
    assert.equal((await wallet.admin("DELETE", path)).status, 204);
    deploy("both");
    await worker.scheduled();
    assert.deepEqual(await keyIds(), new Set(["k2"]));
    deploy("new");
    assert.equal((await wallet.admin("POST", `${path}/restore`)).status, 200);
    await assertAllThere();
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

  test("nor do more of them than a page has", async () => {
    await custodian(ada, S, "s1");
    await worker.sql(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
      INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share)
      SELECT 'v' || i, user_id, '${ada.clientId}', 'custodian', backup_method, key_id, created_at, updated_at, updated_at, 'replaced', 'AAAA'
      FROM n, custodian_backup_shares`);
    await custodian(ada, S, "s2");
    deploy("both");
    assert.deepEqual(await rewrap(), { rewrapped: 2, remaining: 60 });
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

  for (const [kind, store] of [
    ["custodian share", () => custodian(ada, S, "s1")],
    ["cipher text", () => cipherText(ada, "GDRIVE", "u1")],
  ])
    test(`is noticed by /readyz where a ${kind} alone needs it`, async () => {
      await store();
      assert.equal((await worker.send("GET", "/readyz")).status, 200);
      deploy("new");
      assertProblem(await worker.send("GET", "/readyz"), 503, "misconfigured");
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
