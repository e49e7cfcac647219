#!/usr/bin/env bash
# D1 in workerd: LIKE takes a pattern of at most 50 bytes. A search for users by the beginning of their id works for short ids, and is an error for long ones.
#
# wrangler 4.156.0 (workerd 1.20261023.1), a local D1; the query builders kysely 0.28.11, drizzle-orm 0.45.4 (npm); Node 24.21.0, whose own SQLite is the peer.
# Behaviour of `id LIKE ?`, on a table that has rows:
# - A pattern of 50 bytes is searched for, one of 51 is "LIKE or GLOB pattern too complex". "%" counts, and so do bytes: 25 letters "ü" are 50. How long the
#   column's text is does not matter. On an empty table there is no error.
# - Kysely's `"like"` and Drizzle's `like()` pass the pattern on.
# - SQLite elsewhere, as in Node, takes 150 bytes as well.
# - `id GLOB 'beginning*'` on an indexed column, `instr(id, ?) = 1` and `substr(id, 1, length(?1)) = ?1` find the long ones.
#
# Who is hurt: a support's page that finds a user by what was typed, tried with "ann" and "auth0|64f": with an e-mail address of fifty letters,
# or with two UUIDs joined by a colon, it is a 500 just for these users. Tests that run on another SQLite, or on an empty table, pass.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0 drizzle-orm@0.45.4 kysely@0.28.11
export PATH="$dir/node_modules/.bin:$PATH"

printf 'name = "finding"\nmain = "worker.mjs"\ncompatibility_date = "2026-10-23"\nd1_databases = [{ binding = "DB", database_name = "finding", database_id = "finding" }]\n' >wrangler.toml
cat >worker.mjs <<'JS'
import { like } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { sqliteTable, text } from "drizzle-orm/sqlite-core";
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
const users = sqliteTable("users", { id: text() });
const kysely = new Kysely({
  dialect: { createAdapter: () => new SqliteAdapter(), createDriver: () => new DummyDriver(), createIntrospector: (db) => new SqliteIntrospector(db), createQueryCompiler: () => new SqliteQueryCompiler() },
});
const id = (length) => "tenant:".padEnd(length, "0123456789");
export default {
  async fetch(_, { DB }) {
    await DB.exec("CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY)");
    await DB.prepare("INSERT INTO users VALUES (?)").bind(id(200)).run();
    const seen = {};
    const tried = async (name, rows) => (seen[name] = await rows().then((found) => found.length, (error) => `${error.message} ${error.cause?.message ?? ""}`.match(/LIKE or GLOB pattern too complex/)?.[0] ?? error.message));
    const all = (sql, ...values) => async () => (await DB.prepare(sql).bind(...values).all()).results;
    for (const bytes of [50, 51]) {
      const pattern = `${id(bytes - 1)}%`;
      await tried(`LIKE ${bytes}`, all("SELECT id FROM users WHERE id LIKE ?", pattern));
      await tried(`GLOB ${bytes}`, all("SELECT id FROM users WHERE id GLOB ?", `${id(bytes - 1)}*`));
      await tried(`NOT LIKE ${bytes}`, all("SELECT id FROM users WHERE id NOT LIKE ?", `x${id(bytes - 2)}%`));
      await tried(`drizzle ${bytes}`, () => drizzle(DB).select().from(users).where(like(users.id, pattern)));
      const { sql, parameters } = kysely.selectFrom("users").selectAll().where("id", "like", pattern).compile();
      await tried(`kysely ${bytes}`, all(sql, ...parameters));
    }
    await tried("25 letters of two bytes", all("SELECT id FROM users WHERE id LIKE ?", "ü".repeat(25)));
    await tried("26 letters of two bytes", all("SELECT id FROM users WHERE id LIKE ?", "ü".repeat(26)));
    await tried("instr 150", all("SELECT id FROM users WHERE instr(id, ?) = 1", id(150)));
    await tried("substr 150", all("SELECT id FROM users WHERE substr(id, 1, length(?1)) = ?1", id(150)));
    await DB.exec("DELETE FROM users");
    await tried("no rows, 51", all("SELECT id FROM users WHERE id LIKE ?", `${id(50)}%`));
    return Response.json(seen);
  },
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const seen = await (await harness.fetch("/")).json();
console.log(seen);
const error = "LIKE or GLOB pattern too complex";
assert.deepEqual([seen["GLOB 50"], seen["GLOB 51"]], [1, 1]);
for (const name of ["LIKE", "NOT LIKE", "drizzle", "kysely"]) assert.deepEqual([seen[`${name} 50`], seen[`${name} 51`]], [1, error], name);
assert.deepEqual([seen["25 letters of two bytes"], seen["26 letters of two bytes"]], [0, error]);
assert.deepEqual([seen["instr 150"], seen["substr 150"], seen["no rows, 51"]], [1, 1, 0]);
const other = new DatabaseSync(":memory:");
assert.equal(other.prepare("SELECT ? LIKE ? AS found").get("a".repeat(200), `${"a".repeat(150)}%`).found, 1);
await harness.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
