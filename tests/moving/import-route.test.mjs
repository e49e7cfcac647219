// POST /admin/import: takes in what is new, and overwrites nothing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  begin,
  CIPHER_TEXT,
  cipherText,
  CUSTODIAN,
  fetched,
  imported,
  importOf,
  OLD,
  outcomes,
  sha256,
  snapshot,
  USER,
  webhook,
  worker,
} from "../support/bulk.mjs";
import { SECRETS } from "../support/harness.mjs";

const K2 = `k2:${Buffer.alloc(32, 2).toString("base64")}`;
await begin({ siblings: { rotated: { SHARE_ENCRYPTION_KEYS: `${K2},${SECRETS.SHARE_ENCRYPTION_KEYS}` } } });

describe("POST /admin/import", () => {
  test("takes in users, current shares and history, which the live routes then give", async () => {
    assert.deepEqual(await outcomes([USER, CUSTODIAN, CIPHER_TEXT, OLD]), ["new", "new", "new", "new"]);
    assert.deepEqual(await fetched(), [CUSTODIAN.share]);
    assert.equal((await cipherText()).body.cipherText, "abc");
    const [user] = await worker.sql("SELECT * FROM users");
    assert.deepEqual(
      { ...user },
      {
        id: "u1",
        client_id: "c1",
        client_api_key_hash: sha256("key-1"),
        created_at: USER.createdAt,
        quota_released_at: null,
        made_by_webhook: 0,
      },
    );
    const [share] = await worker.sql("SELECT * FROM custodian_backup_shares");
    assert.deepEqual(
      [share.id, share.backup_share_pair_id, share.created_at, share.updated_at],
      ["v1", "p1", CUSTODIAN.storedAt, CUSTODIAN.storedAt],
    );
    assert.doesNotMatch(JSON.stringify(share), /é☃/);
    const history = await worker.send("GET", "/users/u1/backups/history", { bearer: SECRETS.ADMIN_TOKEN });
    assert.deepEqual(
      history.body.versions.map(({ id, storedAt, supersededAt }) => [id, storedAt, supersededAt]),
      [["v0", OLD.storedAt, OLD.supersededAt]],
    );
  });

  test("an imported history serves a half-finished backup", async () => {
    await imported([
      USER,
      CUSTODIAN,
      OLD,
      { ...CIPHER_TEXT, backupSharePairId: "p0", storedAt: "2023-06-01T00:00:00.000Z" },
    ]);
    assert.deepEqual((await fetched()).sort(), [CUSTODIAN.share, "old"].sort());
  });

  test("where a record names no pair, the one that the custodian share says itself counts, and makes no conflict", async () => {
    const share = (pair) => JSON.stringify({ backupSharePairId: pair, clientId: "c1", share: "1157" });
    const current = { ...CUSTODIAN, backupSharePairId: undefined, share: share("p1") };
    const old = { ...OLD, backupSharePairId: undefined, share: share("p0") };
    const named = { ...CIPHER_TEXT, backupSharePairId: "p0" };
    assert.deepEqual(await outcomes([USER, current, old, named]), ["new", "new", "new", "new"]);
    assert.deepEqual((await fetched()).sort(), [share("p0"), share("p1")]);
    assert.deepEqual(await outcomes([current, old]), ["same", "same"]);
    // As a Worker stored it that did not look for the pair in the share.
    await worker.sql("UPDATE custodian_backup_shares SET backup_share_pair_id = NULL");
    await worker.sql("UPDATE backup_share_versions SET backup_share_pair_id = NULL");
    assert.deepEqual(await outcomes([current, old]), ["same", "same"]);
    assert.deepEqual(await outcomes([{ ...current, backupSharePairId: "p1" }]), ["conflict"]);
  });

  test("a cipher text whose custodian share gave way to a backup that broke off gets it from the history", async () => {
    await imported([USER]);
    await webhook("broke off");
    assert.deepEqual(await outcomes([CUSTODIAN, CIPHER_TEXT]), ["conflict", "new"]);
    assert.deepEqual(await fetched(), ["broke off"]);
    const [{ updated_at: supersededAt }] = await worker.sql("SELECT updated_at FROM custodian_backup_shares");
    assert.deepEqual(await outcomes([{ ...CUSTODIAN, supersededAt }]), ["new"]);
    assert.deepEqual((await fetched()).sort(), ["broke off", CUSTODIAN.share].sort());
  });

  test("a custodian share of unknown time belongs to the cipher texts that are there, in whatever order they come", async () => {
    const state = async () =>
      (await worker.send("GET", "/users/u1/backups", { bearer: SECRETS.ADMIN_TOKEN })).body.backups.map(
        (backup) => backup.state,
      );
    const timeless = (record) => ({ ...record, backupSharePairId: null, storedAt: undefined });
    const untimed = { ...CIPHER_TEXT, backupSharePairId: null };
    for (const requests of [
      [[USER, untimed], [timeless(CUSTODIAN)]],
      [[USER, timeless(untimed)], [timeless(CUSTODIAN)]],
      [[USER, timeless(CUSTODIAN), untimed]],
      [[USER, timeless(CUSTODIAN), timeless(untimed)]],
    ]) {
      await worker.clear();
      for (const records of requests) {
        assert.ok((await outcomes(records)).every((outcome) => outcome === "new"));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.deepEqual(await state(), ["complete"]);
      // A backup that breaks off: the cipher text's own share is given still, and is kept past the retention.
      await webhook("newer");
      assert.deepEqual(await fetched(), ["newer", CUSTODIAN.share]);
      await worker.sql("UPDATE backup_share_versions SET superseded_at = '2020-01-01T00:00:00.000Z'");
      await worker.scheduled();
      assert.deepEqual(await fetched(), ["newer", CUSTODIAN.share]);
    }
  });

  test("a custodian share of unknown time that takes another's place is not taken for the mate of a cipher text that is there", async () => {
    const timeless = { ...CUSTODIAN, backupSharePairId: null, storedAt: undefined };
    await imported([USER, { ...CIPHER_TEXT, backupSharePairId: null }, timeless]);
    assert.deepEqual(await outcomes([{ ...timeless, share: "written over it" }], "?replaceOlder=true"), ["new"]);
    assert.deepEqual((await fetched()).sort(), ["written over it", CUSTODIAN.share].sort());
  });

  test("a share that was stored once more after another is the current one again, and one that an operator put aside is not", async () => {
    const at = (id, month, share) => ({ ...CUSTODIAN, id, share, storedAt: `2024-0${month}-01T00:00:00.000Z` });
    const again = at("c", 5, "first");
    await imported([USER, at("a", 3, "first")]);
    await imported([at("b", 4, "second")], "?replaceOlder=true");
    assert.deepEqual(await outcomes([again], "?dryRun=true&replaceOlder=true"), ["new"]);
    assert.deepEqual(await outcomes([again], "?replaceOlder=true"), ["new"]);
    assert.deepEqual(await fetched(), ["first"]);
    for (const record of [at("a", 3, "first"), at("b", 4, "second"), again])
      assert.deepEqual(await outcomes([record], "?replaceOlder=true"), ["same"]);
    const history = await worker.send("GET", "/users/u1/backups/history", { bearer: SECRETS.ADMIN_TOKEN });
    const { id: versionId } = history.body.versions.find(({ storedAt }) => storedAt === "2024-04-01T00:00:00.000Z");
    const restored = { bearer: SECRETS.ADMIN_TOKEN, body: { versionId } };
    assert.equal((await worker.send("POST", "/users/u1/backups/restore", restored)).status, 200);
    assert.deepEqual(await outcomes([again], "?replaceOlder=true"), ["same"]);
    assert.equal(
      (await worker.sql("SELECT updated_at FROM custodian_backup_shares"))[0].updated_at,
      "2024-04-01T00:00:00.000Z",
    );
  });

  test("a copy of a record that did not go in is not said to be there", async () => {
    await imported([USER]);
    await webhook("newer");
    const another = { ...USER, clientApiKey: "another" };
    assert.deepEqual(await outcomes([CUSTODIAN, CUSTODIAN, another, another]), Array(4).fill("conflict"));
    assert.deepEqual(await outcomes([CIPHER_TEXT, CIPHER_TEXT, USER, USER]), ["new", "same", "same", "same"]);
  });

  test("a repeated page changes nothing, and leaves no audit event", async () => {
    await imported([USER, CUSTODIAN, CIPHER_TEXT, OLD]);
    const once = await snapshot();
    assert.deepEqual(await outcomes([USER, CUSTODIAN, CIPHER_TEXT, OLD]), ["same", "same", "same", "same"]);
    assert.deepEqual(await snapshot(), once);
    assert.deepEqual(
      once.audit_events
        .map(({ actor, action, outcome, user_id, backup_method }) => [actor, action, outcome, user_id, backup_method])
        .sort(),
      [
        ["admin", "import", "registered", "u1", null],
        ["admin", "import", "stored_custodian_share", "u1", "GDRIVE-SECP256K1"],
        ["admin", "import", "stored_custodian_share", "u1", "GDRIVE-SECP256K1"],
        ["admin", "import", "stored_user_share", "u1", "GDRIVE"],
      ],
    );
  });

  test("never overwrites: what differs is a conflict, with its reason, and stays", async () => {
    await imported([USER, CUSTODIAN, CIPHER_TEXT, OLD]);
    const before = await snapshot();
    const results = await imported([
      { ...USER, clientId: "c2" },
      { ...USER, id: "u2" },
      { ...USER, id: "u3", clientId: "c3" },
      { ...USER, clientApiKey: "key-2" },
      { ...CUSTODIAN, clientId: "c1", id: "v9", share: "other" },
      { ...CIPHER_TEXT, id: "v9", cipherText: "other" },
      { ...OLD, clientId: "c1", share: "other" },
    ]);
    // Records of one request that take the same place as an earlier one are conflicts as well, so each goes alone.
    assert.ok(results.every((result) => result.outcome === "conflict"));
    const alone = async (record) => (await imported([record]))[0];
    assert.match((await alone({ ...USER, clientId: "c2" })).reason, /user id is registered/);
    assert.match((await alone({ ...USER, id: "u2" })).reason, /clientId is registered/);
    assert.match((await alone({ ...USER, id: "u3", clientId: "c3" })).reason, /API key is registered/);
    assert.match((await alone({ ...USER, clientApiKey: "key-2" })).reason, /another API key/);
    assert.match(
      (await alone({ ...CUSTODIAN, id: "v9", share: "other" })).reason,
      /of 2024-01-02T00:00:00.000Z; this one is of 2024/,
    );
    assert.deepEqual(await snapshot(), before);
  });

  test("a version in the history of another client that the user had is not the same", async () => {
    await imported([{ ...USER, clientId: "mistyped" }]);
    const kept = (record) => ({ ...record, id: "5", clientId: undefined, supersededAt: "2024-05-01T00:00:00.000Z" });
    await imported([kept(CIPHER_TEXT)]);
    assert.equal((await worker.send("DELETE", "/users/u1", { bearer: SECRETS.ADMIN_TOKEN })).status, 204);
    assert.deepEqual(await outcomes([USER, kept(CIPHER_TEXT), kept(CUSTODIAN)]), ["new", "new", "new"]);
    assert.deepEqual(await outcomes([kept(CIPHER_TEXT), kept(CUSTODIAN)]), ["same", "same"]);
    const history = await worker.send("GET", "/users/u1/backups/history", { bearer: SECRETS.ADMIN_TOKEN });
    assert.deepEqual(history.body.versions.map(({ kind }) => kind).sort(), ["custodian", "user"]);
  });

  test("a share that has been superseded since is the same, not a conflict", async () => {
    await imported([USER, CUSTODIAN]);
    await webhook("newer");
    assert.deepEqual(await outcomes([CUSTODIAN]), ["same"]);
    assert.deepEqual(await fetched(), ["newer"]);
  });

  test("with replaceOlder a newer share takes the place of an older one, which is kept", async () => {
    await imported([USER, CUSTODIAN]);
    const newer = { ...CUSTODIAN, id: "v9", share: "newer", storedAt: "2024-06-01T00:00:00.000Z" };
    assert.deepEqual(await outcomes([newer]), ["conflict"]);
    assert.deepEqual(await outcomes([newer], "?replaceOlder=true"), ["new"]);
    assert.deepEqual(await fetched(), ["newer"]);
    assert.deepEqual(
      (await worker.sql("SELECT id, reason FROM backup_share_versions")).map((row) => [row.id, row.reason]),
      [["v1", "replaced"]],
    );
    // … and an older or an equally old one does not.
    assert.deepEqual(await outcomes([{ ...newer, id: "v10", share: "older" }], "?replaceOlder=true"), ["conflict"]);
    assert.deepEqual(await outcomes([newer, { ...CUSTODIAN }], "?replaceOlder=true"), ["same", "conflict"]);
    assert.deepEqual(await outcomes([CUSTODIAN], "?replaceOlder=true"), ["same"]);
    assert.deepEqual(await fetched(), ["newer"]);
  });

  test("a dry run says the same and stores nothing", async () => {
    const empty = await snapshot();
    assert.deepEqual(await outcomes([USER, CUSTODIAN, CIPHER_TEXT, OLD], "?dryRun=true"), ["new", "new", "new", "new"]);
    assert.deepEqual(await snapshot(), empty);
    await imported([USER, CUSTODIAN]);
    assert.deepEqual(await outcomes([USER, CUSTODIAN, CIPHER_TEXT], "?dryRun=true"), ["same", "same", "new"]);
  });

  test("a bad line stops nothing and is answered for by its number, never with the share", async () => {
    const results = await imported([
      USER,
      "{broken MARKED-SHARE",
      "",
      { ...CUSTODIAN, share: 7 },
      { ...CUSTODIAN, userId: "nobody" },
      { ...CUSTODIAN, clientId: "c2" },
      { ...CUSTODIAN, backupMethod: "a\u0000b", share: "MARKED-SHARE" },
      { ...CUSTODIAN, storedAt: "yesterday" },
      { ...OLD, id: undefined },
      { ...CUSTODIAN, share: "MARKED-SHARE".repeat(44_000) },
      CUSTODIAN,
    ]);
    assert.deepEqual(
      results.map(({ line, outcome, code }) => [line, outcome, code]),
      [
        [1, "new", undefined],
        [2, "refused", "invalid_json"],
        [4, "refused", "invalid_field"],
        [5, "refused", "unknown_user"],
        [6, "refused", "invalid_field"],
        [7, "refused", "invalid_field"],
        [8, "refused", "invalid_field"],
        [9, "refused", "invalid_field"],
        [10, "refused", "invalid_field"],
        [11, "new", undefined],
      ],
    );
    assert.doesNotMatch(JSON.stringify(results), /MARKED/);
    assert.doesNotMatch(JSON.stringify(worker.logs()), /MARKED|\babc\b|key-1/);
  });

  test("lines that a generated client sent as one JSON string are refused, with 200", async () => {
    const quoted = JSON.stringify([USER, CUSTODIAN].map((record) => JSON.stringify(record)).join("\n"));
    const { status, body } = await importOf(worker, [quoted]);
    assert.equal(status, 200);
    assert.deepEqual(
      body.results.map(({ line, outcome }) => [line, outcome]),
      [[1, "refused"]],
    );
    assert.deepEqual(await worker.sql("SELECT * FROM users"), []);
    const plain = {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "content-type": "text/plain;charset=UTF-8" },
      body: quoted,
    };
    assert.equal((await worker.send("POST", "/admin/import", plain)).status, 415);
  });

  test("a share of a user of the same id with another client never goes to that user", async () => {
    await imported([{ ...USER, clientId: "someone-else" }]);
    assert.deepEqual(
      await outcomes([USER, { ...CUSTODIAN, clientId: "c1" }, { ...CIPHER_TEXT, clientId: undefined }]),
      ["conflict", "refused", "refused"],
    );
    assert.deepEqual(await outcomes([{ ...CUSTODIAN, clientId: "c1" }]), ["refused"]);
    assert.deepEqual(await worker.sql("SELECT * FROM custodian_backup_shares"), []);
  });

  test("a user whose API key has changed keeps the old one, and gets the shares all the same", async () => {
    await imported([USER]);
    assert.deepEqual(await outcomes([{ ...USER, clientApiKey: "key-2" }, CUSTODIAN]), ["conflict", "new"]);
  });

  test("a deletion of long ago can be undone as long as the shares that came with it are kept", async () => {
    const deletedAt = "2024-02-01T00:00:00.000Z";
    const theirs = { supersededAt: deletedAt, reason: "deleted" };
    await imported([
      { ...USER, deletedAt },
      { ...CUSTODIAN, ...theirs, clientId: USER.clientId },
      { ...CIPHER_TEXT, ...theirs },
    ]);
    await worker.scheduled();
    const operator = (method, path) => worker.send(method, path, { bearer: SECRETS.ADMIN_TOKEN });
    const { status, body } = await operator("GET", "/users/u1/backups");
    assert.deepEqual([status, body.deletedAt], [404, deletedAt]);
    const [{ until }] = await worker.sql(
      "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(imported_at), '+90 days') AS until FROM backup_share_versions",
    );
    assert.equal(body.restorableUntil, until);
    assert.equal((await operator("GET", "/users/c1/backups")).body.deletions[0].restorableUntil, until);
    assert.equal((await operator("POST", "/users/u1/restore")).status, 200);
    assert.deepEqual(await fetched(), [CUSTODIAN.share]);
    assert.equal((await cipherText()).body.cipherText, CIPHER_TEXT.cipherText);
    assert.equal((await operator("DELETE", "/users/u1")).status, 204);
    await worker.sql("UPDATE deleted_users SET deleted_at = ?", deletedAt);
    await worker.scheduled();
    assert.equal((await operator("POST", "/users/u1/restore")).status, 404, "of a deletion here its own time counts");
  });

  test("is bounded, and the operator's alone", async () => {
    assert.equal((await importOf(worker, Array(201).fill({ type: "user" }))).body.field, "body");
    assert.equal((await importOf(worker, ["x".repeat(1024 * 1024 + 1)])).status, 413);
    const plain = { bearer: SECRETS.ADMIN_TOKEN, headers: { "content-type": "application/json" }, body: "{}" };
    assert.equal((await worker.send("POST", "/admin/import", plain)).status, 415);
    assert.equal((await importOf(worker, [USER], "?dryRun=1")).body.field, "dryRun");
    for (const [method, path] of [
      ["POST", "/admin/import"],
      ["GET", "/admin/export"],
    ]) {
      assert.equal((await worker.send(method, path, { bearer: "key-1" })).status, 401);
      assert.equal((await worker.send(method, path)).status, 401);
    }
    assert.equal(
      (await worker.send("DELETE", "/admin/import", { bearer: SECRETS.ADMIN_TOKEN })).headers.get("allow"),
      "POST",
    );
  });

  test("a full page of the largest size goes in", async () => {
    const users = Array.from({ length: 60 }, (_, i) => ({ type: "user", id: `u${i}`, clientId: `c${i}` }));
    const shares = users.map(({ id }) => ({ type: "custodianBackupShare", userId: id, share: "s".repeat(16_900) }));
    assert.ok((await outcomes([...users, ...shares])).every((outcome) => outcome === "new"));
    assert.equal((await worker.sql("SELECT count(*) AS n FROM custodian_backup_shares"))[0].n, 60);
  });
});

describe("a stored share that does not open", () => {
  const TABLES = ["custodian_backup_shares", "user_backup_shares", "backup_share_versions"];
  const sealed = async () =>
    Promise.all(TABLES.map(async (table) => worker.sql(`SELECT id, sealed_share FROM ${table} ORDER BY id`)));
  const damage = async () => {
    for (const table of TABLES)
      await worker.sql(`UPDATE ${table} SET sealed_share = substr(sealed_share, 1, 40) || 'AAAA'`);
  };

  test("is sealed anew when the same one comes by an import: current, and in the history by its id", async () => {
    const records = [USER, CUSTODIAN, CIPHER_TEXT, OLD];
    await imported(records);
    const before = await snapshot();
    await damage();
    assert.equal((await cipherText()).status, 500);
    const inLowerCase = records.map((one) => ({ ...one, backupMethod: one.backupMethod?.toLowerCase() }));
    assert.deepEqual(await outcomes(inLowerCase), ["same", "same", "same", "same"]);
    assert.deepEqual(await fetched(), [CUSTODIAN.share]);
    assert.equal((await cipherText()).body.cipherText, CIPHER_TEXT.cipherText);
    const { id } = OLD;
    const restored = await worker.send("POST", "/users/u1/backups/restore", {
      bearer: SECRETS.ADMIN_TOKEN,
      body: { versionId: id },
    });
    assert.equal(restored.status, 200, restored.text);
    assert.ok((await fetched()).includes(OLD.share));
    const after = await snapshot();
    assert.equal(after.custodian_backup_shares[0].updated_at, OLD.storedAt, "as the version that it is");
    assert.equal(after.user_backup_shares[0].updated_at, before.user_backup_shares[0].updated_at);
    const told = "a stored share that did not open was sealed anew: the same one came again";
    assert.equal(worker.logLines().filter(({ message }) => message === told).length, 3);
  });

  test("is sealed anew in the history too, where a copy from before has it as the current one", async () => {
    const newer = { ...CUSTODIAN, id: "n1", share: "newer", storedAt: "2026-02-02T00:00:00.000Z" };
    await imported([USER, CUSTODIAN]);
    assert.deepEqual(await outcomes([newer], "?replaceOlder=true"), ["new"]);
    await damage();
    for (const record of [CUSTODIAN, newer]) assert.deepEqual(await outcomes([record]), ["same"]);
    const [{ id }] = await worker.sql("SELECT id FROM backup_share_versions");
    const restored = await worker.send("POST", "/users/u1/backups/restore", {
      bearer: SECRETS.ADMIN_TOKEN,
      body: { versionId: id },
    });
    assert.equal(restored.status, 200, restored.text);
    assert.deepEqual(await fetched(), [CUSTODIAN.share]);
  });

  test("is sealed anew in the history also where an import stores it once more, in the place of an older one", async () => {
    const at = (day) => `2026-02-0${day}T00:00:00.000Z`;
    const newer = { ...CUSTODIAN, id: "n1", share: "newer", storedAt: at(2) };
    await imported([USER, CUSTODIAN]);
    assert.deepEqual(await outcomes([newer], "?replaceOlder=true"), ["new"]);
    const restore = async (versionId) => {
      const restored = await worker.send("POST", "/users/u1/backups/restore", {
        bearer: SECRETS.ADMIN_TOKEN,
        body: { versionId },
      });
      assert.equal(restored.status, 200, restored.text);
    };
    await restore(CUSTODIAN.id);
    await worker.sql("UPDATE backup_share_versions SET sealed_share = ''");
    assert.deepEqual(await outcomes([{ ...newer, id: "n3", storedAt: at(3) }], "?replaceOlder=true"), ["new"]);
    await restore(CUSTODIAN.id);
    await restore(newer.id);
    assert.deepEqual(await fetched(), [newer.share]);
  });

  test("stays as it is where an import is only tried, or brings another share", async () => {
    await imported([USER, CUSTODIAN, CIPHER_TEXT, OLD]);
    await damage();
    const damaged = await sealed();
    assert.deepEqual(await outcomes([CUSTODIAN, CIPHER_TEXT, OLD], "?dryRun=true"), ["same", "same", "same"]);
    assert.deepEqual(await outcomes([{ ...CUSTODIAN, share: "other" }]), ["conflict"]);
    assert.deepEqual(await sealed(), damaged);
  });
});

describe("after a change of the sealing key", () => {
  /** The Worker with another key in front. */
  const rotated = () => worker.sibling("rotated");

  test("the same shares, still under the old key, are the same", async () => {
    await imported([USER, CUSTODIAN, CIPHER_TEXT, OLD]);
    assert.deepEqual(await outcomes([USER, CUSTODIAN, CIPHER_TEXT, OLD], "", rotated()), [
      "same",
      "same",
      "same",
      "same",
    ]);
    assert.deepEqual(
      await outcomes(
        [
          { ...CUSTODIAN, share: "other" },
          { ...OLD, share: "other" },
        ],
        "",
        rotated(),
      ),
      ["conflict", "conflict"],
    );
    assert.deepEqual(await fetched("c1", rotated()), [CUSTODIAN.share]);
  });

  test("with replaceOlder the same share is not taken for a newer one: its backup stays whole", async () => {
    await imported([USER, CUSTODIAN, CIPHER_TEXT, OLD]);
    const before = await snapshot();
    const later = { storedAt: "2024-02-01T00:00:00.000Z" };
    const again = [
      { ...CUSTODIAN, id: "w1", ...later },
      { ...CIPHER_TEXT, id: "w2", ...later },
    ];
    assert.deepEqual(await outcomes(again, "?replaceOlder=true", rotated()), ["same", "same"]);
    assert.deepEqual(await snapshot(), before);
  });

  test("with replaceOlder a wrong share is put right, current and in the history", async () => {
    await imported([USER, CUSTODIAN, CIPHER_TEXT, OLD]);
    const right = [
      { ...CUSTODIAN, share: "right" },
      { ...CIPHER_TEXT, cipherText: "right" },
      { ...OLD, share: "right, old" },
    ];
    assert.deepEqual(await outcomes(right, "?replaceOlder=true", rotated()), ["new", "new", "new"]);
    assert.deepEqual(await fetched("c1", rotated()), ["right"]);
    assert.equal((await worker.sql("SELECT 1 FROM backup_share_versions")).length, 4, "all four are kept");
    assert.deepEqual(await outcomes(right, "?replaceOlder=true", rotated()), ["same", "same", "same"]);
  });

  test("a share that was replaced since is the same, and one that the old server put in its place is not", async () => {
    await imported([USER, CUSTODIAN]);
    await webhook("newer");
    assert.deepEqual(await outcomes([CUSTODIAN], "", rotated()), ["same"]);
    const inItsPlace = { ...CUSTODIAN, share: "other", storedAt: "2024-02-01T00:00:00.000Z" };
    assert.deepEqual(await outcomes([inItsPlace], "", rotated()), ["conflict"]);
    assert.deepEqual(
      await outcomes([inItsPlace], "?replaceOlder=true", rotated()),
      ["conflict"],
      "what is there is newer",
    );
    assert.deepEqual(await fetched("c1", rotated()), ["newer"]);
  });
});
