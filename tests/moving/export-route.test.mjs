// GET /admin/export: gives every record once, sealed, and leaves one audit event.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { begin, CIPHER_TEXT, CUSTODIAN, imported, OLD, outcomes, sha256, USER, worker } from "../support/bulk.mjs";
import { OPERATORS, OPERATOR_TOKENS } from "../support/console.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

await begin();

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
      spread = await startWorker({ homes, secrets: { OPERATOR_TOKENS } });
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

    test("that goes on with another operator's cursor leaves an event of its own, and counts nothing in the other's", async () => {
      await imported([USER, CUSTODIAN], "", spread);
      const { cursor } = await get("/admin/export");
      const [{ counts }] = await events();
      const { chief } = OPERATORS;
      const { status } = await spread.send("GET", `/admin/export?cursor=${cursor}`, { bearer: chief.token });
      assert.equal(status, 200);
      const [own, others] = await events();
      assert.deepEqual([own.operator, others.operator, others.counts], ["carl", "admin", counts]);
    });

    test("that goes on with a cursor of an event that is not there leaves one of its own", async () => {
      await imported([USER, CUSTODIAN], "", spread);
      const { cursor } = await get("/admin/export");
      await spread.sql("DELETE FROM audit_events");
      await get(`/admin/export?cursor=${cursor}`);
      assert.equal((await events()).length, 1);
    });
  });
