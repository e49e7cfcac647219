#!/usr/bin/env bash
# Portal's web SDK: a Portal cannot be ended, and two of them on one page hear each other's answers.
#
# @portal-hq/web 3.4.1 in Chromium (headless, by playwright-core 1.65.1), its iframe served by a stand-in for Portal on this machine.
# Behaviour, when Ann signs out and Bob signs in without a reload of the page, each with a `new Portal()`:
# - The SDK has no call that ends a Portal. Ann's iframe stays in the page, works on under her key, and its answers come from the
#   same origin as those of Bob's. An answer carries neither a call nor a Portal.
# - Ann's backup goes on. If it ends after Bob has begun his own, Bob's `backupWallet()` resolves with Ann's cipher text. His own
#   answer is heard by nobody. His `storageCallback()` tells Portal, under his key, that Ann's pairs are stored.
# - Bob's Portal takes the "ready" and the "refused" of Ann's for its own: with Ann's expired key `onInitializationError` of Bob's is
#   called, and its `onReady` never.
# - Ann's iframe taken out of the page (`portal.mpc.iframe.remove()`) does not end it: her call still listens, and resolves with Bob's
#   cipher text.
#
# Who is hurt: an app of one page, with a sign-out that only changes its state (or a Portal made in an effect that React's strict mode
# runs twice). Ann's cipher text is stored as Bob's backup, where no key opens it, and Bob's real one is lost. Load the page anew
# at each sign-out, before another Portal is made.
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
// Portal's page: right in its answers, each for its own key. Ann's backup takes two seconds, Bob's three; an expired key is refused.
const page = `<script>
  let apiKey;
  const say = (type, data, after = 0) => setTimeout(() => parent.postMessage({ type, data }, "*"), after);
  addEventListener("message", ({ data: { type, data } }) => {
    if (type === "portal:configure") {
      apiKey = data.apiKey;
      if (apiKey === "expired") return say("portal:authenticationError", "refused", 1000);
      return say("portal:ready", true, apiKey === "slow" ? 3000 : 100);
    }
    if (type === "portal:address") return say("portal:addressResult", "address of " + apiKey);
    if (type === "portal:wasm:backup")
      return say("portal:wasm:backupResult", { cipherText: "text of " + apiKey, backupIds: ["pair of " + apiKey] }, apiKey === "ann" ? 2000 : 3000);
    if (type === "portal:api:setBackupStatus") {
      parent.postMessage({ type: "told", data: apiKey + ": " + data.backupIds }, "*");
      return say("portal:api:setBackupStatusResult", true);
    }
  });
</script>`;
const host = await listening((request, response) => response.writeHead(200, { "content-type": "text/html" }).end(page));
const app = await listening((request, response) => {
  const script = request.url === "/app.js";
  response.setHeader("content-type", script ? "text/javascript" : "text/html");
  response.end(script ? readFileSync("app.bundle.js") : '<body><script src="/app.js"></script></body>');
});
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const tab = await browser.newPage();

/** Ann begins a backup and signs out; Bob signs in and backs up. */
const backups = async (takeOut) => {
  await tab.goto(`http://localhost:${app}/`);
  return tab.evaluate(
    async ({ host, takeOut }) => {
      const told = [];
      addEventListener("message", ({ data }) => data.type === "told" && told.push(data.data));
      const signIn = async (apiKey) => {
        const portal = new window.Portal({ apiKey, host, rpcConfig: {} });
        await new Promise((resolve) => portal.onReady(resolve));
        return portal;
      };
      const password = { passwordStorage: { password: "a password" } };
      const ann = await signIn("ann");
      const ends = Object.getOwnPropertyNames(Object.getPrototypeOf(ann)).filter((name) => /^(destroy|dispose|close|end|stop|log|sign)/i.test(name));
      let annHeard = "nothing";
      ann.backupWallet("PASSWORD", undefined, password).then(({ cipherText }) => (annHeard = cipherText));
      if (takeOut) ann.mpc.iframe.remove();
      const bob = await signIn("bob");
      const { cipherText, storageCallback } = await bob.backupWallet("PASSWORD", undefined, password);
      await storageCallback();
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return { ends, frames: document.querySelectorAll("iframe").length, ann: annHeard, bob: cipherText, told };
    },
    { host: `localhost:${host}`, takeOut },
  );
};
/** What Bob's Portal hears when another one is on the page. */
const starts = async (other, mine) => {
  await tab.goto(`http://localhost:${app}/`);
  return tab.evaluate(
    async ({ host, other, mine }) => {
      const heard = [];
      new window.Portal({ apiKey: other, host, rpcConfig: {} });
      await new Promise((resolve) => setTimeout(resolve, other === "expired" ? 500 : 0));
      const began = Date.now();
      const portal = new window.Portal({ apiKey: mine, host, rpcConfig: {} });
      portal.onInitializationError(() => heard.push("refused"));
      portal.onReady(() => heard.push(Date.now() - began < 2500 ? "ready too early" : "ready"));
      await new Promise((resolve) => setTimeout(resolve, 5000));
      return heard.join();
    },
    { host: `localhost:${host}`, other, mine },
  );
};
const seen = { left: await backups(false), takenOut: await backups(true), expired: await starts("expired", "slow"), twice: await starts("ann", "slow"), alone: await starts("slow", "slow") };
console.dir(seen, { depth: null });
assert.deepEqual(seen, {
  left: { ends: [], frames: 2, ann: "text of ann", bob: "text of ann", told: ["bob: pair of ann"] },
  takenOut: { ends: [], frames: 1, ann: "text of bob", bob: "text of bob", told: ["bob: pair of bob"] },
  expired: "refused",
  twice: "ready too early",
  alone: "ready",
});
await browser.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: @portal-hq/web 3.4.1, playwright-core 1.65.1"
