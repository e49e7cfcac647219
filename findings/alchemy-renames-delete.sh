#!/usr/bin/env bash
# Alchemy (infrastructure as TypeScript): a database that gets another name in the program is made anew, empty, and the one with the shares is deleted. It does not ask.
#
# alchemy 0.94.0 (npm), against a stand-in for Cloudflare's API that writes down what it is asked. Alchemy keeps its state in the folder .alchemy.
# Behaviour of a program with one `D1Database("db", { name: "shares" })`, run again after a change, each with exit code 0 and without a question:
# - `name: "shares-2"`: POST of a database shares-2, then DELETE of the first one. No row is copied.
# - another id in the program (`D1Database("records", …)`), same name: the same. It is the second database, and the first one is deleted.
# - the line is gone (moved to another program, or behind an `if`): DELETE.
# - with `delete: false` in the run before the change the database stays in all three cases. In the same run as a new name it is too late: the old
#   database is deleted as it was made.
#
# Who is hurt: whoever tidies up names. Nothing shows a plan first; the deployment's log says "replaced" and "cleaned". The
# Worker is bound to the new, empty database, and all shares are gone. Say `delete: false` for every
# database and bucket from the first run on.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts alchemy@0.94.0
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >api.mjs <<'JS'
import { appendFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
let made = 0;
const server = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  const at = request.url.split("/").at(-1);
  if (request.method === "POST") made += 1;
  if (request.method !== "GET") appendFileSync("asked", `${request.method} ${request.method === "POST" ? `${JSON.parse(body).name} (database ${made})` : at}\n`);
  const result = request.method === "POST" ? { uuid: `database-${made}`, name: JSON.parse(body).name } : { uuid: at };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ success: true, errors: [], messages: [], result }));
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node api.mjs & api=$!
trap 'kill $api; rm -rf "$dir"' EXIT
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_BASE_URL="http://127.0.0.1:$(cat port)" CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account
export CI=true ALCHEMY_CI_STATE_STORE_CHECK=false ALCHEMY_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1
# run TEXT: a deployment of a program with this line in it, and what Cloudflare is asked.
run() {
  cat >alchemy.run.mjs <<JS
import alchemy from "alchemy";
import { D1Database } from "alchemy/cloudflare";
const app = await alchemy("backup", { stage: "production", password: "a password" });
$1
await app.finalize();
JS
  : >asked
  node alchemy.run.mjs </dev/null >log 2>&1
  asked=$(grep -v PATCH asked | tr '\n' ';' | sed 's/;$//; s/;/, then /g' || true)
  echo "${1:-without the line}: $asked"
}
expect() { [ "$asked" = "$1" ] || { cat log; exit 1; }; }
fresh() { rm -rf .alchemy; echo "a new start:"; }

run 'await D1Database("db", { name: "shares" });'
expect "POST shares (database 1)"
run 'await D1Database("db", { name: "shares" });'
expect ""
run 'await D1Database("db", { name: "shares-2" });'
expect "POST shares-2 (database 2), then DELETE database-1"
run 'await D1Database("records", { name: "shares-2" });'
expect "POST shares-2 (database 3), then DELETE database-2"
run ''
expect "DELETE database-3"

fresh
run 'await D1Database("db", { name: "shares", delete: false });'
expect "POST shares (database 4)"
run 'await D1Database("db", { name: "shares-2", delete: false });'
expect "POST shares-2 (database 5)"
run 'await D1Database("records", { name: "shares-2", delete: false });'
expect "POST shares-2 (database 6)"
run ''
expect ""

fresh
run 'await D1Database("db", { name: "shares" });'
expect "POST shares (database 7)"
run 'await D1Database("db", { name: "shares-2", delete: false });'
expect "POST shares-2 (database 8), then DELETE database-7"
echo "as stated: alchemy 0.94.0"
