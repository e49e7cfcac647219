// One `npm run dev` for each folder with a local database: two workerds on one SQLite file hold each other up, and each sees the
// other's changes late.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Failure } from "./log.mjs";

/** Takes the folder for this process until it ends; refuses one that a living process has. `url` is where we serve. */
export function claimFolder(dir, url) {
  const file = join(dir, ".served-by");
  mkdirSync(dir, { recursive: true });
  for (let tries = 0; ; tries += 1) {
    try {
      writeFileSync(file, `${process.pid} ${url}\n`, { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST" || tries > 5) throw error;
    }
    const [pid, where] = holder(file);
    if (isAlive(pid)) {
      throw new Failure(
        `Another \`npm run dev\` (process ${pid}, ${where}) serves the database in ${dir}.`,
        "End it, or give this one a folder of its own: PERSIST_TO=another-folder npm run dev",
      );
    }
    rmSync(file, { force: true }); // Whoever had it was killed.
  }
  process.once("exit", () => {
    if (holder(file)[0] === process.pid) rmSync(file, { force: true });
  });
}

function holder(file) {
  try {
    const [pid, where] = readFileSync(file, "utf8").trim().split(" ");
    return [Number(pid), where];
  } catch {
    return [Number.NaN, ""]; // It was given up in this moment.
  }
}

function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
