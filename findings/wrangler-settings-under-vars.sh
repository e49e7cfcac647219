#!/usr/bin/env bash
# wrangler.toml: a setting that is written below `[vars]`, as at the end of the file, is a variable of the Worker and no setting. wrangler warns below every other table, not there.
#
# wrangler 4.156.0 with Node 24.21.0, against a stand-in for Cloudflare's API on this machine, which notes what the deployment asks for.
# Behaviour of a line that is added at the end of a file:
# - whose last table is `[vars]`: `preview_urls = false`, `workers_dev = false`, `keep_vars = true`, `logpush = true` and `crons = […]` are bound as variables. There is no
#   warning; the list of bindings shows them. What is sent is the default: the address on workers.dev is switched on, and variables of the dashboard are not kept.
# - whose last table is `[observability]` or `[triggers]`: a warning, 'Unexpected fields found', and the deployment goes on without the settings. The exit code is 0.
# - `--strict` changes nothing. Above the first table the same lines are settings.
#
# Who is hurt: whoever switches the workers.dev address or the preview addresses of a server with shares off, or `logpush` on, by a line at the end: the next deployment says nothing, and
# both addresses answer on, and the logs are not kept. Write such lines above the first `[`, and read the list of bindings.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${api:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

echo 'export default { fetch: () => new Response(), scheduled() {} };' >worker.mjs
cat >api.mjs <<'JS'
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
const script = { default_environment: { script: {} }, subdomain: { enabled: true, previews_enabled: true } };
const version = { id: "version", metadata: {}, resources: { bindings: [], script: {} }, startup_time_ms: 1 };
const results = { deployments: { deployments: [] }, finding: script, secrets: [], settings: { bindings: [] }, versions: version, subdomain: { enabled: true, previews_enabled: true, subdomain: "account" } };
const sent = {};
const server = createServer(async (request, response) => {
  const body = (await Array.fromAsync(request)).join("");
  const name = request.url.split("?")[0].split("/").at(-1);
  if (request.method !== "GET" && name === "versions") {
    const { bindings, keep_bindings } = JSON.parse(/^\{.*"main_module".*\}\r?$/m.exec(body)[0]);
    sent.vars = bindings.map((one) => one.name).filter((one) => one !== "A");
    sent.keepsVars = keep_bindings?.includes("plain_text") ?? false;
  }
  if (request.method !== "GET" && name === "subdomain") (sent.workersDev = JSON.parse(body).enabled), (sent.previews = JSON.parse(body).previews_enabled);
  if (request.method !== "GET" && name === "script-settings") sent.logpush = JSON.parse(body).logpush;
  if (request.method !== "GET" && name === "schedules") sent.crons = JSON.parse(body).length;
  writeFileSync("sent.json", JSON.stringify(sent));
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ success: true, errors: [], messages: [], result: results[name] ?? {} }));
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account
# What is sent, then the options.
deployed() {
  local expected=$1; shift
  rm -f port; node api.mjs & api=$!
  until [ -s port ]; do sleep 0.1; done
  CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)" wrangler deploy "$@" >out.txt 2>&1 </dev/null || { cat out.txt; exit 1; }
  kill $api; wait $api 2>/dev/null || true
  local seen; seen="$(cat sent.json), $(grep -c 'Unexpected fields' out.txt || true) warnings"
  echo "$*: $seen"
  [ "$seen" = "$expected" ] || { echo "changed: expected $expected"; cat out.txt; exit 1; }
}
top='name = "finding"\nmain = "worker.mjs"\ncompatibility_date = "2026-10-23"\n'
lines='preview_urls = false\nworkers_dev = false\nkeep_vars = true\nlogpush = true\n'
printf "$top$lines"'[vars]\nA = "1"\n' >above.toml
printf "$top"'[vars]\nA = "1"\n'"$lines"'crons = ["0 3 * * *"]\n' >vars.toml
printf "$top"'[observability]\nenabled = true\n'"$lines" >observability.toml
printf "$top"'[triggers]\ncrons = []\n'"$lines" >triggers.toml
variables='["preview_urls","workers_dev","keep_vars","logpush","crons"]'
deployed '{"vars":[],"keepsVars":true,"logpush":true,"workersDev":false,"previews":false}, 0 warnings' --config above.toml
deployed "{\"vars\":$variables,\"keepsVars\":false,\"workersDev\":true}, 0 warnings" --config vars.toml
deployed "{\"vars\":$variables,\"keepsVars\":false,\"workersDev\":true}, 0 warnings" --config vars.toml --strict
deployed '{"vars":[],"keepsVars":false,"workersDev":true}, 1 warnings' --config observability.toml
deployed '{"vars":[],"keepsVars":false,"workersDev":true,"crons":0}, 1 warnings' --config triggers.toml
echo "as stated: wrangler 4.156.0"
