#!/usr/bin/env bash
# D1 in workerd: with triggers, neither `meta.changes` nor RETURNING tells what a statement did.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local D1, compatibility date 2026-10-23.
# Behaviour, of an INSERT of one row into a table whose trigger writes two rows elsewhere and changes the new one:
# - `meta.changes` is 4: the rows that triggers wrote are counted. SQLite's own changes() says 1.
# - RETURNING gives the row as it was before the trigger changed it.
# - Of an INSERT that a conflict turned into nothing `meta.changes` is 0, but `last_row_id` is an earlier statement's.
# - A DELETE of one row counts the rows that ON DELETE CASCADE took along.
#
# Who is hurt: code that asks "was it exactly one row?", an optimistic lock above all, refuses what was done, or takes a
# RETURNING for what is stored.
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
compatibility_flags = ["nodejs_compat"]
[[d1_databases]]
binding = "DB"
database_name = "finding"
database_id = "finding"
TOML
cat >worker.mjs <<'JS'
import assert from "node:assert/strict";
const check = async (env) => {
  const { DB } = env;
  const run = (text) => DB.prepare(text).run();
  await run("CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  await run("CREATE TABLE log (entry TEXT)");
  await run("CREATE TABLE child (a INTEGER REFERENCES a(id) ON DELETE CASCADE)");
  await run(`CREATE TRIGGER t AFTER INSERT ON a BEGIN
    INSERT INTO log VALUES ('one'), ('two');
    UPDATE a SET name = 'changed by the trigger' WHERE id = new.id;
  END`);
  const inserted = await DB.prepare("INSERT INTO a (name) VALUES ('new') RETURNING name, changes() AS before").all();
  assert.equal(inserted.meta.changes, 4);
  assert.equal(inserted.results[0].name, "new");
  assert.equal(await DB.prepare("SELECT name FROM a").first("name"), "changed by the trigger");

  const nothing = await run("INSERT INTO a (name) VALUES ('changed by the trigger') ON CONFLICT DO NOTHING");
  assert.equal(nothing.meta.changes, 0);
  assert.equal(nothing.meta.last_row_id, inserted.meta.last_row_id);

  await run("INSERT INTO child VALUES (1), (1), (1)");
  const [deleted, own] = await DB.batch([DB.prepare("DELETE FROM a WHERE id = 1"), DB.prepare("SELECT changes() AS n")]);
  assert.equal(deleted.meta.changes, 4);
  assert.equal(own.results[0].n, 1);
  return { inserted: inserted.meta.changes, returned: inserted.results[0].name, deleted: deleted.meta.changes };
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
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
