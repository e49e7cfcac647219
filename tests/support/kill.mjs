// A workerd that is killed outright, and a port for the next one.

import assert from "node:assert/strict";
import { createServer } from "node:net";

import { ask } from "../../scripts/lib/run.mjs";

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** kill -9 of every workerd of this server, which is a process group of its own. */
export async function killWorkerd({ child }) {
  const processes = ((await ask("ps", ["-A", "-o", "pid=,pgid=,comm="])) ?? "")
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const pids = processes
    .filter(([, group, command]) => Number(group) === child.pid && /workerd/.test(command))
    .map(([pid]) => Number(pid));
  assert.ok(pids.length > 0, "a workerd to kill");
  for (const pid of pids) process.kill(pid, "SIGKILL");
}
