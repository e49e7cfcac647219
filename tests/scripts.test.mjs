// The set-up's own parts, where a mistake would cost a developer something.

import assert from "node:assert/strict";
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  mkdirSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { parseDevVars, readDevVars, writeDevVars } from "../scripts/lib/dev-vars.mjs";
import { withLock } from "../scripts/lib/lock.mjs";
import { inRoot } from "../scripts/lib/paths.mjs";
import { run } from "../scripts/lib/run.mjs";
import { portIsFree } from "../scripts/lib/serve.mjs";
import { runScript } from "./support/cli.mjs";

const dir = mkdtempSync(join(tmpdir(), "portal-backup-test-"));
after(() => rmSync(dir, { recursive: true, force: true }));

describe(".dev.vars", () => {
  it("is read with comments, quotes and equals signs in values", () => {
    const text = "# A=1\nB = two \r\nC=\"three 3\" # not 4\nexport D=k1:abc=\n\nE=\nF='g#h' # i#j\nK=$L # m\n";
    assert.deepEqual(parseDevVars(text), { B: "two", C: "three 3", D: "k1:abc=", E: "", F: "g#h", K: "$L" });
  });

  it("is refused where wrangler would cut a secret off at a #, and the message does not tell the secret", () => {
    for (const line of ["TOKEN=abc#def", "export TOKEN=#def", 'A="b"\nTOKEN=abc # def#\nTOKEN=abc#def # c']) {
      assert.throws(
        () => parseDevVars(`${line}\n`, "vars.txt"),
        (error) => /^TOKEN in vars.txt has a # outside quotes/.test(error.message) && !/abc|def/.test(error.message),
        line,
      );
    }
  });

  it("is refused in UTF-16, as PowerShell writes it: no name in it could be read, and secrets would be made anew", () => {
    const file = join(dir, "utf-16");
    writeFileSync(file, "\ufeffADMIN_TOKEN=abc\r\n", "utf16le");
    assert.throws(() => readDevVars(file), /utf-16 is not text in UTF-8/);
  });

  it("is read by this project's commands as `wrangler dev` reads it", async () => {
    const folder = mkdtempSync(join(dir, "vars-"));
    const blank = "H= \nI=\t\nJ=a blank behind nothing takes no line away\nK=  # nor does a comment\nL=eight  \n"; // Node's parseEnv does
    const odd =
      "M: nine\nN='ten'eleven\nO='it\\'s'\nP=\"two\nlines\"\nQ=`\"'`\nR='\nS=\"\r\\r\"\r\nT.U-V=w\n  X=y\nA=again\n";
    const text = `\ufeffA=one # two\nB='three#four'\nC="five\\nsix"\nD=k1:abc=\nE=$HOME\nF=\nexport G = seven\n${blank}${odd}`;
    writeFileSync(join(folder, "wrangler.toml"), 'name = "vars"\ncompatibility_date = "2026-10-23"\n');
    writeFileSync(join(folder, ".dev.vars"), text);
    const { unstable_getVarsForDev: wranglersOwn } = await import("wrangler");
    const theirs = wranglersOwn(join(folder, "wrangler.toml"), undefined, {}, undefined, true);
    const values = Object.fromEntries(Object.entries(theirs).map(([name, { value }]) => [name, value]));
    assert.deepEqual(parseDevVars(text, ".dev.vars"), values);
  });

  it("is made with secrets that the Worker takes, for its owner's eyes only", () => {
    const file = join(dir, "fresh");
    writeDevVars(file);
    const secrets = readDevVars(file);
    assert.deepEqual(Object.keys(secrets).sort(), ["ADMIN_TOKEN", "SHARE_ENCRYPTION_KEYS", "WEBHOOK_SECRET"]);
    assert.ok(secrets.ADMIN_TOKEN.length >= 32 && secrets.WEBHOOK_SECRET.length >= 32);
    const [id, key] = secrets.SHARE_ENCRYPTION_KEYS.split(":");
    assert.match(id, /^k-[0-9a-f]{8}$/);
    assert.equal(Buffer.from(key, "base64").length, 32);
    if (process.platform !== "win32") assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("is never written over: its key may have sealed shares", () => {
    const file = join(dir, "kept");
    writeDevVars(file);
    const before = readFileSync(file, "utf8");
    writeDevVars(file);
    assert.equal(readFileSync(file, "utf8"), before);
  });
});

describe("withLock", () => {
  it("lets one in at a time", async () => {
    const path = join(dir, "one.lock");
    let inside = 0;
    const work = async () => {
      inside += 1;
      assert.equal(inside, 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside -= 1;
    };
    await Promise.all([withLock(path, work), withLock(path, work), withLock(path, work)]);
  });

  it("takes over the lock of a process that was killed", async () => {
    const path = join(dir, "stale.lock");
    mkdirSync(path);
    utimesSync(path, new Date(0), new Date(0));
    assert.equal(await withLock(path, async () => "in"), "in");
  });

  it("is released by work that fails", async () => {
    const path = join(dir, "failed.lock");
    await assert.rejects(
      withLock(path, async () => {
        throw new Error("no");
      }),
      /no/,
    );
    assert.equal(await withLock(path, async () => "in"), "in");
  });
});

describe("run", () => {
  it("tells how a program ended that did not read its input", async () => {
    const input = "x".repeat(1_000_000);
    const { code } = await run(process.execPath, ["--eval", "process.exit(3)"], { input });
    assert.equal(code, 3);
    assert.equal((await run("no-such-program", [], { input })).code, 127);
  });
});

describe("main", () => {
  it("says what the machine refuses, in words and without a stack", async () => {
    const log = JSON.stringify(inRoot("scripts", "lib", "log.mjs"));
    const script = `import { main } from ${log}; import { writeFileSync } from "node:fs";
      await main(() => writeFileSync(${JSON.stringify(join(dir, "no-such-folder", "state.json"))}, ""));`;
    const { code, stderr } = await run(process.execPath, ["--input-type=module", "--eval", script]);
    assert.equal(code, 1);
    assert.match(stderr, /^✗ ENOENT: .*state\.json'\n {2}Is there room/);
    assert.doesNotMatch(stderr, /^ +at /m);
  });
});

describe("portIsFree", () => {
  it("tells a taken port from a free one", async () => {
    const server = createServer();
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address();
    assert.equal(await portIsFree(port), false);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await portIsFree(port), true);
  });
});

describe("what the scripts tell to run", () => {
  it("names the environment wherever wrangler would else take production's Worker", () => {
    const told = readdirSync(inRoot("scripts"), { recursive: true })
      .filter((name) => name.endsWith(".mjs"))
      .flatMap((name) => readFileSync(inRoot("scripts", name), "utf8").match(/npx wrangler [^`)\n]*/g) ?? [])
      .filter((command) => !/^npx wrangler (login|whoami|r2 (bucket|object)) /.test(`${command} `)); // of the account, not of a Worker
    assert.ok(told.length > 4);
    for (const command of told) assert.match(command, / --env /);
  });
});

describe("the command line of each script", () => {
  const scripts = readdirSync(inRoot("scripts"))
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => name.replace(".mjs", ""));
  // wrangler knows npm run dev's options; 2 says something else of an import and an export, of a copy, a rebuild, the keys and the homes.
  const refusals = {
    dev: ["stray", 2],
    ...Object.fromEntries(
      ["copy", "export", "homes", "import", "keys", "rebuild"].map((name) => [name, ["--no-such-option", 1]]),
    ),
  };
  const refused = (what) => new RegExp(`^✗ [^\\n]*'${what}'\\.\\n {2}npm `);

  for (const name of scripts) {
    it(`${name}: shows its usage for --help, and refuses what it does not know, before it does anything`, async () => {
      for (const help of ["--help", "-h"]) {
        const { code, stdout, stderr } = await runScript(name, [help]);
        assert.deepEqual([code, stderr], [0, ""]);
        assert.ok(stdout.startsWith(name === "test" ? "npm test" : `npm run ${name}`), stdout);
      }
      const [argument, expected] = refusals[name] ?? ["--no-such-option", 2];
      const { code, stderr } = await runScript(name, [argument]);
      assert.equal(code, expected, stderr);
      assert.match(stderr, refused(argument));
    });
  }

  for (const name of scripts) {
    it(`${name}: ends as it would where nobody reads any more what it says`, async () => {
      const [argument] = refusals[name] ?? ["--no-such-option"];
      for (const args of [["--help"], [argument]]) {
        const read = await runScript(name, args);
        const { code } = await runScript(name, args, { unread: ["stdout", "stderr"] });
        assert.equal(code, read.code, args.join(" "));
      }
    });
  }

  it("names a file of secrets that cannot be read, without a stack", async () => {
    for (const [name, ...args] of [
      ["homes", "--url", "http://127.0.0.1:9"],
      ["export", "x.age", "--url", "http://127.0.0.1:9", "--recipient", "age1"],
      ["doctor", "http://127.0.0.1:9"],
      ["deploy", "--dry-run"],
    ]) {
      const { code, stderr } = await runScript(name, [...args, "--vars", dir]);
      assert.notEqual(code, 0, name);
      assert.ok(stderr.includes(`✗ ${dir} could not be read (EISDIR).\n`), `${name}: ${stderr}`);
      assert.doesNotMatch(stderr, /^ +at /m, name);
    }
  });

  it("has nothing stray in it", async () => {
    for (const name of ["bench", "build", "deploy", "lint", "seed", "setup", "test"]) {
      const { code, stderr } = await runScript(name, ["stray"]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, refused("stray"));
    }
  });

  it("takes npm test's part with a space as well, and runs nothing else for one that is not there", async () => {
    for (const only of [["--only", "no such part"], ["--only=no such part"]]) {
      const { code, stderr } = await runScript("test", only);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^✗ No test file's path holds "no such part"\./);
    }
  });
});
