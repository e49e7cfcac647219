#!/usr/bin/env bash
# Portal's Google Drive storage for React Native: a folder that the user has put into the bin is taken for the folder. The new key goes
# into the bin, too.
#
# @portal-hq/core 4.9.0 and @portal-hq/gdrive-storage 4.1.6. The native modules are replaced by ones that answer at once, Google Drive by
# a stand-in that keeps to Google's pages: `files.list` gives files in the bin too unless the query says `trashed = false`; whatever
# lies in a folder that is in the bin is in the bin; after 30 days the bin is emptied of it. (That Drive takes an upload into such a folder
# was reported in googleworkspace/android-samples, issue 66.)
# Behaviour:
# - No query of the SDK says `trashed = false`.
# - While the folder `_PORTAL_MPC_DO_NOT_DELETE_` is in the bin, a recovery still works: nobody notices.
# - A backup in these days, also one that is to mend this, puts its key into the folder in the bin. It resolves, and Portal is told. When
#   the bin has been emptied, nothing recovers.
# - When the bin has been emptied first, the backup makes a new folder, and recovers.
# - With the key's file alone in the bin, a backup deletes it there and puts the new one beside it, where the folder is: it recovers.
#
# Who is hurt: whoever tidies their Drive. Portal and the server show a complete backup, and 30 days later its key is gone. Ask the user to
# take the folder out of the bin, or to empty the bin, before they back up again.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps \
  @portal-hq/gdrive-storage@4.1.6 @portal-hq/{core,utils,connect,keychain,provider,swaps}@4.9.0

mkdir -p node_modules/react-native node_modules/react node_modules/react-native-keychain
cat >node_modules/react-native/index.js <<'JS'
const call = { get: (_, name) => (...args) => globalThis.native[name](...args) };
exports.NativeModules = { PortalMobileMpc: new Proxy({}, call), PortalGoogleSignIn: new Proxy({}, call) };
exports.Platform = { OS: "ios", select: (choices) => choices.ios ?? choices.default };
exports.TurboModuleRegistry = { get: () => null, getEnforcing: () => globalThis.native };
JS
echo 'module.exports = { createContext: () => ({}), useContext: () => ({}) };' >node_modules/react/index.js
echo 'module.exports = { ACCESSIBLE: {}, ACCESS_CONTROL: {} };' >node_modules/react-native-keychain/index.js

cat >run.js <<'JS'
const assert = require("node:assert/strict");
const answer = (data) => JSON.stringify({ data });
let made = 0;
/** The user's Drive: name, parent, content, and whether it was put into the bin, by id. */
let drive = new Map();
const queries = new Set();
const inBin = (id) => drive.has(id) && (drive.get(id).binned || inBin(drive.get(id).parent));
const emptyBin = () => { for (const id of [...drive.keys()].filter(inBin)) drive.delete(id); };
const idOf = (name) => [...drive.keys()].find((id) => drive.get(id).name === name);

globalThis.native = {
  configure: async () => {},
  isSignedIn: () => true,
  getCurrentUser: async () => ({}),
  getTokens: async () => ({ accessToken: "google" }),
  getCustodianIdClientIdHashes: async () => answer({ android: "a", default: "key", ios: "i", react_native: "r", web_sdk: "w" }),
  backupSecp256k1: async () => answer({ share: { backupSharePairId: "pair" } }),
  encrypt: async () => (made++, answer({ cipherText: `opens with key ${made}`, key: `key ${made}` })),
  decrypt: async (key, cipherText) => (cipherText === `opens with ${key}` ? answer({ plaintext: "{}" }) : JSON.stringify({ error: { id: "DECRYPT" } })),
  formatShares: async () => answer({ SECP256K1: { id: "pair", share: "backup share" } }),
  recoverSigningSecp256k1: async () => answer({ share: { signingSharePairId: "recovered" } }),
};
let told = 0;
globalThis.XMLHttpRequest = class {
  open(method, url) { this.method = method; this.url = new URL(url); }
  setRequestHeader() {}
  send(body) {
    [this.status, this.response] = this.url.host === "www.googleapis.com" ? this.drive(body) : [200, this.portal()];
    [this.statusText, this.responseText] = [String(this.status), this.response];
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
  portal() {
    if (this.method === "PATCH" && this.url.pathname.endsWith("/backup-share-pairs")) told++;
    const wallets = [{ curve: "SECP256K1", backupSharePairs: [], signingSharePairs: [] }];
    return JSON.stringify({ id: "client", wallets, environment: {}, custodian: { id: "custodian" } });
  }
  drive(body) {
    const id = this.url.pathname.split("/")[4];
    const query = this.url.searchParams.get("q");
    if (query) {
      queries.add(query);
      const name = query.match(/name='(.*?)'/)[1];
      const wanted = (key) => drive.get(key).name === name && !(/trashed\s*=\s*false/.test(query) && inBin(key));
      return [200, JSON.stringify({ files: [...drive.keys()].filter(wanted).map((key) => ({ id: key })) })];
    }
    if (this.method === "POST") {
      const { name, parents } = JSON.parse(this.url.pathname.startsWith("/upload") ? body.match(/\{"name".*\}/)[0] : body);
      const content = body.includes("text/plain\n\n") ? body.split("text/plain\n\n")[1].split("\n--")[0] : undefined;
      const fresh = `id-${++made}-${drive.size}`;
      drive.set(fresh, { name, parent: parents[0], content });
      return [200, JSON.stringify({ id: fresh })];
    }
    if (!drive.has(id)) return [404, '{"error":{"message":"File not found"}}'];
    const { content } = drive.get(id);
    if (this.method === "DELETE") drive.delete(id);
    return [200, this.method === "DELETE" ? "{}" : content];
  }
};

const { Portal } = require("@portal-hq/core");
const { GoogleStorage } = require("@portal-hq/gdrive-storage");
/** A new start of the app, or a new phone. */
const phone = () => {
  const keychain = {
    getShares: async () => ({ secp256k1: { id: "id", share: {} } }),
    storeShares: async () => {},
    loadMetadata: async () => {},
    getAddresses: async () => ({ eip155: "address" }),
    deletePresignatures: async () => {},
    getPresignatures: async () => [],
  };
  const gdrive = new GoogleStorage({ iosClientId: "google-client", androidClientId: "google-client" });
  return new Portal({ apiKey: "key", backup: { gdrive }, keychain, apiHost: "api.example", mpcHost: "mpc.example" });
};
const backUp = () => phone().backupWallet("gdrive");
const recover = (text) => phone().recoverWallet(text, "gdrive").then(() => "recovers", () => "cannot recover");
const FOLDER = "_PORTAL_MPC_DO_NOT_DELETE_";
const bin = (name) => { drive.get(idOf(name)).binned = true; };

(async () => {
  const seen = {};
  let text = await backUp();
  bin(FOLDER);
  seen.oldKeyInBin = await recover(text);
  told = 0;
  text = await backUp();
  seen.backedUpAgain = { told, newKeyInBin: inBin(idOf("key.txt")), now: await recover(text) };
  emptyBin();
  seen.thirtyDaysLater = await recover(text);

  drive = new Map();
  await backUp();
  bin(FOLDER);
  emptyBin();
  text = await backUp();
  emptyBin();
  seen.emptiedFirst = await recover(text);

  drive = new Map();
  await backUp();
  bin("key.txt");
  text = await backUp();
  emptyBin();
  seen.onlyTheFile = await recover(text);

  seen.queries = [...queries];
  console.dir(seen, { depth: null });
  const names = [FOLDER, "portal_test.txt", "a.txt", "key.txt", "i.txt", "r.txt", "w.txt"];
  assert.deepEqual(new Set(seen.queries), new Set(names.map((name) => `name='${name}'`)));
  delete seen.queries;
  assert.deepEqual(seen, {
    oldKeyInBin: "recovers",
    backedUpAgain: { told: 1, newKeyInBin: true, now: "recovers" },
    thirtyDaysLater: "cannot recover",
    emptiedFirst: "recovers",
    onlyTheFile: "recovers",
  });
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0, @portal-hq/gdrive-storage 4.1.6"
