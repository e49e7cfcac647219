// Old servers' databases at random, imported into the built Worker, against a simple model of what docs/moving.md promises: which
// share is current for each user and method, which are in the history, which rows are refused. An import may be tried before, killed,
// repeated, and followed by more writes to the old server and to the Worker. Whatever happens, no share of the source is neither
// here nor named in the output, none is given to another user or method, and none that was here is gone.
//
// A failure prints the seed and the smallest database that fails: IMPORT_MODEL_SEED=… repeats it. IMPORT_MODEL_DATABASES says how
// many there are.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { Api } from "../../scripts/lib/moving/api.mjs";
import { fileSource } from "../../scripts/lib/moving/file-source.mjs";
import { importAll, report } from "../../scripts/lib/moving/importer.mjs";
import { State } from "../../scripts/lib/moving/state.mjs";
import { callers, sorted } from "../support/client.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import {
  LegacyServer,
  contentOf,
  expected,
  generate,
  keyOf,
  methodOf,
  serviceId,
  timeOfRow,
  write,
} from "../support/legacy-server.mjs";
import { open } from "../support/sealing.mjs";
import { randomness } from "../support/wallet-model.mjs";

const SEED = Number(process.env.IMPORT_MODEL_SEED ?? 20_261_127);
const DATABASES = Number(process.env.IMPORT_MODEL_DATABASES ?? 25);
const SHRINKS = 120;
const KEY = Buffer.alloc(32, 1).toString("base64");

const worker = await startWorker();
const { portal, app, admin } = callers(worker);
const origin = String(worker.url).replace(/\/$/, "");
const dir = mkdtempSync(join(tmpdir(), "pbw-import-model-"));
after(async () => {
  await worker.stop();
  rmSync(dir, { recursive: true, force: true });
});

test(`no import loses a share or puts it in a wrong place (seed ${SEED}, ${DATABASES} databases)`, async () => {
  for (let n = 0; n < DATABASES; n += 1) {
    const database = generate(randomness(SEED + n));
    const failure = await failureOf(database);
    if (!failure) continue;
    const { smallest, last } = await shrunk(database, failure);
    assert.fail(
      `${last.message}\nIMPORT_MODEL_SEED=${SEED + n} IMPORT_MODEL_DATABASES=1 repeats it:\n${JSON.stringify(smallest.style)}\n${smallest.ops.map((op) => JSON.stringify(op)).join("\n")}\n${last.stack}`,
    );
  }
});

async function failureOf(database) {
  try {
    await new Moving(database).run();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Which check failed: a smaller database that fails otherwise is another fault. */
const stepOf = ({ stack }) => /at (\S*#\w+)/.exec(stack)?.[1];

/** Leaves out one operation after the other, for as long as it fails. */
async function shrunk(database, failure) {
  let smallest = database;
  let last = failure;
  let tries = SHRINKS;
  for (let again = true; again && tries > 0; ) {
    again = false;
    for (let at = smallest.ops.length - 1; at >= 0 && tries > 0; at -= 1) {
      const fewer = { ...smallest, ops: smallest.ops.filter((_, index) => index !== at) };
      tries -= 1;
      const still = await failureOf(fewer);
      if (!still || stepOf(still) !== stepOf(failure)) continue;
      [smallest, last, again] = [fewer, still, true];
    }
  }
  return { smallest, last };
}

/** One company that moves in. */
class Moving {
  #style;
  #ops;
  #order;
  #server;
  /** Where each content may be: `kind user method`. */
  #places = new Map();
  /** What came to the Worker itself, by `kind user method`. */
  #live = new Map();
  /** The rows that were written at the last import. */
  #written = new Map();
  #untouched = true;
  /** What it held when it was last asked; undefined once something may have changed. */
  #last;
  /** The users of the service. */
  #known = new Set();

  constructor({ style, ops, order }) {
    this.#style = style;
    this.#ops = ops;
    this.#order = order;
    this.#server = new LegacyServer(style);
  }

  async run() {
    await worker.clear();
    for (const replace of [false, true]) rmSync(this.#stateFile(replace), { force: true });
    for (const op of this.#ops) {
      if (op.op === "import") await this.#import(op);
      else if (op.op === "live") await this.#store(op);
      else this.#server.apply(op);
    }
    await this.#checkRoutes();
  }

  get #file() {
    return join(dir, `app.${this.#style.form === "sqlite" ? "sqlite" : "ndjson"}`);
  }
  #stateFile = (replaceOlder) => join(dir, `state-${replaceOlder}.json`);

  /** A user backs up with the Worker, if the Worker knows the user. */
  async #store(op) {
    const user = this.#server.users.get(op.user);
    if (!user || !this.#isRegistered(user)) return;
    this.#last = undefined;
    const content = contentOf(op, this.#style);
    const { status, text } =
      op.kind === "custodian"
        ? await portal("/webhook/backup", { clientId: user.clientId, backupMethod: op.method, share: content })
        : await app({ clientApiKey: user.key }, "POST", `/users/${serviceId(user, this.#style)}/user-backup-share`, {
            backupMethod: op.method,
            cipherText: content,
          });
    if (op.kind === "text" && user.key === null) return assert.equal(status, 401, text);
    assert.ok(status < 300, `${status} ${text}`);
    this.#untouched = false;
    this.#allow(content, op);
    this.#live.set(keyOf(op.kind, op.user, op.method), content);
  }

  #allow(content, { kind, user, method }) {
    if (!this.#places.has(content)) this.#places.set(content, new Set());
    this.#places.get(content).add(keyOf(kind, user, method));
  }

  async #import({ dry, twice, kill, left, replaceOlder }) {
    const source = write(this.#file, this.#server, this.#style, this.#order);
    const model = expected(source, this.#server, this.#style);
    for (const { row } of source.places) if (row.content) this.#allow(row.content, row);
    const before = await this.#held();
    this.#checkLive(before);
    const foretold = dry ? await this.#run({ replaceOlder, dry }) : undefined;
    if (dry) assert.deepEqual(await this.#held(), before, "a dry run stores nothing");

    const isFirst = this.#untouched && before.length === 0 && this.#known.size === 0;
    if (kill) await this.#run({ replaceOlder, kill });
    if (kill && left) {
      this.#untouched = false;
      return this.#checkPlaces(await this.#held(), before);
    }
    const done = await this.#run({ replaceOlder });
    if (foretold && !kill) assert.deepEqual(foretold.counts, done.counts, "a dry run says what becomes of the records");

    const held = await this.#held();
    this.#checkPlaces(held, before);
    this.#checkNamed(source, model, held, done);
    if (!model.isLoose) {
      if (isFirst) this.#checkFirst(model, held, kill ? withoutNews(done, model) : done);
      else this.#checkNext(model, held, before, done, replaceOlder);
    }
    if (twice) {
      const again = await this.#run({ replaceOlder });
      assert.deepEqual(await this.#held(), held, "the same import again changes nothing");
      assert.deepEqual(
        { ...again.counts, same: 0 },
        { ...done.counts, new: 0, same: 0 },
        "the same import again has nothing new, and names the same rows",
      );
    }
    this.#untouched = false;
    this.#written = new Map(
      [...model.groups].map(([key, rows]) => [key, { ...rows.at(-1), time: timeOfRow(rows.at(-1)) }]),
    );
  }

  /** The importer as scripts/import.mjs runs it; `kill`: its process ends at that request, before or after it was carried out. */
  async #run({ dry = false, replaceOlder = false, kill }) {
    this.#last = undefined;
    let requests = 0;
    let isDead = false;
    const gone = () => Response.json({ code: "killed" }, { status: 401 }); // what the importer does not try again
    const fetch = async (url, init) => {
      requests += 1;
      if (kill?.at === requests && kill.how === "before") isDead = true;
      if (isDead) return gone();
      const answer = await globalThis.fetch(url, init);
      if (kill?.at === requests) isDead = true;
      return isDead ? gone() : answer;
    };
    const wait = async () => {
      throw new Error("the Worker did not answer");
    };
    const api = new Api({ origin, token: SECRETS.ADMIN_TOKEN, fetch, wait });
    const state = new State(dry ? undefined : this.#stateFile(replaceOlder), `model ${replaceOlder}`);
    const source = await fileSource(this.#file, { userIdColumn: this.#style.userIdColumn });
    const progress = { show() {}, end() {} };
    try {
      await importAll({ source, api, state, dryRun: dry, replaceOlder, progress });
    } catch (error) {
      if (isDead) return undefined;
      throw error;
    } finally {
      await source.close();
    }
    state.remove();
    const lines = report(state, { dryRun: dry }).split("\n");
    const named = lines.slice(0, -1).map((line) => /^(\w+) +(line \d+|\S+ \S+?):? {1,2}/.exec(line));
    for (const [index, found] of named.entries()) assert.ok(found, `a line of the report: ${lines[index]}`);
    const counts = Object.fromEntries(
      [...lines.at(-1).matchAll(/([\d,]+) (new|same|conflict|refused)/g)].map(([, n, what]) => [what, Number(n)]),
    );
    const problems = named
      .map(([, outcome, place], n) => ({ outcome, place, line: lines[n] }))
      .filter(({ outcome }) => outcome === "conflict" || outcome === "refused");
    assert.equal(
      problems.length,
      counts.conflict + counts.refused,
      `each row that is not in is named:\n${lines.join("\n")}`,
    );
    return { counts, problems, lines };
  }

  /** All that the service holds, by its export: its users, and their shares, opened. In a wrong place a share does not open. */
  #held() {
    return (this.#last ??= this.#asked());
  }

  async #asked() {
    const api = new Api({ origin, token: SECRETS.ADMIN_TOKEN });
    const records = [];
    for (let cursor; cursor !== null; ) {
      const page = await api.exportPage(cursor);
      records.push(...page.records);
      cursor = page.cursor ?? null;
    }
    const users = new Map([...this.#server.users.values()].map((user) => [serviceId(user, this.#style), user]));
    const shares = records.filter(({ type }) => type !== "user");
    this.#known = new Set(
      records.filter(({ type }) => type === "user").map(({ id, clientId }) => JSON.stringify([id, clientId])),
    );
    return Promise.all(
      shares.map(async ({ type, id, userId, clientId, backupMethod, backupSharePairId, sealedShare, ...record }) => {
        const kind = type === "custodianBackupShare" ? "custodian" : "text";
        const place =
          kind === "custodian"
            ? { kind, owner: clientId, backupMethod }
            : { kind: "user", owner: userId, backupMethod };
        const { user } = users.get(userId);
        return {
          kind,
          current: record.supersededAt === undefined,
          id,
          user,
          key: keyOf(kind, user, backupMethod),
          method: methodOf(backupMethod),
          pair: backupSharePairId,
          stored: record.storedAt,
          superseded: record.supersededAt,
          content: await open(KEY, place, sealedShare),
        };
      }),
    );
  }

  /** Whether the service had the user when it was last asked for what it holds. */
  #isRegistered(user) {
    return this.#known.has(JSON.stringify([serviceId(user, this.#style), user.clientId]));
  }

  /** None is given to another user or method, and none that was here is gone. */
  #checkPlaces(held, before) {
    for (const { content, key } of held)
      assert.ok(this.#places.get(content)?.has(key), `${short(content)} stands under ${key}, where nobody put it`);
    for (const { content, key } of before)
      assert.ok(
        held.some((one) => one.content === content && one.key === key),
        `${short(content)} of ${key} was here, and is gone`,
      );
  }

  /** Each share of the source is here, or named. */
  #checkNamed({ places, users }, { isRefused, isNoUser }, held, { problems, lines }) {
    const missing = new Map();
    for (const { place, row } of places) {
      if (!row.content) continue;
      const isHere = held.some(
        (one) => one.content === row.content && one.key === keyOf(row.kind, row.user, row.method),
      );
      assert.ok(
        !isHere || !row.bad || places.some((other) => other.row.content === row.content && !isRefused(other.row)),
        `${short(row.content)} (${row.bad}) must be refused`,
      );
      if (!isHere) missing.set(place, (missing.get(place) ?? 0) + 1);
    }
    for (const [place, count] of missing) {
      const named = problems.filter((problem) => problem.place === place).length;
      const isWhole = users.some((one) => one.place === place && isNoUser(one.user));
      assert.ok(
        isWhole ? named > 0 : named >= count,
        `${count} shares of ${place} are neither here nor named:\n${lines.join("\n")}`,
      );
    }
  }

  /** Into an empty database: all is as the model says. */
  #checkFirst({ groups, counts }, held, done) {
    assert.deepEqual(done.counts, counts, done.lines.join("\n"));
    for (const [key, rows] of groups) {
      const current = held.filter((one) => one.key === key && one.current);
      assert.deepEqual(
        current.map(({ content }) => short(content)),
        [short(rows.at(-1).content)],
        `what is current under ${key}`,
      );
      const history = held.filter((one) => one.key === key && !one.current);
      const told = (content, stored, superseded) => `${short(content)} of ${stored} until ${superseded}`;
      assert.deepEqual(
        sorted(history.map(({ content }) => short(content))),
        sorted(rows.slice(0, -1).map(({ content }) => short(content))),
        `the history of ${key}`,
      );
      // The time of a row, and that of the next one, where there are such.
      for (const [n, row] of rows.slice(0, -1).entries()) {
        const [at, until] = [timeOfRow(row), timeOfRow(rows[n + 1])];
        if (until === null) continue;
        const expectation = told(row.content, at === null ? millis(until) : millis(at), millis(until));
        assert.ok(
          history.some(({ content, stored, superseded }) => told(content, stored, superseded) === expectation),
          `the times of ${expectation}:\n${JSON.stringify(history)}`,
        );
      }
      const at = timeOfRow(rows.at(-1));
      if (at !== null) assert.equal(current[0].stored, millis(at), `since when ${key} is current`);
    }
    const keys = new Set(held.map(({ key }) => key));
    assert.deepEqual(sorted(keys), sorted(groups.keys()));
  }

  /** Into one that holds something: what is newer replaces what is older if it may, and nothing else changes. */
  #checkNext({ groups }, held, before, { lines }, replaceOlder) {
    for (const [key, rows] of groups) {
      const had = before.find((one) => one.key === key && one.current);
      const has = held.find((one) => one.key === key && one.current);
      const row = rows.at(-1);
      const at = timeOfRow(row);
      const says = `what is current under ${key}:\n${lines.join("\n")}`;
      assert.ok(has, says);
      if (!had) {
        assert.equal(short(has.content), short(row.content), says);
        continue;
      }
      if (had.content === row.content) {
        assert.equal(short(has.content), short(had.content), says);
        continue;
      }
      const was = this.#written.get(key);
      const isNewer = at !== null && millis(at) > had.stored;
      const isSameRow =
        was?.content === had.content &&
        was.id === row.id &&
        row.id !== undefined &&
        at !== null &&
        was.time !== null &&
        at >= was.time;
      if (replaceOlder && (isNewer || isSameRow)) assert.equal(short(has.content), short(row.content), says);
      else if (!replaceOlder || at !== null)
        assert.ok(
          [had.content, ...(replaceOlder && at !== null && millis(at) === had.stored ? [row.content] : [])].includes(
            has.content,
          ),
          says,
        );
      else assert.ok([had.content, row.content].includes(has.content), says);
      if (has.content === row.content) this.#live.delete(key);
    }
    for (const one of before.filter(({ current, key }) => current && !groups.has(key)))
      assert.ok(held.some(({ current, key, content }) => current && key === one.key && content === one.content));
  }

  /** What came to the Worker last is current there. */
  #checkLive(held) {
    for (const [key, content] of this.#live)
      assert.ok(
        held.some((one) => one.current && one.key === key && one.content === content),
        `${short(content)} came to the Worker last, and is not current`,
      );
  }

  /** Portal, the apps and the operators are given what is there. */
  async #checkRoutes() {
    const held = await this.#held();
    for (const user of this.#server.users.values()) {
      if (!this.#isRegistered(user)) continue;
      const id = serviceId(user, this.#style);
      const own = held.filter((one) => one.user === user.user);
      const custodians = own.filter(({ kind }) => kind === "custodian");
      const { status, body, text } = await portal("/webhook/backup/fetch", { clientId: user.clientId });
      assert.equal(status, 200, text);
      const given = new Set(body.backupShares);
      for (const { content, current, key } of custodians)
        if (current) assert.ok(given.has(content), `Portal is not given ${short(content)}, current under ${key}`);
      for (const content of given)
        assert.ok(
          custodians.some((one) => one.content === content),
          "Portal is given another's share",
        );
      for (const cipherText of own.filter((one) => one.kind === "text" && one.current)) {
        for (const mates of matesOf(cipherText, custodians))
          assert.ok(
            mates.some(({ content }) => given.has(content)),
            `${short(cipherText.content)} comes without its mate ${short(mates[0].content)}`,
          );
        if (user.key === null) continue;
        const query = new URLSearchParams({ backupMethod: cipherText.method });
        const answer = await app({ clientApiKey: user.key }, "GET", `/users/${id}/user-backup-share?${query}`);
        assert.equal(
          short(answer.body.cipherText),
          short(cipherText.content),
          `what the app gets under ${cipherText.key}`,
        );
      }
      const { body: history } = await admin("GET", `/users/${encodeURIComponent(id)}/backups/history`);
      const lines = (versions) =>
        sorted(versions.map(({ kind, method, stored, superseded }) => [kind, method, stored, superseded].join(" ")));
      assert.deepEqual(
        lines(
          history.versions.map(({ kind, backupMethod, storedAt, supersededAt }) => ({
            kind: kind === "custodian" ? kind : "text",
            method: methodOf(backupMethod),
            stored: storedAt,
            superseded: supersededAt,
          })),
        ),
        lines(own.filter(({ current }) => !current)),
        "the history",
      );
    }
  }
}

/** What a killed run had taken in is the same for the next one. */
const withoutNews = (done, { counts }) => ({
  ...done,
  counts: { ...done.counts, new: counts.new, same: done.counts.new + done.counts.same - counts.new },
});

/** Of each custodian method that a cipher text belongs to: the shares of its pair, else the newest that was there before it. */
function matesOf(text, custodians) {
  const fitting = custodians.filter(({ method }) => method === text.method || method.startsWith(`${text.method}-`));
  const byMethod = [...Map.groupBy(fitting, ({ method }) => method).values()];
  return byMethod.map((ofMethod) => mateOf(text, ofMethod)).filter((mates) => mates.length > 0);
}

function mateOf(text, custodians) {
  const ofPair = custodians.filter(({ pair }) => pair && pair === text.pair);
  if (ofPair.length > 0) return ofPair;
  const earlier = custodians.filter(({ stored }) => stored <= text.stored);
  const newest = sorted(earlier.map(({ stored }) => stored)).at(-1);
  const mates = earlier.filter(({ stored }) => stored === newest);
  return mates.some(({ pair }) => pair && text.pair) ? [] : mates; // of another pair it is none
}

const millis = (at) => new Date(Math.floor(at / 1000)).toISOString();
/** Without what makes a share large. */
const short = (content) => (content ?? "nothing").slice(0, 80);
