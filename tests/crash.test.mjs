// A wasm instance that has trapped is replaced by a fresh one, and what was stored is there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

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

/** A request that fails: `crash` brings the instance down. */
async function fails(how) {
  const answer = await asked(how).catch(() => ({ status: 500 }));
  assert.ok(answer.status >= 500 || answer.status === 0, `x-test: ${how} is answered ${answer.status}`);
}
const crash = () => fails("crash");

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

/** A store, as a request of which the test says more in headers. */
const store = (who, headers = {}) => {
  const share = { clientId: who.clientId, backupMethod: "GDRIVE-SECP256K1", share: "c1" };
  return of.portal("/webhook/backup", share, { headers }).catch(() => ({ status: 500 }));
};

test("a request that was under way in the instance fails, is not carried out, and may come again", async () => {
  const who = user("under-way");
  await of.register(who);
  const underWay = store(who, { "x-test": "slow" });
  await sleep(500);
  await crash();
  const { status } = await underWay;
  assert.ok(status >= 500, `answered ${status}`);
  assert.deepEqual(await of.fetched(who), []);
  assert.equal((await store(who)).status, 204);
  assert.deepEqual(await of.fetched(who), ["c1"]);
});

test("an exception of JavaScript in the middle of Rust's work is such a crash too", async () => {
  const who = user("exception");
  await of.register(who);
  const first = await instance();
  const underWay = store(who, { "x-test": "slow" });
  await sleep(500);
  await fails("throw");
  assert.ok((await underWay).status >= 500, "what was under way has failed");
  assert.deepEqual(await of.fetched(who), []);
  assert.equal((await store(who)).status, 204);
  assert.equal(await instance(), first + 1);
});
