#!/usr/bin/env bash
# Portal's React Native keychain: the entry of an older version names no client, so the next user of the phone is given the first one's share.
#
# @portal-hq/core 4.9.0 and @portal-hq/keychain 4.9.0. The native modules are replaced: the MPC by one that answers at once,
# react-native-keychain by a Map with one entry a service.
# Behaviour, on a phone with the entry `PortalMpc.DkgResult` of Ann's older version (the name without a client is in the source, as the last that
# is looked at), where Bob then signs in, with a `Portal` and a `Keychain` of his own:
# - Ann's `deleteShares()` at her sign-out says true, and leaves that entry.
# - Bob's `isWalletOnDevice()` is true, though his share was never on this phone. His `getShares()` gives Ann's share.
# - His `backupWallet()` hands Ann's share to the MPC under Bob's API key, writes a new key into his cloud in place of the one that opens his last
#   backup, and resolves if Portal goes along.
# - His `deleteSigningShare()` deletes Ann's entry, which may be the only share that she has.
# - Without that entry Bob's `isWalletOnDevice()` is false, and his backup is refused before anything is changed.
#
# Who is hurt: two people, or two accounts, on one phone whose app is older than Portal's shares for both curves. Bob is never offered his recovery, and his
# next backup takes the place of a good one. Ask `keychain.getShares()` and compare `secp256k1.id` with the ids of the client's
# `signingSharePairs` before a backup.
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
exports.getGenericPassword = async ({ service }) => entries.get(service) ?? false;
exports.resetGenericPassword = async ({ service }) => (entries.delete(service), true);
JS

cat >run.js <<'JS'
const assert = require("node:assert/strict");
const OLDER = "PortalMpc.DkgResult";
const answer = (data) => JSON.stringify({ data });
let backedUp;
globalThis.native = {
  backupSecp256k1: async (apiKey, _host, share) => ((backedUp = `${JSON.parse(share).signingSharePairId}, under the key of ${apiKey}`), answer({ share: { backupSharePairId: "pair" } })),
  encrypt: async () => answer({ cipherText: "a cipher text", key: "a new key" }),
};
// Portal's API: each key has a client of its own, with a wallet.
globalThis.XMLHttpRequest = class {
  open() {}
  setRequestHeader(name, value) { if (name === "Authorization") this.key = value.replace("Bearer ", ""); }
  send() {
    const wallets = [{ curve: "SECP256K1", backupSharePairs: [], signingSharePairs: [{ id: `share of ${this.key}`, status: "completed" }] }];
    const metadata = { namespaces: { eip155: { curve: "SECP256K1", address: `address of ${this.key}` } } };
    this.response = JSON.stringify({ id: `client of ${this.key}`, wallets, metadata, environment: {}, custodian: {} });
    this.status = 200;
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
};
const { Portal } = require("@portal-hq/core");
let cloud;
const signIn = (apiKey) =>
  new Portal({
    apiKey,
    backup: { icloud: { validateOperations: async () => true, read: async () => cloud, write: async (key) => ((cloud = key), true) } },
    apiHost: "api.example",
    mpcHost: "mpc.example",
  });

const phone = async (older) => {
  device.clear();
  [backedUp, cloud] = ["nothing", "the key of bob's last backup"];
  if (older) device.set(OLDER, { username: "dkgResult", password: JSON.stringify({ signingSharePairId: "share of ann" }) });
  const seen = { signedOut: await signIn("ann").deleteShares(), entry: device.has(OLDER) };
  const bob = signIn("bob");
  seen.onDevice = await bob.isWalletOnDevice();
  seen.share = await bob.keychain.getShares().then(({ secp256k1 }) => secp256k1.id, () => "none");
  seen.client = (await bob.api.getClient()).wallets[0].signingSharePairs[0].id;
  seen.backup = await bob.backupWallet("icloud").catch(() => "refused");
  Object.assign(seen, { backedUp, cloud });
  seen.deleted = await bob.deleteSigningShare();
  return { ...seen, after: device.has(OLDER) };
};
(async () => {
  const seen = { withEntry: await phone(true), without: await phone(false) };
  console.log(seen);
  const bobs = { signedOut: true, client: "share of bob", deleted: true, after: false };
  assert.deepEqual(seen, {
    withEntry: { ...bobs, entry: true, onDevice: true, share: "share of ann", backup: "a cipher text", backedUp: "share of ann, under the key of bob", cloud: "a new key" },
    without: { ...bobs, entry: false, onDevice: false, share: "none", backup: "refused", backedUp: "nothing", cloud: "the key of bob's last backup" },
  });
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0, @portal-hq/keychain 4.9.0"
