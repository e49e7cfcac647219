#!/usr/bin/env bash
# fetch with `keepalive` in Chromium: of three stores of 24 KB at once the third one fails, as a lost connection does.
#
# Chromium of Debian 12 (headless, by playwright-core 1.65.1) against a server on this machine, Node 24.21.0. Seen with Chromium 156.
# Behaviour:
# - `fetch(url, { method: "POST", keepalive: true, body })` lasts when the page goes, and may have 64 KiB of body: more is "Failed to fetch". That is known.
# - the 64 KiB are those of all such requests of the page together, and of `sendBeacon`: of three bodies of 24,000 bytes at once the third one is "Failed to
#   fetch", the server does not see it. Without `keepalive` all three arrive. The third `sendBeacon` gives false.
# - one after the other all arrive, each with a pause after the answer before it. With no pause a third one may still fail: the browser frees the bytes a moment
#   after the answer.
#
# Who is hurt: a web app that stores cipher texts (16 to 24 KB each) with `keepalive`, so that a closed tab loses none: two work in every test, the third one
# (a second method, or the outbox after a day offline) looks like a lost connection. Send one after the other, try again, and keep in the outbox what
# was not answered.
#
# Needs Chromium (CHROMIUM_BIN may name it).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CHROMIUM_BIN=${CHROMIUM_BIN:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

let arrived = [];
const server = createServer((request, response) => {
  if (request.method === "GET") return response.setHeader("content-type", "text/html").end("<p>app</p>");
  let size = 0;
  request.on("data", (chunk) => (size += chunk.length));
  request.on("end", () => {
    arrived.push(size);
    response.writeHead(200, { "content-type": "application/json" }).end('{"message":"stored"}');
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const app = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
console.log(`Chromium ${browser.version()}`);

const failed = "Failed to fetch";
const expect = async (name, call, expected, sizes) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(app);
  await page.evaluate(() => {
    window.store = async (size, { keepalive = true } = {}) => {
      try {
        const answer = await fetch("/share", { method: "POST", keepalive, headers: { "content-type": "application/json" }, body: "x".repeat(size) });
        await answer.text();
        return answer.status;
      } catch (error) {
        return error.message;
      }
    };
    window.inTurn = async () => {
      const seen = [];
      for (let i = 0; i < 4; i++) {
        seen.push(await window.store(24000));
        await new Promise((resolve) => setTimeout(resolve, 300)); // the browser frees the bytes a moment later
      }
      return seen;
    };
  });
  arrived = [];
  const seen = await page.evaluate(call);
  await page.waitForTimeout(1000);
  console.log(`${name}:`, seen, "arrived:", arrived.length);
  assert.deepEqual([seen, arrived], [expected, sizes]);
  await context.close();
};
const share = 24000;
await expect("one of 65,000 bytes", () => window.store(65000), 200, [65000]);
await expect("one of 66,000 bytes", () => window.store(66000), failed, []);
await expect("three at once", () => Promise.all([1, 2, 3].map(() => window.store(24000))), [200, 200, failed], [share, share]);
await expect("three at once, no keepalive", () => Promise.all([1, 2, 3].map(() => window.store(24000, { keepalive: false }))), [200, 200, 200], [share, share, share]);
await expect("three beacons", () => [1, 2, 3].map(() => navigator.sendBeacon("/share", "x".repeat(24000))), [true, true, false], [share, share]);
await expect("one after the other", () => window.inTurn(), [200, 200, 200, 200], Array(4).fill(share));
await browser.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: Chromium, playwright-core 1.65.1"
