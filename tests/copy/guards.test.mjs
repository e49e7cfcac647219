// What the second copy costs a store: no further trip before the answer, one put, three rows more.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { backups } from "../support/backup.mjs";
import { user } from "../support/client.mjs";
import { copies, withCopy } from "../support/copy.mjs";
import { startWorker } from "../support/harness.mjs";

describe("a store with a second copy", () => {
  const workers = [];
  let plain;
  let copied;
  before(async () => {
    const main = inRoot("tests", "support", "counting-entry.mjs");
    plain = await startWorker({ homes: 1, main });
    copied = await startWorker({ homes: 1, main, config: withCopy });
    workers.push(plain, copied);
  });
  after(() => Promise.all(workers.map((worker) => worker.stop())));

  it("asks D1 no more often before its answer, and writes at most three rows more, its note's removal among them", async () => {
    const its = await copies(copied);
    const one = user("one");
    const counted = [];
    for (const worker of [plain, copied]) {
      const entry = await worker.entry();
      const of = backups(worker);
      await of.register(one);
      await of.custodian(one, "GDRIVE-SECP256K1", "before"); // The first of an isolate brings the canary.
      if (worker === copied) await its.until("it is copied", async () => (await its.pending()) === 0);
      const counts = [];
      for (const store of [
        () => of.custodian(one, "GDRIVE-SECP256K1", "another"),
        () => of.custodian(one, "ICLOUD-SECP256K1", "the first of a method"),
        () => of.cipherText(one, "GDRIVE", "the first"),
        () => of.cipherText(one, "GDRIVE", "another"),
      ]) {
        await entry.taken();
        await store();
        if (worker === copied) await its.until("it is copied", async () => (await its.pending()) === 0);
        const trips = await entry.taken();
        counts.push({
          first: trips[0],
          rowsWritten: trips.reduce((sum, trip) => sum + trip.rowsWritten, 0),
          trips: trips.length,
        });
      }
      counted.push(counts);
    }
    const [without, withIt] = counted;
    for (const [at, { rowsWritten, trips }] of withIt.entries()) {
      assert.ok(
        rowsWritten <= without[at].rowsWritten + 3,
        `${rowsWritten} rows, instead of ${without[at].rowsWritten}`,
      );
      assert.equal(trips, without[at].trips + 1, "one after the answer takes the note away");
    }
  });
});
