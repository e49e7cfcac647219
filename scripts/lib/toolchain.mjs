// Node and the programs that npm installed.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { Failure } from "./log.mjs";
import { isWindows, nodeModules } from "./paths.mjs";
import { ask } from "./run.mjs";

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

let node;
/** A Node that wrangler runs on (22 or newer): npm's own copy, else the one that runs us. */
export async function nodeBin() {
  if (node) return node;
  const own = isWindows ? join(nodeModules, "node", "bin", "node.exe") : join(nodeModules, "node", "bin", "node");
  if (existsSync(own) && (await ask(own, ["--version"])) !== null) return (node = own);
  if (Number(process.versions.node.split(".")[0]) >= 22) return (node = process.execPath);
  throw new Failure(
    `wrangler needs Node 22, this is ${process.version}, and the copy that npm should have brought is not there.`,
    "Your npm did not run the install script of the package `node`: run `npm rebuild node`, or install Node 22 or newer.",
  );
}
