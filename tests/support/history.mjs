// One wallet, ada's, and what is kept of it: for the tests below tests/history/. Each of them begins with `await begin()`.

import { after, beforeEach } from "node:test";

import { backups } from "./backup.mjs";
import { sorted, user } from "./client.mjs";
import { startWorker } from "./harness.mjs";

export const ada = user("ada");
export const S = "GDRIVE-SECP256K1";
export const E = "GDRIVE-ED25519";
export const GDRIVE = { backupMethod: "GDRIVE" };

export let worker, wallet, custodian, cipherText;

/** Starts the Worker, and registers ada anew before each test. */
export async function begin(options) {
  worker = await startWorker(options);
  after(() => worker.stop());
  wallet = backups(worker);
  ({ custodian, cipherText } = wallet);
  beforeEach(async () => {
    await worker.clear();
    await wallet.register(ada);
  });
}

/** What Portal gets. */
export const fetched = async (who = ada) => sorted(await wallet.fetched(who));
/** What is kept of ada's, newest first: "custodian GDRIVE-ED25519". */
export const versions = async () =>
  (await wallet.history(ada)).map(({ kind, backupMethod }) => `${kind} ${backupMethod}`);

/** A whole backup of both curves; `n` tells it from the next. */
export async function backup(n, { pairs, userPair } = {}) {
  await custodian(ada, S, `s${n}`, { pair: pairs?.[0] });
  await custodian(ada, E, `e${n}`, { pair: pairs?.[1] });
  await cipherText(ada, "GDRIVE", `u${n}`, { pair: userPair });
}
