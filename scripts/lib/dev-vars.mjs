// `.dev.vars`: the local secrets, one NAME=value a line.

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

import { Failure } from "./log.mjs";
import { devVarsFile, inRoot } from "./paths.mjs";
import { readTextFile } from "./text-file.mjs";

const require = createRequire(import.meta.url);

/** A value without quotes that has a `#` with no blank before it: what is meant to be the value ends there for wrangler, in silence. */
const CUT = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=(?!\s*["'`])[^#\r\n]*(?<!\s)#/m;

/**
 * The NAME=value lines of `file`, as wrangler reads them: by dotenv. (Node's parseEnv takes the next line for the value of a name that has only
 * a blank behind its `=`.)
 */
export function parseDevVars(text, file) {
  const cut = CUT.exec(text);
  if (cut)
    throw new Failure(
      `${cut[1]} in ${file} has a # outside quotes: wrangler takes what stands before it for the whole value.`,
      "Put the value between single quotes, or a blank before the # of a comment.",
    );
  // Not at the top: what imports this file also runs before the npm packages are there.
  return require("dotenv").parse(text);
}

/** The local secrets, or an empty object where there is no `.dev.vars` yet. */
export function readDevVars(file = devVarsFile) {
  if (!existsSync(file)) return {};
  return parseDevVars(readTextFile(file), file);
}

export const randomToken = () => randomBytes(32).toString("base64url");
/** Under an id of its own: a key that is made because another was lost must not take the other's id. */
export const randomSealingKey = () => `k-${randomBytes(4).toString("hex")}:${randomBytes(32).toString("base64")}`;

/** Writes `.dev.vars` from its example with fresh random secrets, readable by its owner only. */
export function writeDevVars(file = devVarsFile) {
  const fresh = {
    WEBHOOK_SECRET: randomToken(),
    SHARE_ENCRYPTION_KEYS: randomSealingKey(),
    ADMIN_TOKEN: randomToken(),
  };
  const text = readFileSync(inRoot(".dev.vars.example"), "utf8").replace(/^([A-Z_]+)=.*$/gm, (line, name) =>
    name in fresh ? `${name}=${fresh[name]}` : line,
  );
  // "wx": never over a file that another set-up has just written, its secrets may already have sealed shares.
  try {
    writeFileSync(file, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
}
