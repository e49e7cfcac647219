#!/usr/bin/env bash
# Prisma's adapter for D1: a rolled back transaction is not rolled back.
#
# @prisma/adapter-d1 7.10.0 with wrangler 4.156.0 (workerd 1.20261023.1), local D1.
# Behaviour: `startTransaction()` begins nothing. What was written in it is there at once, and still there after `rollback()`,
# which resolves. Large integers (2^53+1) come rounded, without an error. (Prisma's pages name missing transactions among D1's
# limits; the call itself neither fails nor says so in its result.)
#
# Who is hurt: a server on D1 that stores a custodian share and its bookkeeping in `$transaction` has half of it after a fault.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0 @prisma/adapter-d1@7.10.0
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
import { PrismaD1 } from "@prisma/adapter-d1";
const check = async (env) => {
  const { DB } = env;
  await DB.prepare("CREATE TABLE shares (id TEXT)").run();
  const count = () => DB.prepare("SELECT count(*) AS n FROM shares").first("n");
  const adapter = await new PrismaD1(DB).connect();
  const transaction = await adapter.startTransaction();
  await transaction.executeRaw({ sql: "INSERT INTO shares VALUES ('half')", args: [], argTypes: [] });
  assert.equal(await count(), 1);
  assert.equal(await transaction.rollback(), undefined);
  const left = await count();
  assert.equal(left, 1);

  const { rows } = await adapter.queryRaw({ sql: "SELECT 9007199254740993 AS big", args: [], argTypes: [] });
  assert.deepEqual(rows, [[9007199254740992]]);
  return { leftAfterRollback: left, big: rows[0][0] };
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
echo "as stated: @prisma/adapter-d1 7.10.0, wrangler 4.156.0, workerd 1.20261023.1"
