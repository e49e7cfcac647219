// The built Worker behind a bucket that a test makes fail. Start it with `startWorker({ main: faultyBucketEntry, config: withCopy })`.
//
// `bucket(plan)` sets what happens from now on. puts: "pass", "fail", "hang", "store-then-fail", "late" (stored after 300 ms), or a number: so many of a hundred fail.
// "held": what begins under this plan waits for `release(plan.until)`.
// deletes: "pass", "refuse", as a bucket lock does, "delete-then-fail", or a number: so many of a hundred are refused. heads: "pass", "fail" (reading objects named head/…) or "held" (putting them).
// unreadable: the beginning of the names of objects that cannot be read. unwritable: a part of the names of those that cannot be put. gets: "held" (reading waits for `release(plan.until)`: of anything, or of names that begin with `plan.of`).
// queue: "held" (sending waits for `release(plan.until)`).

import { WorkerEntrypoint } from "cloudflare:workers";

import Rust from "../../build/index.js";

const HANG_MS = 60_000;
const DOWN = "put: We encountered an internal error. Please try again. (10001)";
const LOCKED = "delete: The object is locked by a bucket lock rule. (10069)";

let plan = {};
const released = new Set();
let asked = 0;
const puts = [];
const gets = [];

async function put(bucket, args) {
  puts.push(args[0]);
  const { puts: all, heads, until, unwritable } = plan;
  if (unwritable && args[0].includes(unwritable)) throw new Error(DOWN);
  if ((args[0].startsWith("head/") ? heads : all) === "held") {
    while (!released.has(until)) await scheduler.wait(5);
    return bucket.put(...args);
  }
  switch (plan.puts) {
    case undefined:
    case "pass":
      return bucket.put(...args);
    case "hang":
      await scheduler.wait(HANG_MS);
      throw new Error(DOWN);
    case "late":
      await scheduler.wait(300);
      return bucket.put(...args);
    case "store-then-fail":
      await bucket.put(...args);
      throw new Error(DOWN);
    case "fail":
      throw new Error(DOWN);
    default:
      // Evenly, so that a run is like the next one.
      if ((++asked * plan.puts) % 100 < plan.puts) throw new Error(DOWN);
      return bucket.put(...args);
  }
}

const faulty = (bucket) =>
  bucket && {
    put: (...args) => put(bucket, args),
    async get(...args) {
      gets.push(args[0]);
      const { gets: all, of = "", until } = plan;
      while (all === "held" && args[0].startsWith(of) && !released.has(until)) await scheduler.wait(5);
      if (plan.heads === "fail" && args[0].startsWith("head/")) throw new Error(DOWN);
      if (plan.unreadable && args[0].startsWith(plan.unreadable)) throw new Error(DOWN);
      return bucket.get(...args);
    },
    head: (...args) => bucket.head(...args),
    list: (...args) => bucket.list(...args),
    async delete(names) {
      if (plan.deletes === "refuse") throw new Error(LOCKED);
      if (typeof plan.deletes === "number" && (++asked * plan.deletes) % 100 < plan.deletes) throw new Error(LOCKED);
      await bucket.delete(names);
      if (plan.deletes === "delete-then-fail") throw new Error("delete: internal error (10001)");
    },
  };

const faultyQueue = (queue) => ({
  async sendBatch(...args) {
    const { queue: all, until } = plan;
    while (all === "held" && !released.has(until)) await scheduler.wait(5);
    return queue.sendBatch(...args);
  },
});

export default class extends WorkerEntrypoint {
  #rust() {
    const { COPY, HOMES_QUEUE, ...env } = this.env;
    const queue = HOMES_QUEUE && { HOMES_QUEUE: faultyQueue(HOMES_QUEUE) };
    return new Rust(this.ctx, { ...env, COPY: faulty(COPY), ...queue });
  }

  fetch(request) {
    return this.#rust().fetch(request);
  }

  scheduled(event) {
    return this.#rust().scheduled(event);
  }

  /** What the bucket does from now on. */
  bucket(next) {
    plan = next;
    puts.length = 0;
    gets.length = 0;
  }

  /** Lets go on what was held until this. */
  release(name) {
    released.add(name);
  }

  /** The names that were put since the last plan. */
  puts() {
    return [...puts];
  }

  /** The names that were read since the last plan. */
  gets() {
    return [...gets];
  }
}
