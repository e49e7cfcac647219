// Query parameters: one that a route does not know is refused, and does nothing.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertProblem, callers, storedRows } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { ROUTES, owner, send } from "./support/routes.mjs";

const worker = await startWorker();
const { admin, register } = callers(worker);
after(() => worker.stop());
before(() => register(owner));

const withQuery = (route, query) => ({
  ...route,
  path: `${route.path}${route.path.includes("?") ? "&" : "?"}${query}`,
});

test("a parameter that the route does not know is 400, and nothing is done", async () => {
  const rows = await storedRows(worker);
  for (const route of ROUTES) {
    const answer = await send(worker, withQuery(route, "nonsense=1"));
    assertProblem(answer, 400, "invalid_field", { field: "nonsense", what: route.name });
  }
  assert.deepEqual(await storedRows(worker), rows);
});

test("a refused credential is told before a parameter that nobody knows", async () => {
  for (const route of ROUTES.filter(({ credential }) => credential !== "none")) {
    const headers = { authorization: "Bearer wrong", "x-webhook-secret": "wrong" };
    const answer = await send(worker, withQuery(route, "nonsense=1"), { headers });
    assertProblem(answer, 401, "unauthorized", { what: route.name });
  }
});

describe("a misspelt parameter is told the nearest known one", () => {
  for (const [method, path, near, bearer = SECRETS.ADMIN_TOKEN] of [
    ["GET", "/users?clientid=X", "clientId"],
    ["GET", "/users?client_id=X", "clientId"],
    ["GET", "/audit?userid=17", "userId"],
    ["GET", "/audit?actoin=delete_user", "action"],
    ["DELETE", `/users/${owner.id}?purg=X`, "purge"],
    ["POST", `/users/${owner.id}/restore?clientID=X`, "clientId"],
    ["POST", "/admin/import?dryrun=true", "dryRun"],
    ["GET", `/users/${owner.id}/user-backup-share?backup_method=GDRIVE`, "backupMethod", owner.clientApiKey],
  ]) {
    test(`${method} ${path}`, async () => {
      const { status, body, text } = await worker.send(method, path, { bearer });
      assert.deepEqual([status, body.code], [400, "invalid_field"], text);
      assert.ok(body.detail.includes(`Do you mean \`${near}\`?`), body.detail);
    });
  }
});

test("a parameter that comes twice is 400: which of the two would count?", async () => {
  const answer = await admin("GET", "/audit?userId=17&userId=18");
  assertProblem(answer, 400, "invalid_field", { field: "userId" });
});

test("a name that is no word is not repeated in the answer", async () => {
  const { status, body, text } = await admin("GET", "/users?%3Cscript%3E=1");
  assert.deepEqual([status, body.field], [400, "query"]);
  assert.ok(!text.includes("script"));
});
