// Moves beside something else: a store after the lease has lapsed, an answer that was lost, somebody of the same name, another one's purge.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { importOf } from "../support/bulk.mjs";
import { assertProblem, callers, custodianShares, user } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

const LONG_AGO = "2026-01-01T00:00:00.000Z";
const who = user("who");
let worker;
let call;
let entry;
before(async () => {
  worker = await startWorker({
    homes: 3,
    main: inRoot("tests", "support", "faulty-entry.mjs"),
    siblings: { once: {}, twice: {} },
  });
  call = callers(worker);
  entry = await worker.entry();
});
after(() => worker?.stop());
beforeEach(() => worker.clear());

const sql = async (home, text, ...values) =>
  (
    await worker.homes[home]
      .prepare(text)
      .bind(...values)
      .all()
  ).results;
const register = async (one, home) =>
  assert.equal((await call.admin("POST", "/users", { ...one, home })).status, 201, `${one.id} in home ${home}`);
const store = async (one, share) => {
  const body = { clientId: one.clientId, backupMethod: "GDRIVE-SECP256K1", share };
  const { status, text } = await call.portal("/webhook/backup", body);
  assert.equal(status, 204, text);
};
const move = (one, home, faults) =>
  call.admin(
    "POST",
    `/users/${one.id}/move`,
    { home },
    faults && { headers: { "x-test-faults": JSON.stringify(faults) } },
  );
const moved = async (one, home) => {
  const { status, text } = await move(one, home);
  assert.equal(status, 200, text);
};
const marks = (home) => sql(home, "SELECT kind, value, state, home FROM moves ORDER BY kind DESC, value");
const marksOf = (one, home) => [
  { kind: "user", value: one.id, state: "moved", home },
  { kind: "client", value: one.clientId, state: "moved", home },
];

describe("a move whose lease lapses while the target is slow", () => {
  it("is given up, though the source could still hold still: a store that came between stays", async () => {
    await register(who, 0);
    await store(who, "before");
    const moving = move(who, 1, { tag: "slow", home: 1, plan: ["pass", "pass", "hold"] });
    while ((await entry.met("slow")).length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal((await sql(0, "SELECT 1 FROM moves WHERE state = 'leaving'")).length, 2);
    await sql(0, `UPDATE moves SET until = '${LONG_AGO}'`);
    await store(who, "between");
    await entry.release("slow");
    assertProblem(await moving, 503, "unavailable");
    assert.deepEqual(await custodianShares(call, who.clientId), ["between"]);
    await moved(who, 1);
    assert.deepEqual(await custodianShares(call, who.clientId), ["between"]);
  });
});

describe("a user who changes between a move's first look and its lease", () => {
  it("is not moved as it was: who was registered with its client meanwhile is left neither behind nor shut out", async () => {
    await register(who, 0);
    await store(who, "of the first");
    const second = { ...user("second"), clientId: who.clientId };
    const moving = move(who, 1, { tag: "changed", home: 0, plan: ["pass", "pass", "hold"] });
    while ((await entry.met("changed")).length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(await sql(0, "SELECT 1 FROM moves"), [], "the lease is on hold");
    assert.equal((await call.admin("DELETE", `/users/${who.id}`)).status, 204);
    assert.equal((await call.admin("POST", "/users", second)).status, 201);
    await store(second, "of the second");
    await entry.release("changed");
    assertProblem(await moving, 503, "unavailable");
    assert.deepEqual(await custodianShares(call, second.clientId), ["of the second"]);
    await moved(second, 1);
    assert.deepEqual(await custodianShares(call, second.clientId), ["of the second"]);
    assert.deepEqual(await sql(1, "SELECT id FROM deleted_users"), [{ id: who.id }]);
  });
});

describe("a move that asks for its lease when another move of the user has ended", () => {
  it("is refused, and the home goes on telling where the user is", async () => {
    await register(who, 0);
    const moving = move(who, 2, { tag: "overtaken", home: 0, plan: ["pass", "pass", "hold"] });
    while ((await entry.met("overtaken")).length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(await sql(0, "SELECT 1 FROM moves"), [], "the lease is on hold");
    await moved(who, 1);
    await store(who, "after");
    await entry.release("overtaken");
    assertProblem(await moving, 409, "conflict");
    assert.deepEqual(await marks(0), marksOf(who, 1));
    assert.deepEqual(await custodianShares(call, who.clientId), ["after"]);
  });

  it("is refused where the user is just coming back, who then arrives", async () => {
    await register(who, 0);
    await store(who, "share");
    const moving = move(who, 2, { tag: "early", home: 0, plan: ["pass", "pass", "hold"] });
    while ((await entry.met("early")).length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await moved(who, 1);
    const back = move(who, 0, { tag: "back", home: 1, plan: [...Array(5).fill("pass"), "hold"] });
    while ((await entry.met("back")).length < 6) await new Promise((resolve) => setTimeout(resolve, 5));
    const arriving = await marks(0);
    assert.deepEqual(
      arriving.map(({ state }) => state),
      ["arriving", "arriving"],
    );
    await entry.release("early");
    assertProblem(await moving, 409, "conflict");
    assert.deepEqual(await marks(0), arriving);
    await entry.release("back");
    const { status, text } = await back;
    assert.equal(status, 200, text);
    assert.deepEqual([await marks(0), await marks(1)], [[], marksOf(who, 0)]);
    assert.deepEqual(await custodianShares(call, who.clientId), ["share"]);
  });
});

describe("a move of whose source a batch is carried out, but the answer is lost, and then the database refuses", () => {
  it("loses nobody and nothing, whichever batch it is", async () => {
    const registered = async (name) => {
      const one = user(name);
      await register(one, 0);
      for (const share of ["older", "newer"]) await store(one, share);
      return one;
    };
    const people = [await registered("untouched")];
    await move(people[0], 1, { tag: "untouched", home: 0 });
    const batches = (await entry.met("untouched")).length;
    assert.ok(batches > 10, `${batches} batches`);
    // All at once: each waits until none of its attempts could still be carried out.
    for (let at = 0; at < batches; at++) people.push(await registered(`at-${at}`));
    await Promise.all(
      people.slice(1).map((one, at) => {
        const plan = [...Array(at).fill("pass"), "commit-then-fail", { error: "D1_ERROR: refused" }];
        return move(one, 1, { tag: `lost ${at}`, home: 0, plan });
      }),
    );
    const all = async () => {
      for (const one of people) assert.deepEqual(await custodianShares(call, one.clientId), ["newer"], one.id);
    };
    await all();
    for (const home of [0, 1]) await sql(home, `UPDATE moves SET until = '${LONG_AGO}' WHERE state <> 'moved'`);
    await worker.scheduled();
    await all();
    const kept = "SELECT user_id FROM backup_share_versions GROUP BY user_id HAVING count(*) = 1";
    assert.equal((await sql(0, kept)).length + (await sql(1, kept)).length, people.length);
  });
});

describe("a share that comes again, of which the stored one does not open, while its user moves", () => {
  const share = "the very same";
  const damaged = async () => {
    await register(who, 0);
    await store(who, share);
    assert.equal((await worker.fetch("/readyz")).status, 200, "the key's canary is there");
    await sql(0, "UPDATE custodian_backup_shares SET sealed_share = substr(sealed_share, 1, 40) || 'AAAA'");
  };
  const again = (faults) =>
    call.portal(
      "/webhook/backup",
      { clientId: who.clientId, backupMethod: "GDRIVE-SECP256K1", share },
      { headers: { "x-test-faults": JSON.stringify(faults) } },
    );
  const onHold = async (tag, batches) => {
    while ((await entry.met(tag)).length < batches) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it("is sealed anew where the user is by then, before it is answered", async () => {
    await damaged();
    const storing = again({ tag: "mend", home: 0, plan: ["pass", "hold"] });
    await onHold("mend", 2);
    await moved(who, 1);
    await entry.release("mend");
    assert.equal((await storing).status, 204);
    assert.deepEqual(await custodianShares(call, who.clientId), [share]);
  });

  it("is sealed anew there also if the rows were copied before", async () => {
    await damaged();
    const rehearsing = user("rehearsing");
    await register(rehearsing, 0);
    await store(rehearsing, share);
    await move(rehearsing, 1, { tag: "rehearsal", home: 1 });
    const batches = (await entry.met("rehearsal")).length;
    const storing = again({ tag: "mend behind", home: 0, plan: ["pass", "hold"] });
    await onHold("mend behind", 2);
    // The last batches are those of the comparison, and what comes behind it.
    const moving = move(who, 1, { tag: "copied", home: 1, plan: [...Array(batches - 5).fill("pass"), "hold"] });
    await onHold("copied", batches - 4);
    assert.equal((await sql(0, "SELECT 1 FROM moves WHERE state = 'leaving'")).length, 2);
    assert.equal((await sql(1, "SELECT 1 FROM custodian_backup_shares WHERE user_id = ?", who.id)).length, 1);
    await entry.release("mend behind");
    await Promise.race([storing, onHold("mend behind", 3)]);
    await entry.release("copied");
    assert.equal((await moving).status, 200);
    assert.equal((await storing).status, 204);
    assert.deepEqual(await custodianShares(call, who.clientId), [share]);
  });

  it("is sealed anew there also if an import brings it", async () => {
    await damaged();
    const record = { type: "custodianBackupShare", userId: who.id, backupMethod: "GDRIVE-SECP256K1", share };
    const importing = importOf(worker, [record], "", {
      "x-test-faults": JSON.stringify({ tag: "import", home: 0, plan: ["pass", "pass", "pass", "hold"] }),
    });
    await onHold("import", 4);
    await moved(who, 1);
    await entry.release("import");
    assertProblem(await importing, 503, "unavailable");
    const { body } = await importOf(worker, [record]);
    assert.deepEqual(
      body.results.map(({ outcome }) => outcome),
      ["same"],
    );
    assert.deepEqual(await custodianShares(call, who.clientId), [share]);
  });
});

describe("somebody whose client has the id of another user", () => {
  const [ann, ben] = [
    { ...user("ann"), id: "same" },
    { ...user("ben"), clientId: "same" },
  ];
  const each = async (call) => {
    for (const one of [ann, ben]) {
      assert.deepEqual(await custodianShares(call, one.clientId), [`of ${one.clientApiKey}`]);
      assert.equal((await call.app(one, "GET", `/users/${one.id}/backups`)).status, 200);
      assert.equal((await call.admin("GET", `/users/${one.id}`)).body.clientId, one.clientId);
    }
  };
  /** Of an isolate that remembers nothing, while the directory is blank. */
  const withoutRoutes = async (name) => {
    await worker.directory.batch(["routes", "meta"].map((table) => worker.directory.prepare(`DELETE FROM ${table}`)));
    try {
      await each(callers(worker.sibling(name)));
    } finally {
      await worker.directory.prepare("INSERT INTO meta (name, value) VALUES ('complete', '1')").run();
    }
    for (let cursor, rest = true; rest; rest = cursor !== null)
      ({ cursor } = (await call.admin("POST", "/admin/directory/rebuild", cursor ? { cursor } : {})).body);
  };

  it("is found where it is, wherever that one moves, also while the directory is blank; and moves by itself", async () => {
    for (const one of [ann, ben]) {
      await register(one, 0);
      await store(one, `of ${one.clientApiKey}`);
    }
    await moved(ann, 1);
    await each(call);
    await withoutRoutes("once");
    await moved(ben, 1);
    await moved(ann, 0);
    await each(call);
    await withoutRoutes("twice");
    await moved(ben, 0);
    await each(call);
    for (const home of [1, 2]) assert.deepEqual(await sql(home, "SELECT id FROM users"), []);
  });
});

describe("a user who has the API key that a deleted one had", () => {
  it("keeps it to itself, wherever the deleted one is moved", async () => {
    const [who, other, third] = [user("who"), user("other"), user("third")];
    const deleted = { ...user("deleted"), clientId: who.clientId, clientApiKey: other.clientApiKey };
    await register(deleted, 0);
    assert.equal((await call.admin("DELETE", `/users/${deleted.id}`)).status, 204);
    await register(other, 0);
    await register(who, 0);
    await moved(who, 1);
    assert.deepEqual(await sql(1, "SELECT id FROM deleted_users"), [{ id: deleted.id }], "it has gone along");
    assertProblem(await call.admin("POST", "/users", { ...third, clientApiKey: other.clientApiKey }), 409, "conflict");
  });
});

describe("the marks of those who have left a home", () => {
  const stays = user("stays");
  beforeEach(async () => {
    for (const one of [who, stays]) {
      await register(one, 0);
      for (const share of ["older", "newer"]) await store(one, share);
      await moved(one, 1);
    }
    // Others of both homes.
    await register(user("zero"), 0);
    for (const name of ["one", "deleted"]) {
      await register(user(name), 1);
      await store(user(name), "theirs");
    }
    assert.equal((await call.admin("DELETE", `/users/${user("deleted").id}`)).status, 204);
  });

  it("stay as long as the other home can restore the user, and as long as it keeps a version", async () => {
    assert.equal((await call.admin("DELETE", `/users/${who.id}`)).status, 204);
    await worker.scheduled();
    const both = [who, stays].flatMap((one) => marksOf(one, 1));
    const byKind = ({ kind, value }) => `${kind === "user" ? 0 : 1} ${value}`;
    const inOrder = (rows) => rows.toSorted((a, b) => (byKind(a) < byKind(b) ? -1 : 1));
    assert.deepEqual(inOrder(await marks(0)), inOrder(both));
    await sql(1, "DELETE FROM deleted_users WHERE id = ?", who.id);
    await worker.scheduled();
    const [ofUser] = marksOf(who, 1);
    assert.deepEqual(inOrder(await marks(0)), inOrder([ofUser, ...marksOf(stays, 1)]));
  });

  it("stay where the user has moved on from the other home: they lead on", async () => {
    await moved(who, 2);
    const before = await marks(0);
    await worker.scheduled();
    assert.deepEqual(await marks(0), before);
    assert.ok(before.some(({ value }) => value === who.id));
  });

  it("go with the user's purge, whoever else is there, and this home's copy learns of that user only", async () => {
    await sql(0, "INSERT INTO meta (name, value) VALUES ('copy_epoch', '1')");
    try {
      assert.equal((await call.admin("DELETE", `/users/${who.id}?purge=${who.clientId}`)).status, 204);
      await worker.scheduled();
      assert.deepEqual(await marks(0), marksOf(stays, 1));
      assert.deepEqual(await sql(0, "SELECT user_id, record FROM changes WHERE what = 'purged'"), [
        { user_id: who.id, record: JSON.stringify({ clientId: who.clientId }) },
      ]);
    } finally {
      await sql(0, "DELETE FROM meta WHERE name = 'copy_epoch'");
    }
  });
});
