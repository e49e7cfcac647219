// The README's walk, word for word.

import assert from "node:assert/strict";
import { spawnSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const readme = readFileSync(inRoot("README.md"), "utf8");
const hasShell = spawnSync("sh", ["-c", "command -v curl"]).status === 0;

/** Runs a script in a folder without blocking the Worker, which lives in this process. */
function sh(script, cwd) {
  return new Promise((resolve) => {
    const child = spawn("sh", ["-eu", "-c", script], { cwd });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("close", (code) => resolve({ code, output }));
  });
}

test("the README's walk backs up by the guide's and the iOS request and recovers both", {
  skip: !hasShell && "needs sh and curl",
}, async () => {
  const worker = await startWorker();
  const folder = mkdtempSync(join(tmpdir(), "readme-"));
  after(async () => {
    rmSync(folder, { recursive: true });
    await worker.stop();
  });
  writeFileSync(
    join(folder, ".dev.vars"),
    Object.entries(SECRETS)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );

  const [, walk] = /```sh\n([\s\S]*?)```/.exec(readme);
  const base = "BASE=http://127.0.0.1:8787";
  assert.ok(walk.includes(base));
  const { code, output } = await sh(walk.replace(base, `BASE=${String(worker.url).replace(/\/$/, "")}`), folder);

  assert.equal(code, 0, output);
  assert.equal(output.match(/^204$/gm)?.length, 2, output);
  for (const expected of [
    '"clientId":"client-1"',
    '{"message":"Successfully stored client backup share"}',
    String.raw`{\"clientId\":\"client-1\",\"share\":\"1157\"}`,
    String.raw`{\"clientId\":\"client-1\",\"share\":\"2089\"}`,
    '{"cipherText":"cipher-text-of-the-web-app"}',
    '{"cipherText":"cipher-text-of-the-ios-app"}',
    '"state":"complete"',
  ]) {
    assert.ok(output.includes(expected), `${expected} is not in:\n${output}`);
  }
});

test("every file that the README links to is there", () => {
  for (const [, path] of readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
    assert.doesNotThrow(() => readFileSync(inRoot(path)), path);
  }
});
