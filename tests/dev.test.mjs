// npm run dev: what it refuses to start beside, and what it lives through.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { runScript } from "./support/cli.mjs";

const dir = mkdtempSync(join(tmpdir(), "dev-test-"));
after(() => rmSync(dir, { recursive: true, force: true }));

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** Another process that has claimed the folder, as npm run dev does. */
async function holder(folder) {
  const claim = `
    import { claimFolder } from ${JSON.stringify(inRoot("scripts", "lib", "one-server.mjs"))};
    claimFolder(${JSON.stringify(folder)}, "http://127.0.0.1:1234");
    console.log("claimed");
    setInterval(() => {}, 1_000);
    process.on("SIGTERM", () => process.exit(0));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", claim], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return {
    pid: child.pid,
    end: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}

/** A Worker of its own, served as npm run dev serves ours, from settings that may be edited. */
async function served() {
  const folder = mkdtempSync(join(dir, "edited-"));
  const file = join(folder, "wrangler.toml");
  const settings = (more = "") =>
    writeFileSync(file, `name = "edited"\nmain = "worker.mjs"\ncompatibility_date = "2026-10-23"\n${more}`);
  writeFileSync(join(folder, "worker.mjs"), "export default { fetch: (_, { WORD }) => new Response(WORD) };");
  settings('vars = { WORD = "first" }');
  const port = await freePort();
  const serve = `
    import { serveThroughEdits } from ${JSON.stringify(inRoot("scripts", "lib", "serve.mjs"))};
    const options = () => ({ port: ${port}, persistTo: ${JSON.stringify(folder)}, config: ${JSON.stringify(file)} });
    process.exitCode = await serveThroughEdits({ file: ${JSON.stringify(file)}, options, onReady: () => console.log("is up") });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", serve], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, npm_lifecycle_event: "" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const until = async (what, holds) => {
    for (let left = 600; !(await holds()); left -= 1) {
      assert.ok(left > 0 && child.exitCode === null, `${what}\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const says = (word) =>
    until(`never says ${word}`, async () => {
      try {
        return (await (await fetch(`http://127.0.0.1:${port}`)).text()) === word;
      } catch {
        return false; // Nobody listens, or a server that ends has broken its answer off.
      }
    });
  return {
    settings,
    truncate: () => writeFileSync(file, ""),
    says,
    hasEnded: () => until("wrangler goes on", () => output.includes("starts again when")),
    output: () => output,
    async end() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

describe("npm run dev", () => {
  it("lives through a wrangler.toml that wrangler refuses, and serves again once it is right", async () => {
    const server = await served();
    try {
      await server.says("first");
      server.settings("[[d1_databases]]\nbinding = 3");
      await server.hasEnded(); // It may have ended before, at a file that is half written, and started again.
      assert.match(server.output(), /string "binding" field/);
      server.settings('vars = { WORD = "second" }');
      await server.says("second");
      assert.equal(server.output().match(/is up/g).length, 1);
    } finally {
      await server.end();
    }
  });

  it("says at its start that the Worker is not ready, where a setting is wrong", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(dir, "wrong-"));
    const { stderr } = await runScript("dev", ["--var", "CLIENT_AUTH:wrong"], {
      env: { PORT: await freePort(), PERSIST_TO: folder, PORTAL_BACKUP_PROFILE: "release" },
      watch: (said, child) => /Ctrl-C ends everything\.\n[\s\S]*\n/.test(said) && child.kill("SIGTERM"),
    });
    assert.match(
      stderr,
      /is up: http[\s\S]*It is NOT READY: A setting is missing or malformed; the Worker's log names it\./,
    );
  });

  it("serves again where wrangler has read wrangler.toml half written, without another save", async () => {
    const server = await served();
    try {
      await server.says("first");
      server.truncate();
      await new Promise((resolve) => setTimeout(resolve, 150)); // wrangler reads it meanwhile, and ends later
      server.settings('vars = { WORD = "second" }');
      await server.says("second");
    } finally {
      await server.end();
    }
  });

  it("refuses a database folder that another one serves, and says which and what to do", async () => {
    const other = await holder(dir);
    try {
      const { code, stderr } = await runScript("dev", [], { env: { PERSIST_TO: dir, PORT: await freePort() } });
      assert.equal(code, 1, stderr);
      assert.match(
        stderr,
        new RegExp(`process ${other.pid}, http://127\\.0\\.0\\.1:1234\\) serves the database in ${dir}`),
      );
      assert.match(stderr, /PERSIST_TO=another-folder npm run dev/);
    } finally {
      await other.end("SIGTERM");
    }
    assert.ok(!existsSync(join(dir, ".served-by")), "whoever ends gives the folder back");
  });

  it("takes the folder of one that was killed, at once", async () => {
    await (await holder(dir)).end("SIGKILL");
    assert.ok(existsSync(join(dir, ".served-by")));
    const next = await holder(dir);
    await next.end("SIGTERM");
  });

  it("takes a folder whose note is unreadable", async () => {
    writeFileSync(join(dir, ".served-by"), "");
    await (await holder(dir)).end("SIGTERM");
  });
});
