#!/usr/bin/env bash
# Portal's React Native SDK: one curve alone counts as the whole wallet, in a backup and in a recovery.
#
# @portal-hq/core 4.9.0 and @portal-hq/keychain 4.9.0. The native modules are replaced: the MPC by one that answers at once,
# react-native-keychain by a Map with one entry a service.
# Behaviour, of a client that has a wallet of each curve:
# - If the entry of the shares cannot be read (react-native-keychain rejects), the Keychain takes the entry of older versions (`DkgResult`),
#   of secp256k1 alone, if it is still there: neither a recovery nor `deleteShares()` deletes it. `backupWallet()` then backs up that
#   share only, writes a new key into the cloud, and resolves. Without the older entry it rejects before anything is changed.
# - `recoverWallet()` of a cipher text with secp256k1 alone replaces the entry of both shares by one with that share. The Solana share that was
#   on the phone is gone. The call resolves with both addresses, for these come from Portal. `isWalletOnDevice()` says yes; with
#   Solana's chain id it says no.
# - The next backup then is of one curve, too, and its key takes the place of the one that opens the last whole cipher text.
#
# Who is hurt: whoever has money on Solana. No call fails; the Solana address is shown, and signs no more. Before a backup and after a recovery
# ask `isWalletOnDevice()` with the chain id of each curve; recover on no phone that still has its whole wallet; take a backup for whole when
# Portal's list has a new pair of every wallet.
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
cat >node_modules/react-native-keychain/index.js <<'JS'
const entries = (globalThis.device = new Map());
exports.ACCESSIBLE = {};
exports.ACCESS_CONTROL = {};
exports.setGenericPassword = async (username, password, { service }) => (entries.set(service, { username, password }), { service });
exports.getGenericPassword = async ({ service }) => {
  if (service === globalThis.unreadable) throw new Error("the keystore is locked");
  return entries.get(service) ?? false;
};
exports.resetGenericPassword = async ({ service }) => (entries.delete(service), true);
JS

cat >run.js <<'JS'
const assert = require("node:assert/strict");
const SHARES = "PortalMpc.shares.client";
const OLDER = "PortalMpc.DkgResult.client";
const answer = (data) => JSON.stringify({ data });
/** What was backed up: curve and signing share. */
let backedUp;
const backup = (curve) => async (_key, _host, share) => {
  backedUp.push(`${curve} of ${JSON.parse(share).signingSharePairId}`);
  return answer({ share: { backupSharePairId: `pair of ${curve}` } });
};
const recovered = (curve) => async () => answer({ share: { signingSharePairId: `recovered ${curve}` } });
globalThis.native = {
  backupSecp256k1: backup("secp256k1"),
  backupEd25519: backup("ed25519"),
  // The cloud's key is the cipher text's number; a cipher text opens with its own key only.
  encrypt: async (text) => ((texts.push(text)), answer({ cipherText: String(texts.length), key: String(texts.length) })),
  decrypt: async (key, cipherText) => (key === cipherText ? answer({ plaintext: texts[key - 1] }) : JSON.stringify({ error: { id: "DECRYPT_FAILED", message: "wrong key" } })),
  formatShares: async (text) => answer(Object.fromEntries(Object.entries(JSON.parse(text)).map(([curve, { id }]) => [curve.toUpperCase(), { id, share: id }]))),
  recoverSigningSecp256k1: recovered("secp256k1"),
  recoverSigningEd25519: recovered("ed25519"),
};
let texts;
let cloud;
const storage = { validateOperations: async () => true, read: async () => cloud, write: async (key) => ((cloud = key), "file") };
globalThis.XMLHttpRequest = class {
  open() {}
  setRequestHeader() {}
  send() {
    const wallets = ["SECP256K1", "ED25519"].map((curve) => ({ curve, backupSharePairs: [], signingSharePairs: [{ status: "completed" }] }));
    const namespaces = { eip155: { curve: "SECP256K1", address: "0xAnn" }, solana: { curve: "ED25519", address: "Ann" } };
    this.status = 200;
    this.response = JSON.stringify({ id: "client", wallets, metadata: { namespaces }, environment: {}, custodian: {} });
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
};
const { Portal } = require("@portal-hq/core");
const phone = (older) => {
  device.clear();
  [backedUp, texts, cloud, globalThis.unreadable] = [[], [], undefined, undefined];
  const share = (name) => ({ id: name, share: { signingSharePairId: name } });
  device.set(SHARES, { username: "shares", password: JSON.stringify({ secp256k1: share("today's"), ed25519: share("today's") }) });
  if (older) device.set(OLDER, { username: "dkgResult", password: JSON.stringify({ signingSharePairId: "the older version's" }) });
  return new Portal({ apiKey: "key", backup: { icloud: storage }, apiHost: "api.example", mpcHost: "mpc.example" });
};
const onDevice = () => Object.entries(JSON.parse(device.get(SHARES).password)).map(([curve, { id }]) => `${curve}: ${id}`);

(async () => {
  // The shares cannot be read.
  let portal = phone(false);
  globalThis.unreadable = SHARES;
  await assert.rejects(portal.backupWallet("icloud"));
  assert.deepEqual([backedUp, cloud], [[], undefined]);
  portal = phone(true);
  const whole = await portal.backupWallet("icloud");
  assert.deepEqual([backedUp, cloud], [["secp256k1 of today's", "ed25519 of today's"], "1"]);
  backedUp = [];
  globalThis.unreadable = SHARES;
  const half = await portal.backupWallet("icloud");
  console.log("unreadable shares, backed up:", backedUp, "key in the cloud:", cloud);
  assert.deepEqual([backedUp, cloud], [["secp256k1 of the older version's"], "2"]);

  // A recovery from that backup, on the phone that has both shares.
  globalThis.unreadable = undefined;
  assert.deepEqual(onDevice(), ["secp256k1: today's", "ed25519: today's"]);
  const addresses = await portal.recoverWallet(half, "icloud");
  console.log("recovered:", addresses, "on the phone:", onDevice());
  assert.deepEqual(addresses, { eip155: "0xAnn", solana: "Ann" });
  assert.deepEqual(onDevice(), ["secp256k1: recovered secp256k1"]);
  assert.equal(await portal.isWalletOnDevice(), true);
  assert.equal(await portal.isWalletOnDevice("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"), false);
  // The whole cipher text opens no more, and the next backup has one curve.
  await assert.rejects(portal.recoverWallet(whole, "icloud"));
  backedUp = [];
  await portal.backupWallet("icloud");
  assert.deepEqual(backedUp, ["secp256k1 of recovered secp256k1"]);

  // As it should be.
  portal = phone(true);
  await portal.recoverWallet(await portal.backupWallet("icloud"), "icloud");
  assert.deepEqual(onDevice(), ["secp256k1: recovered secp256k1", "ed25519: recovered ed25519"]);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0, @portal-hq/keychain 4.9.0"
