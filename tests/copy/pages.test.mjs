// A rebuild, a comparison and the sweep go through the copy page by page: each user is in one page, with all of its objects.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";

import { backups } from "../support/backup.mjs";
import { user } from "../support/client.mjs";
import { copies, withCopy } from "../support/copy.mjs";
import { startWorker } from "../support/harness.mjs";

/** More than the bucket names at once (1,000), and more than a page of users has (400). */
const VERSIONS = 1_050;
const people = Array.from({ length: 12 }, (_, n) => user(`p${n}`));
let worker;
let of;
let copy;
before(async () => {
  worker = await startWorker({ homes: 1, config: withCopy }); // a rebuild is of one
  of = backups(worker);
  copy = await copies(worker);
});
after(() => worker?.stop());

it("a user with more objects than a page of names is whole in its page, and nobody behind it is left out", async () => {
  await of.register(...people);
  await copy.drain();
  // The names tell no id: whoever comes in the middle of them gets the many objects.
  const middle = (await copy.names()).filter((name) => name.endsWith(".user"))[6];
  const { userId } = JSON.parse(await (await copy.bucket.get(middle)).text());
  const much = people.find(({ id }) => id === userId);
  await of.cipherText(much, "GDRIVE", "the one that is current");
  await worker.sql(
    `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${VERSIONS})
     INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, key_id, share_digest, created_at, stored_at,
       superseded_at, reason, sealed_share)
     SELECT 'version-' || n, s.user_id, ?, 'user', s.backup_method, s.key_id, s.share_digest, '2026-01-01T00:00:00.000Z',
       '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', 'replaced', s.sealed_share FROM user_backup_shares s, n`,
    much.clientId,
  );
  await worker.sql("UPDATE backup_share_versions SET user_id = user_id"); // leaves a note of each
  await copy.drain();
  assert.equal(await copy.pending(), 0);
  const held = await copy.held();

  const walk = async (request) => {
    const sum = { objects: 0, users: 0, shares: 0, versions: 0, pages: 0 };
    for (let cursor = ""; cursor !== undefined && cursor !== null; ) {
      const { status, body, text } = await of.admin("POST", "/admin/rebuild", { ...request, cursor });
      assert.equal(status, 200, text);
      assert.deepEqual([body.differences, body.damaged, body.unopened], [[], [], []], `page ${sum.pages}`);
      for (const name of ["objects", "users", "shares", "versions"]) sum[name] += body[name];
      sum.pages += 1;
      cursor = body.cursor;
    }
    return sum;
  };
  const all = { objects: (await copy.names()).length, users: people.length, shares: 1, versions: VERSIONS, pages: 3 };
  assert.deepEqual(await walk({ mode: "check" }), all);
  assert.deepEqual(await walk({ mode: "into", into: "REBUILD" }), all);
  assert.deepEqual(await copy.held(copy.rebuilt), held);
});
