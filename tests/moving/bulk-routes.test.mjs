// POST /admin/import and GET /admin/export, against the built Worker.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";

import { SECRETS, startWorker } from "../support/harness.mjs";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const USER = { type: "user", id: "u1", clientId: "c1", clientApiKey: "key-1", createdAt: "2024-01-01T00:00:00.000Z" };
const CUSTODIAN = {
  type: "custodianBackupShare",
  id: "v1",
  userId: "u1",
  backupMethod: "GDRIVE-SECP256K1",
  backupSharePairId: "p1",
  share: '{"p":"é☃ \\" 1"}',
  storedAt: "2024-01-02T00:00:00.000Z",
};
const CIPHER_TEXT = {
  type: "userBackupShare",
  id: "v2",
  userId: "u1",
  clientId: "c1",
  backupMethod: "GDRIVE",
  backupSharePairId: "p1",
  cipherText: "abc",
  storedAt: "2024-01-03T00:00:00.000Z",
};
const OLD = {
  ...CUSTODIAN,
  id: "v0",
  backupSharePairId: "p0",
  share: "old",
  storedAt: "2023-01-02T00:00:00.000Z",
  supersededAt: "2024-01-02T00:00:00.000Z",
};

let worker;
before(async () => {
  worker = await startWorker();
});
after(() => worker?.stop());
beforeEach(() => worker.clear());

const importOf = (target, records, query = "") =>
  target.send("POST", `/admin/import${query}`, {
    bearer: SECRETS.ADMIN_TOKEN,
    headers: { "content-type": "application/x-ndjson" },
    body: records.map((record) => (typeof record === "string" ? record : JSON.stringify(record))).join("\n"),
  });
async function imported(records, query, target = worker) {
  const { status, body, text } = await importOf(target, records, query);
  assert.equal(status, 200, text);
  return body.results;
}
const outcomes = async (records, query, target) =>
  (await imported(records, query, target)).map((result) => result.outcome);
const fetched = async (clientId = "c1", target = worker) =>
  (
    await target.send("POST", "/webhook/backup/fetch", {
      headers: { "x-webhook-secret": SECRETS.WEBHOOK_SECRET },
      body: { clientId },
    })
  ).body.backupShares;
const cipherText = (method = "GDRIVE") =>
  worker.send("GET", `/users/u1/user-backup-share?backupMethod=${method}`, { bearer: "key-1" });
const webhook = (share, backupMethod = "GDRIVE-SECP256K1") =>
  worker.send("POST", "/webhook/backup", {
    headers: { "x-webhook-secret": SECRETS.WEBHOOK_SECRET },
    body: { clientId: "c1", backupMethod, share },
  });
const snapshot = async () => {
  const tables = ["users", "custodian_backup_shares", "user_backup_shares", "backup_share_versions", "audit_events"];
  return Object.fromEntries(
    await Promise.all(tables.map(async (table) => [table, await worker.sql(`SELECT * FROM ${table}`)])),
  );
};

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
    assert.doesNotMatch(JSON.stringify(worker.logs()), /MARKED|abc|key-1/);
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

describe("GET /admin/export", () => {
  async function exported() {
    const pages = [];
    for (let cursor; cursor !== null; ) {
      const { status, body } = await worker.send("GET", `/admin/export${cursor ? `?cursor=${cursor}` : ""}`, {
        bearer: SECRETS.ADMIN_TOKEN,
      });
      assert.equal(status, 200);
      pages.push(body.records);
      cursor = body.cursor;
    }
    return pages;
  }

  test("gives every record once, shares sealed, users before their shares", async () => {
    await imported([USER, CUSTODIAN, CIPHER_TEXT, OLD]);
    const records = (await exported()).flat();
    assert.deepEqual(
      records.map(({ type, id }) => [type, id]),
      [
        ["user", "u1"],
        ["custodianBackupShare", "v0"],
        ["custodianBackupShare", "v1"],
        ["userBackupShare", "v2"],
      ],
    );
    assert.deepEqual(records[0], {
      type: "user",
      id: "u1",
      clientId: "c1",
      clientApiKeyHash: sha256("key-1"),
      createdAt: USER.createdAt,
    });
    const { sealedShare, ...rest } = records[1];
    const { share, type, ...old } = OLD;
    assert.deepEqual(rest, { type, ...old, clientId: "c1", createdAt: OLD.storedAt, reason: "replaced", keyId: "k1" });
    assert.doesNotMatch(JSON.stringify(records), /abc|é☃|"old"|key-1/);
    assert.ok(Buffer.from(sealedShare, "base64").length > "old".length + 29 - 1);
  });

  test("is paged by bytes, also within one user", async () => {
    const users = ["a", "b", "c"].map((id) => ({ type: "user", id, clientId: id }));
    await imported(users);
    for (const { id } of users) {
      for (const method of ["M1", "M2", "M3"]) {
        await imported([{ type: "custodianBackupShare", userId: id, backupMethod: method, share: id.repeat(300_000) }]);
        await imported([{ ...OLD, id: `${id}${method}`, userId: id, backupMethod: method, share: id.repeat(300_000) }]);
      }
    }
    const pages = await exported();
    assert.ok(pages.length > 5);
    for (const page of pages) assert.ok(JSON.stringify(page).length < 2_000_000);
    const names = pages
      .flat()
      .map(
        (record) =>
          `${record.type} ${record.userId ?? record.id} ${record.backupMethod ?? ""} ${record.supersededAt ?? ""}`,
      );
    assert.equal(new Set(names).size, names.length);
    assert.equal(names.length, 3 + 9 + 9);
  });

  test("gives deleted users as such, with their history, also beside a later user of the same id", async () => {
    await imported([USER, CUSTODIAN, CIPHER_TEXT, OLD]);
    await worker.send("DELETE", "/users/u1", { bearer: SECRETS.ADMIN_TOKEN });
    await imported([{ ...USER, clientId: "c-new" }]);
    const records = (await exported()).flat();
    assert.deepEqual(
      records.map(({ type, clientId, deletedAt, reason }) => [type, clientId, Boolean(deletedAt), reason]),
      [
        ["user", "c-new", false, undefined],
        ["user", "c1", true, undefined],
        ["custodianBackupShare", "c1", false, "replaced"],
        ["custodianBackupShare", "c1", false, "deleted"],
        ["userBackupShare", "c1", false, "deleted"],
      ],
    );
  });

  test("gives what an import takes, even of a share whose time was in the future when it was replaced", async () => {
    await imported([USER, OLD]);
    await worker.sql("UPDATE backup_share_versions SET stored_at = '2099-01-01T00:00:00.000Z'");
    const [, { sealedShare, keyId, ...record }] = (await exported()).flat();
    await worker.clear();
    assert.deepEqual(await outcomes([USER, { ...record, share: "old" }]), ["new", "new"]);
  });

  test("a cursor that it did not give is refused", async () => {
    for (const cursor of ["x", "%ff", "e30"]) {
      const { status, body } = await worker.send("GET", `/admin/export?cursor=${cursor}`, {
        bearer: SECRETS.ADMIN_TOKEN,
      });
      assert.deepEqual([status, body.field], [400, "cursor"]);
    }
  });
});

for (const homes of [1, 3])
  describe(`an export of ${homes} database(s)`, () => {
    let spread;
    before(async () => {
      spread = await startWorker({ homes });
    });
    after(() => spread?.stop());
    beforeEach(() => spread.clear());

    const get = async (path) => {
      const { status, body, text } = await spread.send("GET", path, { bearer: SECRETS.ADMIN_TOKEN });
      assert.equal(status, 200, text);
      return body;
    };
    const events = async () => (await get("/audit?action=export")).events;

    test("is one audit event with its counts, however many pages and databases it has", async () => {
      const users = Array.from({ length: 130 }, (_, n) => ({ type: "user", id: `u${n}`, clientId: `c${n}` }));
      const half = { ...CIPHER_TEXT, userId: "u2", clientId: "c2" };
      await imported([...users, CUSTODIAN, CIPHER_TEXT, OLD, half], "", spread);
      let pages = 0;
      let records = 0;
      for (let cursor; cursor !== null; pages++) {
        const page = await get(`/admin/export${cursor ? `?cursor=${cursor}` : ""}`);
        records += page.records.length;
        const [{ counts }, ...more] = await events();
        assert.deepEqual(more, []);
        const { users, custodianBackupShares, userBackupShares } = counts;
        assert.deepEqual([counts.pages, users + custodianBackupShares + userBackupShares], [pages + 1, records]);
        assert.equal(counts.isFinished, page.cursor === null);
        cursor = page.cursor;
      }
      assert.ok(pages > 2);
      const [event] = await events();
      assert.deepEqual([event.actor, event.outcome, event.operator], ["admin", "exported", "admin"]);
      assert.deepEqual(event.counts, {
        pages,
        users: 130,
        custodianBackupShares: 2,
        userBackupShares: 2,
        isFinished: true,
      });
      const [other] = (await get("/audit?action=import&limit=1")).events;
      assert.ok(!("counts" in other), "only what has counts shows them");
    });

    test("whose page is asked for again counts it once; two exports are two events", async () => {
      await imported([USER, CUSTODIAN], "", spread);
      const first = await get("/admin/export");
      for (let n = 0; n < 3; n++) await get(`/admin/export?cursor=${first.cursor}`);
      const [{ counts }] = await events();
      assert.equal(counts.pages, 2);
      await get("/admin/export");
      assert.equal((await events()).length, 2);
    });

    test("that goes on with a cursor of an event that is not there leaves one of its own", async () => {
      await imported([USER, CUSTODIAN], "", spread);
      const { cursor } = await get("/admin/export");
      await spread.sql("DELETE FROM audit_events");
      await get(`/admin/export?cursor=${cursor}`);
      assert.equal((await events()).length, 1);
    });
  });

describe("after a change of the sealing key", () => {
  /** Runs `body` with a Worker whose first key is another one, and which has what is stored here. */
  async function afterTheChange(body) {
    const second = await startWorker({
      secrets: {
        SHARE_ENCRYPTION_KEYS: `k2:${Buffer.alloc(32, 2).toString("base64")},${SECRETS.SHARE_ENCRYPTION_KEYS}`,
      },
    });
    try {
      for (const table of ["users", "custodian_backup_shares", "user_backup_shares", "backup_share_versions"]) {
        for (const { method: _, ...row } of await worker.sql(`SELECT * FROM ${table}`)) {
          const columns = Object.keys(row);
          await second.db
            .prepare(`INSERT INTO ${table} (${columns}) VALUES (${columns.map(() => "?")})`)
            .bind(...Object.values(row))
            .run();
        }
      }
      await body(second);
    } finally {
      await second.stop();
    }
  }

  test("the same shares, still under the old key, are the same", async () => {
    await imported([USER, CUSTODIAN, CIPHER_TEXT, OLD]);
    await afterTheChange(async (second) => {
      assert.deepEqual(await outcomes([USER, CUSTODIAN, CIPHER_TEXT, OLD], "", second), [
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
          second,
        ),
        ["conflict", "conflict"],
      );
      assert.deepEqual(await fetched("c1", second), [CUSTODIAN.share]);
    });
  });

  test("a share that was replaced since is the same, and one that the old server put in its place is not", async () => {
    await imported([USER, CUSTODIAN]);
    await webhook("newer");
    await afterTheChange(async (second) => {
      assert.deepEqual(await outcomes([CUSTODIAN], "", second), ["same"]);
      const inItsPlace = { ...CUSTODIAN, share: "other", storedAt: "2024-02-01T00:00:00.000Z" };
      assert.deepEqual(await outcomes([inItsPlace], "", second), ["conflict"]);
      assert.deepEqual(
        await outcomes([inItsPlace], "?replaceOlder=true", second),
        ["conflict"],
        "what is there is newer",
      );
      assert.deepEqual(await fetched("c1", second), ["newer"]);
    });
  });
});
