// npm run import straight from a Postgres as Prisma makes it: a real one, started here, and the built Worker.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { callers, custodianShares, sorted } from "../support/client.mjs";
import { runScript } from "../support/cli.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import { postgresBinaries, startPostgres } from "../support/postgres.mjs";

const binaries = postgresBinaries();
const skip = binaries
  ? false
  : "NO POSTGRES on this machine: install the package postgresql (.ci/run does) to test the import from it";
if (skip) process.stderr.write(`${skip}\n`);

// What `prisma migrate` makes of the schema in Portal's guide.
const GUIDE = `
  CREATE TABLE "User" ("clientApiKey" TEXT NOT NULL, "clientId" TEXT NOT NULL, "id" TEXT NOT NULL, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
  CREATE TABLE "UserBackupShare" ("backupMethod" TEXT NOT NULL DEFAULT 'UNKNOWN', "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" TEXT NOT NULL PRIMARY KEY, "cipherText" TEXT NOT NULL, "userId" TEXT NOT NULL REFERENCES "User" ("id"));
  CREATE TABLE "CustodianBackupShare" ("backupMethod" TEXT NOT NULL DEFAULT 'UNKNOWN', "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" TEXT NOT NULL PRIMARY KEY, "share" TEXT NOT NULL, "userId" TEXT NOT NULL REFERENCES "User" ("id"));
  CREATE UNIQUE INDEX ON "UserBackupShare" ("userId", "backupMethod");
  CREATE UNIQUE INDEX ON "CustodianBackupShare" ("userId", "backupMethod");`;

// … and of that of Portal's example server.
const EXAMPLE_SERVER = `
  CREATE TABLE "User" ("id" SERIAL PRIMARY KEY, "exchangeUserId" INTEGER NOT NULL UNIQUE, "clientApiKey" TEXT UNIQUE, "clientId" TEXT NOT NULL UNIQUE, "username" TEXT NOT NULL);
  CREATE TABLE "ClientBackupShare" ("backupMethod" TEXT NOT NULL DEFAULT 'UNKNOWN', "backupSharePairId" TEXT, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" TEXT PRIMARY KEY, "cipherText" TEXT NOT NULL, "userId" INTEGER NOT NULL);
  CREATE TABLE "CustodianBackupShare" ("backupMethod" TEXT NOT NULL DEFAULT 'UNKNOWN', "backupSharePairId" TEXT, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" TEXT PRIMARY KEY, "share" TEXT NOT NULL, "userId" INTEGER NOT NULL);`;

// The table names in snake_case, as with @@map and @map.
const MAPPED = GUIDE.replaceAll(
  /"(User|UserBackupShare|CustodianBackupShare)"/g,
  (_, name) => `"${name.replaceAll(/(?<!^)[A-Z]/g, "_$&").toLowerCase()}s"`,
).replaceAll(
  /"(clientApiKey|clientId|backupMethod|createdAt|cipherText|userId)"/g,
  (_, name) => `"${name.replaceAll(/[A-Z]/g, "_$&").toLowerCase()}"`,
);

describe("npm run import from Postgres", { skip }, () => {
  let worker;
  let postgres;
  let dir;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "pbw-postgres-"));
    [worker, postgres] = await Promise.all([startWorker(), startPostgres(binaries)]);
  });
  after(async () => {
    await worker?.stop();
    await postgres?.stop();
    if (dir) rmSync(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await worker.clear();
    await postgres.client.query(
      "DROP SCHEMA IF EXISTS public CASCADE; DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA public",
    );
  });

  const sql = (text, values) => postgres.client.query(text, values);
  const run = (args = [], { url = postgres.url, ...options } = {}) =>
    runScript(
      "import",
      ["--url", String(worker.url).replace(/\/$/, ""), "--resume", join(dir, "state.json"), ...args],
      {
        env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN, SOURCE_URL: url },
        cwd: dir,
        ...options,
      },
    );
  const SHARE = '{"share":"7541…","odd":"\u2028 \\" é"}';

  async function fillGuide(schema = (name) => name) {
    await sql(`INSERT INTO ${schema('"User"')} VALUES ('key-1', 'c1', 'u1'), ('key-2', 'c2', 'u2')`);
    await sql(
      `INSERT INTO ${schema('"CustodianBackupShare"')} VALUES ('GDRIVE-SECP256K1', '2024-03-31 01:30:00.123', 'a', $1, 'u1'), ('GDRIVE-ED25519', '2024-03-31 02:30:00', 'b', 'ed', 'u1')`,
      [SHARE],
    );
    await sql(
      `INSERT INTO ${schema('"UserBackupShare"')} VALUES ('GDRIVE', '2024-03-31 02:30:00.5', 'c', 'cipher text', 'u1')`,
    );
  }

  test("the guide's schema: users can sign in, back up and recover as before, times are UTC", async () => {
    await sql(GUIDE);
    await fillGuide();
    const { code, stdout, stderr } = await run([], {
      env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN, SOURCE_URL: postgres.url, TZ: "America/New_York" },
    });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "5 new, 0 same, 0 conflict, 0 refused\n");
    assert.deepEqual(sorted(await custodianShares(callers(worker), "c1")), sorted([SHARE, "ed"]));
    const answer = await worker.send("GET", "/users/u1/user-backup-share?backupMethod=GDRIVE", { bearer: "key-1" });
    assert.equal(answer.body.cipherText, "cipher text");
    const times = await worker.sql(
      "SELECT updated_at FROM custodian_backup_shares UNION SELECT updated_at FROM user_backup_shares ORDER BY 1",
    );
    assert.deepEqual(
      times.map((row) => row.updated_at),
      ["2024-03-31T01:30:00.123Z", "2024-03-31T02:30:00.000Z", "2024-03-31T02:30:00.500Z"],
    );
    assert.equal((await run()).stdout, "0 new, 5 same, 0 conflict, 0 refused\n");
  });

  test("the same with names in snake_case, in a schema that the URL names", async () => {
    await sql(`CREATE SCHEMA app; SET search_path TO app; ${MAPPED}; SET search_path TO public`);
    await fillGuide(
      (name) =>
        `app.${name
          .replaceAll(/(?<!^")[A-Z]/g, "_$&")
          .toLowerCase()
          .replace(/"$/, 's"')}`,
    );
    const { stdout, stderr } = await run([], { url: `${postgres.url}&schema=app` });
    assert.equal(stdout, "5 new, 0 same, 0 conflict, 0 refused\n", stderr);
    assert.match((await run()).stderr, /no table User/);
  });

  test("the example server's schema: pair ids, older pairs as history, its own column as user id", async () => {
    await sql(EXAMPLE_SERVER);
    await sql(
      `INSERT INTO "User" ("exchangeUserId", "clientApiKey", "clientId", "username") VALUES (70, 'key-70', 'c70', 'x'), (71, NULL, 'c71', 'y')`,
    );
    await sql(`INSERT INTO "CustodianBackupShare" VALUES
      ('PASSWORD-SECP256K1', 'p1', '2024-01-01', 'a', 'first', 1), ('PASSWORD-SECP256K1', 'p2', '2024-02-01', 'b', 'second', 1), ('UNKNOWN', NULL, '2023-01-01', '1', 'oldest', 1)`);
    await sql(
      `INSERT INTO "ClientBackupShare" VALUES ('PASSWORD', 'p1', '2024-01-02', 'a', 'of p1', 1), ('UNKNOWN', NULL, '2023-01-02', '1', 'of none', 1)`,
    );
    const { code, stdout, stderr } = await run(["--user-id", "exchangeUserId"]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "7 new, 0 same, 0 conflict, 0 refused\n");
    // The backup with p2 was never finished: the custodian share of p1 is given, too.
    assert.deepEqual(sorted(await custodianShares(callers(worker), "c70")), ["first", "oldest", "second"]);
    const answer = await worker.send("GET", "/users/70/user-backup-share?backupSharePairId=p1", { bearer: "key-70" });
    assert.equal(answer.body.cipherText, "of p1");
    const [version] = await worker.sql(
      "SELECT stored_at, superseded_at, backup_share_pair_id FROM backup_share_versions",
    );
    assert.deepEqual(
      { ...version },
      { stored_at: "2024-01-01T00:00:00.000Z", superseded_at: "2024-02-01T00:00:00.000Z", backup_share_pair_id: "p1" },
    );
  });

  test("the older schema, with one backup a user in columns of User", async () => {
    await sql(
      `CREATE TABLE users (id SERIAL, client_id TEXT, client_api_key TEXT, backup_share TEXT, cipher_text TEXT)`,
    );
    await sql(
      `INSERT INTO users (client_id, client_api_key, backup_share, cipher_text) VALUES ('c1', 'k1', 's1', 't1'), ('c2', 'k2', NULL, ''), (NULL, 'k3', NULL, NULL)`,
    );
    const { code, stdout } = await run();
    assert.equal(code, 2);
    assert.equal(stdout, "refused   users 3  user 3: clientId is missing\n4 new, 0 same, 0 conflict, 1 refused\n");
    assert.deepEqual(await custodianShares(callers(worker), "c1"), ["s1"]);
  });

  test("goes on where it was killed, and streams what does not fit into memory at once", async () => {
    await sql(GUIDE);
    await sql(`INSERT INTO "User" SELECT 'key-' || i, 'c' || i, 'u' || i FROM generate_series(1, 1500) i`);
    await sql(
      `INSERT INTO "CustodianBackupShare" SELECT 'UNKNOWN', now(), 's' || i, repeat('x', 5800), 'u' || i FROM generate_series(1, 1500) i`,
    );
    const stateFile = join(dir, "state.json");
    const killed = await run([], {
      watch: (_, child) => {
        // The users are 8 pages, and 9 are well into the shares.
        const timer = setInterval(() => {
          if (existsSync(stateFile) && readFileSync(stateFile, "utf8").split("\n").length > 10) child.kill("SIGKILL");
        }, 2);
        child.once("close", () => clearInterval(timer));
      },
    });
    assert.equal(killed.code, null);
    const rest = await run();
    assert.match(rest.stderr, /going on where the last run stopped/);
    assert.match(rest.stdout, /^[\d,]+ new, [\d,]+ same, 0 conflict, 0 refused\n$/);
    assert.equal((await worker.sql("SELECT count(*) AS n FROM custodian_backup_shares"))[0].n, 1500);
    assert.equal((await worker.sql("SELECT count(*) AS n FROM users"))[0].n, 1500);
  });

  const json = (type) => [
    `CREATE TABLE "User" ("id" TEXT PRIMARY KEY, "clientId" TEXT NOT NULL)`,
    `CREATE TABLE "CustodianBackupShare" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL, "backupMethod" TEXT, "share" ${type} NOT NULL)`,
    `INSERT INTO "User" VALUES ('u1', 'c1')`,
  ];

  for (const [type, object] of [
    ["jsonb", '{"n": 1234567890123456789012345678901234567890, "p": 1.0}'],
    ["json", '{"p" :  1.0,"n":1234567890123456789012345678901234567890}'],
  ]) {
    test(`a share in a ${type} column: a JSON string stands for its own text, an object for its source text`, async () => {
      for (const statement of json(type)) await sql(statement);
      await sql(
        `INSERT INTO "CustodianBackupShare" VALUES ('a', 'u1', 'A', $1), ('b', 'u1', 'B', $2), ('c', 'u1', 'C', '[1]')`,
        [JSON.stringify(SHARE), object],
      );
      const { code, stdout } = await run(["--without", "user-shares"]);
      assert.equal(code, 2);
      assert.match(stdout, /^refused {3}CustodianBackupShare c.*: share is a JSON array, number or boolean\n3 new, /);
      assert.deepEqual(sorted(await custodianShares(callers(worker), "c1")), sorted([SHARE, object]));
    });
  }

  for (const [type, value] of [
    ["bytea", "'abc'"],
    ["integer", "7"],
    ["text[]", "'{abc}'"],
    ["character(9)", "'abc'"],
  ]) {
    test(`a share column of the type ${type} is refused by its name and type, before anything is sent`, async () => {
      for (const statement of json(type)) await sql(statement);
      await sql(`INSERT INTO "CustodianBackupShare" VALUES ('a', 'u1', 'A', ${value})`);
      const { code, stderr } = await run(["--without", "user-shares"]);
      assert.equal(code, 1);
      assert.match(stderr, /CustodianBackupShare\.share has the type (bytea|integer|ARRAY|character),/);
      assert.equal((await worker.sql("SELECT count(*) AS n FROM users"))[0].n, 0);
    });
  }

  test("an import that was stopped takes in what was added and changed meanwhile, wherever its key stands", async () => {
    await sql(GUIDE);
    await sql(`INSERT INTO "User" SELECT 'key-' || i, 'c' || i, 'u' || i FROM generate_series(1000, 2199) i`);
    await sql(
      `INSERT INTO "CustodianBackupShare" SELECT 'UNKNOWN', now(), 's' || i, 'share ' || i, 'u' || i FROM generate_series(1000, 2199) i`,
    );
    const stateFile = join(dir, "state.json");
    const killed = await run([], {
      watch: (_, child) => {
        const timer = setInterval(() => {
          if (existsSync(stateFile) && readFileSync(stateFile, "utf8").split("\n").length > 9) child.kill("SIGKILL");
        }, 2);
        child.once("close", () => clearInterval(timer));
      },
    });
    assert.equal(killed.code, null);
    await sql(`INSERT INTO "User" VALUES ('key-0', 'c0', 'u0')`);
    await sql(
      `INSERT INTO "CustodianBackupShare" VALUES ('UNKNOWN', now(), 's0', 'share 0', 'u0'), ('G', now(), 's00', 'another', 'u1000')`,
    );
    const rest = await run();
    assert.equal(rest.code, 0, rest.stdout + rest.stderr);
    assert.match(rest.stderr, /[\d,]+ records were in from an earlier run and were not sent again/);
    assert.deepEqual(await custodianShares(callers(worker), "c0"), ["share 0"]);
    assert.deepEqual(sorted(await custodianShares(callers(worker), "c1000")), ["another", "share 1000"]);
    assert.equal((await worker.sql("SELECT count(*) AS n FROM custodian_backup_shares"))[0].n, 1202);
  });

  describe("what its user may not read is an error, and not left out", () => {
    const asReader = async (statements) => {
      await sql(GUIDE);
      await fillGuide();
      for (const statement of ["DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN", ...statements])
        await sql(statement);
      const result = await run([], { url: postgres.url.replace("test@", "reader@") });
      await sql("DROP OWNED BY reader; DROP ROLE reader");
      return result;
    };
    const ALL = `GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`;
    const USAGE = `GRANT USAGE ON SCHEMA public TO reader`;
    for (const [what, statements, told] of [
      [
        "a table",
        [USAGE, ALL, `REVOKE SELECT ON "CustodianBackupShare" FROM reader`],
        /denied for table CustodianBackupShare/,
      ],
      [
        "a column",
        [
          USAGE,
          ALL,
          `REVOKE SELECT ON "CustodianBackupShare" FROM reader`,
          `GRANT SELECT ("id", "userId", "share") ON "CustodianBackupShare" TO reader`,
        ],
        /denied for table CustodianBackupShare/,
      ],
      ["a schema", [ALL], /denied for schema public/],
      [
        "rows",
        [USAGE, ALL, `ALTER TABLE "CustodianBackupShare" ENABLE ROW LEVEL SECURITY`],
        /row-level security policy/,
      ],
    ])
      test(what, async () => {
        const { code, stdout, stderr } = await asReader(statements);
        assert.equal(code, 1, stdout);
        assert.match(stderr, told);
        assert.match(stderr, /SELECT on all columns/);
        assert.equal((await worker.sql("SELECT count(*) AS n FROM users"))[0].n, 0);
      });

    test("with all of it, the whole is read and counted", async () => {
      const { code, stderr } = await asReader([USAGE, ALL]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /it holds 2 users, 2 custodian shares, 1 user share\n/);
    });
  });

  test("a table in another schema is missed, and without it nothing is imported unless somebody says so", async () => {
    await sql(`${GUIDE}; CREATE SCHEMA app; ALTER TABLE "CustodianBackupShare" SET SCHEMA app`);
    await sql(`INSERT INTO "User" VALUES ('key-1', 'c1', 'u1')`);
    const missed = await run();
    assert.equal(missed.code, 1);
    assert.match(
      missed.stderr,
      /no table CustodianBackupShare .*[\s\S]*\?schema=NAME[\s\S]*--without custodian-shares/,
    );
    const { code, stdout, stderr } = await run(["--without", "custodian-shares"]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "1 new, 0 same, 0 conflict, 0 refused\n");
    assert.match(stderr, /it holds 1 user, 0 custodian shares, 0 user shares/);
    assert.match((await run(["--without", "shares"])).stderr, /--without is one of/);
  });

  test("says what is wrong without the password", async () => {
    const { code, stderr } = await run([], { url: "postgres://reader:SECRET@127.0.0.1:1/app" });
    assert.equal(code, 1);
    assert.match(stderr, /postgres:\/\/127.0.0.1:1\/app: .*ECONNREFUSED/);
    assert.doesNotMatch(stderr, /SECRET/);
  });
});
