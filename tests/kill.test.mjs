// kill -9 of workerd in the midst of a thousand writes to a D1 on disk: what was acknowledged is there, and right.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { migrateLocal } from "../scripts/lib/d1.mjs";
import { readDevVars, writeDevVars } from "../scripts/lib/dev-vars.mjs";
import { isWindows } from "../scripts/lib/paths.mjs";
import { serveDev } from "../scripts/lib/serve.mjs";
import { freePort, killWorkerd } from "./support/kill.mjs";

const WRITES = 1_000;
const AT_ONCE = 10;
const KILL_AFTER = 400; // acknowledgements
const USERS = 10;

writeDevVars(); // npm test has done so; for a run by hand
const secrets = readDevVars();
const client = (index) => ({ id: `user-${index}`, clientId: `client-${index}`, clientApiKey: `key-${index}` });

test("kill -9 in the midst of a thousand writes loses nothing that was acknowledged", {
  timeout: 1_200_000, // it builds what npm run dev serves
  skip: isWindows && "SKIPPED: no kill -9 on Windows",
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "portal-backup-kill-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await migrateLocal({ persistTo: folder });

  let server = await serve(t, folder);
  for (let index = 0; index < USERS; index++) {
    assert.equal(
      (await post(server, "/users", client(index), { authorization: `Bearer ${secrets.ADMIN_TOKEN}` })).status,
      201,
    );
  }

  // Each share replaces one in three of those before, so that the history is written as well.
  const acknowledged = [];
  let next = 0;
  let killed = false;
  const writer = async () => {
    while (next < WRITES && !killed) {
      const write = { n: next++ };
      try {
        if ((await store(server, write.n)) && !killed) acknowledged.push(write.n);
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

  server = await serve(t, folder);
  const stored = await allShares(server);
  for (const n of acknowledged) assert.ok(stored.has(text(n)), `write ${n} was acknowledged, and is gone`);
  // Nothing is damaged: what is there is whole, and the service goes on.
  const sent = new Set(Array.from({ length: WRITES }, (_, n) => text(n)));
  for (const share of stored) assert.ok(sent.has(share), "a share that nobody sent");
  assert.ok(await store(server, WRITES));
  assert.ok((await allShares(server)).has(text(WRITES)));
});

const text = (n) => `share ${n} ${"x".repeat(2_000)}`;
const isCustodian = (n) => n % 2 === 0;
const method = (n) => `METHOD-${Math.floor(n / USERS / 2) % 7}`;

/** Stores the n-th share, of one kind or the other; true if it was acknowledged. */
async function store(server, n) {
  const who = client(n % USERS);
  const answer = isCustodian(n)
    ? await post(
        server,
        "/webhook/backup",
        { clientId: who.clientId, backupMethod: method(n), share: text(n), backupSharePairId: `p${n}` },
        { "x-webhook-secret": secrets.WEBHOOK_SECRET },
      )
    : await post(
        server,
        `/users/${who.id}/user-backup-share`,
        { backupMethod: method(n), cipherText: text(n), backupSharePairId: `p${n}` },
        { authorization: `Bearer ${who.clientApiKey}` },
      );
  return answer.ok;
}

/** Every share that can be had: through the routes where they give it, and out of the history by restoring it. */
async function allShares(server) {
  const all = new Set();
  const admin = { authorization: `Bearer ${secrets.ADMIN_TOKEN}` };
  const json = async (answer) => {
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  };
  await Promise.all(
    Array.from({ length: USERS }, async (_, index) => {
      const who = client(index);
      const key = { authorization: `Bearer ${who.clientApiKey}` };
      const { versions } = await json(await fetch(`${server.url}/users/${who.id}/backups/history`, { headers: admin }));
      const { backups } = await json(await fetch(`${server.url}/users/${who.id}/backups`, { headers: admin }));
      const custodian = async () => {
        for (const share of (
          await json(
            await post(
              server,
              "/webhook/backup/fetch",
              { clientId: who.clientId },
              { "x-webhook-secret": secrets.WEBHOOK_SECRET },
            ),
          )
        ).backupShares)
          all.add(share);
      };
      const user = async (query) =>
        all.add(
          (
            await json(
              await fetch(`${server.url}/users/${who.id}/user-backup-share?${new URLSearchParams(query)}`, {
                headers: key,
              }),
            )
          ).cipherText,
        );
      await custodian();
      for (const { backupMethod, userShareAt } of backups) if (userShareAt) await user({ backupMethod });
      for (const { id, kind, backupSharePairId } of versions) {
        if (kind === "user") await user({ backupSharePairId });
        else {
          await json(await post(server, `/users/${who.id}/backups/restore`, { versionId: id }, admin));
          await custodian();
        }
      }
    }),
  );
  return all;
}

const post = (server, path, body, headers) =>
  fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });

async function serve(t, folder) {
  // A port that was free may be taken by then.
  for (let tries = 1; ; tries++) {
    const server = await serveDev({ port: await freePort(), persistTo: folder, output: "ignore" });
    t.after(() => server.stop());
    if (await server.ready) return server;
    assert.ok(tries < 3, "the server starts");
    await server.stop();
  }
}
