// npm run verify in a clone: it compares with a build of the sources, and leaves alone what `npm run dev` may be serving.

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";

import { inRoot, isWindows } from "../../scripts/lib/paths.mjs";
import { releaseDigest } from "../../scripts/lib/release-digest.mjs";
import { run } from "../../scripts/lib/run.mjs";

/** What verify reads; the finished build is in target/. */
const READ = [
  ".cargo",
  "Cargo.lock",
  "Cargo.toml",
  "console",
  "migrations",
  "openapi.yaml",
  "package-lock.json",
  "package.json",
  "public",
  "rust-toolchain.toml",
  "scripts",
  "src",
  "tools",
];

const dir = mkdtempSync(join(tmpdir(), "verify-test-"));
after(() => rmSync(dir, { recursive: true, force: true }));

it("npm run verify changes nothing in build/, and knows the release all the same", {
  skip: isWindows,
  timeout: 600_000,
}, async () => {
  for (const name of READ) if (existsSync(inRoot(name))) cpSync(inRoot(name), join(dir, name), { recursive: true });
  for (const name of ["node_modules", "target"]) symlinkSync(inRoot(name), join(dir, name));
  mkdirSync(join(dir, "build"));
  const served = { "index.js": "// what npm run dev serves\n", "index_bg.wasm": "", "release.js": "" };
  for (const [name, text] of Object.entries(served)) writeFileSync(join(dir, "build", name), text);
  const worker = createServer((_, answer) =>
    answer.end(JSON.stringify({ status: "ready", version: "9.9.9", release: releaseDigest() })),
  );
  await new Promise((resolve) => worker.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${worker.address().port}`;
  const { code, output } = await run(process.execPath, ["--no-warnings", join(dir, "scripts", "verify.mjs"), url], {
    cwd: dir,
  });
  await new Promise((resolve) => worker.close(resolve));
  assert.equal(code, 0, output);
  for (const [name, text] of Object.entries(served))
    assert.ok(readFileSync(join(dir, "build", name), "utf8") === text, `${name} was replaced`);
});

it("npm run verify says that nobody answers before it installs or builds anything", async () => {
  const nothing = mkdtempSync(join(dir, "no-tools-"));
  for (const name of ["package.json", "scripts"]) cpSync(inRoot(name), join(nothing, name), { recursive: true });
  const verify = [join(nothing, "scripts", "verify.mjs"), "http://127.0.0.1:9"];
  const { code, output } = await run(process.execPath, ["--no-warnings", ...verify], {
    cwd: nothing,
    env: { PATH: "" },
  });
  assert.match(output, /127\.0\.0\.1:9 does not answer/);
  assert.equal(code, 2);
});
