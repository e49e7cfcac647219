// What `npm run import` makes of a file: which records, in which order, and what it refuses. No service is needed here.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";

import { Encrypter, generateIdentity, identityToRecipient } from "age-encryption";

import { Api, serviceUrl } from "../../scripts/lib/moving/api.mjs";
import { fileSource } from "../../scripts/lib/moving/file-source.mjs";
import { holdings, importAll, report } from "../../scripts/lib/moving/importer.mjs";
import { connection } from "../../scripts/lib/moving/postgres-source.mjs";
import { timeOf } from "../../scripts/lib/moving/times.mjs";
import { State } from "../../scripts/lib/moving/state.mjs";

const dir = mkdtempSync(join(tmpdir(), "pbw-sources-"));
after(() => rmSync(dir, { recursive: true, force: true }));

let files = 0;
function fileOf(content) {
  const file = join(dir, `${(files += 1)}.ndjson`);
  writeFileSync(file, content);
  return file;
}
const ndjson = (...rows) => rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n");

async function itemsOf(content, options) {
  const items = [];
  for await (const item of (await fileSource(fileOf(content), options)).records()) items.push(item);
  return items;
}
const recordsOf = async (content, options) =>
  (await itemsOf(content, options)).map((item) =>
    item.refused ? { refused: item.refused, place: item.place } : JSON.parse(item.text),
  );

/** A SQLite file with a User u1 and what `sql` makes beside it; its tables are named as in the guide. */
function sqliteOf(sql, userColumns = "") {
  const file = join(dir, `${(files += 1)}.sqlite`);
  const db = new DatabaseSync(file);
  db.exec(
    `CREATE TABLE "User" (id TEXT PRIMARY KEY, clientId TEXT ${userColumns}); INSERT INTO "User" (id, clientId) VALUES ('u1', 'c1')`,
  );
  db.exec(sql);
  db.close();
  return file;
}
const shareTable = (table, content) =>
  `CREATE TABLE "${table}" (id TEXT PRIMARY KEY, userId TEXT, backupMethod TEXT, createdAt TEXT, ${content})`;
const CUSTODIANS = shareTable("CustodianBackupShare", "share TEXT");
const CIPHER_TEXTS = shareTable("UserBackupShare", "cipherText TEXT");

async function recordsOfFile(file, options) {
  const source = await fileSource(file, options);
  const records = [];
  for await (const { refused, place, text } of source.records())
    records.push(refused ? { refused, place } : JSON.parse(text));
  await source.close();
  return records;
}
const current = (records) =>
  records
    .filter((record) => record.type !== "user" && !record.refused && !record.supersededAt)
    .map((record) => record.share ?? record.cipherText);

const USER = { id: "u1", clientId: "c1", clientApiKey: "key-1" };
const CUSTODIAN = {
  id: "s1",
  userId: "u1",
  backupMethod: "GDRIVE-SECP256K1",
  share: '{"p": 1}',
  createdAt: "2024-05-06T07:08:09.123",
};
const CIPHER_TEXT = {
  id: "s2",
  userId: "u1",
  backupMethod: "GDRIVE",
  cipherText: "abc",
  createdAt: "2024-05-06T07:08:10",
};
const AS_RECORDS = [
  { type: "user", ...USER },
  {
    type: "userBackupShare",
    id: "import-userBackupShare-s2-1714979290000",
    userId: "u1",
    backupMethod: "GDRIVE",
    backupSharePairId: null,
    cipherText: "abc",
    storedAt: "2024-05-06T07:08:10.000Z",
    clientId: "c1",
  },
  {
    type: "custodianBackupShare",
    id: "import-custodianBackupShare-s1-1714979289123",
    userId: "u1",
    backupMethod: "GDRIVE-SECP256K1",
    backupSharePairId: null,
    share: '{"p": 1}',
    storedAt: "2024-05-06T07:08:09.123Z",
    clientId: "c1",
  },
];

describe("the guide's schema", () => {
  test("rows of the three tables become records, users before their cipher texts before their custodian shares, in whatever order they are dumped", async () => {
    assert.deepEqual(await recordsOf(ndjson(CUSTODIAN, CIPHER_TEXT, USER)), AS_RECORDS);
  });

  test("records of ours go in the same order, each as the very text that it came as", async () => {
    const texts = ["custodianBackupShare", "userBackupShare", "user"].map(
      (type) => `{"type":"${type}", "userId":"u1", "n": 1.0}`,
    );
    assert.deepEqual(
      (await itemsOf(texts.join("\n"))).map(({ text }) => text),
      texts.toReversed(),
    );
  });

  test("users with their shares nested in them, as Prisma's include gives them", async () => {
    const nested = { ...USER, userBackupShares: [CIPHER_TEXT], custodianBackupShares: [CUSTODIAN] };
    assert.deepEqual(await recordsOf(ndjson(nested)), AS_RECORDS);
  });

  test("the same where each user has one of each, as an object, and other fields that hold no share", async () => {
    const nested = {
      ...USER,
      userBackupShare: CIPHER_TEXT,
      custodianBackupShare: CUSTODIAN,
      clientBackupShares: [],
      shares: 7,
      custodianShares: [],
      backupMethod: null,
      _count: { custodianBackupShares: 1 },
      wallet: { address: "0x" },
    };
    assert.deepEqual(await recordsOf(ndjson(nested)), AS_RECORDS);
  });

  test("columns in snake_case", async () => {
    const snake = (row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]),
      );
    assert.deepEqual(await recordsOf(ndjson(snake(USER), snake(CUSTODIAN), snake(CIPHER_TEXT))), AS_RECORDS);
  });

  test("the older form with one backup a user, in columns of User, goes in as UNKNOWN", async () => {
    const [, user, custodian] = await recordsOf(ndjson({ ...USER, backupShare: "s", cipherText: "c" }));
    assert.deepEqual(
      [custodian.type, custodian.backupMethod, custodian.share],
      ["custodianBackupShare", "UNKNOWN", "s"],
    );
    assert.deepEqual([user.type, user.backupMethod, user.cipherText], ["userBackupShare", "UNKNOWN", "c"]);
  });
});

describe("the example server's schema", () => {
  const row = (id, pair, createdAt) => ({
    id,
    userId: 7,
    backupMethod: "PASSWORD",
    backupSharePairId: pair,
    cipherText: `text ${pair}`,
    createdAt,
  });

  test("of several pairs under one method the newest is current, the others its history", async () => {
    const rows = [
      row("b", "p2", "2024-02-01T00:00:00.000Z"),
      row("c", "p3", "2024-03-01T00:00:00.000Z"),
      row("a", "p1", "2024-01-01T00:00:00.000Z"),
    ];
    const shares = (await recordsOf(ndjson({ id: 7, clientId: "c7", exchangeUserId: 70 }, ...rows))).slice(1);
    assert.deepEqual(
      shares.map(({ userId, backupSharePairId, storedAt, supersededAt }) => [
        userId,
        backupSharePairId,
        storedAt,
        supersededAt,
      ]),
      [
        ["7", "p2", "2024-02-01T00:00:00.000Z", "2024-03-01T00:00:00.000Z"],
        ["7", "p3", "2024-03-01T00:00:00.000Z", undefined],
        ["7", "p1", "2024-01-01T00:00:00.000Z", "2024-02-01T00:00:00.000Z"],
      ],
    );
  });

  test("another column can be the user id; a share of nobody is refused", async () => {
    const records = await recordsOf(
      ndjson(row("a", "p1"), { ...row("b", "p1"), userId: 8 }, { id: 7, clientId: "c7", exchangeUserId: 70 }),
      { userIdColumn: "exchangeUserId" },
    );
    assert.equal(records[0].id, "70");
    assert.equal(records[1].userId, "70");
    assert.match(records[2].refused, /no row of User with the id 8/);
  });
});

describe("the newest share of a user and method is current, whatever else is read", () => {
  const several = `
    ${CUSTODIANS}; INSERT INTO CustodianBackupShare VALUES ('a', 'u1', 'G', '2024-01-01T00:00:00Z', 'older'), ('b', 'u1', 'G', '2024-02-01T00:00:00Z', 'newer');
    ${CIPHER_TEXTS}; INSERT INTO UserBackupShare VALUES ('c', 'u1', 'G', '2024-01-01T00:00:00Z', 'old text'), ('d', 'u1', 'G', '2024-02-01T00:00:00Z', 'new text');`;

  test("of a database with filled columns of User, from before there were tables of shares", async () => {
    const file = sqliteOf(
      `UPDATE "User" SET backupShare = 'inline', cipherText = 'inline text'; ${several}`,
      ", backupShare TEXT, cipherText TEXT",
    );
    const records = await recordsOfFile(file);
    assert.deepEqual(current(records).sort(), ["inline", "inline text", "new text", "newer"]);
    assert.deepEqual(
      records
        .filter((record) => record.supersededAt)
        .map(({ share, cipherText, storedAt, supersededAt }) => [share ?? cipherText, storedAt, supersededAt]),
      [
        ["old text", "2024-01-01T00:00:00.000Z", "2024-02-01T00:00:00.000Z"],
        ["older", "2024-01-01T00:00:00.000Z", "2024-02-01T00:00:00.000Z"],
      ],
    );
  });

  test("of a database without times, where a column of User is older than the table, whatever the ids are", async () => {
    const file = sqliteOf(
      `UPDATE "User" SET backupShare = 'inline'; ${CUSTODIANS}; INSERT INTO CustodianBackupShare VALUES ('a', 'u1', 'UNKNOWN', NULL, 'of the table')`,
      ", backupShare TEXT, cipherText TEXT",
    );
    assert.deepEqual(current(await recordsOfFile(file)), ["of the table"]);
  });

  test("the share in a column of User has an id that no row of shares has, or one of the two would be left out of the history", async () => {
    const rows = [1, 2].map((id) => ({ id, userId: 1, backupMethod: "UNKNOWN", share: `row ${id}` }));
    const records = await recordsOf(ndjson({ id: 1, clientId: "c1", backupShare: "column" }, ...rows));
    const ids = records.filter(({ supersededAt }) => supersededAt).map(({ id }) => id);
    assert.deepEqual(ids, ["import-custodianBackupShare-User.1-0", "import-custodianBackupShare-1-0"]);
  });

  const record = (id, share, storedAt) => ({
    type: "custodianBackupShare",
    id,
    userId: "u1",
    backupMethod: "G",
    share,
    storedAt,
  });
  const [first, second] = [
    record("v1", "first", "2024-01-01T00:00:00.000Z"),
    record("v2", "second", "2024-02-01T00:00:00.000Z"),
  ];
  const row = ({ id, share }) => ({ ...(id && { id }), userId: "u1", backupMethod: "G", share });
  for (const [what, lines] of [
    ["records of ours", [first, second, first, second]],
    ["records of ours, one copy behind the other", [first, first, second, second]],
    ["rows", [row(first), row(second), row(first), row(second)]],
    [
      "rows without an id",
      [row({ share: "first" }), row({ share: "second" }), row({ share: "first" }), row({ share: "second" })],
    ],
  ])
    test(`of a file that has everything twice: ${what}`, async () => {
      const records = await recordsOf(ndjson(USER, ...lines));
      assert.deepEqual(current(records), ["second", "second"]);
      assert.deepEqual(
        records.filter(({ supersededAt }) => supersededAt).map(({ share }) => share),
        ["first", "first"],
      );
    });

  test("of a file that has one share twice: neither is superseded by the other", async () => {
    assert.deepEqual(current(await recordsOf(ndjson(USER, first, first))), ["first", "first"]);
    assert.deepEqual(current(await recordsOf(ndjson(USER, CUSTODIAN, CUSTODIAN))), [CUSTODIAN.share, CUSTODIAN.share]);
  });

  for (const [what, type, value] of [
    ["is NULL", "TEXT", "NULL"],
    ["is empty", "TEXT", "''"],
    ["is bytes", "TEXT", "x'61'"],
    ["is a JSON list", "JSON", "'[1]'"],
    ["is a JSON null", "JSON", "'null'"],
  ])
    test(`of a database where the newest row ${what}: that row is refused, and has no place among the others`, async () => {
      const file = sqliteOf(`${shareTable("CustodianBackupShare", `share ${type}`)}; ${CIPHER_TEXTS};
        INSERT INTO CustodianBackupShare VALUES ('a', 'u1', 'G', '2024-01-01T00:00:00Z', '${type === "JSON" ? '"good"' : "good"}'), ('b', 'u1', 'G', '2024-02-01T00:00:00Z', ${value})`);
      const records = await recordsOfFile(file);
      assert.deepEqual(current(records), ["good"]);
      assert.match(records.find(({ refused }) => refused).refused, /^share is /);
    });
});

describe("a share that the service would refuse has no place among the others", () => {
  const DAY = 24 * 3_600_000;
  const good = { ...CUSTODIAN, id: "a" };
  for (const [what, fields, reason] of [
    ["of the day after tomorrow", { createdAt: new Date(Date.now() + 2 * DAY).toISOString() }, /more than a day ahead/],
    ["over 512 KiB long", { share: "é".repeat(262_145) }, /over 512 KiB/],
    ["with half a character", { share: "a\ud83d" }, /half a character/],
  ]) {
    test(`a row ${what}: the good one before it stays current`, async () => {
      const bad = { ...good, id: "b", createdAt: "2024-06-01T00:00:00Z", ...fields };
      const records = await recordsOf(ndjson(USER, good, bad));
      assert.deepEqual(current(records), [good.share]);
      assert.match(records.find(({ refused }) => refused).refused, reason);
    });

    test(`a record of ours ${what}: the same, and the service says why`, async () => {
      const record = {
        type: "custodianBackupShare",
        id: "v1",
        userId: "u1",
        share: "good",
        storedAt: "2024-01-01T00:00:00.000Z",
      };
      const { createdAt: storedAt = "2024-02-01T00:00:00.000Z", ...content } = fields;
      const records = await recordsOf(ndjson(USER, record, { ...record, id: "v2", ...content, storedAt }));
      assert.equal(current(records)[0], "good");
    });
  }

  test("the id of a row may hold anything: the service is given one that it takes", async () => {
    const [, share] = await recordsOf(ndjson(USER, { ...CUSTODIAN, id: "a\u200bb\n" }));
    assert.match(share.id, /^import-custodianBackupShare-[0-9a-f]{16}$/);
  });
});

describe("a table of a database that is not seen is missed", () => {
  const sourceOfFile = async (...args) => {
    const source = await fileSource(sqliteOf(...args.slice(0, 2)), args[2]);
    await source.close();
    return source;
  };
  const remedy = (pattern) => (error) => pattern.test(`${error.message}\n${error.remedy}`);

  test("that of the custodian shares stops the import", async () => {
    await assert.rejects(
      sourceOfFile(CIPHER_TEXTS),
      remedy(/no table CustodianBackupShare .* no column backupShare[\s\S]*--without custodian-shares/),
    );
  });

  test("so does that of the cipher texts, if another table looks like it", async () => {
    await assert.rejects(
      sourceOfFile(`${CUSTODIANS}; ${shareTable("Texts", "cipher_text TEXT")}`),
      remedy(/no table UserBackupShare [\s\S]*a column cipherText: Texts\.[\s\S]*--without user-shares/),
    );
  });

  test("unless User has the column of it, or somebody says that there are none", async () => {
    for (const [sql, columns, options] of [
      ["", ", backupShare TEXT, cipherText TEXT"],
      [CIPHER_TEXTS, ", backup_share TEXT"],
      [CIPHER_TEXTS, "", { without: ["custodian-shares"] }],
      [CUSTODIANS, "", {}], // an app may keep its cipher texts elsewhere: that is noted
      ["", "", { without: ["custodian-shares", "user-shares"] }],
    ])
      await sourceOfFile(sql, columns, options);
  });

  test("what a source holds is counted, what it has none of too", async () => {
    const { counts } = await sourceOfFile(
      `${CUSTODIANS}; INSERT INTO CustodianBackupShare VALUES ('a', 'u1', 'A', NULL, 'share'), ('b', 'u1', 'B', NULL, 'share')`,
    );
    assert.equal(holdings(counts), "1 user, 2 custodian shares, 0 user shares");
  });

  test("two columns with one name are refused, for it cannot be known which of them counts", async () => {
    const twice = shareTable("CustodianBackupShare", "share TEXT, backup_method TEXT");
    await assert.rejects(sourceOfFile(twice), /the columns backupMethod and backup_method/);
  });

  test("a column that SQLite generates is one", async () => {
    const records = await recordsOfFile(
      sqliteOf(`CREATE TABLE CustodianBackupShare (id TEXT PRIMARY KEY, userId TEXT, share TEXT, backupMethod TEXT AS ('M'));
        INSERT INTO CustodianBackupShare VALUES ('a', 'u1', 'share')`),
    );
    assert.equal(records[1].backupMethod, "M");
  });
});

describe("a bad row is refused by its line, and stops nothing", () => {
  const refusals = [
    ["{not json, with a share in it", /^not valid JSON$/],
    ["[1]", /one JSON object/],
    ['{"type":"wallet"}', /not a row of .*, and not a record/],
    ['{"id":1,"privateKey":"x"}', /not a row of/],
    ['{"userId":"u","share":[{"p":1}]}', /share is empty, or not a text/],
    ['{"userId":"u","share":""}', /share is empty/],
    ['{"userId":9007199254740993,"share":"s"}', /userId/],
    ['{"userId":"u","share":"s","createdAt":"yesterday"}', /time/],
    ['{"id":"u","clientId":null}', /clientId is missing/],
  ];
  for (const [line, reason] of refusals) {
    test(line, async () => {
      const [good, bad] = await recordsOf(ndjson(USER, "", line)).then((all) => [
        all.find((r) => !r.refused),
        all.find((r) => r.refused),
      ]);
      assert.equal(good.id, "u1");
      assert.equal(bad.place, "line 3");
      assert.match(bad.refused, reason);
      assert.doesNotMatch(bad.refused, /with a share in it/);
    });
  }

  for (const [line, reason] of [
    ['{"id":"s","clientId":"c","share":"MARKED"}', /^the row has a share as a row of shares/],
    ['{"id":"s","clientId":"c","backupMethod":"G"}', /has a backupmethod/],
    ['{"id":"s","clientId":"c","userId":null,"backup_share_pair_id":"p"}', /has a backupsharepairid/],
    ['{"userId":"u1","share":"MARKED","cipherText":"MARKED"}', /both share and ciphertext/],
    ['{"userId":"u1","cipherText":"MARKED","backupShare":"MARKED"}', /both cipherText and backupshare/],
    ['{"userId":"u1","user_id":"u2","share":"MARKED"}', /user_id twice/],
    ['{"id":"u2","clientId":"c2","type":"user","custodianBackupShares":[{"share":"MARKED"}]}', /type says .* may hold/],
    ['{"id":"u2","clientId":"c2","type":"user","cipher_text":"MARKED"}', /type says .* cipher_text may hold/],
    [
      '{"userId":"u1","backupMethod":"GDRIVE","curve":"SECP256K1","share":"MARKED"}',
      /has a curve that its backupMethod/,
    ],
  ])
    test(`and not taken for what it is not: ${line}`, async () => {
      const records = await recordsOf(ndjson(USER, line));
      assert.deepEqual(records[0].id, "u1");
      assert.equal(records.length, 2);
      assert.match(records[1].refused, reason);
      assert.doesNotMatch(records[1].refused, /MARKED/);
    });

  for (const [row, leftOut] of [
    [{ ...USER, createdAt: "" }, undefined],
    [{ ...USER, createdAt: "2026-01-05" }, "createdAt"],
    [{ ...USER, createdAt: 1767225600 }, "createdAt"],
    [{ ...USER, createdAt: "2126-01-05T00:00:00Z" }, "createdAt"],
    [{ ...USER, clientApiKey: 7 }, "clientApiKey"],
    [{ ...CUSTODIAN, backupSharePairId: { id: "p" } }, "backupSharePairId"],
    [{ ...CUSTODIAN, curve: "Secp256k1" }, undefined],
  ])
    test(`but not for a field that decides nothing: ${JSON.stringify(row)}`, async () => {
      const items = await itemsOf(ndjson(...(row.clientId ? [row, CUSTODIAN] : [USER, row])));
      assert.deepEqual(
        items.map(({ record, refused, leftOut }) => [record.type, refused, leftOut]),
        [
          ["user", undefined, row.clientId ? leftOut : undefined],
          ["custodianBackupShare", undefined, row.clientId ? undefined : leftOut],
        ],
      );
    });

  test("and what was left out of a row that went in is told", async () => {
    const api = { import: async (texts) => texts.map(() => ({ outcome: "new" })) };
    const source = await fileSource(fileOf(ndjson({ ...USER, createdAt: "2026-01-05" })));
    const state = new State(undefined, "about");
    await importAll({ source, api, state, progress: { show() {}, end() {} } });
    assert.match(report(state), /^new .*user u1: createdAt was left out: it cannot be used\n1 new/);
  });

  for (const [field, value] of [
    ["custodianShares", [{ share: "MARKED" }]],
    ["custodianShare", "MARKED"],
    ["cipherTexts", ["MARKED"]],
    ["custodianBackupShares", ["MARKED"]],
    ["userBackupShare", "MARKED"],
    ["wallets", [{ chain: { share: { p: "MARKED" } } }]],
  ])
    test(`a user's row keeps no share to itself: ${field}`, async () => {
      const records = await recordsOf(ndjson({ ...USER, [field]: value }));
      assert.deepEqual([records.length, records[0].id], [2, "u1"]);
      assert.match(records[1].refused, new RegExp(`^${field.toLowerCase()} (may hold a share|holds something)`));
      assert.doesNotMatch(records[1].refused, /MARKED/);
    });

  test("nor does a user's row of a database, nor a row with two kinds of shares", async () => {
    const file = sqliteOf(
      `UPDATE "User" SET custodianShare = 'MARKED'; INSERT INTO "User" (id, clientId, backupMethod, backupShare) VALUES ('u2', 'c2', 'G', NULL), ('u3', 'c3', 'G', 'MARKED');
       ${CUSTODIANS}; ${shareTable("UserBackupShare", "cipherText TEXT, share TEXT")};
       INSERT INTO UserBackupShare VALUES ('a', 'u1', 'A', NULL, 'text', ''), ('b', 'u1', 'B', NULL, 'text', 'MARKED')`,
      ", custodianShare TEXT, backupMethod TEXT, backupShare TEXT, shares INTEGER DEFAULT 7",
    );
    const records = await recordsOfFile(file);
    assert.deepEqual(
      records.map(({ refused, id, userId }) => refused ?? userId ?? id),
      [
        "u1",
        "custodianshare may hold a share, and is no name that the import knows",
        "u2", // its method says nothing of a share that is not there
        "u3",
        "its row of User has a backupmethod too: is that this share's?",
        "u1",
        "the row has both cipherText and share: it would lose one",
      ],
    );
  });

  for (const value of ['"MARKED', '{"p":"MARKED', "MARKED"])
    test(`in a JSON column of SQLite: ${value}`, async () => {
      const file = sqliteOf(`${shareTable("CustodianBackupShare", "share JSON")}; ${CIPHER_TEXTS};
        INSERT INTO CustodianBackupShare VALUES ('a', 'u1', 'A', NULL, '${value}'), ('b', 'u1', 'B', NULL, '{"p" : 1.0}')`);
      const records = await recordsOfFile(file);
      assert.deepEqual(
        records.find(({ refused }) => refused),
        { refused: "share is not valid JSON", place: "CustodianBackupShare a" },
      );
      assert.deepEqual(current(records), ['{"p" : 1.0}']);
    });

  // Drizzle's text column of mode "json" and TypeORM's "simple-json" are TEXT, and hold a text with quotes and backslashes of JSON.
  const wrapped = JSON.stringify(CUSTODIAN.share);
  test("a share in a text column that is a JSON string is not stored with its quotes", async () => {
    const records = await recordsOfFile(
      sqliteOf(`${CUSTODIANS}; ${CIPHER_TEXTS};
        INSERT INTO CustodianBackupShare VALUES ('a', 'u1', 'A', NULL, '${wrapped}'), ('b', 'u1', 'B', NULL, '"abc')`),
    );
    assert.match(records.find(({ refused }) => refused)?.refused, /^share is a JSON string, in quotes/);
    assert.deepEqual(current(records), ['"abc']);
  });
  for (const [what, row] of Object.entries({
    share: { ...CUSTODIAN, share: wrapped },
    cipherText: { ...CIPHER_TEXT, cipherText: '"abc"' },
  }))
    test(`nor is a ${what} of a line, for which that was written once more`, async () => {
      const records = await recordsOf(ndjson(USER, row));
      assert.match(records.at(-1).refused ?? "", new RegExp(`^${what} is a JSON string, in quotes`));
    });
  test("a record of ours has its share as it is, in quotes too", async () => {
    const record = { ...AS_RECORDS[1], cipherText: '"abc"' };
    assert.deepEqual(current(await recordsOf(ndjson(AS_RECORDS[0], record))), ['"abc"']);
  });

  test("a JSON array is refused as a whole, with what to do", async () => {
    await assert.rejects(fileSource(fileOf("[\n{}]")), /one JSON array/);
  });
});

test("an empty file is no import of nothing: what wrote it has failed", () =>
  assert.rejects(fileSource(fileOf("")), /ndjson is empty/));

test("only a line feed ends a line, and broken UTF-8 is refused, not mended", async () => {
  const odd = { ...CIPHER_TEXT, cipherText: "a\u2028b\u2029c\u0085d\ufeff" };
  const bytes = Buffer.concat([
    Buffer.from(`\ufeff${ndjson(USER, odd)}\r\n`),
    Buffer.from('{"userId":"u1","share":"'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"}'),
  ]);
  const [, share, refused] = await recordsOf(bytes);
  assert.equal(share.cipherText, odd.cipherText);
  assert.deepEqual(refused, { refused: "not valid UTF-8", place: "line 3" });
});

test("a record of ours goes out as the very text that it came as", async () => {
  const text = '{"type":"custodianBackupShare", "userId":"u1","share":{"n": 12345678901234567890123}}';
  assert.equal((await itemsOf(text))[0].text, text);
});

test("times of every usual form become UTC with milliseconds", () => {
  for (const [from, to] of [
    ["2024-01-02T03:04:05.678Z", "2024-01-02T03:04:05.678Z"],
    ["2024-01-02 03:04:05", "2024-01-02T03:04:05.000Z"],
    ["2024-01-02 03:04:05.678912+00", "2024-01-02T03:04:05.678Z"],
    ["2024-01-02T03:04:05.6+02:00", "2024-01-02T01:04:05.600Z"],
    ["2024-01-02T03:04:05-0330", "2024-01-02T06:34:05.000Z"],
  ])
    assert.equal(timeOf(from).at, to);
  for (const bad of ["2024-13-01T00:00:00Z", "2024-01-01", 1700000000, ""]) assert.throws(() => timeOf(bad));
});

describe("a file sealed with age", () => {
  const seal = async (set) => {
    const encrypter = new Encrypter();
    encrypter.setScryptWorkFactor(8);
    set(encrypter);
    return Buffer.from(await encrypter.encrypt(ndjson(USER, CUSTODIAN)));
  };

  test("opens with its identity or its passphrase, and with nothing else", async () => {
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    const forKey = await seal((encrypter) => encrypter.addRecipient(recipient));
    const forPassphrase = await seal((encrypter) => encrypter.setPassphrase("five random words of it"));
    assert.equal((await itemsOf(forKey, { identities: [identity] })).length, 2);
    assert.equal((await itemsOf(forPassphrase, { passphrase: "five random words of it" })).length, 2);
    await assert.rejects(itemsOf(forKey), /sealed with age/);
    await assert.rejects(itemsOf(forKey, { identities: [await generateIdentity()] }), /does not open/);
    await assert.rejects(itemsOf(forPassphrase, { passphrase: "another" }), /does not open/);
  });

  test("is refused before anything is sent if it was cut short", async () => {
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    const sealed = await seal((encrypter) => encrypter.addRecipient(recipient));
    await assert.rejects(fileSource(fileOf(sealed.subarray(0, -20)), { identities: [identity] }));
  });
});

describe("shares travel over TLS or stay on this machine", () => {
  for (const url of [
    "http://backup.example.com",
    "ftp://backup.example.com",
    "http://127.0.0.1.example.com",
    "http://192.168.0.1:8787",
  ]) {
    test(`${url} is refused`, () => assert.throws(() => serviceUrl(url), /not encrypted/));
  }
  test("https, and http on this machine, are taken", () => {
    assert.deepEqual(serviceUrl("https://backup.example.com/x?y"), {
      origin: "https://backup.example.com",
      local: false,
    });
    for (const url of ["http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787"])
      assert.equal(serviceUrl(url).local, true);
  });

  test("a Postgres elsewhere is asked over TLS with its certificate checked, whatever its URL says", () => {
    assert.deepEqual(connection("postgres://u:p%40@db.example.com/app?schema=x").config.ssl, {
      rejectUnauthorized: true,
    });
    assert.deepEqual(connection("postgres://u@db.example.com/app?sslmode=prefer").config.ssl, {
      rejectUnauthorized: true,
    });
    for (const mode of ["disable", "no-verify"])
      assert.throws(() => connection(`postgres://u@db.example.com/app?sslmode=${mode}`), /open connection/);
    assert.equal(connection("postgres://u@localhost/app").config.ssl, false);
    assert.equal(connection("postgres://u:p%40@h/app").config.password, "p@");
    assert.doesNotMatch(connection("postgres://u:p%40@h/app").shown, /p@|p%40/);
  });
});

describe("an import that is interrupted", () => {
  /** A service that acknowledges `pages` pages and is then gone. */
  const serviceFor = (pages, seen) => ({
    async import(lines, { dryRun }) {
      if (dryRun) return lines.map((line) => ({ outcome: seen.includes(JSON.parse(line).id) ? "same" : "new" }));
      if (pages-- === 0) throw new Error("gone");
      seen.push(...lines.map((line) => JSON.parse(line).id));
      return lines.map(() => ({ outcome: "new" }));
    },
  });
  const progress = { show() {}, end() {} };

  test("goes on behind the last page that was acknowledged, and reports the whole", async () => {
    const rows = Array.from({ length: 450 }, (_, i) => ({ id: `u${i}`, clientId: `c${i}` }));
    const file = fileOf(ndjson(...rows, "broken"));
    const stateFile = join(dir, "state.json");
    const source = await fileSource(file);
    const seen = [];
    await assert.rejects(
      importAll({ source, api: serviceFor(1, seen), state: new State(stateFile, "x"), progress }),
      /gone/,
    );
    const state = new State(stateFile, "x");
    assert.equal(state.resumed, true);
    await importAll({ source: await fileSource(file), api: serviceFor(9, seen), state, progress });
    assert.deepEqual(
      seen,
      rows.map((row) => row.id),
    );
    assert.match(report(state), /refused {3}line 451: not valid JSON\n450 new, 0 same, 0 conflict, 1 refused/);
    assert.throws(() => new State(stateFile, "another import"), /belongs to another import/);
  });
});

describe("the service's answers", () => {
  const api = (answers) => {
    const waits = [];
    const answer = async () => answers.shift() ?? Response.json({ results: [{ outcome: "new" }] });
    return {
      waits,
      api: new Api({ origin: "http://127.0.0.1:1", token: "t", wait: async (ms) => waits.push(ms), fetch: answer }),
    };
  };
  const problem = (status, code, headers) => Response.json({ code, detail: "what to do" }, { status, headers });

  test("a passing failure is tried again, no sooner than the service says", async () => {
    const { api: service, waits } = api([
      problem(503, "unavailable", { "retry-after": "7" }),
      problem(429, "rate_limited"),
    ]);
    assert.equal((await service.import(["{}"]))[0].outcome, "new");
    assert.deepEqual(waits, [7000, 2000]);
  });

  test("a refusal is told at once, with what to do", async () => {
    for (const refusal of [
      problem(401, "unauthorized"),
      problem(503, "misconfigured"),
      problem(413, "body_too_large"),
    ]) {
      const { api: service, waits } = api([refusal]);
      await assert.rejects(service.import(["{}"]), /what to do/);
      assert.deepEqual(waits, []);
    }
  });
});
