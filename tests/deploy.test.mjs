// npm run deploy, against a wrangler that plays Cloudflare's answers; and its dry run against the real one.

import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";

import { deployAll } from "../scripts/lib/deploy/deploy.mjs";
import { parseOptions } from "../scripts/lib/deploy/options.mjs";
import { ensureRust } from "../scripts/lib/deploy/workers-builds.mjs";
import { inRoot, isWindows, wranglerConfig } from "../scripts/lib/paths.mjs";
import { ask, run } from "../scripts/lib/run.mjs";
import { nodeBin, nodeEnv } from "../scripts/lib/toolchain.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const MADE = "11111111-2222-4333-8444-555555555555";
const OLD = "99999999-2222-4333-8444-555555555555";
const DATABASE_ID = `database_id = "${MADE}"`;
const DOMAIN_ROUTE = 'routes = [{ pattern = "backup.example.com", custom_domain = true }]';
const GIVEN = {
  WEBHOOK_SECRET: "given-webhook-secret-0123456789",
  SHARE_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString("base64")}`,
  ADMIN_TOKEN: "given-admin-token-0123456789abcdef",
};
const ORDER = [
  "whoami --json",
  "d1 list --json",
  "d1 create portal-backup --location=weur",
  "d1 list --json",
  "secret list --format=json",
  "secret bulk",
  "d1 migrations apply DB --remote",
  "deploy",
];

describe("npm run deploy", () => {
  let dir;
  let said;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "deploy-test-"));
    copyFileSync(inRoot("tests", "support", "fake-wrangler.mjs"), join(dir, "wrangler.mjs"));
    // Most tests are not about the address.
    writeFileSync(join(dir, "wrangler.toml"), REACHABLE);
    writeFileSync(join(dir, "calls.ndjson"), "");
    said = "";
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const file = (name) => join(dir, name);
  const read = (name) => readFileSync(file(name), "utf8");
  const state = () => JSON.parse(read("state.json"));
  const calls = () => read("calls.ndjson").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const commands = () => calls().map(({ command }) => command);

  /** Runs it against an account in `account`'s state; what it says on the way is in `said`. */
  async function deploying(args, { account = {}, env = {}, ui, ...context } = {}) {
    if (!existsSync(file("state.json")) || Object.keys(account).length > 0) {
      writeFileSync(file("state.json"), JSON.stringify({ loggedIn: true, databases: [], ...account }));
    }
    const write = process.stderr.write;
    process.stderr.write = (text) => ((said += text), true);
    try {
      const options = parseOptions(args.includes("--url") ? args : ["--no-doctor", ...args], env);
      await deployAll({ options, file: file("wrangler.toml"), env, ui, cli: file("wrangler.mjs"), buildWorker: async () => false, ...context });
    } finally {
      process.stderr.write = write;
    }
  }

  /** Someone at the terminal who gives these answers, in turn. */
  function person(...answers) {
    const shown = [];
    const next = async (question) => {
      assert.ok(answers.length > 0, `nothing was prepared for: ${question}`);
      return answers.shift();
    };
    return { ask: next, askSecret: next, show: (text) => shown.push(text), shown, left: answers };
  }

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
    assert.ok(read("wrangler.toml").endsWith(`[[env.staging.d1_databases]]\ndatabase_id = "${MADE}"\nbinding = "DB"\ndatabase_name = "portal-backup-staging"\n`));
    assert.equal(state().databases[0].name, "portal-backup-staging");
    assert.ok(calls().every(({ environment }) => environment === "staging"));
    await rejects(deploying(["--env", "nowhere"]), /No environment found[\s\S]*nowhere/);
  });

  it("does nothing twice: a second run makes no database, sets no secret and changes no file", async () => {
    await deploying(["--location", "weur"], { env: GIVEN });
    const written = read("wrangler.toml");
    writeFileSync(file("calls.ndjson"), "");
    await deploying(["--location", "weur"], { env: { ...GIVEN, ADMIN_TOKEN: "another-admin-token-0123456789abcdef" } });
    assert.deepEqual(commands(), ["whoami --json", "d1 list --json", "secret list --format=json", "d1 time-travel info DB --json", "d1 migrations apply DB --remote", "deploy"]);
    assert.equal(read("wrangler.toml"), written);
    assert.deepEqual(state().secrets, GIVEN);
  });

  it("prints the way back before it migrates a database that was there", async () => {
    withDatabase(OLD);
    await deploying([], { account: { databases: [{ uuid: OLD, name: "portal-backup" }], secrets: GIVEN } });
    assert.match(said, /npx wrangler d1 time-travel restore DB --env production --bookmark=00000085-/);
    assert.ok(commands().indexOf("d1 time-travel info DB --json") < commands().indexOf("d1 migrations apply DB --remote"));
  });

  it("sets only the secret that is missing, and never one that is there", async () => {
    withDatabase(OLD);
    const there = { WEBHOOK_SECRET: "as it was", SHARE_ENCRYPTION_KEYS: "as it was" };
    await deploying([], { account: { databases: [{ uuid: OLD, name: "portal-backup" }], secrets: there }, env: GIVEN });
    assert.deepEqual(JSON.parse(calls().find(({ command }) => command === "secret bulk").input), { ADMIN_TOKEN: GIVEN.ADMIN_TOKEN });
    assert.equal(state().secrets.WEBHOOK_SECRET, "as it was");
  });

  it("asks who is at the terminal for the place and for the secrets, and shows what it made once", async () => {
    const ui = person("nowhere", "weur", "pasted-webhook-secret", "", "", "no", "yes");
    await deploying([], { ui });
    const { WEBHOOK_SECRET, SHARE_ENCRYPTION_KEYS, ADMIN_TOKEN } = state().secrets;
    assert.equal(WEBHOOK_SECRET, "pasted-webhook-secret");
    assert.match(SHARE_ENCRYPTION_KEYS, /^k1:[A-Za-z0-9+/]{43}=$/);
    assert.ok(ADMIN_TOKEN.length >= 32);
    const shown = ui.shown.join("\n");
    assert.equal(shown.split(SHARE_ENCRYPTION_KEYS).length, 2);
    assert.equal(shown.split(ADMIN_TOKEN).length, 2);
    assert.ok(!shown.includes(WEBHOOK_SECRET));
    for (const secret of [WEBHOOK_SECRET, SHARE_ENCRYPTION_KEYS, ADMIN_TOKEN]) assert.ok(!said.includes(secret), "a secret is in what a log may keep");
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

  it("makes no new sealing key for a database that holds shares of another one", async () => {
    withDatabase(OLD);
    const account = { databases: [{ uuid: OLD, name: "portal-backup" }], canaries: 1 };
    await rejects(deploying(["--secrets-out", file("made.env")], { account }), /used with a key already/, /sealed what is there/);
    assert.equal(state().secrets, undefined);
    assert.ok(!existsSync(file("made.env")));
  });

  it("stops where nobody can be asked, before anything is changed there", async () => {
    await rejects(deploying([]), /Where should the database/, /--location/);
    await rejects(deploying(["--location", "weur"]), /WEBHOOK_SECRET is not set/, /--secrets-out/);
    assert.ok(!commands().includes("secret bulk"));
    assert.ok(!commands().includes("deploy"));
  });

  it("refuses a secret of the wrong form", async () => {
    const env = { ...GIVEN, SHARE_ENCRYPTION_KEYS: "k1:short" };
    await rejects(deploying(["--location", "weur"], { env }), /SHARE_ENCRYPTION_KEYS is not of the right form/, /base64-of-32-bytes/);
    assert.ok(!commands().includes("secret bulk"));
  });

  it("takes a database of that name only if told that it is the right one", async () => {
    const account = { databases: [{ uuid: OLD, name: "portal-backup" }], secrets: GIVEN };
    await rejects(deploying([], { account }), /has a database named portal-backup already/, /--existing-database/);
    await rejects(deploying([], { account, ui: person("n") }), /has a database named portal-backup already/);
    await deploying(["--existing-database"], { account });
    assert.ok(read("wrangler.toml").includes(`database_id = "${OLD}"`));
    assert.ok(!commands().some((command) => command.startsWith("d1 create")));
  });

  it("stops where the configured database is not in this account", async () => {
    withDatabase(OLD);
    await rejects(deploying([], { account: { secrets: GIVEN } }), /not in this account/, /CLOUDFLARE_ACCOUNT_ID/);
  });

  it("makes no database on a build server, whose checkout is thrown away", async () => {
    await rejects(deploying(["--location", "weur"], { env: { ...GIVEN, CI: "true" } }), /not the place/, /commit wrangler.toml/);
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

  it("says how to log in, and believes a token that cannot tell whose it is", async () => {
    await rejects(deploying([], { account: { loggedIn: false } }), /Nobody is logged in/, /wrangler login/);
    assert.deepEqual(commands(), ["whoami --json"]);
    await deploying(["--location", "weur"], { account: { loggedIn: false }, env: { ...GIVEN, CLOUDFLARE_API_TOKEN: "t" } });
    assert.ok(commands().includes("deploy"));
  });

  it("asks which account where the login reaches several", async () => {
    const account = { accounts: [{ id: "a1", name: "One" }, { id: "a2", name: "Two" }] };
    await rejects(deploying([], { account }), /2 accounts/, /CLOUDFLARE_ACCOUNT_ID[\s\S]*a2 {2}Two/);
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
      assert.match(said, /8\. The doctor\n[\s\S]*All is well: 16 checks passed/);
      for (const secret of Object.values(SECRETS)) assert.ok(!said.includes(secret));

      said = "";
      await rejects(deploying(args, { env: { ...SECRETS, WEBHOOK_SECRET: "not the one that it has" } }), /deployed, but not all is well/, /npm run doctor/);
      said = "";
      await deploying(args, { env: {} });
      assert.match(said, /WEBHOOK_SECRET=… ADMIN_TOKEN=… npm run doctor/);
    } finally {
      await worker.stop();
    }
  });

  it("says what to do where the Worker does not answer", async () => {
    const args = ["--location", "weur", "--url", "http://127.0.0.1:9"];
    await rejects(deploying(args, { env: GIVEN, patience: 1 }), /127\.0\.0\.1:9 does not answer/, /DNS and certificate/);
  });

  for (const failing of new Set(ORDER.slice(1))) {
    it(`shows why \`wrangler ${failing}\` failed, goes no further, and ends the work on the next run`, async () => {
      const account = { fails: { [failing]: "Cloudflare says no" } };
      await rejects(deploying(["--location", "weur"], { account, env: GIVEN }), /Cloudflare says no/);
      assert.equal(commands().at(-1), failing);
      writeFileSync(file("state.json"), JSON.stringify({ ...state(), fails: {} }));
      await deploying(["--location", "weur"], { env: GIVEN });
      assert.equal(state().deployed, 1);
      assert.equal(state().databases.length, 1);
      assert.deepEqual(state().secrets, GIVEN);
    });
  }

  it("deploys nothing that does not build", async () => {
    const buildWorker = async () => {
      throw new Error("error[E0308]: mismatched types");
    };
    await assert.rejects(deploying(["--location", "weur"], { env: GIVEN, buildWorker }), /E0308/);
    assert.deepEqual(commands(), ["whoami --json"]);
  });

  it("asks for an address where nobody could reach the Worker otherwise", async () => {
    withoutAddress();
    await rejects(deploying([], { env: GIVEN }), /Nobody could reach/, /--domain[\s\S]*--workers-dev/);
    assert.deepEqual(commands(), ["whoami --json"]);
    await deploying(["--location", "weur"], { env: GIVEN, ui: person("backup.example.com") });
    assert.deepEqual(changed(CONFIG).added, [DOMAIN_ROUTE, DATABASE_ID]);
  });

  it("takes a custom domain, for good", async () => {
    withoutAddress();
    await deploying(["--location", "weur", "--domain", "backup.example.com"], { env: GIVEN });
    assert.deepEqual(changed(CONFIG).added, [DOMAIN_ROUTE, DATABASE_ID]);
    await deploying(["--domain", "backup.example.com"], { env: GIVEN });
    assert.deepEqual(changed(CONFIG).added, [DOMAIN_ROUTE, DATABASE_ID]);
    await rejects(deploying(["--domain", "other.example.com"], { env: GIVEN }), /serves on backup.example.com, not on other/);
  });

  it("takes workers.dev for who has no domain", async () => {
    withoutAddress();
    await deploying(["--location", "weur", "--workers-dev"], { env: GIVEN });
    assert.deepEqual(changed(CONFIG), {
      added: [DATABASE_ID], // staging has the line workers_dev = true as well
      removed: ["workers_dev = false # until you say", 'database_id = "00000000-0000-0000-0000-000000000000" # of production'],
    });
  });

  it("tells each step in a dry run, without a login and without a change", async () => {
    const account = { loggedIn: false, fails: {} };
    await rejects(deploying(["--dry-run"], { account }), /does not know: deploy --dry-run/);
    for (const told of ["whoami", "d1 create portal-backup", "wrangler.toml", "secret bulk", "time-travel", "migrations apply"]) assert.ok(said.includes(told), told);
    assert.deepEqual(commands(), ["deploy --dry-run"]);
    assert.equal(read("wrangler.toml"), REACHABLE);
  });

  it("refuses arguments that it does not know or that exclude each other", () => {
    assert.throws(() => parseOptions(["--location", "mars"], {}), /mars is unknown/);
    assert.throws(() => parseOptions(["--location", "weur", "--jurisdiction", "eu"], {}), /exclude each other/);
    assert.throws(() => parseOptions(["--domain", "https://x"], {}), /not a host name/);
  });

  const withoutAddress = () => writeFileSync(file("wrangler.toml"), CONFIG);

  function withDatabase(id) {
    writeFileSync(file("wrangler.toml"), REACHABLE.replace(/[0-]+" # of production/, `${id}"`));
  }

  /** The lines of wrangler.toml that came and went. */
  function changed(from) {
    const [before, now] = [from.split("\n"), read("wrangler.toml").split("\n")];
    return { added: now.filter((line) => !before.includes(line)), removed: before.filter((line) => !now.includes(line)) };
  }
});

describe("Cloudflare's own builds", () => {
  it("get Rust from rustup's installer, and use it for the rest of the build", { skip: isWindows }, async () => {
    const home = mkdtempSync(join(tmpdir(), "no-rust-"));
    // What the installer does, as far as it matters: a cargo in ~/.cargo/bin. "$@" are the arguments that it was given.
    const script = `mkdir -p ${home}/.cargo/bin; echo "echo cargo of rustup: $*" > ${home}/.cargo/bin/cargo; chmod +x ${home}/.cargo/bin/cargo`;
    const installer = `data:text/plain,${encodeURIComponent(script)}`;
    const env = { PATH: "/usr/bin:/bin", HOME: home };
    try {
      if ((await ask("cargo", ["--version"], { env })) !== null) return; // This machine has one of its own there.
      await ensureRust({ env, installer, home });
      assert.match(await ask("cargo", ["--version"], { env }), /^cargo of rustup: -y .*--target wasm32-unknown-unknown/);
      await ensureRust({ env, installer: "data:text/plain,exit 1", home });
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});

describe("npm run deploy -- --dry-run, with the real wrangler", () => {
  it("bundles and checks without a login", { timeout: 600_000 }, async () => {
    const before = readFileSync(wranglerConfig, "utf8");
    // wrangler looks for a login in the home folder and in the environment; the build's own tools live in the home folder too.
    const login = mkdtempSync(join(tmpdir(), "no-login-"));
    const env = nodeEnv({ CLOUDFLARE_API_TOKEN: "", XDG_CONFIG_HOME: login, WRANGLER_HOME: login });
    const { code, output } = await run(await nodeBin(), [inRoot("scripts", "deploy.mjs"), "--dry-run"], { env });
    rmSync(login, { recursive: true, force: true });
    assert.equal(code, 0, output);
    assert.match(output, /Total Upload: .*gzip/);
    assert.match(output, /env\.DB/);
    assert.match(output, /env\.PORTAL_IP_ALLOWLIST/, "production's settings");
    assert.equal(readFileSync(wranglerConfig, "utf8"), before);
  });
});

/** A rejection whose message is like this, and whose remedy like that. */
async function rejects(work, message, remedy) {
  await assert.rejects(work, (error) => {
    assert.match(error.message, message);
    if (remedy) assert.match(error.remedy, remedy);
    return true;
  });
}

const CONFIG = `# A comment at the top.
name = "portal-backup-worker"
main = "build/index.js"
compatibility_date = "2026-10-23"
workers_dev = false

[[d1_databases]] # the database
binding = "DB"
database_name = "portal-backup"
database_id = "00000000-0000-0000-0000-000000000000" # of the top

[vars]
CLIENT_AUTH = "client-api-key" # a comment

[env.production] # served where you say
name = "portal-backup-worker"
workers_dev = false # until you say

[[env.production.d1_databases]]
binding = "OTHER"
database_name = "other"
database_id = "00000000-0000-0000-0000-000000000000"

[[env.production.d1_databases]]
binding = "DB"
database_name = "portal-backup"
database_id = "00000000-0000-0000-0000-000000000000" # of production

[env.production.vars]
CLIENT_AUTH = "client-api-key"
ACCESS_AUD = ""

[env.staging]
workers_dev = true

[[env.staging.d1_databases]]
binding = "DB"
database_name = "portal-backup-staging"
`;

const REACHABLE = CONFIG.replace("workers_dev = false # until you say", "workers_dev = true");
