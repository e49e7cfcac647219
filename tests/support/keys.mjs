// One database, and the Worker as it is deployed with one list of sealing keys and with others: for the tests below tests/keys/. Each
// of them begins with `await begin(…)`.

import assert from "node:assert/strict";
import { after, beforeEach } from "node:test";

import { backups } from "./backup.mjs";
import { sorted, user } from "./client.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { startWorker } from "./harness.mjs";
import { GOLDEN } from "./sealing.mjs";

export const keyBytes = (n) => Buffer.alloc(32, n).toString("base64");
export const K1 = `${GOLDEN.keyId}:${GOLDEN.key}`;
export const K2 = `k2:${keyBytes(2)}`;
export const S = "GDRIVE-SECP256K1";
export const ada = user("ada");

let old;
/** The deployed Worker, and what is done with it. */
export let worker, wallet, custodian, cipherText;

/** Starts the Worker with K1; `siblings` is what else may be deployed on the same database: `{ name: secrets }`. */
export async function begin(siblings) {
  old = await startWorker({
    main: inRoot("tests", "support", "faulty-entry.mjs"),
    secrets: { SHARE_ENCRYPTION_KEYS: K1 },
    siblings,
  });
  after(() => old.stop());
  beforeEach(async () => {
    deploy(K1);
    await worker.clear();
    await wallet.register(ada);
  });
}

/** From now on the Worker is the one with K1, or the sibling of this name. */
export function deploy(name) {
  worker = name === K1 ? old : old.sibling(name);
  wallet = backups(worker);
  ({ custodian, cipherText } = wallet);
}
export const report = async () => (await wallet.admin("GET", "/admin/keys")).body;
export const rewrap = async (limit) => (await wallet.admin("POST", "/admin/keys/rewrap", limit && { limit })).body;
export const status = async () => (await wallet.admin("GET", "/admin/status")).body;
export const SEALED = ["custodian_backup_shares", "user_backup_shares", "backup_share_versions"];
export const unopenable = () => worker.logLines().filter(({ message }) => message === "a sealed share does not open");

/** One share in each of the three tables. */
export async function oneOfEach() {
  await custodian(ada, S, "s1");
  await cipherText(ada, "GDRIVE", "u1");
  await custodian(ada, S, "s2");
}
export async function assertAllThere() {
  assert.deepEqual(sorted(await wallet.fetched(ada)), ["s1", "s2"]);
  assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "u1");
}
