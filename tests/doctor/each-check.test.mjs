// npm run doctor: each of its checks fails where what it is about is not so. One that cannot fail tells nobody anything.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { HELD, examined } from "../support/doctor.mjs";
import { startWorker } from "../support/harness.mjs";
import { startProxy } from "../support/proxy.mjs";

const json = (status, body) => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const opened = json(200, { cipherText: "somebody's" });
/** The Worker's answer, changed, where it has this status. */
const changed = async (pass, from, change) => {
  const answer = await pass();
  return answer.status === from ? change(answer) : answer;
};
const text = (from, to) => (answer) => ({ ...answer, body: answer.body.replace(from, to) });
const isFetch = ({ path }) => path === "/webhook/backup/fetch";
const isCipherText = ({ method, path }) => method === "GET" && /^\/users\/[^/]+\/user-backup-share\?/.test(path);
const isPortals = ({ headers }) => headers["x-webhook-secret"] === HELD.WEBHOOK_SECRET;

/** What goes wrong, the check that must say so, and how it goes wrong. */
const WRONG = [
  ["something else answers", "alive", ({ path }) => path === "/healthz" && json(200, { status: "of another service" })],
  [
    "a wrong webhook secret opens",
    "webhook gate",
    (r) => isFetch(r) && !isPortals(r) && json(200, { backupShares: [] }),
  ],
  [
    "a webhook without a secret opens",
    "webhook gate",
    (r) => isFetch(r) && !("x-webhook-secret" in r.headers) && json(200, { backupShares: [] }),
  ],
  ["a wrong operator's token opens", "operator gate", ({ path }) => path === "/users?limit=1" && json(200, {})],
  [
    "the token is no admin's",
    "operators",
    ({ path, pass }) => path === "/admin/me" && changed(pass, 200, text('"role":"admin"', '"role":"viewer"')),
  ],
  [
    "the clocks are far apart",
    "clock",
    ({ path, pass }) => path === "/admin/clock" && changed(pass, 200, text(/"aheadMs":-?\d+/, '"aheadMs":-60001')),
  ],
  [
    "another user is registered than was asked for",
    "users",
    ({ method, path, pass }) => method === "POST" && path === "/users" && changed(pass, 201, text("doctor-", "other-")),
  ],
  [
    "a share that was answered 204 is lost",
    "webhook",
    (r) => r.path === "/webhook/backup" && isPortals(r) && { status: 204 },
  ],
  [
    "an unknown client is not told from one that is known",
    "unknown client",
    ({ body, pass }) => body.includes("doctor-unknown") && changed(pass, 404, () => json(500, {})),
  ],
  ["an app's store has no message", "store", ({ path }) => path.includes("/store-encrypted") && json(200, {})],
  ["another cipher text comes back", "recover", (r) => isCipherText(r) && changed(r.pass, 200, () => opened)],
  [
    "a cipher text may be kept by a cache",
    "recover",
    (r) =>
      isCipherText(r) &&
      changed(r.pass, 200, ({ headers: { "cache-control": _, ...headers }, ...answer }) => ({ ...answer, headers })),
  ],
  ["another user's token opens", "client gate", (r) => isCipherText(r) && changed(r.pass, 403, () => opened)],
  ["an app's wrong token opens", "client gate", (r) => isCipherText(r) && changed(r.pass, 401, () => opened)],
  [
    "an app without a token is let in",
    "client gate",
    (r) => isCipherText(r) && !("authorization" in r.headers) && opened,
  ],
  [
    "an app's token opens the operators' routes",
    "client gate",
    (r) => r.method === "GET" && /^\/users\/[^/?]+$/.test(r.path) && changed(r.pass, 401, () => json(200, {})),
  ],
  [
    "a backup that is whole is shown as another",
    "state",
    ({ path, pass }) => path.endsWith("/backups") && changed(pass, 200, text('"complete"', '"half-finished"')),
  ],
  [
    "a re-backup that broke off is shown as whole",
    "half-finished",
    ({ path, pass }) => path.endsWith("/backups") && changed(pass, 200, text('"half-finished"', '"complete"')),
  ],
];

describe("the doctor's check fails where", () => {
  let worker;
  let proxy;
  before(async () => {
    worker = await startWorker();
  });
  after(() => worker?.stop());
  beforeEach(() => worker.clear());
  afterEach(() => proxy?.stop());

  for (const [what, id, meddle] of WRONG)
    it(`${what}: ${id}`, async () => {
      proxy = await startProxy(worker, async (request) => (await meddle(request)) || undefined);
      const { code, of } = await examined(proxy.url);
      assert.deepEqual([code, of(id).status], [1, "failed"], JSON.stringify(of(id)));
      assert.doesNotMatch(of(id).note, /the doctor itself failed/);
    });
});
