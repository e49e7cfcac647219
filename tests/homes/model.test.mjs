// Several databases against histories at random: stores, deletions, erasures, restores, API keys, moves (also broken off, two at once, and beside
// anything else), a database that fails, the background, Time Travel of one database or of the directory, and the copy. Again and
// again: nothing that was acknowledged is lost, nobody who was erased comes back, every user is in one database and the routes lead there, an API key
// opens its own user, and a rebuild of each database from its copy is that database, row for row.
//
// It does not play: a bucket that fails, moves that are half done when a home goes back, what happens between that and its new identity, other keys,
// imports, several clients of one user, users whom a webhook makes, lists of users and exports while moves are broken off.
//
// npm test plays one history; MODEL_SEED=… MODEL_STEPS=… npm test -- --only=homes/model plays another, longer one. A failure prints the steps.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { walk } from "../../scripts/lib/copy/walk.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { callers, user } from "../support/client.mjs";
import { copies, withCopy } from "../support/copy.mjs";
import { startWorker } from "../support/harness.mjs";
import { open } from "../support/sealing.mjs";
import { timeTravel } from "../support/time-travel.mjs";
import { randomness } from "../support/wallet-model.mjs";

const SEED = Number(process.env.MODEL_SEED ?? 1);
const STEPS = Number(process.env.MODEL_STEPS ?? 50);
const METHODS = { custodian: ["GDRIVE-SECP256K1", "GDRIVE-ED25519"], user: ["GDRIVE", "PASSWORD"] };
const KEY = Buffer.alloc(32, 1).toString("base64");
const LONG_AGO = "2026-01-01T00:00:00.000Z";
/** D1 says so before anything is carried out: the Worker need not wait until it is over. */
const OVERLOADED = { error: "D1_ERROR: D1 DB is overloaded. Too many requests queued." };

const worker = await startWorker({
  homes: 3,
  main: inRoot("tests", "support", "faulty-entry.mjs"),
  config: (config) => {
    const { r2_buckets: buckets, ...rest } = withCopy(config);
    return { ...rest, r2_buckets: [...buckets, { binding: "COPY_EU", bucket_name: "portal-backup-copy-eu" }] };
  },
  vars: { PURGE_DELAY_HOURS: "0", HOME_PLACES: "2=eu" },
  siblings: { other: {} },
});
after(() => worker.stop());

/** Two isolates: each remembers routes of its own. */
const workers = [worker, worker.sibling("other")];
const calls = workers.map(callers);
const entries = await Promise.all(workers.map((each) => each.entry()));
const copy = await copies(worker);
const { chance, pick, weighted } = randomness(SEED);
const below = (end) => pick([...Array(end).keys()]);
const HOMES = [...worker.homes.keys()];

const people = ["one", "two", "three", "four", "five"].map((name) => ({
  user: user(name),
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
const steps = [];
let texts = 0;
let tags = 0;
/** The home that fails. */
let down;

const tell = (line) => void steps.push(`  ${line}`);
const sqlOf = async (home, statement, ...values) =>
  (
    await worker.homes[home]
      .prepare(statement)
      .bind(...values)
      .all()
  ).results;
const everywhere = (statement, ...values) => Promise.all(HOMES.map((home) => sqlOf(home, statement, ...values)));
const path = (person, rest = "") => `/users/${person.user.id}${rest}`;
/** Whom the next step is about. */
let aimed;
const anyone = (...states) => {
  if (aimed) return states.includes(aimed.state) ? aimed : undefined;
  const some = people.filter(({ state }) => states.includes(state));
  return some.length > 0 ? pick(some) : undefined;
};

/** What a request meets: `faults`, or the home that fails. */
function meeting(faults = down === undefined ? undefined : { home: down, then: OVERLOADED }) {
  return faults && { headers: { "x-test-faults": JSON.stringify({ tag: `${++tags}`, ...faults }) } };
}
const admin = (method, where, body, faults) => pick(calls).admin(method, where, body, meeting(faults));
const app = (who, method, where, body) => pick(calls).app(who, method, where, body, meeting());
const portal = (where, body) => pick(calls).portal(where, body, meeting());

/** Whether it was acknowledged. It may be 503 only while something is wrong. */
function isAcknowledged({ status, text }, ...others) {
  if (status < 300) return true;
  const expected = isTroubled() ? [503, ...others] : others;
  assert.ok(expected.includes(status), `${status}: ${text}`);
  tell(`${status}`);
  return false;
}
let isDisturbed = 0;
const isTroubled = () => down !== undefined || isDisturbed > 0;

/** What a change that was not acknowledged has done after all. */
async function observe(person) {
  const own = (await look()).people.filter(({ id }) => id === person.user.id);
  person.state = own.some(({ row }) => row === "user") ? "registered" : own.length > 0 ? "deleted" : "unknown";
}

/** The home that has the person, registered or deleted, as its own. */
const homeOf = async (person) => (await look()).people.find(({ id }) => id === person.user.id)?.home;

async function register(person) {
  const former = person.user;
  person.user = { ...former, clientApiKey: `key-${++texts}-of-${former.id}` };
  const home = chance(0.7) ? { home: pick(HOMES) } : {};
  const answer = await admin("POST", "/users", { ...person.user, ...home });
  // Somebody who was there before stays there: another home is not taken.
  if (isAcknowledged(answer, 409)) person.state = "registered";
  else await observe(person);
  if (person.state === "registered") {
    person.formerKeys.push(former.clientApiKey);
    person.current.clear();
  } else person.user = former;
  return `${person.user.id}: ${answer.status}, in home ${await homeOf(person)}`;
}

async function purge(person) {
  const answer = await admin("DELETE", path(person, `?purge=${person.user.clientId}`));
  if (!isAcknowledged(answer)) {
    await observe(person);
    if (person.state !== "unknown") return `${person.user.id}: ${answer.status}`;
  }
  for (const text of [...person.held, ...person.maybe, ...person.lost]) person.erased.add(text);
  Object.assign(person, { state: "unknown", held: new Set(), maybe: new Set(), lost: new Set() });
  person.current.clear();
  return person.user.id;
}

async function store(person) {
  const kind = person.hasKeyInDoubt ? "custodian" : pick(["custodian", "user"]);
  const backupMethod = pick(METHODS[kind]);
  const text = `${kind} text ${++texts}`;
  const place = `${kind} ${backupMethod}`;
  const answer =
    kind === "custodian"
      ? await portal("/webhook/backup", { clientId: person.user.clientId, backupMethod, share: text })
      : await app(person.user, "POST", path(person, "/user-backup-share"), { backupMethod, cipherText: text });
  if (isAcknowledged(answer)) {
    person.held.add(text);
    person.current.set(place, [text]);
  } else {
    person.maybe.add(text);
    person.current.set(place, [...(person.current.get(place) ?? [null]), text]);
  }
  return `${person.user.id}: ${text}, ${answer.status}`;
}

const move = async (person, home, faults) => {
  const from = await homeOf(person);
  const answer = await admin("POST", path(person, "/move"), { home }, faults);
  return { answer, told: `${person.user.id} from ${from} to ${home}: ${answer.status}` };
};

const STEPS_OF = {
  async register() {
    const person = anyone("unknown", "unknown", "deleted");
    return person && register(person);
  },
  async store() {
    const person = anyone("registered");
    return person && store(person);
  },
  async replaceKey() {
    const person = anyone("registered");
    if (!person) return undefined;
    const clientApiKey = `key-${++texts}-of-${person.user.id}`;
    const answer = await admin("PUT", path(person, "/client-api-key"), { clientApiKey });
    const keys = [person.user.clientApiKey, clientApiKey];
    const isNew = isAcknowledged(answer) || (await hasKey(person, clientApiKey));
    if (isNew) person.hasKeyInDoubt = false;
    person.user = { ...person.user, clientApiKey: keys[Number(isNew)] };
    person.formerKeys.push(keys[Number(!isNew)]);
    return `${person.user.id}: ${answer.status}`;
  },
  async deleteUser() {
    const person = anyone("registered");
    if (!person) return undefined;
    const answer = await admin("DELETE", path(person));
    if (isAcknowledged(answer)) person.state = "deleted";
    else await observe(person);
    return `${person.user.id}: ${answer.status}`;
  },
  async restoreUser() {
    const person = anyone("deleted");
    if (!person) return undefined;
    const answer = await admin("POST", path(person, "/restore"));
    if (isAcknowledged(answer)) person.state = "registered";
    else await observe(person);
    // Of a method without a share one of an earlier registration may come back.
    doubt(person, (place) => !person.current.has(place));
    return `${person.user.id}: ${answer.status}`;
  },
  async purge() {
    const person = anyone("registered", "deleted", "deleted");
    return person && purge(person);
  },
  async move() {
    const person = anyone("registered", "registered", "deleted");
    if (!person) return undefined;
    const { answer, told } = await move(person, pick(HOMES));
    isAcknowledged(answer, ...(isDisturbed ? [409] : []));
    return told;
  },
  /** A move that meets a fault at one of its batches, and perhaps at all behind it. */
  async brokenMove() {
    const person = anyone("registered", "registered", "deleted");
    if (!person) return undefined;
    const behind = below(24);
    const plan = [...Array(behind).fill("pass"), pick([OVERLOADED, OVERLOADED, "commit-then-fail"])];
    const then = pick(["pass", OVERLOADED, OVERLOADED]);
    const directory = pick([{}, {}, { plan: ["pass", "pass"], then: OVERLOADED }]);
    const told = await inTrouble(async () => {
      const { answer, told } = await move(person, pick(HOMES), { plan, then, directory });
      isAcknowledged(answer, 409);
      return told;
    });
    // Half a minute is over: nobody holds still any more.
    await lapse();
    return `${told}, at its batch ${behind}, then ${JSON.stringify(then)}, ${JSON.stringify(directory)}`;
  },
  /** Something else comes while a move waits at one of its batches. */
  async besideMove() {
    const person = anyone("registered", "registered", "deleted");
    if (!person) return undefined;
    const behind = below(28);
    const tag = `${++tags}`;
    const other = pick([
      "store",
      "store",
      "deleteUser",
      "restoreUser",
      "purge",
      "replaceKey",
      "move",
      "quarter",
      "minute",
      "register",
      "look",
    ]);
    steps.push(`  ${person.user.id}, held at its batch ${behind}, beside it ${other}`);
    return inTrouble(async () => {
      const at = pick([0, 1]);
      let isOver = false;
      const moving = calls[at]
        .admin(
          "POST",
          path(person, "/move"),
          { home: pick(HOMES) },
          meeting({ tag, plan: [...Array(behind).fill("pass"), "hold"] }),
        )
        .finally(() => (isOver = true));
      moving.catch(() => {});
      while (!isOver && (await entries[at].met(tag)).length <= behind) await sleep(3);
      aimed = chance(0.8) ? person : undefined;
      const doing = other === "look" ? down === undefined && checkRequests(person) : STEPS_OF[other]();
      if (chance(0.5)) await doing;
      await entries[at].release(tag);
      tell(await doing);
      aimed = undefined;
      const answer = await moving;
      isAcknowledged(answer, 404, 409);
      return `${answer.status}`;
    });
  },
  /** Of two moves at once one takes place at most, or one after the other. */
  async movesAtOnce() {
    const person = anyone("registered", "registered", "deleted");
    if (!person) return undefined;
    return inTrouble(async () => {
      const both = await Promise.all([1, 2].map(() => move(person, pick(HOMES))));
      for (const { answer } of both) isAcknowledged(answer, 409);
      return both.map(({ told }) => told).join("; ");
    });
  },
  /** Hours later the background comes to what moves have left. */
  async hours() {
    await lapse();
    await everywhere(`UPDATE moves SET until = '${LONG_AGO}' WHERE state = 'arriving'`);
    for (let run = 0; run < 2; run++) await quarter();
    return "later";
  },
  /** A home fails for a while. */
  async fails() {
    if (down !== undefined) return undefined;
    down = pick(HOMES);
    for (const entry of entries) await entry.planScheduled({ home: down, then: OVERLOADED });
    return `home ${down}`;
  },
  async recovers() {
    if (down === undefined) return undefined;
    const told = `home ${down}`;
    down = undefined;
    for (const entry of entries) await entry.planScheduled({});
    await lapse();
    return told;
  },
  /** Both isolates end. */
  async deploy() {
    await forgetAll();
    return "done";
  },
  /** A moment that Time Travel may go back to. */
  async remember() {
    if (down !== undefined) return undefined;
    await STEPS_OF.hours();
    const home = pick(HOMES);
    const db = worker.homes[home];
    const goBack = await timeTravel({ db, sql: (text, ...values) => sqlOf(home, text, ...values) });
    const then = people.map(({ user, formerKeys }) => ({ ...user, formerKeys: [...formerKeys] }));
    moments.push({ home, goBack, then });
    return `home ${home}, as ${moments.length - 1}`;
  },
  async travel() {
    if (down !== undefined || backInTime !== undefined || moments.length === 0) return undefined;
    const at = chance(0.7) ? moments.length - 1 : below(moments.length);
    steps.push(`  to ${at}, home ${moments[at].home}`);
    await inTrouble(() => homeGoesBack(moments[at]));
    return "done";
  },
  async merge() {
    if (down !== undefined || backInTime === undefined) return undefined;
    await merge();
    return "done";
  },
  async rememberDirectory() {
    momentsOfDirectory.push(await directoryTravel());
    return `as ${momentsOfDirectory.length - 1}`;
  },
  async directoryGoesBack() {
    if (down !== undefined || momentsOfDirectory.length === 0) return undefined;
    await pick(momentsOfDirectory)();
    if (chance(0.3)) await forgetAll();
    if (chance(0.4)) await quarter();
    await rebuildDirectory();
    return "and is rebuilt";
  },
  minute: async () => (await minute()).outcome,
  quarter: async () => (await quarter()).outcome,
  check: async () => (await checkCopies()) ?? "done",
};

/** What a lease holds still, it does for half a minute. */
const lapse = () => everywhere(`UPDATE moves SET until = '${LONG_AGO}' WHERE state = 'leaving'`);
const forgetAll = () => Promise.all(entries.map((entry) => entry.forgetAll()));
async function inTrouble(work) {
  isDisturbed++;
  try {
    return await work();
  } finally {
    isDisturbed--;
  }
}

const PLACES = Object.entries(METHODS).flatMap(([kind, methods]) => methods.map((method) => `${kind} ${method}`));
/** Anything that was stored may be current in these places, or nothing. */
function doubt(person, isDoubted = () => true) {
  for (const place of PLACES.filter(isDoubted)) person.current.set(place, [null, ...person.held, ...person.maybe]);
}

/** All rows of the directory, to be put back later. */
async function directoryTravel() {
  const db = worker.directory;
  const was = [];
  for (const table of ["routes", "claims", "homes", "meta"])
    was.push([table, (await db.prepare(`SELECT * FROM ${table}`).all()).results]);
  const put = (table, row) =>
    db
      .prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.keys(row).map(() => "?")})`)
      .bind(...Object.values(row).map((value) => (Array.isArray(value) ? new Uint8Array(value) : value)));
  return () =>
    db.batch(
      was.flatMap(([table, rows]) => [db.prepare(`DELETE FROM ${table}`), ...rows.map((row) => put(table, row))]),
    );
}

async function rebuildDirectory() {
  let cursor;
  do cursor = (await api.post("/admin/directory/rebuild", { cursor })).cursor;
  while (cursor !== null);
}

/** Moments that a home may go back to, and those of the directory. */
const moments = [];
const momentsOfDirectory = [];
/** The home that went back, until it is merged with its copy. */
let backInTime;

async function homeGoesBack({ home, goBack, then }) {
  await STEPS_OF.hours();
  await copyAll();
  const before = (await look()).people;
  const homeBefore = people.map(({ user }) => before.find(({ id }) => id === user.id)?.home);
  await goBack();
  // docs/scale.md: to routes that are remembered it is another database from now on.
  const [{ value }] = await sqlOf(
    home,
    "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'identity' RETURNING value",
  );
  await worker.directory.prepare("UPDATE homes SET identity = ? WHERE home = ?").bind(value, home).run();
  momentsOfDirectory.length = 0;
  await forgetAll();
  backInTime = home;
  const now = await look();
  for (const [at, person] of people.entries()) {
    const {
      user: { id },
    } = person;
    const isIn = (where) => now.people.some((row) => row.id === id && row.home === where);
    const isElsewhere = homeBefore[at] !== undefined && homeBefore[at] !== home;
    const isRevived = now.shares.some((row) => row.userId === id && row.home === home && person.erased.has(row.text));
    if (isElsewhere) {
      // A user in two homes, docs/scale.md.
      await sqlOf(home, "DELETE FROM users WHERE id = ?", id);
      if (isIn(home)) {
        const { answer } = await move(person, home);
        assert.equal(answer.status, 200, `to where it was as well: ${answer.text}`);
        tell(`${id} was in two homes`);
        person.wasInTwoHomes = true;
        doubt(person);
      }
    } else if (homeBefore[at] === home || isIn(home)) {
      const lost = [...person.held].filter((text) => !now.shares.some((row) => row.userId === id && row.text === text));
      for (const text of lost) person.lost.add(text);
      person.held = new Set([...person.held].filter((text) => !lost.includes(text)));
      if (isIn(home)) {
        person.user = { ...person.user, clientApiKey: then[at].clientApiKey };
        person.formerKeys = then[at].formerKeys;
        person.hasKeyInDoubt = true;
        await observe(person);
      } else person.state = "lost";
      doubt(person);
      tell(`${id} is ${person.state}, lost: ${lost}`);
    }
    if (isRevived) {
      person.state = "revived";
      tell(`${id} is there again, and was erased`);
    }
  }
  // docs/second-copy.md: purge again. The purge took the routes away, and the background enters whoever is there.
  if (people.some(({ state }) => state === "revived")) await quarter();
  for (const person of people.filter(({ state }) => state === "revived")) {
    let status;
    for (let times = 0; times < 3 && status !== 404; times++)
      ({ status } = await admin("DELETE", path(person, `?purge=${person.user.clientId}`)));
    assert.equal(status, 404, `${person.user.id} is purged again`);
    for (const text of [...person.held, ...person.maybe, ...person.lost]) person.erased.add(text);
    Object.assign(person, { state: "unknown", held: new Set(), maybe: new Set(), lost: new Set() });
  }
}

/** docs/second-copy.md, After Time Travel. */
async function merge() {
  const home = backInTime;
  await STEPS_OF.hours();
  await copyAll();
  for (const person of people.filter(({ state, lost }) => state !== "lost" && state !== "unknown" && lost.size > 0)) {
    if ((await homeOf(person)) === home) continue;
    const { answer, told } = await move(person, home);
    assert.equal(answer.status, 200, `${told} ${answer.text}`);
  }
  const { leftOut, damaged, unopened } = await walk({ api, work: { home, mode: "merge" } });
  assert.deepEqual({ damaged, unopened }, { damaged: [], unopened: [] });
  for (const person of people) {
    const {
      lost,
      user: { id },
    } = person;
    if (leftOut.includes(id)) assert.deepEqual([...lost], [], `${id} was left out`);
    if (person.state === "lost" || lost.size > 0) {
      for (const text of lost) person.held.add(text);
      lost.clear();
      await observe(person);
      doubt(person);
      person.hasKeyInDoubt = true;
    }
    if (person.hasKeyInDoubt && person.state === "registered") {
      const clientApiKey = `key-${++texts}-of-${id}`;
      await api.put(path(person, "/client-api-key"), { clientApiKey });
      person.user = { ...person.user, clientApiKey };
    }
    person.hasKeyInDoubt = false;
  }
  backInTime = undefined;
}

const minute = () => pick(workers).scheduled({ cron: "* * * * *" });
const quarter = () => pick(workers).scheduled();

const WEIGHTS = {
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
    await STEPS_OF.hours();
    if (backInTime !== undefined) await merge();
    await checkCopies();
    await check(true);
  } catch (error) {
    const logs = worker.logLines().filter(({ level }) => level !== "info");
    const told = logs.slice(-8).map((line) => JSON.stringify(line));
    throw new Error(`${error.message}\nMODEL_SEED=${SEED}\n${[...steps, ...told].join("\n")}`, { cause: error });
  }
});

async function hasKey(person, clientApiKey) {
  const { status } = await worker.send("GET", path(person, "/backups"), { bearer: clientApiKey });
  return status === 200;
}

/** Sealed shares that were opened once. */
const opened = new Map();
async function textOf({ sealed, kind, userId, clientId, backupMethod }) {
  if (!opened.has(sealed)) {
    const place = { kind, owner: kind === "user" ? userId : clientId, backupMethod };
    opened.set(sealed, await open(KEY, place, sealed));
  }
  return opened.get(sealed);
}

const LOOKS = (() => {
  const marked = (id, ...states) =>
    `EXISTS (SELECT 1 FROM moves m WHERE m.kind = 'user' AND m.value = ${id} AND m.state IN ('${states.join("', '")}'))`;
  const columns = `t.user_id AS userId, t.backup_method AS backupMethod, t.sealed_share AS sealed, t.id AS version, ${marked("t.user_id", "arriving")} AS isArriving`;
  const current = (kind) =>
    `SELECT '${kind}' AS kind, 1 AS isCurrent, u.client_id AS clientId, ${columns}
     FROM ${kind}_backup_shares t JOIN users u ON u.id = t.user_id`;
  return [
    `SELECT DISTINCT id, 'user' AS row FROM users WHERE NOT ${marked("users.id", "arriving", "moved")}
     UNION ALL SELECT DISTINCT id, 'deleted' FROM deleted_users d WHERE NOT ${marked("d.id", "arriving", "moved")}`,
    `${current("custodian")} UNION ALL ${current("user")}
     UNION ALL SELECT kind, 0, client_id, ${columns} FROM backup_share_versions t`,
  ];
})();

/** What the homes have: `people`, each in the homes whose own it is, and all `shares`, opened; those that are arriving are nobody's yet. */
async function look() {
  const homes = await Promise.all(worker.homes.map((db) => db.batch(LOOKS.map((text) => db.prepare(text)))));
  const [people, shares] = LOOKS.map((_, at) =>
    homes.flatMap((answers, home) => answers[at].results.map((row) => ({ ...row, home }))),
  );
  return { people, shares: await Promise.all(shares.map(async (row) => ({ ...row, text: await textOf(row) }))) };
}

/** `isThorough`: of all, not of somebody at random, what requests give. */
async function check(isThorough = false) {
  const all = await look();
  for (const person of people) {
    const own = all.shares.filter(({ userId }) => userId === person.user.id);
    const there = new Set(own.map(({ text }) => text));
    for (const text of person.held) assert.ok(there.has(text), `${text} was acknowledged, and is gone`);
    const back = own.filter(({ text, isArriving }) => !isArriving && person.erased.has(text));
    assert.deepEqual(back, [], `${person.user.id} was erased`);
    const homes = all.people.filter(({ id }) => id === person.user.id);
    const registered = homes.filter(({ row }) => row === "user");
    assert.equal(
      registered.length,
      Number(person.state === "registered"),
      `${person.user.id} is ${person.state}: ${JSON.stringify(homes)}`,
    );
    if (person.state === "unknown") assert.deepEqual(homes, [], person.user.id);
    assert.ok(
      new Set(homes.map(({ home }) => home)).size <= 1,
      `${person.user.id} is in several homes: ${JSON.stringify(homes)}`,
    );
  }
  if (isTroubled()) return;
  for (const person of isThorough ? people : [pick(people)]) await checkRequests(person);
  if (isThorough || chance(0.2)) await checkList();
}

/** What the app, Portal and an operator get of a person. */
async function checkRequests(person) {
  const { user: who, state, formerKeys, held, maybe, current } = person;
  const isRegistered = state === "registered";
  const backups = path(person, "/backups");
  const others = people.filter((other) => other !== person && other.state === "registered");
  const [shown, own, former, strange, fetched, ...recovered] = await Promise.all([
    admin("GET", path(person)),
    app(who, "GET", backups),
    formerKeys.length > 0 && app({ clientApiKey: pick(formerKeys) }, "GET", backups),
    others.length > 0 && app(pick(others).user, "GET", backups),
    portal("/webhook/backup/fetch", { clientId: who.clientId }),
    ...METHODS.user.map((method) => app(who, "GET", path(person, `/user-backup-share?backupMethod=${method}`))),
  ]);
  assert.equal(shown.status, isRegistered ? 200 : 404, `${who.id}: ${shown.text}`);
  if (!person.hasKeyInDoubt) assert.equal(own.status, isRegistered ? 200 : 401, `${who.id} with its key: ${own.text}`);
  if (former && !person.hasKeyInDoubt) assert.equal(former.status, 401, `${who.id} with a former key: ${former.text}`);
  if (strange) assert.equal(strange.status, 403, `${who.id} with another's key: ${strange.text}`);
  assert.equal(fetched.status, isRegistered ? 200 : 404, fetched.text);
  if (!isRegistered) return;
  const given = fetched.body.backupShares;
  for (const share of given) assert.ok(held.has(share) || maybe.has(share), `${who.id}: ${share} was given`);
  const options = (kind, method) => current.get(`${kind} ${method}`) ?? [null];
  for (const method of METHODS.custodian) {
    const may = options("custodian", method);
    const isOne = may.includes(null) || may.some((option) => given.includes(option));
    assert.ok(isOne, `${who.id}: of ${method} there should be ${may}, not ${given}`);
  }
  if (person.hasKeyInDoubt) return;
  for (const [at, { body, text }] of recovered.entries()) {
    const may = options("user", METHODS.user[at]);
    assert.ok(
      may.includes(body.cipherText ?? null),
      `${who.id}: of ${METHODS.user[at]} there should be ${may}, not ${text}`,
    );
  }
}

async function checkList() {
  const ids = [];
  for (let cursor; ; ) {
    const { status, body, text } = await admin(
      "GET",
      `/users?limit=2${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`,
    );
    assert.equal(status, 200, text);
    ids.push(...body.users.map(({ id }) => id));
    if (!body.cursor) break;
    cursor = body.cursor;
  }
  // What a move that broke off has left of somebody who was deleted or erased since is listed until the background comes to it.
  const left = (await everywhere("SELECT value FROM moves WHERE kind = 'user' AND state = 'arriving'")).flat();
  const isLeft = (id) => left.some(({ value }) => value === id);
  const registered = people.filter(({ state }) => state === "registered").map(({ user }) => user.id);
  const listed = ids.filter((id) => registered.includes(id) || !isLeft(id));
  assert.deepEqual(listed.sort(), registered.sort(), "the list of users");
}

async function surely(method, where, body) {
  const { status, body: answer, text } = await admin(method, where, body);
  assert.ok(status === 200 || status === 204, `${status}: ${text}`);
  return answer;
}
const api = {
  origin: "model",
  post: (where, body) => surely("POST", where, body),
  put: (where, body) => surely("PUT", where, body),
};

async function copyAll() {
  await minute();
  await copy.until("all is copied", async () => {
    const waiting = await everywhere(
      "SELECT count(*) AS n, (SELECT value FROM meta WHERE name = 'copying') AS copying FROM changes",
    );
    if (waiting.every(([{ n, copying }]) => n === 0 && copying === "done")) return true;
    await minute();
    return false;
  });
}

/** Of somebody who was in two homes the history may have a version twice, or one that is current: it is enough that it is there. */
function comparable({ history, current, ...rows }) {
  const isTwice = ({ userId }) => people.some(({ user, wasInTwoHomes }) => wasInTwoHomes && user.id === userId);
  const isCurrent = (row) => current.some(([, share]) => share.userId === row.userId && share.id === row.id);
  const once = history.flatMap(([key, row]) => {
    if (!isTwice(row)) return [[key, row]];
    return isCurrent(row) ? [] : [[key, row.sealedShare]];
  });
  return { ...rows, current, history: once };
}

/** A rebuild of each home makes the same database. */
async function checkCopies() {
  if (down !== undefined) return;
  if (backInTime !== undefined) await merge();
  await copyAll();
  for (const home of HOMES) {
    await copy.emptyRebuilt();
    const { damaged, unopened } = await walk({ api, work: { home, mode: "into", into: "REBUILD" } });
    assert.deepEqual({ damaged, unopened }, { damaged: [], unopened: [] });
    const [rebuilt, held] = [await copy.held(copy.rebuilt), await copy.held(worker.homes[home])];
    assert.deepEqual(comparable(rebuilt), comparable(held), `home ${home} and its copy`);
  }
}
