// kill -9 of workerd in the midst of writes, and then its database is deleted: what was acknowledged comes back out of the bucket.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { unstable_readConfig as readConfig } from "wrangler";

import { migrateLocal, persistDir } from "../../scripts/lib/d1.mjs";
import { readDevVars, writeDevVars } from "../../scripts/lib/dev-vars.mjs";
import { devVarsFile, inRoot, isWindows, wranglerConfig } from "../../scripts/lib/paths.mjs";
import { serveDev } from "../../scripts/lib/serve.mjs";
import { runScript } from "../support/cli.mjs";
import { freePort, killWorkerd } from "../support/kill.mjs";

const WRITES = Number(process.env.COPY_KILL_WRITES ?? 600);
const KILL_AFTER = Math.floor(WRITES / 2); // acknowledgements
const AT_ONCE = 8;
const USERS = 8;

writeDevVars(); // npm test has done so; for a run by hand
const secrets = readDevVars();
const client = (index) => ({ id: `user-${index}`, clientId: `client-${index}`, clientApiKey: `key-${index}` });
const text = (n) => `share ${n} ${"x".repeat(2_000)}`;
const who = (n) => client(n % USERS);
const method = (n) => `METHOD-${Math.floor(n / USERS / 2) % 7}`;
const pair = (n) => `p${n}`;

test("kill -9 between commit and copy, and the loss of the database behind it, lose nothing that was acknowledged", {
  skip: isWindows && "SKIPPED: no kill -9 on Windows",
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "portal-backup-copy-kill-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = copiedConfig(folder);
  await migrateLocal({ persistTo: folder });

  let server = await serve(t, folder, config);
  for (let index = 0; index < USERS; index++)
    assert.equal((await admin(server, "POST", "/users", client(index))).status, 201);
  const acknowledged = [];
  let next = 0;
  let killed = false;
  const writer = async () => {
    while (next < WRITES && !killed) {
      const n = next++;
      try {
        if ((await store(server, n)) && !killed) acknowledged.push(n);
      } catch {
        // The connection broke: not acknowledged.
      }
      if (acknowledged.length >= KILL_AFTER && !killed) {
        killed = true;
        await killWorkerd(server);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, writer));
  assert.ok(killed, `killed after ${acknowledged.length} acknowledgements`);
  await server.stop();

  rmSync(join(persistDir(folder), "v3", "d1"), { recursive: true });
  await migrateLocal({ persistTo: folder });
  server = await serve(t, folder, config);
  assert.equal((await admin(server, "GET", "/users")).body.users.length, 0);
  const rebuilt = await runScript(
    "rebuild",
    ["--into", "DB", "--url", server.url, "--resume", join(folder, "state.json"), "--parallel", "8"],
    { env: { ADMIN_TOKEN: secrets.ADMIN_TOKEN } },
  );
  assert.equal(rebuilt.code, 0, rebuilt.stderr);

  const stored = new Set();
  for (let index = 0; index < USERS; index++) {
    const { id, clientId } = client(index);
    const fetched = await send(
      server,
      "POST",
      "/webhook/backup/fetch",
      { clientId },
      { "x-webhook-secret": secrets.WEBHOOK_SECRET },
    );
    for (const share of fetched.body.backupShares) stored.add(share);
    const { versions } = (await admin(server, "GET", `/users/${id}/backups/history`)).body;
    for (const version of versions) stored.add(version.backupSharePairId);
    const { backups } = (await admin(server, "GET", `/users/${id}/backups`)).body;
    for (const { backupMethod, userShareAt } of backups) {
      if (!userShareAt) continue;
      const path = `/users/${id}/user-backup-share?backupMethod=${backupMethod}`;
      stored.add(
        (await send(server, "GET", path, undefined, { authorization: `Bearer ${client(index).clientApiKey}` })).body
          .cipherText,
      );
    }
  }
  // A superseded one is told by its pair: that it opens, the rebuild has looked.
  for (const n of acknowledged)
    assert.ok(stored.has(text(n)) || stored.has(pair(n)), `write ${n} was acknowledged, and is gone`);
});

/** wrangler.toml with a bucket, beside its own secrets. */
function copiedConfig(folder) {
  const { name, compatibility_date, vars, ratelimits, d1_databases } = readConfig(
    { config: wranglerConfig },
    { hideWarnings: true },
  );
  const file = join(folder, "wrangler.json");
  copyFileSync(devVarsFile, join(folder, ".dev.vars"));
  writeFileSync(
    file,
    JSON.stringify({
      name,
      main: inRoot("src", "entry.js"),
      compatibility_date,
      vars: { ...vars, COPY_WAIT_MS: "8000" },
      ratelimits,
      d1_databases: d1_databases.map(({ binding, database_name, database_id }) => ({
        binding,
        database_name,
        database_id,
        migrations_dir: inRoot("migrations"),
      })),
      r2_buckets: [{ binding: "COPY", bucket_name: "portal-backup-copy" }],
    }),
  );
  return file;
}

async function send(server, way, path, body, headers) {
  const answer = await fetch(`${server.url}${path}`, {
    method: way,
    headers: { "content-type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const told = await answer.text();
  return { status: answer.status, ok: answer.ok, body: told === "" ? undefined : JSON.parse(told) };
}

const admin = (server, way, path, body) =>
  send(server, way, path, body, { authorization: `Bearer ${secrets.ADMIN_TOKEN}` });

/** Stores the n-th share, of one kind or the other; true if it was acknowledged. */
async function store(server, n) {
  const { id, clientId, clientApiKey } = who(n);
  const common = { backupMethod: method(n), backupSharePairId: pair(n) };
  const answer =
    n % 2 === 0
      ? await send(
          server,
          "POST",
          "/webhook/backup",
          { clientId, share: text(n), ...common },
          { "x-webhook-secret": secrets.WEBHOOK_SECRET },
        )
      : await send(
          server,
          "POST",
          `/users/${id}/user-backup-share`,
          { cipherText: text(n), ...common },
          { authorization: `Bearer ${clientApiKey}` },
        );
  return answer.ok;
}

async function serve(t, folder, config) {
  // A port that was free may be taken by then.
  for (let tries = 1; ; tries++) {
    const server = await serveDev({
      port: await freePort(),
      persistTo: folder,
      output: "ignore",
      args: [`--config=${config}`],
    });
    t.after(() => server.stop());
    if (await server.ready) return server;
    assert.ok(tries < 3, "the server starts");
    await server.stop();
  }
}
