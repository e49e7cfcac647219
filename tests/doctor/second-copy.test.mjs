// npm run doctor, against a Worker with a second copy: it says so where what was stored is not there.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { faultyBucketEntry, withCopy } from "../support/copy.mjs";
import { examined } from "../support/doctor.mjs";
import { startWorker } from "../support/harness.mjs";
import { startProxy } from "../support/proxy.mjs";

describe("npm run doctor, where there is a second copy", () => {
  let worker;
  let entry;
  let proxy;
  before(async () => {
    worker = await startWorker({ homes: 1, main: faultyBucketEntry, config: withCopy });
    entry = await worker.entry();
  });
  after(() => worker?.stop());
  afterEach(async () => {
    await entry.bucket({});
    await proxy?.stop();
    proxy = undefined;
  });
  /** What the doctor finds where `GET /admin/status` answers what `change` makes of its answer. */
  const withStatus = async (change) => {
    proxy = await startProxy(worker, async ({ path, pass }) =>
      path === "/admin/status" ? change(await pass()) : undefined,
    );
    return examined(proxy.url);
  };

  it("finds there what the app stored", async () => {
    const { code, of } = await examined(worker.url);
    assert.deepEqual([code, of("second copy").status], [0, "ok"]);
  });

  it("sees that what the app stored is not there", async () => {
    await entry.bucket({ unwritable: ".share" });
    const { code, of } = await examined(worker.url);
    assert.deepEqual([code, of("second copy").status], [1, "failed"]);
    assert.match(of("second copy").note, /the share just stored is not in the bucket/);
  });

  it("sees that it is behind", async () => {
    const behind = (answer) => ({ ...answer, body: answer.body.replace(/"lagSeconds":\d+/, '"lagSeconds":301') });
    const { code, of } = await withStatus(behind);
    assert.equal(code, 1);
    assert.match(of("second copy").note, /^the second copy is 301 s behind/);
  });

  it("does not take it for one without a second copy where it cannot be asked", async () => {
    const { code, of } = await withStatus(() => ({ status: 503, headers: {}, body: "" }));
    assert.equal(code, 1);
    assert.match(of("second copy").note, /^GET \/admin\/status answered 503/);
  });
});
