// The second copy against histories at random: stores, deletions, erasures, restores, imports, rotations, a bucket that fails, another one, runs at once, the
// sweep, and Time Travel, also several times and taken back. Again and again the database is merged with its copy and rebuilt
// from it: nothing that was acknowledged is lost, nobody who was erased comes back, and both are the same, row for row.
//
// npm test plays one history; MODEL_SEED=… MODEL_STEPS=… npm test -- --only=copy/model plays another, longer one. A failure prints the steps.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { walk } from "../../scripts/lib/copy/walk.mjs";
import { backups } from "../support/backup.mjs";
import { importOf } from "../support/bulk.mjs";
import { user } from "../support/client.mjs";
import { copies, faultyBucketEntry, withCopy } from "../support/copy.mjs";
import { startWorker } from "../support/harness.mjs";
import { open } from "../support/sealing.mjs";
import { timeTravel } from "../support/time-travel.mjs";
import { randomness } from "../support/wallet-model.mjs";

const SEED = Number(process.env.MODEL_SEED ?? 88);
const STEPS = Number(process.env.MODEL_STEPS ?? 80);
/** A method in two spellings is one; without any it is UNKNOWN. */
const METHODS = {
  custodian: ["GDRIVE-SECP256K1", "gdrive-secp256k1", "GDRIVE-ED25519", undefined],
  user: ["GDRIVE", "gdrive", "PASSWORD", undefined],
};
const KEYS = Object.fromEntries([1, 2].map((n) => [`k${n}`, Buffer.alloc(32, n).toString("base64")]));
const keyList = (...ids) => ({ SHARE_ENCRYPTION_KEYS: ids.map((id) => `${id}:${KEYS[id]}`).join() });

const worker = await startWorker({
  homes: 1, // a copy, and a rebuild, is of one
  main: faultyBucketEntry,
  config: withCopy,
  vars: { COPY_WAIT_MS: "300", PURGE_DELAY_HOURS: "0" },
  secrets: keyList("k1", "k2"),
  siblings: { rotated: keyList("k2", "k1") },
});
after(() => worker.stop());

const workers = [worker, worker.sibling("rotated")];
const entries = await Promise.all(workers.map((each) => each.entry()));
const copy = await copies(worker);
const { chance, pick, weighted } = randomness(SEED);
const people = ["one", "two", "three"].map((name) => ({
  user: user(name),
  /** What was acknowledged and must be in the database. */
  held: new Set(),
  /** What was acknowledged, is in the copy, and was lost by Time Travel: a merge brings it back. */
  lost: new Set(),
  /** Time Travel brought back what had been erased: the copy has it no longer. */
  isRevived: false,
}));
const steps = [];
const states = [];
let deployed = 0;
let texts = 0;
let hasTravelled = false;
/** The objects of the bucket that is not bound. */
let other = [];

const of = () => backups(workers[deployed]);
const ok = async (answer, ...statuses) => {
  const { status, body, text } = await answer;
  assert.ok(statuses.includes(status), `${status}: ${text}`);
  return { status, body };
};
const minute = (by = workers[deployed]) => by.scheduled({ cron: "* * * * *" });
const bucket = (plan) => Promise.all(entries.map((entry) => entry.bucket(plan)));
const stateOf = async ({ user: { id } }) => {
  const [row] = await worker.sql(
    "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1) AS there, EXISTS (SELECT 1 FROM deleted_users WHERE id = ?1) AS deleted",
    id,
  );
  return row.there ? "registered" : row.deleted ? "deleted" : "unknown";
};
/** One of those in this state. */
async function one(state) {
  const all = [];
  for (const person of people) if ((await stateOf(person)) === state) all.push(person);
  return all.length > 0 ? pick(all) : undefined;
}

const STEPS_OF = {
  async register() {
    const person = await one("unknown");
    if (person) await of().register(person.user);
    return person?.user.id;
  },
  async registerAgain() {
    const person = await one("deleted");
    if (person) await of().register(person.user);
    return person?.user.id;
  },
  async store() {
    const person = await one("registered");
    if (!person) return undefined;
    const kind = pick(["custodian", "user"]);
    const text = `${kind} text ${++texts}`;
    const store = kind === "custodian" ? of().custodian : of().cipherText;
    await store(person.user, pick(METHODS[kind]), text, { pair: pick([undefined, `pair ${texts}`]) });
    person.held.add(text);
    return `${person.user.id}: ${text}`;
  },
  /** The share that is current comes again. */
  async storeAgain() {
    const person = await one("registered");
    const rows = person ? (await rowsOf(person)).filter(({ current }) => current) : [];
    if (rows.length === 0) return undefined;
    const { kind, backupMethod, text } = pick(rows);
    const store = kind === "custodian" ? of().custodian : of().cipherText;
    await store(person.user, backupMethod, text);
    person.held.add(text);
    return `${person.user.id}: ${text}`;
  },
  async restoreVersion() {
    const person = await one("registered");
    const rows = person ? (await rowsOf(person)).filter(({ current }) => !current) : [];
    if (rows.length === 0) return undefined;
    const { id, text } = pick(rows);
    await of().restoreVersion(person.user, id);
    return `${person.user.id}: ${text}`;
  },
  async removeMethod() {
    const person = await one("registered");
    if (!person) return undefined;
    const method = pick(METHODS.user) ?? "UNKNOWN";
    const path = `${of().path(person.user)}/backups?backupMethod=${method}`;
    const { status } = await ok(of().admin("DELETE", path), 204, 404);
    return `${person.user.id}: ${method}, ${status}`;
  },
  async replaceKey() {
    const person = await one("registered");
    if (!person) return undefined;
    const clientApiKey = `key ${++texts} of ${person.user.id}`.replaceAll(" ", "-");
    await ok(of().admin("PUT", `${of().path(person.user)}/client-api-key`, { clientApiKey }), 200, 204);
    person.user = { ...person.user, clientApiKey };
    return person.user.id;
  },
  async importOld() {
    const person = await one("registered");
    if (!person) return undefined;
    const text = `imported ${++texts}`;
    const at = (day) => `2025-01-${String(day).padStart(2, "0")}T00:00:00.000Z`;
    const record = {
      type: "custodianBackupShare",
      id: `imported-${texts}`,
      userId: person.user.id,
      backupMethod: pick(METHODS.custodian),
      share: text,
      storedAt: at(1),
      supersededAt: at(2 + (texts % 20)),
    };
    const { body } = await ok(importOf(workers[deployed], [record]), 200);
    assert.equal(body.results[0].outcome, "new", JSON.stringify(body));
    person.held.add(text);
    return `${person.user.id}: ${text}`;
  },
  async deleteUser() {
    const person = await one("registered");
    if (person) await of().deleteUser(person.user);
    return person?.user.id;
  },
  async restoreUser() {
    const person = await one("deleted");
    if (person) await of().restoreUser(person.user);
    return person?.user.id;
  },
  async purge() {
    const person = pick(people);
    if ((await stateOf(person)) === "unknown") return undefined;
    await purge(person);
    return person.user.id;
  },
  async rotate() {
    deployed = 1 - deployed;
    return String(deployed);
  },
  async bucket() {
    const plan = pick([
      {},
      {},
      { puts: "fail" },
      { puts: 30 },
      { puts: "late" },
      { puts: "store-then-fail" },
      { heads: "fail" },
      { deletes: "refuse" },
      { deletes: 50 },
    ]);
    await bucket(plan);
    return JSON.stringify(plan);
  },
  minute: async () => void (await minute()),
  quarter: async () => void (await workers[deployed].scheduled()),
  runsAtOnce: async () => void (await Promise.all([minute(workers[0]), minute(workers[1])])),
  async minuteBesideStore() {
    const [, stored] = await Promise.all([minute(), STEPS_OF.store()]);
    return stored;
  },
  /** A moment that Time Travel may go back to. */
  remember: async () => `as ${await remember()}`,
  async travel() {
    if (states.length === 0) return undefined;
    // In what is lost a run came: a copy that knows of none tells by names that are taken alone that the database went back.
    await copyAll();
    if (chance(0.4)) {
      await bucket({ puts: "fail" });
      await STEPS_OF.store();
    }
    const at = chance(0.7) ? states.length - 1 : pick([...states.keys()]);
    const { goBack, held, keys, purged } = states[at];
    const isCopied = (await copy.pending()) === 0;
    // What is given up: Time Travel may be taken back.
    const given = chance(0.3) ? `, from ${await remember()}` : "";
    await goBack();
    hasTravelled = true;
    for (const [index, person] of people.entries()) {
      const lost = [...person.held].filter((text) => !held[index].has(text));
      if (isCopied && !person.isRevived) for (const text of lost) person.lost.add(text);
      person.held = new Set(held[index]);
      person.user = { ...person.user, clientApiKey: keys[index] };
      person.isRevived ||= purged.has(person);
    }
    return `to ${at}${given}, ${isCopied ? "all was copied" : "not all was copied"}`;
  },
  /** Another bucket is bound, the one of before or an empty one. */
  async anotherBucket() {
    if (hasTravelled) await merge(); // docs/second-copy.md says so
    const next = chance(0.3) ? [] : other;
    other = await Promise.all(
      (await copy.names("")).map(async (name) => {
        const object = await copy.bucket.get(name);
        return [name, await object.text(), { customMetadata: object.customMetadata }];
      }),
    );
    for (const [name] of other) await copy.bucket.delete(name);
    for (const object of next) await copy.bucket.put(...object);
    return `${next.length} objects`;
  },
  /** For a time no bucket is bound: a run does this then. */
  async noBucket() {
    if (hasTravelled) await merge();
    await worker.sql("DELETE FROM meta WHERE name IN ('copying', 'copy_sampled')");
    await worker.sql("DELETE FROM changes WHERE what <> 'purged'");
  },
  merge: async () => void (await merge()),
  check: async () => void (await check()),
  /** A month later: the sweep may delete, and Time Travel reaches nothing of before. */
  async month() {
    await copy.age();
    states.length = 0;
  },
};

const WEIGHTS = {
  register: 6,
  registerAgain: 3,
  store: 30,
  storeAgain: 4,
  restoreVersion: 4,
  removeMethod: 2,
  replaceKey: 3,
  importOld: 3,
  deleteUser: 4,
  restoreUser: 4,
  purge: 2,
  rotate: 3,
  bucket: 8,
  minute: 6,
  quarter: 5,
  runsAtOnce: 3,
  minuteBesideStore: 3,
  remember: 5,
  travel: 5,
  merge: 3,
  check: 4,
  month: 2,
  anotherBucket: 2,
  noBucket: 2,
};

test(`what the database and its copy hold is the same, whatever happens to both (seed ${SEED})`, async () => {
  try {
    for (let step = 0; step < STEPS; step++) {
      const name = weighted(WEIGHTS);
      steps.push(name);
      const what = await STEPS_OF[name]();
      if (what) steps.push(`  ${what}`);
      await nothingIsLost();
    }
    await check();
  } catch (error) {
    throw new Error(`${error.message}\nMODEL_SEED=${SEED}\n${steps.join("\n")}`, { cause: error });
  }
});

/** All that the database holds of somebody, opened. */
async function rowsOf({ user: { id, clientId } }) {
  const columns = "id, backup_method, key_id, sealed_share";
  const rows = await worker.sql(
    `SELECT 'custodian' AS kind, 1 AS current, ${columns} FROM custodian_backup_shares WHERE user_id = ?1
     UNION ALL SELECT 'user', 1, ${columns} FROM user_backup_shares WHERE user_id = ?1
     UNION ALL SELECT kind, 0, ${columns} FROM backup_share_versions WHERE user_id = ?1`,
    id,
  );
  return Promise.all(
    rows.map(
      async ({ id: version, kind, current, backup_method: backupMethod, key_id: keyId, sealed_share: sealed }) => ({
        id: version,
        kind,
        current: current === 1,
        backupMethod,
        text: await open(KEYS[keyId], { kind, owner: kind === "user" ? id : clientId, backupMethod }, sealed),
      }),
    ),
  );
}

async function nothingIsLost() {
  for (const person of people) {
    const there = new Set((await rowsOf(person)).map(({ text }) => text));
    for (const text of person.held) assert.ok(there.has(text), `${text} was acknowledged, and is gone`);
  }
}

async function remember() {
  const held = people.map((person) => new Set(person.held));
  const keys = people.map((person) => person.user.clientApiKey);
  const purged = new Set(people.filter(({ isRevived }) => isRevived));
  states.push({ goBack: await timeTravel(worker), held, keys, purged });
  return states.length - 1;
}

async function purge(person) {
  await of().purgeUser(person.user);
  person.held.clear();
  person.lost.clear();
  person.isRevived = false;
  for (const state of states) state.purged.add(person);
}

async function copyAll() {
  await bucket({});
  await minute();
  await copy.until("all is copied", async () => {
    await minute();
    const [begun] = await worker.sql("SELECT value FROM meta WHERE name = 'copying'");
    return begun?.value === "done" && (await copy.pending()) === 0;
  });
}

const api = {
  origin: "model",
  post: async (path, body) => (await ok(of().admin("POST", path, body), 200)).body,
};

async function merge() {
  await copyAll();
  // What was erased, and is there again by Time Travel, is erased again.
  for (const person of people.filter(({ isRevived }) => isRevived))
    if ((await stateOf(person)) !== "unknown") await purge(person);
  await copyAll();
  const { leftOut, damaged, unopened } = await walk({ api, work: { home: 0, mode: "merge" } });
  assert.deepEqual({ leftOut, damaged, unopened }, { leftOut: [], damaged: [], unopened: [] });
  for (const person of people) {
    for (const text of person.lost) person.held.add(text);
    person.lost.clear();
  }
  hasTravelled = false;
  // Who registered in the lost time has the API key of then; an operator gives the one that the app has now.
  for (const { user } of people) {
    const { clientApiKey } = user;
    const path = `${of().path(user)}/client-api-key`;
    await ok(of().admin("PUT", path, { clientApiKey }), 200, 204, 404);
  }
  await nothingIsLost();
}

/** A rebuild makes the same database. */
async function check() {
  if (hasTravelled) await merge();
  await copyAll();
  await copy.emptyRebuilt();
  const { damaged, unopened } = await walk({ api, work: { home: 0, mode: "into", into: "REBUILD" } });
  assert.deepEqual({ damaged, unopened }, { damaged: [], unopened: [] });
  assert.deepEqual(await copy.held(copy.rebuilt), await copy.held());
}
