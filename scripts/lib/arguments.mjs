// What was said on the command line. What a script does not know it refuses, before it does anything.

import { parseArgs } from "node:util";

import { Failure } from "./log.mjs";

/** What node's parseArgs makes of the arguments; `exitCode` is for those that are not as it was told. `--help` is main's. */
export function readArguments({ usage, exitCode = 2, ...config }) {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!error.code?.startsWith("ERR_PARSE_ARGS")) throw error;
    // Its first sentence says what is wrong, the others how options are written in general. An argument that looks like an
    // address or an assignment may hold a password, wherever it was misplaced.
    const [wrong] = error.message.split(/\.\s/);
    throw new Failure(`${wrong.replace(/'[^']*[@=:][^']*'/g, "'…'")}.`, usage, exitCode);
  }
}
