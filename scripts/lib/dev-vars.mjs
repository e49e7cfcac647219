// `.dev.vars`: the local secrets, one NAME=value a line.

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { devVarsFile, inRoot } from "./paths.mjs";

/** Reads NAME=value lines; comments and blank lines are skipped, one pair of quotes around a value is taken off. */
export function parseDevVars(text) {
  const vars = {};
  for (const line of text.split(/\r?\n/)) {
    const found = line.match(/^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/);
    if (found) vars[found[1]] = found[2].replace(/^(["'])(.*)\1$/, "$2");
  }
  return vars;
}

/** The local secrets, or an empty object where there is no `.dev.vars` yet. */
export const readDevVars = (file = devVarsFile) => (existsSync(file) ? parseDevVars(readFileSync(file, "utf8")) : {});

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
