#!/usr/bin/env bash
# HTTP clients at a redirect: a registration becomes a list of users, a deletion a look at the user. Both with status 200.
#
# fetch of Node 24.21.0, axios 1.21.1, ky 2.1.0, ofetch 1.5.1 and got 16.1.0 (npm); requests 2.34.2, aiohttp 3.14.5 and httpx 0.28.1 (PyPI);
# each with its own defaults.
# Behaviour, of a request that a gateway redirects to the same path:
# - POST, 301 or 302: fetch, axios, ky, ofetch, requests and aiohttp send a GET without a body to the new address, and give that one's answer.
#   got sends the POST again within one origin, and a GET to another one.
# - DELETE and PUT, 302: requests makes a GET of these as well. The others keep the method. At a 301 all keep it.
# - 307 and 308: all keep method and body.
# - httpx follows none: its answer is the 301, and nothing is raised.
# - To another origin the credential is not sent along; a POST's body is, with 307 and 308.
#
# Who is hurt: a backend behind a gateway that redirects: a slash at the end, a path that has moved. `POST /users` comes as `GET /users` and
# is answered 200: "registered", and the user's first backup is refused. Behind a 302 a person who is to be deleted with requests is only
# looked at. Elsewhere it is 401, after the body has gone there. Give the clients the last address, and `redirect: "error"`,
# `maxRedirects: 0` or `allow_redirects=False`.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts axios@1.21.1 ky@2.1.0 ofetch@1.5.1 got@16.1.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 aiohttp==3.14.5 httpx==0.28.1

cat >ask.py <<'PY'
import asyncio, sys
import aiohttp, httpx, requests

async def of_aiohttp(method, url, **more):
    async with aiohttp.ClientSession() as session, session.request(method, url, **more) as response:
        return response.status

for line in sys.stdin:
    client, method, url = line.split()
    more = {"headers": {"authorization": "Bearer token"}, **({"json": {"id": "ann"}} if method != "DELETE" else {})}
    if client == "aiohttp":
        status = asyncio.run(of_aiohttp(method, url, **more))
    else:
        status = {"requests": requests, "httpx": httpx}[client].request(method, url, **more).status_code
    print(status, flush=True)
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import axios from "axios";
import got from "got";
import ky from "ky";
import { ofetch } from "ofetch";

let arrived;
const server = createServer((request, response) => {
  const [, status, where] = request.url.split("/");
  if (status !== "users") return response.writeHead(Number(status), { location: `${where === "other" ? other : ""}/users` }).end();
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    arrived = `${request.method}${body && " with its body"}${request.headers.authorization ? "" : " without credential"}`;
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address();
const [url, other] = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
const second = createServer((...call) => server.emit("request", ...call));
await new Promise((resolve) => second.listen(port, "::1", resolve)).catch(() => {});

const python = spawn("venv/bin/python", ["ask.py"], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const inPython = (client) => async (method, address) => {
  python.stdin.write(`${client} ${method} ${address}\n`);
  return Number((await lines.next()).value);
};
const headers = { authorization: "Bearer token" };
const json = (method) => (method === "DELETE" ? undefined : { id: "ann" });
const clients = {
  fetch: async (method, address) => (await fetch(address, { method, headers, body: json(method) && JSON.stringify(json(method)) })).status,
  axios: async (method, address) => (await axios({ method, url: address, headers, data: json(method) })).status,
  ky: async (method, address) => (await ky(address, { method, headers, json: json(method) })).status,
  ofetch: async (method, address) => (await ofetch.raw(address, { method, headers, body: json(method) })).status,
  got: async (method, address) => (await got(address, { method, headers, json: json(method) })).statusCode,
  requests: inPython("requests"),
  aiohttp: inPython("aiohttp"),
  httpx: inPython("httpx"),
};
const seen = {};
for (const [name, ask] of Object.entries(clients)) {
  seen[name] = {};
  for (const [method, status, where] of [
    ["POST", 301, "same"], ["POST", 302, "same"], ["POST", 308, "same"], ["DELETE", 301, "same"], ["DELETE", 302, "same"], ["PUT", 302, "same"],
    ["POST", 301, "other"], ["POST", 308, "other"], ["DELETE", 302, "other"],
  ]) {
    arrived = "nothing";
    const answer = await ask(method, `${url}/${status}/${where}`);
    seen[name][`${method} ${status}${where === "other" ? " elsewhere" : ""}`] = `${answer}: ${arrived}`;
  }
}
python.kill();
console.dir(seen);
const usual = {
  "POST 301": "200: GET", "POST 302": "200: GET", "POST 308": "200: POST with its body",
  "DELETE 301": "200: DELETE", "DELETE 302": "200: DELETE", "PUT 302": "200: PUT with its body",
  "POST 301 elsewhere": "200: GET without credential", "POST 308 elsewhere": "200: POST with its body without credential",
  "DELETE 302 elsewhere": "200: DELETE without credential",
};
const again = "200: POST with its body";
const none = Object.fromEntries(Object.keys(usual).map((name) => [name, `${name.split(" ")[1]}: nothing`]));
assert.deepEqual(seen, {
  fetch: usual, axios: usual, ky: usual, ofetch: usual, aiohttp: usual,
  got: { ...usual, "POST 301": again, "POST 302": again },
  requests: { ...usual, "DELETE 302": "200: GET", "PUT 302": "200: GET", "DELETE 302 elsewhere": "200: GET without credential" },
  httpx: none,
});
process.exit(0);
JS
timeout 120 node --no-warnings run.mjs
echo "as stated: Node 24.21.0, axios 1.21.1, ky 2.1.0, ofetch 1.5.1, got 16.1.0, requests 2.34.2, aiohttp 3.14.5, httpx 0.28.1"
