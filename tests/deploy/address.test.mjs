// npm run deploy: where the Worker is reached, and whose address it never takes unasked.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";

import { answersInDns } from "../../scripts/lib/deploy/address.mjs";
import {
  CONFIG,
  DATABASE_ID,
  DOMAIN_ROUTE,
  GIVEN,
  LOOKED,
  REACHABLE,
  begin,
  changed,
  commands,
  deploying,
  end,
  file,
  person,
  read,
  rejects,
  said,
  withoutAddress,
} from "../support/deployment.mjs";

describe("the address of npm run deploy", () => {
  beforeEach(() => {
    begin();
    withoutAddress();
  });
  afterEach(end);

  it("asks for an address where nobody could reach the Worker otherwise", async () => {
    await rejects(deploying([], { env: GIVEN }), /Nobody could reach/, /--domain[\s\S]*--workers-dev/);
    assert.deepEqual(commands(), LOOKED);
    await deploying(["--location", "weur"], { env: GIVEN, ui: person("backup.example.com") });
    assert.deepEqual(changed(CONFIG).added, [DOMAIN_ROUTE, DATABASE_ID]);
  });

  it("takes a custom domain, for good", async () => {
    await deploying(["--location", "weur", "--domain", "backup.example.com"], { env: GIVEN });
    assert.deepEqual(changed(CONFIG).added, [DOMAIN_ROUTE, DATABASE_ID]);
    await deploying(["--domain", "backup.example.com"], { env: GIVEN });
    assert.deepEqual(changed(CONFIG).added, [DOMAIN_ROUTE, DATABASE_ID]);
    await rejects(
      deploying(["--domain", "other.example.com"], { env: GIVEN }),
      /serves on backup.example.com, not on other/,
    );
  });

  it("takes a custom domain for a Worker that is on workers.dev, and never the place of another kind of route", async () => {
    const args = ["--location", "weur", "--domain", "backup.example.com"];
    const another = REACHABLE.replace("workers_dev = true", 'routes = ["a.example.com/*"]');
    writeFileSync(file("wrangler.toml"), another);
    await rejects(deploying(args, { env: GIVEN }), /serves on a route of another kind, not on backup/, /by hand/);
    assert.equal(read("wrangler.toml"), another);
    writeFileSync(file("wrangler.toml"), REACHABLE);
    await deploying(args, { env: GIVEN });
    assert.ok(read("wrangler.toml").includes(DOMAIN_ROUTE));
  });

  it("serves operators on a second custom domain, beside the first", async () => {
    const both = ["--domain", "backup.example.com", "--operators-domain", "ops.backup.example.com"];
    await deploying(["--location", "weur", ...both], { env: GIVEN });
    const routes = DOMAIN_ROUTE.replace("}]", '}, { pattern = "ops.backup.example.com", custom_domain = true }]');
    assert.deepEqual(changed(CONFIG).added, [routes, DATABASE_ID]);
    await deploying(both, { env: GIVEN });
    assert.deepEqual(changed(CONFIG).added, [routes, DATABASE_ID], "nothing twice");
    const others = DOMAIN_ROUTE.replace("}]", '}, "a.example.com/*"]');
    for (const text of [REACHABLE, CONFIG.replace("workers_dev = false # until you say", others)]) {
      writeFileSync(file("wrangler.toml"), text);
      await rejects(
        deploying(["--operators-domain", "ops.example.com"], { env: GIVEN }),
        /second custom domain/,
        /--domain/,
      );
      assert.equal(read("wrangler.toml"), text);
    }
  });

  it("takes workers.dev for who has no domain", async () => {
    await deploying(["--location", "weur", "--workers-dev"], { env: GIVEN });
    assert.deepEqual(changed(CONFIG), {
      added: [DATABASE_ID], // staging has the line workers_dev = true as well
      removed: [
        "workers_dev = false # until you say",
        'database_id = "00000000-0000-0000-0000-000000000000" # of production',
      ],
    });
  });

  const taken = async (host) => host === "backup.example.com";
  const serve = (args, context) =>
    deploying(["--location", "weur", "--domain", "backup.example.com", ...args], {
      env: GIVEN,
      resolves: taken,
      ...context,
    });

  it("takes no host name that answers in DNS, unless it is told to", async () => {
    await rejects(serve([]), /backup\.example\.com answers in DNS already.*Nothing was touched/, /--take-over-domain/);
    for (const answer of ["n", "", "yesterday"])
      await rejects(serve([], { ui: person(answer) }), /answers in DNS already/);
    assert.ok(!commands().some((command) => !LOOKED.includes(command)), "nothing was touched");
    assert.equal(read("wrangler.toml"), CONFIG);
    await serve([], { ui: person("y") });
    assert.deepEqual(changed(CONFIG).added, [DOMAIN_ROUTE, DATABASE_ID]);
    await serve([], { resolves: async () => assert.fail("it is this Worker's own by now") });
    writeFileSync(file("wrangler.toml"), CONFIG);
    await serve(["--take-over-domain", "--existing-database"]);
    assert.ok(read("wrangler.toml").includes(DOMAIN_ROUTE));
  });

  it("believes that a host name is free only where DNS says that there is none", async () => {
    const fails = (code) => async () => {
      throw Object.assign(new Error(code), { code });
    };
    assert.equal(await answersInDns("a.example.com", async () => ({ address: "192.0.2.1" })), true);
    for (const code of ["ENOTFOUND", "ENODATA"]) assert.equal(await answersInDns("a.example.com", fails(code)), false);
    assert.equal(await answersInDns("a.example.com", fails("EAI_AGAIN")), "EAI_AGAIN");
  });

  it("asks as well for the operators' host name; where DNS does not tell, it says so and goes on", async () => {
    const both = ["--location", "weur", "--domain", "new.example.com", "--operators-domain", "backup.example.com"];
    await rejects(deploying(both, { env: GIVEN, resolves: taken }), /backup\.example\.com answers in DNS already/);
    writeFileSync(file("wrangler.toml"), CONFIG);
    await serve([], { resolves: async () => "ETIMEOUT" });
    assert.match(said, /DNS does not tell.*\(ETIMEOUT\)/);
  });
});
