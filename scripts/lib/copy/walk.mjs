// Walks a home's copy, page by page, in several shards at once. The Worker does the work: POST /admin/rebuild.

import { setTimeout as sleep } from "node:timers/promises";

import { note } from "../log.mjs";
import { resumed } from "../resume.mjs";

/** A user's objects are under the SHA-256 of its id: its first digit is the shard, the next ones tell how far a shard is. */
const SHARDS = [..."0123456789abcdef"];

const COUNTED = ["objects", "users", "shares", "versions", "deleted", "purged"];
const LISTED = ["damaged", "unopened", "differences", "leftOut"];

/** How much of a shard lies before a cursor, from 0 to 1. */
function partOf(cursor) {
  const hash = cursor.split("/")[2] ?? "";
  return Number.parseInt(hash.slice(1, 9).padEnd(8, "0"), 16) / 2 ** 32;
}

const nothing = () => ({
  ...Object.fromEntries(COUNTED.map((name) => [name, 0])),
  ...Object.fromEntries(LISTED.map((name) => [name, []])),
});

/**
 * Does `work` ({ home, mode, into }) for the whole copy; resolves with the sums and what was found wrong. `stateFile`: where it keeps how far it is,
 * to go on from there when it is run again, with the same database in the same epoch. A check keeps nothing: what it has not looked at now, it says nothing of.
 */
export async function walk({ api, work, parallel = 4, progress, stateFile }) {
  const isCheck = work.mode === "check";
  const { pending, ...begun } = isCheck ? {} : await api.post("/admin/rebuild", { ...work, mode: "begin" });
  if (work.mode === "merge" && pending > 0)
    note(`${pending.toLocaleString("en")} changes wait to be copied: who lost something by them is left out`);
  const run = resumed(isCheck ? undefined : stateFile, { service: api.origin, ...work, ...begun });
  const state = run.progress ?? {
    shards: Object.fromEntries(SHARDS.map((shard) => [shard, { cursor: "" }])),
    sum: nothing(),
  };
  // Also those of a run that broke off: its shards are not walked again.
  if (work.mode === "merge") state.waiting = Math.max(state.waiting ?? 0, pending);
  const show = () => {
    const parts = SHARDS.map((shard) => (state.shards[shard].done ? 1 : partOf(state.shards[shard].cursor)));
    progress?.show(parts.reduce((sum, part) => sum + part) / SHARDS.length);
  };
  const left = SHARDS.filter((shard) => !state.shards[shard].done);
  const worker = async () => {
    for (let shard = left.shift(); shard !== undefined; shard = left.shift()) {
      const of = state.shards[shard];
      while (!of.done) {
        const page = await looked(api, { ...work, shard, cursor: of.cursor });
        for (const name of COUNTED) state.sum[name] += page[name];
        for (const name of LISTED) state.sum[name].push(...page[name]);
        if (page.cursor === null) of.done = true;
        else of.cursor = page.cursor;
        run.keep(state);
        show();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, SHARDS.length) }, worker));
  progress?.end();
  run.end();
  return { ...state.sum, waiting: state.waiting ?? 0 };
}

const LOOKS = 5;
const PAGE_LOOKS = 3;
const LOOK_MS = 1_000;

/** How many changes of the home wait to be copied: those of requests that run just now are copied while it looks again. */
export async function waiting({ api, home }) {
  for (let look = 1; ; look++) {
    const { pending } = await api.post("/admin/rebuild", { home, mode: "totals" });
    if (pending === 0 || look === LOOKS) return pending;
    await sleep(LOOK_MS);
  }
}

/**
 * A page. It is asked for again if anything is wrong: an object that is erased while it is read looks like a damaged one, a change between
 * reading the bucket and reading the database looks like a difference, and leaves its user out of a merge. What is wrong stays so.
 */
async function looked(api, request) {
  for (let look = 1; ; look++) {
    const page = await api.post("/admin/rebuild", request);
    const isWell = page.damaged.length === 0 && page.differences.length === 0 && page.leftOut.length === 0;
    if (isWell || look === PAGE_LOOKS) return page;
    if (page.leftOut.length > 0) await sleep(LOOK_MS);
  }
}

/** Users of the database that the copy has nothing of. */
export async function uncopied({ api, work }) {
  const users = [];
  for (let cursor = ""; cursor !== null; ) {
    const page = await api.post("/admin/rebuild", { ...work, mode: "uncopied", cursor });
    users.push(...page.users);
    cursor = page.cursor;
  }
  return users;
}
