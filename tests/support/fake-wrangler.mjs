// A wrangler that reaches no account: it plays the answers of state.json beside it, records each call in calls.ndjson, and
// its output has the form of the real one's (4.156). Copied into a test's own folder.

import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const here = (name) => join(import.meta.dirname, name);
const state = JSON.parse(readFileSync(here("state.json"), "utf8"));
const save = () => writeFileSync(here("state.json"), JSON.stringify(state));
const args = process.argv.slice(2);
const isWhere = (arg) => arg.startsWith("--env=") || arg.startsWith("--config=");
const command = args.filter((arg) => !isWhere(arg)).join(" ");
const input = command === "secret bulk" ? readFileSync(0, "utf8") : undefined;
appendFileSync(
  here("calls.ndjson"),
  `${JSON.stringify({ command, environment: args.find((arg) => arg.startsWith("--env=")).slice(6), input })}\n`,
);

const say = (value) => console.log(typeof value === "string" ? value : JSON.stringify(value, null, 2));
const fail = (text) => {
  console.error(`✘ [ERROR] ${text}`);
  process.exit(1);
};
const flag = (name) => args.find((arg) => arg.startsWith(`--${name}=`))?.split("=")[1];

const broken = state.fails?.[command];
if (broken) fail(broken);

if (command === "whoami --json") {
  if (!state.loggedIn) {
    say({ loggedIn: false });
    process.exit(1);
  }
  say({ loggedIn: true, email: "operator@example.com", accounts: state.accounts ?? [{ id: "a1", name: "Example" }] });
} else if (command === "d1 list --json") {
  // `jurisdiction` is null where there is none.
  say(state.databases.map((one) => (state.tellsNoJurisdiction ? one : { jurisdiction: null, ...one })));
} else if (command === "deployments status --json") {
  // What the API answers for a Worker that was never deployed.
  if (!state.live) fail("This Worker does not exist on your account. [code: 10007]");
  say({ id: "d", versions: Object.keys(state.live).map((version_id) => ({ version_id, percentage: 50 })) });
} else if (command.startsWith("versions view ")) {
  say({ id: args[2], metadata: {}, resources: { script: {}, script_runtime: {}, bindings: state.live[args[2]] } });
} else if (command.startsWith("d1 create ")) {
  const made = (state.made = (state.made ?? 0) + 1);
  state.databases.push({
    uuid: `${String(made).repeat(8)}-2222-4333-8444-555555555555`,
    name: args[2],
    location: flag("location"),
    jurisdiction: flag("jurisdiction"),
  });
  save();
  say(`✅ Successfully created DB '${args[2]}'`);
} else if (/^d1 time-travel info \w+ --json$/.test(command)) {
  say({ uuid: "x", bookmark: "00000085-0000004c-00004c6d-8e61117bf38d7adb71b934ebbf891683" });
} else if (/^d1 execute \w+ --remote --json/.test(command)) {
  // Whether a database holds shares, by its binding; one without a word has no tables.
  const sealed = state.sealed?.[args[2]];
  if (typeof sealed !== "number") fail(sealed ?? "no such table: key_canaries: SQLITE_ERROR");
  say([{ results: [{ sealed }], success: true }]);
} else if (/^d1 migrations apply \w+ --remote$/.test(command)) {
  // Several are migrated at once, each by a process of its own: none may write the state of another.
  const mark = here(`migrated.${args[3]}`);
  say(existsSync(mark) ? "✅ No migrations to apply!" : "🚣 Executed 9 commands");
  writeFileSync(mark, "");
} else if (command.startsWith("r2 bucket info ")) {
  if (!state.buckets?.includes(args[3])) fail("The specified bucket does not exist. [code: 10006]");
  say(`name: ${args[3]}`);
} else if (command.startsWith("r2 bucket create ")) {
  state.buckets = [...(state.buckets ?? []), args[3]];
  save();
  say(`✅ Created bucket '${args[3]}'`);
} else if (command.startsWith("queues info ")) {
  if (!state.queues?.includes(args[2])) fail(`Queue "${args[2]}" does not exist.`);
  say(`Queue Name: ${args[2]}`);
} else if (command.startsWith("queues create ")) {
  state.queues = [...(state.queues ?? []), args[2]];
  save();
  say(`✅ Created queue '${args[2]}'`);
} else if (command === "secret list --format=json") {
  if (!state.secrets)
    fail(
      'Worker "portal-backup-worker" not found.\n\nIf this is a new Worker, run `wrangler deploy` first to create it.',
    );
  say(Object.keys(state.secrets).map((name) => ({ name, type: "secret_text" })));
} else if (command === "secret bulk") {
  state.secrets = { ...state.secrets, ...JSON.parse(input) };
  save();
  say("✨ 3 secrets successfully created");
} else if (command === "deploy") {
  state.deployed = (state.deployed ?? 0) + 1;
  save();
  const targets = state.targets ?? ["https://portal-backup-worker.example.workers.dev", "schedule: */15 * * * *"];
  appendFileSync(process.env.WRANGLER_OUTPUT_FILE_PATH, `${JSON.stringify({ type: "deploy", version: 1, targets })}\n`);
  say("Uploaded portal-backup-worker");
} else {
  fail(`the fake wrangler does not know: ${command}`);
}
