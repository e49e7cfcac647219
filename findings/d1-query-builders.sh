#!/usr/bin/env bash
# D1 in workerd: limits of SQLite's that D1's list of limits does not have, and the query builders that pass them.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local D1, compatibility date 2026-10-23; knex 3.1.0, drizzle-orm 0.44.7, kysely 0.28.8.
# Behaviour:
# - A compound SELECT has at most 5 terms (SQLite's own limit: 500). A sixth UNION ALL is "too many terms in compound SELECT".
#   VALUES with 600 rows is none.
# - An expression is at most 100 deep (SQLite's: 1,000), and a chain of OR is as deep as it is long: with a hundred terms it is
#   "Expression tree is too large".
# - knex's SQLite dialect inserts several rows as SELECT … UNION ALL SELECT …: five rows go in, six do not.
# - kysely's eb.or() and drizzle-orm's or() write such a chain: 99 conditions of kysely's work and 100 do not. drizzle names the
#   table before the column, which is one deeper: 98 and 99. drizzle's inArray() of a hundred values works.
#
# Who is hurt: code whose tests insert five rows, or look for ten people, works until there are more. The same SQL goes through
# in sqlite3, better-sqlite3 and libSQL.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0 knex@3.1.0 better-sqlite3@12.4.1 drizzle-orm@0.44.7 kysely@0.28.8
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
// Carries a statement out, and says what came of it.
export default {
  async fetch(request, env) {
    const { sql, values } = await request.json();
    const done = env.DB.prepare(sql).bind(...values).all();
    return Response.json(await done.then(() => "ok", (error) => error.message));
  },
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { inArray, eq, or } from "drizzle-orm";
import { SQLiteSyncDialect, integer, sqliteTable } from "drizzle-orm/sqlite-core";
import knex from "knex";
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { createTestHarness } from "wrangler";

const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const plain = new DatabaseSync(":memory:");
/** On D1; the same SQL goes through in a plain SQLite. */
const run = async (sql, values = []) => {
  plain.prepare(sql).all(...values);
  const answer = await harness.fetch("/", { method: "POST", body: JSON.stringify({ sql, values }) });
  return answer.json();
};
const times = (n, of) => Array.from({ length: n }, (_, i) => of(i));
const UNION = /too many terms in compound SELECT/;
const DEPTH = /Expression tree is too large \(maximum depth 100\)/;

assert.equal(await run("CREATE TABLE people (id INTEGER)"), "ok");
const union = (n) => run(times(n, (i) => `SELECT ${i} AS id`).join(" UNION ALL "));
assert.equal(await union(5), "ok");
assert.match(await union(6), UNION);
assert.equal(await run(`INSERT INTO people VALUES ${times(600, (i) => `(${i})`).join(", ")}`), "ok");

const builder = knex({ client: "better-sqlite3", useNullAsDefault: true });
const knexInsert = (n) => {
  const { sql, bindings } = builder("people").insert(times(n, (id) => ({ id }))).toSQL().toNative();
  return run(sql, bindings);
};
assert.equal(await knexInsert(5), "ok");
assert.match(await knexInsert(6), UNION);

const people = sqliteTable("people", { id: integer("id") });
const drizzle = (where) => {
  const { sql, params } = new SQLiteSyncDialect().sqlToQuery(where);
  return run(`SELECT * FROM people WHERE ${sql}`, params);
};
assert.equal(await drizzle(or(...times(98, (i) => eq(people.id, i)))), "ok");
assert.match(await drizzle(or(...times(99, (i) => eq(people.id, i)))), DEPTH);
assert.equal(await drizzle(inArray(people.id, times(100, (i) => i))), "ok");

const kysely = new Kysely({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});
const kyselyOr = (n) => {
  const query = kysely.selectFrom("people").selectAll().where((eb) => eb.or(times(n, (i) => eb("id", "=", i))));
  const { sql, parameters } = query.compile();
  return run(sql, parameters);
};
assert.equal(await kyselyOr(99), "ok");
assert.match(await kyselyOr(100), DEPTH);
console.log("UNION ALL of 6:", await union(6));
console.log("knex, 6 rows:  ", await knexInsert(6));
console.log("OR of 100:     ", await kyselyOr(100));
await harness.close();
process.exit(0);
JS
node --no-warnings run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1, knex 3.1.0, drizzle-orm 0.44.7, kysely 0.28.8"
