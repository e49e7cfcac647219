#!/usr/bin/env bash
# Drizzle in a Durable Object: a transaction with an async function is not rolled back, not by `tx.rollback()` either.
#
# drizzle-orm 0.45.4 (drizzle-orm/durable-sqlite) with wrangler 4.156.0 (workerd 1.20261023.1), local; drizzle-orm/libsql with @libsql/client 0.17.0 and
# a file as the peer.
# Behaviour of `db.transaction(async (tx) => …)`, the form that Drizzle's pages show, where the function inserts a row and then throws, breaks a
# constraint, or calls `tx.rollback()`:
# - The call rejects, with that error. The row is stored.
# - Also if the function awaits nothing before it throws. With a function that is not async the row is gone.
# - It comes from `ctx.storage.transactionSync(async () => …)` of workerd, on which it stands: that takes an async function without a word, and ends
#   the transaction when it has the promise. `ctx.storage.transaction(async () => …)` rolls back.
# - With libSQL the same lines are rolled back.
#
# Who is hurt: whoever keeps each user's shares in a Durable Object, and moves the old share into the history, or two curves of one backup into their
# table, in such a transaction. After an error the caller is told "not stored", and half of it is. The tests on libSQL were right. Write
# `db.transaction((tx) => { tx.insert(…).run(); … })`, without async, or `ctx.storage.transaction`.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0 drizzle-orm@0.45.4 @libsql/client@0.17.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >wrangler.toml <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2026-10-23"
compatibility_flags = ["nodejs_compat"]
[[durable_objects.bindings]]
name = "SHARES"
class_name = "Shares"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Shares"]
TOML
cat >cases.mjs <<'JS'
import { sqliteTable, text } from "drizzle-orm/sqlite-core";
export const shares = sqliteTable("shares", { id: text("id").primaryKey() });
export const cases = {
  "throws at once": async (tx) => {
    await tx.insert(shares).values({ id: "a" });
    throw new Error("after the first row");
  },
  "throws after the second row": async (tx) => {
    await tx.insert(shares).values({ id: "a" });
    await tx.insert(shares).values({ id: "b" });
    throw new Error("after the second row");
  },
  "the same id again": async (tx) => {
    await tx.insert(shares).values({ id: "a" });
    await tx.insert(shares).values({ id: "a" });
  },
  "tx.rollback()": async (tx) => {
    await tx.insert(shares).values({ id: "a" });
    tx.rollback();
  },
};
/** What each case leaves, as its ids; "!" if the call did not reject. */
export async function run(work, ids, clear) {
  const left = {};
  for (const [name, transaction] of Object.entries(work)) {
    let rejected = false;
    try {
      await transaction();
    } catch {
      rejected = true;
    }
    left[name] = (await ids()).join(" ") + (rejected ? "" : "!");
    await clear();
  }
  return left;
}
JS
cat >worker.mjs <<'JS'
import { DurableObject } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/durable-sqlite";
import { cases, run, shares } from "./cases.mjs";
export class Shares extends DurableObject {
  left() {
    const { storage } = this.ctx;
    const sql = (text) => storage.sql.exec(text).toArray();
    sql("CREATE TABLE IF NOT EXISTS shares (id TEXT PRIMARY KEY)");
    const db = drizzle(storage);
    const fails = async () => {
      sql("INSERT INTO shares VALUES ('a')");
      throw new Error("after the row");
    };
    const work = {
      ...Object.fromEntries(Object.entries(cases).map(([name, transaction]) => [name, () => db.transaction(transaction)])),
      "async, awaits nothing": () =>
        db.transaction(async (tx) => {
          tx.insert(shares).values({ id: "a" }).run();
          throw new Error("after the row");
        }),
      "not async": () =>
        db.transaction((tx) => {
          tx.insert(shares).values({ id: "a" }).run();
          throw new Error("after the row");
        }),
      "storage.transactionSync": () => storage.transactionSync(fails),
      "storage.transaction": () => storage.transaction(fails),
    };
    return run(work, () => sql("SELECT id FROM shares ORDER BY id").map(({ id }) => id), () => sql("DELETE FROM shares"));
  }
}
export default { fetch: async (_request, env) => Response.json(await env.SHARES.get(env.SHARES.idFromName("ann")).left()) };
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createClient } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import { createTestHarness } from "wrangler";
import { cases, run } from "./cases.mjs";

const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const left = await (await harness.fetch("/")).json();
console.log("in a Durable Object:", left);
assert.deepEqual(left, {
  "throws at once": "a",
  "throws after the second row": "a b",
  "the same id again": "a",
  "tx.rollback()": "a",
  "async, awaits nothing": "a",
  "not async": "",
  "storage.transactionSync": "a",
  "storage.transaction": "",
});
await harness.close();

const client = createClient({ url: "file:shares.db" });
await client.execute("CREATE TABLE shares (id TEXT PRIMARY KEY)");
const db = drizzle(client);
const work = Object.fromEntries(Object.entries(cases).map(([name, transaction]) => [name, () => db.transaction(transaction)]));
const ids = async () => (await client.execute("SELECT id FROM shares ORDER BY id")).rows.map(({ id }) => id);
const peer = await run(work, ids, () => client.execute("DELETE FROM shares"));
console.log("with libSQL:", peer);
assert.deepEqual(peer, { "throws at once": "", "throws after the second row": "", "the same id again": "", "tx.rollback()": "" });
process.exit(0);
JS
node run.mjs
echo "as stated: drizzle-orm 0.45.4, @libsql/client 0.17.0, wrangler 4.156.0, workerd 1.20261023.1"
