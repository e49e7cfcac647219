#!/usr/bin/env bash
# `wrangler r2 object`: of an object whose name has "#", "?", "%" or "..", another one is put, got and deleted, and the message names the right one.
#
# wrangler 4.156.0 with Node 24.21.0, `--remote` against a stand-in for Cloudflare's API on this machine that keeps what it is asked for, and
# `--local`.
# Behaviour of `r2 object put`, `get` and `delete` with `--remote`, as of an object that is named after a user:
# - The name goes into the URL as it stands, and is cut at a "#": for "user#2" the object "user" is put, got or deleted. wrangler says
#   `Deleting object "user#2" from bucket "copies".` and "Delete complete.", and ends with 0.
# - "a?b" goes as the object "a" with a query; "a/../b" as "b"; "a%20b" and "a b" are one and the same.
# - "user%232" reaches the object "user#2": give the name percent-encoded, part by part.
# - With `--local` "user#2" is an object of its own.
#
# Who is hurt: whoever keeps a copy of each user under the user's id (`auth0|…`, `team#ann`), and repairs or erases one by hand. The wrong person's
# copy is overwritten or deleted, the right one stays, and what was tried with `--local` did the right thing.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $api 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs" CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >api.mjs <<'JS'
import { createServer } from "node:http";
import { appendFileSync, writeFileSync } from "node:fs";
const server = createServer(async (request, response) => {
  await Array.fromAsync(request);
  const [, name] = request.url.split("/objects/");
  if (name !== undefined) appendFileSync("asked.txt", `${request.method} ${name}\n`);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ success: true, errors: [], messages: [], result: {} }));
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node api.mjs & api=$!
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)"

echo "a copy" >file
expect() { echo "$1: $2"; [ "$2" = "$3" ] || { echo "changed: expected $3"; cat out.txt; exit 1; }; }
object() { wrangler r2 object "$@" >out.txt 2>&1 || { cat out.txt; exit 1; }; }
remote() { # COMMAND, NAME, what is asked for
  rm -f asked.txt
  object "$1" "copies/$2" --file file --remote
  grep -qF "\"$2\"" out.txt
  expect "$1 $2" "$(cat asked.txt)" "$3"
}
remote put 'user#2' 'PUT user'
remote get 'user#2' 'GET user'
echo "a copy" >file # which get has written
remote put 'a?b' 'PUT a?b'
remote put 'a/../b' 'PUT b'
remote put 'a%20b' 'PUT a%20b'
remote put 'a b' 'PUT a%20b'
remote put 'user%232' 'PUT user%232'
object() { wrangler r2 object "${@:1:2}" "${@:5}" >out.txt 2>&1 || { cat out.txt; exit 1; }; } # delete takes no file
remote delete 'user#2' 'DELETE user'
grep -F 'Deleting object "user#2" from bucket "copies".' out.txt
grep "Delete complete" out.txt

# On this machine each is an object of its own.
for name in user 'user#2'; do
  echo "the copy of $name" >file
  wrangler r2 object put "copies/$name" --file file --local >out.txt 2>&1
done
wrangler r2 object delete 'copies/user#2' --local >out.txt 2>&1
expect "local, user" "$(wrangler r2 object get copies/user --pipe --local 2>/dev/null)" "the copy of user"
if wrangler r2 object get 'copies/user#2' --pipe --local >out.txt 2>&1; then echo "changed: user#2 is there"; exit 1; fi
echo "as stated: wrangler 4.156.0"
