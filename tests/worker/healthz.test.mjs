import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { startWorker } from "../support/harness.mjs";

describe("GET /healthz", () => {
  let worker;
  before(async () => {
    worker = await startWorker({ migrate: false });
  });
  after(() => worker?.stop());

  it("answers 200 without a database", async () => {
    const answer = await worker.send("GET", "/healthz");
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { status: "ok" });
  });
});
