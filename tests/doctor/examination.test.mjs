// npm run doctor, run as its own process against the real Worker: all well, and one thing after the other broken.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { answerAdvice } from "../../scripts/lib/doctor/advice.mjs";
import { placeOf } from "../../scripts/lib/doctor/place.mjs";
import { lineReport } from "../../scripts/lib/doctor/report.mjs";
import { parseTarget } from "../../scripts/lib/doctor/target.mjs";
import { HELD, doctor, doctorWith, examined, start } from "../support/doctor.mjs";
import { startWorker } from "../support/harness.mjs";
import { startServer } from "../support/identity.mjs";
import { startProxy } from "../support/proxy.mjs";

describe("npm run doctor", () => {
  let worker;
  let proxy;
  before(async () => {
    worker = await startWorker();
  });
  after(() => worker?.stop());
  beforeEach(() => worker.clear());
  afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
  });

  const between = async (meddle) => (proxy = await startProxy(worker, meddle)).url;

  async function nothingIsLeft() {
    for (const table of [
      "users",
      "deleted_users",
      "custodian_backup_shares",
      "user_backup_shares",
      "backup_share_versions",
    ]) {
      assert.deepEqual(await worker.sql(`SELECT COUNT(*) AS n FROM ${table}`), [{ n: 0 }], table);
    }
  }

  it("passes every check on a Worker that is well, and leaves nothing behind", async () => {
    const { code, said } = await doctor(worker.url);
    assert.equal(code, 0, said);
    assert.match(said, /All is well: \d+ checks passed\.\n$/);
    assert.ok(!said.includes("\u001b"), "no colour where nobody sees it");
    await nothingIsLeft();
  });

  it("gives machines one JSON object", async () => {
    const { code, outcome } = await examined(worker.url);
    assert.equal(code, 0);
    assert.equal(outcome.ok, true);
    assert.equal(outcome.url, new URL(worker.url).origin);
    for (const check of outcome.checks) {
      assert.equal(check.status, "ok", check.title);
      assert.ok(check.ms >= 0);
    }
  });

  it("says what to change where the webhook secret is another one", async () => {
    const { code, said } = await doctorWith(
      { WEBHOOK_SECRET: "not the one that the Worker has" },
      worker.url,
      "--env",
      "staging",
    );
    assert.equal(code, 1);
    assert.match(
      said,
      /✗ Portal backs up both curves[\s\S]*401 unauthorized[\s\S]*WEBHOOK_SECRET[\s\S]*Portal's dashboard[\s\S]*wrangler secret put WEBHOOK_SECRET --env staging/,
    );
    await nothingIsLeft();
  });

  it("says what to change where the admin token is another one, and laments no user that was never made", async () => {
    const { code, said } = await doctorWith(
      { ADMIN_TOKEN: "not the one that the Worker has, but long" },
      worker.url,
      "--env",
      "staging",
    );
    assert.equal(code, 1);
    assert.match(said, /✗ The operator token[\s\S]*401[\s\S]*wrangler secret put ADMIN_TOKEN --env staging/);
    assert.match(said, /\n– \d+ more that need the check “The operator token/);
    assert.match(said, /\n1 failed, \d+ passed, \d+ skipped\.\n$/);
  });

  it("sees from outside that a Worker is up and refuses strangers, without any secret", async () => {
    const { code, said } = await doctorWith({ WEBHOOK_SECRET: "", ADMIN_TOKEN: "" }, worker.url, "--without-secrets");
    assert.equal(code, 0, said);
    assert.match(said, /✓ The webhook refuses a wrong secret/);
    assert.match(said, /ADMIN_TOKEN was not given/);
  });

  it("sees a share that comes back changed, and clears up all the same", async () => {
    const url = await between(async ({ path, pass }) => {
      if (path !== "/webhook/backup/fetch") return undefined;
      const answer = await pass();
      return { ...answer, body: answer.body.replaceAll("ключ", "key") };
    });
    const { code, outcome, of } = await examined(url);
    assert.equal(code, 1);
    assert.ok(
      ["webhook", "bytes"].some((id) => of(id).status === "failed"),
      JSON.stringify(outcome),
    );
    assert.equal(of("clear up").status, "ok");
    await nothingIsLeft();
  });

  it("sees that the database's clock does not move while a request waits", async () => {
    const url = await between(async ({ path, pass }) => {
      if (path !== "/admin/clock") return undefined;
      const answer = await pass();
      return { ...answer, body: answer.body.replace('"moves":true', '"moves":false') };
    });
    const { code, of } = await examined(url);
    assert.equal(code, 1);
    assert.match(of("clock").note, /stood still while a request waited for \d+ ms/);
    assert.match(of("clock").advice, /do not go live/);
  });

  it("sees that a webhook URL with a slash at its end does not work", async () => {
    for (const path of ["/webhook//backup", "/webhook/backup/", "/webhook//backup/fetch", "/webhook/backup/fetch/"]) {
      const url = await between((request) => (request.path === path ? { status: 404, body: "" } : undefined));
      const { code, of } = await examined(url, "--without-secrets");
      assert.deepEqual([code, of("slash").status], [1, "failed"], path);
      await proxy.stop();
    }
    proxy = undefined;
  });

  it("sees an app route that fails, names it without any id, and clears up all the same", async () => {
    const problem = JSON.stringify({ status: 500, code: "internal", detail: "Something is wrong on the server." });
    const url = await between(({ method, path }) =>
      method === "POST" && path.endsWith("/user-backup-share")
        ? { status: 500, headers: { "content-type": "application/problem+json" }, body: problem }
        : undefined,
    );
    const { code, of } = await examined(url);
    assert.equal(code, 1);
    assert.match(of("store").note, /^POST \/users\/…\/user-backup-share answered 500 internal/);
    assert.match(of("store").advice, /`npm run dev`'s terminal/);
    assert.equal(of("recover").status, "skipped");
    await nothingIsLeft();
  });

  it("knows that a page of something in front is not the Worker's answer", async () => {
    const url = await between(() => ({
      status: 403,
      headers: { "content-type": "text/html" },
      body: "<h1>Access denied</h1>",
    }));
    const { code, said } = await doctor(url);
    assert.equal(code, 1);
    assert.match(said, /not the Worker's own[\s\S]*Cloudflare Access/);
  });

  it("carries no secret along a redirect", async () => {
    const seen = [];
    const url = await between(
      ({ headers }) => (
        seen.push(headers), { status: 308, headers: { location: "https://elsewhere.example.com/" }, body: "" }
      ),
    );
    const { code, said } = await doctor(url);
    assert.equal(code, 1);
    assert.match(said, /sends us on to https:\/\/elsewhere\.example\.com[\s\S]*final URL/);
    assert.equal(seen.length, 1, "the first redirect ends it");
  });

  it("takes an answer after Portal's 10 s for none", { timeout: 60_000 }, async () => {
    const url = await between(async ({ path, headers }) => {
      if (path === "/webhook/backup" && headers["x-webhook-secret"] === HELD.WEBHOOK_SECRET) await sleep(11_000);
    });
    const { code, of } = await examined(url);
    assert.equal(code, 1);
    assert.match(of("webhook").note, /no answer within Portal's 10 s/);
    assert.match(of("webhook").advice, /latency/);
    assert.equal(of("budget").status, "failed", "nor was every webhook answered in time");
    assert.equal(of("clear up").status, "ok");
  });

  /** What comes of an examination that `how` breaks off between two requests. */
  async function brokenOff(how) {
    let interrupt;
    const url = await between(async ({ path }) => {
      if (path.endsWith("/store-encrypted-user-backup-share")) {
        interrupt();
        await sleep(300);
      }
    });
    const { child, ended } = start([url]);
    interrupt = () => how(child);
    return ended;
  }

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    it(`clears up after ${signal}, and says with its exit code that it was broken off`, async () => {
      const { code, said } = await brokenOff((child) => child.kill(signal));
      assert.equal(code, 130, said);
      assert.match(said, /Broken off/);
      assert.match(said, /✓ The doctor takes away what it made/);
      await nothingIsLeft();
    });

  it("clears up where its reader goes, as `head` or a pager does", async () => {
    const { code } = await brokenOff((child) => child.stdout.destroy());
    assert.equal(code, 130);
    await nothingIsLeft();
  });

  it("says which users are left where it could not erase them", async () => {
    const url = await between(({ method }) => (method === "DELETE" ? { status: 503, body: "" } : undefined));
    const { code, of } = await examined(url);
    assert.equal(code, 1);
    assert.match(of("clear up").note, /^doctor-\S+ and doctor-\S+ could not be erased/);
    assert.match(of("clear up").advice, /purge=/);
  });

  it("never touches a user that was there before", async () => {
    const user = { id: "real user", clientId: "real client", clientApiKey: "key-of-the-real-user" };
    assert.equal((await worker.send("POST", "/users", { body: user, bearer: HELD.ADMIN_TOKEN })).status, 201);
    const { code, of } = await examined(worker.url, "--user-id", user.id);
    assert.equal(code, 1);
    assert.match(of("users").note, /exists already, so the doctor leaves it alone/);
    assert.equal((await worker.send("GET", "/users/real%20user", { bearer: HELD.ADMIN_TOKEN })).status, 200);
  });
});

describe("what the doctor tells to run", () => {
  const answer = (code) => ({ role: "operator", status: 400, headers: new Headers(), problem: { code } });
  const codes = [
    "misconfigured",
    "unauthorized",
    "unavailable",
    "internal",
    "not_found",
    "method_not_allowed",
    "another",
  ];

  /** The wrangler commands, and deployments, that are told for a Worker at this place. */
  function commands(place) {
    const told = ["portal", "operator", "anyone"].flatMap((role) =>
      codes.map((code) => place.advised(answerAdvice({ ...answer(code), role }, place))),
    );
    return [...told, place.advised(place.migrate)].flatMap(
      (text) => text.match(/`(npx wrangler|npm run deploy)[^`]*`/g) ?? [],
    );
  }

  it("names its environment in each command: without one, wrangler takes production's Worker", () => {
    assert.ok(commands(placeOf({ environment: "staging" })).length > 10);
    for (const command of commands(placeOf({ environment: "staging", loopback: true })))
      assert.match(command, / --env staging`$/);
  });

  it("takes production for granted where it knows the URL only, and says so", () => {
    const place = placeOf({});
    for (const command of commands(place)) assert.match(command, / --env production`$/);
    assert.match(
      place.advised(answerAdvice(answer("unauthorized"), place)),
      /secret put ADMIN_TOKEN --env production` \(Another environment than production\?/,
    );
    assert.doesNotMatch(place.advised(answerAdvice(answer("rate_limited"), place)), /environment/);
    assert.doesNotMatch(
      placeOf({ environment: "production" }).advised("`npx wrangler tail --env production`"),
      /Another/,
    );
  });

  it("is .dev.vars and npm run dev for a Worker on this machine, never wrangler", async () => {
    assert.deepEqual(commands(placeOf({ loopback: true })), []);
    const { code, said } = await doctor("http://127.0.0.1:9");
    assert.equal(code, 1, said);
    assert.doesNotMatch(said, /wrangler/);
  });
});

describe("where the doctor begins", () => {
  it("says in one line what it did not try where nothing answers", async () => {
    const nowhere = await startServer(() => {});
    await nowhere.stop();
    const { said } = await doctor(nowhere.url);
    assert.match(
      said,
      /✗ GET \/healthz answers.*\n.*ECONNREFUSED.*\n.*Start the Worker.*\n– (\d+) more that need the check “GET \/healthz answers”\n\n1 failed, 0 passed, \1 skipped\.\n$/,
    );
    const { outcome } = await examined(nowhere.url);
    assert.ok(outcome.checks.length >= 16, "machines get each");
    assert.ok(outcome.checks.slice(1).every(({ lacks }) => lacks === "alive"));
  });

  it("sends no secret over plain http to another machine", async () => {
    const { code, said } = await doctor("http://backup.example.com");
    assert.equal(code, 2);
    assert.match(said, /sends no secrets to http:\/\/backup\.example\.com[\s\S]*https:\/\/backup\.example\.com/);
    for (const loopback of ["http://localhost:8787", "http://127.0.0.1:8787", "http://[::1]:8787"])
      assert.ok(parseTarget(loopback).loopback);
    for (const other of ["http://127.0.0.1.example.com", "http://10.0.0.1", "http://localhost.example.com"])
      assert.throws(() => parseTarget(other), /plain http/);
  });

  it("says what it needs", async () => {
    const { code, said } = await doctorWith({ WEBHOOK_SECRET: "", ADMIN_TOKEN: "" }, "https://backup.example.com");
    assert.equal(code, 2);
    assert.match(said, /WEBHOOK_SECRET and ADMIN_TOKEN are not in the environment\./);
    for (const args of [[], ["not a url"], ["ftp://x"], ["https://user:password@x"], ["https://x", "--unknown"]])
      assert.equal((await doctor(...args)).code, 2, args.join(" "));
  });

  it("paints on a terminal, unless NO_COLOR is set", () => {
    const painted = (env) => {
      let said = "";
      lineReport({ stream: { isTTY: true, write: (text) => (said += text) }, env }).check({
        title: "t",
        status: "failed",
        ms: 1,
        note: "n",
      });
      return said.includes("\u001b[31m");
    };
    assert.equal(painted({}), true);
    assert.equal(painted({ NO_COLOR: "1" }), false);
  });
});
