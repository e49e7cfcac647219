#!/usr/bin/env bash
# Portal's React Native SDK: method names, and what is where when a backup says "Done".
#
# @portal-hq/core 4.9.0, run with its native modules replaced by ones that answer at once.
# Behaviour:
# - The values of `BackupMethods` are lower case ("gdrive"); the name that goes to Portal's server, and from there into
#   webhooks, is upper case ("GDRIVE"). `backupWallet("GDRIVE")` is refused.
# - Both curves are backed up side by side, under one trace id.
# - The order: share read, both native backups, encryption to one text, key written to the cloud, Portal told
#   STORED_CLIENT_BACKUP_SHARE_KEY for both pairs, progress "Done". Only then the promise gives the cipher text to the app.
# - Nothing tells Portal STORED_CLIENT_BACKUP_SHARE: that is the app's to do.
#
# Who is hurt: a server that compares methods by their bytes holds two halves of one backup that never meet; an app that
# takes "Done" for the end, or is closed then, has replaced the key in the cloud and lost the only text that it opens.
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
const metadata = [];
const native = (curve) => async (...args) => {
  metadata.push(JSON.parse(args.at(-1)));
  events.push(`${curve} begins`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  events.push(`${curve} ends`);
  return JSON.stringify({ data: { share: { backupSharePairId: `pair-${curve}` } } });
};
globalThis.native = {
  backupSecp256k1: native("secp256k1"),
  backupEd25519: native("ed25519"),
  encrypt: async (text) => {
    events.push(`encrypted for ${Object.keys(JSON.parse(text)).join("+")}`);
    return JSON.stringify({ data: { cipherText: "the cipher text", key: "the key" } });
  },
};
// The SDK's own HTTP helper speaks to this.
globalThis.XMLHttpRequest = class {
  open(method, url) { this.call = `${method} ${new URL(url).pathname}`; }
  setRequestHeader() {}
  send(body) {
    if (this.call === "PATCH /api/v3/clients/me/backup-share-pairs") {
      const { status, backupSharePairIds } = JSON.parse(body);
      events.push(`Portal told ${status} of ${backupSharePairIds.join("+")}`);
    }
    this.status = 200;
    this.response = JSON.stringify({ id: "client", wallets: [{}], environment: {}, custodian: { id: "custodian" } });
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
};

const { BackupMethods, Portal } = require("@portal-hq/core");
const storage = {
  drive: { accessToken: "token" },
  assignAccessToken: async () => {},
  validateOperations: async () => true,
  write: async () => void events.push("key written to the cloud"),
};
const share = { id: "id", share: {} };
const keychain = { getShares: async () => (events.push("share read"), { secp256k1: share, ed25519: share }), validateOperations: async () => true };
const portal = new Portal({ apiKey: "key", backup: { gdrive: storage }, keychain, apiHost: "api.example", mpcHost: "mpc.example" });

(async () => {
  assert.deepEqual(Object.values(BackupMethods).sort(), ["custom", "firebase", "gdrive", "icloud", "passkey", "password", "unknown"]);
  await assert.rejects(portal.backupWallet("GDRIVE"));
  events.length = 0;
  const cipherText = await portal.backupWallet("gdrive", ({ done }) => void (done && events.push("progress: done")));
  events.push(`the app has ${cipherText}`);
  console.log(events.join("\n"));
  assert.deepEqual(events, [
    "share read",
    "secp256k1 begins", "ed25519 begins", "secp256k1 ends", "ed25519 ends",
    "encrypted for secp256k1+ed25519",
    "key written to the cloud",
    "Portal told STORED_CLIENT_BACKUP_SHARE_KEY of pair-secp256k1+pair-ed25519",
    "progress: done",
    "the app has the cipher text",
  ]);
  assert.deepEqual(metadata.map(({ backupMethod }) => backupMethod), ["GDRIVE", "GDRIVE"]);
  assert.equal(metadata[0].reqId, metadata[1].reqId);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0"
