#!/usr/bin/env bash
# JSON columns of ORMs: the text of a share goes in, and Drizzle, Objection and Knex give an object with other numbers. In SQLite it is a text in
# quotes.
#
# drizzle-orm 0.45.4, objection 3.1.5, knex 3.3.0, typeorm 1.1.1 and postgres 3.4.9 (npm) with Node 24.21.0; Postgres is PGlite 0.5.17 behind
# @electric-sql/pglite-socket 0.2.17, with pg 8.23.1; SQLite is sql.js 1.17.0.
# Behaviour, of a text that is a JSON object, as a custodian share is, in a column of the type `json` or `jsonb` of Postgres:
# - drizzle-orm (with PGlite, pg and postgres) and objection (`jsonAttributes`) store a JSON string, which is right, and read it twice: back comes
#   an object, in which a number of 77 digits is 9.87…e+76 and 1.0 is 1. There is no error.
# - knex stores an object: in `json` with its source text, in `jsonb` with another order of its fields. Back comes such an object as well.
# - typeorm and the driver postgres give the text back.
# In SQLite:
# - drizzle's `text({ mode: "json" })` and typeorm's `simple-json` give the text back. The columns are of the type TEXT, and hold the text as
#   a JSON string: with quotes around it and backslashes within.
#
# Who is hurt: a server after Portal's guide with such a column answers `backupShares` with objects where Portal expects texts; with Drizzle on
# SQLite, in the tests, all was right. And whoever carries such a TEXT column elsewhere carries shares in quotes, which recover nothing. Keep a
# share in a column of texts: `text()`. Our import refuses a share in quotes (scripts/lib/moving/rows.mjs).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps drizzle-orm@0.45.4 objection@3.1.5 knex@3.3.0 typeorm@1.1.1 \
  postgres@3.4.9 pg@8.23.1 @electric-sql/pglite@0.5.17 @electric-sql/pglite-socket@0.2.17 sql.js@1.17.0 reflect-metadata@0.2.2

cat >run.mjs <<'JS'
import "reflect-metadata";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres";
import { drizzle as drizzleLite } from "drizzle-orm/pglite";
import { drizzle as drizzleJs } from "drizzle-orm/postgres-js";
import { drizzle as drizzleSqlite } from "drizzle-orm/sql-js";
import * as pgCore from "drizzle-orm/pg-core";
import * as sqliteCore from "drizzle-orm/sqlite-core";
import knex from "knex";
import { Model } from "objection";
import pg from "pg";
import postgres from "postgres";
import initSqlJs from "sql.js";
import * as typeorm from "typeorm";

const digits = "98765432109876543210987654321098765432109876543210987654321098765432109876543";
const share = `{"pair":"p1","share":${digits},"one":1.0}`;
const db = new PGlite();
const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0 });
const listening = new Promise((resolve) => server.addEventListener("listening", (event) => resolve(event.detail.port)));
await server.start();
const url = `postgres://postgres:postgres@127.0.0.1:${await listening}/postgres`;

const drizzleOf = (type) => async (orm) => {
  const table = pgCore.pgTable("shares", { id: pgCore.integer(), share: pgCore[type]() });
  await orm.insert(table).values({ id: 1, share });
  return (await orm.select().from(table))[0].share;
};
const withKnex = async (work) => {
  const db = knex({ client: "pg", connection: url, pool: { min: 1, max: 1 } });
  try { return await work(db); } finally { await db.destroy(); }
};
class Share extends Model {
  static tableName = "shares";
  static jsonAttributes = ["share"];
}
const entity = (type) => new typeorm.EntitySchema({ name: "shares", columns: { id: { type: "integer", primary: true }, share: { type } } });
const withTypeorm = async (type, options) => {
  const source = await new typeorm.DataSource({ entities: [entity(type)], ...options }).initialize();
  await source.getRepository("shares").insert({ id: 1, share });
  const back = (await source.getRepository("shares").findOneBy({ id: 1 })).share;
  await source.destroy();
  return back;
};
const readers = {
  "drizzle, PGlite": (type) => drizzleOf(type)(drizzleLite(db)),
  "drizzle, pg": async (type) => {
    const client = new pg.Client(url);
    await client.connect();
    const back = await drizzleOf(type)(drizzlePg(client));
    await client.end();
    return back;
  },
  "drizzle, postgres": async (type) => {
    const client = postgres(url, { max: 1 });
    const back = await drizzleOf(type)(drizzleJs(client));
    await client.end();
    return back;
  },
  objection: () => withKnex(async (db) => {
    await Share.query(db).insert({ id: 1, share });
    return (await Share.query(db).findById(1)).share;
  }),
  knex: () => withKnex(async (db) => {
    await db("shares").insert({ id: 1, share });
    return (await db("shares").first()).share;
  }),
  typeorm: (type) => withTypeorm(type, { type: "postgres", url, extra: { max: 1 } }),
  postgres: async () => {
    const client = postgres(url, { max: 1 });
    await client`insert into shares values (1, ${share})`;
    const [row] = await client`select share from shares`;
    await client.end();
    return row.share;
  },
};
for (const type of ["json", "jsonb"])
  for (const [name, reader] of Object.entries(readers)) {
    await db.exec(`drop table if exists shares; create table shares (id int primary key, share ${type})`);
    const back = await reader(type);
    const { rows } = await db.query("select json_typeof(share::json) as kind, share::text as text from shares");
    console.log(`${name}, ${type}: stored as ${rows[0].kind}, back comes ${JSON.stringify(back)}`);
    const parses = /drizzle|objection|knex/.test(name);
    if (parses) assert.deepEqual(back, { pair: "p1", share: 9.876543210987654e76, one: 1 });
    else assert.equal(back, share);
    assert.equal(rows[0].kind, name === "knex" ? "object" : "string");
    if (name === "knex") assert.equal(rows[0].text, type === "json" ? share : `{"one": 1.0, "pair": "p1", "share": ${digits}}`);
  }
await server.stop();

const SQL = await initSqlJs();
const inSqlite = (database) => database.exec("SELECT share, typeof(share), type FROM shares, pragma_table_info('shares') WHERE name = 'share'")[0].values[0];
const sqlite = new SQL.Database();
sqlite.run("CREATE TABLE shares (id INTEGER PRIMARY KEY, share TEXT)");
const table = sqliteCore.sqliteTable("shares", { id: sqliteCore.integer(), share: sqliteCore.text({ mode: "json" }) });
assert.deepEqual(table.share.getSQLType(), "text");
await drizzleSqlite(sqlite).insert(table).values({ id: 1, share });
assert.equal((await drizzleSqlite(sqlite).select().from(table))[0].share, share);
const back = await withTypeorm("simple-json", { type: "sqljs", location: "typeorm.db", autoSave: true, synchronize: true });
assert.equal(back, share);
for (const [name, database] of [["drizzle", sqlite], ["typeorm", new SQL.Database(readFileSync("typeorm.db"))]]) {
  console.log(`${name}, SQLite: ${inSqlite(database)}`);
  assert.deepEqual(inSqlite(database), [JSON.stringify(share), "text", "TEXT"]);
}
process.exit(0);
JS
timeout 100 node run.mjs
echo "as stated: drizzle-orm 0.45.4, objection 3.1.5, knex 3.3.0, typeorm 1.1.1, postgres 3.4.9, PGlite 0.5.17"
