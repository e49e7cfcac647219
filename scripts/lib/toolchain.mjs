// Node and the programs that npm installed.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { Failure } from "./log.mjs";
import { isWindows, nodeModules } from "./paths.mjs";
import { ask, run } from "./run.mjs";

const binDir = join(nodeModules, ".bin");
const withPath = (env, ...dirs) => {
  const name = Object.keys(env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  return { ...env, [name]: [...dirs, env[name]].filter(Boolean).join(delimiter) };
};

/** For children that run Node tools: ours first in PATH, and wrangler quiet and on this machine only. */
export function nodeEnv(extra = {}) {
  return {
    ...withPath(process.env, binDir),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    ...extra,
  };
}

/** The path of a program that npm installed. */
export function npmProgram(name, file = join(name, "bin", name)) {
  return isWindows ? join(binDir, `${name}.cmd`) : join(nodeModules, file);
}

const major = (version) => Number(version?.match(/^v?(\d+)\./)?.[1] ?? 0);

let own;
/** npm's own copy of Node: where it is, and its version, or null where npm did not bring one. */
async function ownNode() {
  if (own) return own;
  const program = join(nodeModules, "node", "bin", isWindows ? "node.exe" : "node");
  return (own = { program, version: existsSync(program) ? await ask(program, ["--version"]) : null });
}

/** A Node of this version at least: npm's own copy, else the one that runs us. wrangler runs on 22; SQLite is part of 24. */
export async function nodeBin({ least = 22, what = "wrangler", find = ownNode } = {}) {
  const { program, version } = await find();
  if (major(version) >= least) return program;
  if (major(process.version) >= least) return process.execPath;
  throw new Failure(
    `${what} needs Node ${least}, this is ${process.version}, and the copy that npm should have brought is not there.`,
    `Your npm did not run the install script of the package \`node\`: run \`npm rebuild node\`, or install Node ${least} or newer.`,
  );
}

/**
 * Runs the present script once more on a Node with SQLite, if this one has none; resolves with its exit code, or with undefined if
 * this one will do. The child has that Node for certain, so it starts no further one.
 */
export async function onNodeWithSqlite() {
  const least = 24;
  if (major(process.version) >= least) return undefined;
  const node = await nodeBin({ least, what: "This command" });
  return (await run(node, ["--no-warnings", ...process.argv.slice(1)], { show: true, env: nodeEnv() })).code;
}
