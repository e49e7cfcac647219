#!/usr/bin/env bash
# HTTP clients with a cache that keep what says `no-store`: requests-cache, aiohttp-client-cache and hishel each GET, node-fetch-cache also stores, and their 503.
#
# requests-cache 1.3.3 with requests 2.34.2, aiohttp-client-cache 0.15.0, hishel 2.0.0 and CacheControl 0.14.4 (PyPI); node-fetch-cache 5.1.0,
# axios-cache-interceptor 1.12.3 with axios 1.21.1, make-fetch-happen 16.0.0 and got 16.1.0 (npm), each with its own defaults, Node 24.21.0.
# Behaviour, against a server whose every answer says `Cache-Control: no-store`:
# - requests-cache, aiohttp-client-cache and hishel (its httpx client and its adapter for requests): a GET that was answered 200 is not sent again, also not with
#   another `Authorization`. With `cache_control=True` requests-cache and aiohttp-client-cache send it.
# - node-fetch-cache: no request with the same address, body and headers is sent again, be it GET, POST or DELETE. An answer 503 is kept just so.
# - CacheControl, axios-cache-interceptor, make-fetch-happen and got send each request.
#
# Who is hurt: a backend that asks for a user's backups with such a client: it shows the state of the first day, and gives one operator what another one's credential
# was given. With node-fetch-cache a share whose store was answered 503 once is not sent by any later try; nobody hears of it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts node-fetch-cache@5.1.0 axios@1.21.1 axios-cache-interceptor@1.12.3 make-fetch-happen@16.0.0 got@16.1.0
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check requests-cache==1.3.3 requests==2.34.2 aiohttp-client-cache==0.15.0 'hishel[requests,httpx]==2.0.0' CacheControl==0.14.4

cat >server.mjs <<'JS'
import { createServer } from "node:http";
/** Gives each request a number of its own; `/busy` is answered 503 the first time. */
let count = 0, busy = true;
export const server = createServer((request, response) => {
  request.resume().on("end", () => {
    const status = request.url === "/busy" && busy ? 503 : 200;
    if (status === 503) busy = false;
    response.writeHead(status, { "cache-control": "no-store", "content-type": "application/json" }).end(JSON.stringify({ number: ++count }));
  });
});
export const again = () => (busy = true);
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
export const url = `http://127.0.0.1:${server.address().port}`;
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { promisify } from "node:util";
import axios from "axios";
import { setupCache } from "axios-cache-interceptor";
import got from "got";
import fetchHappen from "make-fetch-happen";
import nodeFetchCache from "node-fetch-cache";
import { again, url } from "./server.mjs";
const cached = setupCache(axios.create({ validateStatus: () => true }));
const map = new Map();
const gotCached = got.extend({ cache: map, retry: { limit: 0 }, throwHttpErrors: false });
const folder = mkdtempSync("./cache-");
const numbered = async (response) => [response.status, (await response.json()).number];
const clients = {
  "node-fetch-cache": async (path, method, credential) => numbered(await nodeFetchCache(url + path, { method, headers: { authorization: credential } })),
  "axios-cache-interceptor": async (path, method, credential) => {
    const { status, data } = await cached({ url: url + path, method, headers: { authorization: credential } });
    return [status, data.number];
  },
  "make-fetch-happen": async (path, method, credential) => numbered(await fetchHappen(url + path, { method, cachePath: folder, retry: false, headers: { authorization: credential } })),
  got: async (path, method, credential) => {
    const { statusCode, body } = await gotCached(url + path, { method, headers: { authorization: credential } });
    return [statusCode, JSON.parse(body).number];
  },
};
const ask = async (client) => {
  again();
  const same = async (path, method, second = "one") => String(await client(path, method, "one")) === String(await client(path, method, second));
  const seen = [];
  if (await same("/users", "GET")) seen.push("GET");
  if (await same("/users/1", "GET", "two")) seen.push("GET of another credential");
  if (await same("/users/1", "DELETE")) seen.push("DELETE");
  if (await same("/share", "POST")) seen.push("POST");
  const [first] = await client("/busy", "POST", "one");
  const [second] = await client("/busy", "POST", "one");
  assert.equal(first, 503);
  if (second === 503) seen.push("503");
  return seen.join(", ") || "-";
};
const seen = {};
for (const [name, client] of Object.entries(clients)) seen[name] = await ask(client);
again();
const { stdout } = await promisify(execFile)("py/bin/python", ["run.py", url]);
Object.assign(seen, JSON.parse(stdout));
console.log("answered by the cache:", seen);
assert.deepEqual(seen, {
  "node-fetch-cache": "GET, DELETE, POST, 503",
  "axios-cache-interceptor": "-",
  "make-fetch-happen": "-",
  got: "-",
  "requests-cache": "GET, GET of another credential",
  "requests-cache, cache_control": "-",
  "aiohttp-client-cache": "GET, GET of another credential",
  "aiohttp-client-cache, cache_control": "-",
  "hishel, requests": "GET, GET of another credential",
  "hishel, httpx": "GET, GET of another credential",
  CacheControl: "-",
});
process.exit(0);
JS
cat >run.py <<'PY'
import asyncio, json, sys
import aiohttp_client_cache, cachecontrol, hishel.httpx, hishel.requests, requests, requests_cache
url = sys.argv[1]
def of(session):
    def ask(path, method, credential):
        answer = session.request(method, url + path, headers={"authorization": credential})
        return answer.status_code, answer.json()["number"]
    return ask
def told(ask):
    same = lambda path, method, second="one": ask(path, method, "one") == ask(path, method, second)
    seen = []
    if same("/users", "GET"): seen.append("GET")
    if same("/users/1", "GET", "two"): seen.append("GET of another credential")
    if same("/users/1", "DELETE"): seen.append("DELETE")
    if same("/share", "POST"): seen.append("POST")
    return ", ".join(seen) or "-"
def with_hishel():
    session = requests.Session()
    session.mount("http://", hishel.requests.CacheAdapter())
    return session
def aiohttp(**settings):
    loop = asyncio.new_event_loop()
    async def ask(path, method, credential):
        async with aiohttp_client_cache.CachedSession(cache=cache) as session:
            async with session.request(method, url + path, headers={"authorization": credential}) as answer:
                return answer.status, (await answer.json())["number"]
    async def make():
        return aiohttp_client_cache.CacheBackend(**settings)
    cache = loop.run_until_complete(make())
    return told(lambda *of: loop.run_until_complete(ask(*of)))
print(json.dumps({
    "requests-cache": told(of(requests_cache.CachedSession(backend="memory"))),
    "requests-cache, cache_control": told(of(requests_cache.CachedSession(backend="memory", cache_control=True))),
    "aiohttp-client-cache": aiohttp(),
    "aiohttp-client-cache, cache_control": aiohttp(cache_control=True),
    "hishel, httpx": told(of(hishel.httpx.CacheClient())),
    "hishel, requests": told(of(with_hishel())),
    "CacheControl": told(of(cachecontrol.CacheControl(requests.Session()))),
}))
PY
timeout 100 node run.mjs
echo "as stated: requests-cache, aiohttp-client-cache, hishel, CacheControl, node-fetch-cache, axios-cache-interceptor, make-fetch-happen, got"
