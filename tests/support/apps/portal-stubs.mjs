// What stands in for Portal's SDKs in the test of docs/apps: packages of the same names whose Portal keeps a wallet in memory,
// and plays Portal's servers towards the webhook. Written into a test's own node_modules. They do what the real ones were seen
// to do where that can cost a wallet (docs/portal.md); `globalThis.fakePortal` says what goes wrong.

import { writeInto } from "./snippets.mjs";

const SHARED = `
class FakePortal {
  constructor(options = {}) { this.options = options; this.told = []; this.recovered = []; }
  async makeBackup(method) {
    const { webhook, clientId, pairs } = globalThis.fakePortal;
    const pair = crypto.randomUUID();
    for (const curve of ["SECP256K1", "ED25519"]) {
      await webhook("/webhook/backup", { clientId, backupMethod: method + "-" + curve, share: JSON.stringify({ backupSharePairId: pair, curve }), backupSharePairId: pair });
      await webhook("/webhook/backup/fetch", { clientId });
      pairs.push({ id: pair, curve, backupMethod: method, status: "incomplete", createdAt: new Date(1e12 + 1000 * pairs.length).toISOString() });
    }
    this.cipherText = "cipher text of " + method + ", " + pair;
    // The key in the user's Drive opens this backup's cipher text alone.
    if (method === "GDRIVE") globalThis.fakePortal.driveOpens = this.cipherText;
    return this.cipherText;
  }
  open(cipherText, method) {
    if (method.toUpperCase() === "GDRIVE" && globalThis.fakePortal.driveOpens !== cipherText) throw new Error("The key in the Drive does not open it");
  }
}
`;

export function writePortalStubs(dir) {
  const web = `${SHARED}
export const BackupMethods = { gdrive: "GDRIVE", password: "PASSWORD", passkey: "PASSKEY", unknown: "UNKNOWN" };
/** The page's listeners for the iframe's answers: an answer has no number, so each takes the next one, of whichever Portal. */
let listeners = [];
const settle = (how, value) => {
  const heard = listeners;
  listeners = [];
  for (const listener of heard) listener[how](value);
};
export default class Portal extends FakePortal {
  onReady(callback) {
    if (globalThis.fakePortal.whenReady) globalThis.fakePortal.whenReady.push(callback);
    else callback();
  }
  onInitializationError(callback) { globalThis.fakePortal.refuses = callback; }
  /** A call that comes before the SDK is ready is never answered. */
  #lost() { return globalThis.fakePortal.whenReady && new Promise(() => {}); }
  async backupWallet(method, progress, configs) {
    await this.#lost();
    if (method === "PASSWORD" && !configs.passwordStorage.password) throw new Error("a password is needed");
    const answer = new Promise((resolve, reject) => listeners.push({ resolve, reject }));
    this.makeBackup(method).then((cipherText) => settle("resolve", cipherText), (error) => settle("reject", error));
    return { cipherText: await answer, storageCallback: async () => { this.told.push("stored"); } };
  }
  async storedClientBackupShare(success, method) { this.told.push([success, method]); }
  async recoverWallet(cipherText, method, configs) {
    await this.#lost();
    this.open(cipherText, method);
    this.recovered.push({ cipherText, method, configs });
    return "0xaddress";
  }
  async ejectPrivateKeys(method, configs, shares, cipherText) {
    const pairs = Object.entries(shares).map(([curve, share]) => [curve, JSON.parse(share)]);
    for (const [curve, share] of pairs) {
      if (share.curve !== curve || !cipherText.endsWith(share.backupSharePairId)) throw new Error("not of one pair");
    }
    return Object.fromEntries(pairs.map(([curve]) => [curve, "key of " + curve]));
  }
}
`;
  const core = `${SHARED}
export const BackupMethods = { Custom: "custom", Firebase: "firebase", GoogleDrive: "gdrive", Password: "password", Passkey: "passkey", Unknown: "unknown", iCloud: "icloud" };
export class Portal extends FakePortal {
  api = {
    // A lost connection counts as success.
    storedClientBackupShare: async (success, method) => {
      if (globalThis.fakePortal.offline) return;
      this.told.push([success, method]);
      for (const pair of globalThis.fakePortal.pairs) {
        if (success && pair.backupMethod === method) pair.status = "completed";
      }
    },
    getClient: async () => {
      if (globalThis.fakePortal.offline) return "";
      const of = (wanted) => globalThis.fakePortal.pairs.filter(({ curve }) => curve === wanted);
      return { wallets: ["SECP256K1", "ED25519"].map((curve) => ({ curve, backupSharePairs: of(curve) })) };
    },
  };
  async backupWallet(method, progress = () => {}, config) {
    if (method === "password" && !config.passwordStorage.password) throw new Error("a password is needed");
    const cipherText = await this.makeBackup(method.toUpperCase());
    // Portal knows of the key and the progress is at its end before the app has the cipher text.
    if (globalThis.fakePortal.statusFails) throw new Error("500 - Internal Server Error");
    await progress({ status: "Done", done: true });
    return cipherText;
  }
  async recoverWallet(cipherText, method, progress, config) {
    this.open(cipherText, method);
    this.recovered.push({ cipherText, method, config });
    return { eip155: "0xaddress" };
  }
}
`;
  for (const [name, text] of Object.entries({ web, core })) {
    writeInto(dir, `node_modules/@portal-hq/${name}/package.json`, '{"type":"module","main":"index.js"}');
    writeInto(dir, `node_modules/@portal-hq/${name}/index.js`, text);
  }
}
