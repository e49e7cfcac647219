// Portal's two webhooks, as its guide has them.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import {
  assertCommonHeaders,
  assertProblem,
  callers,
  custodianShares,
  sorted,
  storedRows,
  user,
} from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { OBJECTS, STRINGS } from "./support/shares.mjs";

const worker = await startWorker();
const { portal, app, admin, register } = callers(worker);
const [ada, bob] = [user("ada"), user("bob")];

after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await register(ada, bob);
});

const store = (body, init) => portal("/webhook/backup", body, init);
const shares = (clientId) => custodianShares({ portal }, clientId);

async function stores(body) {
  const answer = await store(body);
  assert.equal(answer.status, 204, answer.text);
  assert.equal(answer.text, "");
  assertCommonHeaders(answer);
}

describe("a share comes back byte for byte", () => {
  for (const [what, share] of Object.entries(STRINGS)) {
    test(what, async () => {
      await stores({ clientId: ada.clientId, backupMethod: "GDRIVE-SECP256K1", share });
      assert.deepEqual(await shares(ada.clientId), [share]);
    });
  }

  for (const [what, text] of Object.entries(OBJECTS)) {
    test(`sent as an object, as its source text: ${what}`, async () => {
      await stores(`{"clientId":"${ada.clientId}","share": ${text} ,"backupMethod":"GDRIVE"}`);
      assert.deepEqual(await shares(ada.clientId), [text]);
    });
  }

  test("written with escapes that JSON does not need, as the characters they stand for", async () => {
    await stores(String.raw`{"clientId":"client-\u0061da","\u0073hare":"\u0041\u00e9\ud83d\ude00\/"}`);
    assert.deepEqual(await shares(ada.clientId), ["Aé😀/"]);
  });

  test("in a body with white space around everything and fields nobody knows", async () => {
    await stores(
      `\r\n\t { "x" : [ {} ] , "clientId" : "${ada.clientId}" , "share" : "s" , "data" : { "share" : "no" } } \n`,
    );
    assert.deepEqual(await shares(ada.clientId), ["s"]);
  });

  test("at the largest size that a body may have", async () => {
    const frame = JSON.stringify({ clientId: ada.clientId, share: "" }).length;
    const share = "s".repeat(512 * 1024 - frame);
    await stores({ clientId: ada.clientId, share });
    assert.deepEqual(await shares(ada.clientId), [share]);
  });
});

// Portal puts its path behind the base URL that somebody entered, which may end with a slash.
describe("one empty segment in the path is passed over", () => {
  for (const path of ["/webhook/backup/", "/webhook//backup"]) {
    test(path, async () => {
      const { status, text } = await portal(path, { clientId: ada.clientId, share: path });
      assert.equal(status, 204, text);
      assert.deepEqual(await shares(ada.clientId), [path]);
    });
  }

  for (const path of ["/webhook//backup/fetch", "/webhook/backup/fetch/", "/webhook/backup//fetch"]) {
    test(path, async () => {
      await stores({ clientId: ada.clientId, share: "s" });
      const { status, body, text } = await portal(path, { clientId: ada.clientId });
      assert.equal(status, 200, text);
      assert.deepEqual(body, { backupShares: ["s"] });
    });
  }

  test("with the wrong secret it is 401 there, too", async () => {
    const headers = { "x-webhook-secret": "wrong" };
    assertProblem(
      await portal("/webhook//backup", { clientId: ada.clientId, share: "s" }, { headers }),
      401,
      "unauthorized",
    );
  });

  test("two are none of Portal's, and on no other route is there one", async () => {
    assertProblem(await portal("/webhook//backup/", { clientId: ada.clientId, share: "s" }), 404, "not_found");
    assertProblem(await admin("GET", "/audit/"), 404, "not_found");
    assertProblem(await admin("GET", "/users/"), 400, "invalid_field", { field: "userId" });
  });
});

describe("what is kept", () => {
  test("every method and curve stands beside the others, also those that no app uses", async () => {
    const methods = [
      "GDRIVE-SECP256K1",
      "GDRIVE-ED25519",
      "ICLOUD-SECP256K1",
      "PASSWORD-ED25519",
      "GDRIVE",
      "SOMETHING NEW-X25519",
    ];
    for (const backupMethod of methods)
      await stores({ clientId: ada.clientId, backupMethod, share: `share of ${backupMethod}` });
    assert.deepEqual(sorted(await shares(ada.clientId)), sorted(methods.map((method) => `share of ${method}`)));
  });

  test("a method is 1 to 128 characters of any script, compared exactly but for the case of A to Z", async () => {
    const methods = [
      "m",
      "é".repeat(128),
      "É".repeat(128),
      "😀".repeat(128),
      "%2F..",
      "A B",
      "a/b",
      "__proto__",
      "'; --",
    ];
    for (const backupMethod of methods)
      await stores({ clientId: ada.clientId, backupMethod, share: `share of ${backupMethod}` });
    assert.deepEqual(sorted(await shares(ada.clientId)), sorted(methods.map((method) => `share of ${method}`)));
  });

  test("a new share takes the old one's place under the same method", async () => {
    await stores({ clientId: ada.clientId, backupMethod: "GDRIVE-SECP256K1", share: "old" });
    await stores({ clientId: ada.clientId, backupMethod: "GDRIVE-ED25519", share: "other curve" });
    await stores({ clientId: ada.clientId, backupMethod: "GDRIVE-SECP256K1", share: "new" });
    assert.deepEqual(sorted(await shares(ada.clientId)), ["new", "other curve"]);
    assert.equal((await worker.sql("SELECT * FROM custodian_backup_shares")).length, 2);
  });

  test("the same share again, as a retry sends it, changes nothing", async () => {
    const body = { clientId: ada.clientId, backupMethod: "GDRIVE-SECP256K1", share: "s", backupSharePairId: "pair-1" };
    await stores(body);
    const before = await worker.sql("SELECT * FROM custodian_backup_shares");
    await stores(body);
    assert.deepEqual(await worker.sql("SELECT * FROM custodian_backup_shares"), before);
    assert.deepEqual(await worker.sql("SELECT * FROM backup_share_versions"), []);
  });

  test("no method, or null, is the method UNKNOWN", async () => {
    await stores({ clientId: ada.clientId, share: "without" });
    assert.deepEqual(await shares(ada.clientId), ["without"]);
    await stores({ clientId: ada.clientId, share: "null", backupMethod: null });
    assert.deepEqual(await shares(ada.clientId), ["null"]);
    await stores({ clientId: ada.clientId, share: "by name", backupMethod: "UNKNOWN" });
    assert.deepEqual(await shares(ada.clientId), ["by name"]);
  });

  test("the pair id is kept where it is sent; null is none", async () => {
    await stores({ clientId: ada.clientId, backupMethod: "A", share: "a", backupSharePairId: "pair-1" });
    await stores({ clientId: ada.clientId, backupMethod: "B", share: "b", backupSharePairId: null });
    const rows = await worker.sql(
      "SELECT backup_method, backup_share_pair_id FROM custodian_backup_shares ORDER BY backup_method",
    );
    assert.deepEqual(rows, [
      { backup_method: "A", backup_share_pair_id: "pair-1" },
      { backup_method: "B", backup_share_pair_id: null },
    ]);
  });

  test("at rest a share is sealed: no table holds any part of it", async () => {
    const share = "share-that-is-not-to-be-found";
    await stores({ clientId: ada.clientId, share });
    await stores({ clientId: ada.clientId, share: "the next one" });
    const tables = await worker.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'");
    const everything = [];
    for (const { name } of tables) everything.push(...(await worker.sql(`SELECT * FROM "${name}"`)));
    const text = JSON.stringify(everything);
    for (const form of [share, btoa(share).replace(/=+$/, ""), Buffer.from(share).toString("hex")])
      assert.ok(!text.includes(form), form);
    assert.match(text, /"sealed_share":"[A-Za-z0-9+/]+=*"/);
  });
});

describe("whose share", () => {
  test("a client gets its own shares only", async () => {
    await stores({ clientId: ada.clientId, share: "ada's" });
    await stores({ clientId: bob.clientId, share: "bob's" });
    assert.deepEqual(await shares(ada.clientId), ["ada's"]);
    assert.deepEqual(await shares(bob.clientId), ["bob's"]);
  });

  test("a client without a share has an empty list", async () => {
    assert.deepEqual(await shares(ada.clientId), []);
  });

  test("the client id is compared exactly; a user's own id is none", async () => {
    for (const clientId of [
      ada.clientId.toUpperCase(),
      `${ada.clientId}x`,
      ada.clientId.slice(0, -1),
      ada.id,
      "client-%61da",
    ]) {
      assertProblem(await store({ clientId, share: "s" }), 404, "unknown_client", { what: clientId });
      assertProblem(await portal("/webhook/backup/fetch", { clientId }), 404, "unknown_client", { what: clientId });
    }
  });

  test("an unknown client's answer tells how to register it, and nothing is stored", async () => {
    const before = await storedRows(worker);
    const answer = await store({ clientId: "client-of-nobody", share: "s" });
    assertProblem(answer, 404, "unknown_client");
    assert.match(answer.body.detail, /POST \/users/);
    assert.equal(await storedRows(worker), before);
  });
});

describe("who may call", () => {
  const calls = [
    ["/webhook/backup", { clientId: ada.clientId, share: "s" }],
    ["/webhook/backup/fetch", { clientId: ada.clientId }],
  ];
  const refused = {
    "no secret": {},
    "an empty secret": { "x-webhook-secret": "" },
    "a wrong secret": { "x-webhook-secret": "wrong" },
    "the beginning of the secret": { "x-webhook-secret": SECRETS.WEBHOOK_SECRET.slice(0, -1) },
    "more than the secret": { "x-webhook-secret": `${SECRETS.WEBHOOK_SECRET}x` },
    "the secret in capitals": { "x-webhook-secret": SECRETS.WEBHOOK_SECRET.toUpperCase() },
    "the secret as a bearer token": { authorization: `Bearer ${SECRETS.WEBHOOK_SECRET}` },
    "an operator's token": { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}`, "x-webhook-secret": SECRETS.ADMIN_TOKEN },
    "an app's key": { authorization: `Bearer ${ada.clientApiKey}`, "x-webhook-secret": ada.clientApiKey },
  };
  for (const [what, headers] of Object.entries(refused)) {
    test(`${what} is refused, and nothing is stored`, async () => {
      const before = await storedRows(worker);
      for (const [path, body] of calls)
        assertProblem(await worker.send("POST", path, { body, headers }), 401, "unauthorized", { what: path });
      assert.equal(await storedRows(worker), before);
    });
  }

  test("a wrong secret is refused before the body is looked at", async () => {
    for (const [path] of calls) {
      assertProblem(
        await worker.send("POST", path, { body: "{", headers: { "x-webhook-secret": "wrong" } }),
        401,
        "unauthorized",
      );
    }
  });

  test("the webhook's secret opens neither the app's routes nor the operator's", async () => {
    const headers = { "x-webhook-secret": SECRETS.WEBHOOK_SECRET };
    for (const bearer of [undefined, SECRETS.WEBHOOK_SECRET]) {
      assertProblem(await worker.send("GET", "/users", { headers, bearer }), 401, "unauthorized");
      assertProblem(
        await worker.send("GET", `/users/${ada.id}/user-backup-share`, { headers, bearer }),
        401,
        "unauthorized",
      );
    }
  });
});

test("a client deleted is a client unknown", async () => {
  await stores({ clientId: ada.clientId, share: "s" });
  assert.equal((await admin("DELETE", `/users/${ada.id}`)).status, 204);
  assertProblem(await portal("/webhook/backup/fetch", { clientId: ada.clientId }), 404, "unknown_client");
  assertProblem(await app(ada, "GET", `/users/${ada.id}/backups`), 401, "unauthorized");
});
