// The world of the model (../model.test.mjs): several databases behind two isolates, the people, and what the model knows of each.

import assert from "node:assert/strict";
import { after } from "node:test";

import { inRoot } from "../../../scripts/lib/paths.mjs";
import { callers, user } from "../../support/client.mjs";
import { copies, withCopy } from "../../support/copy.mjs";
import { startWorker } from "../../support/harness.mjs";
import { randomness } from "../../support/wallet-model.mjs";

export const SEED = Number(process.env.MODEL_SEED ?? 1);

export const METHODS = { custodian: ["GDRIVE-SECP256K1", "GDRIVE-ED25519"], user: ["GDRIVE", "PASSWORD"] };
/** Each isolate seals with one of them, and opens both. */
export const KEYS = { k1: Buffer.alloc(32, 1).toString("base64"), k2: Buffer.alloc(32, 2).toString("base64") };
export const keysOf = (...ids) => ids.map((id) => `${id}:${KEYS[id]}`).join(",");

export const LONG_AGO = "2026-01-01T00:00:00.000Z";
/** D1 says so before anything is carried out: the Worker need not wait until it is over. */
export const OVERLOADED = { error: "D1_ERROR: D1 DB is overloaded. Too many requests queued." };

export const worker = await startWorker({
  homes: 3,
  main: inRoot("tests", "support", "faulty-entry.mjs"),
  config: (config) => {
    const { r2_buckets: buckets, ...rest } = withCopy(config);
    return { ...rest, r2_buckets: [...buckets, { binding: "COPY_EU", bucket_name: "portal-backup-copy-eu" }] };
  },
  vars: { PURGE_DELAY_HOURS: "0", HOME_PLACES: "2=eu", UNKNOWN_CLIENTS: "register" },
  secrets: { SHARE_ENCRYPTION_KEYS: keysOf("k1", "k2") },
  siblings: { other: { SHARE_ENCRYPTION_KEYS: keysOf("k2", "k1") } },
});
after(() => worker.stop());

/** Two isolates: each remembers routes of its own. */
export const workers = [worker, worker.sibling("other")];
export const calls = workers.map(callers);
export const entries = await Promise.all(workers.map((each) => each.entry()));
export const copy = await copies(worker);
export const { chance, pick, weighted } = randomness(SEED);
export const below = (end) => pick([...Array(end).keys()]);
export const HOMES = [...worker.homes.keys()];

export const people = ["one", "two", "three", "four", "five"].map((name) => ({
  // As a webhook registers.
  user: ["four", "five"].includes(name) ? { ...user(name), id: user(name).clientId } : user(name),
  state: "unknown",
  /** API keys that the user had. */
  formerKeys: [],
  /** What was acknowledged and must be there. */
  held: new Set(),
  /** What may have been stored: it was not answered with 2xx. */
  maybe: new Set(),
  /** What was erased. */
  erased: new Set(),
  /** What was acknowledged, is in the copy, and was lost by Time Travel: a merge brings it back. */
  lost: new Set(),
  /** By kind and method what may be current; null: no share. */
  current: new Map(),
}));

/** All that may happen, by its name. The other modules fill it. */
export const STEPS_OF = {};
/** What has happened. */
export const steps = [];
/** What goes on now. */
export const now = {
  /** The home that fails. */
  down: undefined,
  isBucketDown: false,
  /** How much is under way that may make a request fail. */
  disturbed: 0,
  /** Whom the next step is about. */
  aimed: undefined,
  /** The home that went back in time, until it is merged with its copy. */
  backInTime: undefined,
  texts: 0,
  tags: 0,
};

export const tell = (line) => void steps.push(`  ${line}`);
export const sqlOf = async (home, statement, ...values) =>
  (
    await worker.homes[home]
      .prepare(statement)
      .bind(...values)
      .all()
  ).results;
export const everywhere = (statement, ...values) => Promise.all(HOMES.map((home) => sqlOf(home, statement, ...values)));
export const path = (person, rest = "") => `/users/${person.user.id}${rest}`;

export const anyone = (...states) => {
  if (now.aimed) return states.includes(now.aimed.state) ? now.aimed : undefined;
  const some = people.filter(({ state }) => states.includes(state));
  return some.length > 0 ? pick(some) : undefined;
};

/** What a request meets: `faults`, or the home that fails. */
export function meeting(faults = now.down === undefined ? undefined : { home: now.down, then: OVERLOADED }) {
  return faults && { headers: { "x-test-faults": JSON.stringify({ tag: `${++now.tags}`, ...faults }) } };
}

export const admin = (method, where, body, faults) => pick(calls).admin(method, where, body, meeting(faults));
export const app = (who, method, where, body) => pick(calls).app(who, method, where, body, meeting());
export const portal = (where, body) => pick(calls).portal(where, body, meeting());

/** Whether it was acknowledged. It may be 503 only while something is wrong. */
export function isAcknowledged({ status, text }, ...others) {
  if (status < 300) return true;
  const expected = isTroubled() ? [503, ...others] : others;
  assert.ok(expected.includes(status), `${status}: ${text}`);
  tell(`${status}`);
  return false;
}

export const isTroubled = () => now.down !== undefined || now.disturbed > 0;

/** What a lease holds still, it does for half a minute. */
export const lapse = () => everywhere(`UPDATE moves SET until = '${LONG_AGO}' WHERE state = 'leaving'`);

export const forgetAll = () => Promise.all(entries.map((entry) => entry.forgetAll()));

export async function inTrouble(work) {
  now.disturbed++;
  try {
    return await work();
  } finally {
    now.disturbed--;
  }
}

export const PLACES = Object.entries(METHODS).flatMap(([kind, methods]) =>
  methods.map((method) => `${kind} ${method}`),
);
/** Anything that was stored may be current in these places, or nothing. */
export function doubt(person, isDoubted = () => true) {
  for (const place of PLACES.filter(isDoubted)) person.current.set(place, [null, ...person.held, ...person.maybe]);
}

export const minute = () => pick(workers).scheduled({ cron: "* * * * *" });
export const quarter = () => pick(workers).scheduled();
