// healthz, readyz, and a service that is not set up right: it stops, and says so to the operator only.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, beforeEach, describe, test } from "node:test";

import { assertCommonHeaders, assertProblem } from "./support/client.mjs";
import { inRoot } from "../scripts/lib/paths.mjs";
import { releaseDigest } from "../scripts/lib/release-digest.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { ROUTES, send } from "./support/routes.mjs";

const { version } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
const ready = async (worker) => worker.send("GET", "/readyz");

describe("a service that is set up", () => {
  let worker;
  beforeEach(async () => {
    worker ??= await startWorker();
    await worker.clear();
  });
  after(() => worker.stop());

  test("has read its settings and imported its keys before its first request", async (t) => {
    const early = await startWorker({ main: inRoot("tests", "support", "early-entry.mjs") });
    t.after(() => early.stop());
    assert.equal((await ready(early)).status, 200);
  });

  test("healthz is ok, and asks nothing of the database", async () => {
    await worker.sql("ALTER TABLE users RENAME TO users_away");
    const answer = await worker.send("GET", "/healthz");
    await worker.sql("ALTER TABLE users_away RENAME TO users");
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { status: "ok", version });
    assertCommonHeaders(answer);
  });

  test("a monitor may ask for the head alone", async () => {
    for (const path of ["/healthz", "/readyz"]) {
      const answer = await worker.send("HEAD", path);
      assert.deepEqual([answer.status, answer.text], [200, ""], path);
      assertCommonHeaders(answer);
    }
  });

  test("readyz is 200, and leaves a canary of the key that seals", async () => {
    const answer = await ready(worker);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.status, "ready");
    assert.equal(answer.body.version, version);
    assert.equal(answer.body.release, releaseDigest(), "the digest of the files in build/");
    assertCommonHeaders(answer);
    assert.deepEqual(
      (await worker.sql("SELECT key_id FROM key_canaries")).map((row) => row.key_id),
      ["k1"],
    );
    assert.equal((await ready(worker)).status, 200);
  });

  test("readyz stays 200 while the schedule stands, but that is an alarm, and operators are warned", async () => {
    const mark = (at) => worker.sql("INSERT OR REPLACE INTO metric_marks (name, value) VALUES ('at', ?)", at);
    const firstUse = (at) =>
      worker.sql("INSERT INTO audit_events (id, at, actor, action, outcome) VALUES ('0', ?, 'client', 'x', 'x')", at);
    const ranAgo = async (minutes, note = mark) => {
      const at = new Date(Date.now() - minutes * 60_000).toISOString();
      await note(at);
      worker.clearLogs();
      const { status, body } = await worker.send("GET", "/readyz", { bearer: SECRETS.ADMIN_TOKEN });
      const alarms = worker.logLines().filter(({ message }) => message === "the schedule has not run for an hour");
      const told = (body.warnings ?? []).filter((text) => text.includes(`schedule has not run since ${at}`));
      return [status, alarms.map(({ level, since }) => [level, since === at]), told.length];
    };
    assert.deepEqual(await ranAgo(65, firstUse), [200, [["error", true]], 1], "it never ran");
    assert.deepEqual(await ranAgo(55), [200, [], 0]);
    assert.deepEqual(await ranAgo(65), [200, [["error", true]], 1]);
    const anyone = await ready(worker);
    assert.deepEqual([anyone.status, anyone.body.warnings], [200, undefined]);
  });

  test("readyz is 503 when another key stands behind the id that sealed the shares", async (t) => {
    await ready(worker);
    const [canary] = await worker.sql("SELECT key_id, sealed_canary, created_at FROM key_canaries");
    const other = await startWorker({
      secrets: { SHARE_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 2).toString("base64")}` },
    });
    t.after(() => other.stop());
    await other.sql(
      "INSERT INTO key_canaries (key_id, sealed_canary, created_at) VALUES (?, ?, ?)",
      ...Object.values(canary),
    );
    const answer = await ready(other);
    assertProblem(answer, 503, "misconfigured");
    assert.match(answer.body.detail, /k1.*SHARE_ENCRYPTION_KEYS/);
  });

  test("readyz is 503 when a canary was tampered with", async () => {
    await ready(worker);
    for (const sealed of ["", "AQAA", "not base64!", "AQ".padEnd(80, "A")]) {
      await worker.sql("UPDATE key_canaries SET sealed_canary = ?", sealed);
      assertProblem(await ready(worker), 503, "misconfigured", { what: sealed });
    }
  });

  test("readyz is 503 while the schema is older than the Worker, and 200 when it is newer", async (t) => {
    const [{ value }] = await worker.sql("SELECT value FROM meta WHERE name = 'schema_version'");
    const setVersion = (version) =>
      worker.sql("UPDATE meta SET value = ? WHERE name = 'schema_version'", String(version));
    t.after(() => setVersion(value));
    for (const version of [Number(value) - 1, 0, "x"]) {
      await setVersion(version);
      const answer = await ready(worker);
      assertProblem(answer, 503, "misconfigured", { what: version });
      assert.match(answer.body.detail, /migrations/);
    }
    await setVersion(Number(value) + 1);
    assert.equal((await ready(worker)).status, 200);
  });
});

test("readyz is 503 on a database without a schema, and says what to do", async (t) => {
  const worker = await startWorker({ migrate: false });
  t.after(() => worker.stop());
  const answer = await ready(worker);
  assertProblem(answer, 503, "misconfigured");
  assert.match(answer.body.detail, /migrations/);
  assert.doesNotMatch(answer.text, /SELECT|no such table|D1_/);
});

describe("a setting that is missing or malformed", () => {
  // The entry changes the settings between requests: one Worker for all cases. Whatever a case adds is marked.
  const MARK = "value-that-no-log-may-hold";
  const KEY = SECRETS.SHARE_ENCRYPTION_KEYS.split(":")[1];
  const CASES = [
    ["WEBHOOK_SECRET", null],
    ["WEBHOOK_SECRET", ""],
    ["WEBHOOK_SECRET", "   "],
    ["SHARE_ENCRYPTION_KEYS", null],
    ["SHARE_ENCRYPTION_KEYS", ""],
    ["SHARE_ENCRYPTION_KEYS", MARK],
    ["SHARE_ENCRYPTION_KEYS", `k1:${MARK}`],
    ["SHARE_ENCRYPTION_KEYS", `:${KEY}`],
    ["SHARE_ENCRYPTION_KEYS", "k1:"],
    ["SHARE_ENCRYPTION_KEYS", `k1:${Buffer.alloc(16, 3).toString("base64")}`],
    ["SHARE_ENCRYPTION_KEYS", `k1:${Buffer.alloc(33, 3).toString("base64")}`],
    ["SHARE_ENCRYPTION_KEYS", `k1:${KEY},k2`],
    ["SHARE_ENCRYPTION_KEYS", `k1:${KEY},k1:${Buffer.alloc(32, 3).toString("base64")}`],
    ["ADMIN_TOKEN", MARK.slice(0, 31)],
    ["ADMIN_TOKEN_PREVIOUS", MARK.slice(0, 31)],
    ["CLIENT_AUTH", MARK],
    ["CLIENT_AUTH", `client-api-key,${MARK}`],
    ["CLIENT_AUTH", "jwt", "JWT_JWKS_URL"], // without its own settings
    ["JWT_JWKS_URL", `http://${MARK}.example`],
    ["PORTAL_API_URL", MARK],
    ["PORTAL_IP_ALLOWLIST", `35.203.150.117,${MARK}`],
    ["CORS_ALLOWED_ORIGINS", "*"],
    ["CORS_ALLOWED_ORIGINS", `https://${MARK}.example/path`],
    ["ACCESS_TEAM_DOMAIN", `${MARK}.example`, "ACCESS_AUD"], // one without the other
    ["ACCESS_AUD", MARK, "ACCESS_TEAM_DOMAIN"],
    ["UNKNOWN_CLIENTS", MARK],
    ["UNKNOWN_CLIENTS_PER_DAY", MARK], // also where nothing uses it yet, as the next three
    ["JWT_AUDIENCE", `${MARK},`],
    ["JWT_USER_CLAIM", "exp"],
    ["ALERT_WEBHOOK_SECRET", MARK],
    ["COPY_REQUIRED", "yes"], // without a bucket
    ["FETCH_SUPERSEDED", MARK],
    ["HISTORY_RETENTION_DAYS", MARK],
    ["HISTORY_RETENTION_DAYS", "-1"],
    ["HISTORY_RETENTION_DAYS", "1.5"],
    ["AUDIT_RETENTION_DAYS", MARK],
    ["AUDIT_RETENTION_DAYS", "99999999999999999999"],
    ["DB", null],
  ];

  let worker;
  const withSettings = async (changes, work) => {
    worker ??= await startWorker({ main: inRoot("tests", "support", "settings-entry.mjs") });
    worker.clearLogs();
    await (await worker.entry()).change(changes);
    return work();
  };
  after(() => worker?.stop());

  for (const [name, value, named = name] of CASES) {
    test(`${name} ${value === null ? "missing" : JSON.stringify(value)}`, () =>
      withSettings({ [name]: value }, async () => {
        for (const route of ROUTES) {
          const answer = await send(worker, route);
          if (route.pattern === "/healthz") {
            assert.equal(answer.status, 200);
            continue;
          }
          assertProblem(answer, 503, "misconfigured", { what: route.name });
          assert.ok(!answer.text.includes(named), "who calls is not told which setting it is");
        }
        const lines = worker.logLines().filter((line) => line.code === "misconfigured");
        assert.equal(lines.length, ROUTES.length - 1);
        for (const line of lines) {
          assert.equal(line.level, "error");
          assert.match(line.cause, new RegExp(`^${named}\\b`));
        }
        for (const { message } of worker.logs()) {
          for (const secret of [MARK.slice(0, 31), ...Object.values(SECRETS), KEY])
            assert.ok(!message.includes(secret), message);
        }
      }));
  }

  test("once it is right the service starts, without a redeployment", () =>
    withSettings({}, async () => {
      const { status, text } = await ready(worker);
      assert.equal(status, 200, text);
    }));
});
