// wrangler.toml, as npm run deploy reads it and changes it: whatever way its owner has written it.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import {
  readConfig,
  writeBegun,
  writeBuckets,
  writeCustomDomains,
  writeDatabaseId,
  writeDatabases,
  writeEveryMinute,
  writePlace,
  writeVars,
} from "../../scripts/lib/deploy/config.mjs";
import { CONFIG, MADE, OLD } from "../support/deployment.mjs";

const dir = mkdtempSync(join(tmpdir(), "config-test-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, "wrangler.toml");
const where = { file, environment: "production" };
const written = (text) => {
  writeFileSync(file, text);
  return file;
};
const read = () => readFileSync(file, "utf8");
const config = (text) => {
  if (text !== undefined) written(text);
  return readConfig(where);
};
const production = (lines) => CONFIG.replace("[env.production.vars]", `${lines}\n\n[env.production.vars]`);

describe("npm run deploy reads from wrangler.toml", () => {
  it("the databases, buckets and queue of the Worker, and none of its owner's", async () => {
    const { databases, buckets, queue } = await config(
      production(`[[env.production.d1_databases]]
binding = "DIRECTORY"
database_name = "directory"

[[env.production.d1_databases]]
binding = "DB_12"
database_name = "twelve"

[[env.production.d1_databases]]
binding = "DB_COPY"
database_name = "own"

[[env.production.r2_buckets]]
binding = "COPY"
bucket_name = "copy"

[[env.production.r2_buckets]]
binding = "COPY_EU"
bucket_name = "copy-eu"
jurisdiction = "eu"

[[env.production.r2_buckets]]
binding = "PHOTOCOPY"
bucket_name = "own"

[[env.production.queues.producers]]
binding = "OWN"
queue = "own"

[[env.production.queues.producers]]
binding = "HOMES_QUEUE"
queue = "homes"`),
    );
    assert.deepEqual(
      databases.map(({ binding }) => binding),
      ["DB", "DIRECTORY", "DB_12"],
    );
    assert.deepEqual(buckets, [
      { binding: "COPY", name: "copy", jurisdiction: undefined },
      { binding: "COPY_EU", name: "copy-eu", jurisdiction: "eu" },
    ]);
    assert.equal(queue, "homes");
  });

  it("nothing where no database is bound as DB", async () => {
    await assert.rejects(config(CONFIG.replaceAll('binding = "DB"', 'binding = "OWN"')), /binds no D1 database as DB/);
  });

  it("an id of a database only where it is one", async () => {
    const withId = (id) => CONFIG.replace(/"[0-]+" # of production/, `"${id}"`);
    assert.equal((await config(withId(OLD))).database.id, OLD);
    for (const id of ["", "00000000-0000-0000-0000-000000000000", "your-database-id", `${OLD}0`])
      assert.equal((await config(withId(id))).database.id, undefined, id);
  });

  it("the home that a run has begun from the environment's own sections", async () => {
    const section = (environment, binding, flag) => `[[env.${environment}.d1_databases]]
binding = "${binding}" # being added: ${flag}
database_name = "${environment}-${binding}"
`;
    const text = [
      CONFIG,
      section("production", "DB_1", "--jurisdiction=eu"),
      section("production", "DB_2", "--location=weur"),
      section("staging", "DB_3", "--location=enam"),
      '[[env.production.d1_databases]]\nbinding = "DB_3"\ndatabase_name = "three"\n',
    ].join("\n");
    assert.deepEqual(
      (await config(text)).databases.map(({ binding, begun }) => [binding, begun]),
      [
        ["DB", undefined],
        ["DB_1", { jurisdiction: "eu" }],
        ["DB_2", { location: "weur" }],
        ["DB_3", undefined],
      ],
    );
  });

  it("whether anybody can reach the Worker: on workers.dev unless that is off, or by a route of whichever kind", async () => {
    const of = async (line) => {
      const found = await config(CONFIG.replace("workers_dev = false # until you say", line));
      const { reachable, workersDev, customDomains, routes } = found;
      return { reachable, workersDev, customDomains, routes };
    };
    const none = { reachable: false, workersDev: false, customDomains: [], routes: 0 };
    assert.deepEqual(await of("workers_dev = false"), none);
    assert.deepEqual(await of("workers_dev = true"), { ...none, reachable: true, workersDev: true });
    const unsaid = await config(CONFIG.replaceAll(/^workers_dev = false.*$/gm, ""));
    assert.deepEqual([unsaid.reachable, unsaid.workersDev], [true, false]);
    const route = 'workers_dev = false\nroute = { pattern = "a.example.com/*", zone_name = "example.com" }';
    assert.deepEqual(await of(route), { ...none, reachable: true, routes: 1 });
    const both =
      'workers_dev = false\nroutes = ["a.example.com/*", { pattern = "b.example.com", custom_domain = true }]';
    assert.deepEqual(await of(both), { ...none, reachable: true, customDomains: ["b.example.com"], routes: 2 });
  });
});

describe("npm run deploy writes into wrangler.toml", () => {
  const BUCKETS = [{ binding: "COPY", name: "copy" }];
  const cronsAfter = async (triggers, write) => {
    const { crons } = await config(`${CONFIG}\n${triggers}\n`);
    write({ ...where, crons });
    return (await config()).crons;
  };
  const copied = (triggers) => cronsAfter(triggers, (at) => writeBuckets({ ...at, buckets: BUCKETS }));

  it("the cron trigger of every minute beside every other one, however that is written", async () => {
    const crons = ["* * * * *", "*/15 * * * *", "0 3 * * *"];
    for (const line of [
      `crons = ["*/15 * * * *", "0 3 * * *"]`,
      `crons = ['*/15 * * * *', '0 3 * * *'] # "not this"`,
      `crons = ["*/15 * * * *", "* * * * *", "0 3 * * *"]`,
    ]) {
      assert.deepEqual(await copied(`[env.production.triggers]\n${line}`), crons, line);
      assert.deepEqual(await copied(`[env.production.triggers] # when\n${line}`), crons, line);
    }
    // Without triggers of its own an environment has those of the top: its own take their place.
    assert.deepEqual(await copied(`[triggers]\n${`crons = ["*/15 * * * *", "0 3 * * *"]`}`), crons);
    assert.deepEqual(await copied(""), ["* * * * *"]);
  });

  it("the cron trigger of every minute in the place of that of every quarter where many databases are served", async () => {
    const triggers = `[env.production.triggers]\ncrons = ['*/15 * * * *', "0 3 * * *"]`;
    assert.deepEqual(await cronsAfter(triggers, writeEveryMinute), ["* * * * *", "0 3 * * *"]);
  });

  it("nothing over a list of several lines, of which it would leave the rest: it says what to write", async () => {
    const lists = production(`[env.production.triggers]\ncrons = [\n  "*/15 * * * *",\n]`).replace(
      "workers_dev = false # until",
      'routes = [\n  { pattern = "a.example.com", custom_domain = true },\n]\n# until',
    );
    const { crons } = await config(lists);
    const bucket = () => writeBuckets({ ...where, buckets: BUCKETS, crons });
    assert.throws(bucket, /its crons over several lines/);
    const domain = () => writeCustomDomains({ ...where, domains: ["a.example.com", "ops.example.com"] });
    assert.throws(domain, ({ message, remedy }) => {
      assert.match(message, /its routes over several lines/);
      assert.match(remedy, /routes = \[\{ pattern = "a\.example\.com".*"ops\.example\.com"/);
      return true;
    });
    assert.equal(read(), lists);
  });

  it("lines that end as the others do", () => {
    written(CONFIG.replaceAll("\n", "\r\n"));
    writeDatabaseId({ ...where, id: MADE });
    writeVars({ ...where, vars: [{ name: "CLIENT_AUTH", value: "jwt" }] });
    assert.doesNotMatch(read(), /[^\r]\n/);
    assert.match(read(), new RegExp(`database_id = "${MADE}"\r\n`));
  });

  it("into the environment's own section of that binding, and into no other", async () => {
    const first = "[[env.production.d1_databases]]\n";
    const text = CONFIG.replace(first, `${first}binding = "DB_1"\ndatabase_name = "one"\n\n${first}`);
    written(text);
    writeDatabaseId({ ...where, id: OLD });
    writeDatabaseId({ ...where, binding: "DB_1", id: MADE });
    writeBegun({ ...where, binding: "DB_1", flag: "--location=weur" });
    const { databases } = await config();
    assert.deepEqual(
      databases.map(({ binding, id, begun }) => [binding, id, begun]),
      [
        ["DB", OLD, undefined],
        ["DB_1", MADE, { location: "weur" }],
      ],
      "DB is the first, wherever it stands",
    );
    writeBegun({ ...where, binding: "DB_1" });
    assert.doesNotMatch(read(), /being added/);
    assert.equal(read().split("\n").length, text.split("\n").length + 1);
  });

  it("a new home behind the first database and what is remarked of it, before the next section", async () => {
    written(CONFIG.replace("# of production\n", "# of production\n\n# Where the vars are.\n"));
    const sections = [{ binding: "DB_1", name: "one", migrations: "migrations", flag: "--location=weur" }];
    writeDatabases({ ...where, databases: sections });
    assert.match(
      read(),
      /# of production\n\n\[\[env\.production\.d1_databases\]\]\nbinding = "DB_1" # being added: --location=weur\n[^[]*migrations_dir = "migrations"\n\n# Where the vars are\.\n\n\[env\.production\.vars\]/,
    );
    assert.deepEqual(
      (await config()).databases.map(({ binding, name, id }) => [binding, name, id]),
      [
        ["DB", "portal-backup", undefined],
        ["DB_1", "one", undefined],
      ],
    );
  });

  it("the place of one more home behind those that are said already", async () => {
    written(CONFIG);
    writePlace({ ...where, home: 0, place: "eu", places: (await config()).vars.HOME_PLACES });
    writePlace({ ...where, home: 1, place: "us", places: (await config()).vars.HOME_PLACES });
    assert.equal((await config()).vars.HOME_PLACES, "0=eu,1=us");
  });
});
