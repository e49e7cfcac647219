// A merge of the second copy beside requests: what is taken away from a user while a page of it is under way stays away.

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { backups } from "../support/backup.mjs";
import { user } from "../support/client.mjs";
import { copies, withCopiedWorker, withCopy } from "../support/copy.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import { timeTravel } from "../support/time-travel.mjs";

const METHOD = "GDRIVE-SECP256K1";
const [one, two] = ["one", "two"].map(user);
let worker, entry, of, copy;

withCopiedWorker(
  {
    homes: 1,
    main: inRoot("tests", "support", "faulty-entry.mjs"),
    vars: { PURGE_DELAY_HOURS: "0" },
  },
  (made) => ({ worker, entry, of, copy } = made),
);

let merges = 0;
/** A page of a merge with all users; `plan` is what its batches meet. */
async function merge(plan = []) {
  const tag = `merge ${++merges}`;
  const body = { home: 0, mode: "merge", shard: "", cursor: "" };
  const headers = { "x-test-faults": JSON.stringify({ tag, plan }) };
  const answer = await worker.send("POST", "/admin/rebuild", { body, headers, bearer: SECRETS.ADMIN_TOKEN });
  return { answer, batches: await entry.met(tag) };
}
/** Does something while a page of a merge, which has read its objects, is about to write. */
async function beside(work) {
  const { batches, answer } = await merge();
  assert.equal(answer.status, 200, answer.text);
  const statements = batches.map((batch) => batch.statements);
  const write = statements.indexOf(Math.max(...statements));
  const tag = `merge ${merges + 1}`;
  const held = merge([...batches.slice(0, write).map(() => "pass"), "hold"]);
  await copy.until("the page is about to write", async () => (await entry.met(tag)).length > write);
  await work();
  await entry.release(tag);
  return (await held).answer;
}

describe("while a page of a merge is under way", () => {
  beforeEach(async () => {
    for (const who of [one, two]) {
      await of.register(who);
      await of.custodian(who, METHOD, "share");
      await of.cipherText(who, "GDRIVE", "cipher text");
    }
    await copy.settled();
    await copy.drain();
  });

  const isGone = async () => assert.equal((await of.admin("GET", of.path(one))).status, 404);
  async function staysAway(takeAway) {
    const page = await beside(async () => {
      await takeAway();
      await copy.settled();
    });
    assert.deepEqual(page.body.leftOut, [one.id]);
    await isGone();
    const { answer } = await merge();
    assert.deepEqual(answer.body.leftOut, [], "the next page knows what was taken away");
    await isGone();
  }

  it("nobody who is purged comes back", async () => {
    await staysAway(() => of.purgeUser(one));
    for (const table of ["custodian_backup_shares", "user_backup_shares", "backup_share_versions"])
      assert.deepEqual(await worker.sql(`SELECT user_id FROM ${table} WHERE user_id <> ?`, two.id), [], table);
    assert.deepEqual(await of.fetched(two), ["share"]);
  });

  it("nobody who is deleted is registered again", async () => {
    await staysAway(() => of.deleteUser(one));
    await of.restoreUser(one);
    assert.deepEqual(await of.fetched(one), ["share"]);
  });
});

for (const state of ["leaving", "arriving"])
  it(`a merge leaves out a user who is ${state}: what it gave back would be no part of the move`, async () => {
    await of.register(one);
    await of.custodian(one, METHOD, "first");
    await copy.settled();
    await copy.drain();
    const goBack = await timeTravel(worker);
    await of.custodian(one, METHOD, "lost");
    await copy.settled();
    await copy.drain();
    await goBack();
    await worker.sql(
      "INSERT INTO moves (kind, value, move, state, home, until) VALUES ('user', ?, 'a move', ?, 1, '2999-01-01T00:00:00.000Z')",
      one.id,
      state,
    );
    assert.deepEqual((await merge()).answer.body.leftOut, [one.id]);
    assert.deepEqual(await worker.sql("SELECT 1 FROM backup_share_versions"), []);
    await worker.sql("DELETE FROM moves");
    assert.deepEqual((await merge()).answer.body.leftOut, []);
    assert.deepEqual(await of.fetched(one), ["lost"]);
  });

it("a merge names a user who has moved since: moved back it has the lost share, and a purge leaves nothing", async () => {
  const many = await startWorker({ homes: 2, config: withCopy, vars: { PURGE_DELAY_HOURS: "0" } });
  try {
    const their = backups(many);
    const copied = await copies(many);
    const move = async (home, who = one) => {
      const { status, text } = await their.admin("POST", `${their.path(who)}/move`, { home });
      assert.equal(status, 200, text);
    };
    const leftOut = async () => {
      const body = { home: 0, mode: "merge", shard: "", cursor: "" };
      return (await their.admin("POST", "/admin/rebuild", body)).body.leftOut;
    };
    const kept = async () => {
      const versions = many.homes.map((db) => db.prepare("SELECT user_id FROM backup_share_versions").all());
      return (await Promise.all(versions)).flatMap(({ results }) => results);
    };
    for (const who of [one, two]) {
      assert.equal((await their.admin("POST", "/users", { ...who, home: 0 })).status, 201);
      await their.custodian(who, METHOD, "first");
    }
    await copied.drain();
    const goBack = await timeTravel(many);
    await their.custodian(one, METHOD, "lost");
    await copied.drain();
    await goBack();
    await copied.drain();
    await move(1);
    await move(1, two);
    await copied.drain();
    assert.deepEqual(await leftOut(), [one.id], "the other has lost nothing");
    assert.deepEqual(await kept(), []);
    await move(0);
    await copied.drain();
    assert.deepEqual(await leftOut(), []);
    assert.equal((await their.history(one)).length, 1);
    await move(1);
    assert.deepEqual(await their.fetched(one), ["lost"]);
    await their.purgeUser(one);
    assert.deepEqual(await kept(), []);
  } finally {
    await many.stop();
  }
});
