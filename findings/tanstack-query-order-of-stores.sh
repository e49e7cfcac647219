#!/usr/bin/env bash
# TanStack Query: what was stored while the phone was offline arrives all at once, the older backup last; and after a restart it may be dropped.
#
# @tanstack/query-core 5.108.4 (what @tanstack/react-query stands on), with its own defaults, Node 24.21.0; the server is a list, and the first request
# takes longer than the second one.
# Behaviour of two mutations that store a cipher text each, of an older backup and of a newer one:
# - Offline: neither call resolves nor rejects, however long it lasts; the status is "pending". No `onError` is called.
# - Online again: both are sent side by side. The newer one arrives, then the older one. `scope: { id: "backup" }` sends them one after the other, in
#   their order.
# - Saved with the app's state (`dehydrate`) and taken up after a restart (`hydrate`, `resumePausedMutations`): a function cannot be saved, so without
#   `setMutationDefaults` nothing is sent, `resumePausedMutations()` resolves, and the mutations are errors ("No mutationFn found") that are not saved
#   again. With it both are sent, side by side, as before. The scope is saved.
# - A connection that breaks while the phone counts as online: an error at once, no second try. (Queries try three more times.)
#
# Who is hurt: an app that stores cipher texts by `useMutation`. The user backs up in the underground, and once more with another password: the
# server gets the older cipher text last, and takes it for the newest. What it gives at a recovery does not open with the password of today. Give
# the mutations one scope and `networkMode: "always"`, or store with fetch.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 @tanstack/query-core@5.108.4
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { dehydrate, hydrate, MutationObserver, onlineManager, QueryClient } from "@tanstack/query-core";

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
let server = [];
const send = async (cipherText) => {
  await wait(cipherText === "older" ? 100 : 10);
  server.push(cipherText);
};
const settled = [];
const store = (client, cipherText, options = {}) =>
  new MutationObserver(client, { mutationKey: ["store"], mutationFn: send, onError: () => settled.push("onError"), ...options })
    .mutate(cipherText)
    .then(() => settled.push("resolved"), (error) => settled.push(error.message));
const clientOf = () => {
  const client = new QueryClient();
  client.mount();
  return client;
};
const statuses = (client) => client.getMutationCache().getAll().map(({ state }) => state.error?.message ?? state.status);
const expect = (name, seen, expected) => {
  console.log(`${name}:`, seen);
  assert.deepEqual(seen, expected);
};

/** Stores both while offline; gives the client and what it would save. */
async function offline(options) {
  server = [];
  settled.length = 0;
  const client = clientOf();
  onlineManager.setOnline(false);
  for (const cipherText of ["older", "newer"]) store(client, cipherText, options);
  await wait(1000);
  assert.deepEqual([settled, statuses(client), server], [[], ["pending", "pending"], []]);
  return { client, saved: JSON.stringify(dehydrate(client)) };
}

await offline();
onlineManager.setOnline(true);
await wait(300);
expect("online again, the server got", server, ["newer", "older"]);
assert.deepEqual(settled, ["resolved", "resolved"]);

await offline({ scope: { id: "backup" } });
onlineManager.setOnline(true);
await wait(300);
expect("with a scope", server, ["older", "newer"]);

for (const [name, options, defaults, expected] of [
  ["after a restart", {}, undefined, { server: [], statuses: ["No mutationFn found", "No mutationFn found"], saved: 0 }],
  ["with setMutationDefaults", {}, { mutationFn: send }, { server: ["newer", "older"], statuses: ["success", "success"], saved: 0 }],
  ["and a scope", { scope: { id: "backup" } }, { mutationFn: send }, { server: ["older", "newer"], statuses: ["success", "success"], saved: 0 }],
]) {
  const { client: before, saved } = await offline(options);
  before.clear();
  before.unmount();
  onlineManager.setOnline(true);
  const client = clientOf();
  if (defaults) client.setMutationDefaults(["store"], defaults);
  hydrate(client, JSON.parse(saved));
  await client.resumePausedMutations();
  await wait(300);
  expect(name, { server, statuses: statuses(client), saved: dehydrate(client).mutations.length }, expected);
}

settled.length = 0;
let tries = 0;
await store(clientOf(), "newer", {
  mutationFn: async () => {
    tries += 1;
    throw new TypeError("the connection is lost");
  },
});
expect("a connection that breaks", { tries, settled }, { tries: 1, settled: ["onError", "the connection is lost"] });

onlineManager.setOnline(false);
server = [];
await store(clientOf(), "newer", { networkMode: "always" });
expect("networkMode: always, offline", server, ["newer"]);
process.exit(0);
JS
node run.mjs
echo "as stated: @tanstack/query-core 5.108.4"
