// A lock between processes: a folder, which only one of them can make. Its age is its heartbeat, so that the lock
// of a process that was killed is taken over.

import { mkdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { note } from "./log.mjs";

const BEAT_MS = 1_000;
const STALE_MS = 15_000;

/** Runs `work` while holding the lock folder `path`; waits for whoever holds it now. */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; !take(path); told = true) {
    if (!told) note(`waiting for another run on this machine (${path})`);
    await sleep(300);
  }
  const beat = setInterval(() => touch(path), BEAT_MS);
  const release = () => rmSync(path, { recursive: true, force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.removeListener("exit", release);
    release();
  }
}

function take(path) {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST" && error.code !== "EPERM") throw error;
  }
  try {
    if (Date.now() - statSync(path).mtimeMs > STALE_MS) {
      // Renamed first: of several that wait, one succeeds.
      const stale = `${path}.stale-${process.pid}`;
      renameSync(path, stale);
      rmSync(stale, { recursive: true, force: true });
    }
  } catch {
    // It was released in this moment.
  }
  return false;
}

function touch(path) {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Nothing to keep alive.
  }
}
