// npm run import of files of every kind that somebody may have, as a user runs it, against the built Worker.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { Encrypter, armor, generateIdentity, identityToRecipient } from "age-encryption";

import { callers, custodianShares, sorted } from "../support/client.mjs";
import { runScript } from "../support/cli.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

let worker;
let dir;
let identity;
before(async () => {
  worker = await startWorker();
  dir = mkdtempSync(join(tmpdir(), "pbw-files-"));
  identity = await generateIdentity();
  writeFileSync(join(dir, "age.key"), `${identity}\n`);
});
after(async () => {
  await worker?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => worker.clear());

let files = 0;
function fileOf(content, suffix = "ndjson") {
  const file = join(dir, `${(files += 1)}.${suffix}`);
  writeFileSync(file, content);
  return file;
}
const ndjson = (...rows) => rows.map((row) => JSON.stringify(row)).join("\n");
const run = (file, args = [], options = {}) =>
  runScript("import", [file, "--url", String(worker.url).replace(/\/$/, ""), ...args], {
    env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN },
    ...options,
  });
const taken = () => custodianShares(callers(worker), "c1");

const USER = { id: "u1", clientId: "c1", clientApiKey: "key-1" };
const CUSTODIAN = {
  id: "s1",
  userId: "u1",
  backupMethod: "G-SECP256K1",
  share: "MARKED-SHARE",
  createdAt: 1714979289123,
};

test("dates as milliseconds since 1970, as Prisma dumps them from SQLite, are taken", async () => {
  const { code, stdout } = await run(fileOf(ndjson(USER, CUSTODIAN)));
  assert.equal(code, 0, stdout);
  const [{ updated_at: at }] = await worker.sql("SELECT updated_at FROM custodian_backup_shares");
  assert.equal(at, "2024-05-06T07:08:09.123Z");
});

describe("a share that is a JSON object in a line", () => {
  const OBJECT =
    '{"n" : 1234567890123456789012345678901234567890, "p":1.0,  "share":{"cipherText":"}{\\"\\u0041"},"a":[{"b":"\\\\"}]}';
  const user = JSON.stringify(USER);
  const lineOf = (name, rest = "") =>
    `{"id":"s1","userId":"u1","backupMethod":"G-SECP256K1","${name}" :\t${OBJECT}${rest}}`;

  for (const [what, lines] of Object.entries({
    "a row of its own": [user, lineOf("share", ',"createdAt":1714979289123')],
    "a row in snake_case": [
      user,
      lineOf("share").replace("userId", "user_id").replace("backupMethod", "backup_method"),
    ],
    "a row that is included in its user's": [user.replace("}", `,"custodianBackupShares":[${lineOf("share")}]}`)],
    "a column of the user": [user.replace("}", `,"backup_share":${OBJECT}}`)],
    "a record of ours": [
      '{"type":"user","id":"u1","clientId":"c1"}',
      lineOf("share").replace("{", '{"type":"custodianBackupShare",'),
    ],
  }))
    test(`is stored as it stands there, byte for byte: ${what}`, async () => {
      const { code, stdout } = await run(fileOf(lines.join("\n")));
      assert.equal(code, 0, stdout);
      assert.deepEqual(await taken(), [OBJECT]);
    });

  test("is a cipher text as well, and comes again as the same", async () => {
    const file = fileOf([user, lineOf("cipher\\u0054ext")].join("\n"));
    assert.equal((await run(file)).code, 0);
    const again = await run(file);
    assert.match(again.stdout, /^0 new, 2 same, 0 conflict, 0 refused/);
    const { app } = callers(worker);
    const { body } = await app(USER, "GET", "/users/u1/user-backup-share?backupMethod=G-SECP256K1");
    assert.equal(body.cipherText, OBJECT);
  });

  test("is refused where it is no whole object, or something else than a text or an object", async () => {
    for (const [line, why] of [
      [lineOf("share").replace("}]}", ""), /not valid JSON/],
      [lineOf("share").replace(OBJECT, "[1]"), /share is empty, or not a text/],
      [lineOf("share").replace(OBJECT, "17"), /share is empty, or not a text/],
      [lineOf("share").replace('"u1"', OBJECT), /userId is a JSON object, not a text/],
    ]) {
      const { code, stdout } = await run(fileOf([user, line].join("\n")));
      assert.equal(code, 2, line);
      assert.match(stdout, why);
      assert.deepEqual(await taken(), []);
      await worker.clear();
    }
  });
});

describe("a SQLite file of Prisma's", () => {
  function prisma(name, rows, journal = "DELETE") {
    const file = join(dir, name);
    const db = new DatabaseSync(file);
    db.exec(`PRAGMA journal_mode = ${journal}`);
    db.exec(`CREATE TABLE "User" ("clientApiKey" TEXT NOT NULL, "clientId" TEXT NOT NULL, "id" TEXT NOT NULL PRIMARY KEY);
      CREATE TABLE "CustodianBackupShare" ("backupMethod" TEXT NOT NULL DEFAULT 'UNKNOWN', "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
        "id" TEXT NOT NULL PRIMARY KEY, "share" TEXT NOT NULL, "userId" TEXT NOT NULL);
      INSERT INTO "User" VALUES ('key-1', 'c1', 'u1')`);
    const insert = db.prepare(
      `INSERT INTO "CustodianBackupShare" ("backupMethod", "createdAt", "id", "share", "userId") VALUES (?, ?, ?, ?, 'u1')`,
    );
    for (const row of rows) insert.run(...row);
    return { file, db };
  }

  for (const name of ["dev.db", "prod.sqlite"]) {
    test(`${name} itself is read, its dates as milliseconds, as texts with +00:00 and as both`, async () => {
      const { file, db } = prisma(name, [
        ["A", 1714979289123, "1", "milliseconds"],
        ["B", "2024-05-06T07:08:09.123+00:00", "2", "a text"],
        ["C", "2024-05-06T07:08:09.000+00:00", "3", "older, a text"],
        ["C", 1714979290000, "4", "newer, milliseconds"],
        ["D", "2024-05-06 07:08:09", "5", "CURRENT_TIMESTAMP"],
      ]);
      db.close();
      const { code, stdout } = await run(file);
      assert.equal(code, 0, stdout);
      assert.equal(stdout, "6 new, 0 same, 0 conflict, 0 refused\n");
      assert.deepEqual(sorted(await taken()), ["CURRENT_TIMESTAMP", "a text", "milliseconds", "newer, milliseconds"]);
      const times = await worker.sql(
        "SELECT backup_method AS m, updated_at AS at FROM custodian_backup_shares WHERE backup_method IN ('A', 'B')",
      );
      assert.deepEqual(
        times.map(({ at }) => at),
        ["2024-05-06T07:08:09.123Z", "2024-05-06T07:08:09.123Z"],
      );
    });
  }

  test("is read as its application sees it, what is in the write-ahead log too, and is not changed", async () => {
    const { file, db } = prisma("wal.db", [["A", 1714979289123, "1", "in the log"]], "WAL");
    const before = readFileSync(file);
    const { code, stdout } = await run(file);
    assert.equal(code, 0, stdout);
    assert.deepEqual(await taken(), ["in the log"]);
    assert.ok(before.equals(readFileSync(file)));
    db.close();
  });

  test("a share in a BLOB is refused", async () => {
    const { file, db } = prisma("blob.db", []);
    db.exec(`INSERT INTO "CustodianBackupShare" VALUES ('A', 1714979289123, '1', x'616263', 'u1')`);
    db.close();
    const { code, stdout } = await run(file);
    assert.equal(code, 2);
    assert.match(
      stdout,
      /refused {3}CustodianBackupShare 1 {2}custodianBackupShare of user u1, A: share is bytes, not a text/,
    );
  });
});

describe("an age file", () => {
  const seal = async () => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    // More than one chunk of age's, and of what is read at once.
    const many = ["A", "B", "C"].map((backupMethod) => ({
      ...CUSTODIAN,
      id: backupMethod,
      backupMethod,
      share: "x".repeat(500_000),
    }));
    return encrypter.encrypt(ndjson(USER, ...many));
  };
  const open = (content) => run(fileOf(content, "age"), ["--identity", join(dir, "age.key")]);

  test("in armor, with either kind of line ends, is opened", async () => {
    const text = armor.encode(await seal());
    for (const content of [text, text.replaceAll("\n", "\r\n"), `\r\n\r\n${text}\r\n`]) {
      await worker.clear();
      const { code, stdout, stderr } = await open(content);
      assert.equal(code, 0, stdout.slice(0, 500) + stderr);
      assert.match(stdout, /^4 new, 0 same/);
    }
  });

  test("that was damaged or cut short is told in one sentence, without a stack, and nothing is imported", async () => {
    const bytes = Buffer.from(await seal());
    const text = armor.encode(bytes);
    const flipped = Buffer.from(bytes);
    flipped[flipped.length - 1000] ^= 1;
    for (const [what, content] of [
      ["binary, cut short", bytes.subarray(0, -20)],
      ["binary, cut at a chunk", bytes.subarray(0, 65_536)],
      ["binary, damaged", flipped],
      ["binary, of its header only", bytes.subarray(0, 100)],
      ["armored, cut short", text.slice(0, text.length / 2)],
      ["armored, without its end", text.replace(/-----END.*\n/, "")],
      ["armored, damaged", text.replace(/\n(?=[A-Za-z0-9+/]{64}\n-----END|[A-Za-z0-9+/=]+\n-----END)/, "\n!!")],
    ]) {
      const { code, stdout, stderr } = await open(content);
      assert.equal(code, 1, what);
      assert.equal(stdout, "", what);
      assert.match(stderr, /is an age file that was damaged or cut short/, what);
      assert.doesNotMatch(stderr, /\n\s+at /, what);
      assert.equal((await worker.sql("SELECT count(*) AS n FROM users"))[0].n, 0, what);
    }
  });
});

describe("a file that is no lines of JSON is told in one sentence what it is and what to do", () => {
  const dump = `--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nCOPY public."CustodianBackupShare" (id, share) FROM stdin;\n1\tMARKED-SHARE\n\\.\n`;
  for (const [what, content, told] of [
    ["pg_dump, plain", dump, /a Postgres dump.*SQL text[\s\S]*psql/],
    [
      "pg_dump, custom",
      Buffer.concat([Buffer.from("PGDMP"), Buffer.from([1, 14, 0, 4, 8])]),
      /a Postgres dump.*custom[\s\S]*pg_restore/,
    ],
    [
      "mysqldump",
      "-- MySQL dump 10.13\n\nINSERT INTO `User` VALUES ('MARKED-SHARE');\n",
      /MySQL or MariaDB dump[\s\S]*mariadb/,
    ],
    ["mariadb-dump", "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n", /MySQL or MariaDB dump/],
    [
      "SQL of sqlite3's .dump",
      "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nINSERT INTO x VALUES('MARKED-SHARE');\n",
      /is SQL text/,
    ],
    ["CSV", 'id,userId,backupMethod,share\n1,u1,G,"MARKED-SHARE"\n', /is CSV/],
    ["a table of another tool", "user | share\n-----+------\nu1   | MARKED-SHARE\n", /is no lines of JSON/],
    ["CSV with semicolons and snake_case", "\ufeffid;user_id;cipher_text\r\n1;u1;MARKED-SHARE\r\n", /is CSV/],
    ["UTF-16 with its mark", Buffer.from(`\ufeff${ndjson(USER, CUSTODIAN)}`, "utf16le"), /UTF-16[\s\S]*iconv/],
    ["UTF-16 without a mark", Buffer.from(ndjson(USER, CUSTODIAN), "utf16le"), /UTF-16/],
    ["a JSON array", JSON.stringify([USER, CUSTODIAN]), /one JSON array[\s\S]*jq -c[\s\S]*jq 1\.7/],
    ["pretty-printed JSON", JSON.stringify(USER, undefined, 2), /several lines[\s\S]*jq -c[\s\S]*jq 1\.7/],
    ["gzip", gzipSync(ndjson(USER)), /gzip/],
  ]) {
    test(what, async () => {
      const { code, stdout, stderr } = await run(fileOf(content, "dump"));
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(stderr, told);
      assert.doesNotMatch(stderr, /MARKED-SHARE|\n\s+at /);
      const lines = stderr.trim().split("\n");
      // Beside other tests a script may have to wait before it begins, and says so.
      assert.ok(lines.filter((line) => !/waiting for another run/.test(line)).length <= 3, stderr);
    });
  }
});

describe("an import that was stopped", () => {
  const users = Array.from({ length: 1200 }, (_, n) => ({ id: `u${n}`, clientId: `c${n}` }));
  const shares = users.map(({ id }, n) => ({ ...CUSTODIAN, id: `s${n}`, userId: id, share: `share ${n}` }));

  async function stopped(file) {
    const stateFile = `${file}.import-state.json`;
    const { code } = await run(file, [], {
      watch: (_, child) => {
        const timer = setInterval(() => {
          if (existsSync(stateFile) && readFileSync(stateFile, "utf8").split("\n").length > 8) child.kill("SIGKILL");
        }, 2);
        child.once("close", () => clearInterval(timer));
      },
    });
    assert.equal(code, null);
  }
  const count = async (table) => (await worker.sql(`SELECT count(*) AS n FROM ${table}`))[0].n;

  test("misses nothing when the file was dumped again with a row elsewhere", async () => {
    const file = fileOf(ndjson(...users, ...shares));
    await stopped(file);
    // As a database without ORDER BY gives it: of the same size and with the same beginning, but the last share comes early.
    writeFileSync(file, ndjson(...users, shares.at(-1), ...shares.slice(0, -1)));
    const { code, stdout, stderr } = await run(file);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stderr, /going on where the last run stopped/);
    assert.equal(await count("custodian_backup_shares"), 1200);
  });

  test("says how many records it did not send again", async () => {
    const file = fileOf(ndjson(...users, ...shares));
    await stopped(file);
    const { stdout, stderr } = await run(file);
    assert.match(stderr, /[\d,]+ records were in from an earlier run and were not sent again/);
    const [, fresh, same] = stdout
      .match(/^([\d,]+) new, ([\d,]+) same, 0 conflict, 0 refused\n$/)
      .map((n) => Number(n.replaceAll(",", "")));
    assert.equal(fresh + same, 2400);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.includes("import-state")),
      [],
    );
  });

  test("sends everything again to a service that does not hold what was acknowledged", async () => {
    const file = fileOf(ndjson(...users, ...shares));
    await stopped(file);
    await worker.clear();
    const { code, stdout } = await run(file);
    assert.equal(code, 0, stdout);
    assert.equal(stdout, "2,400 new, 0 same, 0 conflict, 0 refused\n");
    assert.equal(await count("custodian_backup_shares"), 1200);
  });
});

test("an address at which nobody listens is told at once, before the file is read", async () => {
  for (const port of [1, 65_431]) {
    const { code, stderr } = await run(join(dir, "not-there.ndjson"), ["--url", `http://127.0.0.1:${port}`]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`Nobody answers at http://127\\.0\\.0\\.1:${port} `));
    assert.doesNotMatch(stderr, /trying again/);
  }
});

test("the source and its passphrase come from the file of --vars, as every secret does", async () => {
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(10);
  encrypter.setPassphrase("one two three");
  const source = fileOf(await encrypter.encrypt(ndjson(USER, CUSTODIAN)), "age");
  const secrets = { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN, SOURCE_URL: source, AGE_PASSPHRASE: "one two three" };
  const vars = fileOf(
    Object.entries(secrets)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(""),
    "env",
  );
  const { code, stdout, stderr } = await runScript("import", ["--url", String(worker.url), "--vars", vars]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^2 new, 0 same/);
});
