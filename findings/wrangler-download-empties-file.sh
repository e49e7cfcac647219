#!/usr/bin/env bash
# `wrangler r2 object get` and `d1 export`: what a download that brings nothing leaves of the file that was there.
#
# wrangler 4.156.0 with Node 24.21.0; local R2 and D1, and a stand-in for Cloudflare's API on this machine.
# Behaviour:
# - `r2 object get BUCKET/KEY --file F` ends with 1 if the object is missing, the token is refused, or nobody answers. It has
#   emptied F by then: a file that an earlier run had brought has 0 bytes. If the connection breaks half way, F holds the first
#   half.
# - `d1 export NAME --table T --output F` of a table that does not exist ends with 0, says "Done!", and leaves F with one line: a
#   PRAGMA.
# - `d1 export` that gets no answer leaves F as it was.
#
# Who is hurt: whoever pulls the keys' escrow, an object of the second copy, or one table every night into the file of the night
# before. On the night when the bucket is gone, the command takes the last good copy too. Download under a new name, look at it,
# then rename.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $api 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs" CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >wrangler.toml <<'TOML'
compatibility_date = "2026-10-23"
[[d1_databases]]
binding = "DB"
database_name = "finding"
database_id = "finding"
[[r2_buckets]]
binding = "COPY"
bucket_name = "finding"
TOML
cat >api.mjs <<'JS'
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
const server = createServer((request, response) => {
  if (request.url.endsWith("/half")) {
    response.setHeader("content-length", 10);
    response.write("first");
    setTimeout(() => response.destroy(), 500);
  } else if (request.url.endsWith("/there")) {
    response.end("the object");
  } else {
    response.writeHead(request.url.endsWith("/denied") ? 403 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify({ success: false, errors: [{ code: 10000, message: "refused" }], messages: [], result: null }));
  }
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node api.mjs & api=$!
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)"

# A command that writes into `file`: what stood there before, how it ends, what stands there then.
seen() {
  local expected=$1 code=0; shift
  printf 'last night' >file
  timeout 120 wrangler "$@" >out.txt 2>&1 </dev/null || code=$?
  local got="$code: $(cat file)"
  echo "$* -> $got"
  [ "$got" = "$expected" ] || { echo "changed: expected $expected"; cat out.txt; exit 1; }
}
printf 'the object' >object
wrangler r2 object put finding/there --local --file object >out.txt 2>&1
wrangler d1 execute finding --local --command "CREATE TABLE shares (id TEXT); INSERT INTO shares VALUES ('one')" >out.txt 2>&1
seen "0: the object" r2 object get finding/there --local --file file
seen "1: " r2 object get finding/missing --local --file file
seen "0: the object" r2 object get finding/there --remote --file file
for key in missing denied; do seen "1: " r2 object get "finding/$key" --remote --file file; done
seen "1: first" r2 object get finding/half --remote --file file
seen "0: PRAGMA defer_foreign_keys=TRUE;" d1 export finding --local --table share --output file
grep -o "Done!" out.txt
kill $api; wait $api 2>/dev/null || true
seen "1: " r2 object get finding/there --remote --file file
seen "1: last night" d1 export finding --remote --output file
echo "as stated: wrangler 4.156.0"
