// The same rows, imported from a file of JSON lines, from Postgres, from MariaDB and from a SQLite file, must come out as the
// same users, shares and history. Real databases are started here, and the built Worker.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { callers, custodianShares, sorted } from "../support/client.mjs";
import { runScript } from "../support/cli.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import { mariadbBinaries, startMariadb } from "../support/mariadb.mjs";
import { postgresBinaries, startPostgres } from "../support/postgres.mjs";

const postgresPrograms = postgresBinaries();
const mariadbPrograms = mariadbBinaries();
const missing = (program, name) =>
  program ? false : `NO ${name} on this machine: .ci/run installs it to test the import from it`;
for (const skip of [missing(postgresPrograms, "POSTGRES"), missing(mariadbPrograms, "MARIADB")])
  if (skip) process.stderr.write(`${skip}\n`);

const ODD = '{"share":"7541…","odd":"\u2028 \\" é 👛","lines":"a\\nb"}\nlast line ';
/** Ids of shares are numbers where the text order would be another one: 9 before 10. */
const ROWS = {
  User: [
    { id: 1, clientId: "c1", clientApiKey: "key-1" },
    { id: 2, clientId: "c2", clientApiKey: null },
    { id: 10, clientId: "c10", clientApiKey: "key-10" },
  ],
  ClientBackupShare: [
    // Of one time: the ids decide, by their own order.
    share(9, 1, "GDRIVE", { cipherText: "older by its id", createdAt: "2024-05-06 07:08:09.000000" }),
    share(10, 1, "GDRIVE", { cipherText: "newer by its id", createdAt: "2024-05-06 07:08:09.000000" }),
    share(11, 2, "PASSWORD", { cipherText: "of no time at all, and alone" }),
    share(12, 10, "UNKNOWN", { cipherText: ODD, createdAt: "2024-05-06 07:08:09.123000" }),
  ],
  CustodianBackupShare: [
    // updatedAt counts, else createdAt.
    share(1, 1, "GDRIVE-SECP256K1", {
      share: "made first, written last",
      createdAt: "2023-01-01 00:00:00.000000",
      updatedAt: "2024-05-06 07:08:00.000000",
    }),
    share(2, 1, "GDRIVE-SECP256K1", { share: "never written again", createdAt: "2024-02-01 00:00:00.000000" }),
    share(3, 1, "GDRIVE-SECP256K1", { share: "of no time: the first" }),
    // Within one millisecond: the whole fraction counts, whatever the ids say.
    share(5, 2, "PASSWORD-ED25519", { share: "the earlier", createdAt: "2024-05-06 07:08:09.123400" }),
    share(4, 2, "PASSWORD-ED25519", {
      share: "the later",
      createdAt: "2024-05-06 07:08:09.123500",
      backupSharePairId: "pair-4",
    }),
    // Written with and without capitals it is one method.
    share(6, 10, "ICLOUD-SECP256K1", { share: "capitals", createdAt: "2024-05-06 07:08:09.000000" }),
    share(7, 10, "icloud-secp256k1", { share: "small letters", createdAt: "2024-05-06 07:08:10.000000" }),
    share(8, 10, "UNKNOWN", { share: ODD, createdAt: "2024-05-06 07:08:09.000000" }),
  ],
};

function share(id, userId, backupMethod, { createdAt = null, updatedAt = null, backupSharePairId = null, ...content }) {
  return { id, userId, backupMethod, createdAt, updatedAt, backupSharePairId, ...content };
}

/** The tables, with the words of a database for its types and quotes. */
function tables({ time, text, quote }) {
  const shares = (content) =>
    `(id INTEGER PRIMARY KEY, ${["userId INTEGER", "backupMethod VARCHAR(64)", `createdAt ${time} NULL`, `updatedAt ${time} NULL`, "backupSharePairId VARCHAR(64) NULL", `${content} ${text}`].map((column) => column.replace(/^\w+/, quote)).join(", ")})`;
  const user = `(id INTEGER PRIMARY KEY, ${quote("clientId")} VARCHAR(64), ${quote("clientApiKey")} VARCHAR(64) NULL)`;
  return [
    `CREATE TABLE ${quote("User")} ${user}`,
    `CREATE TABLE ${quote("ClientBackupShare")} ${shares("cipherText")}`,
    `CREATE TABLE ${quote("CustodianBackupShare")} ${shares("share")}`,
  ];
}

const inserts = (quote, parameter) =>
  Object.entries(ROWS).flatMap(([table, rows]) =>
    rows.map((row) => [
      `INSERT INTO ${quote(table)} (${Object.keys(row).map(quote).join(", ")}) VALUES (${Object.keys(row)
        .map((_, n) => parameter(n + 1))
        .join(", ")})`,
      Object.values(row),
    ]),
  );

const double = (name) => `"${name}"`;
const backtick = (name) => `\`${name}\``;

let worker;
let dir;
before(async () => {
  worker = await startWorker();
  dir = mkdtempSync(join(tmpdir(), "pbw-one-rule-"));
});
after(async () => {
  await worker?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => worker.clear());

const importFrom = (args, env = {}) =>
  runScript("import", [...args, "--url", String(worker.url).replace(/\/$/, ""), "--resume", join(dir, "state.json")], {
    env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN, ...env },
    cwd: dir,
  });

/** Everything that an import makes, and what Portal and the apps are given. */
async function outcome(args, env) {
  await worker.clear();
  const { stdout, stderr, code } = await importFrom(args, env);
  assert.equal(code, 0, stdout + stderr);
  const { app } = callers(worker);
  const get = async (id, method) =>
    (await app({ clientApiKey: `key-${id}` }, "GET", `/users/${id}/user-backup-share?backupMethod=${method}`)).body
      .cipherText;
  return {
    stdout,
    portal: await Promise.all(
      ["c1", "c2", "c10"].map(async (id) => sorted(await custodianShares(callers(worker), id))),
    ),
    apps: [await get(1, "GDRIVE"), await get(10, "UNKNOWN")],
    users: await worker.sql("SELECT id, client_id, client_api_key_hash IS NULL AS keyless FROM users ORDER BY id"),
    // A current share without a time counts as stored at its import: that differs.
    current: await worker.sql(`SELECT * FROM (
      SELECT 'custodian' AS kind, id, user_id, backup_method, backup_share_pair_id, updated_at FROM custodian_backup_shares
      UNION ALL SELECT 'user', id, user_id, backup_method, backup_share_pair_id, iif(backup_method = 'PASSWORD', NULL, updated_at) FROM user_backup_shares) ORDER BY kind, id`),
    history: await worker.sql(
      "SELECT kind, id, user_id, client_id, backup_method, backup_share_pair_id, stored_at, superseded_at, reason FROM backup_share_versions ORDER BY kind, id",
    ),
  };
}

const EXPECTED = {
  portal: [["made first, written last"], ["the later"], sorted(["capitals", ODD, "small letters"])], // the last cipher text came while "capitals" was current
  apps: ["newer by its id", ODD],
  history: [
    ["custodian", "import-custodianBackupShare-2-1706745600000", "2024-05-06T07:08:00.000Z"],
    ["custodian", "import-custodianBackupShare-3-0", "2024-02-01T00:00:00.000Z"],
    ["custodian", "import-custodianBackupShare-5-1714979289123", "2024-05-06T07:08:09.123Z"],
    ["custodian", "import-custodianBackupShare-6-1714979289000", "2024-05-06T07:08:10.000Z"],
    ["user", "import-userBackupShare-9-1714979289000", "2024-05-06T07:08:09.000Z"],
  ],
};

function fileOf(lines) {
  const file = join(dir, "dump.ndjson");
  writeFileSync(file, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
  return file;
}

async function ofFile(lines = Object.values(ROWS).flat()) {
  return outcome([fileOf(lines)]);
}

function sqliteFile(change = (row) => row) {
  const file = join(dir, "app.sqlite");
  rmSync(file, { force: true });
  const db = new DatabaseSync(file);
  for (const table of tables({ time: "DATETIME", text: "TEXT", quote: double })) db.exec(table);
  for (const [sql, values] of inserts(double, () => "?")) db.prepare(sql).run(...values.map(change));
  db.close();
  return file;
}

test("of a file of JSON lines: the newest by the whole time and then by id is current, all others are in the history", async () => {
  const { portal, apps, history } = await ofFile();
  assert.deepEqual(portal, EXPECTED.portal);
  assert.deepEqual(apps, EXPECTED.apps);
  assert.deepEqual(
    history.map(({ kind, id, superseded_at: until }) => [kind, id, until]),
    EXPECTED.history,
  );
});

test("in which order the lines are dumped makes no difference", async () => {
  const lines = Object.values(ROWS).flat();
  assert.deepEqual(await ofFile(lines.toReversed()), await ofFile(lines));
});

test("says so where rows have only the time of their making, and may have been written again since", async () => {
  const DOUBT = /the (.*) have createdAt and no updatedAt: .*docs\/moving\.md/;
  const importOf = async (...rows) => {
    await worker.clear();
    const { code, stdout, stderr } = await importFrom([fileOf([ROWS.User[0], ...rows])]);
    assert.equal(code, 0, stdout + stderr);
    return stderr.match(DOUBT)?.[1];
  };
  const row = (id, backupMethod, fields) => ({ id, userId: 1, backupMethod, ...fields });
  const createdAt = "2024-01-01T00:00:00Z";
  const cipherText = row(1, "GDRIVE", { cipherText: "u1", createdAt });
  const share = row(1, "GDRIVE-SECP256K1", { share: "c1", createdAt });
  assert.equal(await importOf(cipherText, share), "user shares and custodian shares");
  assert.equal(await importOf({ ...cipherText, updatedAt: null }, share), "custodian shares");
  // A row for each backup: each has the right time.
  const again = { ...share, id: 2, share: "c2", createdAt: "2024-02-01T00:00:00Z" };
  assert.equal(await importOf({ ...cipherText, updatedAt: createdAt }, share, again), undefined);
  assert.equal(
    await importOf(row(1, "GDRIVE", { cipherText: "u1" })),
    undefined,
    "no time at all: none is taken for another",
  );
});

test("of a SQLite file: the same", async () => {
  assert.deepEqual(await outcome([sqliteFile()]), await ofFile());
});

describe("of Postgres", { skip: missing(postgresPrograms, "POSTGRES") }, () => {
  let postgres;
  before(async () => (postgres = await startPostgres(postgresPrograms)));
  after(() => postgres?.stop());

  test("the same, read directly or from the dump that docs/moving.md gives", async () => {
    for (const table of tables({ time: "TIMESTAMP(6)", text: "TEXT", quote: double }))
      await postgres.client.query(table);
    for (const [sql, values] of inserts(double, (n) => `$${n}`)) await postgres.client.query(sql, values);
    const expected = await ofFile();
    assert.deepEqual(await outcome([], { SOURCE_URL: postgres.url }), expected);
    const dump = [];
    for (const table of Object.keys(ROWS)) {
      const { rows } = await postgres.client.query(`SELECT row_to_json(t)::text AS line FROM "${table}" t ORDER BY id`);
      dump.push(...rows.map(({ line }) => line));
    }
    assert.deepEqual(await ofFile(dump), expected);
  });
});

describe("of MariaDB", { skip: missing(mariadbPrograms, "MARIADB") }, () => {
  const EMPTY = "DROP DATABASE app; CREATE DATABASE app CHARACTER SET utf8mb4; USE app";
  let mariadb;
  before(async () => (mariadb = await startMariadb(mariadbPrograms)));
  after(() => mariadb?.stop());
  beforeEach(() => mariadb.client.query(EMPTY));

  const fill = async (types) => {
    for (const table of tables({ quote: backtick, ...types })) await mariadb.client.query(table);
    for (const [sql, values] of inserts(backtick, () => "?")) await mariadb.client.query(sql, values);
  };

  test("the same, with DATETIME and with TIMESTAMP columns, whatever the server's time zone is", async () => {
    const expected = await ofFile();
    for (const time of ["DATETIME(6)", "TIMESTAMP(6)"]) {
      await mariadb.client.query(EMPTY);
      await fill({ time, text: "LONGTEXT" });
      assert.deepEqual(await outcome([], { SOURCE_URL: mariadb.url }), expected, time);
    }
  });

  test("a share in a JSON column stands for its own text, one in a BLOB is refused by its column and type", async () => {
    await mariadb.client.query(
      "CREATE TABLE `User` (id INT PRIMARY KEY, clientId VARCHAR(64)); INSERT INTO `User` VALUES (1, 'c1')",
    );
    await mariadb.client.query(
      "CREATE TABLE CustodianBackupShare (id INT PRIMARY KEY, userId INT, backupMethod TEXT, share JSON); INSERT INTO CustodianBackupShare VALUES (1, 1, 'A', '\"str\"'), (2, 1, 'B', '{\"p\": 1.0}')",
    );
    assert.equal((await importFrom([], { SOURCE_URL: mariadb.url })).code, 0);
    assert.deepEqual(sorted(await custodianShares(callers(worker), "c1")), sorted(["str", '{"p": 1.0}']));
    await mariadb.client.query("ALTER TABLE CustodianBackupShare MODIFY share LONGBLOB");
    const refused = await importFrom([], { SOURCE_URL: mariadb.url });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /CustodianBackupShare\.share has the type longblob/);
  });

  test("a column that its user may not read is an error, and not left out", async () => {
    await fill({ time: "DATETIME(6)", text: "LONGTEXT" });
    await mariadb.client.query(
      "CREATE USER reader@localhost; GRANT SELECT ON app.* TO reader@localhost; GRANT USAGE ON *.* TO reader@localhost",
    );
    const url = mariadb.url.replace("root@", "reader@");
    assert.equal((await importFrom([], { SOURCE_URL: url })).code, 0);
    await mariadb.client.query(
      "REVOKE SELECT ON app.* FROM reader@localhost; GRANT SELECT ON app.User TO reader@localhost; GRANT SELECT ON app.ClientBackupShare TO reader@localhost; GRANT SELECT (id, userId, share) ON app.CustodianBackupShare TO reader@localhost",
    );
    const refused = await importFrom([], { SOURCE_URL: url });
    assert.equal(refused.code, 1, refused.stdout);
    assert.match(refused.stderr, /denied[\s\S]*SELECT on the whole tables/);
    await mariadb.client.query("REVOKE SELECT (id, userId, share) ON app.CustodianBackupShare FROM reader@localhost");
    const missed = await importFrom([], { SOURCE_URL: url });
    assert.equal(missed.code, 1, missed.stdout);
    assert.match(missed.stderr, /no table CustodianBackupShare/);
  });

  test("a table that its user may not read at all is missed, also where User has older columns of such shares", async () => {
    await fill({ time: "DATETIME(6)", text: "LONGTEXT" });
    await mariadb.client.query(
      "CREATE USER narrow@localhost; GRANT SELECT ON app.User TO narrow@localhost; GRANT SELECT ON app.CustodianBackupShare TO narrow@localhost",
    );
    const url = mariadb.url.replace("root@", "narrow@");
    const missed = await importFrom([], { SOURCE_URL: url });
    assert.equal(missed.code, 1, missed.stdout);
    assert.match(missed.stderr, /no table UserBackupShare[\s\S]*SELECT[\s\S]*--without user-shares/);

    await mariadb.client.query("ALTER TABLE `User` ADD cipherText LONGTEXT");
    const hidden = await importFrom([], { SOURCE_URL: url });
    assert.equal(hidden.code, 1, hidden.stdout);
    assert.match(hidden.stderr, /only the tables that it may read\. No table UserBackupShare is among them/);
    assert.equal((await importFrom(["--without", "user-shares"], { SOURCE_URL: url })).code, 0);

    // Who may read the whole database sees that there is no such table.
    await mariadb.client.query("DROP TABLE ClientBackupShare; GRANT SELECT ON app.* TO narrow@localhost");
    const { code, stderr } = await importFrom([], { SOURCE_URL: url });
    assert.equal(code, 0, stderr);
  });

  test("an address with a password is never printed", async () => {
    const url = "mysql://reader:SECRET-1@127.0.0.1:1/app?token=SECRET-2";
    const { stdout, stderr, code } = await importFrom([], { SOURCE_URL: url });
    assert.equal(code, 1);
    assert.match(stderr, /mysql:\/\/127\.0\.0\.1:1\/app: .*ECONNREFUSED/);
    assert.doesNotMatch(stdout + stderr, /SECRET|reader/);
  });
});
