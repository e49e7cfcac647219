#!/usr/bin/env bash
# Portal's React Native SDK: what a storage of one's own answers is not looked at. "No" is a success.
#
# @portal-hq/core 4.9.0, run with its native modules replaced by ones that answer at once.
# Behaviour, of an object given as `backup: { icloud }` (or passkey, firebase, custom: on npm there is a storage for Google Drive only):
# - `validateOperations(): Promise<boolean>` is asked before a backup, so that nothing is replaced in vain. If it resolves with false, the
#   backup goes on: new custodian shares are made.
# - `write(key): Promise<string>` that resolves with false, undefined or "" counts as written: Portal is told that the key is stored, and the
#   call resolves with a cipher text that no key opens. Only what it throws breaks the backup off.
# - `write` is called when the new custodian shares have been made; it is not told of which client, pair or method the key is, and nothing
#   reads the key back.
# - A recovery does not ask `validateOperations()`. What `read()` gives goes to the native code as it is, an object too. "", null and
#   undefined reject as "privateKey is empty", whether there is no key or no connection.
#
# Who is hurt: whoever writes a storage over something that says "no" with a value, as fetch does with a 403. The backup counts as whole,
# with Portal and with the server, and the key was never anywhere. Throw in `validateOperations` and in `write`, read the key back in
# `write`, and throw in `read` where the cloud did not answer.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps \
  @portal-hq/{core,utils,connect,keychain,provider,swaps}@4.9.0

mkdir -p node_modules/react-native node_modules/react node_modules/react-native-keychain
cat >node_modules/react-native/index.js <<'JS'
exports.NativeModules = { PortalMobileMpc: {} };
exports.Platform = { OS: "ios", select: (choices) => choices.ios ?? choices.default };
exports.TurboModuleRegistry = { get: () => null, getEnforcing: () => globalThis.native };
JS
echo 'module.exports = { createContext: () => ({}), useContext: () => ({}) };' >node_modules/react/index.js
echo 'module.exports = { ACCESSIBLE: {}, ACCESS_CONTROL: {} };' >node_modules/react-native-keychain/index.js

cat >run.js <<'JS'
const assert = require("node:assert/strict");
let events = [];
const backup = (curve) => async () => (events.push(`new ${curve} share`), JSON.stringify({ data: { share: { backupSharePairId: "pair" } } }));
globalThis.native = {
  backupSecp256k1: backup("secp256k1"),
  backupEd25519: backup("ed25519"),
  encrypt: async () => JSON.stringify({ data: { cipherText: "cipher text", key: "the key" } }),
  decrypt: async (key) => (events.push(`decrypt with ${JSON.stringify(key)}`), JSON.stringify({ error: { id: "DECRYPT_FAILED", message: "wrong" } })),
};
globalThis.XMLHttpRequest = class {
  open(method) { this.method = method; }
  setRequestHeader() {}
  send(body) {
    if (this.method === "PATCH") events.push(`Portal told ${JSON.parse(body).status}`);
    this.status = 200;
    this.response = JSON.stringify({ id: "client", wallets: [{}], environment: {}, custodian: {} });
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
};
const { Portal } = require("@portal-hq/core");
const share = { id: "id", share: {} };
const keychain = { getShares: async () => ({ secp256k1: share, ed25519: share }), validateOperations: async () => true };
const calls = (storage) => {
  const called = {};
  for (const [name, does] of Object.entries(storage)) called[name] = async (...args) => (events.push([name, ...args].join(" ")), does());
  return called;
};
/** What happens when the storage answers so. */
const seen = async (answers, work) => {
  events = [];
  const storage = calls({ validateOperations: () => true, write: () => "file", read: () => "the key", ...answers });
  const portal = new Portal({ apiKey: "key", backup: { icloud: storage }, keychain, apiHost: "api.example", mpcHost: "mpc.example" });
  const end = await work(portal).catch((error) => `rejects: ${error.message}`);
  return [...events, end];
};
const back = (portal) => portal.backupWallet("icloud");
const recover = (portal) => portal.recoverWallet("cipher text", "icloud");
const shares = ["validateOperations", "new secp256k1 share", "new ed25519 share", "write the key"];
const whole = [...shares, "Portal told STORED_CLIENT_BACKUP_SHARE_KEY", "cipher text"];
const no = () => { throw new Error("no"); };

(async () => {
  assert.deepEqual(await seen({}, back), whole);
  console.log("all answers are no:", await seen({ validateOperations: () => false, write: () => false }, back));
  assert.deepEqual(await seen({ validateOperations: () => false }, back), whole);
  for (const answer of [false, undefined, ""]) assert.deepEqual(await seen({ write: () => answer }, back), whole);
  const before = await seen({ validateOperations: no }, back);
  assert.deepEqual([before.length, before[0], before[1].startsWith("rejects")], [2, "validateOperations", true]);
  const late = await seen({ write: no }, back);
  assert.deepEqual([late.slice(0, 4), late.length, late[4].startsWith("rejects")], [shares, 5, true]);

  for (const answer of ["", null, undefined]) {
    const [read, end, ...more] = await seen({ read: () => answer }, recover);
    console.log(`read gives ${JSON.stringify(answer)}: ${end}`);
    assert.equal(read, "read"); // and not validateOperations
    assert.match(end, /privateKey is empty/);
    assert.equal(more.length, 0);
  }
  assert.deepEqual((await seen({ read: () => ({ status: 403 }) }, recover)).slice(0, 2), ["read", 'decrypt with {"status":403}']);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0"
