// npm run dev: what it refuses to start beside.

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

describe("npm run dev", () => {
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
