#!/usr/bin/env bash
# Default caches of Next.js's service workers (Serwist, next-pwa): while the server is gone an app has an older answer, with status 200, though it said `no-store`.
#
# @serwist/next 9.5.13 (`defaultCache`) with serwist 9.5.13, @ducanh2912/next-pwa 10.2.9 and next-pwa 5.6.0 (their `runtimeCaching`) with workbox-build 7.4.1, in
# Chromium of Debian 12 (headless, by playwright-core 1.65.1), Node 24.21.0. Seen with Chromium 156.
# Behaviour, of a page on one origin that asks a server on another one by GET; every answer of the server says `Cache-Control: no-store`:
# - all three keep the answer for an hour ("cross-origin"; 32 of them). `fetch(…, { cache: "no-store" })` changes nothing.
# - when the server is gone, or has not answered for ten seconds, `fetch` resolves: the older answer, `ok`, status 200. Only a request that was never made fails.
# - the address alone counts, not `Authorization`: after the user has signed out the answer is still in the browser, for whoever asks.
# - POST always goes to the server. An answer 503 goes to the app as it is.
#
# Who is hurt: a web app that first asks whether the server answers, and then begins a backup: it is told "complete" by nobody, and the key in the user's cloud is
# replaced. A recovery takes the cipher text of the backup before, which no key opens any more. Leave the backup server's origin out of the service worker:
# a first rule with `NetworkOnly` for it.
#
# Needs Chromium (CHROMIUM_BIN may name it).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CHROMIUM_BIN=${CHROMIUM_BIN:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @serwist/next@9.5.13 serwist@9.5.13 @ducanh2912/next-pwa@10.2.9 next-pwa@5.6.0 \
  workbox-build@7.4.1 playwright-core@1.65.1 typescript@5.9.3 webpack@5.99.9
npm install --silent --no-audit --no-fund --legacy-peer-deps esbuild@0.28.2

cat >serwist.mjs <<'JS'
import { defaultCache } from "@serwist/next/worker";
import { Serwist } from "serwist";
new Serwist({ precacheEntries: [], skipWaiting: true, clientsClaim: true, runtimeCaching: defaultCache }).addEventListeners();
JS
esbuild serwist.mjs --bundle --format=iife --define:process.env.NODE_ENV='"production"' --outfile=serwist.js --log-level=error
cat >workbox.mjs <<'JS'
import { createRequire } from "node:module";
import { runtimeCaching } from "@ducanh2912/next-pwa";
import { generateSW } from "workbox-build";
const rules = { "next-pwa": createRequire(import.meta.url)("next-pwa/cache"), "@ducanh2912-next-pwa": runtimeCaching };
for (const [name, runtimeCaching] of Object.entries(rules))
  await generateSW({ swDest: `${name}.js`, runtimeCaching, skipWaiting: true, clientsClaim: true, inlineWorkboxRuntime: true, sourcemap: false, mode: "production" });
JS
node workbox.mjs 2>/dev/null
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
const listen = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
const app = createServer((request, response) => {
  const script = request.url.endsWith(".js");
  response.setHeader("content-type", script ? "text/javascript" : "text/html");
  response.end(script ? readFileSync(`.${request.url}`) : "<p>app</p>");
});
let state, arrived;
const backups = createServer((request, response) => {
  if (state === "gone") return arrived++, response.destroy();
  const headers = { "access-control-allow-origin": "*", "access-control-allow-headers": "*", "cache-control": "no-store", "content-type": "application/json" };
  if (request.method === "OPTIONS") return response.writeHead(204, headers).end();
  arrived++;
  if (state === "silent") return;
  response.writeHead(state === "503" ? 503 : 200, headers).end(JSON.stringify({ cipherText: state }));
});
const [appPort, port] = [await listen(app), await listen(backups)];
const url = `http://127.0.0.1:${port}/users/user-1/user-backup-share?backupMethod=GDRIVE`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
console.log(`Chromium ${browser.version()}`);
for (const worker of ["serwist", "next-pwa", "@ducanh2912-next-pwa"]) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://localhost:${appPort}/`);
  await page.evaluate(async (script) => {
    const controlled = new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
    await navigator.serviceWorker.register(script);
    await (navigator.serviceWorker.controller ?? controlled);
  }, `/${worker}.js`);
  const ask = async (credential, method = "GET", address = url) => {
    arrived = 0;
    const answer = await page.evaluate(([address, method, credential]) => {
      const headers = { authorization: `Bearer ${credential}` };
      return fetch(address, { method, headers, cache: "no-store" }).then(async (response) => `${response.status} ${await response.text()}`, () => "no answer");
    }, [address, method, credential]);
    return answer;
  };
  const seen = {};
  state = "first";
  seen.first = await ask("user-1");
  await page.waitForFunction(async (address) => (await caches.match(address)) !== undefined, url);
  state = "gone";
  seen.gone = await ask("user-1");
  assert.ok(arrived > 0);
  seen.goneAnother = await ask("user-2");
  seen.goneNew = await ask("user-1", "GET", `${url}2`);
  seen.goneStore = await ask("user-1", "POST");
  state = "silent";
  seen.silent = await ask("user-1");
  state = "503";
  seen.busy = await ask("user-1");
  console.log(worker, seen);
  const first = '200 {"cipherText":"first"}';
  assert.deepEqual(seen, { first, gone: first, goneAnother: first, silent: first, goneNew: "no answer", goneStore: "no answer", busy: '503 {"cipherText":"503"}' });
  await context.close();
}
await browser.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: @serwist/next 9.5.13, @ducanh2912/next-pwa 10.2.9, next-pwa 5.6.0, workbox-build 7.4.1"
