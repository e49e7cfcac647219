#!/usr/bin/env bash
# `wrangler deploy`: a cron, a route or a queue's consumer that was taken out of the configuration goes on. Nothing is sent of it, and nothing is said.
#
# wrangler 4.156.0 with Node 24.21.0, against a stand-in for Cloudflare's API on this machine, which notes each request that changes something.
# Behaviour of a deployment whose file has, in place of what was deployed before:
# - no `[triggers]`, or a `[triggers]` with nothing in it: no request to `…/schedules`, so the crons of before run on, with the new code. `crons = []` sends the
#   empty list.
# - no `routes`, or `routes = []`: no request to `…/routes`. There is no list that takes the last one away.
# - no `[[queues.consumers]]`: no request that ends the consumer. The queue goes on handing its messages to this Worker, whose new code may have no `queue()`.
# - Variables and bindings that were taken out are gone with the deployment, as one expects.
# - The exit code is 0, and `--strict` adds nothing.
# Run here is what wrangler sends; that Cloudflare keeps what nothing is sent of was not run.
#
# Who is hurt: whoever moves a Worker's nightly work, such as a copy or a purge, into another Worker and deletes it here: it runs twice a night from then on, the one here with
# bindings that are gone. An old address whose route was deleted goes on answering. Write `crons = []` once; delete routes and consumers in the dashboard, or with
# `wrangler queues consumer remove`, and look there.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${api:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

echo 'export default { fetch: () => new Response(), scheduled() {}, queue() {} };' >worker.mjs
cat >api.mjs <<'JS'
import { appendFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
const script = { default_environment: { script: {} }, subdomain: { enabled: false, previews_enabled: false } };
const version = { id: "version", metadata: {}, resources: { bindings: [], script: {} }, startup_time_ms: 1 };
const results = { deployments: { deployments: [] }, finding: script, secrets: [], settings: { bindings: [] }, versions: version, zones: [{ id: "zone", name: "example.com" }], consumers: [] };
results.queues = [{ queue_id: "jobs", queue_name: "jobs", producers: [], consumers: [], producers_total_count: 0, consumers_total_count: 0 }];
const server = createServer(async (request, response) => {
  const body = (await Array.fromAsync(request)).join("");
  const name = request.url.split("?")[0].split("/").at(-1);
  if (request.method !== "GET" && ["schedules", "routes", "consumers"].includes(name)) appendFileSync("sent.txt", `${name} ${body}\n`);
  if (request.method !== "GET" && name === "versions") appendFileSync("sent.txt", `vars ${/"name":"A"/.test(body) ? "A" : "none"}\n`);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ success: true, errors: [], messages: [], result: results[name] ?? {} }));
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node api.mjs & api=$!
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)"

# What is sent besides the Worker, then the lines of the file, then options.
sent() {
  local expected=$1 lines=$2; shift 2
  : >sent.txt
  printf 'name = "finding"\nmain = "worker.mjs"\ncompatibility_date = "2026-10-23"\nworkers_dev = false\npreview_urls = false\n%b' "$lines" >wrangler.toml
  wrangler deploy "$@" >out.txt 2>&1 </dev/null || { cat out.txt; exit 1; }
  echo "[${lines//\\n/ }] $*: $(paste -sd' ' sent.txt)"
  [ "$(paste -sd' ' sent.txt)" = "$expected" ] || { echo "changed"; cat out.txt; exit 1; }
  if [ "$expected" = "vars none" ] && grep -iE 'warning|cron|route|consumer' out.txt; then echo "changed: it says something"; exit 1; fi
}
sent 'vars none schedules [{"cron":"0 3 * * *"}]' '[triggers]\ncrons = ["0 3 * * *"]\n'
sent 'vars none' ''
sent 'vars none' '[triggers]\n'
sent 'vars none schedules []' '[triggers]\ncrons = []\n'
sent 'vars none routes [{"pattern":"example.com/*"}]' 'routes = ["example.com/*"]\n'
sent 'vars none' 'routes = []\n'
sent 'vars none consumers {"type":"worker","script_name":"finding","settings":{}}' '[[queues.consumers]]\nqueue = "jobs"\n'
sent 'vars none' '[queues]\nconsumers = []\n'
sent 'vars A' '[vars]\nA = "1"\n'
sent 'vars none' '' --strict
echo "as stated: wrangler 4.156.0"
