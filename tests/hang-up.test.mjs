// Whoever hangs up before the answer: workerd would end the request there and then, in the midst of whatever it does.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { backups } from "./support/backup.mjs";
import { assertProblem, user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";

const ada = user("ada");

describe("a request whose caller hangs up", () => {
  let worker, entry, wallet;
  let calls = 0;
  before(async () => {
    worker = await startWorker({
      main: inRoot("tests", "support", "faulty-entry.mjs"),
      limits: { AUTH_FAILURE_LIMITER: 2 },
    });
    entry = await worker.entry();
    wallet = backups(worker);
  });
  after(() => worker?.stop());
  beforeEach(async () => {
    await worker.clear();
    await wallet.register(ada);
  });

  const from = { "cf-connecting-ip": "203.0.113.7" };
  const path = `/users/${ada.id}/user-backup-share`;
  const hangUp = (clientApiKey) =>
    entry.hangUp(
      path,
      {
        method: "POST",
        headers: { ...from, authorization: `Bearer ${clientApiKey}`, "content-type": "application/json" },
        body: JSON.stringify({ backupMethod: "GDRIVE", cipherText: "cipher text" }),
      },
      `call ${calls++}`,
    );
  const statuses = () => {
    const lines = worker.logLines().filter(({ message, route }) => message === "request" && route.endsWith("share"));
    return lines.map(({ status }) => status);
  };
  /** Nobody has an answer to wait for. */
  async function ended(count) {
    const end = Date.now() + 20_000;
    while (statuses().length < count) {
      assert.ok(Date.now() < end, `only these have come to their end: [${statuses()}]`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it("comes to its end, and leaves its line in the log", async () => {
    worker.clearLogs();
    await hangUp(ada.clientApiKey);
    await ended(1);
    assert.deepEqual(statuses(), [200]);
    assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "cipher text");
  });

  it("is counted where its credential is wrong: nobody gets round the limit that way", async () => {
    worker.clearLogs();
    for (let n = 1; n <= 2; n++) {
      await hangUp("wrong");
      await ended(n);
    }
    assert.deepEqual(statuses(), [401, 401]);
    assertProblem(await worker.send("GET", path, { bearer: "wrong", headers: from }), 429, "rate_limited");
  });
});
