// Set-up: whatever a fresh clone lacks. Each step looks first, and does and says nothing where it is already done.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { migrateLocal } from "./d1.mjs";
import { writeDevVars } from "./dev-vars.mjs";
import { withLock } from "./lock.mjs";
import { note, step } from "./log.mjs";
import { devVarsFile, inRoot, isPackage, nodeModules } from "./paths.mjs";
import { mustRun } from "./run.mjs";
import { ensureWasmTarget } from "./rust.mjs";

/**
 * Everything; `persistTo` names another folder for the local D1 (`config` and `bindings`: of several databases), `database: false` leaves the local D1 alone, and
 * `secrets: false` makes no .dev.vars.
 */
export async function setup({ persistTo, config, bindings, database = true, secrets = true } = {}) {
  await withLock(inRoot("target", ".setup.lock"), async () => {
    await npmPackages();
    if (!isPackage) await ensureWasmTarget();
    if (secrets) await localSecrets();
    if (database) await migrateLocal({ persistTo, config, bindings });
  });
}

/** The npm packages alone: all that a command needs which only talks to a running service. */
export async function setupPackages() {
  if (!npmIsCurrent()) await withLock(inRoot("target", ".setup.lock"), npmPackages);
}

async function npmPackages() {
  if (npmIsCurrent()) return;
  await step("Installing the npm packages of package-lock.json (npm ci)", "15 s", () =>
    mustRun("npm", ["ci", "--no-audit", "--no-fund"], {
      failure: "npm ci",
      remedy:
        "It needs the npm registry. Run `npm ci` yourself to see more; if a file is in use, end what runs from node_modules.",
    }),
  );
}

/** Whether node_modules holds what package-lock.json names; npm keeps its own record of what it installed. */
function npmIsCurrent() {
  const record = join(nodeModules, ".package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(inRoot("package-lock.json"), "utf8")).packages;
  const there = JSON.parse(readFileSync(record, "utf8")).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === "") return true;
    return path in there ? there[path].version === version : optional === true;
  });
}

async function localSecrets() {
  if (existsSync(devVarsFile)) return;
  await step("Making .dev.vars with random secrets for local use", undefined, async () => {
    writeDevVars();
    note("only you can read it, git ignores it");
  });
}
