#!/usr/bin/env bash
# Portal's Google Drive storage for React Native: one GoogleStorage for two users, and the second one's backup deletes the first
# one's key.
#
# @portal-hq/core 4.9.0 and @portal-hq/gdrive-storage 4.1.6. The native modules are replaced by ones that answer at once, Google
# Drive by a stand-in that keeps files.
# Behaviour:
# - The key's file is named after the client. A `GoogleStorage` asks for that name once, and keeps it.
#   `new Portal({ apiKey, backup: { gdrive } })` for another user gives the storage the new user's API; the first user's name stays.
# - Both users have one Google account: the second user's backup deletes the first user's key, puts its own under the first
#   user's name, and resolves. On a new phone neither recovers: the first user finds the wrong key, the second one none.
# - Each user has a Google account: the second user's key lies in its own Drive under the first user's name. The backup resolves.
#   A new phone looks for the second user's name, finds nothing, and cannot recover.
# - With a GoogleStorage of its own for each user both recover, in both cases.
#
# Who is hurt: two people, or two accounts, on one phone, in an app that makes its GoogleStorage when it starts. No call fails
# until somebody needs the backup.
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
/** Drives by Google account: [name, content] by the file's id. */
const drives = {};
let account;
let made = 0;
globalThis.native = {
  // Google's sign-in
  configure: async () => {},
  isSignedIn: () => true,
  getCurrentUser: async () => ({}),
  getTokens: async () => ({ accessToken: account }),
  // The MPC binary
  getCustodianIdClientIdHashes: async (ids) => {
    const name = JSON.parse(ids).clientId;
    return answer({ android: `${name}-a`, default: name, ios: `${name}-i`, react_native: `${name}-r`, web_sdk: `${name}-w` });
  },
  backupSecp256k1: async () => answer({ share: { backupSharePairId: "pair" } }),
  encrypt: async () => (made++, answer({ cipherText: `opens with key ${made}`, key: `key ${made}` })),
  decrypt: async (key, cipherText) => (cipherText === `opens with ${key}` ? answer({ plaintext: "{}" }) : JSON.stringify({ error: { id: "DECRYPT", message: "wrong key" } })),
  formatShares: async () => answer({ SECP256K1: { id: "pair", share: "backup share" } }),
  recoverSigningSecp256k1: async () => answer({ share: { signingSharePairId: "recovered" } }),
};
// Portal's API (each key has a client of its own) and Google Drive.
globalThis.XMLHttpRequest = class {
  open(method, url) { this.method = method; this.url = new URL(url); }
  setRequestHeader(name, value) { if (name === "Authorization") this.bearer = value.replace("Bearer ", ""); }
  send(body) {
    [this.status, this.response] = this.url.host === "www.googleapis.com" ? this.drive(body) : [200, this.portal()];
    [this.statusText, this.responseText] = [String(this.status), this.response];
    this.readyState = 4;
    setTimeout(() => this.onreadystatechange());
  }
  portal() {
    const wallets = [{ curve: "SECP256K1", backupSharePairs: [], signingSharePairs: [] }];
    return JSON.stringify({ id: `client-of-${this.bearer}`, wallets, environment: {}, custodian: { id: "custodian" } });
  }
  drive(body) {
    const files = (drives[this.bearer] ??= new Map());
    const id = this.url.pathname.split("/")[4];
    const query = this.url.searchParams.get("q");
    if (query) {
      const name = query.match(/name='(.*)'/)[1];
      const found = name.startsWith("_PORTAL") ? ["folder"] : [...files.keys()].filter((key) => files.get(key)[0] === name);
      return [200, JSON.stringify({ files: found.slice(0, 1).map((key) => ({ id: key })) })];
    }
    if (this.method === "POST") {
      files.set(`file-${made}-${files.size}`, [body.match(/"name":"([^"]*)"/)[1], body.split("text/plain\n\n")[1].split("\n--")[0]]);
      return [200, JSON.stringify({ id: [...files.keys()].at(-1) })];
    }
    if (!files.has(id)) return [404, '{"error":{"message":"File not found"}}'];
    const [, content] = files.get(id);
    if (this.method === "DELETE") files.delete(id);
    return [200, this.method === "DELETE" ? "{}" : content];
  }
};

const { Portal } = require("@portal-hq/core");
const { GoogleStorage } = require("@portal-hq/gdrive-storage");
const newStorage = () => new GoogleStorage({ iosClientId: "google-client", androidClientId: "google-client" });
const signIn = (apiKey, gdrive) => {
  const keychain = {
    getShares: async () => ({ secp256k1: { id: "id", share: {} } }),
    storeShares: async () => {},
    loadMetadata: async () => {},
    getAddresses: async () => ({ eip155: `address of ${apiKey}` }),
    deletePresignatures: async () => {},
    getPresignatures: async () => [],
  };
  return new Portal({ apiKey, backup: { gdrive }, keychain, apiHost: "api.example", mpcHost: "mpc.example" });
};

/** Ann backs up, then Bob on the same phone. Then each recovers on a new phone. */
const twoUsers = async (storage, accounts) => {
  for (const name of Object.keys(drives)) delete drives[name];
  const texts = {};
  for (const user of ["ann", "bob"]) {
    account = accounts[user];
    texts[user] = await signIn(user, storage()).backupWallet("gdrive");
  }
  const seen = { files: Object.fromEntries(Object.entries(drives).map(([name, files]) => [name, [...files.values()].map(([file]) => file).join()])) };
  for (const user of ["ann", "bob"]) {
    account = accounts[user];
    seen[user] = await signIn(user, newStorage()).recoverWallet(texts[user], "gdrive").then(() => "recovers", () => "cannot recover");
  }
  return seen;
};

(async () => {
  const family = { ann: "family", bob: "family" };
  const apart = { ann: "anns", bob: "bobs" };
  const [one, other] = [newStorage(), newStorage()];
  const seen = {
    shared: { oneAccount: await twoUsers(() => one, family), twoAccounts: await twoUsers(() => other, apart) },
    own: { oneAccount: await twoUsers(newStorage, family), twoAccounts: await twoUsers(newStorage, apart) },
  };
  console.dir(seen, { depth: null });
  assert.deepEqual(seen, {
    shared: {
      oneAccount: { files: { family: "client-of-ann.txt" }, ann: "cannot recover", bob: "cannot recover" },
      twoAccounts: { files: { anns: "client-of-ann.txt", bobs: "client-of-ann.txt" }, ann: "recovers", bob: "cannot recover" },
    },
    own: {
      oneAccount: { files: { family: "client-of-ann.txt,client-of-bob.txt" }, ann: "recovers", bob: "recovers" },
      twoAccounts: { files: { anns: "client-of-ann.txt", bobs: "client-of-bob.txt" }, ann: "recovers", bob: "recovers" },
    },
  });
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/core 4.9.0, @portal-hq/gdrive-storage 4.1.6"
