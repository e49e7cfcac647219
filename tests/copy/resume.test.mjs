// npm run rebuild and npm run homes -- move: what a stopped run left, and whose it must be to be gone on with.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";

import { walk } from "../../scripts/lib/copy/walk.mjs";
import { moveMany } from "../../scripts/lib/homes.mjs";
import { Failure } from "../../scripts/lib/log.mjs";

const HERE = "https://backup.example.com";
const page = {
  ...Object.fromEntries(["objects", "users", "shares", "versions", "deleted", "purged"].map((name) => [name, 1])),
  ...Object.fromEntries(["damaged", "unopened", "differences", "leftOut"].map((name) => [name, []])),
  cursor: null,
};

let dir, file, said, waited;
const write = process.stderr.write;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "resume-test-"));
  file = join(dir, "state.json");
  said = "";
  process.stderr.write = (text) => ((said += text), true);
});
afterEach(() => {
  process.stderr.write = write;
  rmSync(dir, { recursive: true, force: true });
});

/** Walks a copy of 16 shards; breaks off before the shard `until`. Resolves with the shards that it asked for. */
async function walking(work, { origin = HERE, until, begun = { epoch: 1, identity: "A" }, pending = 0 } = {}) {
  const asked = [];
  const post = async (_path, { mode, shard }) => {
    if (mode === "begin") return { ...begun, pending };
    if (shard === until) throw new Error("broken off");
    asked.push(shard);
    return page;
  };
  const walked = walk({ api: { origin, post }, work, parallel: 1, stateFile: file });
  if (until) await assert.rejects(walked, /broken off/);
  else waited = (await walked).waiting;
  return asked.length;
}
const INTO = { home: 0, mode: "into", into: "DB" };
const left = (change) => writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")))));
const hoursAgo = (hours) => (state) => ({
  ...state,
  keptAt: new Date(Date.now() - hours * 3_600_000).toISOString(),
});

describe("a stopped rebuild", () => {
  it("is gone on with, aloud, by the same command for the same service", async () => {
    assert.equal(await walking(INTO, { until: "a" }), 10);
    assert.equal(await walking(INTO), 6);
    assert.match(said, /going on with the run of \d{4}-.*remove .*state\.json/);
    assert.ok(!existsSync(file));
  });

  for (const [whose, next, change] of [
    ["another service's", { origin: "https://other.example.com" }],
    ["of 25 hours ago", {}, hoursAgo(25)],
    ["of a version that kept less", {}, () => ({ work: INTO, shards: {}, sum: {} })],
    ["no JSON object", {}, () => null],
  ])
    it(`is never gone on with if its state is ${whose}: each shard is walked`, async () => {
      await walking(INTO, { until: "a" });
      if (change) left(change);
      assert.equal(await walking(INTO, next), 16);
      assert.match(said, /beginning anew/);
    });

  for (const [what, begun] of [
    ["went back in time since", { epoch: 2, identity: "A" }],
    ["is another one by now", { epoch: 1, identity: "B" }],
  ])
    it(`begins anew where the database ${what}, with one shard left`, async () => {
      const merge = { home: 0, mode: "merge" };
      await walking(merge, { until: "f" });
      assert.equal(await walking(merge, { begun }), 16);
      assert.match(said, /beginning anew/);
    });

  it("leaves out, in a merge, also those whose changes waited in the run that broke off", async () => {
    const merge = { home: 0, mode: "merge" };
    await walking(merge, { until: "a", pending: 3 });
    assert.match(said, /3 changes wait to be copied/);
    await walking(merge);
    assert.equal(waited, 3);
  });

  it("is never gone on with by a check, which looks at everything each time", async () => {
    const check = { home: 0, mode: "check" };
    await walking(check, { until: "a" });
    assert.ok(!existsSync(file));
    assert.equal(await walking(check), 16);
  });
});

describe("a move of many users", () => {
  const home = { home: 0, state: "open", place: null, users: 3, bytes: 1000 };
  const moving = async (answer, { from = 0, to, ...first } = {}) => {
    const moved = [];
    const send = async (method, path) => {
      if (method === "GET")
        return {
          homes: [
            { ...home, ...first },
            { ...home, home: 1 },
          ],
          users: [{ id: "a" }, { id: "b" }, { id: "c" }],
          cursor: null,
        };
      const id = path.split("/")[2];
      const status = answer[id];
      if (status) throw Object.assign(new Failure(`answered ${status}`), { status });
      moved.push(id);
      return {};
    };
    const progress = () => ({ show() {}, end() {} });
    const result = await moveMany({ origin: HERE, send }, { from, until: 0, to, stateFile: file, progress });
    return { ...result, moved };
  };

  it("goes on behind one who cannot be moved, and tells who that is", async () => {
    assert.deepEqual(await moving({ a: 409, b: 404 }), { moved: ["c"], stay: 2 });
    assert.match(said, /a was not moved: answered 409\n.*b was not moved: answered 404/);
  });

  it("stops at what concerns them all", () => assert.rejects(moving({ a: 403 }), /answered 403/));

  it("says of nobody that they were moved where they are", () =>
    assert.rejects(moving({}, { to: 0 }), /are in the database 0 already/));

  it("does not take a database that does not answer for an empty one", () =>
    assert.rejects(moving({}, { users: null, bytes: null }), /does not answer/));
});

describe("a stopped move of users", () => {
  const move = async (origin, { breakAt = Infinity, users = 10 } = {}) => {
    let moved = 0;
    const homes = [
      { home: 0, state: "open", place: null, users, bytes: 1000 },
      { home: 1, state: "open", place: null, users: 0, bytes: 0 },
    ];
    const send = async (method) => {
      if (method === "GET") return { homes, users: Array.from({ length: 10 }, (_, id) => ({ id })), cursor: null };
      if (moved === breakAt) throw new Error("broken off");
      moved += 1;
      return {};
    };
    const progress = () => ({ show() {}, end() {} });
    const work = moveMany({ origin, send }, { from: 0, until: 400, stateFile: file, progress });
    await (breakAt < Infinity ? assert.rejects(work, /broken off/) : work);
    return moved;
  };

  it("is gone on with, aloud, and counts on from there to the number of then: meanwhile the database has fewer users", async () => {
    assert.equal(await move(HERE, { breakAt: 4 }), 4);
    assert.equal(await move(HERE, { users: 6 }), 2);
    assert.match(said, /going on with the run of/);
  });

  it("is never gone on with at another service, or 25 hours later", async () => {
    await move(HERE, { breakAt: 4 });
    assert.equal(await move("https://other.example.com"), 6);
    await move(HERE, { breakAt: 4 });
    left(hoursAgo(25));
    assert.equal(await move(HERE), 6);
  });
});
