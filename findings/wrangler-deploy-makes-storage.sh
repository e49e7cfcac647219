#!/usr/bin/env bash
# `wrangler deploy` with a slip in the name of a bucket or database: it makes a new, empty one, and the live Worker gets it. It does not ask, and ends with 0.
#
# wrangler 4.156.0 with Node 24.21.0, against a stand-in for Cloudflare's API on this machine: an account with the database `portal-backup` and the bucket
# `copies`, both bound to the live Worker.
# Behaviour, in CI, with nobody to ask:
# - `bucket_name = "copys"`: "Provisioning COPY (R2 Bucket)... Creating new R2 Bucket". The deployment that follows binds the new one in place of `copies`.
# - a D1 without `database_id`, `database_name = "portal_backup"`: the same, without a place for the database, which cannot be chosen later.
# - `--strict` changes nothing. `versions upload`, which deploys nothing, makes both as well. The file keeps its slip, and gets no id.
# - With the right names, or with none at all, the Worker keeps what it has ("inherited"). `--x-provision=false` refuses a D1 without its id; of a bucket's
#   name it makes nothing, and leaves the rest to Cloudflare.
#
# Who is hurt: whoever deploys by hand or from a pipeline of their own. Shares go on into an empty database or bucket, and the people of before have none.
# Give each D1 its id, and deploy with `--x-provision=false`.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $api 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs" CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

echo 'export default { fetch: () => new Response() };' >worker.mjs
cat >api.mjs <<'JS'
import { createServer } from "node:http";
import { appendFileSync, writeFileSync } from "node:fs";
const live = [{ name: "COPY", type: "r2_bucket", bucket_name: "copies" }, { name: "DB", type: "d1", id: "id-of-live" }];
const worker = { default_environment: { script: {} }, subdomain: { enabled: false, previews_enabled: false } };
const version = { id: "version", metadata: {}, resources: { bindings: [], script: {} }, startup_time_ms: 1 };
const results = { deployments: { deployments: [] }, finding: worker, secrets: [], settings: { bindings: live }, versions: version };
const database = { uuid: "id-of-live", name: "portal-backup" };
const server = createServer(async (request, response) => {
  const body = (await Array.fromAsync(request)).join("");
  const path = request.url.split("?")[0];
  const name = decodeURIComponent(path.split("/").at(-1));
  let result = results[name] ?? {};
  let missing = false;
  if (path.endsWith("/d1/database")) result = request.method === "GET" ? [database] : { uuid: "id-of-new", name: JSON.parse(body).name };
  else if (path.includes("/d1/database/")) (missing = !Object.values(database).includes(name)), (result = database);
  if (path.endsWith("/r2/buckets")) result = { buckets: [{ name: "copies" }] };
  else if (path.includes("/r2/buckets/")) (missing = name !== "copies"), (result = { name });
  if (request.method === "POST" && /\/(database|buckets)$/.test(path)) appendFileSync("sent.txt", `makes ${body}\n`);
  const bindings = /"bindings":(\[.*?\])/.exec(body);
  if (bindings && path.endsWith("/versions")) appendFileSync("sent.txt", JSON.parse(bindings[1]).map((one) => `binds ${one.name} ${one.id ?? one.bucket_name ?? one.type}\n`).join(""));
  if (path.endsWith("/deployments") && request.method === "POST") appendFileSync("sent.txt", "deploys\n");
  response.statusCode = missing ? 404 : 200;
  response.setHeader("content-type", "application/json");
  const errors = missing ? [{ code: path.includes("/r2/") ? 10006 : 7404, message: "not there" }] : [];
  response.end(JSON.stringify({ success: !missing, errors, messages: [], result: missing ? null : result }));
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node api.mjs & api=$!
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_ACCOUNT_ID=account CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)"

# FILE, what the D1 says, what the bucket says.
config() {
  printf 'name = "finding"\nmain = "worker.mjs"\ncompatibility_date = "2026-10-23"\nworkers_dev = false\n[[d1_databases]]\nbinding = "DB"\n%s\n[[r2_buckets]]\nbinding = "COPY"\n%s\n' "$2" "$3" >"$1"
}
config slip.toml 'database_name = "portal_backup"' 'bucket_name = "copys"'
config bucket.toml 'database_id = "id-of-live"' 'bucket_name = "copys"'
config right.toml 'database_name = "portal-backup"' 'bucket_name = "copies"'
config bare.toml '' ''
cp slip.toml before.toml
# EXPECTED, then the command.
sent() {
  local expected=$1; shift; : >sent.txt
  wrangler "$@" >out.txt 2>&1 </dev/null || { cat out.txt; exit 1; }
  echo "$*: $(paste -sd, sent.txt)"
  [ "$(sort sent.txt)" = "$(printf "$expected" | sort)" ] || { echo "changed"; cat sent.txt out.txt; exit 1; }
}
MAKES='makes {"name":"portal_backup"}\nmakes {"name":"copys"}\nbinds COPY copys\nbinds DB id-of-new\n'
sent "${MAKES}deploys\n" deploy --config slip.toml
grep 'Creating new' out.txt
sent "${MAKES}deploys\n" deploy --config slip.toml --strict
sent "$MAKES" versions upload --config slip.toml
cmp slip.toml before.toml
sent 'makes {"name":"copys"}\nbinds COPY copys\nbinds DB id-of-live\ndeploys\n' deploy --config bucket.toml
sent 'binds COPY copies\nbinds DB inherit\ndeploys\n' deploy --config right.toml
sent 'binds COPY inherit\nbinds DB inherit\ndeploys\n' deploy --config bare.toml
sent 'binds COPY copys\nbinds DB id-of-live\ndeploys\n' deploy --config bucket.toml --x-provision=false
: >sent.txt
if wrangler deploy --config slip.toml --x-provision=false >out.txt 2>&1 </dev/null || [ -s sent.txt ]; then echo "changed: a D1 without its id is taken"; cat out.txt; exit 1; fi
grep 'must have a "database_id"' out.txt
echo "as stated: wrangler 4.156.0"
