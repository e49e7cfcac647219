// How a share is sealed, and what does not open: a row that is damaged, moved, or under a key that is not there.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { assertProblem, sorted, user } from "../support/client.mjs";
import { ada, begin, cipherText, custodian, K1, K2, S, unopenable, wallet, worker } from "../support/keys.mjs";
import { GOLDEN, digest, open, seal } from "../support/sealing.mjs";

await begin({
  partial: { FETCH_PARTIAL: "yes" },
  later: { SHARE_ENCRYPTION_KEYS: K2 },
  both: { SHARE_ENCRYPTION_KEYS: `${K2},${K1}` },
});

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
    const hasAda = (db) => db.prepare("SELECT 1 FROM users WHERE id = ?").bind(ada.id).first();
    const home = (await Promise.all(worker.homes.map(hasAda))).findIndex((row) => row !== null);
    await wallet.register({ ...bob, home }); // rows change places within one database
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

describe("the same share again, where the stored one does not open", () => {
  const KINDS = [
    ["custodian_backup_shares", S, (method, text) => custodian(ada, method, text), () => wallet.fetched(ada)],
    [
      "user_backup_shares",
      "GDRIVE",
      (method, text) => cipherText(ada, method, text),
      async () => [await wallet.recovered(ada, { backupMethod: "GDRIVE" })],
    ],
  ];
  const DAMAGE = {
    "it is damaged": "sealed_share = substr(sealed_share, 5)",
    "it is empty": "sealed_share = ''",
    "its key is lost": "key_id = 'lost'",
  };
  for (const [table, method, store, fetched] of KINDS)
    for (const [what, damage] of Object.entries(DAMAGE))
      test(`is sealed anew in place, and is no new version: ${table}, ${what}`, async () => {
        await store(method, "share");
        const [{ sealed_share: before, ...row }] = await worker.sql(`SELECT * FROM ${table}`);
        await worker.sql(`UPDATE ${table} SET ${damage}`);
        worker.clearLogs();
        await store(method.toLowerCase(), "share");
        const [{ sealed_share: mended, ...after }] = await worker.sql(`SELECT * FROM ${table}`);
        assert.deepEqual(after, { ...row, backup_method: method.toLowerCase(), method: method.toLowerCase() });
        assert.notEqual(mended, before);
        assert.deepEqual(await fetched(), ["share"]);
        assert.deepEqual(await wallet.history(ada), []);
        const warned = worker
          .logLines()
          .filter(({ message }) => message.startsWith("a stored share that did not open"));
        assert.deepEqual(
          warned.map((line) => line.backupMethod),
          [method],
        );
        const outcomes = await worker.sql("SELECT outcome FROM audit_events WHERE action LIKE 'store%' ORDER BY id");
        assert.deepEqual(
          outcomes.map(({ outcome }) => outcome),
          ["stored", "unchanged"],
        );
        await store(method, "share");
        assert.deepEqual(await worker.sql(`SELECT sealed_share FROM ${table}`), [{ sealed_share: mended }]);
      });

  for (const [table, method, store] of KINDS)
    for (const [what, damage] of Object.entries(DAMAGE))
      test(`is sealed anew in the history: of ${table}, ${what}`, async () => {
        await store(method, "share");
        await store(method, "newer");
        const all = () => worker.sql("SELECT * FROM backup_share_versions");
        const [{ sealed_share: before, ...row }] = await all();
        await worker.sql(`UPDATE backup_share_versions SET ${damage}`);
        const current = await worker.sql(`SELECT * FROM ${table}`);
        worker.clearLogs();
        await store(method.toLowerCase(), "share");
        const [{ sealed_share: mended, ...after }] = await all();
        assert.deepEqual(after, { ...row, backup_method: method.toLowerCase(), method: method.toLowerCase() });
        assert.notEqual(mended, before);
        assert.deepEqual(await worker.sql(`SELECT * FROM ${table}`), current);
        assert.equal(
          worker.logLines().filter(({ message }) => message.startsWith("a stored share that did not open")).length,
          1,
        );
        await store(method, "share");
        assert.equal((await all())[0].sealed_share, mended);
        const [{ id }] = await wallet.history(ada);
        await wallet.restoreVersion(ada, id);
      });

  for (const [table, method, store, fetched] of KINDS)
    test(`is sealed anew in the history also where it is stored once more, for an older one was restored: of ${table}`, async () => {
      await store(method, "older");
      await store(method, "share");
      const [{ id: older }] = await wallet.history(ada);
      await wallet.restoreVersion(ada, older);
      await worker.sql("UPDATE backup_share_versions SET sealed_share = ''");
      await store(method, "share");
      assert.deepEqual(await fetched(), ["share"]);
      const outcomes = await worker.sql("SELECT outcome FROM audit_events WHERE action LIKE 'store%' ORDER BY id");
      assert.notEqual(outcomes.at(-1).outcome, "unchanged");
      const [{ id: twin }] = await worker.sql("SELECT id FROM backup_share_versions WHERE id <> ?", older);
      await store(method, "newest");
      await wallet.restoreVersion(ada, twin);
      assert.deepEqual(await fetched(), ["share"]);
    });

  test("leaves alone what is damaged alike: another share, another user's, another method's, the other kind's", async () => {
    const bob = user("bob");
    await wallet.register(bob);
    for (const who of [ada, bob])
      for (const method of [S, "ICLOUD"])
        for (const text of ["1", "2"]) {
          await custodian(who, method, text);
          await cipherText(who, method, text);
        }
    const tables = ["custodian_backup_shares", "user_backup_shares", "backup_share_versions"];
    for (const table of tables) await worker.sql(`UPDATE ${table} SET sealed_share = ''`);
    const mended = async () => {
      const rows = await Promise.all(
        tables.map((table) => worker.sql(`SELECT * FROM ${table} WHERE sealed_share <> ''`)),
      );
      return rows.flatMap((list, index) =>
        list.map((row) => [tables[index], row.user_id, row.client_id, row.kind, row.backup_method].join(" ")),
      );
    };
    const expected = [];
    for (const [who, store, kind] of [
      [bob, custodian, "custodian"],
      [ada, cipherText, "user"],
    ]) {
      await store(who, S, "2");
      expected.push(`${kind}_backup_shares ${who.id}   ${S}`);
      await store(who, S, "1");
      expected.push(`backup_share_versions ${who.id} ${who.clientId} ${kind} ${S}`);
      assert.deepEqual(sorted(await mended()), sorted(expected));
    }
  });

  test("is recognised by the new key alone, once it is sealed anew under it", async () => {
    const [both, later] = ["both", "later"].map((name) => backups(worker.sibling(name)));
    for (const on of ["1", "2"]) {
      await custodian(ada, S, on);
      await cipherText(ada, "GDRIVE", on);
    }
    for (const table of ["custodian_backup_shares", "user_backup_shares", "backup_share_versions"])
      await worker.sql(`UPDATE ${table} SET sealed_share = ''`);
    const rows = async () => [
      await worker.sql("SELECT * FROM custodian_backup_shares, user_backup_shares"),
      await worker.sql("SELECT * FROM backup_share_versions ORDER BY kind"),
    ];
    for (const text of ["2", "1"]) {
      await both.custodian(ada, S, text);
      await both.cipherText(ada, "GDRIVE", text);
    }
    const mended = await rows();
    for (const text of ["2", "1"]) {
      await later.custodian(ada, S, text);
      await later.cipherText(ada, "GDRIVE", text);
    }
    assert.deepEqual(await rows(), mended);
  });

  test("leaves the row as it is where it opens, and where another share is stored", async () => {
    await custodian(ada, S, "s1");
    const rows = () => worker.sql("SELECT * FROM custodian_backup_shares");
    const before = await rows();
    await custodian(ada, S.toLowerCase(), "s1");
    assert.deepEqual(await rows(), before);
    await custodian(ada, S, "s2");
    await worker.sql("UPDATE custodian_backup_shares SET sealed_share = 'AAAA'");
    const damaged = await rows();
    await custodian(ada, S, "s1"); // The history has it as older.
    assert.deepEqual(await rows(), damaged);
  });
});

describe("a share in use that does not open", () => {
  const OTHER = "ICLOUD-SECP256K1";
  beforeEach(async () => {
    await custodian(ada, S, "s1");
    await custodian(ada, OTHER, "i1");
  });
  const partial = () => backups(worker.sibling("partial"));
  const damage = (method) =>
    worker.sql("UPDATE custodian_backup_shares SET sealed_share = substr(sealed_share, 5) WHERE method = ?", method);

  test("stops the fetch, and the answer names its method; with FETCH_PARTIAL the others are given", async () => {
    await damage(S);
    const answer = await wallet.fetchCustodian(ada);
    assertProblem(answer, 500, "internal");
    assert.match(answer.body.detail, /GDRIVE-SECP256K1/);
    worker.clearLogs();
    assert.deepEqual(await partial().fetched(ada), ["i1"]);
    const [line] = worker.logLines().filter(({ level }) => level === "error");
    assert.deepEqual([line.table, line.backupMethod], ["custodian_backup_shares", S]);
    await damage(OTHER);
    assertProblem(await partial().fetchCustodian(ada), 500, "internal", { what: "nothing opens: no empty list" });
  });

  test("is not made by a restore: 409 with the key's id, and nothing changes", async () => {
    await custodian(ada, S, "s2");
    await cipherText(ada, "GDRIVE", "u1");
    await cipherText(ada, "GDRIVE", "u2");
    const later = backups(worker.sibling("later"));
    const history = await wallet.history(ada);
    assert.deepEqual(history.map(({ kind }) => kind).sort(), ["custodian", "user"]);
    const before = await worker.sql("SELECT id, sealed_share FROM custodian_backup_shares ORDER BY id");
    for (const { id } of history) {
      const answer = await later.admin("POST", `${later.path(ada)}/backups/restore`, { versionId: id });
      assertProblem(answer, 409, "conflict");
      assert.match(answer.body.detail, /key k1/);
    }
    await worker.sql(
      "UPDATE backup_share_versions SET sealed_share = substr(sealed_share, 5) WHERE kind = 'custodian'",
    );
    for (const { id, kind } of history) {
      const answer = await wallet.admin("POST", `${wallet.path(ada)}/backups/restore`, { versionId: id });
      assert.equal(answer.status, kind === "user" ? 200 : 409, answer.text);
    }
    assert.deepEqual(await worker.sql("SELECT id, sealed_share FROM custodian_backup_shares ORDER BY id"), before);
  });
});
