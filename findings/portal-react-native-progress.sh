#!/usr/bin/env bash
# Portal's React Native SDK: the app's progress callback is a step of the backup. What it throws breaks the backup off.
#
# @portal-hq/core 4.9.0, run with its native modules replaced by ones that answer at once, and @portal-hq/web 3.4.1 in jsdom
# 26.1.0.
# Behaviour:
# - `backupWallet(method, progress)` awaits each call of `progress`. If it throws, or what it returns rejects, the backup rejects
#   ("UNEXPECTED_ERROR"), wherever it was: after the new custodian shares were made, or, at "Done", after the key in the cloud was
#   replaced and Portal was told. In both cases the cipher text is given to nobody.
# - If what it returns never settles, the backup never ends, and until the app is started again each further one is refused as
#   "already in progress".
# - The web SDK does not wait for it: the backup resolves, and the error is the page's.
#
# Who is hurt: an app whose progress bar has a fault (it sets the state of a screen that is gone, it awaits an animation). The old
# key is overwritten, the new cipher text lost: only a new backup helps, and nobody looks for the cause in a progress bar. Give a
# callback that catches all it throws, and returns nothing.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @portal-hq/web@3.4.1 jsdom@26.1.0 \
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
const { JSDOM, VirtualConsole } = require("jsdom");
let events = [];
const backup = async () => (events.push("shares made"), JSON.stringify({ data: { share: { backupSharePairId: "pair" } } }));
globalThis.native = {
  backupEd25519: backup,
  backupSecp256k1: backup,
  encrypt: async () => JSON.stringify({ data: { cipherText: "the cipher text", key: "the key" } }),
};
globalThis.XMLHttpRequest = class {
  open(method) { this.method = method; }
  setRequestHeader() {}
  send() {
    if (this.method === "PATCH") events.push("Portal told");
    Object.assign(this, { readyState: 4, status: 200, response: JSON.stringify({ id: "client", wallets: [{}], environment: {}, custodian: {} }) });
    setTimeout(() => this.onreadystatechange());
  }
};
const { Portal } = require("@portal-hq/core");
const storage = {
  drive: { accessToken: "token" },
  assignAccessToken: async () => {},
  validateOperations: async () => true,
  write: async () => void events.push("key replaced"),
};
const share = { id: "id", share: {} };
const keychain = { getShares: async () => ({ secp256k1: share, ed25519: share }), validateOperations: async () => true };
const signIn = () => new Portal({ apiKey: "key", backup: { gdrive: storage }, keychain, apiHost: "api.example", mpcHost: "mpc.example" });

/** How a backup ends whose progress callback does `what` at `status`, and what had happened by then. */
const backedUp = async (portal, status, what) => {
  events = [];
  const call = portal.backupWallet("gdrive", (progress) => (progress.status === status ? what() : undefined));
  const ending = call.then((text) => text, (error) => error.id);
  const waited = new Promise((resolve) => setTimeout(resolve, 1000, "still waiting"));
  const end = await Promise.race([ending, waited]);
  return [...new Set(events), end];
};
const fault = () => { throw new Error("no such screen"); };
const rejected = async () => fault();
const forEver = () => new Promise(() => {});

(async () => {
  const whole = ["shares made", "key replaced", "Portal told"];
  const same = async (seen, expected) => assert.deepEqual(await seen, expected);
  await same(backedUp(signIn(), "Done", () => {}), [...whole, "the cipher text"]);
  for (const what of [fault, rejected]) {
    await same(backedUp(signIn(), "Parsing share", what), ["shares made", "UNEXPECTED_ERROR"]);
    await same(backedUp(signIn(), "Done", what), [...whole, "UNEXPECTED_ERROR"]);
  }
  console.log('a fault at "Done":', await backedUp(signIn(), "Done", fault));
  const portal = signIn();
  await same(backedUp(portal, "Done", forEver), [...whole, "still waiting"]);
  await same(backedUp(portal, "none", forEver), ["WALLET_MODIFICATION_ALREADY_IN_PROGRESS"]);

  const errors = [];
  const page = new VirtualConsole().on("jsdomError", ({ message }) => errors.push(message));
  const { window } = new JSDOM("<body></body>", { url: "https://app.example", virtualConsole: page });
  Object.assign(globalThis, { window, document: window.document });
  const { default: WebPortal } = require("@portal-hq/web");
  const web = new WebPortal({ apiKey: "key", host: "web.example", rpcConfig: {} });
  web.mpc.postMessage = () => {};
  const answer = (type, data) =>
    window.dispatchEvent(new window.MessageEvent("message", { data: { type, data }, origin: "https://web.example" }));
  const call = web.backupWallet("GDRIVE", fault);
  answer("portal:wasm:backupProgress", { status: "Done", done: true });
  answer("portal:wasm:backupResult", { cipherText: "the cipher text", backupIds: [] });
  assert.equal((await call).cipherText, "the cipher text");
  console.log("the same in the web SDK:", (await call).cipherText, errors);
  assert.equal(errors.length, 1);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0, @portal-hq/web 3.4.1"
