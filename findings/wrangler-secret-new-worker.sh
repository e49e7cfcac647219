#!/usr/bin/env bash
# `wrangler secret put` and `secret bulk`: where nobody can be asked, a Worker that is not there is made, and gets the secret.
#
# wrangler 4.156.0 with Node 24.21.0, against a stand-in for Cloudflare's API on this machine, with two accounts: one has the Worker, the
# other has none.
# Behaviour:
# - With a terminal wrangler asks whether it is to make the Worker. From a pipe, or in CI, it answers "yes" itself: with the other
#   account's id, or a `--name` with a slip of the pen, it makes an empty Worker of that name, puts the secret into it, says "Success!"
#   and ends with 0. The Worker that was meant has the secret of before.
# - An `--env` that the configuration does not have is refused, if it has any environments.
# - `secret delete` and `versions secret put` say that there is no such Worker, and end with 1.
#
# Who is hurt: a rotation in a pipeline. All its lines are green, the old key is removed by the next step or by hand, and the
# Worker that holds the shares has never seen the new one; a sealing key lies in an account where it should not be. After a secret was put,
# ask the Worker itself (`/readyz`, the doctor), not wrangler.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $api 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

printf 'name = "finding"\ncompatibility_date = "2026-10-23"\n[env.production]\n' >wrangler.toml
cat >api.mjs <<'JS'
import { createServer } from "node:http";
import { appendFileSync, writeFileSync } from "node:fs";
const workers = { right: new Set(["finding-production"]), wrong: new Set() };
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    const [path] = request.url.split("?");
    const [, account, , name, rest] = path.match(/^\/accounts\/(\w+)\/workers\/(scripts|services|workers)\/([\w-]+)(.*)/) ?? [];
    const there = name && workers[account].has(name);
    const makes = request.method === "PUT" && name && rest === "";
    if (makes) workers[account].add(name);
    if (makes) appendFileSync("made", `${account}/${name} `);
    if (there && request.method !== "GET" && /secret|version/.test(rest)) appendFileSync("secrets", `${account}/${name} `);
    const ok = makes || there;
    response.writeHead(ok ? 200 : 404, { "content-type": "application/json" });
    const errors = ok ? [] : [{ code: 10007, message: "This Worker does not exist on your account." }];
    response.end(JSON.stringify({ success: ok, errors, messages: [], result: ok ? { id: "id" } : null }));
  });
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node api.mjs & api=$!
until [ -s port ]; do sleep 0.1; done
export CLOUDFLARE_API_TOKEN=token CLOUDFLARE_API_BASE_URL="http://127.0.0.1:$(cat port)"
echo '{"KEY":"value"}' >secrets.json

# A command in an account: how it ends, which Workers it made, which Workers have the secret.
seen() {
  local expected=$1 account=$2 code=0; shift 2
  rm -f made secrets; touch made secrets
  printf value | CLOUDFLARE_ACCOUNT_ID=$account timeout 120 wrangler "$@" >out.txt 2>&1 || code=$?
  local got="$code, made: $(cat made), secret in: $(cat secrets)"
  echo "$account account, $* -> $got"
  [ "$got" = "$expected" ] || { echo "changed: expected $expected"; cat out.txt; exit 1; }
}
seen "0, made: , secret in: right/finding-production " right secret put KEY --env production
seen "1, made: , secret in: " right secret put KEY --env producton
seen "1, made: , secret in: " wrong secret delete KEY --env production
seen "1, made: , secret in: " wrong versions secret put KEY --env production
seen "0, made: wrong/finding-production , secret in: wrong/finding-production " wrong secret put KEY --env production
grep -E "fallback value|Success" out.txt
seen "0, made: right/finding-prodction , secret in: right/finding-prodction " right secret put KEY --name finding-prodction
rm wrangler.toml
seen "0, made: wrong/finding-staging , secret in: wrong/finding-staging " wrong secret bulk secrets.json --name finding-staging
echo "as stated: wrangler 4.156.0"
