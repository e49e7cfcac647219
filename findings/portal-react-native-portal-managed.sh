#!/usr/bin/env bash
# Portal's React Native SDK: where Portal's own backups are switched on, the cipher text that the app gives is not looked at.
#
# @portal-hq/core 4.9.0, run with its native modules replaced by ones that answer at once, and a stand-in for Portal.
# Behaviour, when the client's `environment.backupWithPortalEnabled` is true, a switch on Portal's side:
# - `recoverWallet(cipherText, method)` asks Portal for a cipher text, and decrypts that. The app's own is not used, also when it is the only good one. With
#   the switch off it is the app's.
# - Which one it asks for: of the last wallet in Portal's list, the first pair of the method that is completed. Where an older pair stands before a
#   newer one, that is the older pair, and its key has been replaced by then.
# - If no pair is completed under the method ("No valid backup found"), or Portal has no cipher text of it, as of a backup that was made before the
#   switch, the recovery rejects.
# - `backupWallet()` sends the cipher text to Portal as well, after "Done". If that fails, it rejects, with the key replaced and Portal told; the
#   cipher text is given to nobody.
# - `portal.mpc.ejectPrivateKeys()` takes cipher text and custodian shares from Portal, too; those that the app gives are not used.
#
# Who is hurt: a company that keeps its backups itself, and has the switch on from before, or turns it on to try. Its server stores and gives every
# share, all its tests of it pass, and no phone recovers from what it keeps. Ask for `environment` of the client before you rely on a backup.
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
const answer = (data) => JSON.stringify({ data });
let events = [];
const curves = { SECP256K1: { id: "pair", share: "client share" }, ED25519: { id: "pair", share: "client share" } };
const eject = async (share, custodianShare) => (events.push(`custodian share ${custodianShare}`), JSON.stringify({ privateKey: "key" }));
const recovered = async () => answer({ share: { signingSharePairId: "signing pair" } });
const backup = async () => answer({ share: { backupSharePairId: "new pair" } });
globalThis.native = {
  backupEd25519: backup,
  backupSecp256k1: backup,
  decryptWithPassword: async (password, cipherText) => (events.push(`decrypts ${cipherText}`), answer({ plaintext: "{}" })),
  ejectEd25519: eject,
  ejectSecp256k1: eject,
  encryptWithPassword: async () => answer({ cipherText: "the new cipher text" }),
  formatShares: async () => answer(curves),
  recoverSigningEd25519: recovered,
  recoverSigningSecp256k1: recovered,
};
const pair = (id, status = "completed", backupMethod = "PASSWORD") => ({ id, status, backupMethod });
let portalSide;
globalThis.XMLHttpRequest = class {
  open(method, url) { this.method = method; this.path = new URL(url).pathname; }
  setRequestHeader() {}
  answerOf() {
    const { pairs, on, texts = true, keeps = true } = portalSide;
    const [, id, rest] = this.path.match(/backup-share-pairs\/([^/]+)(.*)/) ?? [];
    if (rest === "/cipher-text") return [200, texts ? { cipherText: `Portal's of ${decodeURIComponent(id)}` } : {}];
    if (id) return [keeps ? 200 : 500, {}];
    if (this.path.endsWith("/backup-share-pairs")) events.push("Portal told of the key");
    if (this.path.endsWith("/prepare-eject")) return [200, { share: "Portal's" }];
    const wallets = ["SECP256K1", "ED25519"].map((curve) => ({ id: curve, curve, backupSharePairs: pairs[curve] ?? pairs.both, signingSharePairs: [] }));
    return [200, { id: "client", wallets, environment: { backupWithPortalEnabled: on }, custodian: {}, metadata: { namespaces: {} } }];
  }
  send() {
    const [status, body] = this.answerOf();
    this.status = status;
    this.statusText = String(status);
    this.response = this.responseText = JSON.stringify(body);
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
};

const { Portal } = require("@portal-hq/core");
const share = { id: "id", share: {} };
const keychain = {
  deletePresignatures: async () => true,
  getAddresses: async () => ({ eip155: "address" }),
  getShares: async () => ({ secp256k1: share, ed25519: share }),
  loadMetadata: async () => ({}),
  storeShares: async () => events.push("shares stored"),
  validateOperations: async () => true,
};
const config = { passwordStorage: { password: "a password" } };
const portalOf = () => {
  const storage = { validateOperations: async () => true };
  return new Portal({ apiKey: "key", backup: { password: storage }, keychain, apiHost: "api.example", mpcHost: "mpc.example" });
};
const run = async (side, call) => {
  events = [];
  portalSide = side;
  const end = await call(portalOf()).then((value) => value, (error) => `rejects: ${error.message}`);
  return [...events, end];
};
const recover = (side) => run(side, (portal) => portal.recoverWallet("the app's", "password", undefined, config));
const backUp = (side) =>
  run(side, (portal) => portal.backupWallet("password", ({ status }) => /done/i.test(status) && events.push("Done"), config));
const ejected = (side) =>
  run(side, (portal) => portal.mpc.ejectPrivateKeys("the app's", "password", config, { secp256k1: "the app's", ed25519: "the app's" }));

(async () => {
  const pairs = { SECP256K1: [pair("S old"), pair("S new")], ED25519: [pair("E old"), pair("E new")] };
  const seen = {
    "recovery, off": await recover({ on: false, pairs }),
    "recovery, on": await recover({ on: true, pairs }),
    "recovery, on, newest first": await recover({ on: true, pairs: { both: [pair("new"), pair("old")] } }),
    "recovery, on, none completed": await recover({ on: true, pairs: { both: [pair("new", "incomplete"), pair("drive", "completed", "GDRIVE")] } }),
    "recovery, on, no text at Portal": await recover({ on: true, pairs, texts: false }),
    "backup, off": await backUp({ on: false, pairs }),
    "backup, on": await backUp({ on: true, pairs }),
    "backup, on, Portal keeps no text": await backUp({ on: true, pairs, keeps: false }),
    "eject, off": await ejected({ on: false, pairs }),
    "eject, on": await ejected({ on: true, pairs }),
  };
  console.log(seen);
  const recovery = (text) => [`decrypts ${text}`, "shares stored", { eip155: "address" }];
  const eject = (whose, text) => [`decrypts ${text}`, ...Array(2).fill(`custodian share ${whose}`), { secp256k1Key: "key", ed25519Key: "key" }];
  const whole = ["Portal told of the key", "Done", "the new cipher text"];
  const rejection = seen["backup, on, Portal keeps no text"].pop();
  assert.match(rejection, /^rejects: /);
  assert.deepEqual(seen, {
    "recovery, off": recovery("the app's"),
    "recovery, on": recovery("Portal's of E old"),
    "recovery, on, newest first": recovery("Portal's of new"),
    "recovery, on, none completed": ["rejects: No valid backup found"],
    "recovery, on, no text at Portal": ["rejects: Failed to retrieve client cipher text"],
    "backup, off": whole,
    "backup, on": whole,
    "backup, on, Portal keeps no text": whole.slice(0, 2),
    "eject, off": eject("the app's", "the app's"),
    "eject, on": eject("Portal's", "Portal's of E old"),
  });
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0"
