// ALERT_WEBHOOK: what the log says is wrong is told to a webhook, signed, at most once an hour, and without a share or an id.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { backups } from "./support/backup.mjs";
import { user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";

const KEY = Buffer.alloc(32, 9);
const SIGNING = {
  ALERT_WEBHOOK: "https://hooks.example/alerts?token=credential",
  ALERT_WEBHOOK_SECRET: `whsec_${KEY.toString("base64")}`,
};
const NEARLY_FULL = { size: 9_000_000_000 };
const ada = user("ada");

/** What the webhook got, each `{ headers, text, body }`; `answer` is what it answers. */
const got = [];
let answer = () => new Response(null, { status: 204 });
async function outbound(request) {
  if (new URL(request.url).hostname !== "hooks.example") return undefined;
  const text = await request.text();
  got.push({ url: request.url, headers: Object.fromEntries(request.headers), text, body: JSON.parse(text) });
  return answer();
}
const messages = () => got.map(({ body }) => body.data.message);
/** Work in the background has no answer to wait for: this waits until it was seen. */
async function until(seen) {
  for (let left = 400; !(await seen()); left -= 1) {
    assert.ok(left > 0, `never seen; the webhook got ${JSON.stringify(messages())}`);
    await sleep(25);
  }
}

describe("an alert", () => {
  let worker;
  let entry;
  let wallet;
  const alarm = async (of = worker) => {
    const faulty = await of.entry();
    await faulty.planScheduled({ then: NEARLY_FULL });
    await of.scheduled();
  };
  before(async () => {
    worker = await startWorker({
      homes: 1, // one alarm
      main: inRoot("tests", "support", "faulty-entry.mjs"),
      secrets: SIGNING,
      siblings: { second: {}, third: {}, fourth: {} },
      outbound,
    });
    entry = await worker.entry();
    wallet = backups(worker);
    await wallet.register(ada);
  });
  after(() => worker?.stop());
  beforeEach(() => got.splice(0));
  /** The alert counts as sent so much earlier. */
  const longAgo = async (ms) => {
    const { meta } = await worker.db
      .prepare(
        "UPDATE meta SET value = CAST(CAST(value AS INTEGER) - CAST(? AS INTEGER) AS TEXT) WHERE name = 'alert the database is nearly full'",
      )
      .bind(ms)
      .run();
    assert.equal(meta.changes, 1);
  };

  it("is signed by the Standard Webhooks scheme, and says in words and fields what is wrong", async () => {
    await alarm();
    assert.deepEqual(messages(), ["the database is nearly full"]);
    const [{ headers, text, body, url }] = got;
    assert.equal(url, SIGNING.ALERT_WEBHOOK);
    assert.match(headers["webhook-id"], /^msg_[\w-]+$/);
    assert.ok(Math.abs(Number(headers["webhook-timestamp"]) - Date.now() / 1000) < 300);
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`;
    assert.equal(headers["webhook-signature"], `v1,${createHmac("sha256", KEY).update(signed).digest("base64")}`);
    assert.equal(headers["content-type"], "application/json");
    assert.equal(body.type, "portal-backup-worker.alarm");
    assert.equal(body.data.level, "error");
    assert.match(body.text, /the database is nearly full/);
    assert.ok(!Number.isNaN(Date.parse(body.timestamp)));
  });

  it("is not sent again within the hour, not by another isolate either", async () => {
    await alarm();
    await alarm(worker.sibling("second"));
    assert.deepEqual(messages(), []);
    await longAgo(3_540_000);
    await alarm(worker.sibling("third"));
    assert.deepEqual(messages(), [], "59 minutes later");
  });

  it("is sent again after the hour", async () => {
    await longAgo(60_001);
    await alarm(worker.sibling("fourth"));
    assert.deepEqual(messages(), ["the database is nearly full"]);
  });

  it("of another kind is not kept back by it, and comes behind a request's answer, with no share and no id", async () => {
    await wallet.custodian(ada, "GDRIVE-SECP256K1", "secret-share");
    await worker.db.prepare("UPDATE custodian_backup_shares SET sealed_share = 'AAAA'").run();
    await wallet.fetchCustodian(ada);
    await until(() => messages().includes("requests are answered internal"));
    for (const { text } of got)
      for (const secret of [ada.id, ada.clientId, ada.clientApiKey, "secret-share", "GDRIVE", "AAAA"])
        assert.ok(!text.includes(secret), `${secret} is in ${text}`);
  });

  it("is sent where the database itself is what fails", async () => {
    await wallet.fetchCustodian(ada, { faults: { tag: "down", then: "fail" } });
    await until(() => messages().includes("requests are answered unavailable"));
    await wallet.fetchCustodian(ada, { faults: { tag: "down again", then: "fail" } });
    await entry.planScheduled({});
    await worker.scheduled();
    assert.deepEqual(messages().filter((message) => message.includes("unavailable")).length, 1);
  });
});

describe("a webhook that does not take an alert", () => {
  it("leaves a line in the log that does not tell its URL, and the next isolate tries again", async () => {
    got.splice(0);
    answer = () => new Response("no", { status: 500 });
    const worker = await startWorker({
      homes: 1, // one alarm
      main: inRoot("tests", "support", "faulty-entry.mjs"),
      secrets: SIGNING,
      siblings: { second: {} },
      outbound,
    });
    try {
      const entry = await worker.entry();
      await entry.planScheduled({ then: NEARLY_FULL });
      await worker.scheduled();
      const line = worker.logLines().find(({ message }) => message === "an alert was not delivered");
      assert.deepEqual([line.level, line.alarm, line.why], ["warn", "the database is nearly full", "it answered 500"]);
      assert.ok(!JSON.stringify(worker.logs()).includes("hooks.example"));
      answer = () => new Response(null, { status: 204 });
      const second = worker.sibling("second");
      await (await second.entry()).planScheduled({ then: NEARLY_FULL });
      await second.scheduled();
      await worker.scheduled(); // No alert says that an alert was not delivered.
      assert.deepEqual(messages(), ["the database is nearly full", "the database is nearly full"]);
    } finally {
      await worker.stop();
    }
  });
});

describe("an alert that was not delivered", () => {
  it("is sent again by the same isolate, minutes later", async () => {
    got.splice(0);
    answer = () => new Response("no", { status: 500 });
    const worker = await startWorker({
      main: inRoot("tests", "support", "clock-entry.mjs"),
      secrets: { ...SIGNING, WEBHOOK_SECRET: null },
      outbound,
    });
    try {
      const misconfigured = (seconds) =>
        worker.send("GET", "/readyz", { headers: { "x-test-seconds": String(seconds) } });
      await misconfigured(0);
      await until(() => worker.logLines().some(({ message }) => message === "an alert was not delivered"));
      answer = () => new Response(null, { status: 204 });
      await misconfigured(301);
      await until(() => got.length === 2);
    } finally {
      await worker.stop();
    }
  });
});

describe("ALERT_WEBHOOK", () => {
  it("tells of settings that are wrong, too, and is read without the white space around it, as every setting", async () => {
    got.splice(0);
    const pasted = { ALERT_WEBHOOK: ` ${SIGNING.ALERT_WEBHOOK}\n`, WEBHOOK_SECRET: null };
    const worker = await startWorker({ secrets: { ...SIGNING, ...pasted }, outbound });
    try {
      assert.equal((await worker.send("GET", "/readyz")).status, 503);
      await until(() => messages().includes("requests are answered misconfigured"));
    } finally {
      await worker.stop();
    }
  });

  it("without ALERT_WEBHOOK_SECRET is not signed: a signature under another secret would let its receiver guess that secret", async () => {
    got.splice(0);
    const worker = await startWorker({
      secrets: { ALERT_WEBHOOK: SIGNING.ALERT_WEBHOOK, OPERATOR_TOKENS: "malformed" },
      outbound,
    });
    try {
      assert.equal((await worker.send("GET", "/readyz")).status, 503);
      await until(() => messages().includes("requests are answered misconfigured"));
      assert.equal(got[0].headers["webhook-signature"], undefined);
      assert.match(got[0].headers["webhook-id"], /^msg_/);
    } finally {
      await worker.stop();
    }
  });

  it("stops the service where it is malformed, as every setting does", async () => {
    for (const wrong of [{ ALERT_WEBHOOK: "hooks.example" }, { ALERT_WEBHOOK_SECRET: "whsec_short" }]) {
      const worker = await startWorker({ secrets: { ...SIGNING, ...wrong } });
      try {
        assert.equal((await worker.send("GET", "/readyz")).status, 503);
        const { cause } = worker.logLines().find(({ code }) => code === "misconfigured");
        assert.match(cause, new RegExp(`^${Object.keys(wrong)[0]} must be`));
      } finally {
        await worker.stop();
      }
    }
  });
});
