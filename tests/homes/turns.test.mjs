// Whose turn it is in the background, where there are many homes.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { callers, user } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

const EVERY_MINUTE = "* * * * *";

describe("the turns of many homes", () => {
  let worker;
  before(async () => {
    worker = await startWorker({
      homes: 3,
      main: inRoot("tests", "support", "faulty-entry.mjs"),
      vars: { UNKNOWN_CLIENTS: "register" },
    });
    // Nothing that has to do with moves works in home 0.
    await worker.homes[0].prepare("ALTER TABLE moves RENAME TO lost_moves").run();
  });
  after(() => worker?.stop());

  const all = async (sql) => (await worker.directory.prepare(sql).all()).results;
  const seen = async () =>
    (await all("SELECT home FROM homes WHERE seen_at IS NOT NULL ORDER BY home")).map(({ home }) => home);

  it("go round although one of them cannot be served to its end", async () => {
    for (let minute = 0; minute < 3; minute++) await worker.scheduled({ cron: EVERY_MINUTE });
    assert.deepEqual(await seen(), [1, 2]);
  });

  it("are noted when they are given, to the one that waited longest", async () => {
    await worker.directory.prepare("UPDATE homes SET turn_at = '2026-01-0' || (9 - home)").run();
    const [{ turn_at: before }] = await all("SELECT turn_at FROM homes WHERE home = 2");
    await worker.scheduled({ cron: EVERY_MINUTE });
    const turns = await all("SELECT home, turn_at FROM homes ORDER BY turn_at DESC");
    assert.equal(turns[0].home, 2);
    assert.ok(turns[0].turn_at > before);
  });

  it("are all given at once by any other trigger", async () => {
    await worker.directory.prepare("UPDATE homes SET turn_at = NULL").run();
    await worker.scheduled();
    assert.equal((await all("SELECT home FROM homes WHERE turn_at IS NOT NULL")).length, 3);
  });

  it("tell whom a new user does not go to: a home that the background has not lately seen", async () => {
    const { admin } = callers(worker);
    await worker.directory
      .prepare("UPDATE homes SET seen_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', iif(home = 1, '0 hours', '-1 hour'))")
      .run();
    for (let n = 0; n < 12; n++) {
      const made = await admin("POST", "/users", user(`new${n}`));
      assert.equal(made.status, 201, made.text);
    }
    assert.equal((await worker.homes[1].prepare("SELECT count(*) AS n FROM users").first()).n, 12);
  });

  const standsSince = async (at, headers) => {
    const { admin } = callers(worker);
    await worker.directory
      .prepare("UPDATE homes SET seen_at = iif(home = 2, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))")
      .bind(at)
      .run();
    worker.clearLogs();
    const { status, body } = await admin("GET", "/readyz", undefined, { headers });
    assert.equal(status, 200);
    const alarms = worker.logLines().filter(({ level, binding }) => level === "error" && binding);
    return {
      told: (body.warnings ?? []).filter((text) => /schedule/.test(text)),
      alarms: alarms.map(({ message, since, binding }) => [message, since, binding]),
    };
  };
  const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

  it("are an alarm where one home has had none for an hour, though the others have", async () => {
    const at = ago(65);
    const { told, alarms } = await standsSince(at);
    assert.equal(told.length, 1);
    assert.ok(told[0].includes(`has not run since ${at} in DB_2.`), told[0]);
    assert.deepEqual(alarms, [["the schedule has not run for an hour", at, "DB_2"]]);
    assert.deepEqual(await standsSince(ago(5)), { told: [], alarms: [] });
  });

  it("are said to be missing because the home does not answer, where that is so", async () => {
    const at = ago(65);
    const { told, alarms } = await standsSince(at, {
      "x-test-faults": JSON.stringify({ tag: "down", home: 2, then: "fail" }),
    });
    assert.equal(told.length, 1);
    assert.ok(told[0].includes(`has not run since ${at} in DB_2.`), told[0]);
    assert.match(told[0], /The database does not answer/);
    assert.doesNotMatch(told[0], /crons/);
    assert.deepEqual(alarms, [["a database does not answer", at, "DB_2"]]);
  });
});
