#!/usr/bin/env bash
# Wrangler's ways to hand over secrets: the same file of NAME=value lines gives a Worker other values, command by command.
#
# wrangler 4.156.0 with Node 24.21.0, against a stand-in for Cloudflare's API on this machine that keeps what it is sent.
# Behaviour:
# - Whatever reads such a file ends a value without quotes at its first "#", also without a blank before it: abc#def becomes abc.
#   It says nothing of it.
# - `secret bulk`, `versions secret bulk` and `.dev.vars` of `wrangler dev` take "$" as it stands. `deploy --secrets-file`,
#   `versions upload --secrets-file` and `.env` of `wrangler dev` put a variable of the environment there, or nothing: abc$def
#   becomes abc. Single quotes do not help. (The help of --secrets-file speaks of the variables, and not of quotes.)
# - With --secrets-file a variable of the shell wins over the file's line of the same name.
# - `secret put` from a pipe takes "#" and "$" as they stand, and the blanks before them; it leaves out blanks and line feeds at
#   the end. Nothing at all in the pipe makes an empty secret, and exit code 0.
# - JSON instead of lines is taken as it stands by all of them.
#
# Who is hurt: a secret that somebody else chose (a webhook's, a password in a URL) is another one in production than in the file
# and on the developer's machine. Every command reports success; then each webhook is refused. An exported token of another
# environment takes the place of the file's.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $api 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs" CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

printf 'name = "finding"\nmain = "worker.mjs"\ncompatibility_date = "2026-10-23"\nworkers_dev = false\n' >wrangler.toml
echo 'export default { fetch: (request, env) => Response.json(env) };' >worker.mjs
cat >api.mjs <<'JS'
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
const worker = { default_environment: { script: {} }, subdomain: { enabled: false, previews_enabled: false } };
const results = { deployments: { deployments: [] }, finding: worker, secrets: [], settings: { bindings: [] }, versions: { id: "version", metadata: {}, resources: { bindings: [], script: {} }, startup_time_ms: 1 } };
const server = createServer(async (request, response) => {
  const body = (await Array.fromAsync(request)).join("");
  const path = request.url.split("?")[0];
  if (["PATCH", "POST", "PUT"].includes(request.method) && /versions|secrets/.test(path)) writeFileSync("sent.txt", body);
  const result = results[path.split("/").at(-1)] ?? {};
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ success: true, errors: [], messages: [], result }));
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node api.mjs & api=$!
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)"

cat >secrets.env <<'ENV'
HASH=abc#def
DOLLAR=abc$def
SINGLE='abc$def'
SHELL_TOO=file
ENV
export SHELL_TOO=shell
unset def

cat >sent.mjs <<'JS'
import { readFileSync } from "node:fs";
const text = readFileSync("sent.txt", "utf8").replace(/^--[\s\S]*?\r\n\r\n/, "").split("\r\n")[0];
const { bindings, secrets, env, ...one } = JSON.parse(text);
const entries = bindings ? bindings.map((binding) => [binding.name, binding]) : Object.entries(secrets ?? env ?? { [one.name]: one });
console.log(entries.map(([name, { text }]) => `${name}=${text}`).join(" "));
JS
expect() { echo "$1: $2"; [ "$2" = "$3" ] || { echo "changed: expected $3"; cat out.txt; exit 1; }; }
sent() { # EXPECTED, then the command; what it is given as standard input goes through
  local expected=$1; shift; rm -f sent.txt
  wrangler "$@" >out.txt 2>&1 || { cat out.txt; exit 1; }
  expect "$*" "$(node sent.mjs)" "$expected"
}
AS_WRITTEN='HASH=abc DOLLAR=abc$def SINGLE=abc$def SHELL_TOO=file'
FILLED_IN='HASH=abc DOLLAR=abc SINGLE=abc SHELL_TOO=shell'
sent "$AS_WRITTEN" secret bulk secrets.env
sent "$AS_WRITTEN" versions secret bulk secrets.env
sent "$FILLED_IN" versions upload --secrets-file secrets.env
sent "$FILLED_IN" deploy --secrets-file secrets.env
echo '{"HASH":"abc#def","DOLLAR":"abc$def"}' >secrets.json
for command in "secret bulk secrets.json" "versions upload --secrets-file secrets.json"; do sent 'HASH=abc#def DOLLAR=abc$def' $command; done
printf ' abc#$def \n\n' | sent 'PIPED= abc#$def' secret put PIPED
printf '' | sent 'PIPED=' secret put PIPED

cat >dev.mjs <<'JS'
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const env = await (await harness.fetch("/")).json();
console.log(["HASH", "DOLLAR", "SINGLE"].map((name) => `${name}=${env[name]}`).join(" "));
await harness.close();
process.exit(0);
JS
cp secrets.env .dev.vars; expect ".dev.vars" "$(node dev.mjs 2>out.txt)" "${AS_WRITTEN% *}"
mv .dev.vars .env; expect ".env" "$(node dev.mjs 2>out.txt)" "${FILLED_IN% *}"
echo "as stated: wrangler 4.156.0"
