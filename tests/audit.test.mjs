// The audit trail: everything that is done to a backup leaves who, what, whom, with what outcome; and never a share.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, beforeEach, describe, test } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { backups } from "./support/backup.mjs";
import { assertProblem, user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";

const worker = await startWorker();
const wallet = backups(worker);
const [ada, bob] = [user("ada"), user("bob")];
const S = "GDRIVE-SECP256K1";

after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await wallet.register(ada, bob);
});

const page = async (query = {}) => {
  const { status, body, text } = await wallet.admin("GET", `/audit?${new URLSearchParams(query)}`);
  assert.equal(status, 200, text);
  return body;
};
/** What a request left on the trail. */
async function leaves(request) {
  const [last] = (await page({ limit: 1 })).events;
  await request();
  // That an operator looked is an event of its own: tests/console/operators.test.mjs.
  const events = (await page({ limit: 1000 })).events.filter(({ action }) => action !== "view_user");
  return events.slice(
    0,
    events.findIndex(({ id }) => id === last?.id),
  );
}
const brief = ({ actor, action, userId, clientId, backupMethod, outcome }) => [
  actor,
  action,
  userId,
  clientId,
  backupMethod,
  outcome,
];

describe("every action leaves one event", () => {
  const U = [ada.id, ada.clientId];
  const path = wallet.path(ada);
  const wrong = (method, where, headers = {}) =>
    worker.send(method, where, { headers, ...(method === "POST" ? { body: {} } : {}) });
  const bobAt = (method, where, body) => wallet.app(bob, method, `${path}/${where}`, body);
  const cases = [
    [
      "a stored custodian share",
      () => wallet.custodian(ada, S, "s1"),
      ["portal", "store_custodian_share", ...U, S, "stored"],
    ],
    [
      "the same custodian share again",
      () => wallet.custodian(ada, "ICLOUD", "i1"),
      ["portal", "store_custodian_share", ...U, "ICLOUD", "unchanged"],
    ],
    [
      "a custodian share of an unknown client",
      () => wallet.storeCustodian(user("eve"), S, "s"),
      ["portal", "store_custodian_share", null, "client-eve", S, "unknown_client"],
    ],
    ["a fetch by Portal", () => wallet.fetched(ada), ["portal", "fetch_custodian_shares", ...U, null, "fetched"]],
    [
      "a fetch for an unknown client",
      () => wallet.fetchCustodian(user("eve")),
      ["portal", "fetch_custodian_shares", null, "client-eve", null, "unknown_client"],
    ],
    [
      "a stored cipher text",
      () => wallet.cipherText(ada, "GDRIVE", "u1"),
      ["client", "store_user_share", ...U, "GDRIVE", "stored"],
    ],
    [
      "the same cipher text again",
      () => wallet.cipherText(ada, "ICLOUD", "i1"),
      ["client", "store_user_share", ...U, "ICLOUD", "unchanged"],
    ],
    [
      "a fetched cipher text",
      () => wallet.recovered(ada, { backupMethod: "ICLOUD" }),
      ["client", "fetch_user_share", ...U, "ICLOUD", "fetched"],
    ],
    [
      "a cipher text that is not there",
      () => wallet.recovered(ada, { backupMethod: "NONE" }),
      ["client", "fetch_user_share", ...U, "NONE", "not_found"],
    ],
    [
      "the cipher text of a pair",
      () => wallet.recovered(ada, { backupSharePairId: "p1" }),
      ["client", "fetch_user_share", ...U, null, "fetched"],
    ],
    [
      "an app's list of backups",
      () => wallet.app(ada, "GET", `${path}/backups`),
      ["client", "list_backups", ...U, null, "listed"],
    ],
    [
      "another user's key on a store",
      () => bobAt("POST", "user-backup-share", { cipherText: "x" }),
      ["client", "store_user_share", ada.id, bob.clientId, "UNKNOWN", "forbidden"],
    ],
    [
      "another user's key on a fetch",
      () => bobAt("GET", "user-backup-share?backupMethod=GDRIVE"),
      ["client", "fetch_user_share", ada.id, bob.clientId, "GDRIVE", "forbidden"],
    ],
    [
      "another user's key on a list",
      () => bobAt("GET", "backups"),
      ["client", "list_backups", ada.id, bob.clientId, null, "forbidden"],
    ],
    [
      "an unknown key",
      () => wallet.app(user("eve"), "GET", `${path}/user-backup-share`),
      ["client", "fetch_user_share", ada.id, null, "UNKNOWN", "unauthorized"],
    ],
    [
      "no key",
      () => wrong("GET", `${path}/user-backup-share`),
      ["client", "authenticate", null, null, null, "unauthorized"],
    ],
    [
      "a wrong webhook secret",
      () => wrong("POST", "/webhook/backup", { "x-webhook-secret": "wrong" }),
      ["portal", "authenticate", null, null, null, "unauthorized"],
    ],
    [
      "a wrong operator token",
      () => wrong("GET", "/audit", { authorization: "Bearer wrong" }),
      ["admin", "authenticate", null, null, null, "unauthorized"],
    ],
    [
      "a registration",
      () => wallet.register(user("eve")),
      ["admin", "register_user", "user-eve", "client-eve", null, "registered"],
    ],
    [
      "the same registration again",
      () => wallet.admin("POST", "/users", ada),
      ["admin", "register_user", ...U, null, "unchanged"],
    ],
    [
      "a key for a user who had none",
      () =>
        worker
          .sql(`UPDATE users SET client_api_key_hash = NULL WHERE id = '${ada.id}'`)
          .then(() => wallet.admin("POST", "/users", ada)),
      ["admin", "register_user", ...U, null, "key_added"],
    ],
    [
      "a registration that clashes",
      () => wallet.admin("POST", "/users", { ...ada, clientId: "client-eve" }),
      ["admin", "register_user", ada.id, "client-eve", null, "conflict"],
    ],
    [
      "a restored version",
      async () => wallet.restoreVersion(ada, (await wallet.history(ada))[0].id),
      ["admin", "restore_version", ...U, "OLD", "restored"],
    ],
    [
      "a version that is not there",
      () => wallet.admin("POST", `${path}/backups/restore`, { versionId: "none" }),
      ["admin", "restore_version", ...U, null, "not_found"],
    ],
    [
      "another API key",
      () => wallet.admin("PUT", `${path}/client-api-key`, { clientApiKey: ada.clientApiKey }),
      ["admin", "replace_client_api_key", ...U, null, "replaced"],
    ],
    [
      "a look at whether the shares open",
      async () => wallet.admin("GET", `${path}/backups?check=1`),
      ["admin", "check_backups", ...U, null, "checked"],
    ],
    ["an opened eject", () => wallet.admin("POST", `${path}/eject`), ["admin", "open_eject", ...U, null, "opened"]],
    ["a closed eject", () => wallet.admin("DELETE", `${path}/eject`), ["admin", "close_eject", ...U, null, "closed"]],
    [
      "a retrieval that is not allowed",
      () => wallet.app(ada, "GET", `${path}/custodian-backup-share?backupMethod=ICLOUD`),
      ["client", "retrieve_custodian_share", ...U, "ICLOUD", "eject_not_enabled"],
    ],
    ["a deletion", () => wallet.deleteUser(ada), ["admin", "delete_user", ...U, null, "deleted"]],
    [
      "a deletion of nobody",
      () => wallet.admin("DELETE", "/users/nobody"),
      ["admin", "delete_user", "nobody", null, null, "unknown_user"],
    ],
    ["a purge", () => wallet.purgeUser(ada), ["admin", "purge_user", ...U, null, "purged"]],
    [
      "a purge of nobody",
      () => wallet.admin("DELETE", "/users/nobody?purge=x"),
      ["admin", "purge_user", "nobody", "x", null, "unknown_user"],
    ],
  ];
  beforeEach(async () => {
    for (const text of ["o1", "o2"]) await wallet.custodian(ada, "OLD", text);
    await wallet.custodian(ada, "ICLOUD", "i1", { pair: "p1" });
    await wallet.cipherText(ada, "ICLOUD", "i1", { pair: "p1" });
  });
  for (const [what, request, expected] of cases) {
    test(what, async () => {
      const [event, ...more] = await leaves(request);
      assert.deepEqual(brief(event), expected);
      assert.deepEqual(more, []);
    });
  }

  test("a restored user", async () => {
    await wallet.deleteUser(ada);
    const [event] = await leaves(() => wallet.restoreUser(ada));
    assert.deepEqual(brief(event), ["admin", "restore_user", ...U, null, "restored"]);
  });

  test("a retrieval for an eject", async () => {
    await wallet.admin("POST", `${path}/eject`);
    const [event] = await leaves(() => wallet.app(ada, "GET", `${path}/custodian-backup-share?backupMethod=ICLOUD`));
    assert.deepEqual(brief(event), ["client", "retrieve_custodian_share", ...U, "ICLOUD", "retrieved"]);
  });
});

test("an event names when, the request, and the address that it came from", async () => {
  const before = new Date().toISOString();
  const [event] = await leaves(() =>
    worker.send("POST", "/webhook/backup", {
      headers: { "x-webhook-secret": "wrong", "cf-ray": "ray-1", "cf-connecting-ip": "192.0.2.7" },
      body: {},
    }),
  );
  assert.deepEqual(Object.keys(event), [
    "id",
    "at",
    "actor",
    "action",
    "userId",
    "clientId",
    "backupMethod",
    "outcome",
    "requestId",
    "sourceAddress",
    "operator",
    "approvedBy",
    "reason",
  ]);
  assert.deepEqual([event.requestId, event.sourceAddress], ["ray-1", "192.0.2.7"]);
  assert.match(event.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(event.at >= before && event.at <= new Date().toISOString(), event.at);
});

test("no event holds a share, a cipher text, a secret or a key", async () => {
  const marks = ["MARKED-custodian", "MARKED-cipher", "MARKED-secret"];
  await wallet.custodian(ada, S, marks[0]);
  await wallet.cipherText(ada, "GDRIVE", marks[1]);
  await wallet.fetched(ada);
  await worker.send("GET", "/audit", { bearer: marks[2] });
  const text = JSON.stringify(await worker.sql("SELECT * FROM audit_events"));
  for (const mark of [...marks, ada.clientApiKey]) assert.ok(!text.includes(mark), mark);
});

describe("GET /audit", () => {
  const at = async (...times) => {
    // Their ids tell when; the rows are as plain as any.
    for (const [index, time] of times.entries()) {
      const id = `${Date.parse(time)
        .toString(16)
        .padStart(12, "0")
        .replace(/^(.{8})/, "$1-")}-7000-8000-${String(index).padStart(12, "0")}`;
      await worker.sql(
        "INSERT INTO audit_events (id, at, actor, action, user_id, outcome, request_id) VALUES (?, ?, 'client', 'find_client', 'user-ada', 'unauthorized', ?)",
        id,
        time,
        `n${index}`,
      );
    }
  };
  const names = ({ events }) => events.map(({ requestId }) => requestId);
  const old = { action: "find_client" };

  test("is the newest first, page by page, each event once", async () => {
    for (let n = 0; n < 7; n++) await wallet.custodian(ada, `M${n}`, "x");
    const all = (await page({ limit: 1000 })).events;
    const seen = [];
    let cursor;
    do {
      const { events, cursor: next } = await page({ limit: 4, ...(cursor ? { cursor } : {}) });
      seen.push(...events);
      cursor = next;
    } while (cursor);
    assert.deepEqual(seen, all);
    assert.deepEqual(
      all.map(({ id }) => id),
      all
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
  });

  test("of one user, of one action, of both", async () => {
    await wallet.custodian(ada, S, "x");
    await wallet.custodian(bob, S, "x");
    await wallet.fetched(ada);
    const count = async (query) => (await page(query)).events.length;
    assert.equal(await count({ userId: ada.id }), 3);
    assert.equal(await count({ action: "store_custodian_share" }), 2);
    assert.equal(await count({ userId: ada.id, action: "store_custodian_share" }), 1);
    assert.equal(await count({ userId: "nobody" }), 0);
    assert.equal(await count({ action: "open_eject" }), 0);
    const first = await page({ action: "store_custodian_share", limit: 1 });
    const second = await page({ action: "store_custodian_share", limit: 1, cursor: first.cursor });
    assert.deepEqual([first.events[0].userId, second.events[0].userId], [bob.id, ada.id]);
  });

  test("since a time or a day, in UTC", async () => {
    await at("2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z", "2026-03-03T00:00:00.000Z");
    for (const since of ["2026-03-02T00:00:00.000Z", "2026-03-02T00:00:00Z", "2026-03-02"]) {
      assert.deepEqual(names(await page({ since, ...old })), ["n2", "n1"], since);
      assert.deepEqual(names(await page({ since, userId: ada.id, ...old })), ["n2", "n1"], since);
    }
    assert.ok((await page({ since: "2100-01-01T00:00:00Z" })).events.length === 0);
  });

  test("to a time, that very one included, and from one to another", async () => {
    await at("2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z", "2026-03-03T00:00:00.000Z");
    for (const until of ["2026-03-02T00:00:00.000Z", "2026-03-02T00:00:00Z", "2026-03-02"]) {
      for (const query of [old, { userId: ada.id, ...old }, { outcome: "unauthorized" }, {}])
        assert.deepEqual(names(await page({ until, ...query })), ["n1", "n0"], JSON.stringify({ until, ...query }));
      assert.deepEqual(names(await page({ since: until, until })), ["n1"], until);
    }
    const first = await page({ until: "2026-03-02", limit: 1 });
    assert.deepEqual(names(await page({ until: "2026-03-02", limit: 1, cursor: first.cursor })), ["n0"]);
    const newest = await page({ limit: 1, ...old });
    assert.deepEqual(names(await page({ until: "2026-03-01", cursor: newest.cursor })), ["n0"], "a cursor behind it");
    assert.deepEqual((await page({ until: "2020-01-01" })).events, []);
  });

  test("of one outcome, alone and with the other filters", async () => {
    await wallet.custodian(ada, S, "x");
    await wallet.custodian(ada, S, "x");
    await wallet.custodian(bob, S, "x");
    await wallet.storeCustodian(user("eve"), S, "x");
    const found = async (query) => (await page(query)).events.map(({ clientId }) => clientId);
    assert.deepEqual(await found({ outcome: "unknown_client" }), ["client-eve"]);
    assert.deepEqual(await found({ outcome: "unchanged" }), [ada.clientId]);
    assert.deepEqual(await found({ outcome: "stored" }), [bob.clientId, ada.clientId]);
    assert.deepEqual(await found({ outcome: "stored", userId: ada.id }), [ada.clientId]);
    assert.deepEqual(await found({ outcome: "stored", action: "store_user_share" }), []);
    assert.deepEqual(await found({ outcome: "registered", action: "register_user" }), [bob.clientId, ada.clientId]);
  });

  test("of an action or outcome that does not exist is refused, and the nearest is named", async () => {
    for (const [field, word, near] of [
      ["action", "purge_usr", "purge_user"],
      ["action", "purgeUser", "purge_user"],
      ["action", "purge", "purge_user"],
      ["action", "DELETE_USER", "delete_user"],
      ["outcome", "store", "stored"],
      ["outcome", "unauthorised", "unauthorized"],
      ["outcome", "wrong-key", "wrong_key"],
    ]) {
      const answer = await wallet.admin("GET", `/audit?${field}=${word}`);
      assertProblem(answer, 400, "invalid_field", { field });
      assert.match(answer.body.detail, new RegExp(`Do you mean \\\`${near}\\\`\\?$`));
    }
    for (const [field, one] of [
      ["action", "store_user_share"],
      ["outcome", "unknown_client"],
    ]) {
      const answer = await wallet.admin("GET", `/audit?${field}=%3Cnothing%3E`);
      assertProblem(answer, 400, "invalid_field", { field });
      assert.ok(answer.body.detail.includes(one) && !answer.body.detail.includes("nothing"), answer.body.detail);
    }
  });

  test("takes every action and outcome of openapi.yaml, and no other event has been written", async () => {
    const contract = readFileSync(inRoot("openapi.yaml"), "utf8");
    const words = (name) =>
      contract
        .match(new RegExp(`    ${name}:\\n      enum:\\n        \\[([^\\]]*)\\]`))[1]
        .split(",")
        .map((word) => word.trim())
        .filter(Boolean);
    for (const [field, all] of Object.entries({ action: words("AuditAction"), outcome: words("AuditOutcome") })) {
      assert.ok(all.length > 20);
      for (const word of all)
        assert.equal((await wallet.admin("GET", `/audit?${field}=${word}`)).status, 200, `${field}=${word}`);
      const refused = await wallet.admin("GET", `/audit?${field}=zzz`);
      const known = refused.body.detail.match(/one of (.*)\.$/)[1].split(", ");
      assert.deepEqual(known, [...all].sort(), "each once");
    }
  });

  test("with a filter is never empty while there is more, however many others lie in between", async () => {
    await wallet.deleteUser(bob);
    await wallet.purgeUser(bob);
    const [purge] = (await page({ action: "purge_user" })).events;
    // 60,000 imports, all later than the purge.
    for (let n = 0; n < 3; n++)
      await worker.homes[0]
        .prepare(
          `WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
           INSERT INTO audit_events (id, at, actor, action, outcome)
           SELECT printf('ffff${n}000-%04d-7000-8000-%012d', i % 10000, i), '2099-01-01T00:00:00.000Z', 'admin', 'import', 'registered' FROM n`,
        )
        .run();
    for (const query of [
      { action: "purge_user" },
      { outcome: "purged" },
      { action: "purge_user", operator: "admin" },
    ]) {
      const found = await page(query);
      assert.deepEqual(found.events, [purge], JSON.stringify(query));
    }
    assert.deepEqual(await page({ action: "open_eject" }), { events: [], cursor: null }, "an empty page is the last");
    // Page by page each is met once.
    const seen = [];
    let cursor;
    do {
      const next = await page({ action: "register_user", limit: 1, ...(cursor ? { cursor } : {}) });
      assert.ok(next.events.length > 0 || next.cursor === null);
      seen.push(...next.events.map(({ userId }) => userId));
      cursor = next.cursor;
    } while (cursor);
    assert.deepEqual(seen, [bob.id, ada.id]);
  });

  test("with a query that makes no sense is refused", async () => {
    for (const [query, field] of [
      ["since=yesterday", "since"],
      ["since=2026-03-02T01:00:00%2B01:00", "since"],
      ["limit=0", "limit"],
      ["limit=1001", "limit"],
      ["limit=x", "limit"],
      ["userId=", "userId"],
      ["until=tomorrow", "until"],
      ["action=", "action"],
      ["outcome=", "outcome"],
    ]) {
      assertProblem(await wallet.admin("GET", `/audit?${query}`), 400, "invalid_field", { field });
    }
  });

  test("for nobody but an operator", async () => {
    for (const bearer of [undefined, ada.clientApiKey])
      assertProblem(await worker.send("GET", "/audit", { bearer }), 401, "unauthorized");
  });

  test("ends after the retention of 400 days, and not before", async () => {
    const ago = (days) => new Date(Date.now() - days * 86_400_000).toISOString();
    await at(ago(401), ago(399));
    await worker.scheduled();
    assert.deepEqual(names(await page(old)), ["n1"]);
    assert.ok((await page({ action: "register_user" })).events.length === 2);
  });
});
