// What stands in for Portal's SDKs in the test of docs/apps.md: packages of the same names whose Portal keeps a wallet in
// memory, and plays Portal's servers towards the webhook. Written into a test's own node_modules.

import { writeInto } from "./snippets.mjs";

const SHARED = `
export class FakePortal {
  constructor(options = {}) { this.options = options; this.told = []; this.recovered = []; }
  async makeBackup(method) {
    const { webhook, clientId } = globalThis.fakePortal;
    const pair = crypto.randomUUID();
    for (const curve of ["SECP256K1", "ED25519"]) {
      await webhook("/webhook/backup", { clientId, backupMethod: method + "-" + curve, share: JSON.stringify({ backupSharePairId: pair, curve }), backupSharePairId: pair });
      await webhook("/webhook/backup/fetch", { clientId });
    }
    this.cipherText = "cipher text of " + pair;
    return this.cipherText;
  }
}
`;

export function writePortalStubs(dir) {
  const web = `${SHARED}
export const BackupMethods = { gdrive: "GDRIVE", password: "PASSWORD", passkey: "PASSKEY", unknown: "UNKNOWN" };
export default class Portal extends FakePortal {
  async backupWallet(method, progress, configs) {
    if (method === "PASSWORD" && !configs.passwordStorage.password) throw new Error("a password is needed");
    return { cipherText: await this.makeBackup(method), storageCallback: async () => { this.told.push("stored"); } };
  }
  async storedClientBackupShare(success, method) { this.told.push([success, method]); }
  async recoverWallet(cipherText, method, configs) {
    this.recovered.push({ cipherText, method, configs });
    return "0xaddress";
  }
  async ejectPrivateKeys(method, configs, shares, cipherText) {
    const pairs = Object.entries(shares).map(([curve, share]) => [curve, JSON.parse(share)]);
    for (const [curve, share] of pairs) {
      if (share.curve !== curve || cipherText !== "cipher text of " + share.backupSharePairId) throw new Error("not of one pair");
    }
    return Object.fromEntries(pairs.map(([curve]) => [curve, "key of " + curve]));
  }
}
`;
  const core = `${SHARED}
export const BackupMethods = { Custom: "custom", Firebase: "firebase", GoogleDrive: "gdrive", Password: "password", Passkey: "passkey", Unknown: "unknown", iCloud: "icloud" };
export class Portal extends FakePortal {
  api = { storedClientBackupShare: async (...args) => { this.told.push(args); } };
  backupWallet(method, progress, config) {
    if (method === "password" && !config.passwordStorage.password) throw new Error("a password is needed");
    return this.makeBackup(method.toUpperCase());
  }
  async recoverWallet(cipherText, method, progress, config) {
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
