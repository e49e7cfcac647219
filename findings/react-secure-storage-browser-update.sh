#!/usr/bin/env bash
# react-secure-storage: what it kept is not found any more after the browser's next update, nor in summer time, nor in another language. It is no error.
#
# react-secure-storage 1.3.2 (npm) in Chromium, whose user agent, time zone and language Playwright sets; localStorage is carried over from visit to visit.
# Behaviour: the key that seals the values is made of the user agent, the host name, the colour depth, plugins, fonts, the time zone's offset, the language and what
# the canvas paints.
# - The same browser finds what it kept (`getItem`). With another number of the version in the user agent it is given null.
# - So it is with another language, and with another offset from UTC, as after the change to summer time, or on a journey. Back in the first ones it is found again.
# - The sealed text stays in localStorage all the while. `setItem` under the same name then replaces it for good.
# - `SECURE_LOCAL_STORAGE_DISABLED_KEYS` (at build time) takes parts out.
#
# Who is hurt: whoever gives such a storage to the SDK or to an outbox, since it says "secure": a cipher text that waits there, or a key beside it, is gone within the
# four weeks from one Chrome to the next, and the app finds an empty outbox. A cipher text is encrypted already; localStorage or IndexedDB keeps it.
#
# Needs Chromium (`CHROMIUM_BIN`).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CHROMIUM_BIN=${CHROMIUM_BIN:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps node@24.21.0 playwright-core@1.65.1 react-secure-storage@1.3.2 esbuild@0.28.2
export PATH="$dir/node_modules/.bin:$PATH"
echo 'export { default as storage } from "react-secure-storage";' >library.js
esbuild library.js --bundle --format=iife --global-name=library --outfile=page.js --define:process.env='{}' --log-level=error

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
const server = createServer(({ url }, response) => {
  const script = url === "/page.js";
  response.setHeader("content-type", script ? "text/javascript" : "text/html; charset=utf-8");
  response.end(script ? readFileSync("page.js") : '<!doctype html><body><script src="/page.js"></script>');
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const agent = (version) => `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`;
let kept;
/** A visit of the app, in a browser like this one; what it keeps is there at the next visit. */
const visit = async (work, { version = 156, locale = "en-GB", timezoneId = "Etc/GMT-1" } = {}) => {
  const context = await browser.newContext({ userAgent: agent(version), locale, timezoneId, storageState: kept });
  const page = await context.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  const seen = await page.evaluate(work);
  kept = await context.storageState();
  await context.close();
  return seen;
};
const get = () => library.storage.getItem("outbox");
const seen = {
  kept: await visit(() => (library.storage.setItem("outbox", "a cipher text"), library.storage.getItem("outbox"))),
  again: await visit(get),
  updated: await visit(get, { version: 157 }),
  language: await visit(get, { locale: "de-DE" }),
  summer: await visit(get, { timezoneId: "Etc/GMT-2" }),
  back: await visit(get),
  sealed: await visit(() => Object.keys(localStorage).length, { version: 157 }),
  replaced: await visit(() => (library.storage.setItem("outbox", "a newer one"), library.storage.getItem("outbox")), { version: 157 }),
  lost: await visit(get),
};
console.log(seen);
assert.deepEqual(seen, {
  kept: "a cipher text", again: "a cipher text", updated: null, language: null, summer: null, back: "a cipher text", sealed: 1, replaced: "a newer one", lost: null,
});
await browser.close();
process.exit(0);
JS
node run.mjs
echo "as stated: react-secure-storage 1.3.2"
