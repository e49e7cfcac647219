// The routes that a company's apps call: every path and every body form that Portal's guides print.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import { assertCommonHeaders, assertProblem, callers, storedRows, user } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { OBJECTS, STRINGS } from "./support/shares.mjs";

const worker = await startWorker();
const { app, register } = callers(worker);
const [ada, bob] = [user("ada"), user("bob")];

after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await register(ada, bob);
});

const STORE = (who) =>
  ["user-backup-share", "user-backup-shares", "store-encrypted-user-backup-share"].map(
    (name) => `/users/${who.id}/${name}`,
  );
const FETCH = (who) =>
  ["user-backup-share", "user-backup-shares", "encrypted-user-backup-shares"].map((name) => `/users/${who.id}/${name}`);
const [PATH] = STORE(ada);

async function stores(who, body, path = STORE(who)[0]) {
  const answer = await app(who, "POST", path, body);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body, { message: "Successfully stored client backup share" });
  assertCommonHeaders(answer);
}

async function fetches(who, query, path = FETCH(who)[0]) {
  const answer = await app(who, "GET", path + query);
  assert.equal(answer.status, 200, answer.text);
  assertCommonHeaders(answer);
  return answer.body.cipherText;
}

describe("every body form is taken on every path, and comes back from every path", () => {
  const FORMS = {
    "server.ts": (cipherText, backupMethod) => ({ backupMethod, cipherText }),
    "axios' data wrapper": (cipherText, backupMethod) => ({ data: { backupMethod, cipherText } }),
    iOS: (encryptedClientBackupShare, backupMethod) => ({ backupMethod, encryptedClientBackupShare }),
    "iOS in a data wrapper": (encryptedClientBackupShare, backupMethod) => ({
      data: { backupMethod, encryptedClientBackupShare },
    }),
  };
  for (const [form, body] of Object.entries(FORMS)) {
    test(form, async () => {
      for (const [index, path] of STORE(ada).entries()) {
        await stores(ada, body(`cipher text ${index}`, `METHOD-${index}`), path);
        for (const from of FETCH(ada))
          assert.equal(
            await fetches(ada, `?backupMethod=METHOD-${index}`, from),
            `cipher text ${index}`,
            `${path} ${from}`,
          );
      }
    });
  }

  test("the Enclave form, as the source text of the object that holds both cipher texts", async () => {
    const fields = '{ "secp256k1Ciphertext":"q83v/+==",\n "ed25519Ciphertext" : "EjRW" }';
    for (const path of STORE(ada)) {
      await stores(ada, `{"data": ${fields} }`, path);
      for (const from of FETCH(ada)) assert.equal(await fetches(ada, "", from), fields);
    }
    await stores(ada, fields);
    assert.equal(await fetches(ada, "?backupMethod=UNKNOWN"), fields);
  });
});

describe("a cipher text comes back byte for byte", () => {
  for (const [what, cipherText] of Object.entries(STRINGS)) {
    test(what, async () => {
      await stores(ada, { backupMethod: "GDRIVE", cipherText });
      assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), cipherText);
    });
  }
  for (const [what, text] of Object.entries(OBJECTS)) {
    test(`sent as an object, as its source text: ${what}`, async () => {
      await stores(ada, `{"cipherText":${text},"backupMethod":"GDRIVE"}`);
      assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), text);
      await stores(ada, `{"data":{"encryptedClientBackupShare":${text},"backupMethod":"GDRIVE"}}`);
      assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), text);
    });
  }

  test("at the largest size that a body may have", async () => {
    const cipherText = "c".repeat(512 * 1024 - JSON.stringify({ cipherText: "" }).length);
    await stores(ada, { cipherText });
    assert.equal(await fetches(ada, ""), cipherText);
  });
});

describe("backup methods", () => {
  test("stand side by side", async () => {
    const methods = [
      "GDRIVE",
      "ICLOUD",
      "PASSWORD",
      "PASSKEY",
      "FIREBASE",
      "CUSTOM",
      "UNKNOWN",
      "NEW ONE",
      "a+b&c=d",
      "日本/%2F",
    ];
    for (const backupMethod of methods) await stores(ada, { backupMethod, cipherText: `under ${backupMethod}` });
    for (const method of methods)
      assert.equal(await fetches(ada, `?backupMethod=${encodeURIComponent(method)}`), `under ${method}`);
  });

  test("a new cipher text takes the old one's place under its method, and no other's", async () => {
    await stores(ada, { backupMethod: "GDRIVE", cipherText: "old" });
    await stores(ada, { backupMethod: "ICLOUD", cipherText: "other" });
    await stores(ada, { backupMethod: "GDRIVE", cipherText: "new" });
    assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), "new");
    assert.equal(await fetches(ada, "?backupMethod=ICLOUD"), "other");
    assert.equal((await worker.sql("SELECT * FROM user_backup_shares")).length, 2);
  });

  test("the same cipher text again changes nothing", async () => {
    await stores(ada, { backupMethod: "GDRIVE", cipherText: "same" });
    const before = await worker.sql("SELECT * FROM user_backup_shares");
    await stores(ada, { data: { backupMethod: "GDRIVE", cipherText: "same" } });
    assert.deepEqual(await worker.sql("SELECT * FROM user_backup_shares"), before);
    assert.deepEqual(await worker.sql("SELECT * FROM backup_share_versions"), []);
  });

  test("a refused credential is told first, whatever else is wrong, and leaves its event", async () => {
    const bodies = [
      undefined,
      "",
      "{}",
      "{",
      { backupMethod: "GDRIVE" },
      { cipherText: "c", backupMethod: "x".repeat(129) },
      "x".repeat(512 * 1024 + 1),
    ];
    const path = `/users/${ada.id}/user-backup-share`;
    for (const [bearer, status, code] of [
      ["a stranger's", 401, "unauthorized"],
      [SECRETS.ADMIN_TOKEN, 401, "unauthorized"],
      [bob.clientApiKey, 403, "forbidden"],
    ]) {
      for (const body of bodies)
        assertProblem(await worker.send("POST", path, { bearer, body }), status, code, {
          what: String(body).slice(0, 40),
        });
      for (const query of ["backupMethod=", "backupSharePairId="]) {
        assertProblem(await worker.send("GET", `${path}?${query}`, { bearer }), status, code, { what: query });
      }
      assertProblem(
        await worker.send("GET", `/users/${ada.id}/custodian-backup-share?backupMethod=`, { bearer }),
        status,
        code,
        { what: "eject" },
      );
    }
    const events = async () =>
      (
        await worker.sql(
          "SELECT actor, action, user_id, client_id, outcome FROM audit_events WHERE action = 'authenticate' ORDER BY id",
        )
      ).map((event) => ({ ...event }));
    const refused = await events();
    assert.equal(refused.length, 3 * (bodies.length + 3));
    const [stranger, , other] = [0, 1, 2].map((third) => refused[third * (bodies.length + 3)]);
    assert.deepEqual(stranger, {
      actor: "client",
      action: "authenticate",
      user_id: ada.id,
      client_id: null,
      outcome: "unauthorized",
    });
    assert.deepEqual(other, {
      actor: "client",
      action: "authenticate",
      user_id: ada.id,
      client_id: bob.clientId,
      outcome: "forbidden",
    });
    assertProblem(await worker.send("POST", path, { bearer: ada.clientApiKey, body: "{" }), 400, "invalid_json");
    assert.equal((await events()).length, refused.length, "whose credential is good leaves none, for nothing was done");
  });

  test("a `data` object beside it is none of it, unless it holds another one", async () => {
    await stores(ada, { backupMethod: "GDRIVE", cipherText: "mine", data: { note: "of the app's own", note2: {} } });
    assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), "mine");
    const both = { backupMethod: "GDRIVE", cipherText: "mine", data: { cipherText: "another" } };
    assertProblem(
      await worker.send("POST", `/users/${ada.id}/user-backup-share`, { bearer: ada.clientApiKey, body: both }),
      400,
      "invalid_field",
      { field: "data" },
    );
    assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), "mine");
  });

  test("where a method has none, the one under UNKNOWN answers; where it has one, that one", async () => {
    await stores(ada, { cipherText: "from before multi-backup" });
    assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), "from before multi-backup");
    await stores(ada, { backupMethod: "GDRIVE", cipherText: "drive" });
    assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), "drive");
    assert.equal(await fetches(ada, "?backupMethod=ICLOUD"), "from before multi-backup");
  });

  test("no method, or null, is UNKNOWN when storing; none is UNKNOWN when fetching", async () => {
    for (const body of [
      { cipherText: "1" },
      { cipherText: "2", backupMethod: null },
      { cipherText: "3", backupMethod: "UNKNOWN" },
    ]) {
      await stores(ada, body);
      for (const query of ["", "?backupMethod=UNKNOWN"]) assert.equal(await fetches(ada, query), body.cipherText);
    }
  });

  test("UNKNOWN in the body is a method: another one in the query is 400, for it would be stored where nobody looks", async () => {
    const path = STORE(ada)[0];
    for (const body of [
      { cipherText: "c", backupMethod: "unknown" },
      { data: { cipherText: "c", backupMethod: "UNKNOWN" } },
      { backupMethod: "UNKNOWN", data: { cipherText: "c" } },
      { cipherText: "c", backupMethod: "ICLOUD" },
    ]) {
      const answer = await app(ada, "POST", `${path}?backupMethod=GDRIVE`, body);
      assertProblem(answer, 400, "invalid_field", { field: "backupMethod" });
    }
    assert.deepEqual(await worker.sql("SELECT 1 FROM user_backup_shares"), []);
    for (const [query, backupMethod] of [
      ["?backupMethod=GDRIVE", "gdrive"],
      ["?backupMethod=ICLOUD", null],
      ["?backupMethod=UNKNOWN", "UNKNOWN"],
    ])
      await stores(ada, { cipherText: "c", backupMethod }, path + query);
    const rows = await worker.sql("SELECT backup_method FROM user_backup_shares ORDER BY 1");
    assert.deepEqual(
      rows.map((row) => row.backup_method),
      ["GDRIVE", "ICLOUD", "UNKNOWN"].map((method) => (method === "GDRIVE" ? "gdrive" : method)).sort(),
    );
  });

  test("none under the method and none under UNKNOWN is 404", async () => {
    await stores(ada, { backupMethod: "GDRIVE", cipherText: "drive" });
    for (const path of FETCH(ada)) {
      for (const query of ["", "?backupMethod=ICLOUD", "?backupMethod=GDRIVE2", "?backupMethod=UNKNOWN"]) {
        assertProblem(await app(ada, "GET", path + query), 404, "not_found", { what: path + query });
      }
    }
  });

  test("the cipher text of a pair is found by its id, also when another has taken its place", async () => {
    await stores(ada, { backupMethod: "GDRIVE", cipherText: "first", backupSharePairId: "pair-1" });
    await stores(ada, { backupMethod: "GDRIVE", cipherText: "second", backupSharePairId: "pair-2" });
    assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), "second");
    for (const query of ["backupSharePairId=pair-1", "backupSharePairId=pair-1&backupMethod=GDRIVE"])
      assert.equal(await fetches(ada, `?${query}`), "first");
    assert.equal(await fetches(ada, "?backupSharePairId=pair-2"), "second");
    assertProblem(await app(ada, "GET", `${PATH}?backupSharePairId=pair-3`), 404, "not_found");
    assertProblem(await app(bob, "GET", `${STORE(bob)[0]}?backupSharePairId=pair-1`), 404, "not_found");
  });
});

describe("whose cipher text", () => {
  test("two users' cipher texts under one method never meet", async () => {
    await stores(ada, { backupMethod: "GDRIVE", cipherText: "ada's" });
    assertProblem(await app(bob, "GET", `${FETCH(bob)[0]}?backupMethod=GDRIVE`), 404, "not_found");
    await stores(bob, { backupMethod: "GDRIVE", cipherText: "bob's" });
    assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), "ada's");
    assert.equal(await fetches(bob, "?backupMethod=GDRIVE"), "bob's");
  });

  test("another user's key is 403 on every route, and changes nothing", async () => {
    await stores(ada, { backupMethod: "GDRIVE", cipherText: "ada's" });
    const before = await storedRows(worker);
    for (const path of STORE(ada))
      assertProblem(await app(bob, "POST", path, { backupMethod: "GDRIVE", cipherText: "bob's" }), 403, "forbidden", {
        what: path,
      });
    for (const path of [...FETCH(ada), `/users/${ada.id}/backups`])
      assertProblem(await app(bob, "GET", `${path}?backupMethod=GDRIVE`), 403, "forbidden", { what: path });
    assert.equal(await storedRows(worker), before);
    assert.equal(await fetches(ada, "?backupMethod=GDRIVE"), "ada's");
  });

  const refused = {
    none: {},
    "an empty one": { authorization: "" },
    "an empty bearer token": { authorization: "Bearer " },
    "a wrong one": { authorization: "Bearer wrong" },
    "the key with more behind it": { authorization: `Bearer ${ada.clientApiKey}x` },
    "the key without its end": { authorization: `Bearer ${ada.clientApiKey.slice(0, -1)}` },
    "the key by another scheme": { authorization: `Basic ${btoa(`:${ada.clientApiKey}`)}` },
    "the bare key": { authorization: ada.clientApiKey },
    "the client id": { authorization: `Bearer ${ada.clientId}` },
    "the webhook's secret": {
      authorization: `Bearer ${SECRETS.WEBHOOK_SECRET}`,
      "x-webhook-secret": SECRETS.WEBHOOK_SECRET,
    },
    "an operator's token": { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` },
  };
  for (const [what, headers] of Object.entries(refused)) {
    test(`no cipher text for a credential that is ${what}`, async () => {
      const before = await storedRows(worker);
      for (const path of STORE(ada)) {
        assertProblem(await worker.send("POST", path, { body: { cipherText: "x" }, headers }), 401, "unauthorized", {
          what: path,
        });
      }
      for (const path of FETCH(ada)) {
        const answer = await worker.send("GET", path, { headers });
        assertProblem(answer, 401, "unauthorized", { what: path });
        assert.match(answer.headers.get("www-authenticate"), /^Bearer/);
      }
      assert.equal(await storedRows(worker), before);
    });
  }

  test("the scheme's name is taken in any case", async () => {
    await stores(ada, { cipherText: "c" });
    for (const scheme of ["bearer", "BEARER"]) {
      assert.equal(
        (await worker.send("GET", PATH, { headers: { authorization: `${scheme} ${ada.clientApiKey}` } })).status,
        200,
      );
    }
  });

  test("an unknown user is 401 without a key, and 403 with another user's: who exists cannot be found out", async () => {
    for (const id of [ada.id, "nobody"]) {
      assertProblem(await worker.send("GET", `/users/${id}/user-backup-share`), 401, "unauthorized");
      assertProblem(await app(bob, "GET", `/users/${id}/user-backup-share`), 403, "forbidden");
    }
  });
});

test("a user id may hold whatever is visible; in the path it is percent-encoded once", async () => {
  const ids = ["auth0|5f7c/8", "a b", "ünï/..%2F", "日本", "100%", "x?y#z&w=1", "a+b", "user@example.com", "…"];
  for (const [index, id] of ids.entries()) {
    const who = { id, clientId: `c${index}`, clientApiKey: `key-${index}` };
    await register(who);
    const path = `/users/${encodeURIComponent(id)}/user-backup-share`;
    await stores(who, { cipherText: `of ${id}` }, path);
    assert.equal(await fetches(who, "", path), `of ${id}`);
    assertProblem(await app(ada, "GET", path), 403, "forbidden", { what: id });
  }
});
