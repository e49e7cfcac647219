// The built Worker behind a D1 that a test makes fail. Start it with `startWorker({ main: faultyEntry })`.
//
// A request brings its own faults, one for each batch that it sends to the databases, in the header x-test-faults:
// {"tag":"t1","plan":["fail","hang"],"then":"pass"}. The directory's own are under "directory": {"plan":["fail"],"then":"fail"};
// {"home":1} confines the others to one home. {"limiters":"fail"} or "hang" is what all rate limiters do. What the scheduled handler
// meets is set by `planScheduled`. The kinds:
//
// - "pass": nothing is wrong.
// - "fail": the connection is lost before anything is done. Any other error: {"error":"D1_ERROR: …"}.
// - "commit-then-fail": all is committed, but the answer is lost.
// - "hang": no answer, ever.
// - {"breakAt":n}: the batch fails at its n-th statement, having carried out those before; D1 rolls them back.
// - "late": the caller gets no answer; the batch is carried out when the test calls `release(tag)`, be the request over or not.
// - "lost": as "late", but the caller is told at once that the connection is lost.
// - "full": the database has come to its end: who writes is refused, who only reads is not.
// - "stopped-clock": nothing is wrong, but the database's clock (`now` in an answer) stands while the batch waits.
// - {"size":bytes}: nothing is wrong, but D1 tells that the database is so large.
// - "hold": waits, before anything is done, until the test calls `release(tag)`.

import { WorkerEntrypoint, exports } from "cloudflare:workers";

import Rust from "../../build/index.js";
import { everyDatabase } from "./databases.mjs";

const HANG_MS = 60_000; // far longer than anyone waits
const LOST = "D1_ERROR: Network connection lost.";
const FULL = "D1_ERROR: Exceeded maximum DB size";
const LIMITERS = ["AUTH_FAILURE_LIMITER", "APP_LIMITER", "WEBHOOK_LIMITER"];

/** What each tag has met so far, and which have a late batch; an isolate serves one test file. */
const met = new Map();
const released = new Set();
const late = [];
let scheduledPlan = { tag: "scheduled" };

const fail = (message) => Promise.reject(new Error(message));

async function untilReleased(tag) {
  while (!released.has(tag)) await scheduler.wait(5);
}

async function inject(fault, tag, real, statements, db, ctx) {
  switch (fault) {
    case "pass":
      return real(statements);
    case "fail":
      return fail(LOST);
    case "commit-then-fail":
      await real(statements);
      return fail(LOST);
    case "full":
      return statements.every(({ statement }) => statement.startsWith("SELECT")) ? real(statements) : fail(FULL);
    case "hang":
      return scheduler.wait(HANG_MS); // a pending timer, or workerd would cancel the request at once
    case "stopped-clock": {
      const sent = Date.now();
      const stopped = (row) => ("now" in row ? { ...row, now: sent } : row);
      return (await real(statements)).map((result) => ({ ...result, results: result.results.map(stopped) }));
    }
    case "hold":
      await untilReleased(tag);
      return real(statements);
    case "late":
    case "lost": {
      const batch = { tag };
      late.push(batch);
      ctx.waitUntil(
        untilReleased(tag)
          .then(() => real(statements))
          .catch(({ message }) => console.log(`a late batch was refused: ${message}`))
          .finally(() => late.splice(late.indexOf(batch), 1)),
      );
      return fault === "lost" ? fail(LOST) : scheduler.wait(HANG_MS);
    }
  }
  if (fault.breakAt !== undefined) {
    return real(statements.toSpliced(fault.breakAt, 0, db.prepare("SELECT json('{broken')")));
  }
  if (fault.size !== undefined) {
    return (await real(statements)).map((result) => ({ ...result, meta: { ...result.meta, size_after: fault.size } }));
  }
  return fail(fault.error);
}

/** The bindings with the faults of a plan: the homes share one queue, the directory has its own. */
function faultyBindings(env, ctx, { tag, plan = [], then = "pass", home, directory = {}, limiters }) {
  const seen = [];
  met.set(tag, seen);
  const seenByDirectory = [];
  met.set(`${tag} directory`, seenByDirectory);
  const homes = { queue: [...plan], then };
  const ofDirectory = { queue: [...(directory.plan ?? [])], then: directory.then ?? "pass" };
  const hit = home === undefined ? undefined : home === 0 ? "DB" : `DB_${home}`;
  const bindings = limiters === undefined ? env : { ...env, ...faultyLimiters(limiters) };
  return everyDatabase(bindings, (name, db) => {
    if (name === "DIRECTORY") return faulty(db, ctx, tag, ofDirectory, seenByDirectory);
    return hit !== undefined && name !== hit ? db : faulty(db, ctx, tag, homes, seen);
  });
}

function faultyLimiters(kind) {
  const limit = async () => {
    if (kind === "fail") throw new Error("the rate limiter is out of order");
    await scheduler.wait(HANG_MS);
    return { success: false }; // who has waited until then is told so
  };
  return Object.fromEntries(LIMITERS.map((name) => [name, { limit }]));
}

function faulty(db, ctx, tag, faults, seen) {
  return new Proxy(db, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (key === "constructor") return value; // the worker crate looks at its name
      if (key !== "batch") return typeof value === "function" ? value.bind(target) : value;
      return (statements) => {
        const fault = faults.queue.length > 0 ? faults.queue.shift() : faults.then;
        seen.push({ fault, statements: statements.length });
        return inject(fault, tag, (list) => value.call(target, list), statements, target, ctx);
      };
    },
  });
}

/** So many of a hundred puts into a bucket fail, every other of them after it has stored. */
let failingPuts = 0;
let puts = 0;
const faultyBucket = (bucket) => ({
  get: (...args) => bucket.get(...args),
  head: (...args) => bucket.head(...args),
  list: (...args) => bucket.list(...args),
  delete: (...args) => bucket.delete(...args),
  async put(...args) {
    const fails = (++puts * failingPuts) % 100 < failingPuts;
    const stored = fails && puts % 2 === 0 ? undefined : await bucket.put(...args);
    return fails ? fail("put: We encountered an internal error. Please try again. (10001)") : stored;
  },
});
const withBuckets = (env) => {
  const buckets = ["COPY", "COPY_EU"].filter((name) => failingPuts > 0 && env[name]);
  return { ...env, ...Object.fromEntries(buckets.map((name) => [name, faultyBucket(env[name])])) };
};

export default class extends WorkerEntrypoint {
  fetch(request) {
    const header = request.headers.get("x-test-faults");
    const env = withBuckets(this.env);
    return new Rust(this.ctx, header ? faultyBindings(env, this.ctx, JSON.parse(header)) : env).fetch(request);
  }

  scheduled(event) {
    return new Rust(this.ctx, faultyBindings(withBuckets(this.env), this.ctx, scheduledPlan)).scheduled(event);
  }

  /** From now on so many of a hundred puts into the buckets fail, every other of them after it has stored. */
  failPuts(percent) {
    failingPuts = percent;
  }

  /** Sends a request whose first batch is on hold, and hangs up while it is; then lets the batch go on. */
  async hangUp(path, { headers, ...init }, tag) {
    const plan = { "x-test-faults": JSON.stringify({ tag, plan: ["hold"] }) };
    const caller = new AbortController();
    const sent = exports.default.fetch(`http://worker${path}`, {
      ...init,
      headers: { ...headers, ...plan },
      signal: caller.signal,
    });
    while (this.met(tag).length === 0) await scheduler.wait(5);
    caller.abort();
    await sent.catch(() => {});
    await this.release(tag);
  }

  /** As a deployment does: the next request is the first one of its isolate. */
  forgetAll() {
    globalThis.portalBackupWorker.instance.crashed = true;
  }

  /** From now on a timer of a minute goes off after a second. */
  hurry() {
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (call, ms) => setTimeout(call, ms === 60_000 ? 1_000 : ms);
  }

  /** From now on the data center's cache takes questions, and never answers. */
  hangCache() {
    Object.getPrototypeOf(caches.default).match = () => scheduler.wait(HANG_MS);
  }

  /** What the scheduled handler meets from now on. */
  planScheduled(plan) {
    scheduledPlan = { tag: "scheduled", ...plan };
  }

  /** The batches that a tag has sent to the homes, or as "<tag> directory" to the directory: `[{ fault, statements }]`. */
  met(tag) {
    return met.get(tag) ?? [];
  }

  /** Lets the batches of a tag that are on hold, or late, go on; resolves once the late ones have ended. */
  async release(tag) {
    released.add(tag);
    while (late.some((batch) => batch.tag === tag)) await scheduler.wait(5);
  }
}
