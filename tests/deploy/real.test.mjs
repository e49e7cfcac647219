// npm run deploy: its dry run with the real wrangler, and what Cloudflare's own builds lack.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { ensureRust } from "../../scripts/lib/deploy/workers-builds.mjs";
import { inRoot, isWindows, wranglerConfig } from "../../scripts/lib/paths.mjs";
import { ask, run } from "../../scripts/lib/run.mjs";
import { nodeBin, nodeEnv } from "../../scripts/lib/toolchain.mjs";
import { runScript } from "../support/cli.mjs";

describe("Cloudflare's own builds", () => {
  it("get Rust from rustup's installer, and use it for the rest of the build", { skip: isWindows }, async () => {
    const home = mkdtempSync(join(tmpdir(), "no-rust-"));
    // What the installer does, as far as it matters: a cargo in ~/.cargo/bin. "$@" are the arguments that it was given.
    const script = `mkdir -p ${home}/.cargo/bin; echo "echo cargo of rustup: $*" > ${home}/.cargo/bin/cargo; chmod +x ${home}/.cargo/bin/cargo`;
    const installer = `data:text/plain,${encodeURIComponent(script)}`;
    const env = { PATH: "/usr/bin:/bin", HOME: home };
    try {
      if ((await ask("cargo", ["--version"], { env })) !== null) return; // This machine has one of its own there.
      await ensureRust({ env, installer, home });
      assert.match(
        await ask("cargo", ["--version"], { env }),
        /^cargo of rustup: -y .*--target wasm32-unknown-unknown/,
      );
      await ensureRust({ env, installer: "data:text/plain,exit 1", home });
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});

describe("a download that fails", () => {
  it("says what it was for and what to do", async () => {
    const env = { PATH: "/nowhere" };
    await assert.rejects(ensureRust({ env, installer: "http://127.0.0.1:9/" }), (error) => {
      assert.match(
        error.message,
        /^rustup's installer cannot be downloaded: http:\/\/127\.0\.0\.1:9\/ cannot be reached/,
      );
      assert.match(error.remedy, /Retry[\s\S]*needs no Rust/);
      return true;
    });
  });
});

describe("npm run deploy -- --dry-run, with the real wrangler", () => {
  it("leaves no file behind, also when it is broken off", { timeout: 600_000, skip: isWindows }, async () => {
    const copies = () => readdirSync(inRoot()).filter((name) => name.startsWith("wrangler.dry-run-"));
    const { code } = await runScript("deploy", ["--env", "staging", "--dry-run"], {
      watch: (said, child) => /^ {2}wrangler deploy$/m.test(said) && child.kill("SIGINT"),
    });
    assert.equal(code, 130);
    assert.deepEqual(copies(), []);
  });

  it("bundles and checks without a login", { timeout: 600_000 }, async () => {
    const before = readFileSync(wranglerConfig, "utf8");
    // wrangler looks for a login in the home folder and in the environment; the build's own tools live in the home folder too.
    const login = mkdtempSync(join(tmpdir(), "no-login-"));
    const env = nodeEnv({ CLOUDFLARE_API_TOKEN: "", XDG_CONFIG_HOME: login, WRANGLER_HOME: login });
    const { code, output } = await run(await nodeBin(), [inRoot("scripts", "deploy.mjs"), "--dry-run"], { env });
    rmSync(login, { recursive: true, force: true });
    assert.equal(code, 0, output);
    assert.match(output, /Total Upload: .*gzip/);
    assert.match(output, /env\.DB/);
    assert.match(output, /env\.PORTAL_IP_ALLOWLIST/, "production's settings");
    assert.equal(readFileSync(wranglerConfig, "utf8"), before);
  });
});
