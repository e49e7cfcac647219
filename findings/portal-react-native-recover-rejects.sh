#!/usr/bin/env bash
# Portal's React Native SDK: a recovery that rejects may have replaced the wallet's share on the device.
#
# @portal-hq/core 4.9.0 and @portal-hq/keychain 4.9.0. The native modules are replaced: the MPC by one that answers at once,
# react-native-keychain by a Map with one entry a service.
# Behaviour of `recoverWallet()` on a phone that has a share already:
# - It writes the recovered share over the one that was there, then loads the client from Portal, then tells Portal. If Portal answers 500 to
#   either, the call rejects. The share from before is gone by then, the new one is there.
# - The presignatures that belong to the share from before are kept in that case. After a whole recovery they are deleted.
# - If the connection is lost when Portal is told, the call resolves, and Portal does not know of the new share.
# - A wrong password rejects before anything is changed.
# - The same call again, when Portal answers, resolves.
#
# Who is hurt: an app that takes each rejection for "nothing happened, wrong password". The user tries other passwords, or signs out and
# deletes the app, with the recovered wallet on the phone. Tell the two apart by what the device has, and offer the same recovery again.
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
const answer = (data) => JSON.stringify({ data });
globalThis.native = {
  decryptWithPassword: async (password) => (password === "right" ? answer({ plaintext: "{}" }) : JSON.stringify({ error: { id: "DECRYPT_FAILED", message: "wrong" } })),
  formatShares: async () => answer({ SECP256K1: { id: "pair", share: "backup share" } }),
  recoverSigningSecp256k1: async () => answer({ share: { signingSharePairId: "recovered" } }),
};
const SHARES = "PortalMpc.shares.client";
const PRESIGNATURES = "PortalMpc.Presignatures.SECP256K1.client";
let fault;
let told;
globalThis.XMLHttpRequest = class {
  open(method, url) { this.method = method; this.path = new URL(url).pathname; }
  setRequestHeader() {}
  send() {
    const stored = device.get(SHARES).password.includes("recovered");
    const tells = this.method === "PATCH" && this.path.endsWith("/signing-share-pairs");
    const loads = this.method === "GET" && this.path.endsWith("/clients/me") && stored;
    const fails = (tells && fault === "telling: 500") || (loads && fault === "loading: 500");
    this.status = fails ? 500 : tells && fault === "telling: lost" ? 0 : 200;
    if (tells && this.status === 200) told = true;
    const eip155 = { curve: "SECP256K1", address: "address" };
    const wallets = [{ curve: "SECP256K1", backupSharePairs: [], signingSharePairs: [] }];
    this.response = this.status === 200 ? JSON.stringify({ id: "client", wallets, metadata: { namespaces: { eip155 } }, environment: {}, custodian: {} }) : "";
    [this.statusText, this.responseText] = [String(this.status), this.response];
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
};

const { Portal } = require("@portal-hq/core");
const recover = async (password) => {
  const portal = new Portal({ apiKey: "key", backup: { password: {} }, apiHost: "api.example", mpcHost: "mpc.example" });
  const config = { passwordStorage: { password } };
  return portal.recoverWallet("a cipher text", "password", undefined, config).then(() => "resolves", () => "rejects");
};
const state = (call) => {
  const share = device.get(SHARES).password.includes("recovered") ? "recovered" : "before";
  return `${call}; the device has the share ${share}${device.has(PRESIGNATURES) ? ", presignatures" : ""}; Portal ${told ? "told" : "not told"}`;
};
const phone = () => {
  device.clear();
  told = false;
  const share = { id: "before", share: { signingSharePairId: "before" } };
  device.set(SHARES, { username: "shares", password: JSON.stringify({ secp256k1: share }) });
  device.set(PRESIGNATURES, { username: "presignatures", password: "[]" });
};

(async () => {
  const seen = {};
  for (const name of ["none", "wrong password", "loading: 500", "telling: 500", "telling: lost"]) {
    phone();
    fault = name;
    seen[name] = state(await recover(name === "wrong password" ? "wrong" : "right"));
  }
  phone();
  fault = "telling: 500";
  await recover("right");
  fault = "none";
  seen["the same call again"] = state(await recover("right"));
  console.log(seen);
  const half = "rejects; the device has the share recovered, presignatures; Portal not told";
  assert.deepEqual(seen, {
    none: "resolves; the device has the share recovered; Portal told",
    "wrong password": "rejects; the device has the share before, presignatures; Portal not told",
    "loading: 500": half,
    "telling: 500": half,
    "telling: lost": "resolves; the device has the share recovered; Portal not told",
    "the same call again": "resolves; the device has the share recovered; Portal told",
  });
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0, @portal-hq/keychain 4.9.0"
