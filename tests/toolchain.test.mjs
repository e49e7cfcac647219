// Which Node runs what, and how a child's words reach it.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { servedProfile } from "../scripts/lib/build.mjs";
import { forShell, run } from "../scripts/lib/run.mjs";
import { wasmBuild, wasmFile } from "../scripts/lib/rust.mjs";
import { nodeBin } from "../scripts/lib/toolchain.mjs";

describe("a Node for a child", () => {
  const own = (version) => async () => ({ program: "/npm/node", version });

  it("is npm's own where that is new enough, else ours", async () => {
    assert.equal(await nodeBin({ find: own("v24.1.0") }), "/npm/node");
    assert.equal(await nodeBin({ find: own(null) }), process.execPath);
  });

  it("is refused where neither has what the command needs: it would start itself without end", async () => {
    for (const version of [null, "v23.11.0"])
      await assert.rejects(nodeBin({ least: 99, what: "This command", find: own(version) }), (error) => {
        assert.match(error.message, /^This command needs Node 99, this is v/);
        assert.match(error.remedy, /npm rebuild node/);
        return true;
      });
    assert.equal(await nodeBin({ least: 23, find: own("v22.1.0") }), process.execPath);
  });
});

describe("cargo", () => {
  it("makes the wasm where the build takes it from, whatever CARGO_TARGET_DIR says", { timeout: 300_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "cargo-"));
    const before = process.env.CARGO_TARGET_DIR;
    process.env.CARGO_TARGET_DIR = join(folder, "target");
    try {
      const { args, env } = await wasmBuild();
      const { code, output } = await run("cargo", ["build", "--lib", "--locked", "--profile", servedProfile, ...args], {
        env,
      });
      assert.equal(code, 0, output);
      assert.ok(existsSync(wasmFile(servedProfile)));
      assert.ok(!existsSync(join(folder, "target")), "cargo has written elsewhere");
    } finally {
      if (before === undefined) delete process.env.CARGO_TARGET_DIR;
      else process.env.CARGO_TARGET_DIR = before;
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a word for cmd.exe", () => {
  it("stays one word, whatever is in it", () => {
    assert.equal(forShell("ci"), "ci");
    assert.equal(forShell("C:\\bin\\wasm-bindgen.cmd"), "C:\\bin\\wasm-bindgen.cmd");
    assert.equal(forShell("C:\\Users\\Ann B\\x.cmd"), '"C:\\Users\\Ann B\\x.cmd"');
    assert.equal(forShell("a&b"), '"a&b"');
    assert.equal(forShell(""), '""');
  });
});
