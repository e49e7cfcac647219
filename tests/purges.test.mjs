// A purge waits: one stolen operator's token cannot erase what nobody has missed yet.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { backups, setTimes } from "./support/backup.mjs";
import { importOf } from "./support/bulk.mjs";
import { assertProblem, user } from "./support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS } from "./support/console.mjs";
import { startWorker } from "./support/harness.mjs";

const { support } = OPERATORS;
const CUSTODIAN = "GDRIVE-SECP256K1";
const ada = user("ada");
const bob = user("bob");

describe("a purge with PURGE_DELAY_HOURS = 72, the default", () => {
  let worker, wallet;
  before(async () => {
    worker = await startWorker({ secrets: { OPERATOR_TOKENS }, vars: { PURGE_DELAY_HOURS: null } });
    wallet = backups(worker);
  });
  after(() => worker?.stop());
  beforeEach(async () => {
    await worker.clear();
    await wallet.register(ada, bob);
    for (const who of [ada, bob]) {
      await wallet.custodian(who, CUSTODIAN, "c1");
      await wallet.cipherText(who, "GDRIVE", "u1");
    }
  });

  const purge = (who = ada) => wallet.admin("DELETE", `${wallet.path(who)}?purge=${encodeURIComponent(who.clientId)}`);
  const waiting = async () => (await wallet.admin("GET", "/admin/status")).body.purges;
  const kept = async () => (await worker.sql("SELECT count(*) AS n FROM backup_share_versions"))[0].n;
  const events = (action) => worker.sql("SELECT actor, outcome FROM audit_events WHERE action = ? ORDER BY id", action);
  /** Moves the deletion and what waits for it back in time. */
  const hoursLater = async (hours) => {
    const earlier = (column) => `strftime('%Y-%m-%dT%H:%M:%fZ', ${column}, '-${hours} hours')`;
    await setTimes(worker, "purges", { purge_at: earlier("purge_at") });
    await setTimes(worker, "deleted_users", { deleted_at: earlier("deleted_at") });
    await setTimes(worker, "backup_share_versions", { superseded_at: earlier("superseded_at") });
  };

  it("is taken at once, answered 202 with the time, and erases nothing yet", async () => {
    const { status, body } = await purge();
    assert.equal(status, 202);
    const hours = (Date.parse(body.purgeAt) - Date.now()) / 3_600_000;
    assert.ok(hours > 71.9 && hours <= 72.1, body.purgeAt);
    assert.equal((await wallet.admin("GET", wallet.path(ada))).status, 404, "the user is deleted");
    assert.equal(await kept(), 2);
    const [entry, ...others] = await waiting();
    assert.deepEqual(others, []);
    assert.deepEqual([entry.userId, entry.clientId, entry.purgeAt], [ada.id, ada.clientId, body.purgeAt]);
    await worker.scheduled();
    assert.equal(await kept(), 2);
  });

  it("asked for again, keeps its first time", async () => {
    const { body: first } = await purge();
    await hoursLater(10);
    const { status, body } = await purge();
    assert.equal(status, 202);
    assert.equal(Date.parse(body.purgeAt), Date.parse(first.purgeAt) - 10 * 3_600_000);
  });

  it("is carried out by the schedule once the user has been deleted for the delay; others keep their shares", async () => {
    await purge();
    await hoursLater(73);
    await worker.scheduled();
    assert.equal(await kept(), 0);
    assert.deepEqual(await waiting(), []);
    assert.deepEqual(await events("purge_user"), [
      { actor: "admin", outcome: "waits" },
      { actor: "system", outcome: "purged" },
    ]);
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 404, "unknown_user");
    assert.deepEqual(await wallet.fetched(bob), ["c1"]);
  });

  it("is not taken back by an import that still has the user: a conflict, and nobody is there", async () => {
    await purge();
    const { id, clientId } = ada;
    const { status, body, text } = await importOf(worker, [
      { type: "user", id, clientId },
      { type: "custodianBackupShare", userId: id, backupMethod: CUSTODIAN, share: "c1" },
    ]);
    assert.equal(status, 200, text);
    assert.deepEqual(
      body.results.map(({ outcome }) => outcome),
      ["conflict", "refused"],
    );
    assert.match(body.results[0].reason, /a purge of this user waits/);
    assert.equal((await wallet.admin("GET", wallet.path(ada))).status, 404);
    assert.deepEqual(
      (await waiting()).map(({ userId }) => userId),
      [id],
    );
    assert.deepEqual(await events("cancel_purge"), []);
  });

  it("that cannot be carried out is an error in the log, and keeps none behind it waiting", async () => {
    await purge(ada);
    await purge(bob);
    await hoursLater(73);
    for (const db of worker.homes)
      await db
        .prepare(
          `CREATE TRIGGER stuck BEFORE DELETE ON backup_share_versions WHEN OLD.user_id = '${ada.id}'
           BEGIN SELECT RAISE(ABORT, 'stuck'); END`,
        )
        .run();
    try {
      await setTimes(worker, "purges", {
        purge_at: `iif(user_id = '${ada.id}', '2020-01-01T00:00:00.000Z', purge_at)`,
      });
      await worker.scheduled();
    } finally {
      for (const db of worker.homes) await db.prepare("DROP TRIGGER stuck").run();
    }
    assert.deepEqual(
      (await waiting()).map(({ userId }) => userId),
      [ada.id],
    );
    const failed = worker.logLines().filter(({ message }) => message === "maintenance step failed");
    assert.deepEqual(
      failed.map(({ step }) => step),
      ["purge users"],
    );
    await worker.scheduled();
    assert.deepEqual(await waiting(), []);
  });

  it("of a user deleted for longer than that already erases at once: 204", async () => {
    await wallet.deleteUser(ada);
    await hoursLater(73);
    assert.equal((await purge()).status, 204);
    assert.equal(await kept(), 0);
  });

  it("of a user who was deleted before, registered again and deleted, waits from the last deletion", async () => {
    await wallet.deleteUser(ada);
    await hoursLater(100);
    await wallet.register(ada);
    await wallet.custodian(ada, CUSTODIAN, "c2");
    await wallet.deleteUser(ada);
    const { status, body } = await purge();
    assert.equal(status, 202);
    const hours = (Date.parse(body.purgeAt) - Date.now()) / 3_600_000;
    assert.ok(hours > 71.9 && hours <= 72.1, body.purgeAt);
  });

  it("of a user deleted yesterday waits for the rest of the delay", async () => {
    await wallet.deleteUser(ada);
    await hoursLater(24);
    const { status, body } = await purge();
    assert.equal(status, 202);
    const hours = (Date.parse(body.purgeAt) - Date.now()) / 3_600_000;
    assert.ok(hours > 47.9 && hours <= 48.1, body.purgeAt);
  });

  for (const [what, bring] of [
    ["the user's restore", () => wallet.restoreUser(ada)],
    ["a registration of the same user", () => wallet.register(ada)],
  ]) {
    it(`is cancelled by ${what}`, async () => {
      await purge();
      await bring();
      assert.deepEqual(await waiting(), []);
      assert.deepEqual(await events("cancel_purge"), [{ actor: "system", outcome: "cancelled" }]);
      await wallet.custodian(ada, CUSTODIAN, "c2");
      await hoursLater(73);
      await worker.scheduled();
      assert.ok((await wallet.fetched(ada)).includes("c2"));
      assert.notEqual(await kept(), 0);
    });
  }

  for (const [what, bring] of [
    ["the user's restore", () => worker.send("POST", `${wallet.path(ada)}/restore`, { bearer: support.token })],
    ["a registration of the same user", () => worker.send("POST", "/users", { bearer: support.token, body: ada })],
  ]) {
    it(`is not cancelled by ${what}, if an operator asks who may not ask for purges: 403`, async () => {
      await purge();
      assertProblem(await bring(), 403, "forbidden");
      assert.equal((await waiting()).length, 1);
      assert.equal((await wallet.admin("GET", wallet.path(ada))).status, 404);
      const [{ outcome, operator }] = await worker.sql("SELECT * FROM audit_events ORDER BY id DESC LIMIT 1");
      assert.deepEqual([outcome, operator], ["forbidden", "sam"]);
      assert.equal((await wallet.admin("DELETE", `${wallet.path(ada)}/purge`)).status, 204);
      assert.ok((await bring()).status < 300);
    });
  }

  it("can be cancelled by itself: the user stays deleted, and can be restored", async () => {
    await purge();
    assert.equal((await wallet.admin("DELETE", `${wallet.path(ada)}/purge`)).status, 204);
    assert.deepEqual(await waiting(), []);
    assertProblem(await wallet.admin("DELETE", `${wallet.path(ada)}/purge`), 404, "not_found");
    await hoursLater(73);
    await worker.scheduled();
    await wallet.restoreUser(ada);
    assert.deepEqual(await wallet.fetched(ada), ["c1"]);
    assert.deepEqual(await events("cancel_purge"), [
      { actor: "admin", outcome: "cancelled" },
      { actor: "admin", outcome: "not_found" },
    ]);
  });

  it("is cancelled with those of the id's other clients, and the event names a client only where it is of that one alone", async () => {
    const other = { ...ada, clientId: "client-of-ada-2", clientApiKey: "key-of-ada-2" };
    await purge();
    await wallet.register(other);
    assert.equal((await purge(other)).status, 202);
    assert.equal((await waiting()).length, 2);
    const cancel = async () => {
      assert.equal((await wallet.admin("DELETE", `${wallet.path(ada)}/purge`)).status, 204);
      const { body } = await wallet.admin("GET", `/audit?userId=${ada.id}&action=cancel_purge&limit=1`);
      return body.events[0].clientId ?? null;
    };
    assert.equal(await cancel(), null);
    assert.deepEqual(await waiting(), []);
    await purge(other);
    assert.equal(await cancel(), other.clientId);
  });

  it("names the user and the client as before: 409, 404", async () => {
    assertProblem(await wallet.admin("DELETE", `${wallet.path(ada)}?purge=${bob.clientId}`), 409, "conflict");
    assertProblem(await wallet.admin("DELETE", "/users/nobody?purge=x"), 404, "unknown_user");
    assert.deepEqual(await waiting(), []);
  });
});

describe("webhooks that make users (UNKNOWN_CLIENTS = register)", () => {
  let worker, wallet;
  before(async () => {
    worker = await startWorker({
      secrets: { OPERATOR_TOKENS },
      vars: { UNKNOWN_CLIENTS: "register", UNKNOWN_CLIENTS_PER_DAY: "2", PURGE_DELAY_HOURS: null },
    });
    wallet = backups(worker);
  });
  after(() => worker?.stop());
  beforeEach(() => worker.clear());

  it("make UNKNOWN_CLIENTS_PER_DAY a day, then 503 with an alarm; users that are there go on", async () => {
    const store = (name, share = "c1") => wallet.storeCustodian(user(name), CUSTODIAN, share);
    for (const name of ["a", "b", "a"]) assert.equal((await store(name)).status, 204);
    worker.clearLogs();
    assertProblem(await store("c"), 503, "unavailable");
    assert.match(worker.logLines().find(({ level }) => level === "error")?.cause, /UNKNOWN_CLIENTS_PER_DAY/);
    assert.equal((await store("a", "c2")).status, 204);
    assert.equal((await worker.sql("SELECT 1 FROM users")).length, 2);
    const outcomes = (await wallet.admin("GET", "/audit?action=store_custodian_share")).body.events;
    assert.equal(outcomes.filter(({ outcome }) => outcome === "too_many_clients").length, 1);
    const dayBefore = "UPDATE webhook_registrations SET day = date(day, '-1 day')";
    await worker.sql(dayBefore);
    await worker.directory?.prepare(dayBefore).run();
    assert.equal((await store("c")).status, 204);
  });

  const register = (body) => wallet.admin("POST", "/users", body);
  const ofWebhook = (name) => ({ ...user(name), id: user(name).clientId });

  it("are adopted by their registration: the custodian shares, and their history, are the registered user's", async () => {
    const ann = user("ann");
    for (const share of ["c1", "c2"]) assert.equal((await wallet.storeCustodian(ann, CUSTODIAN, share)).status, 204);
    const answer = await register(ann);
    assert.equal(answer.status, 201, answer.text);
    assert.deepEqual([answer.body.id, answer.body.clientId], [ann.id, ann.clientId]);
    assert.equal((await register(ann)).status, 200, "the same again");
    assert.deepEqual(await wallet.fetched(ann), ["c2"]);
    assert.equal((await wallet.history(ann)).length, 1);
    await wallet.cipherText(ann, "GDRIVE", "u2");
    assert.equal(await wallet.state(ann, "GDRIVE"), "complete");
    assertProblem(await wallet.admin("GET", `/users/${ann.clientId}`), 404, "unknown_user");
    assertProblem(await wallet.admin("POST", `/users/${ann.clientId}/restore`), 404, "unknown_user");
    const { events } = (await wallet.admin("GET", "/audit?action=register_user")).body;
    assert.deepEqual(events.map(({ userId, outcome }) => [userId, outcome]).reverse(), [
      [ann.id, "adopted"],
      [ann.id, "unchanged"],
    ]);
  });

  it("are no longer adopted once an app has stored, or has a key: 409, and everything stays", async () => {
    for (const name of ["kay", "joe"]) {
      const who = ofWebhook(name);
      await wallet.custodian(who, CUSTODIAN, "c1");
      assert.equal((await register(who)).status, 200, "an API key under the id that the webhook gave");
      if (name === "joe") await wallet.cipherText(who, "GDRIVE", "u1");
      assertProblem(await register({ ...user(name), clientApiKey: "another-key" }), 409, "conflict");
      assert.deepEqual(await wallet.fetched(who), ["c1"]);
    }
  });

  it("lose nothing to a restore that is refused or fails: what an app stored there stays with them", async () => {
    const gus = user("gus");
    assert.equal((await register(gus)).status, 201);
    await wallet.deleteUser(gus);
    const standIn = { ...ofWebhook("gus"), clientApiKey: "key-of-the-stand-in" };
    await wallet.custodian(standIn, CUSTODIAN, "c2");
    assert.equal((await register(standIn)).status, 200);
    await wallet.cipherText(standIn, "GDRIVE", "u1");
    await wallet.cipherText(standIn, "GDRIVE", "u2");
    const restore = () => wallet.admin("POST", `${wallet.path(gus)}/restore?clientId=${gus.clientId}`);
    assertProblem(await restore(), 409, "conflict");
    await wallet.deleteUser(standIn);
    await worker.sql(
      "CREATE TRIGGER in_the_way BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'constraint failed'); END",
    );
    try {
      assertProblem(await restore(), 409, "conflict");
    } finally {
      await worker.sql("DROP TRIGGER in_the_way");
    }
    await wallet.restoreUser(standIn);
    assert.equal(await wallet.recovered(standIn, { backupMethod: "GDRIVE" }), "u2");
    assert.equal((await wallet.history(standIn)).filter(({ kind }) => kind === "user").length, 1);
  });

  it("are told from a user that an operator registered under the client's id, also when the audit trail has ended: 409", async () => {
    const own = ofWebhook("fay");
    assert.equal((await register(own)).status, 201);
    await worker.sql("UPDATE users SET client_api_key_hash = NULL"); // as where CLIENT_AUTH needs none
    await worker.sql("DELETE FROM audit_events");
    assertProblem(await register(user("fay")), 409, "conflict");
  });

  it("are not adopted under an id or with a key that another user has", async () => {
    const bea = user("bea");
    const cid = user("cid");
    assert.equal((await register(bea)).status, 201);
    await wallet.custodian(cid, CUSTODIAN, "c1");
    assertProblem(await register({ ...cid, id: bea.id }), 409, "conflict");
    assertProblem(await register({ ...cid, clientApiKey: bea.clientApiKey }), 409, "conflict");
    assert.equal((await wallet.admin("GET", `/users/${cid.clientId}`)).status, 200);
    assert.deepEqual(await wallet.fetched(cid), ["c1"]);
  });

  it("are not taken out of a purge by the restore of another user of the same client, if an operator asks who may not: 403", async () => {
    const ida = user("ida");
    const standIn = ofWebhook("ida");
    assert.equal((await register(ida)).status, 201);
    await wallet.deleteUser(ida);
    await wallet.custodian(standIn, CUSTODIAN, "c2");
    const purge = await wallet.admin("DELETE", `${wallet.path(standIn)}?purge=${standIn.clientId}`);
    assert.equal(purge.status, 202, purge.text);
    const restore = (bearer) => worker.send("POST", `${wallet.path(ida)}/restore`, { bearer });
    assertProblem(await restore(support.token), 403, "forbidden");
    assert.equal((await wallet.admin("GET", "/admin/status")).body.purges.length, 1);
    assert.equal((await wallet.admin("DELETE", `${wallet.path(standIn)}/purge`)).status, 204);
    assert.equal((await restore(support.token)).status, 200);
    assert.deepEqual(await wallet.fetched(ida), ["c2"]);
  });

  it("take back a purge of the same user, who is there again, and an event says so: the purge has to be asked for anew", async () => {
    const standIn = ofWebhook("ivo");
    const purge = async () =>
      (await wallet.admin("DELETE", `${wallet.path(standIn)}?purge=${standIn.clientId}`)).status;
    const waiting = async () => (await wallet.admin("GET", "/admin/status")).body.purges.length;
    await wallet.custodian(standIn, CUSTODIAN, "c1");
    assert.deepEqual([await purge(), await waiting()], [202, 1]);
    await wallet.custodian(standIn, CUSTODIAN, "c2");
    assert.equal(await waiting(), 0);
    const told = async () => (await wallet.admin("GET", `/audit?userId=${standIn.id}&action=cancel_purge`)).body.events;
    const [event, ...others] = await told();
    assert.deepEqual(others, []);
    assert.deepEqual([event.actor, event.outcome, event.clientId], ["system", "cancelled", standIn.clientId]);
    assert.match(event.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok(Math.abs(Date.parse(event.at) - Number.parseInt(event.id.replace("-", "").slice(0, 12), 16)) < 1000);
    await wallet.custodian(standIn, CUSTODIAN, "c3");
    assert.equal((await told()).length, 1);
    assert.deepEqual([await purge(), await waiting()], [202, 1]);
  });

  it("are no trap for who is restored: what was stored under the client id since is current, cipher text and all", async () => {
    const dan = user("dan");
    assert.equal((await register(dan)).status, 201);
    await wallet.custodian(dan, CUSTODIAN, "c1");
    await wallet.cipherText(dan, "GDRIVE", "u1");
    await wallet.deleteUser(dan);
    const standIn = { ...ofWebhook("dan"), clientApiKey: "key-of-the-stand-in" };
    await wallet.custodian(standIn, CUSTODIAN, "c2");
    assert.equal((await register(standIn)).status, 200);
    await wallet.cipherText(standIn, "GDRIVE", "u2");
    await wallet.cipherText(standIn, "ICLOUD", "only there");
    await wallet.deleteUser(standIn);
    const restored = await wallet.admin("POST", `${wallet.path(dan)}/restore?clientId=${dan.clientId}`);
    assert.equal(restored.status, 200, restored.text);
    assert.deepEqual(await wallet.fetched(dan), ["c2"]);
    assert.equal(await wallet.recovered(dan, { backupMethod: "GDRIVE" }), "u2");
    assert.equal(await wallet.recovered(dan, { backupMethod: "ICLOUD" }), "only there");
    const history = await wallet.history(dan);
    assert.deepEqual(history.map(({ kind }) => kind).sort(), ["custodian", "user"]);
    await wallet.restoreVersion(dan, history.find(({ kind }) => kind === "user").id);
    assert.equal(await wallet.recovered(dan, { backupMethod: "GDRIVE" }), "u1");
  });
});
