#!/usr/bin/env bash
# Drizzle on D1: the same join gives other rows in a batch than by itself.
#
# drizzle-orm 0.45.4 with wrangler 4.156.0 (workerd 1.20261023.1), local D1.
# Behaviour: `select().from(users).innerJoin(shares, …)` of two tables that both have a column `id` gives the right row by
# itself. In `db.batch([…])` the same query gives the user the share's id, and the share is missing its columns: D1's batch
# gives rows as objects, in which the second column of a name replaces the first, and Drizzle reads them by position. There is no error.
#
# Who is hurt: whoever batches two reads into one round trip gets one person's row under another's id.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0 drizzle-orm@0.45.4
export PATH="$dir/node_modules/.bin:$PATH"

cat >wrangler.toml <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2026-10-23"
compatibility_flags = ["nodejs_compat"]
[[d1_databases]]
binding = "DB"
database_name = "finding"
database_id = "finding"
TOML
cat >worker.mjs <<'JS'
import assert from "node:assert/strict";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { sqliteTable, text } from "drizzle-orm/sqlite-core";

const users = sqliteTable("users", { id: text("id"), name: text("name") });
const shares = sqliteTable("shares", { id: text("id"), owner: text("owner") });
const check = async (env) => {
  const { DB } = env;
  await DB.batch([
    DB.prepare("CREATE TABLE users (id TEXT, name TEXT)"),
    DB.prepare("CREATE TABLE shares (id TEXT, owner TEXT)"),
    DB.prepare("INSERT INTO users VALUES ('user-1', 'Anna')"),
    DB.prepare("INSERT INTO shares VALUES ('share-9', 'user-1')"),
  ]);
  const db = drizzle(DB);
  const query = () => db.select().from(users).innerJoin(shares, eq(shares.owner, users.id));
  const [alone] = await query();
  const [[batched]] = await db.batch([query()]);
  assert.deepEqual(alone, { users: { id: "user-1", name: "Anna" }, shares: { id: "share-9", owner: "user-1" } });
  assert.equal(batched.users.id, "share-9");
  assert.notDeepEqual(batched.shares, alone.shares);
  return { alone, batched };
};
export default {
  fetch: (request, env) => check(env).then(Response.json, (error) => new Response(error.stack, { status: 500 })),
};
JS
cat >run.mjs <<'JS'
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const answer = await harness.fetch("/");
console.log(await answer.text());
await harness.close();
process.exit(answer.ok ? 0 : 1);
JS
node run.mjs
echo "as stated: drizzle-orm 0.45.4, wrangler 4.156.0, workerd 1.20261023.1"
