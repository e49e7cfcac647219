#!/usr/bin/env bash
# Cloudflare's plugin for Vitest since Vitest 4: a test sees what the test before it stored, and a store that fails in `waitUntil` fails no test.
#
# @cloudflare/vitest-plugin 1.5.0 (the new name of @cloudflare/vitest-pool-workers) with vitest 4.1.11, beside @cloudflare/vitest-pool-workers 0.12.0 with
# vitest 3.2.4; Node 24.21.0.
# Behaviour, of the same Worker and the same tests, without options:
# - 0.12.0 gives each test an empty KV and D1 (`isolatedStorage`): a test that finds a share which only the test before it stored fails. In 1.5.0 one file
#   has one storage: it passes, and fails when it is run alone (`-t`).
# - a Worker that answers 200 and stores in `ctx.waitUntil`, which then rejects, fails the test that called it in 0.12.0. In 1.5.0 that test passes, the run
#   ends with 0, and a line of the log says "uncaught exception".
#
# Who is hurt: whoever moves tests of a backup service from one to the other. All stay green, and from then on "the share can be fetched" is true of a store that
# does nothing, and "stored" of one whose database refuses. Give each test its own user, or clear the storage in `beforeEach`; call the handler with
# `createExecutionContext()` and await `waitOnExecutionContext()`, which rejects; and see each test fail once.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"

mkdir old new
for place in old new; do
  cat >"$place/wrangler.toml" <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2025-12-01"
compatibility_flags = ["nodejs_compat"]
[[kv_namespaces]]
binding = "KV"
id = "finding"
[[d1_databases]]
binding = "DB"
database_name = "finding"
database_id = "finding"
TOML
  cat >"$place/worker.mjs" <<'JS'
export default {
  async fetch(request, env, ctx) {
    // No such table: the store rejects after the answer.
    ctx.waitUntil(env.DB.prepare("INSERT INTO shares VALUES ('bob')").run());
    return new Response("stored");
  },
};
JS
  cat >"$place/finding.spec.mjs" <<'JS'
import { createExecutionContext, env, SELF, waitOnExecutionContext } from "cloudflare:test";
import { expect, test } from "vitest";
import worker from "./worker.mjs";

test("a share is stored", async () => {
  await env.KV.put("ann", "a share");
  await env.DB.exec("CREATE TABLE users (id TEXT); INSERT INTO users VALUES ('ann')");
  expect(await env.KV.get("ann")).toBe("a share");
});
test("a share can be fetched from KV", async () => {
  expect(await env.KV.get("ann")).toBe("a share");
});
test("a user can be fetched from D1", async () => {
  expect(await env.DB.prepare("SELECT id FROM users").first("id")).toBe("ann");
});
test("a share is stored after the answer", async () => {
  const answer = await SELF.fetch("https://backup.example/");
  expect(await answer.text()).toBe("stored");
});
test("the context rejects", async () => {
  const context = createExecutionContext();
  await worker.fetch(new Request("https://backup.example/"), env, context);
  await expect(waitOnExecutionContext(context)).rejects.toThrow("no such table");
});
JS
done
cat >old/vitest.config.mjs <<'JS'
import { defineWorkersConfig } from "@cloudflare/vitest-pool-workers/config";
export default defineWorkersConfig({ test: { poolOptions: { workers: { wrangler: { configPath: "./wrangler.toml" } } } } });
JS
cat >new/vitest.config.mjs <<'JS'
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
export default defineConfig({ plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })] });
JS
(cd old && npm init -y >/dev/null && npm install --silent --no-audit --no-fund @cloudflare/vitest-pool-workers@0.12.0 vitest@3.2.4)
(cd new && npm init -y >/dev/null && npm install --silent --no-audit --no-fund @cloudflare/vitest-plugin@1.5.0 vitest@4.1.11)

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const ran = (place, ...more) => {
  const { status, stdout, stderr } = spawnSync("node_modules/.bin/vitest", ["run", "--reporter=json", "--outputFile=seen.json", ...more], { cwd: place, encoding: "utf8", timeout: 120_000 });
  const { testResults } = JSON.parse(readFileSync(`${place}/seen.json`, "utf8"));
  const tests = Object.fromEntries(testResults[0].assertionResults.map(({ title, status }) => [title, status]));
  console.log(place, more, `ends with ${status}`, tests);
  return { status, tests, log: stdout + stderr };
};
const names = ["a share is stored", "a share can be fetched from KV", "a user can be fetched from D1", "a share is stored after the answer", "the context rejects"];
const outcome = (words) => Object.fromEntries(names.map((name, i) => [name, words[i]]));

const before = ran("old");
assert.notEqual(before.status, 0);
assert.deepEqual(before.tests, outcome(["passed", "failed", "failed", "failed", before.tests["the context rejects"]]));
const after = ran("new");
assert.deepEqual({ status: after.status, tests: after.tests }, { status: 0, tests: outcome(Array(5).fill("passed")) });
assert.match(after.log, /uncaught exception/);
const alone = ran("new", "-t", "can be fetched");
assert.notEqual(alone.status, 0);
assert.deepEqual(alone.tests, outcome(["skipped", "failed", "failed", "skipped", "skipped"]));
JS
node run.mjs
echo "as stated: @cloudflare/vitest-plugin 1.5.0 with vitest 4.1.11, @cloudflare/vitest-pool-workers 0.12.0 with vitest 3.2.4"
