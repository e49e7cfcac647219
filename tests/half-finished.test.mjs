// GET /admin/half-finished: who has a half-finished backup, page by page, over all databases.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import { backups, setTimes } from "./support/backup.mjs";
import { assertProblem, user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";

for (const homes of [1, 3]) {
  describe(`over ${homes} database(s)`, async () => {
    const worker = await startWorker({ homes });
    const act = backups(worker);
    const people = Array.from({ length: 6 }, (_, n) => user(`p${n}`));

    after(() => worker.stop());
    beforeEach(async () => {
      await worker.clear();
      await act.register(...people);
    });

    const page = async (query = {}) => {
      const { status, body, text } = await act.admin("GET", `/admin/half-finished?${new URLSearchParams(query)}`);
      assert.equal(status, 200, text);
      return body;
    };
    const complete = async (who, method = "GDRIVE") => {
      await act.custodian(who, `${method}-SECP256K1`, "c1");
      await act.cipherText(who, method, "u1");
    };
    const breakOff = (who, method = "GDRIVE") => act.custodian(who, `${method}-SECP256K1`, "c2");
    const who = ({ halfFinished }) => halfFinished.map(({ userId }) => userId).sort();

    test("nobody has one: an empty page without a cursor", async () => {
      for (const one of people) await complete(one);
      await breakOff(user("nobody")).catch(() => {});
      assert.deepEqual(await page(), { halfFinished: [], cursor: null });
    });

    test("each is named with its client, its method and the time since when; no complete one, and none that only has one half", async () => {
      const [ada, bob, eve, dan] = people;
      await complete(ada);
      await complete(ada, "ICLOUD");
      await breakOff(ada);
      await complete(bob);
      await act.custodian(eve, "GDRIVE-SECP256K1", "c1");
      await act.cipherText(dan, "GDRIVE", "u1");
      const { halfFinished, cursor } = await page();
      const { custodianShares } = (await act.admin("GET", `${act.path(ada)}/backups`)).body.backups.find(
        ({ backupMethod }) => backupMethod === "GDRIVE",
      );
      const since = custodianShares[0].storedAt;
      assert.deepEqual(halfFinished, [
        { userId: ada.id, clientId: ada.clientId, backupMethod: "GDRIVE", state: "half-finished", since },
      ]);
      assert.equal(cursor, null);
      assert.equal(await act.state(ada, "GDRIVE"), "half-finished");
      await act.cipherText(ada, "GDRIVE", "u2");
      assert.deepEqual((await page()).halfFinished, [], "it is finished");
    });

    test("of two curves it is so since the first; one of another pair is so since its cipher text came", async () => {
      const [ada, bob] = people;
      await complete(ada);
      for (const curve of ["SECP256K1", "ED25519"]) await act.custodian(ada, `GDRIVE-${curve}`, "c2");
      await setTimes(
        worker,
        "custodian_backup_shares",
        { updated_at: "'2030-01-01T00:00:00.000Z'" },
        "backup_method LIKE '%ED25519'",
      );
      await setTimes(
        worker,
        "custodian_backup_shares",
        { updated_at: "'2029-01-01T00:00:00.000Z'" },
        "backup_method LIKE '%SECP256K1'",
      );
      await act.custodian(bob, "ICLOUD-SECP256K1", "c1", { pair: "pair-1" });
      await act.cipherText(bob, "icloud", "u1", { pair: "pair-2" });
      await setTimes(
        worker,
        "user_backup_shares",
        { updated_at: "'2031-01-01T00:00:00.000Z'" },
        `user_id = '${bob.id}'`,
      );
      const { halfFinished } = await page();
      const since = Object.fromEntries(halfFinished.map((one) => [one.userId, [one.backupMethod, one.since]]));
      assert.deepEqual(since, {
        [ada.id]: ["GDRIVE", "2029-01-01T00:00:00.000Z"],
        [bob.id]: ["icloud", "2031-01-01T00:00:00.000Z"],
      });
    });

    test("page by page each is named once, whatever the page's length", async () => {
      for (const one of people) {
        await complete(one);
        await complete(one, "ICLOUD");
        await breakOff(one, "ICLOUD");
      }
      const all = people.map(({ id }) => id).sort();
      for (const limit of [1, 2, 5, 6, 100]) {
        const seen = [];
        let cursor;
        do {
          const next = await page({ limit, ...(cursor ? { cursor } : {}) });
          assert.ok(next.halfFinished.length <= limit);
          seen.push(...next.halfFinished.map(({ userId }) => userId));
          cursor = next.cursor;
        } while (cursor);
        assert.deepEqual(seen.sort(), all, `limit ${limit}`);
      }
      assert.equal((await act.admin("GET", "/admin/status")).body.halfFinished, all.length);
    });

    test("one far behind very many complete ones is found with the first page", async () => {
      const [ada, bob] = people;
      await complete(ada);
      await complete(bob);
      await breakOff(bob);
      // As if 50,000 backups had been made between the two.
      await worker.sql("UPDATE user_backup_shares SET rowid = rowid + 50000 WHERE user_id = ?", bob.id);
      assert.deepEqual(who(await page()), [bob.id]);
    });

    test("a query that makes no sense is refused", async () => {
      for (const [query, field] of [
        ["cursor=x", "cursor"],
        ["cursor=0:x", "cursor"],
        ["cursor=0:%2B1", "cursor"],
        ["cursor=%2B0:1", "cursor"],
        ["cursor=0", "cursor"],
        ["limit=0", "limit"],
        ["home=99", "home"],
        ["home=%2B0", "home"],
        ["curser=0:1", "curser"],
      ])
        assertProblem(await act.admin("GET", `/admin/half-finished?${query}`), 400, "invalid_field", { field });
    });

    if (homes > 1)
      test("one database alone, if it is named", async () => {
        for (const one of people) {
          await complete(one);
          await breakOff(one);
        }
        const named = [];
        for (let home = 0; home < homes; home++) named.push(...who(await page({ home })));
        assert.deepEqual(named.sort(), people.map(({ id }) => id).sort());
      });
  });
}
