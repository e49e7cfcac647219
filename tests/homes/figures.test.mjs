// What operators are told of many databases together, and ask of them; and what each of them knows of the keys.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { backups } from "../support/backup.mjs";
import { assertProblem, user } from "../support/client.mjs";
import { copies, faultyBucketEntry, withCopy } from "../support/copy.mjs";
import { startWorker } from "../support/harness.mjs";

const CUSTODIAN = "GDRIVE-SECP256K1";
const people = [0, 1, 2].map((home) => ({ ...user(`of${home}`), home }));

describe("the figures of three databases", () => {
  let worker;
  let of;
  before(async () => {
    worker = await startWorker({ homes: 3, main: inRoot("tests", "support", "faulty-entry.mjs") });
    of = backups(worker);
    for (const who of people) {
      await of.register(who);
      await of.custodian(who, CUSTODIAN, "c");
      await of.cipherText(who, "GDRIVE", "u");
    }
    await worker.scheduled();
  });
  after(() => worker?.stop());

  const down = () => of.init({ faults: { tag: "down", home: 1, then: "fail" } });
  const today = ({ days }) => days.at(-1);

  it("are added up, by day", async () => {
    const { body } = await of.admin("GET", "/admin/metrics?days=1");
    assert.equal(today(body).backups, 3);
    assert.deepEqual(
      body.databases.map(({ name }) => name),
      ["DB", "DB_1", "DB_2"],
    );
    assert.ok(body.countedAt);
    assert.ok(!("unanswered" in body));
  });

  it("are added up for a scraper", async () => {
    const { text } = await of.admin("GET", "/metrics");
    for (const line of [
      "portal_backup_users 3",
      "portal_backup_shares 6",
      'portal_backup_events_total{action="store_user_share",outcome="stored"} 3',
      'portal_backup_database_up{database="DB_1"} 1',
    ]) {
      assert.ok(text.split("\n").includes(line), `${line}\n${text}`);
    }
  });

  it("are those of the others where one does not answer, and say so", async () => {
    const { body } = await of.admin("GET", "/admin/metrics?days=1", undefined, down());
    assert.equal(today(body).backups, 2);
    assert.deepEqual(body.unanswered, ["DB_1"]);
    const { text } = await of.admin("GET", "/metrics", undefined, down());
    for (const line of ["portal_backup_users 2", 'portal_backup_database_up{database="DB_1"} 0'])
      assert.ok(text.split("\n").includes(line), `${line}\n${text}`);
  });
});

describe("the second copy of three databases", () => {
  it("is told of as one: what waits anywhere waits", async () => {
    const worker = await startWorker({
      homes: 3,
      main: faultyBucketEntry,
      config: withCopy,
      vars: { COPY_WAIT_MS: "400" },
    });
    after(() => worker.stop());
    const [of, copy, entry] = [backups(worker), await copies(worker), await worker.entry()];
    await of.register(...people);
    await copy.until("everybody is copied", async () => (await copy.status()).pending === 0);
    const { objects } = await copy.status();
    await entry.bucket({ puts: "fail" });
    for (const who of people) await of.custodian(who, CUSTODIAN, "c");
    assert.equal((await copy.status()).pending, 3);
    await worker.homes[2].exec("UPDATE changes SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-400 seconds')");
    assert.ok((await copy.status()).lagSeconds >= 400);
    const { warnings } = (await of.admin("GET", "/readyz")).body;
    assert.ok(
      warnings.some((text) => /second copy is \d+ seconds behind/.test(text)),
      JSON.stringify(warnings),
    );
    await entry.bucket({});
    await copy.drain();
    const { pending, objects: now } = await copy.status();
    assert.equal(pending, 0);
    assert.ok(now >= objects + 3, `${now}`);
  });
});

describe("a database that becomes one of many", () => {
  it("learns which bytes the keys' ids stand for: others seal nothing there, from the first share on", async () => {
    const wrong = { SHARE_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 9).toString("base64")}` };
    const worker = await startWorker({ homes: 3, siblings: { wrong } });
    after(() => worker.stop());
    const [of, onWrong] = [backups(worker), backups(worker.sibling("wrong"))];
    const [first, , last] = people;
    await of.register(first);
    await of.custodian(first, CUSTODIAN, "c");
    // As if DB_2 were bound only now.
    await worker.homes[2].exec("DELETE FROM meta WHERE name = 'spread'");
    await worker.directory.exec("DELETE FROM homes WHERE home = 2");
    assert.equal((await of.admin("GET", "/readyz")).status, 200);
    assert.deepEqual((await worker.homes[2].prepare("SELECT key_id FROM key_canaries").all()).results, [
      { key_id: "k1" },
    ]);
    await of.register(last);
    assertProblem(await onWrong.storeCustodian(last, CUSTODIAN, "c"), 503, "misconfigured");
    assert.deepEqual((await worker.homes[2].prepare("SELECT id FROM custodian_backup_shares").all()).results, []);
  });
});

describe("a key with other bytes in one database of many", () => {
  it("is named by the keys and the status, whichever database it is", async () => {
    const worker = await startWorker({ homes: 3 });
    after(() => worker.stop());
    const of = backups(worker);
    await of.register(...people);
    for (const who of people) await of.custodian(who, CUSTODIAN, "c");
    const named = async () => {
      const [keys, status] = [await of.admin("GET", "/admin/keys"), await of.admin("GET", "/admin/status")];
      return [keys.body.wrong.map(({ id }) => id), status.body.wrongKeys];
    };
    assert.deepEqual(await named(), [[], []]);
    for (const home of worker.homes.keys()) {
      const canaries = (of) => worker.homes[home].prepare(of);
      const { sealed_canary: kept } = await canaries("SELECT sealed_canary FROM key_canaries").first();
      await canaries("UPDATE key_canaries SET sealed_canary = 'AAAA'").run();
      assert.deepEqual(await named(), [["k1"], ["k1"]], `home ${home}`);
      await canaries("UPDATE key_canaries SET sealed_canary = ?").bind(kept).run();
    }
    assert.deepEqual(await named(), [[], []]);
  });
});

describe("what takes two operators", () => {
  const eve = { ...user("eve"), home: 2 };
  const ann = "second-operators-token-0123456789abcdef0";
  let worker;
  let of;
  before(async () => {
    worker = await startWorker({
      homes: 3,
      secrets: { OPERATOR_TOKENS: `ann:admin:${ann}` },
      vars: { FOUR_EYES: "eject,purge,client-api-key" },
    });
    of = backups(worker);
    await of.register(...people, eve);
    for (const who of [...people, eve]) await of.custodian(who, CUSTODIAN, "c");
  });
  after(() => worker?.stop());

  const asked = async (who) => {
    const { status, body, text } = await of.admin("POST", `${of.path(who)}/eject`, {});
    assert.equal(status, 202, text);
    return body.id;
  };
  const decide = (method, id) => worker.send(method, `/approvals/${id}`, { bearer: ann });
  const waiting = async (query = "") => (await of.admin("GET", `/approvals${query}`)).body;
  const isOpen = async (home) => (await worker.homes[home].prepare("SELECT 1 FROM eject_windows").all()).results.length;

  it("waits, is listed and is carried out in whichever database the user is", async () => {
    const ids = [];
    for (const who of people) ids.push(await asked(who));
    assert.deepEqual(
      (await waiting()).approvals.map(({ id }) => id),
      ids,
    );
    const first = await waiting("?limit=2");
    assert.deepEqual(
      [...first.approvals, ...(await waiting(`?cursor=${first.cursor}`)).approvals].map(({ id }) => id),
      ids,
    );
    assert.equal((await waiting("?home=1")).approvals.length, 1);
    const [none, refused, ...approved] = ids;
    assert.equal((await decide("DELETE", refused)).status, 204);
    assertProblem(await decide("POST", refused), 409, "conflict");
    for (const id of [none, ...approved]) {
      const answer = await decide("POST", id);
      assert.equal(answer.status, 200, answer.text);
      assertProblem(await decide("POST", id), 409, "conflict");
    }
    assert.deepEqual([await isOpen(0), await isOpen(1), await isOpen(2)], [1, 0, 1]);
    assert.deepEqual((await waiting()).approvals, []);
    assertProblem(await decide("POST", "0192f3c4-5d6e-7f80-9a1b-2c3d4e5f6071"), 404, "not_found");
  });

  it("goes along with a user who moves, and is decided there, once", async () => {
    const [first, second] = [await asked(eve), await asked(eve)];
    assert.equal((await of.admin("POST", `${of.path(eve)}/move`, { home: 0 })).status, 200);
    assert.equal((await waiting("?home=2")).approvals.length, 0);
    assert.equal((await waiting("?home=0")).approvals.length, 2);
    assert.equal((await decide("DELETE", second)).status, 204);
    const answer = await decide("POST", first);
    assert.equal(answer.status, 200, answer.text);
    assert.ok(await worker.homes[0].prepare("SELECT 1 FROM eject_windows WHERE user_id = ?").bind(eve.id).first());
    assertProblem(await decide("POST", second), 409, "conflict");
  });
});
