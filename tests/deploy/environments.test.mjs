// npm run deploy -- --env NAME: a new environment, and two that share what each must have for itself.

import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";

import { unstable_readConfig as readConfig } from "wrangler";

import { ensureEnvironment, refuseShared } from "../../scripts/lib/deploy/environments.mjs";
import { wranglerConfig } from "../../scripts/lib/paths.mjs";
import {
  GIVEN,
  LOOKED,
  OLD,
  begin,
  calls,
  changed,
  commands,
  deploying,
  end,
  file,
  read,
  rejects,
  said,
  state,
} from "../support/deployment.mjs";
import { readFileSync } from "node:fs";

const REAL = readFileSync(wranglerConfig, "utf8")
  // As production is once it was deployed.
  .replace(
    /^workers_dev = false # only through your own.*$/m,
    'routes = [\n  { pattern = "backup.example.com", custom_domain = true },\n]',
  )
  .replace(/^database_id = "[0-]+" # yours.*$/m, `database_id = "${OLD}"`);
const of = (env) => readConfig({ config: file("wrangler.toml"), env }, { hideWarnings: true });
const numbers = (config) => config.ratelimits.map(({ namespace_id }) => namespace_id);

describe("npm run deploy -- --env staging", () => {
  beforeEach(() => {
    begin();
    writeFileSync(file("wrangler.toml"), REAL);
  });
  afterEach(end);

  it("makes its section from production's, with a Worker, a database and limits of its own, and deploys that alone", async () => {
    const account = { databases: [{ uuid: OLD, name: "portal-backup" }], secrets: undefined };
    await deploying(["--env", "staging", "--location", "weur", "--workers-dev"], { account, env: GIVEN });
    const [production, staging] = [of("production"), of("staging")];
    assert.equal(staging.name, `${production.name}-staging`);
    assert.equal(staging.d1_databases[0].database_name, "portal-backup-staging");
    assert.equal(staging.d1_databases[0].database_id, state().databases[1].uuid);
    assert.deepEqual(staging.routes ?? [], []);
    assert.deepEqual(staging.vars, production.vars);
    for (const kind of ["d1_databases", "ratelimits", "r2_buckets"])
      assert.deepEqual(
        staging[kind].map(({ name, binding }) => name ?? binding),
        production[kind].map(({ name, binding }) => name ?? binding),
        kind,
      );
    assert.deepEqual(
      staging.ratelimits.map(({ simple }) => simple),
      production.ratelimits.map(({ simple }) => simple),
    );
    const local = numbers(of(undefined));
    for (const number of numbers(staging)) assert.ok(![...numbers(production), ...local].includes(number), number);
    assert.deepEqual(staging.triggers, production.triggers);
    assert.deepEqual(staging.secrets, production.secrets);
    assert.deepEqual(changed(REAL).removed, [], "every line that was there is there still");
    assert.deepEqual([production.d1_databases[0].database_id, production.name], [OLD, "portal-backup-worker"]);
    assert.ok(calls().every(({ environment }) => environment === "staging"));
    assert.match(said, /made \[env\.staging\] in wrangler\.toml/);
  });

  it("is there for the next run, which makes nothing", async () => {
    await deploying(["--env", "staging", "--location", "weur", "--workers-dev"], { env: GIVEN });
    const first = read("wrangler.toml");
    await deploying(["--env", "staging"], { env: GIVEN });
    assert.equal(read("wrangler.toml"), first);
  });

  it("refuses a name that no environment can have", async () => {
    await rejects(deploying(["--env", "Prod uction"]), /no environment Prod uction/, /production/);
    assert.deepEqual(commands(), []);
  });

  const copied = () =>
    `${REAL}\n${REAL.slice(REAL.indexOf("\n[env.production]")).replaceAll("env.production", "env.staging")}`;
  const own = (key, value) => (text) => {
    const at = text.indexOf("\n[env.staging]");
    return text.slice(0, at) + text.slice(at).replaceAll(new RegExp(`^${key} = .*$`, "gm"), value);
  };
  let number = 9000;
  const OWN = {
    name: (text) => {
      const at = text.indexOf("\n[env.staging]");
      return text.slice(0, at) + text.slice(at).replace('name = "portal-backup-worker"', 'name = "staging"');
    },
    database: (text) =>
      own(
        "database_id",
        `database_id = "${OLD.replaceAll("9", "8")}"`,
      )(own("database_name", 'database_name = "staging"')(text)),
    limits: (text) => {
      const at = text.indexOf("\n[env.staging]");
      return (
        text.slice(0, at) + text.slice(at).replaceAll(/^namespace_id = .*$/gm, () => `namespace_id = "${++number}"`)
      );
    },
    route: (text) => {
      const at = text.indexOf("\n[env.staging]");
      return text.slice(0, at) + text.slice(at).replace("backup.example.com", "staging.example.com");
    },
    bucket: own("bucket_name", 'bucket_name = "staging-copy"'),
  };
  const SHARED = {
    name: /the Worker's name portal-backup-worker/,
    database: new RegExp(`the D1 database portal-backup\\n\\s+the D1 database ${OLD}`),
    limits: /the rate limit's namespace_id 7101/,
    route: /the route backup\.example\.com/,
  };
  for (const [kind, message] of Object.entries(SHARED)) {
    it(`refuses a copied section that still has production's ${kind}, before anything is touched`, async () => {
      const text = Object.entries(OWN).reduce(
        (text, [name, change]) => (name === kind ? text : change(text)),
        copied(),
      );
      writeFileSync(file("wrangler.toml"), text);
      for (const environment of ["staging", "production"]) {
        await rejects(
          deploying(["--env", environment], { env: GIVEN }),
          message,
          /Nothing of (staging|production) was touched/,
        );
      }
      assert.deepEqual(commands(), []);
      assert.equal(read("wrangler.toml"), text);
    });
  }

  for (const [what, args] of Object.entries({
    "its address": ["--domain", "Backup.example.com"],
    "its operators' address": ["--domain", "staging.example.com", "--operators-domain", "ops.example.com"],
  }))
    it(`does not take ${what} from production: what is deployed is checked, not what was there at the start`, async () => {
      const routes =
        '$1  { pattern = "backup.example.com", custom_domain = true },\n  { pattern = "ops.example.com/*", zone_name = "example.com" },\n$2';
      const text = REAL.replace(/(routes = \[\n).*\n(\])/, routes);
      writeFileSync(file("wrangler.toml"), text);
      await rejects(
        deploying(["--env", "staging", "--location", "weur", ...args], { env: GIVEN }),
        /environments staging and production the same:\n\s+the route (backup|ops)\.example\.com/,
        /Nothing of production was touched/,
      );
      assert.deepEqual(commands(), LOOKED);
      assert.deepEqual(
        (of("staging").routes ?? []).map(({ pattern }) => pattern),
        args.length > 2 ? ["staging.example.com"] : [],
        "wrangler.toml is put back",
      );
    });

  const OTHERS = `
[[env.production.r2_buckets]]
binding = "COPY"
bucket_name = "copy"

[[env.production.kv_namespaces]]
binding = "KV"
id = "kv-of-production"

[[env.production.queues.producers]]
binding = "HOMES_QUEUE"
queue = "homes"

[[env.production.queues.consumers]]
queue = "consumed"
dead_letter_queue = "dead"
`;
  const shares = (text) => {
    writeFileSync(file("wrangler.toml"), text);
    return refuseShared({ file: file("wrangler.toml"), environment: "staging" });
  };
  const separate = () => Object.values(OWN).reduce((text, change) => change(text), copied());

  it("refuses one bucket, KV namespace, queue or route for two, however each is bound there", async () => {
    const text = `${separate()}${OTHERS}`;
    await shares(text);
    for (const [section, shared] of [
      ['r2_buckets]]\nbinding = "ARCHIVE"\nbucket_name = "copy"', "the R2 bucket copy"],
      ['kv_namespaces]]\nbinding = "KV_2"\nid = "kv-of-production"', "the KV namespace kv-of-production"],
      ['queues.producers]]\nbinding = "Q"\nqueue = "dead"', "the queue dead"],
      ['queues.consumers]]\nqueue = "homes"', "the queue homes"],
      ['queues.consumers]]\nqueue = "own"\ndead_letter_queue = "consumed"', "the queue consumed"],
    ])
      await rejects(shares(`${text}\n[[env.staging.${section}\n`), new RegExp(`the same:\n {2}${shared}$`));
    const route = text.replace(/(\[env\.staging\][\s\S]*?)routes = \[[\s\S]*?\n\]/, '$1route = "Backup.example.com/*"');
    await rejects(shares(route), /the same:\n {2}the route backup\.example\.com$/);
  });

  it("lets two have the same only where each is in an account of its own", async () => {
    const inAccounts = (production, staging) =>
      copied()
        .replace("[env.production]\n", `[env.production]\n${production}\n`)
        .replace("[env.staging]\n", `[env.staging]\n${staging}\n`);
    const [one, other] = ['account_id = "one"', 'account_id = "other"'];
    await shares(inAccounts(one, other));
    for (const [production, staging] of [
      [one, one],
      [one, ""],
      ["", other],
    ])
      await rejects(shares(inAccounts(production, staging)), /the same:/);
  });

  it("gives a new environment names and ids of its own for all that production has, and production's for none", async () => {
    const preview = `preview_database_id = "${OLD}" # of production`;
    const text =
      `${REAL.replace(/^(database_id = "9.*)$/m, `$1\n${preview}`)}${OTHERS.replace(/\[\[env\.production\.kv[^[]*/, "")}
# The end.

[env.production-eu]
name = "eu"
`
        .replace("[env.production]\n", "[env.production]\nworkers_dev = true\n")
        .replace("[env.production.vars]\n", '[env.production.vars]\nNOTE = "as in env.production"\n')
        .replaceAll("\n", "\r\n");
    writeFileSync(file("wrangler.toml"), text);
    const { end: over } = await ensureEnvironment({
      file: file("wrangler.toml"),
      environment: "staging",
      dryRun: false,
    });
    over();
    const made = of("staging");
    assert.deepEqual(
      made.r2_buckets.map(({ bucket_name }) => bucket_name),
      ["copy-staging"],
    );
    assert.deepEqual(JSON.parse(JSON.stringify(made.queues)), {
      producers: [{ binding: "HOMES_QUEUE", queue: "homes-staging" }],
      consumers: [{ queue: "consumed-staging", dead_letter_queue: "dead-staging" }],
    });
    const { database_id, preview_database_id } = made.d1_databases[0];
    assert.deepEqual(new Set([database_id, preview_database_id]), new Set(["00000000-0000-0000-0000-000000000000"]));
    assert.equal(made.workers_dev, false);
    assert.equal(made.vars.NOTE, "as in env.production", "a value is nobody's name");
    const all = ["production", "production-eu", "staging"];
    assert.deepEqual(made.definedEnvironments.toSorted(), all, "no other environment's sections are copied");
    assert.doesNotMatch(read("wrangler.toml"), /[^\r]\n/);
    const added = read("wrangler.toml").slice(text.trimEnd().length);
    assert.doesNotMatch(added, /of production|The end/);
  });

  it("makes no new environment that would share something with production, and puts wrangler.toml back", async () => {
    const text = `${REAL}${OTHERS}`; // an id of a KV namespace is none that could be made up
    writeFileSync(file("wrangler.toml"), text);
    const making = ensureEnvironment({ file: file("wrangler.toml"), environment: "staging", dryRun: false });
    await rejects(making, /the KV namespace kv-of-production/);
    assert.equal(read("wrangler.toml"), text);
  });

  it("makes no environment where there is no production to make it from", async () => {
    const text = REAL.replaceAll("env.production", "env.live");
    writeFileSync(file("wrangler.toml"), text);
    await ensureEnvironment({ file: file("wrangler.toml"), environment: "staging", dryRun: false });
    assert.equal(read("wrangler.toml"), text);
  });

  it("numbers the limits of a third environment behind those of the second", async () => {
    for (const environment of ["staging", "testing"])
      await ensureEnvironment({ file: file("wrangler.toml"), environment, dryRun: false });
    const all = ["production", "staging", "testing"].flatMap((environment) => numbers(of(environment)));
    assert.equal(new Set(all).size, all.length);
  });

  it("takes a section that shares nothing", async () => {
    writeFileSync(file("wrangler.toml"), separate());
    const account = { databases: [{ uuid: OLD.replaceAll("9", "8"), name: "staging" }] };
    await deploying(["--env", "staging"], { account, env: GIVEN });
    assert.ok(commands().includes("deploy"));
  });

  it("shows what it would do in a dry run, and leaves no file behind", async () => {
    const before = readdirSync(file("."));
    await rejects(deploying(["--env", "staging", "--dry-run"], { env: GIVEN }), /deploy --dry-run/).catch(() => {});
    assert.match(said, /would make \[env\.staging\]/);
    assert.equal(read("wrangler.toml"), REAL);
    assert.deepEqual(
      readdirSync(file(".")).filter((name) => name.endsWith(".toml")),
      before.filter((name) => name.endsWith(".toml")),
    );
  });
});
