// Several databases against histories at random: stores, deletions, erasures, restores, imports, webhooks of unknown clients, API keys, moves (also
// broken off, two at once, and beside anything else), a database or the buckets that fail, two sealing keys, the background, Time Travel of one
// database or of the directory, and the copy. Again and again: nothing that was acknowledged is lost, nobody who was erased comes back, every user is in
// one database and the routes lead there, an API key opens its own user, an export has all of them, and a rebuild of each database from its copy is that
// database, row for row.
//
// It does not play: moves from a home that are half done when that home goes back, what happens between that and its new identity, several clients of one
// user.
//
// npm test plays one history; MODEL_SEED=… MODEL_STEPS=… npm test -- --only=homes/model plays another, longer one. A failure prints the steps.

import { test } from "node:test";

import { check, checkCopies } from "./model/checks.mjs";
import { merge } from "./model/times.mjs";
import { SEED, STEPS_OF, now, steps, tell, weighted, worker } from "./model/world.mjs";
import "./model/changes.mjs";
import "./model/moves.mjs";

const STEPS = Number(process.env.MODEL_STEPS ?? 50);

const WEIGHTS = {
  import: 8,
  webhookRegisters: 5,
  restoreVersion: 4,
  register: 12,
  store: 30,
  replaceKey: 4,
  deleteUser: 5,
  restoreUser: 5,
  purge: 3,
  move: 12,
  brokenMove: 8,
  besideMove: 8,
  movesAtOnce: 2,
  hours: 3,
  fails: 2,
  recovers: 12,
  bucketFails: 2,
  bucketRecovers: 10,
  deploy: 2,
  remember: 5,
  travel: 5,
  merge: 8,
  rememberDirectory: 2,
  directoryGoesBack: 2,
  minute: 4,
  quarter: 5,
  check: 2,
};

test(`nothing is lost over several databases, whatever happens to them (seed ${SEED})`, async () => {
  try {
    for (let step = 0; step < STEPS; step++) {
      const name = weighted(WEIGHTS);
      steps.push(name);
      const what = await STEPS_OF[name]();
      if (what) tell(what);
      else steps.pop();
      await check();
    }
    await STEPS_OF.recovers();
    await STEPS_OF.bucketRecovers();
    await STEPS_OF.hours();
    if (now.backInTime !== undefined) await merge();
    await checkCopies();
    await check(true);
  } catch (error) {
    const logs = worker.logLines().filter(({ level }) => level !== "info");
    const told = logs.slice(-8).map((line) => JSON.stringify(line));
    throw new Error(`${error.message}\nMODEL_SEED=${SEED}\n${[...steps, ...told].join("\n")}`, { cause: error });
  }
});
