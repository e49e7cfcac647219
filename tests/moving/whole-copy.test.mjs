// A copy misses nothing that was there when it began, whatever happens while it is made; and what is exported can be imported.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { generateIdentity, identityToRecipient } from "age-encryption";

import { callers, custodianShares, user } from "../support/client.mjs";
import { runScript } from "../support/cli.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

const { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS } = SECRETS;
const S = "GDRIVE-SECP256K1";

let source;
let target;
let dir;
let identity;
let recipient;
before(async () => {
  [source, target] = await Promise.all([startWorker({ homes: 1 }), startWorker({ homes: 1 })]); // every moment between two pages
  dir = mkdtempSync(join(tmpdir(), "pbw-whole-"));
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  writeFileSync(join(dir, "age.key"), `${identity}\n`);
});
after(async () => {
  await source?.stop();
  await target?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => Promise.all([source.clear(), target.clear()]));

const page = async (cursor) => {
  const { status, body, text } = await source.send("GET", `/admin/export${cursor ? `?cursor=${cursor}` : ""}`, {
    bearer: ADMIN_TOKEN,
  });
  assert.equal(status, 200, text);
  return body;
};
/** Goes through the pages; `meanwhile` is called between two of them. Resolves with all records and the last page. */
async function exported(meanwhile = async () => {}) {
  const records = [];
  let last = await page();
  records.push(...last.records);
  for (let n = 1; last.cursor !== null; n += 1) {
    await meanwhile(n);
    last = await page(last.cursor);
    records.push(...last.records);
  }
  return { records, last };
}
const importRecords = async (records, query = "", worker = target) => {
  const { status, body, text } = await worker.send("POST", `/admin/import${query}`, {
    bearer: ADMIN_TOKEN,
    headers: { "content-type": "application/x-ndjson" },
    body: records.map((record) => JSON.stringify(record)).join("\n"),
  });
  assert.equal(status, 200, text);
  return body.results;
};
const outcomes = async (...args) => (await importRecords(...args)).map(({ outcome }) => outcome);
let files = 0;
const fresh = () => join(dir, `${(files += 1)}.age`);
const urlOf = (worker) => String(worker.url).replace(/\/$/, "");
const exportTo = (file, { url = urlOf(source), ...options } = {}) =>
  runScript("export", [file, "--url", url, "--recipient", recipient], {
    env: { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS },
    ...options,
  });
const importFrom = (file) =>
  runScript("import", [file, "--url", urlOf(target), "--identity", join(dir, "age.key")], { env: { ADMIN_TOKEN } });

describe("a page at a time, while the database changes", () => {
  const big = (text) => text.padEnd(400_000, "=");
  const users = ["a", "b", "c"].map(user);

  /** Three users over several pages, each with an older and a current share. */
  async function fill() {
    const { portal, app, register } = callers(source);
    await register(...users);
    for (const who of users) {
      for (const share of ["older", "current"])
        await portal("/webhook/backup", { clientId: who.clientId, backupMethod: S, share: big(share) });
      await app(who, "POST", `/users/${who.id}/user-backup-share`, { backupMethod: "GDRIVE", cipherText: big("text") });
    }
    return source.sql(
      "SELECT id FROM custodian_backup_shares UNION SELECT id FROM user_backup_shares UNION SELECT id FROM backup_share_versions",
    );
  }
  const missing = (ids, records) => ids.filter(({ id }) => !records.some((record) => record.id === id));

  /** After each page in turn, one thing happens to each user, and is undone after the next one. */
  async function everyMoment(does, undoes = async () => {}) {
    const { last } = await (await fill(), exported());
    assert.equal(last.cursor, null);
    for (const who of users) {
      for (let moment = 1; ; moment += 1) {
        await source.clear();
        const ids = await fill();
        let seen = 0;
        const { records } = await exported(async (n) => {
          seen = n;
          if (n === moment) await does(who);
          if (n === moment + 1) await undoes(who);
        });
        assert.deepEqual(missing(ids, records), [], `${who.id} after page ${moment}`);
        if (moment >= seen) break;
      }
    }
  }

  test("a version restored between two pages is met, and so is what it displaced", async () => {
    const { admin } = callers(source);
    await everyMoment(async (who) => {
      const { body } = await admin("GET", `/users/${who.id}/backups/history`);
      assert.equal(
        (await admin("POST", `/users/${who.id}/backups/restore`, { versionId: body.versions[0].id })).status,
        200,
      );
    });
  });

  test("a user deleted and restored between pages is met with all shares", async () => {
    const { admin } = callers(source);
    await everyMoment(
      async (who) => assert.equal((await admin("DELETE", `/users/${who.id}`)).status, 204),
      async (who) => void (await admin("POST", `/users/${who.id}/restore`)),
    );
  });

  test("a share that is replaced between two pages is met", async () => {
    const { portal } = callers(source);
    await everyMoment((who) =>
      portal("/webhook/backup", { clientId: who.clientId, backupMethod: S, share: big("newer") }),
    );
  });
});

test("a share that was current in one page and followed by another in a later one goes into the history", async () => {
  const rows = [
    { type: "user", id: "u1", clientId: "c1" },
    {
      type: "custodianBackupShare",
      id: "v2",
      userId: "u1",
      backupMethod: S,
      share: "second",
      storedAt: "2024-02-01T00:00:00.000Z",
    },
    {
      type: "custodianBackupShare",
      id: "v1",
      userId: "u1",
      backupMethod: S,
      share: "first",
      storedAt: "2024-01-01T00:00:00.000Z",
    },
  ];
  const file = join(dir, "both.ndjson");
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join("\n"));
  const { code, stdout } = await importFrom(file);
  assert.equal(code, 0, stdout);
  assert.deepEqual(await custodianShares(callers(target), "c1"), ["second"]);
  assert.equal((await target.sql("SELECT id FROM backup_share_versions"))[0].id, "v1");
});

test("deleted users are in the copy as such, import as deleted, and can be restored there with their shares", async () => {
  const { portal, app, admin, register } = callers(source);
  const [eve, ada] = [user("eve"), user("ada")];
  await register(eve, ada);
  for (const share of ["older of eve", "share of eve"])
    await portal("/webhook/backup", { clientId: eve.clientId, backupMethod: S, share });
  await app(eve, "POST", `/users/${eve.id}/user-backup-share`, { backupMethod: "GDRIVE", cipherText: "text of eve" });
  await admin("DELETE", `/users/${eve.id}`);
  const file = fresh();
  const made = await exportTo(file);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /1 users, 2 custodian shares, 1 user shares, 1 deleted users\n$/);
  const imported = await importFrom(file);
  assert.equal(imported.stdout, "5 new, 0 same, 0 conflict, 0 refused\n");
  assert.equal((await importFrom(file)).stdout, "0 new, 5 same, 0 conflict, 0 refused\n");
  const there = callers(target);
  assert.equal((await there.admin("GET", `/users/${eve.id}`)).status, 404);
  assert.equal((await there.admin("POST", `/users/${eve.id}/restore`)).status, 200);
  assert.deepEqual(await custodianShares(there, eve.clientId), ["share of eve"]);
  const text = await there.app(eve, "GET", `/users/${eve.id}/user-backup-share?backupMethod=GDRIVE`);
  assert.equal(text.body.cipherText, "text of eve");
});

describe("an export", () => {
  test("ends with the counts of the database, and says where the copy has another number", async () => {
    const { portal, register } = callers(source);
    await register(user("ada"));
    await portal("/webhook/backup", { clientId: user("ada").clientId, backupMethod: S, share: "x" });
    const { last } = await exported();
    assert.deepEqual(last.counts, { users: 1, deletedUsers: 0, custodianBackupShares: 1, userBackupShares: 0 });
    const whole = await exportTo(fresh());
    assert.match(whole.stderr, /the database holds just as many/);
    // One that is registered when the last page is asked for is behind its place.
    const proxy = createServer(async (request, response) => {
      if (/cursor=/.test(request.url)) await register(user(`a${files}`));
      const answer = await source.fetch(request.url, { headers: { authorization: request.headers.authorization } });
      response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    });
    await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    try {
      const during = await exportTo(fresh(), { url: `http://127.0.0.1:${proxy.address().port}` });
      assert.equal(during.code, 0, during.stderr);
      assert.match(during.stderr, /The copy has 1 users, the database had 2 at the end\./);
    } finally {
      proxy.close();
    }
  });

  test("that is ended with Ctrl-C leaves nothing behind, and the next one to the same file goes through", async () => {
    const { portal, register } = callers(source);
    const users = Array.from({ length: 12 }, (_, n) => user(`n${n}`));
    await register(...users);
    for (const { clientId } of users) await portal("/webhook/backup", { clientId, share: "x".repeat(400_000) });
    const file = fresh();
    const partial = () => readdirSync(dir).filter((name) => join(dir, name).startsWith(file));
    const stopped = await exportTo(file, {
      watch: (_, child) => {
        const timer = setInterval(() => {
          if (partial().length > 0) child.kill("SIGINT");
        }, 1);
        child.once("close", () => clearInterval(timer));
      },
      // Something has to come on stderr for `watch` to begin.
      env: { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS, NODE_DEBUG: "timer" },
    });
    assert.equal(stopped.code, 130);
    assert.deepEqual(partial(), []);
    const again = await exportTo(file);
    assert.equal(again.code, 0, again.stderr);
    assert.equal((await importFrom(file)).code, 0);
  });

  test("does not say that the database holds just as many where shares did not open", async () => {
    const { portal, register } = callers(source);
    await register(user("ada"));
    await portal("/webhook/backup", { clientId: user("ada").clientId, backupMethod: S, share: "x" });
    const env = { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS: `other:${Buffer.alloc(32, 5).toString("base64")}` };
    const { code, stdout, stderr } = await exportTo(fresh(), { env });
    assert.equal(code, 2);
    assert.match(stdout, /; 1 did not open\n$/);
    assert.match(stderr, /not in the copy: custodianBackupShare of user user-ada/);
    assert.doesNotMatch(stderr, /just as many/);
  });

  test("after a time of the far future came in, by an older version of the service, is imported in the same order", async () => {
    const { portal, admin, register } = callers(source);
    const ada = user("ada");
    await register(ada);
    for (const share of ["first", "second", "third"])
      await portal("/webhook/backup", { clientId: ada.clientId, backupMethod: S, share });
    await source.sql(
      "UPDATE backup_share_versions SET stored_at = '9998-12-31T23:59:59.997Z', superseded_at = '9998-12-31T23:59:59.998Z' WHERE stored_at = (SELECT min(stored_at) FROM backup_share_versions)",
    );
    await source.sql(
      "UPDATE backup_share_versions SET stored_at = '9998-12-31T23:59:59.998Z', superseded_at = '9999-01-01T00:00:00.000Z' WHERE stored_at < '9998'",
    );
    await source.sql("UPDATE custodian_backup_shares SET updated_at = '9999-01-01T00:00:00.000Z'");
    const order = async (worker) =>
      (await worker.sql("SELECT id FROM backup_share_versions ORDER BY superseded_at")).map(({ id }) => id);
    const file = fresh();
    assert.equal((await exportTo(file)).code, 0);
    const imported = await importFrom(file);
    assert.equal(imported.code, 0, imported.stdout);
    assert.deepEqual(await order(target), await order(source));
    assert.deepEqual(await custodianShares(callers(target), ada.clientId), ["third"]);
    assert.equal((await admin("GET", `/users/${ada.id}`)).status, 200);
  });
});

test("a record with a time more than a day ahead is refused by its line and field", async () => {
  const at = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
  const share = { type: "custodianBackupShare", id: "v", userId: "u1", backupMethod: S, share: "x" };
  const results = await importRecords([
    { type: "user", id: "u1", clientId: "c1" },
    { ...share, storedAt: at(2) },
    { ...share, storedAt: at(-1), supersededAt: "2998-01-01T00:00:00.000Z" },
    { ...share, storedAt: at(0.9) },
  ]);
  assert.deepEqual(
    results.map(({ line, outcome, reason }) => [line, outcome, reason]),
    [
      [1, "new", undefined],
      [2, "refused", "storedAt must not lie more than a day ahead"],
      [3, "refused", "supersededAt must not lie more than a day ahead"],
      [4, "new", undefined],
    ],
  );
});

test("no user and no share is refused for an optional field: empty is absent, what cannot be used is left out and told", async () => {
  const share = { type: "custodianBackupShare", userId: "u1", share: "x", backupSharePairId: 7 };
  const results = await importRecords([
    { type: "user", id: "u1", clientId: "c1", clientApiKey: "" },
    { type: "user", id: "u2", clientId: "c2", clientApiKey: "two words" },
    { ...share, backupMethod: "A", backupSharePairId: "" },
    { ...share, backupMethod: "B" },
    { ...share, backupMethod: "C", backupSharePairId: "p".repeat(200) },
    { ...share, backupMethod: "", backupSharePairId: "", id: "", clientId: "" },
  ]);
  assert.deepEqual(
    results.map(({ outcome, leftOut }) => [outcome, leftOut]),
    [
      ["new", undefined],
      ["new", "clientApiKey"],
      ["new", undefined],
      ["new", "backupSharePairId"],
      ["new", "backupSharePairId"],
      ["new", undefined],
    ],
  );
});

describe("what support sees of a user", () => {
  test("travels: who made it, and the marks of its cipher texts", async () => {
    const { admin, app, portal, register } = callers(source);
    const who = user("marked");
    await register(who);
    await source.sql("UPDATE users SET made_by_webhook = 1");
    await portal("/webhook/backup", { clientId: who.clientId, backupMethod: S, share: "custodian share" });
    const path = `/users/${who.id}/user-backup-share`;
    for (const [backupMethod, cipherText] of [
      ["GDRIVE", "first"],
      ["GDRIVE", "second, alone"],
      ["ICLOUD", "second, alone"],
    ])
      assert.equal((await app(who, "POST", path, { backupMethod, cipherText })).status, 200);
    await admin("DELETE", `/users/${who.id}`);
    await admin("POST", `/users/${who.id}/restore`);
    for (const [backupMethod, cipherText] of [
      ["GDRIVE", "third, alone"],
      ["ICLOUD", "third, alone"],
    ])
      assert.equal((await app(who, "POST", path, { backupMethod, cipherText })).status, 200);

    const file = fresh();
    assert.equal((await exportTo(file)).code, 0);
    const { code, stderr } = await importFrom(file);
    assert.equal(code, 0, stderr);
    const marks = (worker) =>
      Promise.all([
        worker.sql("SELECT id, made_by_webhook FROM users"),
        worker.sql(
          "SELECT backup_method, replaced_alone_at, text_digest FROM user_backup_shares ORDER BY backup_method",
        ),
      ]);
    const there = await marks(source);
    assert.equal(there[0][0].made_by_webhook, 1);
    assert.ok(there[1].some(({ replaced_alone_at }) => replaced_alone_at));
    assert.deepEqual(await marks(target), there);
  });
});

describe("a share that was imported wrong", () => {
  const USER = { type: "user", id: "u1", clientId: "c1" };
  const wrong = {
    type: "custodianBackupShare",
    id: "import-1",
    userId: "u1",
    backupMethod: S,
    share: '"right"',
    storedAt: "2024-01-01T00:00:00.000Z",
  };

  for (const [what, record] of [
    ["with its time", wrong],
    ["without a time", { ...wrong, storedAt: undefined }],
  ]) {
    test(`${what}, is put right by the corrected source with replaceOlder, and the wrong one is kept`, async () => {
      const right = { ...record, share: "right" };
      await importRecords([USER, record]);
      assert.deepEqual(await outcomes([right]), ["conflict"]);
      assert.deepEqual(await outcomes([right], "?replaceOlder=true"), ["new"]);
      assert.deepEqual(await custodianShares(callers(target), "c1"), ["right"]);
      assert.equal((await target.sql("SELECT count(*) AS n FROM backup_share_versions"))[0].n, 1);
      // Neither the corrected source nor the wrong one changes anything any more.
      assert.deepEqual(await outcomes([right], "?replaceOlder=true"), ["same"]);
      assert.deepEqual(await outcomes([record], "?replaceOlder=true"), ["same"]);
      assert.deepEqual(await custodianShares(callers(target), "c1"), ["right"]);
    });
  }

  test("in the history, gets the right one beside it", async () => {
    const old = { ...wrong, supersededAt: "2024-02-01T00:00:00.000Z" };
    const right = { ...old, share: "right" };
    await importRecords([USER, old]);
    assert.deepEqual(await outcomes([right]), ["conflict"]);
    assert.deepEqual(await outcomes([right], "?replaceOlder=true"), ["new"]);
    assert.deepEqual(await outcomes([right], "?replaceOlder=true"), ["same"]);
    assert.equal((await target.sql("SELECT count(*) AS n FROM backup_share_versions"))[0].n, 2);
  });

  test("a share that the Worker got since is newer, and stays", async () => {
    await importRecords([USER, wrong]);
    await callers(target).portal("/webhook/backup", { clientId: "c1", backupMethod: S, share: "of today" });
    assert.deepEqual(await outcomes([{ ...wrong, share: "right" }], "?replaceOlder=true"), ["conflict"]);
    assert.deepEqual(await custodianShares(callers(target), "c1"), ["of today"]);
  });
});
