#!/usr/bin/env bash
# Durable Objects, locally: an alarm's handler that sets its next alarm first, and then fails, is not tried again. What it was to do is left out until the next time.
#
# wrangler 4.156.0 (workerd 1.20261023.1), a Durable Object with SQLite, compatibility date 2026-10-23, Node 24.21.0. Run locally only.
# Behaviour of an `alarm()` that throws:
# - alone: it is called again two seconds later, with `isRetry`.
# - after `setAlarm(in an hour)`: the alarm in an hour takes the place of the repeat. It is not called again until then. The `setAlarm` stays, although the handler
#   failed; so do a `put` before the error, and SQL.
# - `deleteAll()` takes the alarm away as well.
#
# Who is hurt: whoever copies shares, or erases them, once a day by such an alarm, and puts the `setAlarm` first so that the chain never breaks: each failure costs a
# whole day instead of two seconds, and no error counts it. Catch the error yourself: set the next alarm to a minute then, and to a day only when the work is done.
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
name = "JOBS"
class_name = "Job"
[[migrations]]
tag = "1"
new_sqlite_classes = ["Job"]
TOML
cat >worker.mjs <<'JS'
import { DurableObject } from "cloudflare:workers";
const hour = 3_600_000;
const calls = {};
export class Job extends DurableObject {
  async begin(name) {
    calls[name] = [];
    await this.ctx.storage.put("name", name);
    await this.ctx.storage.setAlarm(Date.now() + 100);
  }
  async alarm({ isRetry }) {
    const { storage } = this.ctx;
    const name = await storage.get("name");
    calls[name].push(isRetry);
    if (name === "sets first") await storage.setAlarm(Date.now() + hour);
    if (name === "deletes all") {
      await storage.deleteAll();
      return;
    }
    await storage.put("begun", true);
    storage.sql.exec("CREATE TABLE IF NOT EXISTS begun (id INTEGER)");
    if (calls[name].length === 1) throw new Error("the first try fails");
    await storage.setAlarm(Date.now() + hour);
  }
  async look(name) {
    const { storage } = this.ctx;
    const alarm = await storage.getAlarm();
    const { tables } = storage.sql.exec("SELECT count(*) AS tables FROM sqlite_master WHERE name = 'begun'").one();
    const next = alarm === null ? "no alarm" : alarm > Date.now() + hour / 2 ? "in an hour" : "soon";
    return { calls: calls[name], next, begun: (await storage.get("begun")) ?? false, tables };
  }
}
export default {
  async fetch(request, { JOBS }) {
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
    const job = JOBS.get(JOBS.idFromName(name));
    return Response.json((await (request.method === "POST" ? job.begin(name) : job.look(name))) ?? null);
  },
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const ask = async (name, method) => (await harness.fetch(`/${encodeURIComponent(name)}`, { method })).json();
const names = ["throws", "sets first", "deletes all"];
for (const name of names) await ask(name, "POST");
await new Promise((resolve) => setTimeout(resolve, 12_000));
const seen = {};
for (const name of names) seen[name] = await ask(name, "GET");
console.dir(seen);
assert.deepEqual(seen, {
  throws: { calls: [false, true], next: "in an hour", begun: true, tables: 1 },
  "sets first": { calls: [false], next: "in an hour", begun: true, tables: 1 },
  "deletes all": { calls: [false], next: "no alarm", begun: false, tables: 0 },
});
await harness.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
