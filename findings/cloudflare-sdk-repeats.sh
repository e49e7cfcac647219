#!/usr/bin/env bash
# Cloudflare's own SDKs: a statement for D1 whose answer was lost is carried out again, up to three times, without a word.
#
# cloudflare 7.3.0 (npm) with Node 24.21.0 and cloudflare 5.9.0 (PyPI), against a stand-in for Cloudflare's API on this machine that carries each
# statement out in SQLite and loses answers.
# Behaviour of `d1.database.query`, and of `queues.messages.push` (tried in npm's), with the defaults:
# - The connection is lost, or the answer is 500 or 503 (or 408, 409, 429, read in the source): the SDK sends the POST again, at most twice. It has no
#   key by which the server could tell that it is the same. (`wrangler d1 execute --remote` 4.156.0, tried by hand, sends it once, and fails.)
# - One lost answer: the INSERT has made two rows, and the call resolves with the second one's answer. All lost: three rows, and an error.
# - `maxRetries: 0` (`max_retries=0`) sends it once.
#
# Who is hurt: whoever changes rows by a script of these SDKs (a count that goes up, a row that is moved by INSERT and DELETE, a message that starts a
# job). It happens when the network is bad, so never in a test. Set the retries to 0 for what changes something, or write statements that may come
# twice (`INSERT … ON CONFLICT DO NOTHING`, a condition on the old value).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts cloudflare@7.3.0
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check cloudflare==5.9.0

cat >run.py <<'PY'
import sys
from cloudflare import APIError, Cloudflare
url, retries = sys.argv[1:]
client = Cloudflare(api_token="token", base_url=url, **({"max_retries": int(retries)} if retries else {}))
try:
    client.d1.database.query("db", account_id="account", sql="INSERT INTO events VALUES ('once')")
    print("done", end="")
except APIError:
    print("error", end="")
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import Cloudflare from "cloudflare";
let db, lose, status, pushed;
const server = createServer(async (request, response) => {
  const body = JSON.parse((await Array.fromAsync(request)).join(""));
  assert.equal(Object.keys(request.headers).some((name) => /idempot/.test(name)), false);
  if (request.url.endsWith("/query")) db.exec(body.sql);
  else pushed += 1;
  if (lose-- > 0 && status === "lost") return request.socket.destroy();
  response.writeHead(lose >= 0 ? status : 200, { "content-type": "application/json" });
  response.end(JSON.stringify({ success: true, errors: [], messages: [], result: [] }));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const baseURL = `http://127.0.0.1:${server.address().port}`;
const sql = "INSERT INTO events VALUES ('once')";
const node = (retries) =>
  new Cloudflare({ apiToken: "token", baseURL, ...(retries === undefined ? {} : { maxRetries: retries }) }).d1.database.query("db", { account_id: "account", sql }).then(() => "done", () => "error");
const env = { ...process.env, NO_PROXY: "*", no_proxy: "*" };
const python = async (retries = "") => (await promisify(execFile)("py/bin/python", ["run.py", baseURL, String(retries)], { env })).stdout;
/** What the call says, and how often the statement was carried out. */
const seen = async (call, how, times, retries) => {
  db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE events (what TEXT)");
  [lose, status] = [times, how];
  const said = await call(retries);
  return `${said}, rows: ${db.prepare("SELECT count(*) AS n FROM events").get().n}`;
};
for (const [name, call] of Object.entries({ node, python })) {
  const all = {
    "nothing lost": await seen(call, "lost", 0),
    "one answer lost": await seen(call, "lost", 1),
    "one 500": await seen(call, 500, 1),
    "one 503": await seen(call, 503, 1),
    "all answers lost": await seen(call, "lost", 9),
    "one lost, no retries": await seen(call, "lost", 1, 0),
  };
  console.log(name, all);
  assert.deepEqual(all, {
    "nothing lost": "done, rows: 1",
    "one answer lost": "done, rows: 2",
    "one 500": "done, rows: 2",
    "one 503": "done, rows: 2",
    "all answers lost": "error, rows: 3",
    "one lost, no retries": "error, rows: 1",
  });
}
[lose, status, pushed] = [1, "lost", 0];
await new Cloudflare({ apiToken: "token", baseURL }).queues.messages.push("queue", { account_id: "account", body: "once", content_type: "text" });
console.log("messages pushed:", pushed);
assert.equal(pushed, 2);
process.exit(0);
JS
timeout 120 node --no-warnings run.mjs
echo "as stated: cloudflare 7.3.0 (npm), cloudflare 5.9.0 (PyPI)"
