// A credential of one user never opens another's share, by any spelling of the path or of itself.

import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, describe, it } from "node:test";

import { seedUser } from "./support/identity.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const VICTIM = "cipher text of the victim";

describe("mallory's credential", () => {
  let worker;
  before(async () => {
    worker = await startWorker();
    for (const id of ["alice", "mallory", "alice/x", "al%69ce", "ALICE"]) {
      const { clientApiKey } = await seedUser(worker, { id, secrets: SECRETS });
      const stored = await worker.send("POST", `/users/${encodeURIComponent(id)}/user-backup-share`, {
        bearer: clientApiKey,
        body: { backupMethod: "PASSWORD", cipherText: id === "mallory" ? "own" : VICTIM },
      });
      assert.equal(stored.status, 200, stored.text);
    }
  });
  after(() => worker?.stop());

  /** The path exactly as written: fetch would tidy it up. */
  const raw = (path, { method = "GET", headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(worker.url);
      const request = httpRequest(
        { hostname, port, path, method, headers: { authorization: "Bearer key-of-mallory", ...headers } },
        (response) => {
          let text = "";
          response
            .setEncoding("utf8")
            .on("data", (chunk) => (text += chunk))
            .on("end", () => resolve({ status: response.statusCode, text }));
        },
      );
      request.on("error", reject);
      request.end(body);
    });

  const paths = [
    "/users/alice",
    "/users/%61lice",
    "/users/%61%6c%69%63%65",
    "/users/%61%6C%69%63%65",
    "/users/alice%00",
    "/users/alice%20",
    "/users/%20alice",
    "/users/alice%2f",
    "/users/alice%2Fx",
    "/users/alice/x",
    "/users/alice%252Fx",
    "/users/al%2569ce",
    "/users/al%69ce",
    "/users/ALICE",
    "/Users/alice",
    "/users/Alice",
    "/users/al\u00eece",
    "/users/%ef%bb%bfalice",
    "/users/a%CC%81lice",
    "/users/%E2%80%8Balice",
    "/users/mallory/../alice",
    "/users/mallory/%2e%2e/alice",
    "/users/mallory/%2E%2E/alice",
    "/users/mallory/.%2e/alice",
    "/users/mallory/..%2falice",
    "/users/mallory%2f..%2falice",
    "/users/mallory%2F%2e%2e%2Falice",
    "/users/mallory%252f..%252falice",
    "/users/./alice",
    "/users//alice",
    "//users/alice",
    "/users/alice;mallory",
    "/users/alice;/",
    "/users/mallory;/../alice",
    "/users\\alice",
    "/users/mallory\\..\\alice",
    "/users/mallory/..\\alice",
    "/users/alice%3Fx=",
    "/users/alice%23",
    "/users/alice+",
    "/users/alice,mallory",
    "/users/mallory,alice",
    "/users/*",
    "/users/%25",
    "/users/me",
    "/users/mallory'%20OR%20'1'='1",
    "/x/../users/alice",
    "/webhook/../users/alice",
    "/%75sers/alice",
    "/users%2falice",
    "/users/alice/..%2fmallory/../alice",
  ];
  const tails = [
    "/user-backup-share",
    "/user-backup-shares",
    "/encrypted-user-backup-shares",
    "/user-backup-share/",
    "/backups",
    "/custodian-backup-share",
  ];

  it("gives nobody else's share, however the path is spelled", async () => {
    for (const path of paths) {
      for (const tail of tails) {
        const target = Buffer.from(`${path}${tail}?backupMethod=PASSWORD`, "utf8").toString("latin1");
        const answer = await raw(target).catch((error) => ({ status: error.code, text: "" }));
        assert.ok(![200, 500].includes(answer.status), `${target}: ${answer.status} ${answer.text}`);
        assert.ok(!answer.text.includes(VICTIM), target);
      }
    }
  });

  it("writes nothing for anybody else", async () => {
    const state = () => worker.sql("SELECT user_id, id, updated_at FROM user_backup_shares ORDER BY user_id");
    const before_ = await state();
    for (const path of paths) {
      const target = Buffer.from(`${path}/user-backup-share`, "utf8").toString("latin1");
      const answer = await raw(target, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"backupMethod":"PASSWORD","cipherText":"overwritten"}',
      }).catch(() => ({}));
      assert.ok(![200, 500].includes(answer.status), `${target}: ${answer.status} ${answer.text}`);
    }
    assert.deepEqual(await state(), before_);
  });

  it("opens its own share by every spelling that means the same id", async () => {
    for (const path of ["/users/mallory", "/users/%6dallory", "/users/alice/../mallory", "/users/./mallory"]) {
      const answer = await raw(`${path}/user-backup-share?backupMethod=PASSWORD`);
      assert.equal(answer.status, 200, path);
      assert.deepEqual(JSON.parse(answer.text), { cipherText: "own" });
    }
  });

  it("does not name another user in the query, the body or a header", async () => {
    for (const [path, headers] of [
      [
        "/users/mallory/user-backup-share?backupMethod=PASSWORD",
        {
          "x-user-id": "alice",
          "x-original-url": "/users/alice/user-backup-share",
          "x-rewrite-url": "/users/alice/user-backup-share",
          "x-forwarded-path": "/users/alice",
        },
      ],
    ]) {
      const answer = await raw(path, { headers });
      assert.deepEqual(JSON.parse(answer.text), { cipherText: "own" });
    }
    const named = await raw("/users/mallory/user-backup-share?backupMethod=PASSWORD&userId=alice&id=alice");
    assert.equal(JSON.parse(named.text).code, "invalid_field", "no route of the apps has such a parameter");
    await raw("/users/mallory/user-backup-share", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"userId":"alice","id":"alice","user_id":"alice","backupMethod":"OTHER","cipherText":"own"}',
    });
    assert.deepEqual(await worker.sql("SELECT user_id FROM user_backup_shares WHERE backup_method = 'OTHER'"), [
      { user_id: "mallory" },
    ]);
  });

  it("may be spelled in one way only", async () => {
    for (const authorization of [
      "Bearer key-of-Mallory",
      "Bearer key-of-mallor",
      "Bearer key-of-mallory2",
      "Bearer key-of-mallory, Bearer key-of-alice",
      "key-of-mallory",
      "Basic key-of-mallory",
      "Bearer \u00e9key-of-mallory",
      "Bearer key-of-mallory%20",
      "Bearer 'key-of-mallory'",
      "Bearer %",
      "Bearer _",
      "Bearer key-of-%",
      `Bearer ${"a".repeat(9000)}`,
    ]) {
      const answer = await raw("/users/mallory/user-backup-share?backupMethod=PASSWORD", {
        headers: { authorization },
      });
      assert.equal(answer.status, 401, authorization.slice(0, 60));
    }
    assert.equal(
      (
        await raw("/users/mallory/user-backup-share?backupMethod=PASSWORD", {
          headers: { authorization: "bearer key-of-mallory" },
        })
      ).status,
      200,
      "the scheme's case does not matter (RFC 9110)",
    );
  });

  it("does no webhook's and no operator's work", async () => {
    const json = { "content-type": "application/json" };
    for (const [method, path, headers] of [
      ["POST", "/webhook/backup/fetch", { ...json, "x-webhook-secret": "key-of-mallory" }],
      ["POST", "/webhook/backup", { ...json, "x-webhook-secret": "key-of-mallory" }],
      ["POST", "/users", json],
      ["GET", "/users", {}],
      ["GET", "/users/mallory", {}],
      ["DELETE", "/users/mallory", {}],
      ["POST", "/users/mallory/eject", {}],
      ["GET", "/audit", {}],
      ["GET", "/admin/keys", {}],
    ]) {
      const answer = await raw(path, { method, headers, body: method === "POST" ? "{}" : undefined });
      assert.equal(answer.status, 401, `${method} ${path}: ${answer.text}`);
    }
  });
});
