// npm run keys -- recover: what it says where the bucket cannot be read, and where the keys belong.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";

import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";

import { runScript } from "../support/cli.mjs";

const dir = mkdtempSync(join(tmpdir(), "recover-test-"));
after(() => rmSync(dir, { recursive: true, force: true }));

it("keys recover shows wrangler's own words where it cannot read the bucket, and prints no setting", async () => {
  const identity = join(dir, "identity.txt");
  writeFileSync(identity, "");
  const { code, stdout, stderr } = await runScript(
    "keys",
    ["recover", "--identity", identity, "--bucket", "a-bucket-that-is-not-here", "--local"],
    { env: { WRANGLER_SEND_METRICS: "false" } },
  );
  assert.deepEqual([code, stdout], [1, ""], stderr);
  assert.match(stderr, /has no object keys\/index, or cannot be read:[\s\S]*The specified key does not exist/);
});

it("keys recover names no environment but the one that it was told, and says that all keys belong together", async () => {
  const own = await generateX25519Identity();
  const identity = join(dir, "own.txt");
  writeFileSync(identity, `${own}\n`);
  const entry = `k1:${Buffer.alloc(32, 7).toString("base64")}`;
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(own));
  const file = join(dir, "k1.age");
  writeFileSync(file, await encrypter.encrypt(`${entry}\n`));
  for (const [args, told] of [
    [[], /secret put SHARE_ENCRYPTION_KEYS --env NAME\)[\s\S]*NAME is the environment that you restore/],
    [["--env", "staging"], /secret put SHARE_ENCRYPTION_KEYS --env staging\)/],
  ]) {
    const { code, stdout, stderr } = await runScript("keys", ["recover", "--identity", identity, file, ...args]);
    assert.deepEqual([code, stdout], [0, `${entry}\n`], stderr);
    assert.match(stderr, told);
    assert.doesNotMatch(stderr, /production/);
    assert.match(stderr, /needs all keys, the sealing one first/);
  }
});
