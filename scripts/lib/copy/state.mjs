// How far a rebuild is: a small file, so that the same command goes on where it was stopped.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** The state that a run of the same work left. */
export function readState(file, work) {
  if (!file || !existsSync(file)) return undefined;
  try {
    const state = JSON.parse(readFileSync(file, "utf8"));
    return JSON.stringify(state.work) === JSON.stringify(work) ? state : undefined;
  } catch {
    return undefined;
  }
}

export function writeState(file, state) {
  if (!file) return;
  writeFileSync(`${file}.part`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${file}.part`, file);
}

export function removeState(file) {
  if (file) rmSync(file, { force: true });
}
