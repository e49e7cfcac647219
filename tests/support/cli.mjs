// Runs a script of this project as its user does, in a process of its own.

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

import { inRoot } from "../../scripts/lib/paths.mjs";

const STREAMS = ["stdout", "stderr"];

/**
 * Resolves with `{ code, stdout, stderr }`. `watch` is called with what stderr holds so far, and the process. The reader of `unread` has gone
 * before anything is said, as with `| head`; what is said to `full` meets a full disk.
 */
export function runScript(name, args, { env = {}, cwd, watch, unread = [], full = [] } = {}) {
  return new Promise((resolve, reject) => {
    // Only what a shell would have: no secret of this process reaches the script by accident.
    const { env: own } = process;
    const shell = [
      "PATH",
      "HOME",
      "TMPDIR",
      "CARGO_HOME",
      "RUSTUP_HOME",
      "XDG_CACHE_HOME",
      "PORTAL_BACKUP_CACHE",
    ].filter((name) => own[name] !== undefined);
    const disk = full.length > 0 ? openSync("/dev/full", "w") : undefined;
    const child = spawn(process.execPath, ["--no-warnings", inRoot("scripts", `${name}.mjs`), ...args], {
      cwd,
      env: { ...Object.fromEntries(shell.map((name) => [name, own[name]])), ...env },
      stdio: ["ignore", ...STREAMS.map((stream) => (full.includes(stream) ? disk : "pipe"))],
    });
    if (disk !== undefined) closeSync(disk);
    const output = { stdout: "", stderr: "" };
    for (const stream of unread) child[stream].destroy();
    for (const stream of STREAMS.filter((stream) => child[stream] && !unread.includes(stream))) {
      child[stream].setEncoding("utf8").on("data", (text) => {
        output[stream] += text;
        watch?.(output.stderr, child);
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...output }));
  });
}
