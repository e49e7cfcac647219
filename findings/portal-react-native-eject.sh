#!/usr/bin/env bash
# Portal's React Native SDK: an eject that puts the private keys together, and then gives none of them.
#
# @portal-hq/core 4.9.0, run with its native modules replaced by ones that answer at once.
# Behaviour of `portal.mpc.ejectPrivateKeys()`:
# - The keys are put together on the device first. Only then Portal is told of the eject. If Portal answers 500 to that, the call
#   rejects, and the keys, which were there, are given to nobody. If the connection is lost, the call resolves with the keys, and
#   Portal knows of no eject.
# - If the cipher text has both curves and the app gives only the custodian share of secp256k1, the call puts that key together,
#   and rejects.
# - It looks at no other call: an eject during a backup runs, and when it ends, a second backup beside the first is let in. (A
#   backup during a backup is refused.)
# - It lies at `portal.mpc`, not at `portal` as in the web SDK. The shares are `secp256k1` and `ed25519`, the keys `secp256k1Key`
#   and `ed25519Key`; the web SDK has SECP256K1 and ED25519 for both. A share under the web's name is not found: the native code
#   is given undefined.
#
# Who is hurt: whoever lets a custodian share be fetched once. The share is used up, the wallet's two halves have been on one
# device, and the user has an error. A new window must be opened for a second try. Fetch every share before the call, and keep
# them until the keys are on the screen.
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
const events = [];
const later = (value) => new Promise((resolve) => setTimeout(resolve, 50, JSON.stringify(value)));
const eject = (curve) => async (share, custodianShare) => (events.push(`${curve} of ${custodianShare}`), JSON.stringify({ privateKey: `key ${curve}` }));
const backup = async () => (events.push("backup"), later({ data: { share: { backupSharePairId: "pair" } } }));
const curves = { SECP256K1: { id: "pair", share: "client share" }, ED25519: { id: "pair", share: "client share" } };
globalThis.native = {
  backupEd25519: backup,
  backupSecp256k1: backup,
  decryptWithPassword: async () => JSON.stringify({ data: { plaintext: "{}" } }),
  ejectEd25519: eject("ed25519"),
  ejectSecp256k1: eject("secp256k1"),
  encryptWithPassword: async () => JSON.stringify({ data: { cipherText: "a cipher text" } }),
  formatShares: async () => JSON.stringify({ data: curves }),
};
// What Portal answers when it is told of an eject; 0 is what XMLHttpRequest has when the connection is lost.
let status = 200;
globalThis.XMLHttpRequest = class {
  open(method, url) { this.path = new URL(url).pathname; }
  setRequestHeader() {}
  send() {
    const told = this.path === "/api/v3/clients/me/eject";
    if (told) events.push("Portal told");
    this.status = told ? status : 200;
    this.response = this.responseText = this.status ? JSON.stringify({ id: "client", wallets: [{}], environment: {}, custodian: {} }) : "";
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
};

const { Portal } = require("@portal-hq/core");
const storage = { validateOperations: async () => true };
const share = { id: "id", share: {} };
const keychain = { getShares: async () => ({ secp256k1: share, ed25519: share }), validateOperations: async () => true };
const portal = new Portal({ apiKey: "key", backup: { password: storage }, keychain, apiHost: "api.example", mpcHost: "mpc.example" });
const password = { passwordStorage: { password: "a password" } };

/** What the native code did, and what the app has of it. */
const ejected = async (custodianShares) => {
  events.length = 0;
  const keys = await portal.mpc.ejectPrivateKeys("a cipher text", "password", password, custodianShares).catch(() => "rejected");
  return [...events, keys];
};
const both = { secp256k1: "share 1", ed25519: "share 2" };
const done = ["secp256k1 of share 1", "ed25519 of share 2", "Portal told"];
const keys = { secp256k1Key: "key secp256k1", ed25519Key: "key ed25519" };

(async () => {
  assert.equal(portal.ejectPrivateKeys, undefined);
  assert.deepEqual(await ejected(both), [...done, keys]);
  status = 500;
  console.log("Portal answers 500:", await ejected(both));
  assert.deepEqual(await ejected(both), [...done, "rejected"]);
  status = 0;
  assert.deepEqual(await ejected(both), [...done, keys]);
  status = 200;
  const { secp256k1 } = both;
  console.log("one share:", await ejected({ secp256k1 }));
  assert.deepEqual(await ejected({ secp256k1 }), ["secp256k1 of share 1", "rejected"]);
  assert.deepEqual(await ejected({ SECP256K1: "share 1", ED25519: "share 2" }), ["secp256k1 of undefined", "rejected"]);

  events.length = 0;
  const backUp = () => portal.backupWallet("password", undefined, password);
  const first = backUp();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await assert.rejects(backUp(), { id: "WALLET_MODIFICATION_ALREADY_IN_PROGRESS" });
  await portal.mpc.ejectPrivateKeys("a cipher text", "password", password, both);
  const second = backUp();
  await Promise.all([first, second]);
  console.log("an eject during a backup:", events);
  assert.equal(events.filter((event) => event === "backup").length, 4);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0"
