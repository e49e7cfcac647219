#!/usr/bin/env bash
# Portal's React Native SDK: a connection that is lost counts as success.
#
# @portal-hq/utils 4.9.0, its HTTP helper over the XMLHttpRequest of jsdom 26.1.0 against a server on this machine.
# Behaviour:
# - It rejects for a status of 300 and more. A request that got no answer at all (refused, cut, offline) has status 0: it
#   resolves, with "".
# - It has no timeout: an answer that never comes is waited for without end.
# - Any Content-Type but exactly "application/json" sends an object as the text "[object Object]", also
#   "application/json; charset=utf-8".
#
# Who is hurt: everything that the SDK tells Portal goes this way. `portal.api.storedClientBackupShare(true, …)` resolves on
# a plane; Portal goes on thinking that there is no backup. An app must not throw its own copy away on the strength of it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @portal-hq/utils@4.9.0 jsdom@26.1.0

cat >run.js <<'JS'
const assert = require("node:assert/strict");
const { createServer } = require("node:http");
const { JSDOM, VirtualConsole } = require("jsdom");
const { HttpRequester } = require("@portal-hq/utils");

(async () => {
  const bodies = [];
  const server = createServer(async (request, response) => {
    if (request.url === "/cut") return request.socket.destroy();
    if (request.url === "/never") return;
    let body = "";
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    response.writeHead(request.url === "/conflict" ? 409 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: "it is there" }));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${server.address().port}`;
  globalThis.XMLHttpRequest = new JSDOM("", { url: origin, virtualConsole: new VirtualConsole() }).window.XMLHttpRequest;
  const requester = new HttpRequester({ baseUrl: origin });

  const refused = await requester.put("/conflict", { body: { success: true } }).catch((error) => error);
  assert.match(refused.message, /^409 - /);
  const cut = await requester.put("/cut", { body: { success: true } });
  const nobody = await new HttpRequester({ baseUrl: "http://127.0.0.1:1" }).put("/", { body: { success: true } });
  const never = await Promise.race([requester.get("/never"), new Promise((resolve) => setTimeout(resolve, 20_000, "still waiting"))]);
  await requester.post("/form", { body: { share: 1 }, headers: { "Content-Type": "application/json; charset=utf-8" } });
  console.log({ refused: refused.message, cut, nobody, never, body: bodies.at(-1) });
  assert.equal(cut, "");
  assert.equal(nobody, "");
  assert.equal(never, "still waiting");
  assert.equal(bodies.at(-1), "[object Object]");
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/utils 4.9.0, jsdom 26.1.0"
