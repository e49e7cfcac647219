// GET /users/:userId/backups for operators: whether the shares open, and an answer for every case that support meets.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import { backups } from "./support/backup.mjs";
import { assertProblem, user } from "./support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS } from "./support/console.mjs";
import { startWorker } from "./support/harness.mjs";

const keyBytes = (n) => Buffer.alloc(32, n).toString("base64");
const K1 = `k1:${keyBytes(1)}`;
const S = "GDRIVE-SECP256K1";
const right = await startWorker({
  secrets: { SHARE_ENCRYPTION_KEYS: K1, OPERATOR_TOKENS },
  vars: { PURGE_DELAY_HOURS: "24" },
  siblings: {
    wrong: { SHARE_ENCRYPTION_KEYS: `k1:${keyBytes(9)}` },
    lacking: { SHARE_ENCRYPTION_KEYS: `k2:${keyBytes(2)}` },
    rotated: { SHARE_ENCRYPTION_KEYS: `k2:${keyBytes(2)},${K1}` },
  },
});
const act = backups(right);
const [ada, bob] = [user("ada"), user("bob")];

after(() => right.stop());
beforeEach(async () => {
  await right.clear();
  await act.register(ada);
});

const ask = (id, query = "", worker = right) => backups(worker).admin("GET", `/users/${id}/backups${query}`);
async function answered(who, query, worker) {
  const { status, body, text } = await ask(who.id, query, worker);
  assert.equal(status, 200, text);
  return body;
}
const opens = ({ backups }) => Object.fromEntries(backups.map((backup) => [backup.backupMethod, backup.opens]));
const why = ({ backups }) =>
  backups.flatMap(({ unopenable }) => unopenable.map((one) => [one.kind, one.keyId, one.why]));

/** The databases that hold custodian shares. */
const shareHomes = async () => {
  const counts = await Promise.all(
    right.homes.map((db) => db.prepare("SELECT count(*) AS n FROM custodian_backup_shares").first()),
  );
  return counts.flatMap(({ n }, home) => (n > 0 ? [{ home, n }] : []));
};

async function complete(who, method = "GDRIVE", n = 1) {
  for (const curve of ["SECP256K1", "ED25519"]) await act.custodian(who, `${method}-${curve}`, `MARKED-s${n}`);
  await act.cipherText(who, method, `MARKED-u${n}`);
}

describe("whether the shares open", () => {
  test("is not known until it is tried; then each is opened, and none is in the answer or on the trail", async () => {
    await complete(ada);
    assert.deepEqual(opens(await answered(ada)), { GDRIVE: "unknown" });
    const body = await answered(ada, "?check=1");
    assert.deepEqual(opens(body), { GDRIVE: true });
    assert.deepEqual(why(body), []);
    assert.equal(body.backups[0].state, "complete");
    const trail = JSON.stringify(await right.sql("SELECT * FROM audit_events"));
    for (const text of [JSON.stringify(body), trail]) assert.ok(!text.includes("MARKED"));
    const events = await right.sql(
      "SELECT actor, user_id, client_id, outcome, operator FROM audit_events WHERE action = 'check_backups'",
    );
    assert.deepEqual(events, [
      { actor: "admin", user_id: ada.id, client_id: ada.clientId, outcome: "checked", operator: "admin" },
    ]);
    await answered(ada);
    assert.equal((await right.sql("SELECT 1 FROM audit_events WHERE action = 'check_backups'")).length, 1);
  });

  for (const [deployed, reason] of [
    ["wrong", "its key is not the one that sealed it"],
    ["lacking", "its key is not configured"],
  ])
    test(`is said to be false under a ${deployed} key, tried or not, and true again under the right one`, async () => {
      await complete(ada);
      assert.equal((await right.send("GET", "/readyz")).status, 200, "the database has the canary of k1");
      for (const query of ["", "?check=1"]) {
        const body = await answered(ada, query, right.sibling(deployed));
        assert.deepEqual(opens(body), { GDRIVE: false }, query);
        assert.deepEqual(why(body), [
          ["custodian", "k1", reason],
          ["custodian", "k1", reason],
          ["user", "k1", reason],
        ]);
      }
      assert.deepEqual(opens(await answered(ada, "?check=1", right.sibling("rotated"))), { GDRIVE: true });
      assert.deepEqual(opens(await answered(ada, "?check=1")), { GDRIVE: true });
    });

  test("is said to be false under a wrong key also where the database has no canary yet", async () => {
    await complete(ada);
    await right.sql("DELETE FROM key_canaries");
    const wrong = right.sibling("wrong");
    assert.deepEqual(opens(await answered(ada, "", wrong)), { GDRIVE: false });
    const said = async (on) => {
      const keys = (await backups(on).admin("GET", "/admin/keys")).body.wrong;
      return [keys, (await backups(on).admin("GET", "/admin/status")).body.wrongKeys];
    };
    assert.deepEqual(await said(wrong), [[{ id: "k1", shares: 3 }], ["k1"]]);
    assert.deepEqual(await said(right), [[], []]);
    // Nor does the wrong key become the right one by a canary of its own, in the database that has the shares.
    if (right.homes.length === 1) assertProblem(await wrong.send("GET", "/readyz"), 503, "misconfigured");
    await wrong.scheduled();
    const [{ home }] = await shareHomes();
    assert.deepEqual(
      await right.homes[home]
        .prepare("SELECT key_id FROM key_canaries")
        .all()
        .then((r) => r.results),
      [],
    );
    await right.sql("DELETE FROM key_canaries");
    assert.equal((await right.send("GET", "/readyz")).status, 200);
    await right.sql("DELETE FROM key_canaries");
    // One damaged share does not make the key a wrong one.
    await right.sql("UPDATE custodian_backup_shares SET sealed_share = 'AAAA' WHERE backup_method = ?", S);
    assert.deepEqual(await said(right), [[], []]);
  });

  test("tells a damaged share by trying it, and only the backup that it is of", async () => {
    await complete(ada);
    await complete(ada, "ICLOUD");
    await right.sql("UPDATE custodian_backup_shares SET sealed_share = 'AAAA' WHERE backup_method = ?", S);
    assert.deepEqual(opens(await answered(ada)), { GDRIVE: "unknown", ICLOUD: "unknown" });
    const body = await answered(ada, "?check=1");
    assert.deepEqual(opens(body), { GDRIVE: false, ICLOUD: true });
    assert.deepEqual(why(body), [["custodian", "k1", "damaged or moved"]]);
    const [{ unopenable }] = body.backups;
    assert.equal(unopenable[0].backupMethod, S);
    await right.sql("UPDATE user_backup_shares SET sealed_share = 'AAAA' WHERE backup_method = 'ICLOUD'");
    assert.deepEqual(opens(await answered(ada, "?check=1")), { GDRIVE: false, ICLOUD: false });
  });

  test("of a half-finished backup is a matter of the older custodian share as well", async () => {
    await act.custodian(ada, S, "s1");
    await act.cipherText(ada, "GDRIVE", "u1");
    await act.custodian(ada, S, "s2");
    assert.deepEqual(opens(await answered(ada, "?check=1")), { GDRIVE: true });
    await right.sql("UPDATE backup_share_versions SET sealed_share = 'AAAA'");
    const body = await answered(ada, "?check=1");
    assert.deepEqual(opens(body), { GDRIVE: false });
    assert.equal(body.backups[0].state, "half-finished");
  });

  test("is told of one half alone, and of what is stored under UNKNOWN", async () => {
    await act.custodian(ada, "PASSKEY-SECP256K1", "s1");
    await act.cipherText(ada, undefined, "u1");
    assert.deepEqual(opens(await answered(ada, "?check=1")), { PASSKEY: true, UNKNOWN: true });
  });

  test("is for operators of any role, and for no app", async () => {
    await complete(ada);
    const path = `/users/${ada.id}/backups`;
    assert.equal((await right.send("GET", `${path}?check=1`, { bearer: OPERATORS.viewer.token })).status, 200);
    for (const query of ["?check=1", "?portal=1"]) {
      assertProblem(await act.app(ada, "GET", `${path}${query}`), 403, "forbidden");
      assertProblem(await act.app(user("eve"), "GET", `${path}${query}`), 401, "unauthorized");
    }
    const { body } = await act.app(ada, "GET", path);
    assert.deepEqual(Object.keys(body), ["backups"]);
    assert.ok(!("opens" in body.backups[0]));
    for (const query of ["?check=yes", "?check=", "?portal=2"])
      assertProblem(await ask(ada.id, query), 400, "invalid_field", { field: query.slice(1).split("=")[0] });
  });
});

describe("where there is no backup to look at", () => {
  test("nothing was ever stored: the client is named, and what to ask next", async () => {
    const body = await answered(ada);
    assert.deepEqual(body.backups, []);
    assert.equal(body.history, 0);
    assert.deepEqual(body.deletions, []);
    assert.deepEqual([body.user.id, body.user.clientId], [ada.id, ada.clientId]);
    assert.match(body.note, /Nothing is stored.*client-ada.*portal=1/);
  });

  test("nothing is current, but the history has it: it says how much, and where", async () => {
    await complete(ada);
    await act.admin("DELETE", `${act.path(ada)}/backups?backupMethod=GDRIVE`);
    const body = await answered(ada);
    assert.deepEqual([body.backups, body.history], [[], 3]);
    assert.match(body.note, /3 superseded versions.*backups\/history/);
    assert.equal((await answered(ada)).portal, undefined);
  });

  test("a backup that is there needs no note", async () => {
    await complete(ada);
    assert.equal((await answered(ada)).note, null);
  });

  test("a deleted user: since when, and until when it can be restored", async () => {
    await complete(ada);
    await act.deleteUser(ada);
    const [{ deleted_at: deletedAt }] = await right.sql("SELECT deleted_at FROM deleted_users");
    const until = new Date(Date.parse(deletedAt) + 90 * 86_400_000).toISOString();
    const { status, body, text } = await ask(ada.id);
    assert.equal(status, 404, text);
    assert.equal(body.code, "unknown_user");
    assert.deepEqual([body.deletedAt, body.restorableUntil], [deletedAt, until]);
    for (const part of [deletedAt, until, ada.clientId, "/restore"]) assert.ok(body.detail.includes(part), body.detail);
    assert.deepEqual(body.deletions, [
      { userId: ada.id, clientId: ada.clientId, deletedAt, purgeAt: null, restorableUntil: until },
    ]);
    await act.restoreUser(ada);
    const { backups, deletions } = await answered(ada, "?check=1");
    assert.deepEqual([backups.map(({ opens }) => opens), deletions], [[true], []]);
  });

  test("a deleted user whose purge waits can be restored until then", async () => {
    await act.deleteUser(ada);
    const { body } = await act.admin("DELETE", `${act.path(ada)}?purge=${ada.clientId}`);
    const answer = await ask(ada.id);
    assert.equal(answer.status, 404);
    assert.equal(answer.body.restorableUntil, body.purgeAt);
    assert.match(answer.body.detail, /a purge erases it/);
  });

  test("a client's id instead of a user's: whose it is; of a deleted one too", async () => {
    await act.register(bob);
    const { status, body } = await ask(bob.clientId);
    assert.equal(status, 404);
    assert.equal(body.code, "unknown_user");
    assert.deepEqual([body.user.id, body.user.clientId], [bob.id, bob.clientId]);
    await act.deleteUser(bob);
    const deleted = await ask(bob.clientId);
    assert.equal(deleted.status, 404);
    assert.equal(deleted.body.deletions[0].userId, bob.id);
    assert.match(deleted.body.detail, /user-bob.*was deleted at/);
  });

  test("a purged user: since when", async () => {
    await act.deleteUser(ada);
    await act.admin("DELETE", `${act.path(ada)}?purge=${ada.clientId}`);
    await right.sql("UPDATE purges SET purge_at = requested_at");
    await right.scheduled();
    const [{ at }] = await right.sql("SELECT at FROM audit_events WHERE action = 'purge_user' AND outcome = 'purged'");
    const { status, body } = await ask(ada.id);
    assert.deepEqual([status, body.code, body.purgedAt], [404, "unknown_user", at]);
    assert.match(body.detail, /was purged at/);
    await act.register(ada);
    assert.deepEqual((await answered(ada)).backups, []);
  });

  test("nobody: a plain 404, as for an app's user who is not there", async () => {
    assertProblem(await ask("nobody"), 404, "unknown_user");
    assertProblem(await ask("nobody", "?check=1&portal=1"), 404, "unknown_user");
    assertProblem(await act.app(ada, "GET", "/users/nobody/backups"), 403, "forbidden");
  });
});
