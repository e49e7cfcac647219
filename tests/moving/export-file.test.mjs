// The file that an export writes: whole or not there, one at a time, and what is said of it where it is not.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

import { Decrypter, generateIdentity, identityToRecipient } from "age-encryption";

import { readPassphrase } from "../../scripts/lib/moving/age.mjs";
import { differences } from "../../scripts/lib/moving/exporter.mjs";
import { Progress } from "../../scripts/lib/moving/progress.mjs";
import { runScript } from "../support/cli.mjs";
import { SECRETS } from "../support/harness.mjs";

const { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS } = SECRETS;
const dir = mkdtempSync(join(tmpdir(), "pbw-file-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const identity = await generateIdentity();
const recipient = await identityToRecipient(identity);
let files = 0;
const fresh = () => join(dir, `${(files += 1)}.age`);
const exportTo = (file, { url, ...options }) =>
  runScript("export", [file, "--url", url, "--recipient", recipient], {
    env: { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS },
    ...options,
  });

/** A service of so many pages, of one user each. */
const slowly = async (pages, doing) => {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://service");
    response.setHeader("content-type", "application/json");
    if (pathname === "/admin/status") return response.end(JSON.stringify({ users: pages, shares: 0 }));
    const n = Number(searchParams.get("cursor") ?? 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const one = { type: "user", id: `u${n}`, clientId: `c${n}`, createdAt: "2026-01-31T12:00:00.000Z" };
    response.end(JSON.stringify({ records: [one], cursor: n + 1 < pages ? String(n + 1) : null }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await doing(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.close().closeAllConnections();
  }
};

describe("an export's file", () => {
  test("never takes the place of another that is made at the same time: one of the two exports is refused at once", async () => {
    await slowly(60, async (url) => {
      const file = fresh();
      const both = await Promise.all([exportTo(file, { url }), exportTo(file, { url })]);
      assert.deepEqual(both.map(({ code }) => code).sort(), [0, 1]);
      const { stderr } = both.find(({ code }) => code === 1);
      assert.match(stderr, /\.age\.partial is already there: another export is writing it, or one was killed/);
      assert.match((await exportTo(file, { url })).stderr, /\.age is already there\./);
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      assert.equal((await decrypter.decrypt(readFileSync(file), "text")).match(/\n/g).length, 60);
    });
  });

  test("is not there after a kill, and what the kill leaves is named to the next export", async () => {
    const file = fresh();
    const partial = `${file}.partial`;
    await slowly(1_000, async (url) => {
      const killed = await exportTo(file, {
        url,
        watch: (_, child) => {
          const timer = setInterval(() => existsSync(partial) && child.kill("SIGKILL"), 1);
          child.once("close", () => clearInterval(timer));
        },
        // Something has to come on stderr for `watch` to begin.
        env: { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS, NODE_DEBUG: "timer" },
      });
      assert.equal(killed.code, null);
    });
    assert.ok(!existsSync(file));
    assert.equal(statSync(partial).mode & 0o777, 0o600);
    await slowly(1, async (url) => {
      const next = await exportTo(file, { url });
      assert.equal(next.code, 1);
      assert.match(next.stderr, /If none runs, remove it: it is no copy/);
      assert.ok(existsSync(partial), "another's is left alone");
      rmSync(partial);
      assert.equal((await exportTo(file, { url })).code, 0);
      assert.ok(!existsSync(partial));
    });
  });

  test("that cannot be written is told in one sentence, without a stack", async () => {
    await slowly(1, async (url) => {
      const { code, stderr } = await exportTo(join(dir, "no-such-folder", "copy.age"), { url });
      assert.equal(code, 1);
      assert.match(stderr, /copy\.age could not be written \(ENOENT\)\. There is no copy\./);
      assert.doesNotMatch(stderr, /\n +at /);
    });
  });
});

test("the progress never tells of more records than there are: the history was not counted before", () => {
  const told = [];
  const progress = new Progress({ total: 2, unit: "records", out: { isTTY: true, write: (text) => told.push(text) } });
  for (const done of [1, 2, 3]) progress.show(done);
  assert.match(told[1], /█{24} 2 of 2 records$/);
  assert.match(told[2], /[^█]3 records$/);
});

test("progress through a copy, whose objects nobody has counted, is told in percent", () => {
  const told = [];
  const out = { isTTY: true, write: (text) => told.push(text) };
  const progress = new Progress({ partOf: "the copy", out });
  for (const done of [0, 0.256, 1]) progress.show(done);
  assert.match(told[1], /^\r\S*█{6}░{18} 25 % of the copy$/);
  assert.match(told[2], /█{24} 100 % of the copy$/);
});

test("a passphrase is what a person sees in its file: no byte order mark is part of it, and UTF-16 is refused", () => {
  const file = join(dir, "passphrase");
  writeFileSync(file, "\ufefffive random words\r\n");
  assert.equal(readPassphrase(file), "five random words");
  writeFileSync(file, "\ufeff\ufefffive random words\r\n"); // CHANGELOG.md: for an export that was sealed with the mark
  assert.equal(readPassphrase(file), "\ufefffive random words");
  writeFileSync(file, "\ufefffive random words\r\n", "utf16le");
  assert.throws(() => readPassphrase(file), /is not text in UTF-8/);
});

test("a copy that has less than its database is a difference, but for as many records as did not open", () => {
  const counts = { users: 2, custodianBackupShares: 0, userBackupShares: 0, deletedUsers: 0 };
  const holding = (custodianBackupShares) => ({ ...counts, custodianBackupShares });
  const told = (copy, unopened) => differences({ databases: [{ counts: holding(copy), there: holding(5), unopened }] });
  for (const [copy, unopened] of [
    [5, 0],
    [4, 1],
    [3, 2],
  ])
    assert.deepEqual(told(copy, unopened), [], `${copy} of 5, ${unopened} did not open`);
  for (const [copy, unopened] of [
    [4, 0],
    [3, 1],
    [6, 1],
  ])
    assert.deepEqual(told(copy, unopened), [{ kind: "custodianBackupShares", copy, there: 5 }]);
});
