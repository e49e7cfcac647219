#!/usr/bin/env bash
# D1 in workerd: a column in double quotes that does not exist is a text. Kysely's deletion then deletes every row.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local D1, compatibility date 2026-10-23; kysely 0.28.8, drizzle-orm 0.45.4, knex 3.1.0 and
# its SQLite dialect; SQLite of Node 24.21.0 as the peer.
# Behaviour:
# - SQLite can take "name" for the text 'name' where there is no such column. Node's SQLite has that turned off, D1 has it on.
# - `delete from "shares" where "superseded_at" is not null`, as Kysely writes it, deletes all rows where the column is missing.
#   `order by "stored_ta" desc limit 1` gives the first row, `set "share" = "cipher_text"` writes that text into every share, and `select
#   "superseded_at"` gives the text for each row, in a column that is named with the quotes. D1 reports success. Node's SQLite says
#   "no such column" to all of them.
# - Drizzle names the table before the column in conditions, knex writes backticks: both are errors on D1, too. Drizzle's list of columns has no
#   table, so D1 takes its select.
#
# Who is hurt: whoever deploys a Worker before its migration. The job that clears away superseded shares by a column of tomorrow takes
# them all, and the tests on Node's SQLite would have failed. Apply migrations first, give each such query a table name
# ("shares"."superseded_at"), or ask for the number of rows before they are deleted.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts node@24.21.0 wrangler@4.156.0 kysely@0.28.8 drizzle-orm@0.45.4 knex@3.1.0 better-sqlite3@12.4.1
npm rebuild --silent node workerd esbuild >/dev/null
export PATH="$dir/node_modules/.bin:$PATH"

cat >wrangler.toml <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2026-10-23"
[[d1_databases]]
binding = "DB"
database_name = "finding"
database_id = "finding"
TOML
cat >worker.mjs <<'JS'
// Makes three rows anew, carries a statement out, and says what it gave and which rows are there.
export default {
  async fetch(request, { DB }) {
    const { sql, values, make } = await request.json();
    await DB.batch(make.map((statement) => DB.prepare(statement)));
    const done = await DB.prepare(sql).bind(...values).all().catch((error) => error.message);
    const { results } = await DB.prepare("SELECT share FROM shares ORDER BY id").all();
    return Response.json([done.results ?? done, results.map(({ share }) => share).join()]);
  },
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { desc, isNotNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import knex from "knex";
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { createTestHarness } from "wrangler";

const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const make = [
  "DROP TABLE IF EXISTS shares",
  "CREATE TABLE shares (id INTEGER, share TEXT, stored_at TEXT)",
  "INSERT INTO shares VALUES (1, 'A', '2026-01-01'), (2, 'B', '2026-03-01'), (3, 'C', '2026-02-01')",
];
/** What a statement gives on D1, and which shares are there then. */
const onD1 = async (sql, values = []) => (await harness.fetch("/", { method: "POST", body: JSON.stringify({ sql, values, make }) })).json();
const inNode = (sql, values = []) => {
  const database = new DatabaseSync(":memory:");
  for (const statement of make) database.exec(statement);
  return database.prepare(sql).all(...values);
};
const MISSING = /no such column/;
const isText = async ({ sql, values }, expected) => {
  const seen = await onD1(sql, values);
  console.log(sql, seen);
  assert.deepEqual(seen, expected);
  assert.throws(() => inNode(sql, values), MISSING);
};
const isError = async ({ sql, values }) => {
  const [error, rows] = await onD1(sql, values);
  console.log(sql, [error]);
  assert.match(error, MISSING);
  assert.equal(rows, "A,B,C");
};
const by = (query) => {
  const { sql, parameters, params, bindings } = (query.compile?.() ?? query.toSQL());
  return { sql, values: parameters ?? params ?? bindings };
};

const kysely = new Kysely({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});
assert.deepEqual((await onD1("SELECT share FROM shares ORDER BY stored_at DESC LIMIT 1"))[0], [{ share: "B" }]);
await isText(by(kysely.deleteFrom("shares").where("superseded_at", "is not", null)), [[], ""]);
await isText(by(kysely.selectFrom("shares").select("superseded_at").where("id", "=", 1)), [[{ '"superseded_at"': "superseded_at" }], "A,B,C"]);
await isText(by(kysely.updateTable("shares").set((eb) => ({ share: eb.ref("cipher_text") }))), [[], "cipher_text,cipher_text,cipher_text"]);
const newest = by(kysely.selectFrom("shares").select("share").orderBy("stored_ta", "desc").limit(1));
await isText(newest, [[{ share: "A" }], "A,B,C"]);
await isError(by(kysely.deleteFrom("shares").where("shares.superseded_at", "is not", null)));
await isError({ sql: "DELETE FROM shares WHERE superseded_at IS NOT NULL", values: [] });

const shares = sqliteTable("shares", { id: integer(), share: text(), supersededAt: text("superseded_at") });
const db = drizzle({});
await isError(by(db.delete(shares).where(isNotNull(shares.supersededAt))));
await isError(by(db.select({ id: shares.id }).from(shares).orderBy(desc(shares.supersededAt))));
await isText(by(db.select({ at: shares.supersededAt }).from(shares).limit(1)), [[{ '"superseded_at"': "superseded_at" }], "A,B,C"]);

const builder = knex({ client: "better-sqlite3", useNullAsDefault: true });
await isError(by(builder("shares").whereNotNull("superseded_at").delete()));
await harness.close();
process.exit(0);
JS
node --no-warnings run.mjs
echo "as stated: wrangler 4.156.0, kysely 0.28.8, drizzle-orm 0.45.4, knex 3.1.0"
