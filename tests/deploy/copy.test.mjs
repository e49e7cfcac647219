// npm run deploy -- --copy: the buckets of the second copy, one for each place and jurisdiction, and each environment's own.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";

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
  read,
  rejects,
  said,
  state,
  withDatabase,
} from "../support/deployment.mjs";

/** The buckets that wrangler.toml binds, in order. */
const bound = (environment = "production") =>
  [...read("wrangler.toml").matchAll(/\[\[env\.(\w+)\.r2_buckets\]\]\n((?:[a-z_]+ = .*\n)+)/g)]
    .filter(([, name]) => name === environment)
    .map(([, , lines]) => lines)
    .sort();
const creations = () => commands().filter((command) => command.startsWith("r2 bucket create"));
const inEu = { databases: [{ uuid: OLD, name: "portal-backup", jurisdiction: "eu" }], secrets: GIVEN };

describe("npm run deploy -- --copy", () => {
  beforeEach(begin);
  afterEach(end);

  it("binds a bucket for the second copy where --copy says so, makes it once, and has every minute serve it", async () => {
    await deploying(["--location", "weur", "--copy"], { env: GIVEN });
    assert.deepEqual(state().buckets, ["portal-backup-copy"]);
    const { added } = changed(REACHABLE);
    assert.ok(added.includes("[[env.production.r2_buckets]]") && added.includes('bucket_name = "portal-backup-copy"'));
    assert.match(read("wrangler.toml"), /crons = \["\* \* \* \* \*"/);
    const written = read("wrangler.toml");
    await deploying(["--location", "weur"], { env: GIVEN });
    assert.equal(read("wrangler.toml"), written);
    assert.equal(commands().filter((command) => command.startsWith("r2 bucket create")).length, 1);
  });

  it("keeps the bucket of a database in a jurisdiction in the same, and asks for it there", async () => {
    await deploying(["--jurisdiction", "eu", "--copy"], { env: GIVEN });
    assert.match(read("wrangler.toml"), /binding = "COPY"\nbucket_name = "portal-backup-copy"\njurisdiction = "eu"\n/);
    await deploying([], { env: GIVEN });
    assert.deepEqual(
      commands().filter((command) => command.startsWith("r2 ")),
      [
        "r2 bucket info portal-backup-copy --jurisdiction=eu",
        "r2 bucket create portal-backup-copy --jurisdiction=eu",
        "r2 bucket info portal-backup-copy --jurisdiction=eu",
      ],
    );
  });

  it("gives each environment a bucket of its own", async () => {
    await deploying(["--location", "weur", "--copy"], { env: GIVEN });
    await deploying(["--env", "staging", "--location", "weur", "--copy"], { env: GIVEN });
    assert.deepEqual(state().buckets, ["portal-backup-copy", "portal-backup-staging-copy"]);
    assert.deepEqual(bound("staging"), ['binding = "COPY"\nbucket_name = "portal-backup-staging-copy"\n']);
  });

  it("refuses a bucket that another environment has, before it makes one", async () => {
    const text = REACHABLE.replace(
      "[[env.staging.d1_databases]]",
      '[[env.staging.r2_buckets]]\nbinding = "COPY"\nbucket_name = "portal-backup-copy"\n\n[[env.staging.d1_databases]]',
    );
    writeFileSync(file("wrangler.toml"), text);
    await rejects(
      deploying(["--location", "weur", "--copy"], { env: GIVEN }),
      /production and staging the same:\n\s+the R2 bucket portal-backup-copy/,
    );
    assert.deepEqual([creations(), bound()], [[], []]);
  });

  it("makes no bucket where wrangler cannot tell whether there is one", async () => {
    const fails = { "r2 bucket info portal-backup-copy": "Authentication error [code: 10000]" };
    await rejects(
      deploying(["--location", "weur", "--copy"], { account: { fails }, env: GIVEN }),
      /r2 bucket info portal-backup-copy` failed[\s\S]*10000/,
      /R2:Edit/,
    );
    assert.deepEqual(creations(), []);
    assert.ok(!commands().includes("deploy"));
  });
});

describe("the jurisdiction of the second copy", () => {
  beforeEach(() => {
    begin();
    withDatabase(OLD);
  });
  afterEach(end);

  it("is the database's, where that was made earlier", async () => {
    await deploying(["--copy"], { account: inEu });
    assert.deepEqual(creations(), ["r2 bucket create portal-backup-copy --jurisdiction=eu"]);
    assert.deepEqual(bound(), ['binding = "COPY"\nbucket_name = "portal-backup-copy"\njurisdiction = "eu"\n']);
  });

  it("is not guessed where wrangler does not tell the database's", async () => {
    const { jurisdiction: _, ...silent } = inEu.databases[0];
    const account = { ...inEu, databases: [silent], tellsNoJurisdiction: true };
    await rejects(deploying(["--copy"], { account }), /does not tell in which jurisdiction the database DB is/, /COPY/);
    assert.deepEqual([creations(), bound()], [[], []]);
  });

  it("is refused where a bucket that is bound lies outside the database's", async () => {
    const text = read("wrangler.toml").replace(
      "[env.production.vars]",
      '[[env.production.r2_buckets]]\nbinding = "COPY"\nbucket_name = "elsewhere"\n\n[env.production.vars]',
    );
    writeFileSync(file("wrangler.toml"), text);
    await rejects(
      deploying([], { account: inEu }),
      /database DB is within eu, and its copy would go into COPY, a bucket without a jurisdiction/,
      /jurisdiction = "eu"/,
    );
    assert.deepEqual([creations(), commands().includes("deploy")], [[], false]);
  });

  it("is each home's: a place has the jurisdiction of its databases, whatever it is called", async () => {
    const account = { ...inEu, databases: [{ ...inEu.databases[0], jurisdiction: null }] };
    await deploying(["--add-home", "--jurisdiction", "eu", "--place", "berlin", "--copy"], { account });
    assert.match(said, /run the same command again/, "which keeps --copy");
    assert.deepEqual(creations(), [
      "r2 bucket create portal-backup-copy",
      "r2 bucket create portal-backup-copy-berlin --jurisdiction=eu",
    ]);
    await rejects(
      deploying(["--add-home", "--jurisdiction", "us", "--place", "berlin"]),
      /within us, and its copy would go into COPY_BERLIN, a bucket within eu/,
      /--place/,
    );
    assert.ok(!read("wrangler.toml").includes("DB_2"), "before the home is bound");
  });

  it("is not given up by a database of that name that lies elsewhere", async () => {
    writeFileSync(file("wrangler.toml"), REACHABLE);
    const account = { ...inEu, databases: [{ ...inEu.databases[0], jurisdiction: null }] };
    const args = ["--existing-database", "--jurisdiction", "eu"];
    await rejects(deploying(args, { account }), /portal-backup already.*not within eu/, /cannot be changed/);
    assert.equal(read("wrangler.toml"), REACHABLE);
  });

  it("binds a bucket of its own for a home in another place, where there is a second copy", async () => {
    await deploying(["--copy"], { account: { ...inEu, databases: [{ uuid: OLD, name: "portal-backup" }] } });
    await deploying(["--add-home", "--jurisdiction", "eu"]);
    await deploying(["--add-home", "--location", "enam", "--place", "us-east"]);
    assert.deepEqual(bound(), [
      'binding = "COPY"\nbucket_name = "portal-backup-copy"\n',
      'binding = "COPY_EU"\nbucket_name = "portal-backup-copy-eu"\njurisdiction = "eu"\n',
      'binding = "COPY_US_EAST"\nbucket_name = "portal-backup-copy-us-east"\n',
    ]);
    assert.deepEqual(creations(), [
      "r2 bucket create portal-backup-copy",
      "r2 bucket create portal-backup-copy-eu --jurisdiction=eu",
      "r2 bucket create portal-backup-copy-us-east",
    ]);
  });
});
