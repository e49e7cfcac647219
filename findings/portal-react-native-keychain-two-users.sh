#!/usr/bin/env bash
# Portal's React Native keychain: one Keychain for two users, and the second one's wallet replaces the first one's.
#
# @portal-hq/core 4.9.0 and @portal-hq/keychain 4.9.0. The native modules are replaced: the MPC by one that answers at once,
# react-native-keychain by a Map with one entry a service.
# Behaviour:
# - A `Keychain` asks Portal for its client once, and keeps it. `new Portal({ apiKey, keychain })` for another user gives the
#   Keychain the new user's API, and the first user's client stays. The entries of the device are named by that client.
# - So the second user reads the first one's shares: `isWalletOnDevice()` is true, and a backup sends the first user's share under
#   the second user's API key.
# - `recoverWallet()` of the second user writes the second wallet into the first user's entry, and resolves with the second user's
#   address. Only after that the Keychain learns of its new client. No share is left of the first user, and none is found for the
#   second.
# - With a Keychain of its own for each user nothing of this happens. That is what `new Portal()` makes where it is given none.
#
# Who is hurt: two people, or two accounts, on one phone, in an app that makes its Keychain when it starts. A wallet that was not
# backed up is gone, and the other one says that it was recovered.
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
const backedUp = [];
const answer = (data) => JSON.stringify({ data });
globalThis.native = {
  decryptWithPassword: async () => answer({ plaintext: "{}" }),
  encryptWithPassword: async () => answer({ cipherText: "a cipher text" }),
  formatShares: async () => answer({ SECP256K1: { id: "pair", share: "backup share" } }),
  generateEd25519: async (apiKey) => answer({ share: { signingSharePairId: `ed25519 of ${apiKey}` } }),
  generateSecp256k1: async (apiKey) => answer({ share: { signingSharePairId: `secp256k1 of ${apiKey}` } }),
  recoverSigningSecp256k1: async (apiKey) => answer({ share: { signingSharePairId: `secp256k1 of ${apiKey}, recovered` } }),
  backupSecp256k1: async (apiKey, host, share) => (backedUp.push([apiKey, JSON.parse(share).signingSharePairId]), answer({ share: { backupSharePairId: "pair" } })),
  backupEd25519: async () => answer({ share: { backupSharePairId: "pair" } }),
};
// Portal's API: each key has a client of its own, with a wallet.
globalThis.XMLHttpRequest = class {
  open() {}
  setRequestHeader(name, value) { if (name === "Authorization") this.key = value.replace("Bearer ", ""); }
  send() {
    const wallets = [{ curve: "SECP256K1", backupSharePairs: [], signingSharePairs: [{ status: "completed" }] }];
    const metadata = { namespaces: { eip155: { curve: "SECP256K1", address: `address of ${this.key}` } } };
    this.response = JSON.stringify({ id: `client of ${this.key}`, wallets, metadata, environment: {}, custodian: {} });
    this.status = 200;
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
};

const { Portal } = require("@portal-hq/core");
const { default: Keychain } = require("@portal-hq/keychain");
const password = { passwordStorage: { password: "a password" } };
const signIn = (apiKey, keychain) =>
  new Portal({ apiKey, keychain, backup: { password: { validateOperations: async () => true } }, apiHost: "api.example", mpcHost: "mpc.example" });
const held = (user) => device.get(`PortalMpc.shares.client of ${user}`)?.password.match(/secp256k1 of [^"]*/)[0];

/** Ann makes a wallet and signs out; Bob signs in on the same phone. */
const twoUsers = async (keychains) => {
  device.clear();
  backedUp.length = 0;
  await signIn("ann", keychains()).createWallet();
  assert.equal(held("ann"), "secp256k1 of ann");
  const bob = signIn("bob", keychains());
  const seen = { onDevice: await bob.isWalletOnDevice().catch(() => false) };
  await bob.backupWallet("password", undefined, password).catch(() => {});
  seen.backedUp = backedUp.map((call) => call.join(": ")).join();
  seen.recovered = (await bob.recoverWallet("a cipher text", "password", undefined, password)).eip155;
  return { ...seen, ann: held("ann"), bob: held("bob"), after: await bob.isWalletOnDevice().catch(() => false) };
};

(async () => {
  const one = new Keychain();
  const shared = await twoUsers(() => one);
  const own = await twoUsers(() => new Keychain());
  console.log({ shared, own });
  assert.deepEqual(shared, {
    onDevice: true,
    backedUp: "bob: secp256k1 of ann",
    recovered: "address of bob",
    ann: "secp256k1 of bob, recovered",
    bob: undefined,
    after: false,
  });
  assert.deepEqual(own, {
    onDevice: false,
    backedUp: "",
    recovered: "address of bob",
    ann: "secp256k1 of ann",
    bob: "secp256k1 of bob, recovered",
    after: true,
  });
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0, @portal-hq/keychain 4.9.0"
