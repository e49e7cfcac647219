// What happens to the databases and the buckets: they fail, go back in time, and are mended.

import assert from "node:assert/strict";

import { walk } from "../../../scripts/lib/copy/walk.mjs";
import { timeTravel } from "../../support/time-travel.mjs";
import { purge } from "./changes.mjs";
import { checkCopies, copyAll } from "./checks.mjs";
import { api, homeOf, look, observe } from "./looks.mjs";
import { move } from "./moves.mjs";
import {
  HOMES,
  LONG_AGO,
  OVERLOADED,
  STEPS_OF,
  admin,
  anyone,
  below,
  chance,
  doubt,
  entries,
  everywhere,
  forgetAll,
  inTrouble,
  lapse,
  minute,
  now,
  path,
  people,
  pick,
  quarter,
  sqlOf,
  steps,
  tell,
  worker,
} from "./world.mjs";

/** All rows of the directory, to be put back later. */
export async function directoryTravel() {
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

export async function rebuildDirectory() {
  let cursor;
  do cursor = (await api.post("/admin/directory/rebuild", { cursor })).cursor;
  while (cursor !== null);
}

/** Moments that a home may go back to, and those of the directory. */
export const moments = [];
export const momentsOfDirectory = [];

async function momentOf(home) {
  await STEPS_OF.hours();
  const db = worker.homes[home];
  const goBack = await timeTravel({ db, sql: (text, ...values) => sqlOf(home, text, ...values) });
  const then = people.map(({ user, formerKeys }) => ({ ...user, formerKeys: [...formerKeys] }));
  return { home, goBack, then };
}

/** Somebody is just moving to a home, and the move is neither finished nor swept away. Who it is. */
async function isArriving(home) {
  const person = anyone("registered", "registered", "deleted");
  if (!person || (await homeOf(person)) === home) return undefined;
  const { told } = await move(person, home, { home, plan: Array(9 + below(9)).fill("pass"), then: OVERLOADED });
  await lapse();
  tell(`half done: ${told}`);
  return person;
}

export async function homeGoesBack({ home, goBack, then }) {
  await STEPS_OF.hours();
  const arriving = chance(0.7) ? await isArriving(home) : undefined;
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
  now.backInTime = home;
  const there = await look();
  for (const [at, person] of people.entries()) {
    const {
      user: { id },
    } = person;
    const isIn = (where) => there.people.some((row) => row.id === id && row.home === where);
    const isElsewhere = homeBefore[at] !== undefined && homeBefore[at] !== home;
    const isRevived = there.shares.some((row) => row.userId === id && row.home === home && person.erased.has(row.text));
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
      const known = new Set([...person.held, ...person.lost]);
      const isThere = (text) => there.shares.some((row) => row.userId === id && row.text === text);
      person.held = new Set([...known].filter(isThere));
      person.lost = known.difference(person.held);
      if (isIn(home)) {
        person.user = { ...person.user, clientApiKey: then[at].clientApiKey };
        person.formerKeys = then[at].formerKeys;
        person.hasKeyInDoubt = true;
        await observe(person);
      } else person.state = "lost";
      doubt(person);
      tell(`${id} is ${person.state}, lost: ${[...person.lost]}`);
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
  if (arriving && ["registered", "deleted"].includes(arriving.state) && chance(0.6))
    tell(`purged where the person is: ${await purge(arriving)}`);
}

/** docs/second-copy.md, After Time Travel. */
export async function merge() {
  const home = now.backInTime;
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
      const clientApiKey = `key-${++now.texts}-of-${id}`;
      await api.put(path(person, "/client-api-key"), { clientApiKey });
      person.user = { ...person.user, clientApiKey };
    }
    person.hasKeyInDoubt = false;
  }
  now.backInTime = undefined;
}

Object.assign(STEPS_OF, {
  /** Hours later the background comes to what moves have left. */
  async hours() {
    await lapse();
    await everywhere(`UPDATE moves SET until = '${LONG_AGO}' WHERE state = 'arriving'`);
    for (let run = 0; run < 2; run++) await quarter();
    return "later";
  },
  /** A home fails for a while. */
  async fails() {
    if (now.down !== undefined) return undefined;
    now.down = pick(HOMES);
    for (const entry of entries) await entry.planScheduled({ home: now.down, then: OVERLOADED });
    return `home ${now.down}`;
  },
  async recovers() {
    if (now.down === undefined) return undefined;
    const told = `home ${now.down}`;
    now.down = undefined;
    for (const entry of entries) await entry.planScheduled({});
    await lapse();
    return told;
  },
  /** The buckets of the second copy fail for a while, now and then or always. */
  async bucketFails() {
    if (now.isBucketDown) return undefined;
    now.isBucketDown = true;
    const percent = pick([30, 60, 100]);
    for (const entry of entries) await entry.failPuts(percent);
    return `${percent} of a hundred`;
  },
  async bucketRecovers() {
    if (!now.isBucketDown) return undefined;
    now.isBucketDown = false;
    for (const entry of entries) await entry.failPuts(0);
    return "again";
  },
  /** Both isolates end. */
  async deploy() {
    await forgetAll();
    return "done";
  },
  /** A moment that Time Travel may go back to. */
  async remember() {
    if (now.down !== undefined) return undefined;
    const home = pick(HOMES);
    moments.push(await momentOf(home));
    return `home ${home}, as ${moments.length - 1}`;
  },
  async travel() {
    if (now.down !== undefined || now.isBucketDown || now.backInTime !== undefined || moments.length === 0)
      return undefined;
    const at = chance(0.7) ? moments.length - 1 : below(moments.length);
    const { home } = moments[at];
    steps.push(`  to ${at}, home ${home}`);
    const given = chance(0.3) ? await momentOf(home) : undefined;
    await inTrouble(() => homeGoesBack(moments[at]));
    if (given) {
      if (chance(0.5)) await quarter();
      tell("Time Travel is taken back");
      await inTrouble(() => homeGoesBack(given));
    }
    return "done";
  },
  async merge() {
    if (now.down !== undefined || now.isBucketDown || now.backInTime === undefined) return undefined;
    await merge();
    return "done";
  },
  async rememberDirectory() {
    momentsOfDirectory.push(await directoryTravel());
    return `as ${momentsOfDirectory.length - 1}`;
  },
  async directoryGoesBack() {
    if (now.down !== undefined || momentsOfDirectory.length === 0) return undefined;
    await pick(momentsOfDirectory)();
    if (chance(0.3)) await forgetAll();
    if (chance(0.4)) await quarter();
    await rebuildDirectory();
    return "and is rebuilt";
  },
  minute: async () => (await minute()).outcome,
  quarter: async () => (await quarter()).outcome,
  check: async () => (await checkCopies()) ?? "done",
});
