#!/usr/bin/env bash
# Portal's SDKs: `isWalletBackedUp()` and `availableRecoveryMethods()` say yes where half a backup is there, or an older one.
#
# @portal-hq/web 3.4.1 in jsdom 26.1.0 and @portal-hq/core 4.9.0 (React Native), each with a stand-in for Portal that names the
# same client.
# Behaviour, without a chain id:
# - One completed pair of one curve is enough: the wallet counts as backed up and recoverable, and the method as one that
#   recovers, though the other curve has none. With a chain id of the other curve the answer is no.
# - A completed pair stays enough when a newer one of the same method and curve is incomplete, as after a backup that broke off.
#   With Google Drive that backup may have replaced the key of the older one.
# - The web SDK names the methods in upper case, as Portal has them; React Native in lower case.
# - `isWalletOnDevice()`: in React Native one share is enough, the web SDK wants both. A wallet with one curve only, all of it on
#   the device, is on the device in the one, and is not in the other.
#
# Who is hurt: an app that asks the SDK "is there a backup?" before it lets the user sign out or delete the app. What the server
# says of the person's backups by method (`complete`, `half-finished`, …) tells both cases apart.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @portal-hq/web@3.4.1 jsdom@26.1.0 \
  @portal-hq/{core,utils,connect,keychain,provider,swaps}@4.9.0

mkdir -p node_modules/react-native node_modules/react node_modules/react-native-keychain
cat >node_modules/react-native/index.js <<'JS'
exports.NativeModules = { PortalMobileMpc: {} };
exports.Platform = { OS: "ios", select: (choices) => choices.ios ?? choices.default };
exports.TurboModuleRegistry = { get: () => null, getEnforcing: () => ({}) };
JS
echo 'module.exports = { createContext: () => ({}), useContext: () => ({}) };' >node_modules/react/index.js
echo 'module.exports = { ACCESSIBLE: {}, ACCESS_CONTROL: {} };' >node_modules/react-native-keychain/index.js

cat >run.js <<'JS'
const assert = require("node:assert/strict");
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("<body></body>", { url: "https://app.example" });

let client;
let onDevice;
globalThis.XMLHttpRequest = class {
  open() {}
  setRequestHeader() {}
  send() {
    Object.assign(this, { readyState: 4, status: 200, response: JSON.stringify(client) });
    setTimeout(() => this.onreadystatechange());
  }
};
const { Portal } = require("@portal-hq/core");
const share = { id: "id", share: {} };
const keychain = { getShares: async () => (onDevice.ED25519 ? { secp256k1: share, ed25519: share } : { secp256k1: share }) };
const native = new Portal({ apiKey: "key", backup: {}, keychain, apiHost: "api.example", mpcHost: "mpc.example" });

Object.assign(globalThis, { window, document: window.document });
const { default: WebPortal } = require("@portal-hq/web");
const web = new WebPortal({ apiKey: "key", host: "web.example", rpcConfig: {} });
web.mpc.postMessage = ({ type }) => {
  const data = type === "portal:getClient" ? client : onDevice;
  const answer = new window.MessageEvent("message", { data: { type: `${type}Result`, data }, origin: "https://web.example" });
  setTimeout(() => window.dispatchEvent(answer));
};

const SOLANA = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp";
const wallet = (curve, ...pairs) => ({
  curve,
  signingSharePairs: [{ status: "completed" }],
  backupSharePairs: pairs.map(([status, createdAt]) => ({ id: `${curve} of ${createdAt}`, backupMethod: "GDRIVE", status, createdAt })),
});
const of = (...wallets) => {
  const namespaces = { eip155: { address: "0x00", curve: "SECP256K1" }, solana: { address: "1111", curve: "ED25519" } };
  return { id: "client", custodian: {}, environment: {}, metadata: { namespaces }, wallets };
};
const says = async (portal) => ({
  backedUp: await portal.isWalletBackedUp(),
  recoverable: await portal.isWalletRecoverable(),
  methods: (await portal.availableRecoveryMethods()).join(),
  solana: await portal.isWalletBackedUp(SOLANA),
});
const all = (methods, solana) => ({ backedUp: true, recoverable: true, methods, solana });

(async () => {
  const old = ["completed", "2026-01-01T00:00:00Z"];
  const brokenOff = ["incomplete", "2026-11-01T00:00:00Z"];
  client = of(wallet("SECP256K1", old), wallet("ED25519"));
  console.log("one curve of two:", { native: await says(native), web: await says(web) });
  assert.deepEqual([await says(native), await says(web)], [all("gdrive", false), all("GDRIVE", false)]);

  client = of(wallet("SECP256K1", old, brokenOff), wallet("ED25519", old, brokenOff));
  console.log("a backup that broke off:", { native: await says(native), web: await says(web) });
  assert.deepEqual([await says(native), await says(web)], [all("gdrive", true), all("GDRIVE", true)]);

  client = of(wallet("SECP256K1", brokenOff), wallet("ED25519", brokenOff));
  for (const portal of [native, web]) assert.deepEqual(await says(portal), { backedUp: false, recoverable: false, methods: "", solana: false });

  client = of(wallet("SECP256K1", old));
  onDevice = { SECP256K1: true, ED25519: false };
  assert.deepEqual([await native.isWalletOnDevice(), await web.isWalletOnDevice()], [true, false]);
  onDevice = { SECP256K1: true, ED25519: true };
  assert.deepEqual([await native.isWalletOnDevice(), await web.isWalletOnDevice()], [true, true]);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/web 3.4.1, @portal-hq/core 4.9.0"
