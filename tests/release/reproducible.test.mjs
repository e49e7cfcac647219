// The same sources give the same bytes: in another folder, with another CARGO_HOME.

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { inRoot, isWindows } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";

const NAMES = ["build/index.js", "build/index_bg.wasm", "build/release.js"];
/** What the build reads. */
const SOURCES = [
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
  "wrangler.toml",
  ".dev.vars.example",
  "fuzz/Cargo.toml",
];

describe("a build", { skip: isWindows, timeout: 1_800_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), "another-folder-"));
  const clone = join(dir, "clone");
  const cargoHome = join(dir, "cargo-home");
  after(() => rmSync(dir, { recursive: true, force: true }));

  before(
    async () => {
      for (const name of SOURCES)
        if (existsSync(inRoot(name))) cpSync(inRoot(name), join(clone, name), { recursive: true });
      symlinkSync(inRoot("node_modules"), join(clone, "node_modules"));
      // The crates as they were downloaded; each is checked against Cargo.lock and unpacked anew.
      const registry = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry");
      mkdirSync(join(cargoHome, "registry"), { recursive: true });
      for (const name of ["cache", "index"])
        if (existsSync(join(registry, name)))
          cpSync(join(registry, name), join(cargoHome, "registry", name), { recursive: true });
      const env = {
        ...process.env,
        CARGO_HOME: cargoHome,
        RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(homedir(), ".rustup"),
      };
      const { code, output } = await run(process.execPath, ["--no-warnings", join(clone, "scripts", "build.mjs")], {
        cwd: clone,
        env,
      });
      assert.equal(code, 0, output);
    },
    { timeout: 1_800_000 },
  );

  it("gives the same bytes in another folder, with another CARGO_HOME", () => {
    for (const name of NAMES) assert.ok(readFileSync(join(clone, name)).equals(readFileSync(inRoot(name))), name);
  });

  it("holds no path of the machine that it was made on", () => {
    for (const name of NAMES) {
      const text = readFileSync(inRoot(name), "latin1");
      for (const path of [inRoot(), homedir(), process.env.CARGO_HOME, clone, cargoHome].filter(Boolean))
        assert.ok(path === "/" || !text.includes(path), `${name}: ${path}`);
    }
  });
});
