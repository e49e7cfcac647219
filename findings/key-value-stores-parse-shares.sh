#!/usr/bin/env bash
# Key-value stores that read JSON by themselves: the text of a share goes in, an object with other numbers comes out.
#
# @upstash/redis 1.39.0, @vercel/kv 3.0.0 and unstorage 1.17.6 (Nitro's and Nuxt's storage), each with its own defaults, Node 24.21.0; a
# stand-in for Upstash's server on this machine, that keeps what it is sent.
# Behaviour, of a text that is a JSON object, as a custodian share is:
# - `set(key, text)` stores the text as it is. `get(key)` gives an object, with no type that says so. A number of 77 digits comes back as
#   9.876…e+76, one of 309 digits as Infinity, which JSON.stringify writes as null; 1.0 comes back as 1. So do `mget()` and `hgetall()`.
# - The number stays whole in the store. `new Redis({ automaticDeserialization: false })` gives the text, and so does unstorage's
#   `getItemRaw()` (a Buffer with the driver for files). @vercel/kv's `createClient()` takes the same option; its ready-made `kv` has none.
# - Upstash and Vercel leave a text alone that is a large number; unstorage gives "1e5" as 100000.
# - unstorage takes "/" and "\" in a key for ":", and leaves away what follows a "?": the users "team/ann", "team:ann" and "team:ann?2" have
#   one entry, and the last one to be stored is everybody's.
#
# Who is hurt: a server after Portal's guide that keeps shares in such a store answers `backupShares` with objects where Portal expects
# texts; whoever makes texts of them again, for Portal or for a move to another server, writes shares that recover nothing. The copy that
# is read back is wrong, the stored one is right, as long as nobody writes it back.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 @upstash/redis@1.39.0 @vercel/kv@3.0.0 unstorage@1.17.6
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Redis } from "@upstash/redis";
import { createClient } from "@vercel/kv";
import { createStorage } from "unstorage";
import files from "unstorage/drivers/fs";

const digits = (count) => "9876543210".repeat(40).slice(0, count);
const share = `{"backupSharePairId":"pair","share":${digits(77)},"p":${digits(309)},"version":1.0}`;
const read = { backupSharePairId: "pair", share: 9.876543210987655e76, p: Infinity, version: 1 };

// Upstash's REST API, as far as it goes here: a command is an array, several are an array of them;
// texts of an answer are in base64 where the client asks for it.
const kept = new Map();
const commands = {
  set: (key, value) => (kept.set(key, value), "OK"),
  get: (key) => kept.get(key) ?? null,
  mget: (...keys) => keys.map((key) => kept.get(key) ?? null),
  hset: (key, field, value) => (kept.set(key, [field, value]), 1),
  hgetall: (key) => kept.get(key),
};
const server = createServer(async (request, response) => {
  const sent = JSON.parse(Buffer.concat(await request.toArray()));
  const encoded = (value) => {
    if (Array.isArray(value)) return value.map(encoded);
    return typeof value === "string" && value !== "OK" ? Buffer.from(value).toString("base64") : value;
  };
  const answer = ([name, ...rest]) => {
    const result = commands[name](...rest);
    return { result: request.headers["upstash-encoding"] === "base64" ? encoded(result) : result };
  };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(request.url === "/pipeline" ? sent.map(answer) : answer(sent)));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const options = { url: `http://127.0.0.1:${server.address().port}`, token: "token" };

for (const [name, store] of [["@upstash/redis", new Redis(options)], ["@vercel/kv", createClient(options)]]) {
  await store.set("ann", share);
  assert.equal(kept.get("ann"), share);
  const got = await store.get("ann");
  console.log(`${name}: ${JSON.stringify(got)}`);
  assert.deepEqual(got, read);
  assert.deepEqual(await store.mget("ann", "nobody"), [read, null]);
  await store.hset("bob", { share });
  assert.deepEqual(await store.hgetall("bob"), { share: read });
  await store.set("number", digits(20));
  assert.equal(await store.get("number"), digits(20));
}
const asText = { ...options, automaticDeserialization: false };
for (const store of [new Redis(asText), createClient(asText)]) {
  await store.set("ann", share);
  assert.equal(await store.get("ann"), share);
}

for (const storage of [createStorage(), createStorage({ driver: files({ base: "./data" }) })]) {
  await storage.setItem("ann", share);
  const got = await storage.getItem("ann");
  console.log(`unstorage: ${JSON.stringify(got)}`);
  assert.deepEqual(got, read);
  assert.equal(String(await storage.getItemRaw("ann")), share);
  await storage.setItem("number", "1e5");
  assert.equal(await storage.getItem("number"), 100000);

  await storage.setItem("team/ann", "Ann's cipher text");
  await storage.setItem("team:ann?2", "another one's cipher text");
  const both = [await storage.getItem("team/ann"), await storage.getItem("team:ann")];
  console.log("unstorage, two users:", both);
  assert.deepEqual(both, ["another one's cipher text", "another one's cipher text"]);
}
server.close();
JS
node run.mjs
echo "as stated: @upstash/redis 1.39.0, @vercel/kv 3.0.0, unstorage 1.17.6"
