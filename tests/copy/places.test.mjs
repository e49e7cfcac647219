// Homes in places: each is copied into a bucket of its own place, and rebuilt out of that.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { backups } from "../support/backup.mjs";
import { runScript } from "../support/cli.mjs";
import { assertProblem, user } from "../support/client.mjs";
import { doctor } from "../support/doctor.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

const HOMES = { homes: 3, vars: { HOME_PLACES: "1=eu,2=us-east" } };
const withBuckets =
  (...bindings) =>
  (config) => ({
    ...config,
    r2_buckets: bindings.map((binding) => ({
      binding,
      bucket_name: `portal-backup-${binding.toLowerCase().replaceAll("_", "-")}`,
    })),
    d1_databases: [
      ...config.d1_databases,
      {
        binding: "REBUILD",
        database_name: "portal-backup-rebuilt",
        database_id: "00000000-0000-0000-0000-000000000099",
        migrations_dir: inRoot("migrations"),
      },
    ],
  });

async function namesIn(bucket, prefix) {
  const { objects } = await bucket.list({ prefix });
  return objects.map(({ key }) => key);
}

describe("homes with a place", () => {
  const ALL = ["COPY", "COPY_EU", "COPY_US_EAST"];
  const home = { COPY: 0, COPY_EU: 1, COPY_US_EAST: 2 };
  let worker;
  let of;
  let env;
  let dir;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "portal-backup-places-"));
    worker = await startWorker({ ...HOMES, config: withBuckets(...ALL) });
    of = backups(worker);
    env = await worker.bindings();
    for (const number of [0, 1, 2]) {
      const who = user(`in${number}`);
      const { status, text } = await of.admin("POST", "/users", { ...who, home: number });
      assert.equal(status, 201, text);
      await of.custodian(who, "GDRIVE-SECP256K1", `custodian ${number}`);
      await of.cipherText(who, "GDRIVE", `cipher text ${number}`);
    }
    await worker.scheduled({ cron: "* * * * *" });
  });
  after(async () => {
    await worker?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("are copied into the bucket of their place, and into no other", async () => {
    for (const binding of ALL) {
      const names = await namesIn(env[binding], "c1/");
      assert.ok(names.length >= 3, binding);
      assert.deepEqual(
        names.filter((name) => !name.startsWith(`c1/${home[binding]}/`)),
        [],
        binding,
      );
      assert.deepEqual(await namesIn(env[binding], "head/"), [`head/${home[binding]}`]);
    }
  });

  it("are rebuilt out of the bucket of their place", async () => {
    for (const number of ["1", "2"]) {
      const args = ["--home", number, "--check", "--into", "REBUILD", "--url", String(worker.url)];
      const { code, stderr } = await runScript("rebuild", [...args, "--resume", join(dir, "state.json")], {
        env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN },
      });
      assert.equal(code, 0, stderr);
      const { results } = await env.REBUILD.prepare("SELECT id FROM users").all();
      assert.deepEqual(results, [{ id: `user-in${number}` }]);
      for (const table of ["custodian_backup_shares", "user_backup_shares", "users"])
        await env.REBUILD.prepare(`DELETE FROM ${table}`).run();
      await env.REBUILD.prepare("DELETE FROM meta WHERE name <> 'schema_version'").run();
    }
  });

  it("hold what the doctor stores, whichever home its user is in", async () => {
    const { code, said } = await doctor(worker.url);
    assert.equal(code, 0, said);
    assert.match(said, /second copy/);
  });

  it("are told together by GET /admin/status, and each by itself", async () => {
    await worker.homes[2].prepare("INSERT INTO changes (at, user_id, what) VALUES ('2026', 'nobody', 'removed')").run();
    const status = async (query) =>
      (await worker.send("GET", `/admin/status${query}`, { bearer: SECRETS.ADMIN_TOKEN })).body.copy;
    assert.equal((await status("")).pending, 1);
    assert.equal((await status("?home=2")).pending, 1);
    assert.equal((await status("?home=1")).pending, 0);
    const sum = (await Promise.all([0, 1, 2].map((home) => status(`?home=${home}`)))).map(({ objects }) => objects);
    assert.equal((await status("")).objects, sum[0] + sum[1] + sum[2]);
  });

  it("have the escrow of the keys in each bucket", async () => {
    const recipient = await identityToRecipient(await generateX25519Identity());
    const { code, stderr } = await runScript(
      "keys",
      ["escrow", "--recipient", recipient, "--url", String(worker.url)],
      { env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS: SECRETS.SHARE_ENCRYPTION_KEYS } },
    );
    assert.equal(code, 0, stderr);
    for (const binding of ALL) assert.deepEqual(await namesIn(env[binding], "keys/"), ["keys/index", "keys/k1.age"]);
  });
});

describe("a place without a bucket", () => {
  for (const [buckets, field] of [
    [["COPY", "COPY_EU"], "HOME_PLACES"],
    [["COPY_EU", "COPY_US_EAST"], "COPY"],
  ]) {
    it(`stops the service, and nothing is stored, where only ${buckets.join(" and ")} are bound`, async () => {
      const worker = await startWorker({ ...HOMES, config: withBuckets(...buckets) });
      try {
        const { portal } = backups(worker);
        const share = { clientId: "client-1", backupMethod: "GDRIVE-SECP256K1", share: "a share" };
        assertProblem(await portal("/webhook/backup", share), 503, "misconfigured");
        const env = await worker.bindings();
        for (const binding of buckets) assert.deepEqual(await namesIn(env[binding], ""), []);
        const { status, text } = await worker.send("GET", "/readyz");
        assert.equal(status, 503);
        assert.ok(text.includes(field) || worker.logLines().some((line) => JSON.stringify(line).includes(field)), text);
      } finally {
        await worker.stop();
      }
    });
  }
});
