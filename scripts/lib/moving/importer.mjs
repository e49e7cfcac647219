// Takes records from a source to the service, a few pages at a time, and counts what became of each.

import { crc32 } from "node:zlib";

import { describe } from "./rows.mjs";
import { fingerprintOf } from "./state.mjs";

// What the service takes in one request (src/handlers/import.rs).
const PAGE_BYTES = 1024 * 1024;
const PAGE_LINES = 200;
/** From this part of it on a page may end. */
const NEARLY = 0.75;
/** Requests at once: while the service waits for its database, it can seal. */
const IN_FLIGHT = 3;
const OUTCOMES = ["new", "same", "conflict", "refused"];

/**
 * Runs to the end of the source, whatever single rows are refused. `state` holds the counts, the rows that did not go in,
 * and the pages that the service has acknowledged.
 */
export async function importAll({ source, api, state, progress, dryRun = false, replaceOlder = false }) {
  const options = { source, api, state, progress, dryRun, replaceOlder };
  // The service is asked whether it holds what an earlier run took in. If it does not, nothing may be skipped.
  if ((await runOnce(options)) === "forgotten") await runOnce(options);
  progress.end();
}

async function runOnce({ source, api, state, progress, dryRun, replaceOlder }) {
  state.reset();
  const users = dryRun ? await ForeseenUsers.begin() : undefined;
  const flights = new Flights(IN_FLIGHT);
  const last = state.last();
  let asked = !state.resumed;
  let done = 0;
  const finish = (page, results) => {
    for (const item of page) note(state, item, results?.get(item));
    progress.show((done += page.length));
  };
  const send = async (page, sent) => {
    const answers = sent.length > 0 ? await api.import(textsOf(sent), { dryRun, replaceOlder }) : [];
    const results = new Map(
      sent.map((item, index) => [item, users ? users.foresee(item.record, answers[index]) : answers[index]]),
    );
    finish(page, results);
    const counts = { new: 0, same: 0 };
    for (const { outcome } of results.values()) if (outcome in counts) counts[outcome] += 1;
    if (sent.length > 0 && counts.new + counts.same === sent.length) state.add(fingerprintOf(textsOf(sent)), counts);
  };
  const holds = async (sent) =>
    (await api.import(textsOf(sent), { dryRun: true, replaceOlder })).every(({ outcome }) => outcome === "same");

  for await (const page of pages(source.records())) {
    const sent = page.filter((item) => !item.refused);
    const fingerprint = state.resumed ? fingerprintOf(textsOf(sent)) : undefined;
    const before = state.done(fingerprint);
    if (!before) {
      await flights.start(sent, () => send(page, sent));
      continue;
    }
    if (!asked || fingerprint === last) {
      asked = true;
      if (!(await holds(sent))) {
        await flights.end();
        state.forget();
        return "forgotten";
      }
    }
    for (const outcome of ["new", "same"]) state.counts[outcome] += before[outcome];
    state.skipped += sent.length;
    finish(page);
  }
  await flights.end();
  return "done";
}

const textsOf = (items) => items.map((item) => item.text);

/**
 * Records, a page at a time. A page that is nearly full ends behind the next record whose checksum says so: where it ends depends
 * on what is in it, so a row that is added at the beginning changes the first page, and not every page after it.
 */
async function* pages(items) {
  let page = [];
  let bytes = 0;
  let ends = false;
  for await (const item of items) {
    const size = item.refused ? 0 : Buffer.byteLength(item.text) + 1;
    if (page.length > 0 && (ends || page.length === PAGE_LINES || bytes + size > PAGE_BYTES)) {
      yield page;
      page = [];
      bytes = 0;
    }
    if (size > PAGE_BYTES) item.refused = "too large";
    page.push(item);
    bytes += item.refused ? 0 : size;
    const nearlyFull = page.length >= PAGE_LINES * NEARLY || bytes >= PAGE_BYTES * NEARLY;
    ends = nearlyFull && !item.refused && crc32(item.text) % 16 === 0;
  }
  if (page.length > 0) yield page;
}

/** Requests under way. One that needs what another brings, or would take the same place, waits for it. */
class Flights {
  #most;
  #under = new Map();
  #failure;

  constructor(most) {
    this.#most = most;
  }

  async start(items, work) {
    const [brings, needs] = [items.flatMap(keysOf), items.flatMap((item) => [...keysOf(item), ...needsOf(item)])];
    while (this.#under.size > 0 && !this.#failure && (this.#under.size >= this.#most || this.#inTheWay(needs)))
      await Promise.race(this.#under.keys());
    if (this.#failure) return this.end();
    const flight = work().then(
      () => void this.#under.delete(flight),
      (error) => {
        this.#under.delete(flight);
        this.#failure ??= error;
      },
    );
    this.#under.set(flight, new Set(brings));
  }

  /** All have come back; throws what the first that failed threw. */
  async end() {
    await Promise.all(this.#under.keys());
    if (this.#failure) throw this.#failure;
  }

  #inTheWay(needs) {
    return [...this.#under.values()].some((brings) => needs.some((key) => brings.has(key)));
  }
}

const userKey = (id) => `user\0${id}`;

/** What a record brings: a user, or a share under a method (compared without case), which is of a user. */
function keysOf({ record }) {
  if (record.type === "user") return [userKey(record.id)];
  const share = `${record.type}\0${record.userId}\0${String(record.backupMethod ?? "UNKNOWN").toLowerCase()}`;
  // A custodian share without a time gets that of the user's cipher texts.
  return record.type === "userBackupShare" ? [share, `texts\0${record.userId}`] : [share];
}

const needsOf = ({ record }) =>
  record.type === "user" ? [] : [userKey(record.userId), ...(record.storedAt ? [] : [`texts\0${record.userId}`])];

/** In a dry run no user is made, so the service cannot know those that this very import would bring. */
class ForeseenUsers {
  #add;
  #has;

  static async begin() {
    const { DatabaseSync } = await import("node:sqlite");
    return new ForeseenUsers(new DatabaseSync(""));
  }

  constructor(db) {
    db.exec("CREATE TABLE users (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID; PRAGMA synchronous = OFF; BEGIN");
    this.#add = db.prepare("INSERT OR IGNORE INTO users VALUES (?)");
    this.#has = db.prepare("SELECT 1 FROM users WHERE id = ?");
  }

  foresee(record, result) {
    if (record.type === "user" && result.outcome === "new") this.#add.run(String(record.id));
    const known = result.code === "unknown_user" && this.#has.get(String(record.userId));
    return known ? { outcome: "new" } : result;
  }
}

/** A record of a page that was skipped has no result: it is counted already. */
function note(state, { place, record, refused, leftOut: unread }, result) {
  if (!refused && !result) return;
  const outcome = refused ? "refused" : OUTCOMES.includes(result.outcome) ? result.outcome : "refused";
  state.counts[outcome] += 1;
  if (outcome === "new" || outcome === "same") {
    const leftOut = unread ?? result.leftOut;
    if (leftOut)
      state.problems.push({
        outcome,
        place,
        what: describe(record),
        reason: `${leftOut} was left out: it cannot be used${record.deletedAt ? ", or FOUR_EYES forbids it" : ""}`,
      });
    return;
  }
  state.problems.push({
    outcome,
    place,
    what: record ? describe(record) : "",
    reason: refused ?? result.reason ?? "no reason given",
  });
}

/** What a source holds, so that what was not seen shows. What is refused unread is not among it. */
export const holdings = ({ user, custodianBackupShare, userBackupShare }) =>
  [
    counted(user, "user"),
    counted(custodianBackupShare, "custodian share"),
    counted(userBackupShare, "user share"),
  ].join(", ");
const counted = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

const SHARES = { custodianBackupShare: "custodian shares", userBackupShare: "user shares" };

/** What the times of a source leave open; undefined if nothing. No rule can tell a row that was written again from one that was not. */
export function doubtAboutTimes({ mayBeRewritten }) {
  if (mayBeRewritten.length === 0) return undefined;
  const which = mayBeRewritten.map((type) => SHARES[type]).join(" and ");
  return `the ${which} have createdAt and no updatedAt: if your server writes a newer share into the same row, that is the time of the first one. Read "Times" in docs/moving.md before you go on.`;
}

/** The final report. */
export function report({ counts, problems }, { dryRun = false } = {}) {
  const lines = problems.map(
    ({ outcome, place, what, reason }) => `${outcome.padEnd(8)}  ${place}${what && `  ${what}`}: ${reason}`,
  );
  const sum = OUTCOMES.map((outcome) => `${counts[outcome].toLocaleString("en")} ${outcome}`).join(", ");
  return [...lines, `${dryRun ? "Dry run, nothing was stored: " : ""}${sum}`].join("\n");
}
