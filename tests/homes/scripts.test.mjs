// npm run homes and npm run rebuild -- --directory, as an operator runs them, against the built Worker with three homes.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";

import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { backups } from "../support/backup.mjs";
import { runScript } from "../support/cli.mjs";
import { user } from "../support/client.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import { startProxy } from "../support/proxy.mjs";

const PEOPLE = ["ada", "bob", "cy", "dan", "eve", "fay", "gil", "hal"].map(user);

let worker;
let wallet;
let dir;
before(async () => {
  worker = await startWorker({ homes: 3 });
  wallet = backups(worker);
  dir = mkdtempSync(join(tmpdir(), "portal-backup-homes-"));
});
after(async () => {
  await worker?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  await worker.clear();
  await worker.directory.prepare("UPDATE homes SET state = 'open'").run();
  for (const who of PEOPLE) {
    await wallet.admin("POST", "/users", { ...who, home: 0 });
    await wallet.custodian(who, "GDRIVE-SECP256K1", `c of ${who.id}`);
    await wallet.cipherText(who, "GDRIVE", `u of ${who.id}`);
  }
});

const runWith = (options, script, ...args) =>
  runScript(script, [...args, "--url", String(worker.url).replace(/\/$/, "")], {
    env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN },
    cwd: dir,
    ...options,
  });
const run = (script, ...args) => runWith({}, script, ...args);
const users = async (home) =>
  (await worker.homes[home].prepare("SELECT id FROM users ORDER BY id").all()).results.map(({ id }) => id);

async function everybodyRecovers() {
  for (const who of PEOPLE) {
    assert.deepEqual(await wallet.fetched(who), [`c of ${who.id}`]);
    assert.equal(await wallet.recovered(who, { backupMethod: "GDRIVE" }), `u of ${who.id}`);
  }
}

describe("npm run homes", () => {
  it("lists the databases with what is in them", async () => {
    const { code, stdout, stderr } = await run("homes");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^home +binding +place +state +GB +users +schema +seen/m);
    assert.match(stdout, /^0 +DB +– +open +0\.00\d +8 +\d+ /m);
    assert.match(stdout, /^2 +DB_2 +– +open +0\.00\d +0 +\d+ /m);
  });

  it("moves users to the end where nobody reads any more what it says", async () => {
    const unread = ["stdout", "stderr"];
    const { code } = await runWith({ unread }, "homes", "move", "--from", "0", "--until", "0MB", "--to", "1");
    assert.equal(code, 0);
    assert.equal((await users(1)).length, PEOPLE.length);
  });

  it("closes a database and opens it", async () => {
    for (const [command, state] of [
      ["close", "closed"],
      ["open", "open"],
    ]) {
      const { code, stderr } = await run("homes", command, "1");
      assert.equal(code, 0, stderr);
      assert.match(stderr, new RegExp(`The database 1 is ${state}\\.`));
      assert.match((await run("homes", "list")).stdout, new RegExp(`^1 +DB_1 +– +${state} `, "m"));
    }
  });

  it("moves one user, and says so where there is nothing to move", async () => {
    const [ada] = PEOPLE;
    const { code, stderr } = await run("homes", "move", ada.id, "--to", "2");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /from 0 to 2/);
    assert.deepEqual(await users(2), [ada.id]);
    assert.match((await run("homes", "move", ada.id, "--to", "2")).stderr, /in the database 2 already/);
    await everybodyRecovers();
    const odd = { ...user("odd"), id: "odd/one ?" };
    assert.equal((await wallet.admin("POST", "/users", { ...odd, home: 0 })).status, 201);
    assert.match((await run("homes", "move", odd.id, "--to", "1")).stderr, /odd\/one \?: from 0 to 1\./);
  });

  it("ends with 2 where a user stays, whom it names", async () => {
    const [ada] = PEOPLE;
    const twin = "INSERT INTO users (id, client_id, created_at) VALUES (?, 'of another', '2026-01-01T00:00:00.000Z')";
    await worker.homes[1].prepare(twin).bind(ada.id).run();
    const { code, stderr } = await run("homes", "move", "--from", "0", "--until", "0MB", "--to", "1");
    assert.equal(code, 2, stderr);
    assert.match(stderr, new RegExp(`^${ada.id} was not moved: .*409 conflict`, "m"));
    assert.match(stderr, /7 users moved out of the database 0, 1 not: see above\./);
    assert.deepEqual(await users(0), [ada.id]);
  });

  it("moves users out of a database until it has a size, into open ones", async () => {
    assert.equal((await run("homes", "close", "1")).code, 0);
    const file = join(dir, "move.json");
    const { code, stderr } = await run("homes", "move", "--from", "0", "--until", "0.1MB", "--resume", file);
    assert.equal(code, 0, stderr);
    const [moved] = /(\d+) users moved out of the database 0/.exec(stderr).slice(1).map(Number);
    assert.ok(moved > 0 && moved <= PEOPLE.length, stderr);
    assert.equal((await users(2)).length, moved);
    assert.deepEqual(await users(1), [], "a closed one takes nobody");
    assert.ok(!existsSync(file), "it is through");
    await everybodyRecovers();
  });

  it("says what it does not understand, and changes nothing", async () => {
    for (const args of [
      ["close"],
      ["close", "one"],
      ["move", "--from", "0", "--until", "much"],
      ["shrink"],
      ["--what"],
    ])
      assert.notEqual((await run("homes", ...args)).code, 0, args.join(" "));
    assert.equal((await run("homes", "close", "7")).code, 1);
    assert.equal((await users(0)).length, PEOPLE.length);
  });
});

describe("npm run rebuild -- --directory", () => {
  it("fills a directory that was lost", async () => {
    for (const [at, who] of PEOPLE.entries())
      if (at % 3 > 0) await wallet.admin("POST", `/users/${who.id}/move`, { home: at % 3 });
    await worker.directory.batch(
      ["routes", "homes", "meta"].map((table) => worker.directory.prepare(`DELETE FROM ${table}`)),
    );
    const { code, stdout, stderr } = await run("rebuild", "--directory");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^8 users entered: the directory is whole\.\n$/);
    const { results } = await worker.directory.prepare("SELECT count(*) AS n FROM routes").all();
    assert.equal(results[0].n, 3 * PEOPLE.length);
    await everybodyRecovers();
    assert.equal((await wallet.admin("POST", "/users", user("late"))).status, 201);
  });

  it("goes by itself, and needs a directory", async () => {
    for (const args of [["--merge"], ["--check"], ["--into", "SCRATCH"]])
      assert.match((await run("rebuild", "--directory", ...args)).stderr, /--directory goes by itself/);
    const alone = await startWorker({ homes: 1 });
    try {
      const { code, stderr } = await runScript("rebuild", ["--directory", "--url", String(alone.url).slice(0, -1)], {
        env: { ADMIN_TOKEN: SECRETS.ADMIN_TOKEN },
      });
      assert.equal(code, 1);
      assert.match(stderr, /There is no directory to rebuild/);
    } finally {
      await alone.stop();
    }
  });
});

it("npm run homes refuses a second user or database, and an option that it would not heed, before it does anything", async () => {
  const [ada, bob] = PEOPLE;
  for (const args of [
    ["list", "extra"],
    ["close", "1", "2"],
    ["close", "1", "--to", "2"],
    ["move", ada.id, bob.id, "--to", "2"],
    ["move", ada.id, "--from", "0", "--until", "0MB", "--to", "2"],
    ["rebuild", "now"],
  ]) {
    const { code, stderr } = await run("homes", ...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(stderr, /^✗ (Unexpected argument '\S+'|--\w+ is not for this)\.\n {2}npm run homes/, args.join(" "));
  }
  assert.deepEqual(await users(2), []);
  assert.deepEqual((await run("homes")).stdout.match(/ (open|closed) /g), [" open ", " open ", " open "]);
});

describe("npm run export, over several databases", () => {
  const exported = async (url) => {
    const recipient = await identityToRecipient(await generateX25519Identity());
    const file = join(dir, `${Math.random()}.age`);
    const { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS } = SECRETS;
    const { code, stdout, stderr } = await runScript("export", [file, "--recipient", recipient, "--url", url], {
      env: { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS },
    });
    assert.equal(code, 0, stderr);
    return { stdout, stderr };
  };

  it("says that each of them holds just as many as the copy, or that one of them does not", async () => {
    for (const [who, home] of [
      [PEOPLE[0], 1],
      [PEOPLE[1], 2],
    ])
      assert.equal((await run("homes", "move", who.id, "--to", String(home))).code, 0);
    // One user gets lost on the way, and one of another database comes twice.
    let meddles = false;
    const isUser = (who) => (record) => record.type === "user" && record.id === who.id;
    const proxy = await startProxy(worker, async ({ path, pass }) => {
      const answer = await pass();
      if (!meddles || !path.startsWith("/admin/export")) return answer;
      const { records, ...rest } = JSON.parse(answer.body);
      const twice = records.filter(isUser(PEOPLE[1]));
      const kept = records.filter((record) => !isUser(PEOPLE[0])(record));
      return { ...answer, body: JSON.stringify({ records: [...kept, ...twice], ...rest }) };
    });
    try {
      const well = await exported(proxy.url);
      assert.match(well.stdout, /: 8 users, 8 custodian shares, 8 user shares, 0 deleted users\n$/);
      assert.match(well.stderr, /each database holds just as many/);
      meddles = true;
      const lost = await exported(proxy.url);
      assert.match(lost.stdout, /: 8 users, /);
      assert.match(lost.stderr, /The copy has 0 users of one of the databases, which had 1 at the end\./);
      assert.match(lost.stderr, /The copy has 2 users of one of the databases, which had 1 at the end\./);
      assert.doesNotMatch(lost.stderr, /just as many/);
    } finally {
      await proxy.stop();
    }
  });
});
