// How long what was replaced or deleted is kept, and what is spared.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { setTimes } from "../support/backup.mjs";
import { assertProblem, sorted, user } from "../support/client.mjs";
import {
  ada,
  backup,
  begin,
  cipherText,
  custodian,
  E,
  fetched,
  GDRIVE,
  S,
  versions,
  wallet,
  worker,
} from "../support/history.mjs";

await begin({
  siblings: { "no-audit": { AUDIT_RETENTION_DAYS: "0" }, "no-history": { HISTORY_RETENTION_DAYS: "0" } },
});

describe("the retention", () => {
  const age = (days) =>
    worker.sql(
      `UPDATE backup_share_versions SET superseded_at = strftime('%Y-%m-%dT%H:%M:%fZ', superseded_at, '-${days} days')`,
    );

  describe("spares the cipher text that a current custodian share may belong to", () => {
    const userVersions = async () => (await wallet.history(ada)).filter(({ kind }) => kind === "user").length;

    test("of two devices with pairs: each finds its own by its pair, however old it is", async () => {
      await custodian(ada, S, "cA", { pair: "pA" });
      await custodian(ada, S, "cB", { pair: "pB" });
      await cipherText(ada, "GDRIVE", "uB", { pair: "pB" });
      await cipherText(ada, "gdrive", "uA", { pair: "pA" });
      await age(91);
      await worker.scheduled();
      assert.equal(await wallet.recovered(ada, { backupSharePairId: "pB" }), "uB");
      assert.equal(await wallet.recovered(ada, { backupSharePairId: "pA" }), "uA");
    });

    for (const [what, custodianPair, pair] of [
      ["without pairs", undefined, undefined],
      ["with the backup's own pair", "p1", "p1"],
    ]) {
      test(`junk of a stolen app key, ${what}, ends; the good one stays`, async () => {
        await custodian(ada, S, "s1", { pair: custodianPair });
        await cipherText(ada, "GDRIVE", "good", { pair: custodianPair });
        for (const n of [1, 2, 3, 4]) await cipherText(ada, "GDRIVE", `junk ${n}`, { pair });
        await age(91);
        await worker.scheduled();
        assert.equal(await userVersions(), 1);
        const [{ id }] = (await wallet.history(ada)).filter(({ kind }) => kind === "user");
        await wallet.restoreVersion(ada, id);
        assert.equal(await wallet.recovered(ada, GDRIVE), "good");
      });
    }

    test("junk over the good one, and then a re-backup that breaks off: the good one stays until a backup is whole", async () => {
      await backup(1);
      await cipherText(ada, "GDRIVE", "junk");
      await age(120);
      await worker.scheduled();
      await custodian(ada, S, "s2");
      await custodian(ada, E, "e2");
      await worker.scheduled();
      const kept = async () => (await wallet.history(ada)).filter(({ kind }) => kind === "user");
      assert.equal((await kept()).length, 1);
      assert.deepEqual(await fetched(), ["e1", "e2", "s1", "s2"]);
      await wallet.restoreVersion(ada, (await kept())[0].id);
      assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
      assert.deepEqual(await fetched(), ["e1", "e2", "s1", "s2"]);
      await cipherText(ada, "GDRIVE", "u2");
      await age(91);
      for (let run = 0; run < 2; run++) await worker.scheduled();
      assert.deepEqual(await versions(), []);
    });

    test("junk over the good one, and then a deletion by mistake: the restore brings all of it back", async () => {
      await backup(1);
      await cipherText(ada, "GDRIVE", "junk");
      await age(120);
      await wallet.deleteUser(ada);
      await worker.scheduled();
      await wallet.restoreUser(ada);
      const [{ id }] = (await wallet.history(ada)).filter(({ kind }) => kind === "user");
      await wallet.restoreVersion(ada, id);
      assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
      assert.deepEqual(await fetched(), ["e1", "s1"]);
    });

    test("of two devices with pairs, though a third backup breaks off half a year later", async () => {
      for (const device of ["A", "B"]) await custodian(ada, S, `s${device}`, { pair: `p${device}` });
      for (const device of ["B", "A"]) await cipherText(ada, "GDRIVE", `u${device}`, { pair: `p${device}` });
      await age(180);
      await custodian(ada, S, "sC", { pair: "pC" });
      await worker.scheduled();
      for (const device of ["A", "B"])
        assert.equal(await wallet.recovered(ada, { backupSharePairId: `p${device}` }), `u${device}`);
      assert.deepEqual(await fetched(), ["sA", "sC"]);
    });

    test("under UNKNOWN too, and not once another custodian share has taken that one's place", async () => {
      await custodian(ada, S, "s1");
      await cipherText(ada, "UNKNOWN", "good");
      await cipherText(ada, "UNKNOWN", "junk");
      await age(91);
      await worker.scheduled();
      assert.equal(await userVersions(), 1);
      await custodian(ada, S, "s2");
      await cipherText(ada, "UNKNOWN", "u2");
      await age(91);
      for (let run = 0; run < 2; run++) await worker.scheduled();
      assert.equal(await userVersions(), 0);
    });
  });

  describe("a cipher text that knows the pair of one curve only gets and keeps the other curve's share", () => {
    const both = async (n, p, q) => {
      await custodian(ada, S, `s${n}`, { pair: p });
      await custodian(ada, E, `e${n}`, { pair: q });
    };
    for (const [what, run, given] of [
      [
        "of two devices that backed up side by side",
        async () => {
          await both("A", "pA", "qA");
          await both("B", "pB", "qB");
          await cipherText(ada, "GDRIVE", "uB", { pair: "pB" });
          await cipherText(ada, "GDRIVE", "uA", { pair: "pA" });
        },
        ["eA", "eB", "sA", "sB"],
      ],
      [
        "where it came late, after another backup had broken off",
        async () => {
          await both("1", "p1", "q1");
          await both("2", "p2", "q2");
          await cipherText(ada, "GDRIVE", "u1", { pair: "p1" });
        },
        ["e1", "e2", "s1", "s2"],
      ],
    ])
      test(what, async () => {
        await run();
        assert.deepEqual(await fetched(), given);
        await age(91);
        await worker.scheduled();
        assert.deepEqual(await fetched(), given);
      });

    test("and of two backups without pairs, whose cipher texts came the other way round, the older share is kept for an operator", async () => {
      await both("A");
      await both("B");
      await cipherText(ada, "GDRIVE", "uB");
      await cipherText(ada, "GDRIVE", "uA");
      await age(91);
      await worker.scheduled();
      assert.deepEqual(await fetched(), ["eB", "sB"]);
      assert.deepEqual(sorted(await versions()), sorted([`custodian ${S}`, `custodian ${E}`, "user GDRIVE"]));
    });
  });

  describe("spares every custodian share that came between two cipher texts without pairs", () => {
    const given = async () =>
      (await wallet.history(ada)).filter(({ kind }) => kind === "custodian").map(({ id }) => id);
    const fetchedWith = async (ids) => {
      for (const id of ids) await wallet.restoreVersion(ada, id);
      return fetched();
    };
    for (const [what, run, kept, current] of [
      [
        "of two devices, the second of which broke off",
        async () => {
          for (const device of ["A", "B"])
            for (const [method, curve] of [
              [S, "s"],
              [E, "e"],
            ])
              await custodian(ada, method, `${curve}${device}`);
          await cipherText(ada, "GDRIVE", "uA");
        },
        2,
        ["eA", "eB", "sA", "sB"],
      ],
      [
        "of an attempt that broke off, and came late by a retry of Portal's",
        async () => {
          await custodian(ada, S, "s2");
          await custodian(ada, E, "e2");
          await custodian(ada, E, "e1");
          await cipherText(ada, "GDRIVE", "u2");
        },
        1,
        ["e1", "e2", "s2"],
      ],
      [
        "of two curves under one method",
        async () => {
          await custodian(ada, undefined, "s1");
          await custodian(ada, undefined, "e1");
          await cipherText(ada, undefined, "u1");
        },
        1,
        ["e1", "s1"],
      ],
    ])
      test(what, async () => {
        await run();
        await age(91);
        await worker.scheduled();
        const ids = await given();
        assert.equal(ids.length, kept);
        assert.deepEqual(await fetchedWith(ids), current);
        // As long as that cipher text is in use.
        await backup(9);
        await custodian(ada, undefined, "9");
        await cipherText(ada, undefined, "u9");
        await age(91);
        for (let run = 0; run < 2; run++) await worker.scheduled();
        assert.deepEqual(await given(), []);
      });
  });

  test("ends a version, and never one that a cipher text still in use may belong to", async () => {
    await backup(0);
    await backup(1);
    await custodian(ada, S, "s2");
    await custodian(ada, S, "s3");
    await age(89);
    await worker.scheduled();
    assert.equal((await versions()).length, 5);
    await age(2);
    await worker.scheduled();
    assert.deepEqual(await versions(), [`custodian ${S}`]);
    assert.deepEqual(await fetched(), ["e1", "s1", "s3"]);
    // The backup is completed: now nothing needs it any more.
    await custodian(ada, E, "e3");
    await cipherText(ada, "GDRIVE", "u3");
    await age(91);
    await worker.scheduled();
    assert.deepEqual(await versions(), []);
    assert.deepEqual(await fetched(), ["e3", "s3"]);
  });

  test("keeps the mate by pair, and the mate of a cipher text under UNKNOWN", async () => {
    await custodian(ada, S, "s1", { pair: "p1" });
    await custodian(ada, S, "s2", { pair: "p2" });
    await cipherText(ada, "GDRIVE", "u1", { pair: "p1" });
    await custodian(ada, "OLD-ED25519", "o1");
    await cipherText(ada, undefined, "u");
    await custodian(ada, "OLD-ED25519", "o2");
    await age(1000);
    await worker.scheduled();
    assert.deepEqual(await fetched(), ["o1", "o2", "s1", "s2"]);
  });

  test("keeps the newest mate of a cipher text under UNKNOWN also while its method has one of its own: that may be removed", async () => {
    await custodian(ada, S, "s1");
    await cipherText(ada, undefined, "u");
    await cipherText(ada, "GDRIVE", "u1");
    await backup(2);
    await age(1000);
    await worker.scheduled();
    assert.equal((await wallet.admin("DELETE", `${wallet.path(ada)}/backups?backupMethod=GDRIVE`)).status, 204);
    assert.deepEqual(await fetched(), ["s1"]);
  });

  test("keeps the share whose pair a version names that can still be restored, also where other backups came between", async () => {
    for (const n of [1, 2]) await custodian(ada, S, `s${n}`, { pair: `p${n}` });
    await cipherText(ada, "GDRIVE", "u2", { pair: "p2" });
    await custodian(ada, S, "s3", { pair: "p3" });
    for (const n of [1, 3]) await cipherText(ada, "GDRIVE", `u${n}`, { pair: `p${n}` });
    await age(91);
    // The late one was replaced only now.
    const now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    const late = "kind = 'user' AND backup_share_pair_id = 'p1'";
    await worker.sql(`UPDATE backup_share_versions SET superseded_at = ${now} WHERE ${late}`);
    await worker.scheduled();
    const [{ id }] = await worker.sql(`SELECT id FROM backup_share_versions WHERE ${late}`);
    await wallet.restoreVersion(ada, id);
    assert.equal(await wallet.recovered(ada, GDRIVE), "u1");
    assert.ok((await fetched()).includes("s1"));
  });

  test("keeps the mate of a version that can still be restored: by time, by pair, and under UNKNOWN", async () => {
    const kept = async () => (await worker.sql("SELECT id FROM backup_share_versions WHERE kind = 'custodian'")).length;
    /** Only the cipher texts in the history are within the retention. */
    const ageCustodian = () =>
      worker.sql(
        "UPDATE backup_share_versions SET superseded_at = strftime('%Y-%m-%dT%H:%M:%fZ', superseded_at, '-91 days') WHERE kind = 'custodian'",
      );
    await custodian(ada, "A-B-SECP256K1", "s0");
    await custodian(ada, "A-B-SECP256K1", "s1");
    await cipherText(ada, "A-B", "u1");
    await custodian(ada, "A-B-SECP256K1", "s2", { pair: "p2" });
    await cipherText(ada, "A-B", "u2", { pair: "p2" });
    await custodian(ada, "A-B-SECP256K1", "s3", { pair: "p3" });
    await cipherText(ada, "A-B", "u3", { pair: "p3" });
    await custodian(ada, "OLD", "o1");
    await cipherText(ada, undefined, "u4");
    await custodian(ada, "OLD", "o2");
    await cipherText(ada, undefined, "u5");
    await ageCustodian();
    await worker.scheduled();
    assert.equal(await kept(), 4, "s1 or s0 is u1's, s2 is u2's, o1 is u4's");
    await age(91);
    await worker.scheduled();
    assert.equal(await kept(), 0);
  });

  test("keeps what a deleted user needs, whatever the next user of its id has, with another client", async () => {
    await custodian(ada, S, "s1");
    await cipherText(ada, "GDRIVE", "u1");
    await custodian(ada, S, "s2");
    await setTimes(worker, "backup_share_versions", {
      stored_at: "'2026-01-01T00:00:00.000Z'",
      superseded_at: "'2026-01-11T00:00:00.000Z'",
    });
    await setTimes(worker, "user_backup_shares", { updated_at: "'2026-01-10T00:00:00.000Z'" });
    await setTimes(worker, "custodian_backup_shares", { updated_at: "'2026-01-11T00:00:00.000Z'" });
    await wallet.deleteUser(ada);
    const next = { ...ada, clientId: "client-next", clientApiKey: "key-next" };
    await wallet.register(next);
    await custodian(next, S, "n1");
    await setTimes(worker, "custodian_backup_shares", { updated_at: "'2026-01-05T00:00:00.000Z'" });
    await worker.scheduled();
    await wallet.deleteUser(next);
    assert.equal((await wallet.admin("POST", `${wallet.path(ada)}/restore?clientId=${ada.clientId}`)).status, 200);
    assert.deepEqual(await fetched(), ["s1", "s2"]);
  });

  test("ends a deleted user, shares and all", async () => {
    await backup(1);
    await wallet.deleteUser(ada);
    await age(91);
    await worker.sql("UPDATE deleted_users SET deleted_at = (SELECT min(superseded_at) FROM backup_share_versions)");
    await worker.scheduled();
    assert.deepEqual(await worker.sql("SELECT 1 FROM backup_share_versions UNION ALL SELECT 1 FROM deleted_users"), []);
    assertProblem(await wallet.admin("POST", `${wallet.path(ada)}/restore`), 404, "unknown_user");
  });

  test("AUDIT_RETENTION_DAYS=0: a day all the same, for by its event a request is known to have been carried out", async () => {
    const none = worker.sibling("no-audit");
    await custodian(ada, S, "s0");
    const events = async () => (await worker.sql("SELECT 1 FROM audit_events")).length;
    const before = await events();
    await none.scheduled();
    assert.equal(await events(), before);
    const id = (Date.now() - 25 * 3_600_000).toString(16).padStart(12, "0").replace(/^.{8}/, "$&-");
    await worker.sql(`UPDATE audit_events SET id = '${id}-7' || substr(id, 16)`);
    await none.scheduled();
    assert.equal(await events(), 0);
  });

  test("HISTORY_RETENTION_DAYS=0: all goes at the next run, but what a cipher text still needs", async () => {
    const bob = user("bob");
    await custodian(ada, S, "s0");
    await cipherText(ada, "GDRIVE", "u0");
    await custodian(ada, S, "s1");
    await cipherText(ada, "GDRIVE", "u1");
    await custodian(ada, S, "s2");
    await wallet.register(bob);
    await custodian(bob, S, "b1");
    await wallet.deleteUser(bob);
    await worker.sibling("no-history").scheduled();
    assert.deepEqual(await fetched(), ["s1", "s2"]);
    assert.equal((await wallet.history(ada)).length, 1);
    assert.equal((await wallet.admin("POST", `${wallet.path(bob)}/restore`)).status, 404);
  });
});
