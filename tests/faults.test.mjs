// A D1 that fails, in every way that D1 does: never 2xx unless committed, and never a doubt what is stored.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { backups, snapshot } from "./support/backup.mjs";
import { assertProblem, user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";
import { inRoot } from "../scripts/lib/paths.mjs";

const worker = await startWorker({ main: inRoot("tests", "support", "faulty-entry.mjs") });
const entry = await worker.entry();
const wallet = backups(worker);
const ada = user("ada");
let tags = 0;

/** Faults with a tag of their own, so that `attempts` counts only theirs. */
const faults = (plan, then) => ({ tag: `faults ${++tags}`, plan, then });
const attempts = async ({ tag }) => (await entry.met(tag)).length;

/** The four routes that a wallet depends on, and what each answers when all is well. */
const ROUTES = {
  "a custodian share is stored": {
    status: 204,
    action: "store_custodian_share",
    request: (options) => wallet.storeCustodian(ada, "GDRIVE-SECP256K1", "c2", options),
  },
  "custodian shares are fetched": {
    status: 200,
    action: "fetch_custodian_shares",
    request: (options) => wallet.fetchCustodian(ada, options),
  },
  "a cipher text is stored": {
    status: 200,
    action: "store_user_share",
    request: (options) => wallet.storeCipherText(ada, "GDRIVE", "u2", options),
  },
  "a cipher text is fetched": {
    status: 200,
    action: "fetch_user_share",
    request: (options) => wallet.fetchCipherText(ada, { backupMethod: "GDRIVE" }, options),
  },
};
const LIMITERS_DO = ["fail", "hang"];
const STORES = ["a custodian share is stored", "a cipher text is stored"];

after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await wallet.register(ada);
  await wallet.custodian(ada, "GDRIVE-SECP256K1", "c1");
  await wallet.cipherText(ada, "GDRIVE", "u1");
});

const events = async (action) =>
  (await worker.sql("SELECT outcome FROM audit_events WHERE action = ? ORDER BY id", action)).map((row) => row.outcome);
const history = async () => (await worker.sql("SELECT kind FROM backup_share_versions")).map((row) => row.kind);

for (const [what, { status, action, request }] of Object.entries(ROUTES)) {
  test(`${what} in one batch`, async () => {
    const plan = faults([]);
    assert.equal((await request({ faults: plan })).status, status);
    assert.equal(await attempts(plan), 1);
  });

  test(`${what} although the connection is lost once, or twice`, async () => {
    for (const lost of [["fail"], ["fail", "fail"]]) {
      const before = (await events(action)).length;
      const plan = faults(lost);
      assert.equal((await request({ faults: plan })).status, status);
      assert.equal(await attempts(plan), lost.length + 1);
      assert.equal((await events(action)).length, before + 1, "one audit event");
    }
  });

  for (const limiters of LIMITERS_DO) {
    test(`${what} although the rate limiters ${limiters}`, async () => {
      assert.equal((await request({ faults: { ...faults([]), limiters } })).status, status);
    });
  }

  test(`${what} not, where D1 always fails: 503, and nothing has changed`, async () => {
    const before = await snapshot(worker);
    const plan = faults([], "fail");
    assertProblem(await request({ faults: plan }), 503, "unavailable");
    assert.deepEqual(await snapshot(worker), before);
    assert.equal(await attempts(plan), 3);
  });

  test(`${what} once, where the answer of a commit is lost: the retry changes nothing`, async () => {
    const before = (await events(action)).length;
    assert.equal((await request({ faults: faults(["commit-then-fail", "commit-then-fail"]) })).status, status);
    const after = await events(action);
    assert.equal(after.length, before + 1, "one audit event");
    assert.ok(!after.includes("unchanged"), "the event tells what the first attempt did");
    if (!STORES.includes(what)) return;
    assert.equal((await history()).length, 1, "one version");
  });

  test(`${what} wholly or not at all, wherever in the batch D1 breaks off`, async () => {
    const probe = faults([]);
    await request({ faults: probe });
    const [{ statements }] = await entry.met(probe.tag);
    const before = await snapshot(worker);
    for (let breakAt = 0; breakAt <= statements; breakAt++) {
      const answer = await request({ faults: faults([], { breakAt }) });
      assert.ok(answer.status >= 500, `broken at ${breakAt}: ${answer.status} ${answer.text}`);
      assert.deepEqual(await snapshot(worker), before, `broken at ${breakAt}`);
    }
  });
}

test("what D1 does not call transient is not tried again: overload is not hammered", async () => {
  for (const error of [
    "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
    "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
    "D1_ERROR: D1 DB exceeded its memory limit and was reset.",
    "D1_ERROR: D1 DB exceeded its CPU time limit and was reset.",
    "D1_ERROR: no such table: users: SQLITE_ERROR",
    "",
  ]) {
    const before = await snapshot(worker);
    const plan = faults([], { error });
    assertProblem(await wallet.storeCustodian(ada, "GDRIVE-SECP256K1", "c2", { faults: plan }), 503, "unavailable", {
      what: error,
    });
    assert.equal(await attempts(plan), 1, error);
    assert.deepEqual(await snapshot(worker), before, error);
  }
});

test("every error that D1 documents as transient is tried again", async () => {
  for (const error of [
    "D1_ERROR: Network connection lost.",
    "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
    "D1_ERROR: D1 DB reset because its code was updated.",
    "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
    "D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.",
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
  ]) {
    const plan = faults([{ error }]);
    assert.equal(
      (await wallet.storeCustodian(ada, "GDRIVE-SECP256K1", `c ${error}`, { faults: plan })).status,
      204,
      error,
    );
    assert.equal(await attempts(plan), 2, error);
  }
});

for (const what of STORES) {
  test(`${what}, but the answer is lost and D1 fails from then on: the 503 says so, and the request may come again`, async () => {
    const { action, request, status } = ROUTES[what];
    for (const plan of [["commit-then-fail"], ["fail", "commit-then-fail"]]) {
      const before = (await events(action)).length;
      const answer = await request({ faults: faults(plan, "fail") });
      assertProblem(answer, 503, "unavailable");
      assert.match(answer.body.detail, /^The request may have been carried out/);
      assert.equal((await events(action)).length, before + 1, "it was carried out");
      assert.equal((await request()).status, status);
      assert.equal((await history()).length, 1, "one version");
    }
  });

  test(`${what} not, where D1 says that it did nothing: the 503 says so`, async () => {
    for (const error of [
      "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
      "D1_ERROR: database is locked: SQLITE_BUSY",
    ]) {
      const answer = await ROUTES[what].request({ faults: faults([], { error }) });
      assertProblem(answer, 503, "unavailable");
      assert.match(answer.body.detail, /^The request was not carried out/, error);
    }
  });
}

test("a database that stays locked is 503 within the deadline, and nothing has changed", async () => {
  const before = await snapshot(worker);
  const plan = faults([], { error: "D1_ERROR: database is locked: SQLITE_BUSY" });
  const start = performance.now();
  assertProblem(await wallet.storeCustodian(ada, "GDRIVE-SECP256K1", "c2", { faults: plan }), 503, "unavailable");
  assert.ok(performance.now() - start < 10_000, "Portal waits for 10 s");
  assert.ok((await attempts(plan)) > 3);
  assert.deepEqual(await snapshot(worker), before);
});

test("a retry does not displace a share that came after the attempt whose answer was lost", async () => {
  for (const [store, current] of [
    [(text, options) => wallet.storeCustodian(ada, "GDRIVE-SECP256K1", text, options), "custodian_backup_shares"],
    [(text, options) => wallet.storeCipherText(ada, "GDRIVE", text, options), "user_backup_shares"],
  ]) {
    const plan = faults(["commit-then-fail", "hold"]);
    const slow = store("slow", { faults: plan });
    while ((await attempts(plan)) < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok((await store("newer")).status < 300);
    const [{ id }] = await worker.sql(`SELECT id FROM ${current}`);
    await entry.release(plan.tag);
    assert.ok((await slow).status < 300);
    assert.deepEqual(await worker.sql(`SELECT id FROM ${current}`), [{ id }]);
  }
  assert.deepEqual(await wallet.fetched(ada), ["newer"]);
  assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "newer");
});

test("the restore of a version, sent again after a lost answer, does not displace a share that came since", async () => {
  await wallet.custodian(ada, "GDRIVE-SECP256K1", "c2");
  const [{ id: versionId }] = await wallet.history(ada);
  const plan = faults(["pass", "commit-then-fail", "hold"]);
  const restoring = wallet.admin(
    "POST",
    `${wallet.path(ada)}/backups/restore`,
    { versionId },
    wallet.init({ faults: plan }),
  );
  while ((await attempts(plan)) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  await wallet.custodian(ada, "GDRIVE-SECP256K1", "c3");
  await entry.release(plan.tag);
  await restoring;
  assert.ok((await wallet.fetched(ada)).includes("c3"));
  assert.equal(
    (
      await worker.sql(
        "SELECT * FROM custodian_backup_shares WHERE updated_at > (SELECT max(stored_at) FROM backup_share_versions)",
      )
    ).length,
    1,
  );
});

test("a user deleted while its webhook is under way: 404, nothing is stored, and what was there is kept", async () => {
  const plan = faults(["hold"], "hold");
  const storing = wallet.storeCustodian(ada, "GDRIVE-SECP256K1", "c2", { faults: plan });
  while ((await attempts(plan)) < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await wallet.deleteUser(ada);
  await entry.release(plan.tag);
  assertProblem(await storing, 404, "unknown_client");
  await wallet.restoreUser(ada);
  assert.deepEqual(await wallet.fetched(ada), ["c1"]);
  assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "u1");
});

test("operators' work is as safe: after a lost answer, each is done once", async () => {
  const work = {
    register_user: () =>
      wallet.admin("POST", "/users", user("bob"), wallet.init({ faults: faults(["commit-then-fail"]) })),
    replace_client_api_key: () =>
      wallet.admin(
        "PUT",
        "/users/user-bob/client-api-key",
        { clientApiKey: "another-key" },
        wallet.init({ faults: faults(["commit-then-fail"]) }),
      ),
    delete_user: () =>
      wallet.admin("DELETE", "/users/user-bob", undefined, wallet.init({ faults: faults(["commit-then-fail"]) })),
    restore_user: () =>
      wallet.admin(
        "POST",
        "/users/user-bob/restore",
        undefined,
        wallet.init({ faults: faults(["pass", "commit-then-fail"]) }),
      ),
    open_eject: () =>
      wallet.admin("POST", "/users/user-bob/eject", undefined, wallet.init({ faults: faults(["commit-then-fail"]) })),
    purge_user: () =>
      wallet.admin(
        "DELETE",
        "/users/user-bob?purge=client-bob",
        undefined,
        wallet.init({ faults: faults(["commit-then-fail"]) }),
      ),
  };
  for (const [action, request] of Object.entries(work)) {
    const { status, text } = await request();
    assert.ok(status < 300, `${action}: ${text}`);
    const rows = await worker.sql("SELECT outcome FROM audit_events WHERE action = ? AND user_id = 'user-bob'", action);
    assert.equal(rows.length, 1, action);
  }
});

test("a refused credential stays refused where D1 fails, and is not said to be a fault", async () => {
  const answer = await worker.send("POST", "/webhook/backup", {
    body: {},
    headers: { "x-webhook-secret": "wrong", "x-test-faults": JSON.stringify(faults([], "fail")) },
  });
  assertProblem(answer, 401, "unauthorized");
});

test("maintenance that meets a failing D1 says so, does the rest, and catches up at the next run", async () => {
  await entry.planScheduled({ then: "fail" });
  await worker.scheduled();
  const failed = worker.logLines().filter((line) => line.message === "maintenance step failed");
  const steps = ["copy", "scrub", "purge", "purge users", "canary", "metrics"];
  if (worker.homes.length > 1) steps.push("moves", "homes");
  // Several homes have their turns at the same time.
  const lines = failed.map(({ level, step }) => `${level} ${step}`);
  assert.deepEqual(lines.sort(), worker.homes.flatMap(() => steps.map((step) => `error ${step}`)).sort());
  await entry.planScheduled({});
  worker.clearLogs();
  await worker.scheduled();
  assert.deepEqual(
    worker.logLines().filter((line) => line.level === "error"),
    [],
  );
  assert.equal((await wallet.admin("GET", "/admin/status")).body.scrub.checked, 2);
});

test("where D1 never answers, every request is told so within the 10 s that Portal waits, after attempts that are bounded", async () => {
  const timed = async (request) => {
    const start = performance.now();
    const answer = await request;
    return { ...answer, seconds: (performance.now() - start) / 1000 };
  };
  const bob = user("bob");
  await wallet.register(bob);
  await wallet.deleteUser(bob);
  // What takes its time is done once, all at the same time.
  const plans = Object.keys(ROUTES).map(() => faults([], "hang"));
  const lateOne = faults(["late"]);
  const twoBatches = faults(["hang", "pass"], "hang");
  const [late, restoration, ...answers] = await Promise.all([
    timed(wallet.storeCustodian(ada, "LATE", "late", { faults: lateOne })),
    timed(wallet.admin("POST", `${wallet.path(bob)}/restore`, undefined, wallet.init({ faults: twoBatches }))),
    ...Object.values(ROUTES).map(({ request }, index) => timed(request({ faults: plans[index] }))),
  ]);
  for (const [index, { seconds, ...problem }] of [...answers, restoration].entries()) {
    const what = Object.keys(ROUTES)[index] ?? "a request of two batches";
    assertProblem(problem, 503, "unavailable", { what });
    assert.ok(seconds < 10, `${what}: ${seconds} s`);
  }
  for (const plan of plans) {
    const count = await attempts(plan);
    assert.ok(count >= 2 && count <= 3, `${count} attempts`);
  }
  // The first attempt of the late one was given up and ends now: its retry has been carried out.
  await entry.release(lateOne.tag);
  assert.equal(late.status, 204);
  assert.equal((await worker.sql("SELECT id FROM custodian_backup_shares WHERE backup_method = 'LATE'")).length, 1);
  assert.deepEqual(await history(), []);
});

for (const limiters of LIMITERS_DO) {
  test(`a wrong credential stays wrong although the rate limiters ${limiters}`, async () => {
    const who = { ...ada, clientApiKey: "wrong" };
    const options = { faults: { ...faults([]), limiters } };
    assertProblem(await wallet.fetchCipherText(who, { backupMethod: "GDRIVE" }, options), 401, "unauthorized");
    const headers = { "x-webhook-secret": "wrong", "x-test-faults": JSON.stringify(options.faults) };
    const body = { clientId: ada.clientId };
    assertProblem(await worker.send("POST", "/webhook/backup/fetch", { headers, body }), 401, "unauthorized");
  });
}
