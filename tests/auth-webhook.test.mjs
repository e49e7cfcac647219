// The webhook's gates: secrets, addresses, size; each before the body is read.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { SECRETS, startWorker } from "./support/harness.mjs";

const PREVIOUS = "the-secret-before-0123456789";
const PORTAL = ["35.203.150.117", "104.155.171.139", "35.185.20.23"];
const body = { clientId: "client-1", backupMethod: "GDRIVE-SECP256K1", share: "share" };

describe("the webhook secret", () => {
  let worker;
  before(async () => {
    worker = await startWorker({ secrets: { WEBHOOK_SECRET_PREVIOUS: PREVIOUS } });
  });
  after(() => worker?.stop());
  beforeEach(() => worker.clear());

  const post = (headers, path = "/webhook/backup") => worker.send("POST", path, { headers, body });

  it("is accepted, and the previous one beside it", async () => {
    for (const secret of [SECRETS.WEBHOOK_SECRET, PREVIOUS]) {
      for (const path of ["/webhook/backup", "/webhook/backup/fetch"]) {
        assert.equal(
          (await post({ "x-webhook-secret": secret }, path)).body.code,
          "unknown_client",
          "the gate is passed",
        );
      }
    }
  });

  it("leaves a warning as long as the previous one is in use", async () => {
    const warnings = () => worker.logLines().filter(({ message }) => message === "a previous secret is still in use");
    worker.clearLogs();
    await post({ "x-webhook-secret": SECRETS.WEBHOOK_SECRET });
    assert.deepEqual(warnings(), []);
    await post({ "x-webhook-secret": PREVIOUS });
    assert.deepEqual(
      warnings().map(({ level, setting }) => [level, setting]),
      [["warn", "WEBHOOK_SECRET_PREVIOUS"]],
    );
  });

  it("is accepted in its own header and its exact spelling alone", async () => {
    const secret = SECRETS.WEBHOOK_SECRET;
    for (const headers of [
      {},
      { "x-webhook-secret": "" },
      { "x-webhook-secret": secret.slice(0, -1) },
      { "x-webhook-secret": `${secret}x` },
      { "x-webhook-secret": secret.toUpperCase() },
      { "x-webhook-secret": `${secret}, ${secret}` },
      { "x-webhook-secret": `"${secret}"` },
      { "x-webhook-secret": "x".repeat(9000) },
      { authorization: `Bearer ${secret}` },
      { authorization: secret },
      { "cf-ray": secret },
      { "cf-connecting-ip": secret },
      { "content-type": secret },
      { "webhook-secret": secret },
      { cookie: `x-webhook-secret=${secret}` },
      { "x-webhook-secret": SECRETS.ADMIN_TOKEN },
    ]) {
      const answer = await post(headers);
      assert.equal(answer.status, 401, JSON.stringify(headers).slice(0, 80));
      assert.equal(answer.body.code, "unauthorized");
    }
    assert.equal((await worker.send("POST", `/webhook/backup?x-webhook-secret=${secret}`, { body })).status, 401);
  });

  it("does no other's work, and no other credential does its own", async () => {
    const secret = SECRETS.WEBHOOK_SECRET;
    for (const [method, path] of [
      ["GET", "/users"],
      ["POST", "/users"],
      ["GET", "/users/a/user-backup-share"],
      ["POST", "/users/a/eject"],
      ["GET", "/audit"],
    ]) {
      const answer = await worker.send(method, path, { bearer: secret, headers: { "x-webhook-secret": secret } });
      assert.equal(answer.status, 401, `${method} ${path}`);
    }
  });
});

describe("PORTAL_IP_ALLOWLIST", () => {
  let worker;
  before(async () => {
    worker = await startWorker({
      env: "production",
      vars: { PORTAL_IP_ALLOWLIST: `${PORTAL.join(",")}, 198.51.100.0/24, 2001:db8:7::/48` },
    });
  });
  after(() => worker?.stop());

  const post = (address, headers = {}) =>
    worker.send("POST", "/webhook/backup", {
      headers: {
        "x-webhook-secret": SECRETS.WEBHOOK_SECRET,
        ...(address === undefined ? {} : { "cf-connecting-ip": address }),
        ...headers,
      },
      body,
    });

  it("lets Portal's addresses and listed networks pass, v4, v6 and v4 in v6", async () => {
    for (const address of [
      ...PORTAL,
      "198.51.100.0",
      "198.51.100.255",
      "2001:db8:7::1",
      "2001:0DB8:0007:ffff::1",
      `::ffff:${PORTAL[0]}`,
    ]) {
      assert.equal((await post(address)).body.code, "unknown_client", address);
    }
  });

  it("refuses everybody else, whatever secret they hold, and whatever else they say of their address", async () => {
    for (const address of [
      "35.203.150.118",
      "198.51.101.0",
      "2001:db8:8::1",
      "127.0.0.1",
      "::1",
      "garbage",
      `${PORTAL[0]}, 1.2.3.4`,
      `${PORTAL[0]}:443`,
      "035.203.150.117",
      "",
    ]) {
      const answer = await post(address, {
        "x-forwarded-for": PORTAL[0],
        "x-real-ip": PORTAL[0],
        forwarded: `for=${PORTAL[0]}`,
        "true-client-ip": PORTAL[0],
      });
      assert.equal(answer.status, 403, address);
      assert.equal(answer.body.code, "forbidden");
    }
  });

  it("refuses before the body is read, and before the secret is looked at", async () => {
    const huge = await worker.send("POST", "/webhook/backup", {
      headers: { "cf-connecting-ip": "192.0.2.1", "x-webhook-secret": "wrong" },
      body: "x".repeat(600 * 1024),
    });
    assert.equal(huge.status, 403);
    assert.equal((await worker.sql("SELECT count(*) AS n FROM audit_events"))[0].n, 0 + (await countOthers()));
  });
  const countOthers = async () =>
    (await worker.sql("SELECT count(*) AS n FROM audit_events WHERE outcome <> 'unauthorized'"))[0].n;

  it("is about webhooks alone: apps and operators come from anywhere", async () => {
    const answer = await worker.send("GET", "/users", {
      bearer: SECRETS.ADMIN_TOKEN,
      headers: { "cf-connecting-ip": "192.0.2.1" },
    });
    assert.equal(answer.status, 200);
  });
});

for (const [what, list] of [
  ["a word", "localhost"],
  ["a width too large", "1.2.3.4/33"],
  ["host bits", "10.0.0.1/8"],
  ["an empty entry", "1.2.3.4,,5.6.7.8"],
  ["a NUL", "\0"],
]) {
  it(`a list with ${what} stops the service instead of opening it`, async () => {
    const worker = await startWorker({ vars: { PORTAL_IP_ALLOWLIST: list } });
    try {
      const answer = await worker.send("POST", "/webhook/backup", {
        headers: { "x-webhook-secret": SECRETS.WEBHOOK_SECRET },
        body,
      });
      assert.equal(answer.status, 503);
      assert.equal(answer.body.code, "misconfigured");
      assert.ok(worker.logs().some(({ message }) => message.includes("PORTAL_IP_ALLOWLIST")));
      assert.ok(!worker.logs().some(({ message }) => message.includes(list)), "the value is not logged");
    } finally {
      await worker.stop();
    }
  });
}
