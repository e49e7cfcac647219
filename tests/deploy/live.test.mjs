// npm run deploy, where a Worker is live already: an older wrangler.toml takes no database and no bucket away.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";

import {
  GIVEN,
  MADE,
  OLD,
  REACHABLE,
  begin,
  commands,
  deploying,
  end,
  file,
  forget,
  read,
  rejects,
  said,
  withDatabase,
} from "../support/deployment.mjs";

const d1 = (name, id) => ({ type: "d1", name, id });
const r2 = (name, bucket_name) => ({ type: "r2_bucket", name, bucket_name });
const text = (name, value) => ({ type: "plain_text", name, text: value });
const SAME = [d1("DB", OLD), text("CLIENT_AUTH", "client-api-key"), text("ACCESS_AUD", "")];

describe("npm run deploy, over a Worker that is live", () => {
  beforeEach(() => {
    begin();
    withDatabase(OLD);
  });
  afterEach(end);

  /** The account, with versions of these bindings live. */
  const account = (...versions) => ({
    databases: [
      { uuid: OLD, name: "portal-backup" },
      { uuid: MADE, name: "portal-backup-1" },
    ],
    secrets: GIVEN,
    live: Object.fromEntries(versions.map((bindings, index) => [`version-${index}`, bindings])),
  });
  const deployed = () => commands().includes("deploy");

  for (const [what, lost, told] of [
    ["a home", d1("DB_1", MADE), /DB_1 is bound to the database 1{8}-\S+, and wrangler\.toml binds none\./],
    ["the directory", d1("DIRECTORY", MADE), /DIRECTORY is bound to the database/],
    ["the second copy", r2("COPY_EU", "bucket-eu"), /COPY_EU is bound to the bucket bucket-eu/],
  ]) {
    it(`does not take ${what} away that wrangler.toml does not bind, unless it is told to`, async () => {
      const there = { account: account([...SAME, lost]) };
      await rejects(deploying([], there), told, new RegExp(`git pull[\\s\\S]*--rebind ${lost.name}$`));
      assert.deepEqual(commands().slice(-1), ["versions view version-0 --json"], "nothing was touched");
      await rejects(deploying(["--rebind", "DB_7"], there), told);
      assert.ok(!deployed());
      await deploying(["--rebind", lost.name], there);
      assert.ok(deployed());
    });
  }

  it("puts no other database in the place of one that is live, also where wrangler.toml has no id yet", async () => {
    const there = { account: account([d1("DB", MADE)]) };
    await rejects(deploying([], there), /DB is bound to the database 1{8}-\S+, and wrangler\.toml has 9{8}-/);
    writeFileSync(file("wrangler.toml"), REACHABLE);
    await rejects(
      deploying(["--location", "weur"], there),
      /DB is bound to the database .* wrangler\.toml has no id\./,
    );
    assert.equal(read("wrangler.toml"), REACHABLE);
    withDatabase(OLD);
    await deploying(["--rebind", "DB"], there);
    assert.ok(deployed());
  });

  it("puts no other bucket in the place of one that is live", async () => {
    const bound = `\n[[env.production.r2_buckets]]\nbinding = "COPY"\nbucket_name = "new"\n`;
    writeFileSync(file("wrangler.toml"), read("wrangler.toml") + bound);
    const there = { account: { ...account([...SAME, r2("COPY", "old")]), buckets: ["new"] } };
    await rejects(deploying([], there), /COPY is bound to the bucket old, and wrangler\.toml has new\./);
    await deploying(["--rebind", "COPY"], there);
    assert.ok(deployed());
  });

  it("puts no bucket of the same name in another jurisdiction in the place of one that is live", async () => {
    const bind = (more) =>
      writeFileSync(
        file("wrangler.toml"),
        `${plain}\n[[env.production.r2_buckets]]\nbinding = "COPY"\nbucket_name = "copy"\n${more}`,
      );
    const plain = read("wrangler.toml");
    const there = {
      account: { ...account([...SAME, { ...r2("COPY", "copy"), jurisdiction: "eu" }]), buckets: ["copy"] },
    };
    bind("");
    await rejects(deploying([], there), /COPY is bound to the bucket copy within eu, and wrangler\.toml has copy\./);
    bind('jurisdiction = "eu"\n');
    await deploying([], there);
    assert.ok(deployed());
  });

  it("looks at every version that serves, while two do", async () => {
    const more = [...SAME, d1("DB_1", MADE)];
    for (const versions of [
      [SAME, more],
      [more, SAME],
    ])
      await rejects(deploying([], { account: account(...versions) }), /DB_1 is bound/);
  });

  it("goes on where everything that is live stays, names the variables that change, and shows no value", async () => {
    const drill = d1("SCRATCH", MADE);
    const live = [...SAME.slice(0, 1), text("CLIENT_AUTH", "jwt"), text("ONLY_THERE", "hush"), drill];
    await deploying([], { account: account(live) });
    assert.ok(deployed());
    assert.match(said, /variables that are not as they are live: ACCESS_AUD, CLIENT_AUTH, ONLY_THERE\n/);
    assert.ok(!said.includes("hush"));
    forget();
    await deploying([], { account: account(SAME) });
    assert.doesNotMatch(said, /variables that are not/);
  });

  it("deploys nothing where wrangler does not tell what is live", async () => {
    const fails = { "deployments status --json": "A request to the Cloudflare API failed. Authentication error" };
    await rejects(
      deploying([], { account: { ...account(SAME), fails } }),
      /Authentication error/,
      /Workers Scripts:Edit/,
    );
    assert.ok(!deployed());
  });
});
