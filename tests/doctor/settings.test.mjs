// npm run doctor, against Workers whose settings are wrong, or other than the defaults.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";

import { parseDevVars } from "../../scripts/lib/dev-vars.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { HELD, doctorWith, examined, start } from "../support/doctor.mjs";
import { startFakePortal } from "../support/fake-portal.mjs";
import { startWorker } from "../support/harness.mjs";

describe("npm run doctor, against a Worker with other settings", () => {
  let worker;
  afterEach(async () => {
    await worker?.stop();
    worker = undefined;
  });
  const workerWith = async (options) => (worker = await startWorker(options)).url;

  it("sees that a setting is missing", async () => {
    const url = await workerWith({ secrets: { SHARE_ENCRYPTION_KEYS: null } });
    const { code, of } = await examined(url, "--env", "staging");
    assert.equal(code, 1);
    assert.equal(of("alive").status, "ok");
    assert.match(of("ready").note, /503 misconfigured/);
    assert.match(of("ready").advice, /SHARE_ENCRYPTION_KEYS[\s\S]*wrangler secret list --env staging/);
    assert.match((await examined(url)).of("ready").advice, /SHARE_ENCRYPTION_KEYS[\s\S]*\.dev\.vars/);
  });

  it("sees that the example's values were left as they are", async () => {
    const example = parseDevVars(readFileSync(inRoot(".dev.vars.example"), "utf8"));
    for (const [name, value] of Object.entries(example)) {
      const { of } = await examined(await workerWith({ secrets: { [name]: value } }));
      assert.match(of("ready").note, /503 misconfigured/, name);
      await worker.stop();
    }
    worker = undefined;
  });

  it("sees that the operator API has no token", async () => {
    const url = await workerWith({ secrets: { ADMIN_TOKEN: null } });
    const { code, of } = await examined(url);
    assert.equal(code, 1);
    assert.match(of("operator gate").advice, /ADMIN_TOKEN/);
  });

  it("sees that the database was not migrated", async () => {
    const { code, of } = await examined(await workerWith({ migrate: false }), "--env", "staging");
    assert.equal(code, 1);
    assert.match(of("ready").advice, /d1 migrations apply DB --remote --env staging/);
  });

  it("takes Portal's allowlist for what it is, and tries the rest", async () => {
    const { code, outcome, of } = await examined(await workerWith({ vars: { PORTAL_IP_ALLOWLIST: "35.203.150.117" } }));
    assert.equal(code, 0, JSON.stringify(outcome));
    assert.match(of("webhook gate").note, /PORTAL_IP_ALLOWLIST/);
    assert.equal(of("webhook").status, "skipped");
    assert.match(of("webhook").advice, /add this machine's address/);
    for (const id of ["store", "recover", "client gate", "state", "clear up"]) assert.equal(of(id).status, "ok", id);
  });

  it("says how to tell it of another FETCH_SUPERSEDED, and then expects that", async () => {
    const url = await workerWith({ vars: { FETCH_SUPERSEDED: "never" } });
    const { code, of } = await examined(url);
    assert.equal(code, 1);
    assert.match(of("half-finished").advice, /FETCH_SUPERSEDED/);
    const told = await doctorWith({ FETCH_SUPERSEDED: "never" }, url);
    assert.equal(told.code, 0, told.said);
  });

  it("goes along with FETCH_SUPERSEDED = always, and then expects the older shares too", async () => {
    const url = await workerWith({ vars: { FETCH_SUPERSEDED: "always" } });
    const told = await doctorWith({ FETCH_SUPERSEDED: "always" }, url);
    assert.equal(told.code, 0, told.said);
    await worker.stop();
    const other = await doctorWith({ FETCH_SUPERSEDED: "always" }, await workerWith({}));
    assert.equal(other.code, 1, other.said);
    assert.match(other.said, /✗ Once the re-backup is finished/);
  });

  it("skips the app's part where it cannot make the app's token", async () => {
    const url = await workerWith({
      vars: { CLIENT_AUTH: "portal" },
      outbound: () => new Response("{}", { status: 401 }),
    });
    const { code, of } = await examined(url);
    assert.equal(code, 1);
    assert.match(of("store").advice, /CLIENT_AUTH=jwt npm run doctor/);
    const told = await doctorWith({ CLIENT_AUTH: "portal" }, url);
    assert.equal(told.code, 0, told.said);
    assert.match(told.said, /– The app stores its cipher text[\s\S]*DOCTOR_CLIENT_TOKEN/);
    assert.match(told.said, /✓ Portal backs up both curves/);
  });

  it("tries everything with the token of a test user, for CLIENT_AUTH = portal", async () => {
    const portal = await startFakePortal();
    try {
      const url = await workerWith({ vars: { CLIENT_AUTH: "portal" }, outbound: portal.outbound });
      const { id, clientSessionToken } = portal.makeClient({});
      const told = await doctorWith(
        { CLIENT_AUTH: "portal", DOCTOR_CLIENT_TOKEN: clientSessionToken },
        url,
        "--client-id",
        id,
      );
      assert.equal(told.code, 0, told.said);
      assert.match(told.said, /\d+ checks passed\.\n/);
      assert.deepEqual(await worker.sql("SELECT COUNT(*) AS n FROM users"), [{ n: 0 }]);
    } finally {
      await portal.stop();
    }
  });

  it("says when what it made is erased, where a purge waits as it does by default", async () => {
    const url = await workerWith({ vars: { PURGE_DELAY_HOURS: null } });
    const { code, of } = await examined(url);
    assert.equal(code, 0);
    assert.equal(of("clear up").status, "ok");
    const [{ purge_at }] = await worker.sql("SELECT min(purge_at) AS purge_at FROM purges");
    assert.match(of("clear up").note, /^Deleted; erased for good at \d{4}-\S+Z \(PURGE_DELAY_HOURS\)/);
    assert.ok(of("clear up").note.includes(purge_at));
  });

  it("deletes what it made, and says that the erasing waits, where FOUR_EYES holds purges", async () => {
    const url = await workerWith({ vars: { FOUR_EYES: "purge" } });
    const { code, outcome, of } = await examined(url);
    assert.equal(code, 0, JSON.stringify(outcome));
    assert.match(of("clear up").note, /^Deleted; the erasing for good waits for a second operator's approval/);
    assert.deepEqual(await worker.sql("SELECT COUNT(*) AS n FROM users"), [{ n: 0 }]);
    assert.ok((await worker.sql("SELECT COUNT(*) AS n FROM deleted_users"))[0].n > 0, "they can be restored");
  });

  it("takes the secrets and settings from --vars, so that none has to stand in a shell's history", async () => {
    const dir = mkdtempSync(join(tmpdir(), "doctor-test-"));
    try {
      const file = join(dir, "secrets.env");
      const lines = { ...HELD, FETCH_SUPERSEDED: "never" };
      writeFileSync(
        file,
        Object.entries(lines)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(""),
      );
      const url = await workerWith({ vars: { FETCH_SUPERSEDED: "never" } });
      const told = await start([url, "--vars", file], {}).ended;
      assert.equal(told.code, 0, told.said);
      const leftOver = { ADMIN_TOKEN: "the-shell-still-has-this-of-staging-0123456789", FETCH_SUPERSEDED: "always" };
      assert.equal((await start([url, "--vars", file], leftOver).ended).code, 0, "the file wins over the environment");
      assert.equal((await start([url, "--vars", join(dir, "nowhere")], {}).ended).code, 2);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it("erases the unknown client too where unknown clients are registered", async () => {
    const { code, of } = await examined(await workerWith({ vars: { UNKNOWN_CLIENTS: "register" } }));
    assert.equal(code, 0);
    assert.equal(of("unknown client").status, "ok");
    assert.deepEqual(await worker.sql("SELECT COUNT(*) AS n FROM users"), [{ n: 0 }]);
  });
});
