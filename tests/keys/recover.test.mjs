// npm run keys -- recover --bucket: what it says where the bucket cannot be read.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";

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
