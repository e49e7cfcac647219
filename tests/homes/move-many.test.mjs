// npm run homes: how many users move and where to, against a service that a test plays.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { bytes, list, moveMany, number, rebuildDirectory } from "../../scripts/lib/homes.mjs";

const progress = () => ({ show() {}, end() {} });

/** A service with these databases, whose users are listed two a page; `moves` is who was moved where. */
function service(...homes) {
  const all = homes.map((home) => ({ state: "open", place: null, users: 0, bytes: 1000, ...home }));
  const moves = [];
  const send = async (method, path, body) => {
    if (method === "POST") return (moves.push([decodeURIComponent(path.split("/")[2]), body.home]), {});
    if (path === "/admin/status") return { homes: all };
    const query = new URL(path, "http://host").searchParams;
    const { users } = all.find(({ home }) => home === Number(query.get("home")));
    const from = Number(query.get("cursor") ?? 0);
    const ids = Array.from({ length: Math.min(2, users - from) }, (_, at) => ({ id: `a/${from + at}` }));
    return { users: ids, cursor: from + 2 < users ? String(from + 2) : null };
  };
  return { api: { origin: "https://backup.example.com", send }, moves };
}

describe("a move of many users", () => {
  it("moves as many as are above the size, over the pages of the list, and no more", async () => {
    for (const [until, moved] of [
      [400, 6],
      [401, 6],
      [1000, 0],
      [5000, 0],
      [0, 10],
    ]) {
      const { api, moves } = service({ home: 0, users: 10 }, { home: 1 });
      assert.deepEqual(await moveMany(api, { from: 0, until, progress }), { moved, stay: 0 });
      assert.deepEqual(
        moves.map(([id]) => id),
        Array.from({ length: moved }, (_, at) => `a/${at}`),
        String(until),
      );
    }
  });

  it("goes to the smallest open database of the same place, unless one is named", async () => {
    const homes = [
      { home: 0, users: 1, place: "eu", bytes: 10 },
      { home: 1, place: "eu", bytes: 300 },
      { home: 2, place: "eu", bytes: 200 },
      { home: 3, place: "eu", bytes: 100, state: "closed" },
      { home: 4, place: "us", bytes: 100 },
      { home: 5, bytes: 100 },
    ];
    for (const [to, expected] of [
      [undefined, 2],
      [4, 4],
    ]) {
      const { api, moves } = service(...homes);
      await moveMany(api, { from: 0, until: 0, to, progress });
      assert.deepEqual(moves, [["a/0", expected]]);
    }
  });

  it("moves nobody where no database may take them, or the one to leave is unknown", async () => {
    const { api, moves } = service({ home: 0, users: 1, place: "eu" }, { home: 1, place: "us" });
    await assert.rejects(moveMany(api, { from: 0, until: 0, progress }), /No open database of the same place/);
    await assert.rejects(moveMany(api, { from: 7, until: 0, progress }), /There is no database 7/);
    assert.deepEqual(moves, []);
  });
});

it("the number of a database is digits, and a size has its unit", () => {
  assert.deepEqual([number("0", "--to"), number("12", "--to")], [0, 12]);
  for (const text of [undefined, "", "1x", "-1", "+1", "1.5", " 1"])
    assert.throws(() => number(text, "--to"), /--to needs the number of a database/, String(text));
  assert.deepEqual([bytes("6GB"), bytes("500MB"), bytes("1.5 gb"), bytes("0MB")], [6e9, 5e8, 1.5e9, 0]);
  for (const text of [undefined, "", "6", "GB", "6GiB", "6 KB", "-1GB", "1..5GB", "6GB/s"])
    assert.throws(() => bytes(text), /--until needs a size/, String(text));
});

it("a service of one database has no list of them", () =>
  assert.rejects(list({ send: async () => ({}) }), /There is one database only/));

it("the directory is filled page by page, to the end", async () => {
  const asked = [];
  const pages = [
    { users: 2, cursor: "0:b" },
    { users: 0, cursor: "1:" },
    { users: 1, cursor: null },
  ];
  const send = async (_method, _path, { cursor }) => (asked.push(cursor), pages[asked.length - 1]);
  assert.equal(await rebuildDirectory({ send }, { progress }), 3);
  assert.deepEqual(asked, [undefined, "0:b", "1:"]);
});
