#!/usr/bin/env bash
# Durable Objects with SQLite, locally: a statement with RETURNING whose rows are not read to the end takes all back that the request has written. The error says "internal error".
#
# wrangler 4.156.0 (workerd 1.20261023.1), a Durable Object with SQLite, compatibility date 2026-10-23, Node 24.21.0. Run locally only.
# Behaviour of `storage.sql.exec("INSERT … RETURNING id")`, after another row was written in the same call:
# - The rows read by `toArray()`, `one()`, a `for` to its end, `[row] = …`, or the single row by `next()`: both rows are there afterwards.
# - The answer not looked at, as with `exec("UPDATE … RETURNING id")` or a DELETE, or a `for` that is left after the first row of two: statements that follow in the same
#   call see the rows. Then the call fails with "internal error; reference = …", and neither row is there: all that this call has written is taken back.
# - A SELECT may be left unread.
#
# Who is hurt: whoever takes a RETURNING over from D1, where nobody has to read it, or looks for the first row only: no page tells what the error means, and the share
# that was stored before it in the same call is gone as well. The caller who tries again meets the same. Read each cursor with `toArray()`.
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
[[durable_objects.bindings]]
name = "BOX"
class_name = "Box"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Box"]
TOML
cat >worker.mjs <<'JS'
import { DurableObject } from "cloudflare:workers";
const ways = {
  toArray: (sql) => sql.exec("INSERT INTO shares (share) VALUES ('new') RETURNING id").toArray(),
  one: (sql) => sql.exec("INSERT INTO shares (share) VALUES ('new') RETURNING id").one(),
  forOf: (sql) => {
    for (const row of sql.exec("INSERT INTO shares (share) VALUES ('new') RETURNING id")) row.id;
  },
  next: (sql) => sql.exec("INSERT INTO shares (share) VALUES ('new') RETURNING id").next().value.id,
  nothing: (sql) => sql.exec("INSERT INTO shares (share) VALUES ('new') RETURNING id"),
  update: (sql) => sql.exec("UPDATE shares SET share = 'new' RETURNING id"),
  delete: (sql) => sql.exec("DELETE FROM shares RETURNING id"),
  destructured: (sql) => {
    const [row] = sql.exec("INSERT INTO shares (share) VALUES ('new') RETURNING id");
    return row.id;
  },
  broken: (sql) => {
    for (const row of sql.exec("INSERT INTO shares (share) VALUES ('new'), ('new') RETURNING id")) return row.id;
  },
  transaction: (sql, storage) => storage.transactionSync(() => sql.exec("INSERT INTO shares (share) VALUES ('new') RETURNING id").next().value.id),
  manyNext: (sql) => {
    const rows = sql.exec("INSERT INTO shares (share) VALUES ('new') RETURNING id");
    rows.next();
    return rows.next().done;
  },
  select: (sql) => sql.exec("SELECT id FROM shares").next().value.id,
};
export class Box extends DurableObject {
  constructor(state, env) {
    super(state, env);
    state.storage.sql.exec("CREATE TABLE IF NOT EXISTS shares (id INTEGER PRIMARY KEY, share TEXT)");
  }
  first() {
    this.ctx.storage.sql.exec("INSERT INTO shares (share) VALUES ('kept')");
  }
  write(way) {
    const { sql } = this.ctx.storage;
    sql.exec("INSERT INTO shares (share) VALUES ('just before')");
    ways[way](sql, this.ctx.storage);
    return sql.exec("SELECT share FROM shares").toArray().length;
  }
  shares() {
    return this.ctx.storage.sql.exec("SELECT share FROM shares ORDER BY id").toArray().map((row) => row.share);
  }
}
export default {
  async fetch(request, { BOX }) {
    const way = new URL(request.url).pathname.slice(1);
    if (way === "ways") return Response.json(Object.keys(ways));
    await BOX.getByName(way).first();
    const said = await BOX.getByName(way).write(way).then((rows) => `${rows} rows seen`, (error) => error.message.replace(/reference = .*/, "reference = …"));
    return Response.json({ said, kept: await BOX.getByName(way).shares() });
  },
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const call = async (path) => (await harness.fetch(path)).json();
const failing = ["nothing", "update", "delete", "broken"];
for (const way of await call("/ways")) {
  const seen = await call(`/${way}`);
  console.log(way, seen);
  if (failing.includes(way)) assert.deepEqual(seen, { said: "internal error; reference = …", kept: ["kept"] });
  else assert.deepEqual(seen.kept, way === "select" ? ["kept", "just before"] : ["kept", "just before", "new"]);
}
await harness.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
