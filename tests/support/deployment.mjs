// npm run deploy in a folder of its own, with a wrangler that plays an account. One at a time: `begin()` before each test,
// `end()` after it.

import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { deployAll } from "../../scripts/lib/deploy/deploy.mjs";
import { parseOptions } from "../../scripts/lib/deploy/options.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";

export const MADE = "11111111-2222-4333-8444-555555555555";
export const OLD = "99999999-2222-4333-8444-555555555555";
export const DATABASE_ID = `database_id = "${MADE}"`;
export const DOMAIN_ROUTE = 'routes = [{ pattern = "backup.example.com", custom_domain = true }]';
export const GIVEN = {
  WEBHOOK_SECRET: "given-webhook-secret-0123456789",
  SHARE_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString("base64")}`,
  ADMIN_TOKEN: "given-admin-token-0123456789abcdef",
};
/** What it looks at before it touches anything. */
export const LOOKED = ["whoami --json", "deployments status --json"];
export const ORDER = [
  ...LOOKED,
  "d1 list --json",
  "d1 create portal-backup --location=weur",
  "d1 list --json",
  "secret list --format=json",
  "secret bulk",
  "d1 migrations apply DB --remote",
  "deploy",
];

let dir;
/** What it has said so far, where a log may keep it. */
export let said = "";
export const forget = () => (said = "");

export function begin() {
  dir = mkdtempSync(join(tmpdir(), "deploy-test-"));
  copyFileSync(inRoot("tests", "support", "fake-wrangler.mjs"), file("wrangler.mjs"));
  // Most tests are not about the address.
  writeFileSync(file("wrangler.toml"), REACHABLE);
  writeFileSync(file("calls.ndjson"), "");
  forget();
}

export const end = () => rmSync(dir, { recursive: true, force: true });

export const file = (name) => join(dir, name);
export const read = (name) => readFileSync(file(name), "utf8");
export const state = () => JSON.parse(read("state.json"));
export const calls = () =>
  read("calls.ndjson")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
export const commands = () => calls().map(({ command }) => command);

/** Runs it against an account in `account`'s state; what it says on the way is in `said`. */
export async function deploying(args, { account = {}, env = {}, ui, ...context } = {}) {
  if (!existsSync(file("state.json")) || Object.keys(account).length > 0) {
    writeFileSync(file("state.json"), JSON.stringify({ loggedIn: true, databases: [], ...account }));
  }
  const write = process.stderr.write;
  process.stderr.write = (text) => ((said += text), true);
  try {
    const options = parseOptions(args.includes("--url") ? args : ["--no-doctor", ...args], env);
    await deployAll({
      options,
      file: file("wrangler.toml"),
      lock: file("deploy.lock"),
      env,
      ui,
      cli: file("wrangler.mjs"),
      buildWorker: async () => false,
      resolves: async () => false,
      ...context,
    });
  } finally {
    process.stderr.write = write;
  }
}

/** Someone at the terminal who gives these answers, in turn. */
export function person(...answers) {
  const shown = [];
  const next = async (question) => {
    assert.ok(answers.length > 0, `nothing was prepared for: ${question}`);
    return answers.shift();
  };
  return { ask: next, askSecret: next, show: (text) => shown.push(text), shown, left: answers };
}

export const withoutAddress = () => writeFileSync(file("wrangler.toml"), CONFIG);

export function withDatabase(id) {
  writeFileSync(file("wrangler.toml"), REACHABLE.replace(/[0-]+" # of production/, `${id}"`));
}

/** The lines of wrangler.toml that came and went. */
export function changed(from) {
  const [before, now] = [from.split("\n"), read("wrangler.toml").split("\n")];
  return { added: now.filter((line) => !before.includes(line)), removed: before.filter((line) => !now.includes(line)) };
}

/** A rejection whose message is like this, and whose remedy like that. */
export async function rejects(work, message, remedy) {
  await assert.rejects(work, (error) => {
    assert.match(error.message, message);
    if (remedy) assert.match(error.remedy, remedy);
    return true;
  });
}

export const CONFIG = `# A comment at the top.
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

export const REACHABLE = CONFIG.replace("workers_dev = false # until you say", "workers_dev = true");
