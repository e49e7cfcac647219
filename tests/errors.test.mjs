// Requests that are wrong before their fields are looked at: each gets its problem, none a 500, nothing is stored.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, beforeEach, describe, test } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { assertCommonHeaders, assertProblem, callers, storedRows } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";
import { ASSETS, ROUTES, contractOperations, credentials, named, owner, send } from "./support/routes.mjs";

const worker = await startWorker({ assets: true });
const { register } = callers(worker);
after(() => worker.stop());

let rowsBefore;
beforeEach(async () => {
  await worker.clear();
  await register(owner);
  rowsBefore = await storedRows(worker);
});
const nothingStored = async () => assert.equal(await storedRows(worker), rowsBefore);

const admin = credentials({ credential: "admin" });
const guarded = ROUTES.filter((route) => route.credential !== "none");
const withBody = ROUTES.filter((route) => route.body !== undefined);
const bodyIsOptional = ({ pattern }) =>
  ["/users/{userId}/eject", "/admin/keys/rewrap", "/admin/directory/rebuild"].includes(pattern);
const limitOf = (route) => (route.pattern === "/admin/import" ? 1024 : 512) * 1024;

test("openapi.yaml names exactly the routes that these tests know", () => {
  assert.deepEqual(
    contractOperations().sort(),
    [...ROUTES.map(({ name }) => name), ...ASSETS.map((path) => `GET ${path}`)].sort(),
  );
});

test("openapi.yaml names every route of the router, and every code of an error", () => {
  const contract = readFileSync(inRoot("openapi.yaml"), "utf8");
  const router = readFileSync(inRoot("src", "routes.rs"), "utf8");
  const patterns = [...router.matchAll(/"(\/[^"]*)"/g)].map(([, pattern]) => pattern);
  assert.ok(patterns.length > 15);
  for (const pattern of patterns)
    assert.ok(contract.includes(`\n  ${pattern.replaceAll(/:(\w+)/g, "{$1}")}:\n`), pattern);
  const codes = [...readFileSync(inRoot("src", "error.rs"), "utf8").matchAll(/Code::\w+ => "([a-z_]+)"/g)].map(
    ([, code]) => code,
  );
  assert.deepEqual(
    contract
      .match(/ {8}code:\n {10}enum:\n((?: {12}- .*\n)+)/)[1]
      .match(/[a-z_]+/g)
      .sort(),
    codes.sort(),
  );
  for (const code of codes) assert.match(contract, new RegExp(`\\n {16}code: ${code}\\n`), `an example of ${code}`);
});

test("every answer carries the common headers", async () => {
  for (const route of ROUTES) assertCommonHeaders(await send(worker, route), route.name);
});

describe("credentials", () => {
  const none = { authorization: undefined, "x-webhook-secret": undefined };

  test("none, and a wrong one, is 401 on every route but the health routes", async () => {
    for (const route of guarded) {
      const header = route.credential === "webhook" ? "x-webhook-secret" : "authorization";
      for (const value of [undefined, "", "wrong", "Bearer wrong", `Bearer ${"x".repeat(8_000)}`]) {
        const answer = await send(worker, route, { headers: { ...none, [header]: value } });
        assertProblem(answer, 401, "unauthorized", { what: `${route.name} ${header}: ${value?.slice(0, 20)}` });
      }
    }
    await nothingStored();
  });

  test("one of another kind is 401 on every route", async () => {
    for (const route of guarded) {
      for (const credential of ["webhook", "client", "admin"]) {
        if (credential === route.credential || (route.credential === "either" && credential !== "webhook")) continue;
        const answer = await send(worker, route, { headers: { ...none, ...credentials({ credential }) } });
        assertProblem(answer, 401, "unauthorized", { what: `${route.name} with ${credential}` });
      }
    }
    await nothingStored();
  });
});

describe("content types", () => {
  test("a body that is encoded is 415, and the encoding is named", async () => {
    for (const route of withBody) {
      for (const encoding of ["gzip", "br", "identity, deflate"]) {
        const answer = await send(worker, route, { headers: { "content-encoding": encoding } });
        assertProblem(answer, 415, "unsupported_media_type", { what: `${route.name} ${encoding}` });
        assert.ok(answer.body.detail.includes(encoding), answer.body.detail);
      }
    }
    await nothingStored();
  });

  test("another than the route's, or none, is 415", async () => {
    const wrong = [
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/jsonx",
      "multipart/form-data; boundary=x",
      "json",
      "x-application/json",
      "text/json, application/json",
    ];
    for (const route of withBody) {
      for (const type of wrong) {
        assertProblem(await send(worker, route, { headers: { "content-type": type } }), 415, "unsupported_media_type", {
          what: `${route.name} ${type}`,
        });
      }
      if (bodyIsOptional(route)) continue;
      const bytes = new TextEncoder().encode(JSON.stringify(route.body)); // fetch gives text a type of its own
      const answer = await worker.fetch(route.path, { method: route.method, headers: credentials(route), body: bytes });
      assert.equal(answer.status, 415, `${route.name} without a type`);
    }
    await nothingStored();
  });

  test("application/json is taken in any case and with parameters", async () => {
    for (const type of [
      "Application/JSON",
      "application/json; charset=utf-8",
      "application/json;charset=UTF-8",
      "application/json ; x=y",
      "application/json, application/json", // a header that was set under two spellings
    ]) {
      assert.equal(
        (await send(worker, named("POST /webhook/backup"), { headers: { "content-type": type } })).status,
        204,
        type,
      );
    }
  });
});

describe("sizes", () => {
  test("a body over the limit is 413, whether its length is told or not", async () => {
    for (const route of withBody) {
      const text = JSON.stringify({ ...route.body, padding: "x".repeat(limitOf(route)) });
      for (const body of [text, new Blob([text]).stream()]) {
        assertProblem(await send(worker, route, { body }), 413, "body_too_large", {
          what: `${route.name} ${typeof body}`,
        });
      }
    }
    await nothingStored();
  });

  test("a body in chunks that cut characters in two is as good as any", async () => {
    const route = named("POST /webhook/backup");
    const bytes = new TextEncoder().encode(JSON.stringify({ ...route.body, share: "é€😀".repeat(20_000) }));
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 4_097) controller.enqueue(bytes.subarray(at, at + 4_097));
        controller.close();
      },
    });
    assert.equal((await send(worker, route, { body })).status, 204);
  });

  test("a path or a query of any length is no error of the server", async () => {
    const long = "x".repeat(8_000);
    for (const path of [
      `/${long}`,
      `/users/${long}`,
      `/users/${long}/backups`,
      `/users/${"%2e/".repeat(1_000)}`,
      `/users?clientId=${long}`,
      `/users?${"a&".repeat(3_000)}`,
    ]) {
      const { status } = await worker.send("GET", path, { headers: admin });
      assert.ok(status < 500, `${status} ${path.slice(0, 40)}`);
    }
  });
});

describe("paths and methods", () => {
  test("a path that is none of ours is 404, whatever the method", async () => {
    const user = `/users/${owner.id}`;
    const paths = [
      "/",
      "/nope",
      "/webhook",
      "/webhook/backup/nope",
      "/WEBHOOK/BACKUP",
      `${user}/`,
      `${user}/nope`,
      `${user}/user-backup-share/`,
      `${user}/backups/nope`,
      "/clients",
      `/clients/${owner.clientId}`,
      "/admin",
      "/admin/nope",
      "/audit/",
      "/healthz/",
      "/.env",
      "/favicon.ico",
    ];
    const besideTheAssets = [
      "/docs/",
      "/docs/nope",
      "/docs.html",
      "/docs/docs.html",
      "/_headers",
      "/%64ocs",
      "/openapi.json",
      "/openapi.yaml/",
    ];
    for (const path of [...paths, ...besideTheAssets]) {
      for (const method of ["GET", "POST", "DELETE", "PUT"]) {
        assertProblem(await worker.send(method, path, { headers: admin }), 404, "not_found", {
          what: `${method} ${path}`,
        });
      }
    }
  });

  test("doubled slashes make another path", async () => {
    for (const path of [
      "/webhook///backup",
      "/webhook/backup//",
      "//docs",
      `/users//${owner.id}`,
      `//users/${owner.id}`,
      `/users/${owner.id}//backups`,
    ]) {
      for (const method of ["GET", "POST"]) {
        const body = method === "POST" ? {} : undefined;
        assertProblem(await worker.send(method, path, { headers: admin, body }), 404, "not_found", {
          what: `${method} ${path}`,
        });
      }
    }
    await nothingStored();
  });

  test("an empty segment is no id", async () => {
    for (const [method, path] of [
      ["GET", "/users/"],
      ["DELETE", "/users/"],
      ["GET", "/users//user-backup-share"],
      ["POST", "/users//user-backup-share"],
      ["GET", "/users//backups"],
      ["POST", "/users//eject"],
    ]) {
      assertProblem(await worker.send(method, path, { headers: admin }), 400, "invalid_field", {
        field: "userId",
        what: `${method} ${path}`,
      });
    }
    await nothingStored();
  });

  test("an encoded segment is decoded once, and never becomes part of the path", async () => {
    assert.equal(
      (await worker.send("GET", `/users/${owner.id.replace("u", "%75")}`, { headers: admin })).body.id,
      owner.id,
    );
    for (const id of [
      "%2e%2e%2fusers",
      `x%2F..%2F${owner.id}`,
      `${owner.id}%2Fbackups`,
      "%2575ser-owner",
      "100%25",
      "%",
    ]) {
      assertProblem(await worker.send("GET", `/users/${id}`, { headers: admin }), 404, "unknown_user", { what: id });
    }
    for (const id of ["%00", "%0a", "%ff", "%c3%28", "%20", "%E2%80%8B", "x".repeat(129)]) {
      assertProblem(await worker.send("GET", `/users/${id}`, { headers: admin }), 400, "invalid_field", {
        field: "userId",
        what: id,
      });
    }
  });

  test("a method that a path does not take is 405, and Allow names those that it takes", async () => {
    const paths = Map.groupBy(ROUTES, ({ pattern }) => pattern);
    for (const [pattern, routes] of paths) {
      const taken = routes.map(({ method }) => method);
      const path = routes[0].path.split("?")[0];
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((method) => !taken.includes(method))) {
        const answer = await worker.send(method, path, { headers: admin });
        assertProblem(answer, 405, "method_not_allowed", { what: `${method} ${pattern}` });
        const allow = answer.headers.get("allow").split(/, */);
        assert.deepEqual(allow.filter((name) => name !== "HEAD" && name !== "OPTIONS").sort(), taken.sort(), pattern);
      }
    }
    await nothingStored();
  });
});

describe("what is wrong on the server", () => {
  test("a share that does not open is an error for all of the answer, and nothing of it leaves", async () => {
    await send(worker, named("POST /webhook/backup"));
    await send(worker, named("POST /webhook/backup"), {
      body: { clientId: owner.clientId, backupMethod: "OTHER", share: "good" },
    });
    await send(worker, named("POST /users/{userId}/user-backup-share"));
    const damaged = [500, "internal"];
    for (const [change, [status, code]] of [
      ["sealed_share = 'AQ' || substr(sealed_share, 5)", damaged],
      ["key_id = 'k9'", [503, "misconfigured"]],
      ["key_id = 'k1', sealed_share = ''", damaged],
    ]) {
      await worker.sql(`UPDATE custodian_backup_shares SET ${change} WHERE backup_method <> 'OTHER'`);
      await worker.sql(`UPDATE user_backup_shares SET ${change}`);
      assertProblem(await send(worker, named("POST /webhook/backup/fetch")), status, code, { what: change });
      assertProblem(await send(worker, named("GET /users/{userId}/user-backup-share")), status, code, { what: change });
    }
  });

  test("a database that fails is unavailable, and says when to come back", async () => {
    const tables = ["users", "custodian_backup_shares", "user_backup_shares"];
    for (const table of tables) await worker.sql(`ALTER TABLE ${table} RENAME TO ${table}_away`);
    try {
      for (const name of [
        "POST /webhook/backup",
        "POST /webhook/backup/fetch",
        "POST /users/{userId}/user-backup-share",
        "GET /users/{userId}/user-backup-share",
        "POST /users",
        "GET /users/{userId}",
      ]) {
        assertProblem(await send(worker, named(name)), 503, "unavailable", { what: name });
      }
    } finally {
      for (const table of tables) await worker.sql(`ALTER TABLE ${table}_away RENAME TO ${table}`);
    }
  });
});
