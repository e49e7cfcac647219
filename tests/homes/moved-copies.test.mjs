// Moves between homes that have a second copy.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";

import { assertProblem, callers, custodianShares, user } from "../support/client.mjs";
import { faultyBucketEntry, withCopy } from "../support/copy.mjs";
import { startWorker } from "../support/harness.mjs";

let worker;
let call;
let entry;
let bucket;
before(async () => {
  worker = await startWorker({
    homes: 3,
    main: faultyBucketEntry,
    config: withCopy,
    vars: { COPY_REQUIRED: "yes", COPY_WAIT_MS: "500" },
  });
  call = callers(worker);
  entry = await worker.entry();
  bucket = (await worker.bindings()).COPY;
});
after(() => worker?.stop());
beforeEach(async () => {
  await entry.bucket({});
  await worker.clear();
});

const register = async (who, home) => assert.equal((await call.admin("POST", "/users", { ...who, home })).status, 201);
const store = async (who, share) => {
  const { status, text } = await call.portal("/webhook/backup", {
    clientId: who.clientId,
    backupMethod: "GDRIVE-SECP256K1",
    share,
  });
  assert.equal(status, 204, text);
};
const move = (who, home) => call.admin("POST", `/users/${who.id}/move`, { home });
const objects = async (home, who) => {
  const hash = createHash("sha256").update(who.id).digest("hex");
  const { objects } = await bucket.list({ prefix: `c1/${home}/${hash}/` });
  return objects.map(({ key }) => key.replace(/.*\./, ""));
};

describe("a move, where the second copy is required", () => {
  it("is answered once what came is in the target's copy", async () => {
    const who = user("copied");
    await register(who, 0);
    for (const share of ["superseded", "kept"]) await store(who, share);
    assert.equal((await move(who, 1)).status, 200);
    assert.deepEqual([...new Set(await objects(1, who))].sort(), ["removed", "share", "user", "version"]);
  });

  it("goes through all that waits in the target, however many pages that are", async () => {
    const who = user("behind-many");
    await register(who, 0);
    await store(who, "kept");
    await worker.homes[1]
      .prepare(
        `INSERT INTO changes (at, user_id, what, record)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450)
         SELECT '2026-01-01T00:00:00.000Z', 'somebody', 'user', json_object('id', 'somebody', 'clientId', 'a client') FROM n`,
      )
      .run();
    assert.equal((await move(who, 1)).status, 200);
    assert.ok((await objects(1, who)).includes("share"));
  });

  it("does not take place if the target's copy cannot be made: the source goes on", async () => {
    const who = user("uncopied");
    await register(who, 0);
    await store(who, "kept");
    await entry.bucket({ puts: "fail" });
    assertProblem(await move(who, 1), 503, "unavailable");
    await entry.bucket({});
    const { results } = await worker.homes[0].prepare("SELECT id FROM users").all();
    assert.deepEqual(results, [{ id: who.id }]);
    assert.deepEqual(await custodianShares(call, who.clientId), ["kept"]);
    assert.equal((await move(who, 1)).status, 200);
    assert.deepEqual(await custodianShares(call, who.clientId), ["kept"]);
  });
});

describe("a person who has moved and is purged", () => {
  it("is erased from the copy of the home of before, too", async () => {
    const who = user("purged");
    await register(who, 0);
    await store(who, "kept");
    assert.equal((await move(who, 1)).status, 200);
    assert.ok((await objects(0, who)).includes("share"));
    assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
    await worker.scheduled();
    await worker.scheduled({ cron: "* * * * *" });
    for (const home of [0, 1]) {
      const whats = await objects(home, who);
      assert.deepEqual([...new Set(whats)], ["purged"], `home ${home}`);
    }
  });

  it("is erased from the copies of all homes of before, having moved twice, and can register in the first again", async () => {
    const who = user("purged-far-away");
    await register(who, 0);
    await store(who, "kept");
    for (const home of [1, 2]) assert.equal((await move(who, home)).status, 200);
    assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
    // Each run takes the marks of one home of before away, from the last to the first.
    for (let run = 0; run < 3; run++) await worker.scheduled();
    await worker.scheduled({ cron: "* * * * *" });
    for (const home of [0, 1, 2]) {
      assert.deepEqual([...new Set(await objects(home, who))], ["purged"], `home ${home}`);
      assert.deepEqual((await worker.homes[home].prepare("SELECT * FROM moves").all()).results, [], `home ${home}`);
    }
    await register(who, 0);
    assert.equal((await worker.homes[0].prepare("SELECT id FROM users").all()).results.length, 1);
  });

  it("is an entry of the home of before also where no bucket is bound then: the next one learns of it", async () => {
    const unbound = await startWorker({ homes: 3 });
    try {
      const call = callers(unbound);
      const who = user("purged-uncopied");
      const home0 = unbound.homes[0];
      await home0.prepare("INSERT INTO meta (name, value) VALUES ('copy_epoch', '1')").run(); // It was copied once.
      assert.equal((await call.admin("POST", "/users", { ...who, home: 0 })).status, 201);
      assert.equal((await call.admin("POST", `/users/${who.id}/move`, { home: 1 })).status, 200);
      assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
      await unbound.scheduled();
      assert.deepEqual((await home0.prepare("SELECT * FROM moves").all()).results, []);
      const { results } = await home0.prepare("SELECT user_id, what, record FROM changes").all();
      assert.deepEqual(results, [
        { user_id: who.id, what: "purged", record: JSON.stringify({ clientId: who.clientId }) },
      ]);
    } finally {
      await unbound.stop();
    }
  });
});
