#!/usr/bin/env bash
# `wrangler tail --format json`: one event is twenty-six lines and more of JSON, not one; and a tail that Cloudflare closes ends with 0, without a word.
#
# wrangler 4.156.0 with Node 24.21.0, its output in a pipe, against a stand-in for Cloudflare's API on this machine that sends two events of one log line each.
# Behaviour:
# - Each event is written with line feeds and indentation: no line of it is JSON. `grep error` gives lines without their request; `jq` reads it as it is, `jq -c .` makes lines of it.
#   `--format pretty` is what a terminal shows.
# - The connection is closed in good order: wrangler ends with 0 and writes nothing to its error output. What the Worker logs from then on is nowhere.
# - The connection is cut: wrangler connects anew, and says so.
#
# Who is hurt: whoever keeps a Worker's log by such a pipe, in a file, or in a program that ships lines: in the log are braces, or from some hour on nothing, and the service
# that runs it ends as if it were done. Put `jq -c` in between, and start the tail again also after a 0; for a log that must be whole use Logpush or a tail Worker.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs" CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
const frame = (code, bytes) => Buffer.concat([Buffer.from(bytes.length < 126 ? [0x80 | code, bytes.length] : [0x80 | code, 126, bytes.length >> 8, bytes.length & 255]), bytes]);
const event = (line) => {
  const request = { url: "https://backup.example.com/readyz", method: "GET", headers: {}, cf: {} };
  return { outcome: "ok", scriptName: "finding", exceptions: [], logs: [{ message: [line], level: "log", timestamp: 1 }], eventTimestamp: 1, event: { request, response: { status: 200 } } };
};
let how, connections, port;
const server = createServer((request, response) => {
  const result = request.url.includes("/tails") ? { id: "tail", url: `ws://127.0.0.1:${port}/`, expires_at: new Date(Date.now() + 3_600_000).toISOString() } : {};
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ success: true, errors: [], messages: [], result }));
});
server.on("upgrade", (request, socket) => {
  connections++;
  const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.on("error", () => {});
  socket.resume();
  socket.write(["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`, "Sec-WebSocket-Protocol: trace-v1", "", ""].join("\r\n"));
  const last = how === "closed" || connections === 2;
  for (const line of ["first", "second"]) socket.write(frame(1, Buffer.from(JSON.stringify(event(line)))));
  setTimeout(() => (last ? socket.end(frame(8, Buffer.from([0x03, 0xe8]))) : socket.destroy()), 1000);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
port = server.address().port;
const env = { ...process.env, CLOUDFLARE_API_TOKEN: "token", CLOUDFLARE_ACCOUNT_ID: "account", CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}` };
for (how of ["closed", "cut"]) {
  connections = 0;
  const tail = spawn("wrangler", ["tail", "finding", "--format", "json"], { env, stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors] = [tail.stdout, tail.stderr].map((stream) => Array.fromAsync(stream).then((parts) => parts.join("")));
  const code = await new Promise((resolve) => tail.on("close", resolve));
  const written = await output;
  const said = await errors;
  const lines = written.split("\n").filter(Boolean);
  const isJson = (line) => { try { return typeof JSON.parse(line) === "object"; } catch { return false; } };
  const whole = lines.filter(isJson).filter((line) => !["{}", "[]"].includes(line.trim())).length;
  console.log({ how, code, connections, events: written.match(/"outcome"/g).length, lines: lines.length, whole, said: said.trim() });
  assert.equal(code, 0);
  assert.equal(whole, 0);
  assert.ok(lines.length > 10 * written.match(/"outcome"/g).length);
  assert.equal(connections, how === "closed" ? 1 : 2);
  assert.equal(/Reconnecting/.test(said), how === "cut");
  if (how === "closed") assert.equal(said.trim(), "");
}
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: wrangler 4.156.0"
