// What an operator changes in several homes at once, and their second copies.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";

import { importOf } from "../support/bulk.mjs";
import { runScript } from "../support/cli.mjs";
import { assertProblem, callers, user } from "../support/client.mjs";
import { faultyBucketEntry, withCopy } from "../support/copy.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

const METHOD = "GDRIVE-SECP256K1";
let worker;
let call;
let entry;
let bucket;
before(async () => {
  worker = await startWorker({ homes: 3, main: faultyBucketEntry, config: withCopy, vars: { COPY_REQUIRED: "yes" } });
  call = callers(worker);
  entry = await worker.entry();
  bucket = (await worker.bindings()).COPY;
});
after(() => worker?.stop());
beforeEach(async () => {
  await entry.bucket({});
  await worker.clear();
  await bucket.delete((await bucket.list({ prefix: "c1/" })).objects.map(({ key }) => key));
});

const register = async (who, home) => assert.equal((await call.admin("POST", "/users", { ...who, home })).status, 201);
const names = async (home, who) => {
  const hash = createHash("sha256").update(who.id).digest("hex");
  const { objects } = await bucket.list({ prefix: `c1/${home}/${hash}/` });
  return objects.map(({ key }) => key);
};
const objects = async (home, who) => (await names(home, who)).map((name) => name.replace(/.*\./, ""));

describe("an import for users of several homes", () => {
  /** A user in each home, and a share of each to be imported. */
  async function inEachHome(name) {
    const people = worker.homes.map((_, home) => user(`${name}-${home}`));
    for (const [home, who] of people.entries()) await register(who, home);
    const type = "custodianBackupShare";
    const records = people.map(({ id }) => ({ type, userId: id, backupMethod: METHOD, share: `share of ${id}` }));
    return { people, records };
  }

  it("has all of it in the copies of these homes before its answer, where the copy is required", async () => {
    const { people, records } = await inEachHome("import");
    const { status, text } = await importOf(worker, records);
    assert.equal(status, 200, text);
    for (const [home, who] of people.entries()) assert.deepEqual(await objects(home, who), ["user", "share"], who.id);
  });

  it("is 503 as long as one of these copies is not there", async () => {
    const { people, records } = await inEachHome("refused");
    for (const home of people.keys()) {
      await entry.bucket({ unwritable: `c1/${home}/` });
      assertProblem(await importOf(worker, records), 503, "unavailable");
    }
    await entry.bucket({});
    assert.equal((await importOf(worker, records)).status, 200);
    for (const [home, who] of people.entries()) assert.deepEqual(await objects(home, who), ["user", "share"], who.id);
  });
});

describe("npm run copy -- verify", () => {
  const verify = (...args) =>
    runScript("copy", ["verify", "--url", String(worker.url), ...args], { env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN } });

  it("compares the copies of all homes, unless one is named", async () => {
    const people = worker.homes.map((_, home) => user(`verified-${home}`));
    for (const [home, who] of people.entries()) await register(who, home);
    const [name] = await names(2, people[2]);
    await bucket.delete(name);
    const all = await verify();
    assert.equal(all.code, 2, all.stderr);
    assert.match(all.stderr, new RegExp(`not in the copy: user ${people[2].id}`));
    assert.equal((await verify("--home", "1")).code, 0);
    assert.equal((await verify("--home", "2")).code, 2);
  });
});
