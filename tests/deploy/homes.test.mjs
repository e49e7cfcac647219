// npm run deploy -- --add-home: one more database, and the directory, against a wrangler that plays Cloudflare's answers and, where the
// Worker is asked, against the real one.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";

import { unstable_readConfig as readConfig } from "wrangler";

import { callers, user } from "../support/client.mjs";
import {
  GIVEN,
  OLD,
  REACHABLE,
  begin,
  changed,
  commands,
  deploying,
  end,
  file,
  forget,
  person,
  read,
  rejects,
  said,
  state,
  withDatabase,
} from "../support/deployment.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

const account = { databases: [{ uuid: OLD, name: "portal-backup" }], secrets: GIVEN };
const id = (n) => `${String(n).repeat(8)}-2222-4333-8444-555555555555`;

describe("npm run deploy -- --add-home", () => {
  beforeEach(() => {
    begin();
    withDatabase(OLD);
  });
  afterEach(end);

  it("makes the directory and the home, binds both, migrates all three before the deployment", async () => {
    await deploying(["--add-home", "--location", "weur"], { account });
    assert.deepEqual(
      state().databases.map(({ name, location }) => [name, location]),
      [
        ["portal-backup", undefined],
        ["portal-backup-directory", "weur"],
        ["portal-backup-1", "weur"],
      ],
    );
    const written = read("wrangler.toml");
    assert.match(
      written,
      new RegExp(
        `\\[\\[env\\.production\\.d1_databases\\]\\]\nbinding = "DIRECTORY"\ndatabase_name = "portal-backup-directory"\n` +
          `database_id = "${id(1)}"\nmigrations_dir = "migrations-directory"\n\n` +
          `\\[\\[env\\.production\\.d1_databases\\]\\]\nbinding = "DB_1"\ndatabase_name = "portal-backup-1"\n` +
          `database_id = "${id(2)}"\nmigrations_dir = "migrations"\n`,
      ),
    );
    assert.match(written, /\[env\.production\.triggers\]\ncrons = \["\* \* \* \* \*"\]/);
    const { removed } = changed(REACHABLE);
    assert.deepEqual(removed, ['database_id = "00000000-0000-0000-0000-000000000000" # of production'], "nothing else");
    const all = commands();
    const applied = all.filter((command) => command.startsWith("d1 migrations apply")).sort();
    assert.deepEqual(
      applied,
      ["DB", "DB_1", "DIRECTORY"].map((binding) => `d1 migrations apply ${binding} --remote`),
    );
    assert.ok(all.lastIndexOf(applied[2]) < all.indexOf("deploy"));
    assert.deepEqual(
      all.filter((command) => command.includes("time-travel")),
      ["d1 time-travel info DB --json"],
      "what is new has no way back",
    );
  });

  it("makes a home in a jurisdiction, under its name as a place, and the directory anywhere", async () => {
    await deploying(["--add-home", "--jurisdiction", "eu"], { account });
    assert.deepEqual(
      state()
        .databases.slice(1)
        .map(({ name, jurisdiction }) => [name, jurisdiction]),
      [
        ["portal-backup-directory", undefined],
        ["portal-backup-1", "eu"],
      ],
    );
    assert.match(read("wrangler.toml"), /\[env\.production\.vars\]\nHOME_PLACES = "1=eu"/);
    assert.match(said, /should this run break off, run the same command again/);
    await deploying(["--add-home", "--location", "enam", "--place", "us-east"]);
    assert.match(read("wrangler.toml"), /HOME_PLACES = "1=eu,2=us-east"/);
  });

  it("adds the next number each time, and no directory twice; a plain deployment adds nothing and migrates all", async () => {
    await deploying(["--add-home", "--location", "weur"], { account });
    await deploying(["--add-home", "--location", "apac"]);
    assert.deepEqual(
      state().databases.map(({ name }) => name),
      ["portal-backup", "portal-backup-directory", "portal-backup-1", "portal-backup-2"],
    );
    const written = read("wrangler.toml");
    writeFileSync(file("calls.ndjson"), "");
    await deploying([]);
    assert.equal(read("wrangler.toml"), written);
    assert.equal(commands().filter((command) => command.startsWith("d1 migrations apply")).length, 4);
    assert.equal(
      commands().filter((command) => command.includes("time-travel")).length,
      3,
      "a way back for each home; the directory is made anew",
    );
  });

  it("stops before the deployment where one migration fails, and the next plain deployment goes on", async () => {
    const fails = { "d1 migrations apply DB_1 --remote": "no such table" };
    await rejects(
      deploying(["--add-home", "--location", "weur"], { account: { ...account, fails } }),
      /d1 migrations apply DB_1 --remote` failed/,
    );
    assert.ok(!commands().includes("deploy"));
    writeFileSync(file("state.json"), JSON.stringify({ ...state(), fails: {} }));
    await deploying([]);
    assert.ok(commands().includes("deploy"));
    assert.equal(state().databases.length, 3);
  });

  it("makes what a run that broke off has bound and not made", async () => {
    const fails = { "d1 create portal-backup-1 --location=weur": "the network is down" };
    await rejects(
      deploying(["--add-home", "--location", "weur"], { account: { ...account, fails } }),
      /d1 create portal-backup-1/,
    );
    writeFileSync(file("state.json"), JSON.stringify({ ...state(), fails: {} }));
    await deploying(["--location", "weur"]);
    assert.equal(state().databases.at(-1).name, "portal-backup-1");
    assert.ok(!read("wrangler.toml").includes('name = "portal-backup-2"'));
  });

  it("goes on with a home that a run has begun, where that run said, and adds no other, whichever command comes next", async () => {
    const fails = { "d1 create portal-backup-1 --jurisdiction=eu": "the network is down" };
    const begun = ["--add-home", "--jurisdiction", "eu"];
    await rejects(deploying(begun, { account: { ...account, fails } }), /d1 create portal-backup-1/);
    assert.match(read("wrangler.toml"), /binding = "DB_1" # being added: --jurisdiction=eu\n/);
    writeFileSync(file("state.json"), JSON.stringify({ ...state(), fails: {} }));
    const [written, there] = [read("wrangler.toml"), state()];
    for (const args of [
      ["--add-home", "--jurisdiction", "us"],
      ["--add-home", "--location", "weur"],
      ["--location", "weur"],
      ["--jurisdiction", "us"],
    ])
      await rejects(deploying(args), /DB_1 is not finished.*--jurisdiction=eu/, /Leave .* out.*Nothing was made/);
    await rejects(deploying(["--add-home", "--place", "us"]), /says already where home 1 is: eu/, /Leave --place out/);
    assert.deepEqual([read("wrangler.toml"), state()], [written, there]);
    for (const args of [begun, ["--add-home"], []]) {
      writeFileSync(file("wrangler.toml"), written);
      writeFileSync(file("state.json"), JSON.stringify(there));
      await deploying(args);
      assert.deepEqual(
        state().databases.map(({ name, jurisdiction }) => [name, jurisdiction]),
        [
          ["portal-backup", undefined],
          ["portal-backup-directory", undefined],
          ["portal-backup-1", "eu"],
        ],
        args.join(" "),
      );
      assert.equal(read("wrangler.toml").match(/HOME_PLACES = .*/)[0], 'HOME_PLACES = "1=eu"');
      assert.doesNotMatch(read("wrangler.toml"), /being added/);
    }
  });

  it("adds no second home with the same command where the migration or the deployment failed", async () => {
    for (const failed of ["d1 migrations apply DB_1 --remote", "deploy"]) {
      withDatabase(OLD);
      const args = ["--add-home", "--location", "weur"];
      await rejects(deploying(args, { account: { ...account, fails: { [failed]: "no" } } }), /failed/);
      writeFileSync(file("state.json"), JSON.stringify({ ...state(), fails: {} }));
      await deploying(args);
      assert.equal(state().databases.length, 3, failed);
      assert.ok(!read("wrangler.toml").includes("DB_2"));
    }
  });

  it("keeps the place that HOME_PLACES promises, also where nothing beside the binding says it", async () => {
    await rejects(
      deploying(["--add-home", "--jurisdiction", "eu"], {
        account: { ...account, fails: { "d1 create portal-backup-1 --jurisdiction=eu": "the network is down" } },
      }),
      /d1 create portal-backup-1/,
    );
    writeFileSync(file("state.json"), JSON.stringify({ ...state(), fails: {} }));
    writeFileSync(file("wrangler.toml"), read("wrangler.toml").replace(/ # being added.*/g, ""));
    await rejects(deploying(["--location", "weur"]), /DB_1 is not finished/);
    await deploying([]);
    assert.equal(state().databases.at(-1).jurisdiction, "eu");
  });

  it("knows where the home belongs before it writes anything: it was said, or whoever is there is asked", async () => {
    const before = read("wrangler.toml");
    await rejects(deploying(["--add-home"], { account }), /Where should the database portal-backup-1 be/, /--location/);
    assert.equal(read("wrangler.toml"), before);
    assert.deepEqual(commands(), ["whoami --json", "deployments status --json"]);
    await deploying(["--add-home"], { ui: person("eu") });
    assert.equal(state().databases.at(-1).jurisdiction, "eu");
    assert.match(read("wrangler.toml"), /HOME_PLACES = "1=eu"/);
  });

  it("tells each step in a dry run, and changes nothing", async () => {
    const before = read("wrangler.toml");
    await rejects(deploying(["--dry-run", "--add-home"], { account }), /does not know: deploy --dry-run/);
    for (const told of ["portal-backup-directory", "portal-backup-1", "as DB_1", "every minute"])
      assert.ok(said.includes(told), told);
    assert.equal(read("wrangler.toml"), before);
  });

  it("binds and makes a queue with the home that is one too many for one run a minute, and never twice", async () => {
    await deploying(["--add-home", "--location", "weur"], { account });
    assert.doesNotMatch(read("wrangler.toml"), /queues/);
    // The numbers decide: the homes between need not be there.
    writeFileSync(file("wrangler.toml"), read("wrangler.toml").replace(/DB_1"/, 'DB_249"'));
    await deploying(["--add-home", "--location", "weur"]);
    const { queues } = readConfig({ config: file("wrangler.toml"), env: "production" }, { hideWarnings: true });
    const name = "portal-backup-homes";
    assert.deepEqual(structuredClone(queues), {
      producers: [{ binding: "HOMES_QUEUE", queue: name }],
      consumers: [{ queue: name, max_batch_size: 1, max_batch_timeout: 0, max_concurrency: 20, max_retries: 0 }],
    });
    await deploying(["--add-home", "--location", "weur"]);
    assert.equal(read("wrangler.toml").match(/HOMES_QUEUE/g).length, 1);
    const all = commands();
    assert.deepEqual(
      all.filter((command) => command.startsWith("queues")),
      [`queues info ${name}`, `queues create ${name}`, `queues info ${name}`],
    );
    const deployments = all.flatMap((command, at) => (command === "deploy" ? [at] : []));
    assert.ok(all.indexOf(`queues create ${name}`) < deployments[1], "wrangler refuses a queue that is not there");
  });

  it("makes no queue where wrangler cannot tell whether there is one", async () => {
    const bound = REACHABLE.replace(/[0-]+" # of production/, `${OLD}"`).replace(
      "[env.production.vars]",
      '[[env.production.queues.producers]]\nbinding = "HOMES_QUEUE"\nqueue = "q"\n\n[env.production.vars]',
    );
    writeFileSync(file("wrangler.toml"), bound);
    const fails = { "queues info q": "Authentication error [code: 10000]" };
    await rejects(
      deploying([], { account: { ...account, fails } }),
      /queues info q` failed[\s\S]*10000/,
      /Queues:Edit/,
    );
    assert.ok(!commands().some((command) => command.startsWith("queues create") || command === "deploy"));
  });

  it("refuses what it cannot do before it touches anything", async () => {
    await rejects(deploying(["--add-home"], { env: { CI: "true" } }), /build server/);
    await rejects(deploying(["--place", "eu"]), /--add-home/);
    await rejects(deploying(["--add-home", "--place", "The EU"]), /no name of a place/);
    writeFileSync(file("wrangler.toml"), REACHABLE);
    await rejects(deploying(["--add-home", "--location", "weur"], { account }), /no first database/);
    assert.equal(read("wrangler.toml"), REACHABLE);
  });

  it("has the Worker enter everybody into the directory, and ends when the new home is open", async () => {
    const worker = await startWorker({ homes: 2 });
    try {
      const call = callers(worker);
      await unspread(worker);
      for (const name of ["ada", "bob", "cy"]) {
        const { id, clientId } = user(name);
        await worker.homes[0]
          .prepare("INSERT INTO users (id, client_id, created_at) VALUES (?, ?, '2026-01-01T00:00:00.000Z')")
          .bind(id, clientId)
          .run();
      }
      await deploying(["--add-home", "--location", "weur", "--no-doctor", "--url", String(worker.url)], {
        account,
        env: SECRETS,
      });
      assert.match(said, /home 1 is open/);
      for (const secret of Object.values(SECRETS)) assert.ok(!said.includes(secret));
      const { body } = await call.admin("GET", "/admin/status");
      assert.deepEqual(
        body.homes.map(({ home, state }) => [home, state]),
        [
          [0, "open"],
          [1, "open"],
        ],
      );
      const { results } = await worker.directory.prepare("SELECT count(*) AS n FROM routes").all();
      assert.equal(results[0].n, 6, "a client id and a user id each");
      assert.equal((await call.admin("GET", `/users/${user("bob").id}`)).status, 200);
      assert.equal((await call.admin("POST", "/users", { ...user("dan"), home: 1 })).status, 201);
    } finally {
      await worker.stop();
    }
  });

  it("says so where the Worker that answers does not have the new home", async () => {
    const worker = await startWorker({ homes: 1 });
    try {
      const args = ["--add-home", "--location", "weur", "--no-doctor", "--url", String(worker.url)];
      forget();
      await rejects(
        deploying(args, { account, env: SECRETS, patience: 10 }),
        /deployed, but home 1 is not open: the directory has it as unknown/,
        /npm run homes -- --url/,
      );
    } finally {
      await worker.stop();
    }
  });
});

/** As on the day of the first `--add-home`: the directory is blank, and no database knows that it is one of many. */
async function unspread(worker) {
  await worker.directory.batch(["homes", "routes"].map((table) => worker.directory.prepare(`DELETE FROM ${table}`)));
  await worker.directory.prepare("DELETE FROM meta WHERE name = 'complete'").run();
  for (const db of worker.homes)
    await db.batch([
      db.prepare("DELETE FROM meta WHERE name = 'spread'"),
      db.prepare("UPDATE meta SET value = '0' WHERE name = 'home'"),
    ]);
}
