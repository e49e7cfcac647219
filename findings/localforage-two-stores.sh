#!/usr/bin/env bash
# localForage: a visit on which the browser does not open its database is given an empty store, and what is kept on that visit is never seen again.
#
# localforage 1.10.0, and as its peers idb-keyval 6.3.0 and dexie 4.4.7 (npm, bundled by esbuild 0.28.2), each with its own defaults, in Chromium
# (headless, by playwright-core 1.65.1) with Node 24.21.0. On the second visit the script lets `indexedDB.open()` fail with an UnknownError, as the
# specification of IndexedDB has it where a disk cannot be read.
# Behaviour:
# - Second visit: localForage goes to localStorage without a word. `getItem("outbox")` resolves with null, though an entry was kept. `setItem` resolves.
#   idb-keyval and dexie reject.
# - Third visit, with the database again: localForage gives the entry of the first visit. The one of the second is in localStorage, where nothing looks.
# - On the second visit `setItem` of a CryptoKey, or of a Map, resolves with it, and keeps {}.
# - `localforage.setDriver(localforage.INDEXEDDB)` before the first call: on the second visit `getItem` rejects, too.
#
# Who is hurt: a web wallet that keeps a cipher text on the device until the server has it, or its share itself. On a bad day it finds no wallet, and
# offers to make a new one; it keeps the newest cipher text, says so, and sends the older one on the day after. And a key that was kept is {}.
#
# Needs Chromium (CHROMIUM_BIN may name it).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CHROMIUM_BIN=${CHROMIUM_BIN:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 playwright-core@1.65.1 localforage@1.10.0 idb-keyval@6.3.0 dexie@4.4.7 esbuild@0.28.2
export PATH="$dir/node_modules/.bin:$PATH"

cat >libraries.mjs <<'JS'
export { default as Dexie } from "dexie";
export { get, set } from "idb-keyval";
export { default as localforage } from "localforage";
JS
esbuild libraries.mjs --bundle --format=iife --global-name=libraries --outfile=libraries.js --log-level=error
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const server = createServer((request, response) => {
  const script = request.url === "/libraries.js";
  response.setHeader("content-type", script ? "text/javascript" : "text/html; charset=utf-8");
  response.end(script ? readFileSync("libraries.js") : '<!doctype html><script src="/libraries.js"></script>');
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const context = await browser.newContext();
const lines = [];
const visit = async (work, { broken = false } = {}) => {
  const page = await context.newPage();
  page.on("console", (message) => message.location().url.endsWith("/favicon.ico") || lines.push(message.text()));
  if (broken) {
    await page.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        const request = new EventTarget();
        setTimeout(() => {
          request.error = new DOMException("Internal error opening backing store", "UnknownError");
          const event = new Event("error", { cancelable: true });
          request.dispatchEvent(event);
          request.onerror?.(event);
        });
        return request;
      };
    });
  }
  await page.goto(`http://localhost:${server.address().port}/`);
  await page.evaluate(() => {
    window.dexie = () => {
      const db = new libraries.Dexie("app");
      db.version(1).stores({ entries: "key" });
      return db.entries;
    };
    window.or = (call) => call.then((value) => value ?? null, (error) => `rejected: ${error.name}`);
  });
  const seen = await page.evaluate(work);
  await page.close();
  return seen;
};
const expect = (name, seen, expected) => {
  console.log(`${name}:`, seen);
  assert.deepEqual(seen, expected);
};

const first = await visit(async () => {
  await libraries.localforage.setItem("outbox", "older cipher text");
  await libraries.set("outbox", "older cipher text");
  await dexie().put({ key: "outbox", value: "older cipher text" });
  return libraries.localforage.driver();
});
expect("first visit", first, "asyncStorage");

const second = await visit(
  async () => ({
    found: await or(libraries.localforage.getItem("outbox")),
    kept: await or(libraries.localforage.setItem("outbox", "newer cipher text")),
    driver: libraries.localforage.driver(),
    "idb-keyval": await or(libraries.get("outbox")),
    dexie: (await or(dexie().get("outbox"))).split(":")[0],
  }),
  { broken: true },
);
expect("second visit", second, {
  found: null,
  kept: "newer cipher text",
  driver: "localStorageWrapper",
  "idb-keyval": "rejected: UnknownError",
  dexie: "rejected",
});

const third = await visit(async () => ({
  localforage: await libraries.localforage.getItem("outbox"),
  localStorage: JSON.parse(localStorage.getItem("localforage/outbox")),
}));
expect("third visit", third, { localforage: "older cipher text", localStorage: "newer cipher text" });

const key = await visit(
  async () => {
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const kept = await libraries.localforage.setItem("key", made);
    await libraries.localforage.setItem("map", new Map([["ann", "share"]]));
    return [String(kept), JSON.stringify(await libraries.localforage.getItem("key")), JSON.stringify(await libraries.localforage.getItem("map"))];
  },
  { broken: true },
);
expect("a key, and a map", key, ["[object CryptoKey]", "{}", "{}"]);

const told = await visit(
  async () => {
    const driver = await or(libraries.localforage.setDriver(libraries.localforage.INDEXEDDB));
    return [driver, await or(libraries.localforage.getItem("outbox")), libraries.localforage.driver()];
  },
  { broken: true },
);
expect("told to take IndexedDB", told, [null, "rejected: Error", "asyncStorage"]);
expect("what the console said of it", lines.filter((line) => !line.startsWith("Dexie")), []);
await browser.close();
server.close();
JS
timeout 120 node --no-warnings run.mjs
echo "as stated: localforage 1.10.0, idb-keyval 6.3.0, dexie 4.4.7, Chromium"
