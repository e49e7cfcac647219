// npm run release: its package, unpacked into an empty folder on a machine that has Node and npm, and no Rust.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";

import { extract } from "tar";

import { copiedFiles } from "../../scripts/lib/release/contents.mjs";
import { changedFiles } from "../../scripts/lib/release/package.mjs";
import { inRoot, isWindows } from "../../scripts/lib/paths.mjs";
import { ask, run } from "../../scripts/lib/run.mjs";
import { runScript } from "../support/cli.mjs";

const dir = mkdtempSync(join(tmpdir(), "release-test-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const out = join(dir, "dist");
const home = join(dir, "home");
const read = (...path) => readFileSync(join(...path), "utf8");

/** What a machine has that never saw Rust: programs named as Rust's are in front, and tell of each call. */
function withoutRust() {
  const bin = join(dir, "no-rust");
  mkdirSync(bin, { recursive: true });
  mkdirSync(home, { recursive: true });
  for (const name of ["cargo", "rustc", "rustup"]) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >> ${join(dir, "called")}\nexit 127\n`);
    chmodSync(join(bin, name), 0o755);
  }
  // The Node that npm came with: beside another one, npm's shell script does not find npm.
  const node = process.env.npm_node_execpath ?? process.execPath;
  const path = process.env.PATH.split(delimiter).filter((part) => !/cargo|rustup|node_modules/.test(part));
  return {
    PATH: [bin, ...(node.includes("node_modules") ? [] : [dirname(node)]), ...path].join(delimiter),
    HOME: home,
    // npm's own cache: what the packages are is decided by package-lock.json.
    npm_config_cache: process.env.npm_config_cache ?? join(homedir(), ".npm"),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

it("no release package has what git does not track: notes, Terraform's state with its secrets", async () => {
  const own = ["docs", "scripts/lib", "deploy/terraform"].map((folder) => `${folder}/untracked-${process.pid}.txt`);
  for (const path of own) writeFileSync(inRoot(path), "");
  try {
    const files = await copiedFiles();
    assert.deepEqual(
      own.filter((path) => files.includes(path)),
      [],
    );
    for (const path of ["deploy/terraform/main.tf", "build/index_bg.wasm", "scripts/deploy.mjs", ".gitattributes"])
      assert.ok(files.includes(path), path);
  } finally {
    for (const path of own) rmSync(inRoot(path));
  }
});

describe("the release package", { skip: isWindows, timeout: 1_800_000 }, () => {
  let folder;
  let manifest;
  let env;
  const inPackage = (script, args, options) =>
    run(process.execPath, ["--no-warnings", join(folder, "scripts", `${script}.mjs`), ...args], {
      cwd: folder,
      env,
      ...options,
    });

  before(
    async () => {
      const { code, stderr } = await runScript("release", ["--out", out]);
      assert.equal(code, 0, stderr);
      const archive = readdirSync(out).find((name) => name.endsWith(".tgz"));
      await extract({ file: join(out, archive), cwd: dir });
      folder = join(dir, archive.replace(".tgz", ""));
      manifest = JSON.parse(read(folder, "release.json"));
      env = withoutRust();
      // npm itself, if we know where it is: its shell script looks for it beside the Node that comes first.
      const npm = process.env.npm_execpath;
      const ci = ["ci", "--no-audit", "--no-fund", "--prefer-offline"];
      const installed = await (npm
        ? run(process.execPath, [npm, ...ci], { cwd: folder, env })
        : run("npm", ci, { cwd: folder, env }));
      assert.equal(installed.code, 0, installed.output);
    },
    { timeout: 1_800_000 },
  );

  it("names its version, its digest and its compiler, and holds nothing that builds", async () => {
    assert.match(manifest.digest, /^[0-9a-f]{64}$/);
    assert.equal(manifest.version, JSON.parse(read(folder, "package.json")).version);
    assert.equal(manifest.rustc, await ask("rustc", ["--version"]));
    for (const name of [
      "Cargo.toml",
      "tests",
      "tools",
      "fuzz",
      "src/lib.rs",
      "scripts/test.mjs",
      ".dev.vars",
      "node_modules/esbuild-wasm",
    ])
      assert.ok(!existsSync(join(folder, name)), name);
    const { scripts, devDependencies } = JSON.parse(read(folder, "package.json"));
    assert.equal(devDependencies, undefined);
    for (const command of Object.values(scripts)) assert.ok(existsSync(join(folder, command.split(" ")[1])), command);
  });

  it("has the SHA-256 of every file, as sha256sum takes it, and beside it those of the archive", () => {
    assert.deepEqual(changedFiles(folder), []);
    assert.deepEqual(changedFiles(out), []);
    if (spawnSync("sha256sum", ["--version"]).status === 0) {
      assert.equal(spawnSync("sha256sum", ["-c", "--quiet", "SHA256SUMS"], { cwd: folder }).status, 0);
    }
  });

  it("has a bill of materials: every crate in the wasm and every npm package, each with its checksum", () => {
    const bom = JSON.parse(read(folder, "sbom.cdx.json"));
    assert.equal(bom.bomFormat, "CycloneDX");
    assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(bom.metadata.component.hashes[0].content, manifest.digest);
    const named = (name) => bom.components.find((component) => component.name === name);
    assert.equal(named("wasm-bindgen").scope, "required");
    assert.equal(named("wrangler").scope, "excluded");
    assert.equal(named("aes-gcm"), undefined, "a crate of the tests alone");
    assert.equal(named("playwright-core"), undefined, "a package of the tests alone");
    for (const { purl, hashes, licenses } of bom.components) {
      assert.match(purl, /^pkg:(cargo|npm)\//);
      assert.match(hashes[0].content, /^([0-9a-f]{64}|[0-9a-f]{128})$/, purl);
      assert.ok(licenses?.[0].expression, purl);
    }
  });

  it("deploys: the real wrangler bundles and checks it, without Rust and without a build", async () => {
    const { code, output } = await inPackage("deploy", ["--dry-run"], { env: { ...env, XDG_CONFIG_HOME: home } });
    assert.equal(code, 0, output);
    assert.match(output, /the release's own/);
    assert.match(output, /Total Upload: .*gzip/);
    assert.ok(!existsSync(join(dir, "called")), "Rust was called");
    assert.deepEqual(changedFiles(folder), [], "deploying changes no file");
  });

  it("serves, is known by its digest, and is told from another Worker", { timeout: 180_000 }, async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const dev = spawn(process.execPath, ["--no-warnings", join(folder, "scripts", "dev.mjs")], {
      cwd: folder,
      env: { ...env, PORT: String(port) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    const ended = new Promise((resolve) => dev.once("close", resolve));
    const up = new Promise((resolve) => {
      for (const stream of [dev.stdout, dev.stderr])
        stream.on("data", (text) => (said += text).includes("is up") && resolve(true));
    });
    try {
      assert.equal(await Promise.race([up, ended]), true, said);
      // wrangler dev may reload once more after it was up, and then refuses connections for a moment.
      let same;
      for (let tries = 0; tries < 20; tries++) {
        same = await inPackage("verify", [url, "--json"]);
        if (!/ECONNREFUSED/.test(same.output)) break;
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
      assert.equal(same.code, 0, `${same.output}\n${said}`);
      const told = JSON.parse(same.stdout);
      assert.equal(told.same, true);
      assert.equal(told.deployed.digest, manifest.digest);
      assert.equal(told.deployed.version, manifest.version);
      assert.ok(!existsSync(join(dir, "called")), "Rust was called");

      const index = join(folder, "build", "index.js");
      const before = read(index);
      writeFileSync(index, `${before}\n// another Worker\n`);
      for (const [script, args] of [
        ["verify", [url]],
        ["deploy", ["--dry-run"]],
      ]) {
        const refused = await inPackage(script, args);
        assert.notEqual(refused.code, 0, script);
        assert.match(refused.output, /not the one that was released[\s\S]*sha256sum -c/, script);
      }
      writeFileSync(index, before);
    } finally {
      dev.kill("SIGTERM");
      await ended;
    }
  });

  it("fills a local database, as its pages advise", { timeout: 120_000 }, async () => {
    const { code, output } = await inPackage("seed", ["--demo", "--persist-to", join(dir, "seeded")]);
    assert.equal(code, 0, output);
    assert.match(output, /made-up users/);
  });

  it("is unpacked over an older one by the command of docs/deploy.md, which keeps the operator's wrangler.toml", async () => {
    const archive = join(
      out,
      readdirSync(out).find((name) => name.endsWith(".tgz")),
    );
    const command = /^rm -r build && tar .*$/m.exec(read(folder, "docs", "deploy.md"))[0];
    const older = join(dir, "older");
    mkdirSync(join(older, "build"), { recursive: true });
    for (const name of ["wrangler.toml", "build/of-an-older-release.js", "CHANGELOG.md"])
      writeFileSync(join(older, name), "the operator's\n");
    const { code, output } = await run("sh", ["-c", command.replace(/\S+\.tgz/, archive)], { cwd: older });
    assert.equal(code, 0, output);
    assert.equal(read(older, "wrangler.toml"), "the operator's\n");
    assert.ok(!existsSync(join(older, "build", "of-an-older-release.js")));
    assert.deepEqual(changedFiles(older), ["wrangler.toml"]);
    assert.match(read(older, ".gitattributes"), /^\* text=auto eol=lf$/m, "git changes no byte of it");
  });

  it("says that it could not compare, whatever is wrong with it, and not that the Worker is another release", async () => {
    const release = join(folder, "release.json");
    const before = read(release);
    writeFileSync(release, "{");
    try {
      assert.equal((await inPackage("verify", ["http://127.0.0.1:9"])).code, 2);
    } finally {
      writeFileSync(release, before);
    }
  });

  it("says of a Worker that is another release that it is, and of one that is not there that it is not", async () => {
    const other = await import("node:http").then(({ createServer }) =>
      createServer((_, answer) =>
        answer.end(JSON.stringify({ status: "ready", version: "9.9.9", release: "0".repeat(64) })),
      ),
    );
    await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${other.address().port}`;
    const answer = await inPackage("verify", [url]);
    await new Promise((resolve) => other.close(resolve));
    assert.equal(answer.code, 1, answer.output);
    assert.match(answer.stdout, /is NOT this release[\s\S]*9\.9\.9/);
    const gone = await inPackage("verify", [url]);
    assert.equal(gone.code, 2, gone.output);
    assert.match(gone.output, /does not answer \(ECONNREFUSED\)/);
  });
});
