#!/usr/bin/env bash
# Portal's React Native SDK: a `createWallet` that rejects may have made a wallet of which the phone has no share.
#
# @portal-hq/core 4.9.0 and @portal-hq/keychain 4.9.0. The native modules are replaced: the MPC by one that answers at once,
# react-native-keychain by a Map with one entry a service.
# Behaviour of `createWallet(progress)`, which makes the shares together with Portal first:
# - Then it loads the client from Portal (if this Portal's keychain was not used before), writes the shares into the keychain, and tells Portal.
#   If Portal answers 500 to that loading, the keychain refuses, or `progress` throws at "Parsing share" or "Storing share", the call rejects: the
#   wallet is there at Portal, and the phone has no share of it. Nothing keeps the shares for a second try.
# - If Portal answers 500 when it is told, the call rejects too, and the phone has its shares. If the connection is lost then, it resolves.
#   `isWalletOnDevice()` says no in both cases, later on too: it goes by what Portal was told. `portal.keychain.getShares()` has the shares.
# - If `progress` throws at "Done", the call rejects, with everything done.
# - `portal.keychain.getShares()` before it makes the keychain know the client (it rejects, "Address Not Found", for there is no wallet yet): the
#   same 500 then comes after the shares are kept.
#
# Who is hurt: an app that takes all rejections for one. Where the phone has the shares, the wallet is whole: tell Portal again
# (`portal.api.storedClientSigningShares`) and back it up. Where it has none, what is sent to the wallet's address is out of reach: nobody can sign,
# back up or recover. And an app that makes another wallet because `isWalletOnDevice()` said no.
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
exports.setGenericPassword = async (username, password, { service }) => globalThis.full?.(service) ? false : (entries.set(service, { username, password }), { service });
exports.getGenericPassword = async ({ service }) => entries.get(service) ?? false;
exports.resetGenericPassword = async ({ service }) => (entries.delete(service), true);
JS

cat >run.js <<'JS'
const assert = require("node:assert/strict");
let fault;
let made;
let told;
const make = async () => ((made = true), JSON.stringify({ data: { share: { signingSharePairId: "pair" } } }));
globalThis.native = { generateEd25519: make, generateSecp256k1: make };
const SHARES = "PortalMpc.shares.client";
globalThis.XMLHttpRequest = class {
  open(method, url) { this.method = method; this.path = new URL(url).pathname; }
  setRequestHeader() {}
  send() {
    const tells = this.method === "PATCH" && this.path.endsWith("/signing-share-pairs");
    const loads = this.method === "GET" && this.path.endsWith("/clients/me") && made;
    const fails = (tells && fault === "telling: 500") || (loads && fault === "loading: 500");
    this.status = fails ? 500 : (tells && fault === "telling: lost") ? 0 : 200;
    if (tells && this.status === 200) told = true;
    const wallets = ["SECP256K1", "ED25519"].map((curve) => ({ curve, backupSharePairs: [], signingSharePairs: [{ id: "pair", status: told ? "completed" : "incomplete" }] }));
    const namespaces = { eip155: { curve: "SECP256K1", address: "0xann" }, solana: { curve: "ED25519", address: "ann" } };
    const client = { id: "client", wallets: made ? wallets : [], metadata: { namespaces: made ? namespaces : {} }, environment: {}, custodian: {} };
    this.response = this.status === 200 ? JSON.stringify(client) : "";
    [this.statusText, this.responseText] = [String(this.status), this.response];
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
};

const { Portal } = require("@portal-hq/core");
(async () => {
  const seen = {};
  const onDevice = {};
  for (const name of ["none", "progress throws: Generating share", "progress throws: Parsing share", "progress throws: Storing share", "progress throws: Done", "keychain", "loading: 500", "telling: 500", "telling: lost"]) {
    device.clear();
    made = told = false;
    fault = name;
    const portal = new Portal({ apiKey: "key", backup: { password: {} }, apiHost: "api.example", mpcHost: "mpc.example" });
    globalThis.full = (service) => fault === "keychain" && service === SHARES;
    const progress = ({ status }) => {
      if (fault === `progress throws: ${status}`) throw new Error("the screen is gone");
    };
    const call = await portal.createWallet(progress).then(() => "resolves", (error) => "rejects");
    const has = device.has(SHARES) && device.get(SHARES).password.includes("pair");
    fault = undefined;
    const says = (answer) => (answer ? "yes" : "no");
    onDevice[name] = `isWalletOnDevice: ${says(await portal.isWalletOnDevice())}; keychain.getShares: ${says(await portal.keychain.getShares().catch(() => false))}`;
    seen[name] = `${call}; ${made ? "wallet made" : "no wallet"}, ${has ? "share on the phone" : "NO SHARE"}, Portal ${told ? "told" : "not told"}`;
  }
  console.log(seen, onDevice);
  const lost = "rejects; wallet made, NO SHARE, Portal not told";
  assert.deepEqual(seen, {
    none: "resolves; wallet made, share on the phone, Portal told",
    "progress throws: Generating share": "rejects; no wallet, NO SHARE, Portal not told",
    "progress throws: Parsing share": lost,
    "progress throws: Storing share": lost,
    "progress throws: Done": "rejects; wallet made, share on the phone, Portal told",
    keychain: lost,
    "loading: 500": lost,
    "telling: 500": "rejects; wallet made, share on the phone, Portal not told",
    "telling: lost": "resolves; wallet made, share on the phone, Portal not told",
  });
  // Once the keychain knows the client, no loading stands between the shares and the phone; what Portal was not told can be told later.
  device.clear();
  [made, told, fault] = [false, false, undefined];
  const portal = new Portal({ apiKey: "key", backup: { password: {} }, apiHost: "api.example", mpcHost: "mpc.example" });
  await assert.rejects(portal.keychain.getShares(), /Address Not Found/);
  fault = "loading: 500";
  const call = await portal.createWallet().then(() => "resolves", () => "rejects");
  fault = undefined;
  const ids = Object.values(await portal.keychain.getShares()).map(({ id }) => id);
  await portal.api.storedClientSigningShares(ids);
  console.log("after getShares() and the same 500:", call, ids, "told again:", await portal.isWalletOnDevice());
  assert.deepEqual([call, ids, told], ["rejects", ["pair", "pair"], true]);
  assert.equal(await portal.isWalletOnDevice(), true);
  const [neither, keychainOnly, both] = ["no; keychain.getShares: no", "no; keychain.getShares: yes", "yes; keychain.getShares: yes"].map((rest) => `isWalletOnDevice: ${rest}`);
  for (const [name, says] of Object.entries(onDevice)) {
    const told = seen[name].endsWith("Portal told");
    assert.equal(says, told ? both : seen[name].includes("NO SHARE") ? neither : keychainOnly, name);
  }
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
timeout 60 node run.js
echo "as stated: @portal-hq/core 4.9.0, @portal-hq/keychain 4.9.0"
