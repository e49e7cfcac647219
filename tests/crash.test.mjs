// A wasm instance that has trapped is replaced by a fresh one, and what was stored is there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { backups } from "./support/backup.mjs";
import { user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";

let worker;
let of;
before(async () => {
  worker = await startWorker({ main: inRoot("tests", "support", "crashing-entry.mjs") });
  of = backups(worker);
});
after(() => worker?.stop());

const asked = (what) => worker.fetch("/healthz", { headers: { "x-test": what } });
const instance = async () => (await asked("instance")).json();

/** Brings the instance down; the request itself fails. */
async function crash() {
  const answer = await asked("crash").catch(() => ({ status: 500 }));
  assert.ok(answer.status >= 500 || answer.status === 0, `a request that crashes is answered ${answer.status}`);
}

test("after a crash of the wasm instance the next requests are served by a fresh one", async () => {
  const who = user("crash");
  await of.register(who);
  await of.custodian(who, "GDRIVE-SECP256K1", "before");
  const first = await instance();
  for (let times = 1; times <= 3; times++) {
    await crash();
    assert.deepEqual(await of.fetched(who), ["before"], `crash ${times}`);
    assert.equal((await worker.send("GET", "/readyz")).status, 200);
    assert.equal(await instance(), first + times, "each crash has its instance replaced");
  }
  await of.custodian(who, "GDRIVE-ED25519", "after");
  assert.deepEqual((await of.fetched(who)).sort(), ["after", "before"]);
});
