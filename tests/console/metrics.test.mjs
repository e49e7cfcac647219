// Daily figures: counted by the schedule from the audit trail, every event once, and shown without counting.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { after, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { backups } from "../support/backup.mjs";
import { assertProblem, user } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { prometheusPython } from "../../scripts/lib/test-tools.mjs";

const noParser = !existsSync(prometheusPython) && "SKIPPED: prometheus-client could not be installed from PyPI.";

const worker = await startWorker({ main: inRoot("tests", "support", "counting-entry.mjs") });
const entry = await worker.entry();
const act = backups(worker);
const [ada, bob] = [user("ada"), user("bob")];

after(() => worker.stop());
beforeEach(() => worker.clear());

const daily = async (query = "") => {
  const { status, body, text } = await act.admin("GET", `/admin/metrics${query}`);
  assert.equal(status, 200, text);
  return body;
};
const counts = ({ days }) =>
  days.flatMap(({ day, events }) => events.map(({ action, outcome, count }) => `${day} ${action} ${outcome} ${count}`));
/** What a full count of the trail gives, up to an event. */
const fullCount = async () =>
  (
    await worker.sql(
      "SELECT substr(at, 1, 10) || ' ' || action || ' ' || outcome || ' ' || count(*) AS line FROM audit_events GROUP BY substr(at, 1, 10), action, outcome ORDER BY substr(at, 1, 10), action, outcome",
    )
  ).map(({ line }) => line);
/** An event of a time, as a request of then would have left it. */
const eventAt = (ms, action = "store_user_share", outcome = "stored") => {
  const time = ms.toString(16).padStart(12, "0");
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
  return worker.sql(
    "INSERT INTO audit_events (id, at, actor, action, outcome) VALUES (?, ?, 'client', ?, ?)",
    id,
    new Date(ms).toISOString(),
    action,
    outcome,
  );
};
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe("the daily figures", () => {
  test("are those of a full count, however often the schedule runs, and whenever an event arrives", async () => {
    const now = Date.now();
    for (let day = 0; day < 80; day += 7) await eventAt(now - day * DAY - MINUTE);
    await act.register(ada, bob);
    await act.custodian(ada, "GDRIVE-SECP256K1", "c1");
    await act.cipherText(ada, "GDRIVE", "u1");
    for (let run = 0; run < 3; run++) {
      await worker.scheduled();
      assert.deepEqual(counts(await daily()), await fullCount(), `run ${run}`);
      // One that was under way: its id is older than events that were counted already.
      await eventAt(now - 5 * MINUTE, "fetch_user_share", "fetched");
      await act.cipherText(ada, "GDRIVE", `u2 of ${run}`);
    }
    await worker.scheduled();
    assert.deepEqual(counts(await daily()), await fullCount());
  });

  test("have a day for each, the quiet ones too, and sums of what matters", async () => {
    await act.register(ada);
    await act.custodian(ada, "GDRIVE-SECP256K1", "c1");
    await act.cipherText(ada, "GDRIVE", "u1");
    await act.recovered(ada, { backupMethod: "GDRIVE" });
    await act.recovered(ada, { backupMethod: "GDRIVE" });
    await worker.send("GET", "/users", { bearer: "wrong" });
    await worker.scheduled();
    const { days, countedAt } = await daily("?days=7");
    assert.equal(days.length, 7);
    const today = days.at(-1);
    assert.equal(today.day, new Date().toISOString().slice(0, 10));
    assert.deepEqual([today.backups, today.recoveries, today.refusedCredentials], [1, 2, 1]);
    assert.deepEqual(days[0].events, []);
    assert.ok(Math.abs(Date.parse(countedAt) - Date.now()) < MINUTE);
  });

  test("refuse a number of days that is none", async () => {
    for (const days of ["0", "401", "x", "1.5", "%2B7", ""]) {
      assertProblem(await act.admin("GET", `/admin/metrics?days=${days}`), 400, "invalid_field", { field: "days" });
    }
  });

  test("are read without a scan: as many rows with 5,000 events and users as with ten", async () => {
    const rows = [];
    for (const many of [10, 5_000]) {
      await worker.clear();
      await worker.sql(
        `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${many})
         INSERT INTO audit_events (id, at, actor, action, outcome) SELECT printf('00000000-0000-7000-8000-%012d', n),
           strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'client', 'store_user_share', 'stored' FROM n`,
      );
      await worker.scheduled();
      await entry.taken();
      await daily();
      await act.admin("GET", "/metrics");
      rows.push((await entry.taken()).map(({ rowsRead }) => rowsRead));
    }
    assert.deepEqual(rows[1], rows[0]);
  });

  test("say when a database will be full", async () => {
    await worker.scheduled();
    const before = (await daily()).databases;
    assert.deepEqual(
      before.map(({ name, fullOn }) => [name, fullOn]),
      worker.homes.map((_, home) => [home === 0 ? "DB" : `DB_${home}`, null]),
    );
    const { bytes, limitBytes } = before[0];
    await worker.sql(
      "INSERT INTO daily_figures VALUES (date('now', '-10 days'), 'database_bytes:DB', ?)",
      bytes - 10_000,
    );
    const days = Math.floor((limitBytes - bytes) / 1_000);
    const fullOn = new Date(Date.now() + days * DAY).toISOString().slice(0, 10);
    assert.equal((await daily()).databases[0].fullOn, days < 1_000_000 ? fullOn : null);
  });
});

test("the alarms of the last week are also those that a request raised, whatever isolate answered it", async () => {
  await act.register(ada);
  await act.custodian(ada, "GDRIVE-SECP256K1", "c1");
  await worker.sql("UPDATE custodian_backup_shares SET sealed_share = 'AAAA'");
  assert.equal((await act.fetchCustodian(ada)).status, 500);
  for (let left = 200; ; left -= 1) {
    const { alarms } = await daily();
    if (alarms.some(({ message, count }) => message === "request: internal" && count === 1)) break;
    assert.ok(left > 0, JSON.stringify(alarms));
    await sleep(25);
  }
});

describe("GET /metrics", () => {
  const text = async () => {
    const answer = await act.admin("GET", "/metrics");
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers.get("content-type"), /^application\/openmetrics-text; version=1\.0\.0/);
    return answer.text;
  };

  test("gives the figures of the last run", async () => {
    await act.register(ada, bob);
    await act.custodian(ada, "GDRIVE-SECP256K1", "c1");
    await worker.scheduled();
    const lines = (await text()).split("\n");
    assert.ok(lines.includes("portal_backup_users 2"), lines.join("\n"));
    assert.ok(lines.includes("portal_backup_shares 1"));
    assert.ok(lines.includes('portal_backup_key_shares{key="k1",current="true"} 1'));
    assert.ok(lines.includes('portal_backup_events_total{action="register_user",outcome="registered"} 2'));
    assert.ok(lines.some((line) => /^portal_backup_database_bytes\{database="DB"\} \d+$/.test(line)));
  });

  test("says nothing more of a key that no share is sealed with", async () => {
    await worker.sql("INSERT INTO daily_figures VALUES (date('now'), 'key_shares:gone', 5)");
    await worker.scheduled();
    assert.doesNotMatch(await text(), /gone/);
  });

  test("never falls: counters go on from run to run", async () => {
    await act.register(ada);
    await worker.scheduled();
    await act.register(bob);
    await worker.scheduled();
    assert.match(await text(), /portal_backup_events_total\{action="register_user",outcome="registered"\} 2\n/);
  });

  test("is OpenMetrics, before the first run too", { skip: noParser }, async () => {
    for (const run of [false, true]) {
      if (run) {
        await act.register(ada);
        await worker.scheduled();
      }
      const program =
        "import sys\nfrom prometheus_client.openmetrics.parser import text_string_to_metric_families as parse\nprint(len(list(parse(sys.stdin.read()))))";
      const families = Number(
        execFileSync(prometheusPython, ["-c", program], { input: await text(), encoding: "utf8" }),
      );
      assert.ok(families >= 3, String(families));
    }
  });
});
