// How far a long command is: a small file, so that the same command goes on where it was stopped.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

import { note } from "./log.mjs";

/** A run that stopped longer ago says little of what is there now: the work begins anew. */
const OLDEST_MS = 24 * 3_600_000;

/**
 * Reads what a stopped run left in `file`. `about` is the work and the service that it is done to: another run's state is never gone
 * on with. It says aloud that it goes on. Without a file nothing is kept.
 *
 * `progress` is what the run left, or undefined; `keep(progress)` writes it, `end()` removes the file.
 */
export function resumed(file, about, now = Date.now()) {
  const left = file && read(file);
  const isOurs = JSON.stringify(left?.about) === JSON.stringify(about);
  const isYoung = now - Date.parse(left?.keptAt) < OLDEST_MS;
  const goesOn = isOurs && isYoung;
  if (goesOn) note(`going on with the run of ${left.startedAt}; to begin anew, remove ${file}`);
  else if (left)
    note(`beginning anew: ${file} is ${isOurs ? `of a run that stopped ${left.keptAt}` : "of another run"}`);
  const startedAt = goesOn ? left.startedAt : new Date(now).toISOString();
  return {
    progress: goesOn ? left.progress : undefined,
    keep(progress) {
      if (!file) return;
      const keptAt = new Date().toISOString();
      writeFileSync(`${file}.part`, JSON.stringify({ about, startedAt, keptAt, progress }), { mode: 0o600 });
      renameSync(`${file}.part`, file);
    },
    end() {
      if (file) rmSync(file, { force: true });
    },
  };
}

/** What is in the file; an empty object if that cannot be read. */
function read(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) ?? {};
  } catch {
    return {};
  }
}
