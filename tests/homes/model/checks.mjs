// What must hold, whatever has happened.

import assert from "node:assert/strict";

import { walk } from "../../../scripts/lib/copy/walk.mjs";
import { api, look, textOf } from "./looks.mjs";
import { merge } from "./times.mjs";
import {
  HOMES,
  METHODS,
  admin,
  app,
  chance,
  copy,
  everywhere,
  isTroubled,
  minute,
  now,
  path,
  people,
  pick,
  portal,
  worker,
} from "./world.mjs";

/** `isThorough`: of all, not of somebody at random, what requests give. */
export async function check(isThorough = false) {
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
export async function checkRequests(person) {
  const { user: who, state, formerKeys, held, maybe, current } = person;
  const isRegistered = state === "registered";
  const backups = path(person, "/backups");
  const others = people.filter((other) => other !== person && other.state === "registered" && !other.hasKeyInDoubt);
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

export async function checkList() {
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
  await checkExport(registered, isLeft);
}

/** What an operator takes away: who is registered, and what each has, and nothing of whom was erased. */
export async function checkExport(registered, isLeft) {
  const records = [];
  let cursor;
  do {
    const { status, body, text } = await admin("GET", `/admin/export${cursor ? `?cursor=${cursor}` : ""}`);
    assert.equal(status, 200, text);
    records.push(...body.records);
    ({ cursor } = body);
  } while (cursor !== null);
  const users = records.filter(({ type, deletedAt }) => type === "user" && !deletedAt).map(({ id }) => id);
  // What a move that broke off has left is in it as well, as in the list.
  const exported = [...new Set(users)].filter((id) => registered.includes(id) || !isLeft(id));
  assert.deepEqual(exported.sort(), registered.sort(), "the users of an export");
  const shares = records.filter(({ type }) => type !== "user");
  for (const person of people) {
    const { id } = person.user;
    const own = shares.filter(({ userId }) => userId === id);
    const given = new Set();
    for (const { type, clientId, userId, sealedShare: sealed, keyId, backupMethod } of own) {
      const kind = type === "custodianBackupShare" ? "custodian" : "user";
      given.add(await textOf({ sealed, keyId, kind, userId, clientId, backupMethod }));
    }
    for (const text of person.held) assert.ok(given.has(text), `${text} of ${id} is not in the export`);
    if (isLeft(id)) continue;
    for (const text of given) assert.ok(!person.erased.has(text), `${text} of ${id} was erased, and is in the export`);
  }
}

export async function copyAll() {
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

/** Of somebody who was in two homes the history may have a version twice, under two keys, or one that is current: it is enough that it is there. */
export function comparable({ history, current, ...rows }) {
  const isTwice = ({ userId }) => people.some(({ user, wasInTwoHomes }) => wasInTwoHomes && user.id === userId);
  const isCurrent = (row) => current.some(([, share]) => share.userId === row.userId && share.id === row.id);
  const once = history.flatMap(([key, row]) => {
    if (!isTwice(row)) return [[key, row]];
    return isCurrent(row) ? [] : [[key, row.storedAt]];
  });
  return { ...rows, current, history: once };
}

/** A rebuild of each home makes the same database. */
export async function checkCopies() {
  if (now.down !== undefined || now.isBucketDown) return;
  if (now.backInTime !== undefined) await merge();
  await copyAll();
  for (const home of HOMES) {
    await copy.emptyRebuilt();
    const { damaged, unopened } = await walk({ api, work: { home, mode: "into", into: "REBUILD" } });
    assert.deepEqual({ damaged, unopened }, { damaged: [], unopened: [] });
    const [rebuilt, held] = [await copy.held(copy.rebuilt), await copy.held(worker.homes[home])];
    assert.deepEqual(comparable(rebuilt), comparable(held), `home ${home} and its copy`);
  }
}
