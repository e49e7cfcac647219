#!/usr/bin/env bash
# Times that ORMs write into SQLite: Knex has two kinds in one column, and "the newest" is then an older row. Drizzle and TypeORM leave out what is
# below a second.
#
# knex 3.3.0 (its dialect for better-sqlite3, over the SQLite of Node 24.21.0), drizzle-orm 0.45.4 and typeorm 1.1.1 (npm; over sql.js 1.17.0).
# Behaviour:
# - knex: `table.timestamps(true, true)` gives `created_at` and `updated_at` the default CURRENT_TIMESTAMP, which is a text: "2026-11-30 03:00:00".
#   A Date that is written, `update({ updated_at: new Date() })`, becomes a number of milliseconds. SQLite sorts every number before every text, so
#   `orderBy("updated_at", "desc").first()` gives a row that was never updated before one that was updated a day later.
# - drizzle: `integer({ mode: "timestamp" })` stores seconds. `timestamp_ms` stores milliseconds. Of two rows within a second neither is the newer one.
# - typeorm: `CreateDateColumn` and `UpdateDateColumn` are texts in whole seconds; a Date in a column `datetime` keeps its milliseconds. Both are UTC
#   without a zone.
#
# Who is hurt: a server that keeps each user's backups as rows, and gives the newest one by its time: with knex it gives a share of an earlier
# backup, of which the key is gone. In the tests, where no row is updated, all is right. Let the database's default be in milliseconds,
# `knex.raw("(CAST(unixepoch('subsec') * 1000 AS INTEGER))")`, or write every time yourself.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps knex@3.3.0 drizzle-orm@0.45.4 typeorm@1.1.1 sql.js@1.17.0 reflect-metadata@0.2.2

cat >run.mjs <<'JS'
import "reflect-metadata";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { DatabaseSync } from "node:sqlite";
import { drizzle } from "drizzle-orm/sql-js";
import * as core from "drizzle-orm/sqlite-core";
import knex from "knex";
import initSqlJs from "sql.js";
import * as typeorm from "typeorm";

const at = new Date("2026-11-30T03:00:00.123Z");

// knex, with Node's SQLite in the place of the driver better-sqlite3, which has a part that must be compiled
const Dialect = createRequire(import.meta.url)("knex/lib/dialects/better-sqlite3/index.js");
class Client extends Dialect {
  _driver() {
    return class {
      #db = new DatabaseSync(":memory:");
      prepare(sql) {
        const statement = this.#db.prepare(sql);
        return {
          reader: statement.columns().length > 0,
          all: (values) => statement.all(...values),
          run: (values) => statement.run(...values),
        };
      }
      close() {
        this.#db.close();
      }
    };
  }
}
const db = knex({ client: Client, connection: { filename: ":memory:" }, useNullAsDefault: true, pool: { min: 1, max: 1 } });
const rowsOf = async (define) => {
  await db.schema.createTable("shares", (table) => {
    table.text("pair");
    define(table);
  });
  await db("shares").insert({ pair: "first" });
  await db("shares").insert({ pair: "second" });
  await db("shares").where({ pair: "first" }).update({ updated_at: new Date(Date.now() + 24 * 3_600_000) });
  const rows = await db("shares").select("pair", "updated_at", db.raw("typeof(updated_at) as kind")).orderBy("pair");
  const newest = await db("shares").orderBy("updated_at", "desc").first();
  await db.schema.dropTable("shares");
  console.log("knex:", rows, "the newest:", newest.pair);
  return { kinds: rows.map(({ kind }) => kind), newest: newest.pair };
};
assert.deepEqual(await rowsOf((table) => table.timestamps(true, true)), { kinds: ["integer", "text"], newest: "second" });
const whole = (table) => table.datetime("updated_at").defaultTo(db.raw("(CAST(unixepoch('subsec') * 1000 AS INTEGER))"));
assert.deepEqual(await rowsOf(whole), { kinds: ["integer", "integer"], newest: "first" });
await db.destroy();

const SQL = await initSqlJs();
const sqlite = new SQL.Database();
sqlite.run("CREATE TABLE shares (seconds INTEGER, ms INTEGER)");
const table = core.sqliteTable("shares", { seconds: core.integer({ mode: "timestamp" }), ms: core.integer({ mode: "timestamp_ms" }) });
for (const time of [at, new Date(at.getTime() + 800)]) await drizzle(sqlite).insert(table).values({ seconds: time, ms: time });
const [{ values }] = sqlite.exec("SELECT * FROM shares");
console.log("drizzle:", values);
assert.deepEqual(values, [[1796007600, 1796007600123], [1796007600, 1796007600923]]);

const Share = new typeorm.EntitySchema({
  name: "shares",
  columns: {
    id: { type: "integer", primary: true },
    at: { type: "datetime" },
    created: { type: "datetime", createDate: true },
    updated: { type: "datetime", updateDate: true },
  },
});
const source = await new typeorm.DataSource({ type: "sqljs", location: "typeorm.db", autoSave: true, entities: [Share], synchronize: true }).initialize();
await source.getRepository(Share).insert({ id: 1, at });
await source.getRepository(Share).update({ id: 1 }, { at });
await source.destroy();
const [times] = new SQL.Database(readFileSync("typeorm.db")).exec("SELECT at, created, updated FROM shares")[0].values;
console.log("typeorm:", times);
assert.equal(times[0], "2026-11-30 03:00:00.123");
for (const time of times.slice(1)) assert.match(time, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
process.exit(0);
JS
TZ=America/New_York timeout 60 node run.mjs
echo "as stated: knex 3.3.0, drizzle-orm 0.45.4, typeorm 1.1.1"
