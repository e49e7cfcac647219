#!/usr/bin/env bash
# D1 in workerd: what becomes of the values that are bound, and of statements that are empty.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local D1, compatibility date 2026-10-23.
# Behaviour:
# - Every number is bound as REAL: `typeof(?1)` of 1, of true and of 2^53 is "real". In a TEXT column a 1 reads "1.0".
# - NaN and Infinity are bound as NULL, an array of small whole numbers as a BLOB, without an error. A Date, a BigInt and
#   undefined are errors.
# - A BLOB comes back as an array of numbers, not as an ArrayBuffer. 2^53+1 in an INTEGER column comes back as 2^53.
# - A text with half of a surrogate pair is stored as three bytes that are no UTF-8, and comes back as three U+FFFD.
# - `prepare("")` in a batch leaves no result: the results after it move up by one. A comment alone is an error.
# - `prepare("SELECT 1; SELECT 2")` carries both out and gives the last one's rows.
#
# Who is hurt: ids and times that are bound as numbers into TEXT columns are never found again; a NaN becomes a NULL that
# means something; code that builds a batch with optional statements reads another statement's rows.
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
  const bound = async (value) =>
    (await DB.prepare("SELECT typeof(?1) AS type, hex(?1) AS hex, ?1 AS value").bind(value).all()).results[0];
  for (const number of [1, true, 2 ** 53]) assert.equal((await bound(number)).type, "real");
  await DB.prepare("CREATE TABLE t (text TEXT, big INTEGER) STRICT").run();
  await DB.prepare("INSERT INTO t VALUES (?, 9007199254740993)").bind(1).run();
  const row = await DB.prepare("SELECT * FROM t").first();
  assert.deepEqual({ ...row }, { text: "1.0", big: 9007199254740992 });

  for (const number of [NaN, Infinity]) assert.equal((await bound(number)).type, "null");
  assert.equal((await bound([1, 2])).type, "blob");
  assert.ok(Array.isArray((await bound(new Uint8Array([1, 2]))).value));
  for (const refused of [new Date(0), 1n, undefined]) await assert.rejects(bound(refused), /D1_TYPE_ERROR/);

  const half = await bound("\ud800");
  assert.deepEqual({ ...half }, { type: "text", hex: "EDA080", value: "\ufffd\ufffd\ufffd" });

  const rows = async (...texts) =>
    (await DB.batch(texts.map((text) => DB.prepare(text)))).map(({ results }) => results[0].n);
  assert.deepEqual(await rows("SELECT 1 AS n", "", "SELECT 3 AS n"), [1, 3]);
  await assert.rejects(rows("SELECT 1 AS n", "-- nothing", "SELECT 3 AS n"));
  assert.deepEqual(await rows("SELECT 1 AS n; SELECT 2 AS n"), [2]);
  return { row, half };
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
