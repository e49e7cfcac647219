// A home whose database is lost, rebuilt out of its second copy into a new one: it is that home again, and its users are back.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, afterEach, describe, it } from "node:test";

import { runScript } from "../support/cli.mjs";
import { assertProblem, callers, custodianShares, user } from "../support/client.mjs";
import { withCopy } from "../support/copy.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import { lose } from "../support/lost-database.mjs";

const dir = mkdtempSync(join(tmpdir(), "portal-backup-lost-"));
after(() => rmSync(dir, { recursive: true, force: true }));

const people = [0, 1, 2].map((home) => user(`of${home}`));
let worker;
let fresh; // isolates that have met no database yet, as after a deployment
beforeEach(async () => {
  worker = await startWorker({ homes: 3, config: withCopy, siblings: { before: {}, after: {} } });
  fresh = { before: callers(worker.sibling("before")), after: callers(worker.sibling("after")) };
  const call = callers(worker);
  for (const [home, who] of people.entries()) {
    assert.equal((await call.admin("POST", "/users", { ...who, home })).status, 201);
    const share = { clientId: who.clientId, backupMethod: "GDRIVE-SECP256K1", share: `of ${who.id}` };
    assert.equal((await call.portal("/webhook/backup", share)).status, 204);
  }
  await worker.scheduled({ cron: "* * * * *" });
  const [{ n }] = await worker.sql("SELECT sum(n) AS n FROM (SELECT count(*) AS n FROM changes)");
  assert.equal(n, 0, "everything is copied");
});
afterEach(() => worker?.stop());

const rebuild = async (home, into) => {
  const args = ["--home", String(home), "--into", into, "--resume", join(dir, "state.json")];
  const { code, stderr } = await runScript("rebuild", [...args, "--url", String(worker.url)], {
    env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN },
  });
  assert.equal(code, 0, stderr);
};
const recovers = async (call) => {
  for (const who of people) assert.deepEqual(await custodianShares(call, who.clientId), [`of ${who.id}`], who.id);
};

for (const [home, binding] of [
  [1, "DB_1"],
  [0, "DB"],
]) {
  describe(`home ${home}, whose database is lost`, () => {
    it("is 503 with a new database until it is rebuilt into it; then its users recover, and the service is ready", async () => {
      await lose(worker.homes[home]);
      const fetch = await fresh.before.portal("/webhook/backup/fetch", { clientId: people[home].clientId });
      assertProblem(fetch, 503, "misconfigured");
      await rebuild(home, binding);
      await recovers(fresh.after);
      assert.equal((await fresh.after.admin("GET", "/readyz")).status, 200);
      const late = user("late");
      assert.equal((await fresh.after.admin("POST", "/users", { ...late, home })).status, 201);
    });
  });
}

describe("a home that is rebuilt under another name", () => {
  it("takes the lost one's place when its id is put there", async () => {
    const { REBUILD } = await worker.bindings();
    await worker.migrate("REBUILD");
    await rebuild(1, "REBUILD");
    const [{ identity }] = (await worker.directory.prepare("SELECT identity FROM homes WHERE home = 1").all()).results;
    assert.equal(
      (await fresh.before.portal("/webhook/backup/fetch", people[1])).status,
      200,
      "nothing has changed yet",
    );
    // The ids are swapped in wrangler.toml.
    await lose(worker.homes[1]);
    const meta = (await REBUILD.prepare("SELECT name, value FROM meta").all()).results;
    const put = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    await worker.homes[1].batch(meta.map(({ name, value }) => worker.homes[1].prepare(put).bind(name, value)));
    assert.equal((await fresh.after.admin("GET", "/readyz")).status, 200);
    const [now] = (await worker.directory.prepare("SELECT identity FROM homes WHERE home = 1").all()).results;
    assert.notEqual(now.identity, identity);
  });

  it("is not rebuilt into a database that is another home", async () => {
    const { status } = await callers(worker).admin("POST", "/admin/rebuild", { home: 1, mode: "into", into: "DB_2" });
    assert.equal(status, 409);
    await recovers(fresh.after);
  });
});

describe("a move whose source was lost before the target heard that it is the authority", () => {
  it("leaves all that there is of its user: a new database in the source's place has nobody, and has given nobody up", async () => {
    const [who] = people;
    const { admin } = callers(worker);
    assert.equal((await admin("POST", `/users/${who.id}/move`, { home: 1 })).status, 200);
    const [target, source] = [worker.homes[1], worker.homes[0]];
    const { move } = await source.prepare("SELECT move FROM moves").first();
    const mark = `INSERT INTO moves (kind, value, move, state, home, until) VALUES (?, ?, '${move}', 'arriving', 0, '2026-01-01T00:00:00.000Z')`;
    await target.batch([target.prepare(mark).bind("user", who.id), target.prepare(mark).bind("client", who.clientId)]);
    await lose(source);
    const kept = async () => {
      await worker.scheduled();
      const { results } = await target.prepare("SELECT user_id FROM custodian_backup_shares").all();
      assert.ok(results.some((share) => share.user_id === who.id));
    };
    await kept();
    // The directory means the new database, too.
    const { value } = await source.prepare("SELECT value FROM meta WHERE name = 'identity'").first();
    await worker.directory.prepare("UPDATE homes SET identity = ? WHERE home = 0").bind(value).run();
    await kept();
    assert.ok(worker.logLines().some(({ step, cause }) => step === "moves" && cause.includes(who.id)));
  });
});

describe("the directory and home 0, lost at once", () => {
  it("leave the users of the others found", async () => {
    await lose(worker.homes[0]);
    await worker.directory.batch(
      ["routes", "homes", "meta"].map((table) => worker.directory.prepare(`DELETE FROM ${table}`)),
    );
    const shares = await custodianShares(fresh.after, people[1].clientId);
    assert.deepEqual(shares, [`of ${people[1].id}`]);
    assertProblem(await fresh.after.admin("POST", "/users", user("late")), 503, "unavailable");
  });
});
