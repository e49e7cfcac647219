#!/usr/bin/env bash
# workers-qb, a query builder for D1: of an empty list it finds every row, and rows whose fields stand in another order get each other's values.
#
# workers-qb 1.14.0 with wrangler 4.156.0 (workerd 1.20261023.1), local D1, Node 24.21.0.
# Behaviour, with no error:
# - `select(…).whereIn("user_id", [])` makes a statement without WHERE: it gives the rows of all users. So does a `where` whose list of conditions
#   is empty; in `delete` and `update` that is every row.
# - `insert` of several rows takes the names of the columns from the first row, and from the others their values in the order in which each
#   object has its fields. `[{ user_id, share }, { share, user_id }]` stores the second one's share as its user, and its user as the share. The
#   table is STRICT; both are TEXT.
# - The same with a row that has as many fields, but another one: its value goes into the first row's column.
#   A row with fewer fields is an error of SQLite.
#
# Who is hurt: a server that asks for the shares of the users that it has just found, of whom there are none, answers with everybody's. And one that
# stores two shares at once, of which one comes from Portal's body as it is and one from a form of its own, has a share that nobody finds, under
# a user id that is a share. Ask nothing for an empty list, and build each row anew with the same fields.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts workers-qb@1.14.0

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
import { D1QB } from "workers-qb";
const check = async ({ DB }) => {
  const qb = new D1QB(DB);
  await DB.exec("CREATE TABLE shares (user_id TEXT NOT NULL, share TEXT NOT NULL, note TEXT) STRICT");
  const rows = async () => (await DB.prepare("SELECT user_id, share, note FROM shares ORDER BY rowid").raw()).map((row) => row.join(" "));
  const empty = () => DB.exec("DELETE FROM shares");

  await qb.insert({ tableName: "shares", data: [{ user_id: "ann", share: "share-a" }, { share: "share-b", user_id: "bob" }] }).execute();
  const turned = await rows();
  assert.deepEqual(turned, ["ann share-a ", "share-b bob "]);
  await empty();
  await qb.insert({ tableName: "shares", data: [{ user_id: "ann", share: "share-a", note: "x" }, { user_id: "bob", share: "share-b", pair: "p1" }] }).execute();
  const other = await rows();
  assert.deepEqual(other, ["ann share-a x", "bob share-b p1"]);
  await assert.rejects(qb.insert({ tableName: "shares", data: [{ user_id: "ann", share: "a", note: "x" }, { user_id: "bob", share: "b" }] }).execute());

  const found = async (users) => (await qb.select("shares").whereIn("user_id", users).all()).results.map((row) => row.user_id);
  assert.deepEqual([await found(["bob"]), await found(["carl"])], [["bob"], []]);
  const ofNobody = await found([]);
  assert.deepEqual(ofNobody, ["ann", "bob"]);
  const where = { conditions: [], params: [] };
  const all = await qb.fetchAll({ tableName: "shares", where }).execute();
  assert.equal(all.results.length, 2);
  await qb.update({ tableName: "shares", data: { share: "new" }, where }).execute();
  assert.deepEqual(await rows(), ["ann new x", "bob new p1"]);
  await qb.delete({ tableName: "shares", where }).execute();
  assert.deepEqual(await rows(), []);
  return { turned, other, ofNobody };
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
timeout 120 node run.mjs
echo "as stated: workers-qb 1.14.0, wrangler 4.156.0, workerd 1.20261023.1"
