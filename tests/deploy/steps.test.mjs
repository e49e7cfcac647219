// npm run deploy, step by step, against a wrangler that plays Cloudflare's answers.

import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { isWindows } from "../../scripts/lib/paths.mjs";
import {
  CONFIG,
  DATABASE_ID,
  GIVEN,
  MADE,
  OLD,
  ORDER,
  REACHABLE,
  begin,
  calls,
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
import { startProxy } from "../support/proxy.mjs";

describe("npm run deploy", () => {
  beforeEach(begin);
  afterEach(end);

  it("does every step in order, from an empty account", async () => {
    await deploying(["--location", "weur"], { env: GIVEN });
    assert.deepEqual(commands(), ORDER);
    assert.deepEqual(state().secrets, GIVEN);
    assert.equal(state().databases[0].location, "weur");
  });

  it("writes the database's id into its own section, and leaves every other line as it was", async () => {
    await deploying(["--jurisdiction", "eu"], { env: GIVEN });
    assert.deepEqual(changed(REACHABLE), {
      added: [`database_id = "${MADE}"`],
      removed: ['database_id = "00000000-0000-0000-0000-000000000000" # of production'],
    });
    assert.equal(state().databases[0].jurisdiction, "eu");
    assert.ok(calls().every(({ environment }) => environment === "production"));
  });

  it("deploys the environment that is named, also one whose database has no id line yet", async () => {
    await deploying(["--env", "staging", "--location", "apac"], { env: GIVEN });
    assert.deepEqual(changed(REACHABLE), { added: [`database_id = "${MADE}"`], removed: [] });
    assert.ok(
      read("wrangler.toml").endsWith(
        `[[env.staging.d1_databases]]\ndatabase_id = "${MADE}"\nbinding = "DB"\ndatabase_name = "portal-backup-staging"\n`,
      ),
    );
    assert.equal(state().databases[0].name, "portal-backup-staging");
    assert.ok(calls().every(({ environment }) => environment === "staging"));
  });

  it("does nothing twice: a second run makes no database, sets no secret and changes no file", async () => {
    await deploying(["--location", "weur"], { env: GIVEN });
    const written = read("wrangler.toml");
    writeFileSync(file("calls.ndjson"), "");
    await deploying(["--location", "weur"], { env: { ...GIVEN, ADMIN_TOKEN: "another-admin-token-0123456789abcdef" } });
    assert.deepEqual(commands(), [
      "whoami --json",
      "deployments status --json",
      "d1 list --json",
      "secret list --format=json",
      "d1 time-travel info DB --json",
      "d1 migrations apply DB --remote",
      "deploy",
    ]);
    assert.equal(read("wrangler.toml"), written);
    assert.deepEqual(state().secrets, GIVEN);
  });

  it("prints the way back before it migrates a database that was there", async () => {
    withDatabase(OLD);
    await deploying([], { account: { databases: [{ uuid: OLD, name: "portal-backup" }], secrets: GIVEN } });
    assert.match(said, /npx wrangler d1 time-travel restore DB --env production --bookmark=00000085-/);
    assert.ok(
      commands().indexOf("d1 time-travel info DB --json") < commands().indexOf("d1 migrations apply DB --remote"),
    );
  });

  it("sets only the secret that is missing, and never one that is there", async () => {
    withDatabase(OLD);
    const there = { WEBHOOK_SECRET: "as it was", SHARE_ENCRYPTION_KEYS: "as it was" };
    await deploying([], { account: { databases: [{ uuid: OLD, name: "portal-backup" }], secrets: there }, env: GIVEN });
    assert.deepEqual(JSON.parse(calls().find(({ command }) => command === "secret bulk").input), {
      ADMIN_TOKEN: GIVEN.ADMIN_TOKEN,
    });
    assert.equal(state().secrets.WEBHOOK_SECRET, "as it was");
  });

  it("asks who is at the terminal for the place and for the secrets, and shows what it made once", async () => {
    const ui = person("nowhere", "weur", "pasted-webhook-secret", "", "", "no", "yes");
    await deploying([], { ui });
    const { WEBHOOK_SECRET, SHARE_ENCRYPTION_KEYS, ADMIN_TOKEN } = state().secrets;
    assert.equal(WEBHOOK_SECRET, "pasted-webhook-secret");
    assert.match(SHARE_ENCRYPTION_KEYS, /^k-[0-9a-f]{8}:[A-Za-z0-9+/]{43}=$/);
    assert.ok(ADMIN_TOKEN.length >= 32);
    const shown = ui.shown.join("\n");
    assert.equal(shown.split(SHARE_ENCRYPTION_KEYS).length, 2);
    assert.equal(shown.split(ADMIN_TOKEN).length, 2);
    assert.ok(!shown.includes(WEBHOOK_SECRET));
    for (const secret of [WEBHOOK_SECRET, SHARE_ENCRYPTION_KEYS, ADMIN_TOKEN])
      assert.ok(!said.includes(secret), "a secret is in what a log may keep");
    assert.deepEqual(ui.left, []);
  });

  it("writes the secrets that it makes into a new file that only its owner can read", async () => {
    await deploying(["--location", "auto", "--secrets-out", file("made.env")]);
    for (const [name, value] of Object.entries(state().secrets)) {
      assert.ok(read("made.env").includes(`${name}=${value}`));
      assert.ok(!said.includes(value));
    }
    if (!isWindows) assert.equal(statSync(file("made.env")).mode & 0o077, 0);
    assert.ok(commands().includes("d1 create portal-backup"));
  });

  it("takes the database and leaves the secrets of the dashboard in Cloudflare's own builds", async () => {
    // The dashboard has made the database, and written its id into the top of the file.
    writeFileSync(file("wrangler.toml"), CONFIG.replace(/[0-]+" # of the top/, `${OLD}"`));
    await deploying([], { account: { databases: [{ uuid: OLD, name: "x" }] }, env: { CI: "true", WORKERS_CI: "1" } });
    assert.equal(read("wrangler.toml").split(`database_id = "${OLD}"`).length, 3, "also of production");
    assert.ok(!read("wrangler.toml").includes("until you say"), "on workers.dev, where no address is set");
    assert.match(said, /not set: WEBHOOK_SECRET, SHARE_ENCRYPTION_KEYS, ADMIN_TOKEN/);
    assert.ok(commands().includes("deploy"));
  });

  it("wants no ADMIN_TOKEN where Cloudflare Access stands in for it", async () => {
    writeFileSync(file("wrangler.toml"), REACHABLE.replace('ACCESS_AUD = ""', 'ACCESS_AUD = "tag"'));
    await deploying(["--location", "weur"], { env: { ...GIVEN, ADMIN_TOKEN: undefined } });
    assert.deepEqual(Object.keys(state().secrets), ["WEBHOOK_SECRET", "SHARE_ENCRYPTION_KEYS"]);
  });

  it("has the doctor examine what it deployed, with the secrets of this run", async () => {
    const worker = await startWorker();
    try {
      const args = ["--location", "weur", "--url", String(worker.url)];
      await deploying(args, { env: SECRETS });
      assert.match(said, /9\. The doctor\n[\s\S]*All is well: \d+ checks passed/);
      for (const secret of Object.values(SECRETS)) assert.ok(!said.includes(secret));

      forget();
      await rejects(
        deploying(args, { env: { ...SECRETS, WEBHOOK_SECRET: "not the one that it has" } }),
        /deployed, but not all is well/,
        /npm run doctor \S+ \S+ --env production/,
      );
      assert.match(said, /wrangler secret put WEBHOOK_SECRET --env production/);
      forget();
      await deploying(args, { env: {} });
      assert.match(said, /WEBHOOK_SECRET=… and ADMIN_TOKEN=…: npm run doctor .* --vars FILE/);

      // A token of a test user whose id nobody said.
      forget();
      await deploying(args, { env: { ...SECRETS, DOCTOR_CLIENT_TOKEN: "a token of somebody" } });
      assert.match(said, /All is well[\s\S]*DOCTOR_CLIENT_TOKEN was left out.*--user-id ID/);

      // The Worker takes spaces in the list; it is this file's that the doctor goes by.
      forget();
      writeFileSync(
        file("wrangler.toml"),
        read("wrangler.toml").replaceAll('CLIENT_AUTH = "client-api-key"', 'CLIENT_AUTH = "jwt, client-api-key"'),
      );
      await deploying(args, { env: SECRETS });
      assert.match(said, /All is well: \d+ checks passed\./, "the app's part as well");
    } finally {
      await worker.stop();
    }
  });

  it("waits until what was deployed answers, and not an older version, before the doctor looks", async () => {
    const worker = await startWorker();
    const older = { status: 200, headers: { "content-type": "application/json" } };
    const asked = [];
    let proxy;
    try {
      // Three answers of before: another release, one from before releases had a digest, and one that is not ready.
      const before = [
        { ...older, body: JSON.stringify({ status: "ready", version: "0.0.9", release: "0".repeat(64) }) },
        { ...older, body: JSON.stringify({ status: "ready", version: "0.0.1" }) },
        { ...older, status: 503, body: JSON.stringify({ code: "misconfigured" }) },
      ];
      proxy = await startProxy(worker, ({ path }) => {
        asked.push(path);
        return before.shift();
      });
      await deploying(["--location", "weur", "--url", proxy.url], { env: SECRETS });
      assert.deepEqual(asked.slice(0, 4), ["/readyz", "/readyz", "/readyz", "/readyz"]);
      assert.match(said, /All is well/);

      const stays = { ...older, body: JSON.stringify({ status: "ready", version: "0.0.9", release: "0".repeat(64) }) };
      before.push(...Array.from({ length: 1000 }, () => stays));
      await rejects(
        deploying(["--location", "weur", "--url", proxy.url], { env: SECRETS, patience: 10 }),
        /It is deployed, but another release answers at http:\S+: 0\.0\.9, 0{64}, not [0-9a-f]{64}\./,
        /lead to this Worker[\s\S]*npm run doctor/,
      );
      assert.ok(asked.slice(asked.lastIndexOf("/readyz") + 1).length === 0, "the doctor did not look");
    } finally {
      await proxy?.stop();
      await worker.stop();
    }
  });

  it("looks once more where the version of before was of the same release: other settings of it may not be there yet", async () => {
    const worker = await startWorker();
    const asked = [];
    let proxy;
    try {
      // The new settings, which stop the service, come while the deployment waits: not before somebody asks twice.
      proxy = await startProxy(worker, ({ path }) => {
        asked.push(path);
        if (asked.length > 1 && asked[1] === "/readyz") return { status: 503, body: "{}" };
      });
      const args = ["--location", "weur", "--url", proxy.url];
      await deploying(args, { env: SECRETS, patience: 100 });
      assert.notEqual(asked[1], "/readyz", "the first deployment is over none");

      asked.length = 0;
      writeFileSync(file("state.json"), JSON.stringify({ ...state(), live: { v1: [] } }));
      // So long it is taken for the one of before: longer than a slow machine needs to ask once.
      await rejects(deploying(args, { env: SECRETS, patience: 2_000 }), /deployed, but not all is well/);
      assert.deepEqual(asked.slice(0, 2), ["/readyz", "/readyz"]);
    } finally {
      await proxy?.stop();
      await worker.stop();
    }
  });

  it("takes the doctor's users away after Ctrl-C, and says that it was broken off", async () => {
    const worker = await startWorker();
    // Only what the deploy listens with hears of it: the signal itself would end this process.
    const others = process.listeners("SIGINT");
    const own = () => process.listeners("SIGINT").filter((listener) => !others.includes(listener));
    let proxy;
    try {
      proxy = await startProxy(worker, async ({ path }) => {
        if (!path.endsWith("/store-encrypted-user-backup-share")) return undefined;
        for (const listener of own()) listener();
        await sleep(300);
        return { status: 503, body: "" };
      });
      await rejects(
        deploying(["--location", "weur", "--url", proxy.url], { env: SECRETS }),
        /It is deployed; the examination was broken off/,
        /npm run doctor/,
      );
      assert.match(said, /✓ The doctor takes away what it made[\s\S]*Broken off/);
      assert.equal((await worker.sql("SELECT count(*) AS n FROM users"))[0].n, 0);
      assert.equal(own().length, 0, "from then on Ctrl-C ends the command");
    } finally {
      await proxy?.stop();
      await worker.stop();
    }
  });

  it("sets the variables that it is told, and refuses one that is not there", async () => {
    const told = ["--var", "ACCESS_AUD=0a1b2c", "--var", "CLIENT_AUTH=portal, jwt"];
    await deploying(["--location", "weur", ...told], { env: GIVEN });
    assert.deepEqual(changed(REACHABLE).added, [DATABASE_ID, 'CLIENT_AUTH = "portal, jwt"', 'ACCESS_AUD = "0a1b2c"']);
    const written = read("wrangler.toml");
    await deploying(told, { env: GIVEN });
    assert.equal(read("wrangler.toml"), written);
    for (const [text, message] of [
      ["CLIENT_AUTHS=jwt", /no variable CLIENT_AUTHS/],
      ["ADMIN_TOKEN=very-secret", /no variable ADMIN_TOKEN/],
      ["jwt", /not like NAME=VALUE/],
      ['ACCESS_AUD=x"\nCLIENT_AUTH = "portal', /not like NAME=VALUE/],
    ]) {
      await rejects(deploying(["--var", text], { env: GIVEN }), message);
      assert.ok(!said.includes("very-secret"));
    }
    assert.equal(read("wrangler.toml"), written);
  });

  it("tells each step in a dry run, without a login and without a change", async () => {
    const account = { loggedIn: false, fails: {} };
    await rejects(deploying(["--dry-run"], { account }), /does not know: deploy --dry-run/);
    for (const told of [
      "whoami",
      "d1 create portal-backup",
      "wrangler.toml",
      "secret bulk",
      "time-travel",
      "migrations apply",
    ])
      assert.ok(said.includes(told), told);
    assert.deepEqual(commands(), ["deploy --dry-run"]);
    assert.equal(read("wrangler.toml"), REACHABLE);
  });
});
