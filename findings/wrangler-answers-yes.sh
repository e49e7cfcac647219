#!/usr/bin/env bash
# wrangler asks "(y/N)", and from a pipe answers "yes" itself, also if the pipe says "n": a database goes back in time or is deleted, a bucket is public.
#
# wrangler 4.156.0 with Node 24.21.0, against a stand-in for Cloudflare's API on this machine that keeps what it is asked for.
# Behaviour, where standard input is no terminal or CI is set; each command ends with 0:
# - `echo n | wrangler …` and `wrangler … </dev/null` carry out: `d1 time-travel restore` (whose question is "OK to proceed (y/N)"), `d1 delete`,
#   `secret delete`, `delete` (the Worker), `r2 bucket lock set` (all locks are replaced), `r2 bucket dev-url enable` (everybody may read the bucket).
#   Nobody needs `--skip-confirmation` or `--force` for it.
# - With a terminal `d1 time-travel restore` and "n" does nothing; with `--json` it does not ask at all.
# - Other questions are answered "no" there: `pipelines delete` and `turnstile widget delete` do nothing, and end with 0, too.
#
# Who is hurt: whoever runs such a command in a script or over ssh without a terminal, to see what it would do, or with "n" before it as a trial run. The
# database of production stands at yesterday's state, and every share that came since is gone from it; with `d1 delete` Time Travel is gone
# as well. There is no trial run: let a pipeline's token have no right to do it.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $api 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs"
unset CI
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >wrangler.toml <<'TOML'
name = "finding"
compatibility_date = "2026-10-23"
[[d1_databases]]
binding = "DB"
database_name = "shares"
database_id = "00000000-0000-0000-0000-00000000000d"
TOML
# Cloudflare's API, as far as it goes here: what is asked for is there, and what changes something is kept as a line.
cat >api.mjs <<'JS'
import { createServer } from "node:http";
import { appendFileSync, writeFileSync } from "node:fs";
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    const path = request.url.split("?")[0].replace("/accounts/account", "");
    if (request.method !== "GET") appendFileSync("done", `${request.method} ${path}\n`);
    const result = { uuid: "00000000-0000-0000-0000-00000000000d", name: "shares", version: "production", bookmark: "now", previous_bookmark: "before" };
    const answer = { ...result, id: "id", sitekey: "widget", domain: "bucket.example", enabled: true, rules: [], secrets: [], script: [], tail_producers: [] };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ success: true, errors: [], messages: [], result: /namespaces$/.test(path) ? [] : answer }));
  });
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node api.mjs & api=$!
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)"
echo '{"rules": []}' >no-rules.json

# A command, with "n" in the pipe, with nothing, and with "n" typed into a terminal: what each changed at Cloudflare, and how it ended.
run() { local code=0; : >done; timeout 120 "${@:2}" >out.txt 2>&1 <"$1" || code=$?; echo "$(paste -sd, done) ($code)"; }
echo n >n.txt
pty() { python3 -c 'import os, pty, sys
def read(fd):
    data = os.read(fd, 4096)
    if b"roceed" in data or b"sure" in data or b"Continue?" in data: os.write(fd, b"n\r")
    return data
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))' "$@"; }
expect() { echo "$1: $2"; [ "$2" = "$3" ] || { echo "changed: expected $3"; cat out.txt; exit 1; }; }
D1=/d1/database/00000000-0000-0000-0000-00000000000d
while read -r change command; do
  words=($command)
  [ "$change" = nothing ] && want="(0)" || want="${change/_/ } (0)"
  expect "n | $command" "$(run n.txt wrangler "${words[@]}" | sed 's/^ //')" "$want"
  expect "nothing | $command" "$(run /dev/null wrangler "${words[@]}" | sed 's/^ //')" "$want"
  grep -h "fallback value" out.txt | head -1
done <<LIST
POST_$D1/time_travel/restore d1 time-travel restore DB --bookmark before
DELETE_$D1 d1 delete shares
DELETE_/workers/scripts/finding/secrets/KEY secret delete KEY
DELETE_/workers/services/finding delete
PUT_/r2/buckets/copies/lock r2 bucket lock set copies --file no-rules.json
PUT_/r2/buckets/copies/domains/managed r2 bucket dev-url enable copies
nothing turnstile widget delete widget
nothing pipelines delete id
LIST
: >done; pty wrangler d1 time-travel restore DB --bookmark before >out.txt 2>&1; expect "n in a terminal, d1 time-travel restore" "$(cat done)" ""
: >done; pty wrangler d1 time-travel restore DB --bookmark before --json >out.txt 2>&1; expect "in a terminal, --json" "$(cat done)" "POST $D1/time_travel/restore"
echo "as stated: wrangler 4.156.0"
