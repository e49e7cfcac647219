#!/usr/bin/env bash
# Portal's React Native SDK: `deleteShares()` at a sign-out deletes nothing where Portal cannot be asked, and resolves. The share stays on the phone.
#
# @portal-hq/core 4.9.0 and @portal-hq/keychain 4.9.0. react-native-keychain is replaced by a Map with one entry a service, XMLHttpRequest by one
# that answers as each case says; what a lost connection looks like (status 0) is jsdom's and React Native's.
# Behaviour of `portal.deleteShares()` on a phone that holds a share, in an app that was just started:
# - online: true, and the share is gone. The entry `PortalMpc.metadata.…`, with the user's addresses and the ids of all shares, stays.
# - without a connection, or with an API key or session token that Portal answers 401: it resolves with false. The share is still there. Nothing is
#   thrown, for it asks Portal for the client's id first and swallows what that ends with.
# - with the same Portal after a call that reached Portal it needs no connection any more: true, and the share is gone.
# - `deleteSigningShare()` and `deleteAddress()` do the same.
#
# Who is hurt: whoever signs out and hands the phone on, and the company that says "your wallet was removed from this device": `await
# portal.deleteShares()` in a `try` looks like a deletion. Signing out is often done because the session has ended (401). Look at the boolean, keep the user's name in a
# list of what must still be deleted, and delete before the token is given up.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps \
  @portal-hq/{core,utils,connect,keychain,provider,swaps}@4.9.0

mkdir -p node_modules/react-native node_modules/react node_modules/react-native-keychain
cat >node_modules/react-native/index.js <<'JS'
exports.NativeModules = { PortalMobileMpc: {} };
exports.Platform = { OS: "ios", select: (choices) => choices.ios ?? choices.default };
exports.TurboModuleRegistry = { get: () => null, getEnforcing: () => ({}) };
JS
echo 'module.exports = { createContext: () => ({}), useContext: () => ({}) };' >node_modules/react/index.js
cat >node_modules/react-native-keychain/index.js <<'JS'
const entries = (globalThis.device = new Map());
exports.ACCESSIBLE = {};
exports.ACCESS_CONTROL = {};
exports.setGenericPassword = async (username, password, { service }) => (entries.set(service, { username, password }), { service });
exports.getGenericPassword = async ({ service }) => entries.get(service) ?? false;
exports.resetGenericPassword = async ({ service }) => (entries.delete(service), true);
JS

cat >run.js <<'JS'
const assert = require("node:assert/strict");
process.on("unhandledRejection", () => {}); // The SDK's own call in its constructor. React Native ends no app for it.
let status = 200;
globalThis.XMLHttpRequest = class {
  open() {}
  setRequestHeader() {}
  send() {
    const wallets = [{ curve: "SECP256K1", backupSharePairs: [], signingSharePairs: [{ id: "the share", status: "completed" }] }];
    const metadata = { namespaces: { eip155: { curve: "SECP256K1", address: "an address" } } };
    const client = JSON.stringify({ id: "ann", wallets, metadata, environment: {}, custodian: {} });
    this.status = status;
    this.response = this.responseText = { 200: client, 401: '{"error":"Unauthorized"}', 0: "" }[status];
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
};
const { Portal } = require("@portal-hq/core");
const start = () => new Portal({ apiKey: "key", backup: {}, apiHost: "api.example", mpcHost: "mpc.example" });
const held = (text) => [...device.values()].some(({ password }) => password.includes(text));

/** A phone with a share; then the app is started again, and the user signs out. */
const signOut = async (how, { before = () => {}, call = "deleteShares" } = {}) => {
  device.clear();
  status = 200;
  await start().keychain.storeShares({ secp256k1: { id: "the share", share: "secret of ann" } });
  assert.ok(held("secret of ann"));
  const portal = start();
  await before(portal);
  status = how;
  const resolved = await portal[call]();
  return { resolved, share: held("secret of ann") };
};
(async () => {
  const seen = {
    online: await signOut(200),
    address: held("an address"),
    offline: await signOut(0),
    ended: await signOut(401),
    asked: await signOut(0, { before: (portal) => portal.isWalletOnDevice() }),
    signingShare: (await signOut(0, { call: "deleteSigningShare" })).resolved,
    deleteAddress: (await signOut(0, { call: "deleteAddress" })).resolved,
  };
  console.log(seen);
  const [done, undone] = [{ resolved: true, share: false }, { resolved: false, share: true }];
  assert.deepEqual(seen, { online: done, address: true, offline: undone, ended: undone, asked: done, signingShare: false, deleteAddress: false });
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0, @portal-hq/keychain 4.9.0"
