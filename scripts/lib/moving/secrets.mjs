// Secrets for the command line: from a file of NAME=value lines that it names, or from the environment. Never from an argument.
// The named file wins over the environment: a shell may still have the secrets of another environment.

import { existsSync } from "node:fs";

import { readDevVars } from "../dev-vars.mjs";
import { Failure } from "../log.mjs";

/** The NAME=value lines of a file that somebody named. */
export function varsOf(file) {
  if (!existsSync(file))
    throw new Failure(`There is no file ${file}.`, "Give --vars the path of a file of NAME=value lines.");
  return readDevVars(file);
}

/** The environment, with what a file has that somebody named over it. An empty line of the file stands for none, not for an empty secret. */
export const environmentWith = (file, env = process.env) =>
  file ? { ...env, ...Object.fromEntries(Object.entries(varsOf(file)).filter(([, value]) => value)) } : env;

/**
 * A reader of secrets. `.dev.vars` holds the local service's: it is read for an address on this machine only, any
 * other file where it is named.
 */
export function secretsFor({ local, file, env = process.env }) {
  const vars = file ? varsOf(file) : local ? readDevVars() : {};
  return (name, why) => {
    const value = (file && vars[name]) || env[name] || vars[name];
    if (!value)
      throw new Failure(
        `${name} is needed: ${why}.`,
        `Put it into the environment, or into a file of NAME=value lines and say --vars FILE.`,
      );
    return value;
  };
}
