// npm run copy -- verify and npm run rebuild: whatever a page finds, they name it, and do not end well. Against a service that is played.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { runScript } from "../support/cli.mjs";

const dir = mkdtempSync(join(tmpdir(), "findings-test-"));
after(() => rmSync(dir, { recursive: true, force: true }));

const NOTHING = { damaged: [], unopened: [], differences: [], leftOut: [] };
const PAGE = { objects: 2, users: 1, shares: 1, versions: 0, deleted: 0, purged: 0, ...NOTHING, cursor: null };

/**
 * Runs the command against a service in which all is well but for what `wrong` says of a request, `{ mode, home, shard, into }` and `asked`, the
 * modes before it. Resolves with what came of it, and the modes that were asked for.
 */
async function against(wrong, script, ...args) {
  const asked = [];
  const played = createServer(async (request, response) => {
    const text = (await request.toArray()).join("");
    const body = text ? JSON.parse(text) : { mode: "status" };
    const answer = {
      status: {},
      begin: { epoch: 1, identity: "one", pending: 0 },
      totals: { users: 16, shares: 16, versions: 0, deleted: 0, pending: 0 },
      uncopied: { users: [], cursor: null },
      done: { home: 0, takesOver: true },
    }[body.mode];
    response
      .setHeader("content-type", "application/json")
      .end(JSON.stringify({ ...(answer ?? PAGE), ...wrong({ ...body, asked: [...asked] }) }));
    asked.push(body.mode);
  }).listen(0, "127.0.0.1");
  await once(played, "listening");
  try {
    const url = ["--url", `http://127.0.0.1:${played.address().port}`];
    const resume = script === "rebuild" ? ["--resume", join(dir, "state.json")] : [];
    const env = { ADMIN_TOKEN: "a".repeat(40) };
    return { ...(await runScript(script, [...args, ...url, ...resume], { env })), asked };
  } finally {
    played.close().closeAllConnections();
  }
}

const COMMANDS = [
  ["copy", "verify"],
  ["rebuild", "--check"],
];

/** What is wrong in the last part of the copy, and how it is told. */
const FOUND = [
  [{ damaged: ["c1/0/f/1.share"] }, /damaged: c1\/0\/f\/1\.share/],
  [{ unopened: ["c1/0/f/2.share"] }, /does not open with the keys there are: c1\/0\/f\/2\.share/],
  [{ differences: [{ userId: "ada", kind: "user", id: "v1", wrong: "missing" }] }, /missing: user ada, user v1/],
];

for (const [script, ...args] of COMMANDS)
  describe(`npm run ${[script, ...args].join(" -- ")}`, () => {
    it("ends well where all is well", async () => {
      const { code, stdout, stderr } = await against(() => ({}), script, ...args);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^(All is well|The copy and the database are alike)\.\n$/);
    });

    for (const [found, told] of FOUND)
      it(`names what is wrong, and ends with 2: ${Object.keys(found)[0]}`, async () => {
        const wrong = ({ mode, shard }) => (mode === "check" && shard === "f" ? found : {});
        const { code, stdout, stderr } = await against(wrong, script, ...args);
        assert.equal(code, 2, stderr);
        assert.match(stdout, /^Not well: 1 findings\.\n$/);
        assert.match(stderr, told);
      });

    it("names a user of whom the copy has nothing", async () => {
      const wrong = ({ mode }) => ({ totals: { users: 17 }, uncopied: { users: ["ada"] } })[mode];
      const { code, stderr } = await against(wrong, script, ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /not in the copy: user ada, all of it/);
    });

    it("looks at every page, of the copy and of the users", async () => {
      const onPages = ({ mode, shard, cursor }) => {
        if (mode === "check" && shard === "7") return cursor ? FOUND[0][0] : { cursor: "c1/0/7f" };
        if (mode === "totals") return { users: 40 };
        return mode === "uncopied" ? (cursor ? { users: ["ada"] } : { cursor: "a" }) : {};
      };
      const { code, stderr } = await against(onPages, script, ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, FOUND[0][1]);
      assert.match(stderr, /not in the copy: user ada/);
    });

    it("counts every finding, and shows a hundred", async () => {
      const damaged = Array.from({ length: 102 }, (_, n) => `c1/0/f/${n}.share`);
      const wrong = ({ mode, shard }) => (mode === "check" && shard === "f" ? { damaged } : {});
      const { stdout, stderr } = await against(wrong, script, ...args);
      assert.equal(stdout, "Not well: 102 findings.\n");
      assert.equal(stderr.match(/^damaged: /gm).length, 100);
      assert.match(stderr, /^… and 2 more lines$/m);
    });

    it("takes nothing for wrong that is well when it is looked at once more", async () => {
      for (const passing of [...FOUND.map(([found]) => found), { leftOut: ["ada"] }].filter(
        ({ unopened }) => !unopened,
      )) {
        const looks = ({ shard, asked }) => shard === "f" && asked.filter((mode) => mode === "check").length < 17;
        const wrong = (request) => (request.mode === "check" && looks(request) ? passing : {});
        const { code, stderr } = await against(wrong, script, ...args, "--parallel", "1");
        assert.equal(code, 0, stderr);
      }
      const waits = ({ mode, asked }) => (mode === "totals" && asked.length < 2 ? { pending: 1 } : {});
      const { code, stderr } = await against(waits, script, ...args);
      assert.equal(code, 0, stderr);
    });

    it("looks at nothing in place of a number that it does not understand", async () => {
      for (const [option, text] of [
        ["--parallel", "0"],
        ["--parallel", "17"],
        ["--home", ""],
        ["--home", "x"],
        ["--home", "1e1"],
      ]) {
        const { code, stdout, stderr, asked } = await against(() => ({}), script, ...args, option, text);
        assert.deepEqual([code, stdout, asked], [1, "", []], `${option} ${text}`);
        assert.match(stderr, new RegExp(`^✗ ${option} must be a whole number`, "m"));
      }
    });

    it("does not end well while changes wait, whose users it left out, also where they came while it looked", async () => {
      for (const isWaiting of [() => true, (asked) => asked.includes("check")]) {
        const wrong = ({ mode, asked }) => (mode === "totals" && isWaiting(asked) ? { pending: 1 } : {});
        const { code, stderr } = await against(wrong, script, ...args);
        assert.equal(code, 2, stderr);
        assert.match(stderr, /1 change waits to be copied/);
      }
    });
  });

it("npm run copy -- verify looks at the database alone that it is told", async () => {
  const homes = new Set();
  const status = ({ mode, home }) => {
    if (mode === "status") return { homes: [0, 1, 2].map((home) => ({ home })) };
    homes.add(home);
    return {};
  };
  assert.equal((await against(status, "copy", "verify", "--home", "2")).code, 0);
  assert.deepEqual([...homes], [2]);
});

it("npm run copy -- verify ends with 2 where one of several databases is not like its copy, whichever", async () => {
  for (const bad of [0, 1, 2]) {
    const wrong = ({ mode, home, shard }) => {
      if (mode === "status") return { homes: [0, 1, 2].map((home) => ({ home })) };
      return mode === "check" && home === bad && shard === "0" ? FOUND[0][0] : {};
    };
    const { code, stdout, stderr } = await against(wrong, "copy", "verify");
    assert.deepEqual([code, stdout], [2, "Not well: 1 findings.\n"], stderr);
  }
});

describe("npm run rebuild", () => {
  it("--into names what it could not bring in, and gives the lost home's place to the database, but not for a drill", async () => {
    const wrong = ({ mode, shard }) => (mode === "into" && shard === "f" ? FOUND[1][0] : {});
    const bad = await against(wrong, "rebuild", "--into", "DB_2");
    assert.deepEqual([bad.code, bad.stdout], [2, "Not well: 1 findings.\n"], bad.stderr);
    const well = await against(() => ({}), "rebuild", "--into", "DB_2");
    assert.equal(well.code, 0, well.stderr);
    assert.ok(well.asked.includes("done") && well.asked.includes("check"));
    const drill = await against(() => ({}), "rebuild", "--check", "--into", "DB_2");
    assert.equal(drill.code, 0, drill.stderr);
    assert.ok(drill.asked.includes("into") && !drill.asked.includes("done"));
  });

  it("--merge names whom it left out, and ends with 2", async () => {
    const wrong = ({ mode, shard }) => (mode === "merge" && shard === "f" ? { leftOut: ["ada"] } : {});
    const { code, stderr } = await against(wrong, "rebuild", "--merge");
    assert.equal(code, 2, stderr);
    assert.match(stderr, /left out: user ada\./);
  });
});
