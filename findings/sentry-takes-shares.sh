#!/usr/bin/env bash
# Sentry's SDKs on a server that gets Portal's webhook: an error takes the custodian share along to Sentry, by default. From Python the webhook's
# secret goes too.
#
# @sentry/node 11.12.0 with express 5.3.0 and Node 24.21.0, @sentry/cloudflare 11.0.0 in wrangler 4.156.0 (workerd 1.20261023.1), and sentry-sdk 2.75.0
# (PyPI) with Flask 3.1.3; each with no setting but the address, which is a stand-in for Sentry on this machine.
# Behaviour, of a handler that throws after it has read the body, as when its database is down:
# - Node and Workers: the event has the body of the request, if it has up to 10,000 bytes, as a custodian share has (5.8 KB). Of a longer one, as a
#   cipher text is, it has the beginning. The headers Authorization and X-Webhook-Secret are "[Filtered]".
# - Python: the event has the body up to 10,000 bytes, and the variables of each function, where the share is whole, whatever its length. Authorization is
#   "[Filtered]" among the headers; X-Webhook-Secret stands there as it came.
# - What keeps the share out: `dataCollection: { httpBodies: [] }` in JavaScript; in Python `max_request_body_size="never"` and
#   `include_local_variables=False` together. `send_default_pii=False`, which is the default, does not.
#
# Who is hurt: a company whose own server stores the shares, or passes the webhook on, and reports its errors. One minute without the database, and the
# shares of all who backed up then, which exist once, lie with a third party, readable for everybody who may see the project.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0 @sentry/node@11.12.0 @sentry/cloudflare@11.0.0 express@5.3.0
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sentry-sdk==2.75.0 flask==3.1.3

# Sentry, as far as it goes here: it keeps what it is sent, and GET gives it.
cat >sink.mjs <<'JS'
import { createServer } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
const unpack = { gzip: gunzipSync, br: brotliDecompressSync };
const kept = [];
const server = createServer(async (request, response) => {
  if (request.method === "GET") return response.end(JSON.stringify(kept.splice(0)));
  const sent = Buffer.concat(await request.toArray());
  const lines = String((unpack[request.headers["content-encoding"]] ?? ((bytes) => bytes))(sent)).split("\n");
  for (const line of lines) if (line.startsWith("{") && "exception" in JSON.parse(line)) kept.push(JSON.parse(line));
  response.end("{}");
});
server.listen(Number(process.env.SINK_PORT), "127.0.0.1");
JS
cat >node-server.mjs <<'JS'
import * as Sentry from "@sentry/node";
Sentry.init({ dsn: process.env.DSN, ...JSON.parse(process.env.SETTINGS) });
const { default: express } = await import("express");
const app = express();
app.post("/webhook/backup", express.json({ limit: "1mb" }), (request) => {
  throw new Error(`no database for ${request.body.clientId}`);
});
Sentry.setupExpressErrorHandler(app);
app.use((_error, _request, response, _next) => response.status(500).end());
app.listen(Number(process.env.PORT), "127.0.0.1");
JS
cat >worker.mjs <<'JS'
import * as Sentry from "@sentry/cloudflare";
export default Sentry.withSentry((env) => ({ dsn: env.DSN, ...JSON.parse(env.SETTINGS) }), {
  async fetch(request) {
    const { clientId } = await request.json();
    throw new Error(`no database for ${clientId}`);
  },
});
JS
cat >server.py <<'PY'
import json, os
import sentry_sdk
from flask import Flask, request
sentry_sdk.init(dsn=os.environ["DSN"], **json.loads(os.environ["SETTINGS"]))
app = Flask(__name__)
@app.post("/webhook/backup")
def backup():
    body = request.get_json()
    raise RuntimeError(f"no database for {body['clientId']}")
app.run("127.0.0.1", int(os.environ["PORT"]))
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createTestHarness } from "wrangler";

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const children = [];
process.on("exit", () => {
  for (const child of children) child.kill();
});
const start = (command, file, environment) => {
  const child = spawn(command, [file], { env: { ...process.env, ...environment }, stdio: "ignore" });
  children.push(child);
  return child;
};

const SINK_PORT = await freePort();
start("node", "sink.mjs", { SINK_PORT });
const DSN = `http://key@127.0.0.1:${SINK_PORT}/1`;

const send = async (post, count) => {
  const share = JSON.stringify({ share: "S".repeat(count) });
  const body = JSON.stringify({ clientId: `client-${count}`, share });
  const headers = { "content-type": "application/json", "x-webhook-secret": "the-webhook-secret", authorization: "Bearer the-token" };
  for (let tries = 0; tries < 60; tries += 1) {
    await post("/webhook/backup", { method: "POST", headers, body }).catch(() => {});
    await wait(500);
    const [event] = await fetch(`http://127.0.0.1:${SINK_PORT}/`).then((answer) => answer.json(), () => []);
    if (event) return event;
  }
  throw new Error("no event");
};
// How much of the share the event has, where; and which of the two credentials.
const longest = (value) => Math.max(0, ...(JSON.stringify(value ?? "").match(/S{2,}/g) ?? []).map((run) => run.length));
const look = (event) => ({
  body: longest(event.request?.data),
  variables: longest(event.exception),
  secret: JSON.stringify(event).includes("the-webhook-secret"),
  token: JSON.stringify(event).includes("the-token"),
});
const expect = (name, event, expected) => {
  const seen = look(event);
  console.log(name, JSON.stringify(seen));
  assert.deepEqual(seen, expected);
};
const run = async (name, start, cases) => {
  const { post, stop } = await start();
  for (const [count, expected] of cases) expect(`${name}, a share of ${count}:`, await send(post, count), expected);
  await stop();
};
const process_ = (command, file, settings) => async () => {
  const PORT = await freePort();
  const child = start(command, file, { PORT, DSN, SETTINGS: JSON.stringify(settings) });
  return { post: (path, options) => fetch(`http://127.0.0.1:${PORT}${path}`, options), stop: () => child.kill() };
};
const worker = (settings) => async () => {
  const config = {
    name: "finding",
    main: "worker.mjs",
    compatibility_date: "2026-10-23",
    compatibility_flags: ["nodejs_compat"],
    vars: { DSN, SETTINGS: JSON.stringify(settings) },
  };
  writeFileSync("wrangler.json", JSON.stringify(config));
  const harness = createTestHarness({ workers: [{ configPath: "wrangler.json" }] });
  await harness.listen();
  return { post: (path, options) => harness.fetch(path, options), stop: () => harness.close() };
};

const nothing = { body: 0, variables: 0, secret: false, token: false };
const quiet = { dataCollection: { httpBodies: [] } };
await run("Node", process_("node", "node-server.mjs", {}), [[5800, { ...nothing, body: 5800 }], [20000, { ...nothing, body: 9948 }]]);
await run("Node, no bodies", process_("node", "node-server.mjs", quiet), [[5800, nothing]]);
await run("Workers", worker({}), [[5800, { ...nothing, body: 5800 }], [20000, { ...nothing, body: 9948 }]]);
await run("Workers, no bodies", worker(quiet), [[5800, nothing]]);
const python = "venv/bin/python";
await run("Python", process_(python, "server.py", {}), [
  [5800, { body: 5800, variables: 5800, secret: true, token: false }],
  [20000, { body: 0, variables: 20000, secret: true, token: false }],
]);
await run("Python, no PII", process_(python, "server.py", { send_default_pii: false }), [[5800, { body: 5800, variables: 5800, secret: true, token: false }]]);
await run("Python, neither body nor variables", process_(python, "server.py", { max_request_body_size: "never", include_local_variables: false }), [
  [5800, { ...nothing, secret: true }],
]);
process.exit(0);
JS
timeout 300 node run.mjs 2>errors.txt || { grep -v "no database for" errors.txt | tail -25; exit 1; }
echo "as stated: @sentry/node 11.12.0, @sentry/cloudflare 11.0.0, wrangler 4.156.0, sentry-sdk 2.75.0 (PyPI)"
