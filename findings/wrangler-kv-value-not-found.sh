#!/usr/bin/env bash
# `wrangler kv key get`: without `--remote` it reads an empty store of its own, and writes "Value not found" into the file, with exit code 0.
#
# wrangler 4.156.0, and a stand-in for Cloudflare's API that has every key.
# Behaviour:
# - `wrangler kv key get KEY --namespace-id ID > FILE` asks nobody. It reads the local store of `wrangler dev`, which has no such key, writes
#   "Value not found" to the standard output, so into FILE, writes nothing to the standard error, and ends with 0. So with a token in the environment.
# - With `--remote` it asks Cloudflare; a key that is not there is an error on the standard error, and exit code 1.
# - `wrangler kv bulk get FILE` says `"value": null` for it, local too, with exit code 0.
# - `wrangler r2 object get NAME --pipe` without `--remote` reads a local store as well, but ends with 1.
#
# Who is hurt: whoever takes shares out of a KV namespace in a loop, to move them or to keep a copy. Each file has a text in it, 16 bytes, and no command
# failed; an import takes it for a user's cipher text. Say `--remote`, and see that no two files are the same.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >api.mjs <<'JS'
import { appendFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
const server = createServer((request, response) => {
  appendFileSync("asked", `${request.method} ${request.url}\n`);
  if (request.url.endsWith("/values/user-1")) return response.end("the share of user 1");
  const errors = [{ code: 10009, message: "get: 'key not found'" }];
  response.writeHead(404, { "content-type": "application/json" }).end(JSON.stringify({ success: false, errors, messages: [], result: null }));
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
: >asked
node api.mjs & api=$!
trap 'kill $api; rm -rf "$dir"' EXIT
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)"
# get WHAT…: its exit code, and what is in the file.
get() { code=0; wrangler "$@" >file 2>errors || code=$?; }
space=(--namespace-id 0123456789abcdef0123456789abcdef)

get kv key get user-1 "${space[@]}"
echo "without --remote: exit code $code, the file has \"$(tr -d '\n' <file)\", errors: $(wc -c <errors) bytes, requests to Cloudflare: $(wc -l <asked)"
[ "$code" = 0 ] && [ "$(cat file)" = "Value not found" ] && [ ! -s errors ] && [ ! -s asked ]

get kv key get user-1 "${space[@]}" --remote
echo "with --remote: exit code $code, \"$(cat file)\""
[ "$code" = 0 ] && [ "$(cat file)" = "the share of user 1" ]
get kv key get user-2 "${space[@]}" --remote
echo "with --remote, no such key: exit code $code, $(grep -c 404 errors) error"
[ "$code" = 1 ] && grep -q "404" errors

echo '["user-1"]' >keys.json
: >asked
get kv bulk get keys.json "${space[@]}"
echo "bulk get: exit code $code, $(tr -d ' \n' <file)"
[ "$code" = 0 ] && [ "$(tr -d ' \n' <file)" = '{"user-1":{"value":null}}' ] && [ ! -s asked ]

get r2 object get bucket/user-1 --pipe
echo "r2 object get: exit code $code"
[ "$code" = 1 ] && [ ! -s asked ]
echo "as stated: wrangler 4.156.0"
