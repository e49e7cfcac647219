#!/usr/bin/env bash
# Firestore in an app: what was stored while the server could not be reached is read back at once, as if it were there. The store itself neither resolves nor rejects.
#
# firebase 12.19.0 (npm), Firestore with its default cache, in Node 24.21.0, with an address at which nobody answers.
# Behaviour of a cipher text that is written to a document:
# - `setDoc()` is pending, for as long as the server is away. There is no time limit and no error.
# - `getDoc()` then gives the new text, `exists()` is true. `getDocs()` lists it. Before the write `getDoc()` rejects with "unavailable".
# - `metadata.hasPendingWrites` and `metadata.fromCache` say what it is.
# - `getDocFromServer()` rejects.
# - In an app that starts anew (here a second app instance) nothing of it is there: the default cache is the memory.
#
# Who is hurt: an app that keeps the cipher text or the key of a backup in Firestore, and reads it back before it says that the backup is done: the phone was in a tunnel, the text
# is the right one, and with the app's end it is gone. Give `setDoc` a time limit of your own, read back with `getDocFromServer`, and tell the user "done" only then.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 firebase@12.19.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { deleteApp, initializeApp } from "firebase/app";
import { collection, connectFirestoreEmulator, doc, getDoc, getDocFromServer, getDocs, getFirestore, setDoc, setLogLevel } from "firebase/firestore";
setLogLevel("silent");
// A port on this machine that is free, so that nobody answers there.
const server = createServer().listen(0, "127.0.0.1");
await new Promise((resolve) => server.on("listening", resolve));
const { port } = server.address();
await new Promise((resolve) => server.close(resolve));

const start = (name) => {
  const app = initializeApp({ projectId: "demo", apiKey: "key" }, name);
  const db = getFirestore(app);
  connectFirestoreEmulator(db, "127.0.0.1", port);
  return { app, db, backup: doc(db, "backups/ann") };
};
const within = (seconds, promise) => Promise.race([promise.then(() => "resolves", (error) => error.code), new Promise((resolve) => setTimeout(resolve, seconds * 1000, "pending"))]);

const { app, db, backup } = start("first");
const before = await within(30, getDoc(backup));
const store = setDoc(backup, { cipherText: "text" });
store.catch(() => {});
const stored = await within(5, store);
const read = await getDoc(backup);
const listed = await getDocs(collection(db, "backups"));
const seen = {
  before,
  stored,
  read: read.exists() && read.data().cipherText,
  metadata: { ...read.metadata },
  listed: listed.size,
  fromServer: await within(30, getDocFromServer(backup)),
  storedLater: await within(5, store),
};
await deleteApp(app);
seen.afterStart = await within(30, getDoc(start("second").backup));
console.log(seen);
assert.deepEqual(seen, {
  before: "unavailable",
  stored: "pending",
  read: "text",
  metadata: { hasPendingWrites: true, fromCache: true },
  listed: 1,
  fromServer: "unavailable",
  storedLater: "pending",
  afterStart: "unavailable",
});
process.exit(0);
JS
timeout 120 node --no-warnings run.mjs
echo "as stated: firebase 12.19.0"
