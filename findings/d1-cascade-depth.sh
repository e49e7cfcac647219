#!/usr/bin/env bash
# D1 in workerd: a chain of more than ten rows that refer to each other with CASCADE cannot be deleted, nor can its table be dropped.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local D1, compatibility date 2026-10-23; SQLite of Node 24.21.0 as the peer.
# Behaviour, of rows that each refer to the one before, as a history does (`replaces REFERENCES shares(id) ON DELETE CASCADE`):
# - A cascade goes ten levels deep (SQLite's own limit: 1,000). The DELETE of the first of eleven rows is "too many levels of trigger
#   recursion", and nothing is deleted. Ten are.
# - So is a DELETE of all rows, and DROP TABLE, whose rows are deleted first: a migration that makes the table anew fails, too.
# - If the rows refer to a user with CASCADE as well, the user's DELETE counts as a level: it fails from the tenth row on.
# - What helps: `UPDATE shares SET replaces = NULL` before it, deletions from the newest row to the oldest, or ON DELETE SET NULL.
#
# Who is hurt: whoever keeps each user's backups as such a chain. The tests have three backups; the first person who has backed up ten times
# cannot be deleted when they ask for it, and the next migration of that table stops in production. Node's SQLite does it all.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
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
// Carries statements out one by one, and says what came of each.
export default {
  async fetch(request, { DB }) {
    const said = [];
    for (const sql of await request.json()) said.push(await DB.prepare(sql).run().then(() => "ok", (error) => error.message));
    return Response.json(said);
  },
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
let number = 0;
/** What comes of statements on D1, with a chain of so many rows. In Node's SQLite all of them go through. */
const on = async (rows, deletions, action = "CASCADE") => {
  number += 1;
  const named = (sql) => sql.replace(/\b(users|shares)\b/g, `$1${number}`);
  const make = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY)",
    "INSERT INTO users VALUES (1)",
    `CREATE TABLE shares (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users(id) ON DELETE CASCADE, replaces INTEGER REFERENCES shares(id) ON DELETE ${action})`,
    ...Array.from({ length: rows }, (_, i) => `INSERT INTO shares VALUES (${i + 1}, 1, ${i || "NULL"})`),
  ].map(named);
  const last = deletions.map(named);
  const node = new DatabaseSync(":memory:");
  for (const sql of [...make, ...last]) node.exec(sql);
  const answer = await harness.fetch("/", { method: "POST", body: JSON.stringify([...make, ...last]) });
  const said = await answer.json();
  assert.ok(said.slice(0, make.length).every((each) => each === "ok"), said.join("\n"));
  return said.slice(make.length).join(", ").replaceAll("D1_ERROR: too many levels of trigger recursion: SQLITE_ERROR", "too deep");
};
const FIRST = "DELETE FROM shares WHERE id = 1";
const ALL = "DELETE FROM shares";
const DROP = "DROP TABLE shares";
const USER = "DELETE FROM users";
const seen = {};
for (const rows of [9, 10, 11]) {
  seen[rows] = [];
  for (const deletion of [FIRST, ALL, DROP, USER]) seen[rows].push(await on(rows, [deletion]));
}
console.log("the first row, all rows, the table, the user:", seen);
assert.deepEqual(seen, { 9: ["ok", "ok", "ok", "ok"], 10: ["ok", "ok", "ok", "too deep"], 11: ["too deep", "too deep", "too deep", "too deep"] });

const many = 30;
assert.equal(await on(many, ["UPDATE shares SET replaces = NULL", USER]), "ok, ok");
const newestFirst = Array.from({ length: many }, (_, i) => `DELETE FROM shares WHERE id = ${many - i}`);
assert.equal(await on(many, [...newestFirst, USER]), newestFirst.map(() => "ok, ").join("") + "ok");
assert.equal(await on(many, [USER], "SET NULL"), "ok");
await harness.close();
process.exit(0);
JS
node --no-warnings run.mjs
echo "as stated: wrangler 4.156.0"
