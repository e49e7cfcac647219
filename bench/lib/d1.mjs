// The database side of a benchmark: a real local D1 database (a workerd process of its own), and the server between
// it and the Workers (d1-server.mjs, another process).
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { compatibilityDate } from "./contenders.mjs";
import { startWorker } from "./workerd.mjs";

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A local D1 database in `dir`, or in a folder of its own that goes when it stops. */
export async function startDatabase(dir) {
  const own = dir ?? mkdtempSync(join(tmpdir(), "bench-d1-"));
  const worker = await startWorker({
    files: [["d1-object.mjs", beside("d1-object.mjs"), "esModule"]],
    objects: { className: "Database", dir: own },
    compatibilityDate,
  });
  return {
    port: worker.port,
    worker,
    async run(statements) {
      for (const sql of statements) {
        const response = await fetch(`http://127.0.0.1:${worker.port}/query`, {
          method: "POST",
          body: JSON.stringify({ sql }),
        });
        const answer = await response.json();
        if (!answer.success) throw new Error(`${answer.error} in ${sql.slice(0, 200)}`);
      }
    },
    async stop() {
      await worker.stop();
      if (!dir) rmSync(own, { recursive: true, force: true });
    },
  };
}

/** The server between the Workers and the databases, with its calls as methods. */
export function startServer() {
  const child = fork(beside("d1-server.mjs"), { serialization: "advanced" });
  const waiting = new Map();
  let last = 0;
  child.on("message", ({ id, answer, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
  });
  const call = (name, ...args) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      child.send({ id: last, call: name, args });
    });
  return {
    open: (name) => call("open", name),
    record: (name, scenario, upstream) => call("record", name, scenario, upstream),
    replay: (name, scenario, delayMs = 0) => call("replay", name, scenario, delayMs),
    counts: (name) => call("counts", name),
    stop: () => child.kill(),
  };
}
