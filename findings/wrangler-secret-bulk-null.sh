#!/usr/bin/env bash
# `wrangler secret bulk`: a null in the JSON deletes the Worker's secret. It does not ask, and ends with 0.
#
# wrangler 4.156.0 with Node 24.21.0, against a stand-in for Cloudflare's API on this machine that keeps what it is sent.
# Behaviour, of {"SHARE_ENCRYPTION_KEYS": null, "WEBHOOK_SECRET": "…"} in a file or in a pipe:
# - `secret bulk` sends the null: "Successfully deleted secret for key: SHARE_ENCRYPTION_KEYS". So does `versions secret bulk`. Both end with 0,
#   in CI and in a pipe, where nobody is asked.
# - `deploy --secrets-file` and `versions upload --secrets-file` leave the name out without a word, so there it keeps its value.
# - A number is refused before anything is sent; "" makes an empty secret.
# - Such a null is what scripts write for a variable that is not set: Python's json.dumps({"A": os.environ.get("A")}) does, `jq -n '{A: env.A}'` does
#   (jq 1.6, tried by hand), JSON.stringify({A: process.env.A ?? null}) does. JSON.stringify({A: process.env.A}) leaves the name out.
#
# Who is hurt: whoever sets a Worker's secrets from a pipeline's variables. A variable that was renamed, or that a branch's build may not see, takes
# the live secret away; a key that exists nowhere else is then lost, since Cloudflare shows no secret. Look for nulls before it is sent.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $api 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs" CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

printf 'name = "finding"\nmain = "worker.mjs"\ncompatibility_date = "2026-10-23"\nworkers_dev = false\n' >wrangler.toml
echo 'export default { fetch: () => new Response() };' >worker.mjs
cat >api.mjs <<'JS'
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
const worker = { default_environment: { script: {} }, subdomain: { enabled: false, previews_enabled: false } };
const results = { deployments: { deployments: [] }, finding: worker, secrets: [], settings: { bindings: [] }, versions: { id: "version", metadata: {}, resources: { bindings: [], script: {} }, startup_time_ms: 1 } };
const server = createServer(async (request, response) => {
  const body = (await Array.fromAsync(request)).join("");
  const path = request.url.split("?")[0];
  if (["PATCH", "POST", "PUT"].includes(request.method) && /versions|secrets/.test(path)) writeFileSync("sent.txt", body);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ success: true, errors: [], messages: [], result: results[path.split("/").at(-1)] ?? {} }));
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node api.mjs & api=$!
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)"

cat >sent.mjs <<'JS'
import { readFileSync } from "node:fs";
const text = readFileSync("sent.txt", "utf8").replace(/^--[\s\S]*?\r\n\r\n/, "").split("\r\n")[0];
const { bindings, secrets, env } = JSON.parse(text);
const entries = bindings ? bindings.map((binding) => [binding.name, binding]) : Object.entries(secrets ?? env);
console.log(entries.map(([name, value]) => `${name}=${value === null ? "null" : JSON.stringify(value.text)}`).join(" "));
JS
# EXPECTED, then the command; what it is given as standard input goes through.
sent() {
  local expected=$1 seen; shift; rm -f sent.txt
  wrangler "$@" >out.txt 2>&1 || { cat out.txt; exit 1; }
  seen=$(node sent.mjs)
  echo "$*: $seen"
  [ "$seen" = "$expected" ] || { echo "changed: expected $expected"; cat out.txt; exit 1; }
}

unset KEYS
export WEBHOOK=from-the-pipeline
python3 -c 'import json, os; print(json.dumps({"SHARE_ENCRYPTION_KEYS": os.environ.get("KEYS"), "WEBHOOK_SECRET": os.environ.get("WEBHOOK")}))' >secrets.json
cat secrets.json
DELETES='SHARE_ENCRYPTION_KEYS=null WEBHOOK_SECRET="from-the-pipeline"'
LEAVES_OUT='WEBHOOK_SECRET="from-the-pipeline"'
sent "$DELETES" secret bulk secrets.json
grep "deleted secret for key: SHARE_ENCRYPTION_KEYS" out.txt
sent "$DELETES" secret bulk <secrets.json
sent "$DELETES" versions secret bulk secrets.json
sent "$LEAVES_OUT" deploy --secrets-file secrets.json
sent "$LEAVES_OUT" versions upload --secrets-file secrets.json

write='console.log(JSON.stringify({ SHARE_ENCRYPTION_KEYS: '
rest=', WEBHOOK_SECRET: process.env.WEBHOOK }))'
node -e "$write process.env.KEYS ?? null $rest" | sent "$DELETES" secret bulk
node -e "$write process.env.KEYS $rest" | sent "$LEAVES_OUT" secret bulk
echo '{"EMPTY":""}' | sent 'EMPTY=""' secret bulk
rm -f sent.txt
if echo '{"NUMBER":5}' | wrangler secret bulk >out.txt 2>&1 || [ -e sent.txt ]; then echo "changed: a number is taken"; cat out.txt; exit 1; fi
echo "as stated: wrangler 4.156.0"
