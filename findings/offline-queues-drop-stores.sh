#!/usr/bin/env bash
# Offline queues of web apps: Workbox drops a queued request after any answer, a 401 or 503 too. Redux Offline drops it after a 401 or 429.
#
# workbox-background-sync 7.4.1 (its queue over fake-indexeddb 6.2.8), @redux-offline/redux-offline 2.6.0 (npm), each with its own defaults, against a
# server that answers with one status.
# Behaviour of a POST that was queued, when it is sent:
# - Workbox's `Queue` (and so `BackgroundSyncPlugin`): after 200, 401, 403, 429, 500 and 503 alike the queue is empty, and nothing is thrown. Only where no
#   answer comes does it stay. The request goes out with the token that it had when it was queued. What is older than seven days is dropped unsent.
# - Redux Offline: 401, 403, 404 and 429 are for ever: `rollback` is dispatched, the outbox is empty. A 503 stays, and is tried ten times, within two hours.
#
# Who is hurt: whoever makes such a queue the outbox of cipher texts. The phone comes back online an hour later, with a token that has ended: the server answers
# 401, and the one cipher text that the new key opens is nowhere. Empty an outbox for a 2xx only, with `onSync` of one's own, or `discard` and `retry`.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps node@24.21.0 workbox-background-sync@7.4.1 fake-indexeddb@6.2.8 \
  @redux-offline/redux-offline@2.6.0 redux@5.0.1 esbuild@0.28.2
export PATH="$dir/node_modules/.bin:$PATH"
echo 'export { Queue } from "workbox-background-sync";' >queue.js
esbuild queue.js --bundle --format=esm --outfile=workbox.mjs --define:process.env.NODE_ENV='"production"' --log-level=error

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import "fake-indexeddb/auto";
const require = createRequire(import.meta.url);

let status;
let tokens = [];
const server = createServer(({ headers }, response) => {
  tokens.push(headers.authorization);
  response.writeHead(status, { "content-type": "application/problem+json" }).end("{}");
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const url = `http://127.0.0.1:${server.address().port}/users/ann/user-backup-share`;

// What a service worker has, and Node has not.
globalThis.self = globalThis;
self.registration = { scope: "https://app.example/" };
self.addEventListener = () => {};
const { Queue } = await import("./workbox.mjs");
const queued = async (name, to = url, timestamp = Date.now()) => {
  const queue = new Queue(name, { forceSyncFallback: true });
  const request = new Request(to, { method: "POST", body: '{"cipherText":"a cipher text"}', headers: { authorization: "Bearer of an hour ago" } });
  await queue.pushRequest({ request, timestamp });
  assert.equal(await queue.size(), 1);
  tokens = [];
  const thrown = await queue.replayRequests().then(() => "nothing", ({ name }) => name);
  return { sent: tokens.length, left: await queue.size(), thrown };
};
for (status of [200, 401, 403, 429, 500, 503]) {
  const seen = await queued(`status ${status}`);
  console.log(`Workbox, answered ${status}:`, seen);
  assert.deepEqual(seen, { sent: 1, left: 0, thrown: "nothing" });
  assert.deepEqual(tokens, ["Bearer of an hour ago"]);
}
assert.deepEqual(await queued("no answer", "http://127.0.0.1:1/"), { sent: 0, left: 1, thrown: "queue-replay-failed" });
const DAY_MS = 24 * 60 * 60 * 1000;
assert.deepEqual(await queued("eight days", url, Date.now() - 8 * DAY_MS), { sent: 0, left: 0, thrown: "nothing" });

const { createStore } = require("redux");
const { offline } = require("@redux-offline/redux-offline");
const defaults = require("@redux-offline/redux-offline/lib/defaults").default;
const dispatched = async () => {
  const actions = [];
  const config = { ...defaults, persist: null, detectNetwork: (callback) => callback({ online: true }) };
  const store = createStore((state = {}, { type }) => (actions.push(type), state), offline(config));
  const effect = { url, method: "POST", json: { cipherText: "a cipher text" } };
  store.dispatch({ type: "STORE", meta: { offline: { effect, commit: { type: "COMMIT" }, rollback: { type: "ROLLBACK" } } } });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { left: store.getState().offline.outbox.length, told: actions.filter((type) => ["COMMIT", "ROLLBACK"].includes(type)) };
};
for (const [answer, left, told] of [[200, 0, ["COMMIT"]], [401, 0, ["ROLLBACK"]], [403, 0, ["ROLLBACK"]], [404, 0, ["ROLLBACK"]], [429, 0, ["ROLLBACK"]], [503, 1, []]]) {
  status = answer;
  const seen = await dispatched();
  console.log(`Redux Offline, answered ${status}:`, seen);
  assert.deepEqual(seen, { left, told });
}
const waits = Array.from({ length: 11 }, (_, tries) => defaults.retry({}, tries));
assert.equal(waits[10], null);
assert.ok(waits.reduce((sum, wait) => sum + wait) < 2 * 60 * 60 * 1000);
process.exit(0);
JS
node run.mjs
echo "as stated: workbox-background-sync 7.4.1, @redux-offline/redux-offline 2.6.0"
