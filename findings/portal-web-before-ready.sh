#!/usr/bin/env bash
# Portal's web SDK: a call before the SDK is ready is never answered.
#
# @portal-hq/web 3.4.1 in Chromium (headless, by playwright-core 1.65.1), its iframe served by a stand-in for Portal on this
# machine.
# Behaviour:
# - `new Portal()` begins to load an iframe of Portal's. Until that page is there, each call posts its message to an empty frame
#   of another origin, where the browser drops it with a line in the console. The SDK does not keep it. `backupWallet()` then
#   neither resolves nor rejects, also when the SDK is ready a moment later. So with `recoverWallet()` and `doesWalletExist()`.
#   After `onReady` the same calls are answered; such an answer then settles the earlier call of its kind, too.
# - `onInitializationError` hears that Portal's page refuses the key. It hears nothing if the page cannot be loaded: then there is
#   neither ready nor error, and no call is ever answered.
#
# Who is hurt: whoever taps "recover" as soon as the button is there waits for ever, and with a queue of one call at a time so
# does everything behind it. Show the buttons after `onReady`, or wait for it before each call.
#
# Needs Chromium (CHROMIUM_BIN may name it).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CHROMIUM_BIN=${CHROMIUM_BIN:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @portal-hq/web@3.4.1 playwright-core@1.65.1
npm install --silent --no-audit --no-fund esbuild@0.28.2
echo 'import Portal from "@portal-hq/web"; window.Portal = Portal;' >app.js
node_modules/.bin/esbuild app.js --bundle --outfile=app.bundle.js --define:process.env.NODE_ENV='"production"' --log-level=error

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const listening = (answer) =>
  new Promise((resolve) => {
    const server = createServer(answer);
    server.listen(0, "localhost", () => resolve(server.address().port));
  });
// Portal's page: slow to come, ready a moment later, and right in its answers; for the key "refused" it does not start.
const page = `<script>
  const say = (type, data) => parent.postMessage({ type, data }, "*");
  const answers = { "portal:address": "0x00", "portal:getClient": { wallets: [{}] }, "portal:wasm:backup": { cipherText: "a text", backupIds: [] }, "portal:wasm:recover": "0x00" };
  addEventListener("message", ({ data: { type, data } }) => {
    if (type !== "portal:configure") return say(type + "Result", answers[type]);
    const starts = data.apiKey !== "refused";
    setTimeout(() => say(starts ? "portal:ready" : "portal:authenticationError", starts || "refused"), 300);
  });
</script>`;
const host = await listening((request, response) => {
  setTimeout(() => response.writeHead(200, { "content-type": "text/html" }).end(page), 300);
});
const app = await listening((request, response) => {
  const script = request.url === "/app.js";
  response.setHeader("content-type", script ? "text/javascript" : "text/html");
  response.end(script ? readFileSync("app.bundle.js") : '<body><script src="/app.js"></script></body>');
});

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const tab = await browser.newPage();
const dropped = [];
tab.on("console", (message) => message.text().includes("postMessage") && dropped.push(message.text()));

/** What an app hears that calls at once, and again four seconds later. */
const heard = async (apiKey, port) => {
  await tab.goto(`http://localhost:${app}/`);
  return tab.evaluate(
    async ({ apiKey, host }) => {
      const portal = new window.Portal({ apiKey, host, rpcConfig: {} });
      const heard = { early: [], late: [], ready: false, error: false };
      portal.onReady(() => (heard.ready = true));
      portal.onInitializationError(() => (heard.error = true));
      const password = { passwordStorage: { password: "a password" } };
      const call = (list) => {
        const settled = (name) => () => list.push(name);
        portal.backupWallet("PASSWORD", undefined, password).then(settled("backup"), settled("backup"));
        portal.recoverWallet("a text", "PASSWORD", password).then(settled("recover"), settled("recover"));
        portal.doesWalletExist().then(settled("exists"), settled("exists"));
      };
      const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      call(heard.early);
      await wait(4000);
      const early = [...heard.early];
      // Answers to a later call settle the earlier ones of its kind too, so look at the early ones first.
      call(heard.late);
      await wait(2000);
      return { ...heard, early, late: heard.late.sort() };
    },
    { apiKey, host: `localhost:${port}` },
  );
};
const none = { early: [], late: [] };
const started = await heard("key", host);
console.log("started:", started, dropped[0]);
assert.deepEqual(started, { ...none, late: ["backup", "exists", "recover"], ready: true, error: false });
assert.ok(dropped.length > 0);
const refused = await heard("refused", host);
console.log("refused:", refused);
const { late, ...rest } = refused;
assert.deepEqual(rest, { early: [], ready: false, error: true });
const absent = await heard("key", 9);
console.log("no page:", absent);
assert.deepEqual(absent, { ...none, ready: false, error: false });
await browser.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: @portal-hq/web 3.4.1, playwright-core 1.65.1"
