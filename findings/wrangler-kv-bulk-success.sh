#!/usr/bin/env bash
# `wrangler kv bulk put` and `kv bulk delete`: "Success!" and exit code 0, also where Cloudflare's answer names keys that were not written or not deleted.
#
# wrangler 4.156.0, and a stand-in for Cloudflare's API. That the answers of both name in `unsuccessful_keys` what did not arrive everywhere, and must be sent
# again, is in the release notes of Workers KV (14 November 2024); when that happens was not seen.
# Behaviour, of two keys of which the answer says `"successful_key_count": 1, "unsuccessful_keys": ["user-2"]`:
# - `kv bulk put FILE --remote`: "Success!", exit code 0. Neither the key nor a number is shown, and it does not ask again.
# - `kv bulk delete FILE --remote --force`: the same.
# - An answer that is an error is one: exit code 1.
#
# Who is hurt: whoever deletes the shares of a KV namespace after a move, or those of people who asked for it: some are still there, and the log says "Success!".
# Ask for each key afterwards (`kv key list --remote`).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >api.mjs <<'JS'
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
const server = createServer(async (request, response) => {
  for await (const _ of request);
  appendFileSync("asked", `${request.method} ${request.url.split("/").at(-1)}\n`);
  const fails = existsSync("fails");
  const result = fails ? null : { successful_key_count: 1, unsuccessful_keys: ["user-2"] };
  const errors = fails ? [{ code: 10013, message: "internal error" }] : [];
  response.writeHead(fails ? 400 : 200, { "content-type": "application/json" }).end(JSON.stringify({ success: !fails, errors, messages: [], result }));
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node api.mjs & api=$!
trap 'kill $api; rm -rf "$dir"' EXIT
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)"
echo '[{"key":"user-1","value":"a share"},{"key":"user-2","value":"a share"}]' >put.json
echo '["user-1","user-2"]' >delete.json
# bulk WHAT…: its exit code, what it says, what it asks.
bulk() {
  : >asked
  code=0; wrangler kv bulk "$@" --namespace-id 0123456789abcdef0123456789abcdef --remote >out 2>&1 || code=$?
  echo "kv bulk $1: exit code $code, $(grep -c 'Success!' out || true) Success!, asked: $(tr '\n' ' ' <asked)"
}
bulk put put.json
[ "$code" = 0 ] && grep -q 'Success!' out && ! grep -q user-2 out && [ "$(cat asked)" = "PUT bulk" ]
bulk delete delete.json --force
[ "$code" = 0 ] && grep -q 'Success!' out && ! grep -q user-2 out && [ "$(wc -l <asked)" = 1 ]
touch fails
bulk put put.json
[ "$code" = 1 ] && ! grep -q 'Success!' out
bulk delete delete.json --force
[ "$code" = 1 ] && ! grep -q 'Success!' out
echo "as stated: wrangler 4.156.0"
