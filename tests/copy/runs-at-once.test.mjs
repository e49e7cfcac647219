// Two runs of the second copy at once, and a request beside a run: no false epoch begins, and no change is lost between two epochs.

import assert from "node:assert/strict";
import { it } from "node:test";

import { user } from "../support/client.mjs";
import { withCopiedWorker } from "../support/copy.mjs";
import { timeTravel } from "../support/time-travel.mjs";

const METHOD = "GDRIVE-SECP256K1";
const [one, two] = ["one", "two"].map(user);
let worker, entry, of, copy;

withCopiedWorker(
  {
    homes: 1,
    vars: { COPY_WAIT_MS: "300", PURGE_DELAY_HOURS: "0" },
  },
  (made) => ({ worker, entry, of, copy } = made),
);

const readHead = async () => (await entry.gets()).includes("head/0");

it("a run that reads the head after another one has raised it begins no epoch", async () => {
  await of.register(one);
  await copy.settled();
  await copy.drain();
  await entry.bucket({ gets: "held", until: "slow" });
  const slow = copy.drain();
  await copy.until("the slow run reads the head", readHead);
  await entry.bucket({});
  await of.custodian(one, METHOD, "share");
  await copy.drain();
  await entry.release("slow");
  await slow;
  await copy.settled();
  assert.equal(copy.logged("the database went back in time").length, 0);
  assert.equal((await copy.status()).epoch, 1);
  assert.deepEqual(await copy.replayed(), await copy.held());
});

it("a run that finds no head where another one then writes the first begins no epoch, and copies nothing anew", async () => {
  await of.register(one);
  await copy.settled();
  await entry.bucket({ gets: "held", until: "first" });
  const slow = copy.drain();
  await copy.until("the slow run reads the head", readHead);
  await entry.bucket({});
  await copy.drain();
  await entry.release("first");
  await slow;
  await copy.drain();
  await copy.settled();
  assert.equal(copy.logged("the copy's bucket is another one: everything is copied anew").length, 0);
  assert.equal((await copy.status()).epoch, 1);
});

it("of two runs that have read the same head the slower one does not put a lower number in the place of the higher", async () => {
  const head = async () => JSON.parse(await (await copy.bucket.get("head/0")).text()).seq;
  await of.register(one);
  await copy.settled();
  await copy.drain();
  const before = await head();
  await entry.bucket({ puts: "fail" });
  await of.custodian(one, METHOD, "share 1");
  await entry.bucket({ heads: "held", until: "slower" });
  const slow = copy.drain();
  await copy.until("the slow run puts the head", async () => (await entry.puts()).includes("head/0"));
  await entry.bucket({ puts: "fail" });
  await of.custodian(one, METHOD, "share 2");
  await entry.bucket({});
  await copy.drain();
  const raised = await head();
  await entry.release("slower");
  await slow;
  assert.ok(raised > before + 1, `${before}, then ${raised}`);
  assert.ok((await head()) >= raised, `${raised}, then ${await head()}`);
  await copy.settled();
  assert.deepEqual(await copy.replayed(), await copy.held());
});

it("a request whose object comes after its epoch has ended leaves its note for the next epoch: a deletion stays true", async () => {
  await of.register(one, two);
  await copy.settled();
  await copy.drain();
  const goBack = await timeTravel(worker);
  for (let at = 0; at < 3; at++) await of.custodian(one, METHOD, `lost, ${at}`);
  await copy.settled();
  await copy.drain();
  await goBack();
  await entry.bucket({ puts: "held", until: "request" });
  await of.deleteUser(two);
  // The next epoch begins, and the run makes no object in it.
  await entry.bucket({ unwritable: "/0002-" });
  await copy.drain();
  assert.equal((await copy.status()).epoch, 2);
  await entry.bucket({});
  await entry.release("request");
  await copy.until("the request takes its notes away", readHead);
  await copy.drain();
  await copy.settled();
  const { code, stdout, stderr } = await copy.rebuild("--into", "REBUILD");
  assert.equal(code, 0, stdout + stderr);
  const { users } = await copy.held(copy.rebuilt);
  assert.deepEqual(
    users.map(([id]) => id),
    [one.id],
  );
});

it("a check that reads objects which a purge has just erased finds nothing wrong", async () => {
  for (const who of [one, two]) {
    await of.register(who);
    await of.custodian(who, METHOD, "share");
  }
  await copy.settled();
  await copy.drain();
  await entry.bucket({ gets: "held", of: "c1/", until: "erased" });
  const check = copy.rebuild("--check");
  await copy.until("the check reads objects", async () => (await entry.gets()).some((name) => name.startsWith("c1/")));
  await entry.bucket({});
  await of.purgeUser(one);
  await copy.until("the objects are erased", async () => (await copy.names()).length === 3);
  await entry.release("erased");
  const { code, stdout, stderr } = await check;
  assert.equal(code, 0, stdout + stderr);
});
