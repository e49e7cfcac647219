#!/usr/bin/env bash
# React Native's fetch: `cache: "no-store"` changes the address, and `redirect: "error"` does nothing.
#
# react-native 0.88.1, whose `fetch` is the package whatwg-fetch (^3.0.0; here 3.6.20), over the XMLHttpRequest of jsdom 26.1.0 against a
# server on this machine.
# Behaviour:
# - A GET with `cache: "no-store"` or "no-cache" asks for another address: with `?_=1796003681039` (the time) behind it, or `&_=…`. A POST
#   does not. "reload" changes nothing.
# - `redirect: "error"` and "manual" are not looked at: the redirect is followed, and the answer is the last one's, with status 200.
#   `response.redirected` is undefined. A POST that is answered 301 arrives as a GET.
# - `response.body` is undefined.
#
# Who is hurt: whoever asks a server that refuses unknown query parameters, as this one does: each GET is 400 `invalid_field`, in the phone
# only, for in a browser and in Node the same line works. And an app whose "redirect: error" is to keep a store from becoming a read.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts whatwg-fetch@3.6.20 jsdom@26.1.0
# React Native without its dependencies: only what its fetch is.
npm pack --silent react-native@0.88.1 >/dev/null && tar -xzf react-native-0.88.1.tgz package/Libraries/Network/fetch.js package/package.json
grep -F "require('whatwg-fetch')" package/Libraries/Network/fetch.js
grep -F '"whatwg-fetch": "^3.0.0"' package/package.json

cat >run.cjs <<'JS'
const assert = require("node:assert/strict");
const { createServer } = require("node:http");
const { JSDOM } = require("jsdom");
const asked = [];
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url.replace(/_=\d{13}$/, "_=TIME")}`);
  if (request.url.startsWith("/old")) return response.writeHead(301, { location: "/new" }).end();
  response.writeHead(200, { "content-type": "application/json" }).end('{"cipherText":"an older one"}');
});
server.listen(0, "127.0.0.1", async () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const { window } = new JSDOM("", { url });
  // As React Native has it: no fetch of the platform's own.
  for (const name of ["fetch", "Headers", "Request", "Response"]) delete globalThis[name];
  Object.assign(globalThis, { XMLHttpRequest: window.XMLHttpRequest, self: globalThis });
  require("whatwg-fetch");
  assert.equal(fetch.polyfill, true);

  const share = `${url}/users/ann/user-backup-share`;
  for (const cache of ["default", "reload", "no-store", "no-cache"]) await fetch(`${share}?backupMethod=GDRIVE`, { cache });
  await fetch(`${url}/users/ann/backups`, { cache: "no-store" });
  await fetch(share, { method: "POST", body: "{}", cache: "no-store" });
  const answers = [];
  for (const redirect of ["error", "manual"]) answers.push(await fetch(`${url}/old`, { method: "POST", body: "{}", redirect }));
  console.log(asked);
  assert.deepEqual(asked, [
    "GET /users/ann/user-backup-share?backupMethod=GDRIVE",
    "GET /users/ann/user-backup-share?backupMethod=GDRIVE",
    "GET /users/ann/user-backup-share?backupMethod=GDRIVE&_=TIME",
    "GET /users/ann/user-backup-share?backupMethod=GDRIVE&_=TIME",
    "GET /users/ann/backups?_=TIME",
    "POST /users/ann/user-backup-share",
    ...["error", "manual"].flatMap(() => ["POST /old", "GET /new"]),
  ]);
  for (const { ok, redirected, body } of answers) assert.deepEqual({ ok, redirected, body }, { ok: true, redirected: undefined, body: undefined });
  process.exit(0);
});
process.on("unhandledRejection", (error) => { console.error(error); process.exit(1); });
JS
timeout 60 node --no-warnings run.cjs
echo "as stated: react-native 0.88.1, whatwg-fetch 3.6.20"
