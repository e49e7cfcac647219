// What the tests send: Portal's webhooks, an app's requests and an operator's, each with its own credential.

import assert from "node:assert/strict";

import { SECRETS } from "./harness.mjs";

/** A user to register. Its key is what an app sends as its bearer token. */
export const user = (name) => ({
  id: `user-${name}`,
  clientId: `client-${name}`,
  clientApiKey: `client-api-key-of-${encodeURIComponent(name)}`,
});

/** The callers of one Worker. */
export const callers = (worker) => ({
  /** Portal: a webhook with its secret. */
  portal: (path, body, init = {}) =>
    worker.send("POST", path, {
      body,
      ...init,
      headers: { "x-webhook-secret": SECRETS.WEBHOOK_SECRET, ...init.headers },
    }),
  /** An app, with its user's key. */
  app: (who, method, path, body, init = {}) => worker.send(method, path, { body, bearer: who.clientApiKey, ...init }),
  /** An operator. */
  admin: (method, path, body, init = {}) => worker.send(method, path, { body, bearer: SECRETS.ADMIN_TOKEN, ...init }),
  /** Registers the users. */
  async register(...users) {
    for (const one of users) {
      const { status, text } = await worker.send("POST", "/users", { body: one, bearer: SECRETS.ADMIN_TOKEN });
      assert.equal(status, 201, text);
    }
  },
});

/** The custodian shares that Portal gets for a client, in no particular order. */
export async function custodianShares({ portal }, clientId) {
  const { status, body, text } = await portal("/webhook/backup/fetch", { clientId });
  assert.equal(status, 200, text);
  assert.deepEqual(Object.keys(body), ["backupShares"]);
  return body.backupShares;
}

export const sorted = (values) => [...values].sort();

/** Every answer carries these, whatever it is. */
export function assertCommonHeaders({ headers }, what) {
  assert.equal(headers.get("cache-control"), "no-store", what);
  assert.equal(headers.get("x-content-type-options"), "nosniff", what);
  assert.match(headers.get("strict-transport-security") ?? "", /^max-age=\d{8,}/, what);
  assert.ok(headers.get("x-request-id"), what);
}

/** An error as the contract has it: RFC 9457, with the code, and a detail that says what to do. */
export function assertProblem(answer, status, code, { field, what } = {}) {
  const { headers, body, text } = answer;
  assert.equal(answer.status, status, `${what ?? ""} ${text}`);
  assert.match(headers.get("content-type"), /^application\/problem\+json/, what);
  assertCommonHeaders(answer, what);
  assert.equal(body.code, code, `${what ?? ""} ${text}`);
  assert.equal(body.status, status, what);
  for (const name of ["type", "title", "detail"]) {
    assert.equal(typeof body[name], "string", `${what ?? ""} ${name}`);
    assert.notEqual(body[name], "", `${what ?? ""} ${name}`);
  }
  assert.equal(body.field, field, what);
  const known = new Set(["type", "title", "status", "detail", "code", "field"]);
  assert.deepEqual(
    Object.keys(body).filter((name) => !known.has(name)),
    [],
    what,
  );
  if (code === "rate_limited" || code === "unavailable")
    assert.match(headers.get("retry-after") ?? "", /^[1-9]\d*$/, what);
  if (code === "method_not_allowed") assert.ok(headers.get("allow"), what);
}

/** All that is stored but audit events, as one text: what a refused request must leave as it was. */
export async function storedRows(worker) {
  const tables = [
    "users",
    "deleted_users",
    "custodian_backup_shares",
    "user_backup_shares",
    "backup_share_versions",
    "eject_windows",
    "eject_retrievals",
  ];
  const rows = await Promise.all(tables.map((table) => worker.sql(`SELECT * FROM ${table} ORDER BY 1, 2, 3`)));
  return JSON.stringify(rows);
}
