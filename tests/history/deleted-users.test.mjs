// A deleted user: restored with everything, or purged for good.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { assertProblem, user } from "../support/client.mjs";
import {
  ada,
  backup,
  begin,
  cipherText,
  custodian,
  fetched,
  GDRIVE,
  S,
  versions,
  wallet,
  worker,
} from "../support/history.mjs";

await begin();

describe("a deleted user", () => {
  test("is restored with all shares, their times, their history, and the app's key", async () => {
    await backup(1, { pairs: ["p1", "q1"], userPair: "p1" });
    await custodian(ada, S, "s2");
    const all = () =>
      worker.sql(
        // The digest of a text alone comes with its next store.
        `SELECT * FROM users, custodian_backup_shares, (SELECT id, user_id, backup_method, backup_share_pair_id, key_id, share_digest,
           created_at, updated_at, sealed_share FROM user_backup_shares) ORDER BY 1, 2, 3, 4, 5, 6, 7`,
      );
    const [before, history] = [await all(), await wallet.history(ada)];
    await wallet.deleteUser(ada);
    assertProblem(await wallet.fetchCustodian(ada), 404, "unknown_client");
    assert.equal((await wallet.fetchCipherText(ada, GDRIVE)).status, 401);
    await wallet.restoreUser(ada);
    assert.deepEqual([await all(), await wallet.history(ada)], [before, history]);
    assert.deepEqual(await fetched(), ["e1", "s1", "s2"]);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
  });

  test("that was deleted twice comes back as it was the last time", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    await backup(2);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e2", "s2"]);
    assert.equal((await versions()).length, 3);
  });

  test("is not restored over another that took the id, the client or the key: 409", async () => {
    for (const other of [
      { ...user("bob"), id: ada.id },
      { ...user("bob"), clientId: ada.clientId },
      { ...user("bob"), clientApiKey: ada.clientApiKey },
    ]) {
      await worker.clear();
      await wallet.register(ada);
      await backup(1);
      await wallet.deleteUser(ada);
      await wallet.register(other);
      const refused = await wallet.admin("POST", `${wallet.path(ada)}/restore`);
      assertProblem(refused, 409, "conflict");
      // What it says to do does it, even if the other has the same id and was deleted last.
      await wallet.deleteUser(other);
      const [query] = /\?clientId=[^ ]+/.exec(refused.body.detail);
      assert.equal((await wallet.admin("POST", `${wallet.path(ada)}/restore${query}`)).body.clientId, ada.clientId);
      assert.deepEqual(await fetched(), ["e1", "s1"]);
      assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    }
  });

  test("that was registered again meanwhile comes back with what it had before, once the empty one is deleted", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 409, "conflict");
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1"]);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    assert.deepEqual(await worker.sql("SELECT * FROM deleted_users"), []);
    assert.deepEqual(await versions(), []);
  });

  test("that was backed up anew meanwhile comes back with the latest share of each method; the others are kept", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    await custodian(ada, S, "s2");
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1", "s2"], "the current ones, and the mate of u1");
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    assert.deepEqual(await versions(), [`custodian ${S}`]);
  });

  test("that a webhook registered again meanwhile comes back with the app's key", async () => {
    const eve = { id: "client-eve", clientId: "client-eve", clientApiKey: "key-of-eve" };
    await wallet.register(eve);
    await cipherText(eve, "GDRIVE", "u1");
    await wallet.deleteUser(eve);
    await worker.sql(
      "INSERT INTO users (id, client_id, made_by_webhook, created_at) VALUES ('client-eve', 'client-eve', 1, '2026-01-01T00:00:00.000Z')",
    );
    await wallet.deleteUser(eve);
    await wallet.restoreUser(eve);
    assert.equal(await wallet.recovered(eve, GDRIVE), "u1");
  });

  test("is named so in the refusal that its client id can be copied, whatever it is", async () => {
    const odd = { id: "user-odd", clientId: "a&b+c#d é%41", clientApiKey: "key-of-odd" };
    await wallet.register(odd);
    await wallet.deleteUser(odd);
    await wallet.register({ ...odd, clientId: "other" });
    const refused = await wallet.admin("POST", "/users/user-odd/restore");
    await wallet.deleteUser(odd);
    const [query] = /\?clientId=[^ ]+/.exec(refused.body.detail);
    assert.equal((await wallet.admin("POST", `/users/user-odd/restore${query}`)).body.clientId, odd.clientId);
  });

  test("whose former key is another's by now comes back without it", async () => {
    await custodian(ada, S, "s1");
    await wallet.deleteUser(ada);
    await worker.sql(
      "INSERT INTO users (id, client_id, created_at) VALUES (?, ?, '2026-01-01T00:00:00.000Z')",
      ada.id,
      ada.clientId,
    );
    await custodian(ada, S, "s2");
    await wallet.deleteUser(ada);
    await wallet.register({ ...user("bob"), clientApiKey: ada.clientApiKey });
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["s2"]);
  });

  test("whose client a webhook has registered under its own id meanwhile gets what that brought", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await worker.sql(
      "INSERT INTO users (id, client_id, made_by_webhook, created_at) VALUES (?1, ?1, 1, '2026-01-01T00:00:00.000Z')",
      ada.clientId,
    );
    await custodian(ada, S, "s2");
    await custodian(ada, S, "s3");
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 409, "conflict");
    await wallet.deleteUser({ id: ada.clientId });
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1", "s3"], "the current ones, and the mate of u1");
    assert.deepEqual(await versions(), [`custodian ${S}`, `custodian ${S}`], "s1, and s2");
    await cipherText(ada, "GDRIVE", "u3");
    assert.equal(await wallet.state(ada, "GDRIVE"), "complete");
    assert.deepEqual(await worker.sql("SELECT * FROM deleted_users"), []);
  });

  test("takes nothing from another user of the same client whom an operator registered and who has shares of the app's own", async () => {
    const other = { ...user("bob"), id: ada.clientId, clientId: ada.clientId };
    await backup(1);
    await wallet.deleteUser(ada);
    await wallet.register(other);
    await custodian(other, S, "s2");
    await cipherText(other, "GDRIVE", "u2");
    await wallet.deleteUser(other);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1"]);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(other);
    assert.deepEqual(await fetched(), ["s2"]);
    assert.equal(await wallet.recovered(other, GDRIVE), "u2");
  });

  test("takes nothing from one of the same client whom an operator registered at last: that one's restore brings it", async () => {
    const other = { ...user("bob"), id: ada.clientId, clientId: ada.clientId };
    const byWebhook = () =>
      worker.sql(
        "INSERT INTO users (id, client_id, made_by_webhook, created_at) VALUES (?1, ?1, 1, '2026-01-01T00:00:00.000Z')",
        ada.clientId,
      );
    await custodian(ada, S, "s1");
    await wallet.deleteUser(ada);
    await byWebhook();
    await custodian(other, S, "w1");
    await wallet.deleteUser(other);
    await wallet.register(other);
    await custodian(other, S, "w2");
    await wallet.deleteUser(other);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["s1"]);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(other);
    assert.deepEqual(await fetched(), ["w2"]);
  });

  test("that is purged while it is restored stays purged, and the audit trail says so", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await worker.sql(
      "CREATE TRIGGER no_restore BEFORE DELETE ON deleted_users BEGIN DELETE FROM users WHERE id = OLD.id; END",
    );
    try {
      assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 409, "conflict");
    } finally {
      await worker.sql("DROP TRIGGER no_restore");
    }
    assert.deepEqual(await worker.sql("SELECT outcome FROM audit_events WHERE action = 'restore_user'"), [
      { outcome: "conflict" },
    ]);
  });

  test("is purged for good even where only its history is left", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await worker.sql("DELETE FROM deleted_users"); // as the retention does, some hours before it comes to the shares
    await wallet.purgeUser(ada);
    assert.deepEqual(await worker.sql("SELECT * FROM backup_share_versions"), []);
  });

  test("of a client id that none was deleted with is unknown", async () => {
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore?clientId=another`), 404, "unknown_user");
    await wallet.deleteUser(ada);
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore?clientId=another`), 404, "unknown_user");
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore?clientId=`), 400, "invalid_field", {
      field: "clientId",
    });
  });

  test("registered anew with another client never sees what the old one had", async () => {
    await backup(1, { pairs: ["p1", "q1"], userPair: "p1" });
    await backup(2);
    await wallet.deleteUser(ada);
    const anew = { ...ada, clientId: "client-anew" };
    await wallet.register(anew);
    assert.deepEqual(await wallet.history(anew), []);
    assert.deepEqual(await wallet.fetched(anew), []);
    assert.equal(await wallet.recovered(anew, { backupSharePairId: "p1" }), undefined);
    await cipherText(anew, "GDRIVE", "u3");
    await custodian(anew, S, "s3");
    assert.deepEqual(await wallet.fetched(anew), ["s3"]);
    await cipherText(anew, "GDRIVE", "u1");
    assert.equal(await wallet.recovered(anew, GDRIVE), "u1", "the old client's history does not know it as older");
    const [{ id }] = await worker.sql("SELECT id FROM backup_share_versions LIMIT 1");
    assertProblem(
      await wallet.admin("POST", `${wallet.path(anew)}/backups/restore`, { versionId: id }),
      404,
      "not_found",
    );
  });

  test("whose client is registered anew under another id: a share that the old one had is new", async () => {
    for (const text of ["s1", "s2"]) await custodian(ada, S, text);
    await wallet.deleteUser(ada);
    const anew = { ...ada, id: "user-anew", clientApiKey: "client-api-key-of-anew" };
    await wallet.register(anew);
    await custodian(anew, S, "s3");
    const stored = async () => (await worker.sql("SELECT updated_at FROM custodian_backup_shares"))[0].updated_at;
    const before = await stored();
    await custodian(anew, S, "s1");
    assert.deepEqual(await wallet.fetched(anew), ["s1"]);
    assert.ok((await stored()) > before);
  });

  test("purged: nothing is left but the audit trail", async () => {
    await backup(1);
    await backup(2);
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    await backup(3);
    await wallet.purgeUser(ada);
    for (const table of [
      "users",
      "custodian_backup_shares",
      "user_backup_shares",
      "backup_share_versions",
      "deleted_users",
    ]) {
      assert.deepEqual(await worker.sql(`SELECT * FROM ${table}`), [], table);
    }
    const [event] = await worker.sql("SELECT * FROM audit_events WHERE action = 'purge_user'");
    assert.deepEqual(
      [event.actor, event.user_id, event.client_id, event.outcome],
      ["admin", ada.id, ada.clientId, "purged"],
    );
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 404, "unknown_user");
  });

  test("can be purged after the deletion as well, and only under its own client id", async () => {
    await backup(1);
    assertProblem(await wallet.admin("DELETE", `${wallet.path(ada)}?purge=client-other`), 409, "conflict");
    assert.deepEqual(await fetched(), ["e1", "s1"]);
    await wallet.deleteUser(ada);
    await wallet.purgeUser(ada);
    assert.deepEqual(await worker.sql("SELECT * FROM backup_share_versions"), []);
  });

  test("purged under one client: what its id had with another client stays, and comes back", async () => {
    const anew = { ...ada, clientId: "client-anew" };
    await backup(1);
    await backup(2);
    await wallet.deleteUser(ada);
    await wallet.register(anew);
    for (const text of ["s3", "s4"]) await custodian(anew, S, text);
    await wallet.deleteUser(anew);
    await wallet.purgeUser(anew);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e2", "s2"]);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u2");
    assert.equal((await versions()).length, 3);
  });

  test("comes back with its history, also where a version of it has the id of a current share", async () => {
    for (const n of [1, 2]) {
      await custodian(ada, S, `s${n}`);
      await cipherText(ada, "GDRIVE", `u${n}`);
    }
    for (const kind of ["custodian", "user"])
      await worker.sql(
        `UPDATE backup_share_versions SET id = (SELECT id FROM ${kind}_backup_shares) WHERE kind = '${kind}'`,
      );
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.deepEqual((await versions()).sort(), [`custodian ${S}`, "user GDRIVE"]);
    assert.deepEqual(await fetched(), ["s2"]);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u2");
  });

  test("comes back with its app's key of before, but not with another client's, nor with one that cipher texts came after", async () => {
    const [bob, carol] = ["bob", "carol"].map(user);
    for (const who of [bob, carol]) await wallet.register(who);
    // As with CLIENT_AUTH = "jwt".
    const withoutKey = (id, clientId) =>
      worker.sql(
        `INSERT INTO users (id, client_id, created_at) VALUES ('${id}', '${clientId}', '2026-01-01T00:00:00.000Z')`,
      );
    const back = async (who, clientId) => {
      await wallet.deleteUser(who);
      await withoutKey(who.id, clientId);
      await custodian({ ...who, clientId }, S, "s1");
      if (who === carol)
        await worker.sql(`INSERT INTO user_backup_shares (id, user_id, backup_method, key_id, created_at, updated_at, sealed_share)
          SELECT id, user_id, 'GDRIVE', key_id, created_at, updated_at, sealed_share
          FROM custodian_backup_shares WHERE user_id = '${who.id}'`);
      await wallet.deleteUser(who);
      await wallet.restoreUser(who);
      return (await wallet.app(who, "GET", `${wallet.path(who)}/backups`)).status;
    };
    assert.equal(await back(ada, "client-anew"), 401);
    assert.equal(await back(carol, carol.clientId), 401);
    assert.equal(await back(bob, bob.clientId), 200);
    // Nor with one that another id of the client had.
    const dave = user("dave");
    const before = { ...dave, id: "user-before" };
    await wallet.register(before);
    await wallet.deleteUser(before);
    await withoutKey(dave.id, dave.clientId);
    assert.equal(await back(dave, dave.clientId), 401);
  });

  test("a user can be deleted again, and comes back whole, although the clock is behind the deletion before", async () => {
    await backup(1);
    for (const table of ["custodian_backup_shares", "user_backup_shares"]) {
      await worker.sql(`UPDATE ${table} SET updated_at = '2098-01-01T00:00:00.000Z'`);
    }
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    for (const { id } of await wallet.history(ada)) await wallet.restoreVersion(ada, id); // of the very time of that deletion
    await wallet.deleteUser(ada);
    await wallet.register(ada);
    await wallet.deleteUser(ada);
    await wallet.restoreUser(ada);
    assert.deepEqual(await fetched(), ["e1", "s1"]);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
  });
});
