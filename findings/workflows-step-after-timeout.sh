#!/usr/bin/env bash
# Cloudflare Workflows, locally: a step whose time is up goes on beside its next try, and stores after the workflow has failed and undone it.
#
# wrangler 4.156.0 (workerd 1.20261023.1), a local workflow and D1, Node 24.21.0.
# Behaviour of `step.do(name, { timeout, retries }, store)`, where the store is slower than `timeout`:
# - the try is counted as failed, "Execution timed out", and the next one begins. The first one is not ended: there is no signal, and what it awaits comes.
#   So one step has stored twice, the older try last if it was the slower one.
# - where no try is in time, `step.do` rejects. A workflow that catches this, takes back what may be stored, and ends as "errored" or "complete", has
#   these rows all the same: they come after the step that deleted them.
# - a step that throws is tried again as one expects: never two at once.
#
# Who is hurt: a workflow that stores a user's two shares and deletes the first one if the second one fails, or that copies rows to another store: a second that
# is slow leaves half a backup that nobody takes back, or an older share in a newer one's place. Give the store a deadline of its own
# that is shorter than the step's, and make it one that may come twice (an id, "only if newer").
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
[[workflows]]
name = "finding"
binding = "BACKUP"
class_name = "Backup"
[[d1_databases]]
binding = "DB"
database_name = "finding"
database_id = "finding"
TOML
cat >worker.mjs <<'JS'
import { WorkflowEntrypoint } from "cloudflare:workers";
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const tries = {};
export class Backup extends WorkflowEntrypoint {
  async run({ payload: { user, slow } }, step) {
    const { DB } = this.env;
    const write = (what) => DB.prepare("INSERT INTO events (user, what) VALUES (?, ?)").bind(user, what).run();
    const store = async () => {
      tries[user] = (tries[user] ?? 0) + 1;
      const one = tries[user];
      await write(`try ${one} begins`);
      if (slow === "throws" && one === 1) throw new Error("the first try fails");
      if (slow === "all" || (slow === "first" && one === 1)) await wait(2000);
      await write(`try ${one} stored`);
    };
    try {
      await step.do("store", { timeout: 500, retries: { limit: 1, delay: 100 } }, store);
      await step.do("report", () => write("the workflow goes on").then(() => null));
    } catch (error) {
      await step.do("undo", () => write(`undone: ${error.message}`).then(() => null));
      throw error;
    }
  }
}
const answer = async (request, { DB, BACKUP }) => {
  const url = new URL(request.url);
  const slow = url.searchParams.get("slow");
  if (request.method === "POST") {
    await DB.exec("CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, user TEXT, what TEXT)");
    return Response.json((await BACKUP.create({ id: slow, params: { user: slow, slow } })).id);
  }
  const { results } = await DB.prepare("SELECT what FROM events WHERE user = ? ORDER BY id").bind(slow).all();
  const { status } = await (await BACKUP.get(slow)).status();
  return Response.json({ status, events: results.map(({ what }) => what) });
};
export default {
  fetch: (request, env) => answer(request, env).catch((error) => new Response(error.stack, { status: 500 })),
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const call = async (slow, init) => (await harness.fetch(`/?slow=${slow}`, init)).json();
const ran = async (slow, count) => {
  await call(slow, { method: "POST" });
  let seen;
  for (let tries = 0; tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    seen = await call(slow);
    if (seen.status !== "running" && seen.events.length >= count) break;
  }
  console.log(slow, seen);
  return seen;
};
assert.deepEqual(await ran("throws", 4), { status: "complete", events: ["try 1 begins", "try 2 begins", "try 2 stored", "the workflow goes on"] });
assert.deepEqual(await ran("first", 5), { status: "complete", events: ["try 1 begins", "try 2 begins", "try 2 stored", "the workflow goes on", "try 1 stored"] });
assert.deepEqual(await ran("all", 5), {
  status: "errored",
  events: ["try 1 begins", "try 2 begins", "undone: Execution timed out after 500ms", "try 1 stored", "try 2 stored"],
});
await harness.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
