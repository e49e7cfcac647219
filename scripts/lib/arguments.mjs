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

/** An option that is a whole number: digits alone. An empty text, as of a variable that is not set, is none. */
export function wholeNumber({ option, text, least, most, usage }) {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new Failure(`${option} must be a whole number from ${least} to ${most}.`, usage, 1);
}
