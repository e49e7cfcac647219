// The local D1: the migrations of migrations/, applied once to each folder that holds one.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import { step } from "./log.mjs";
import { inRoot, migrationsDir, root, wranglerCli } from "./paths.mjs";
import { mustRun } from "./run.mjs";
import { nodeBin, nodeEnv } from "./toolchain.mjs";

/** The folder that holds the local D1. */
export const persistDir = (persistTo) => (persistTo ? resolve(root, persistTo) : inRoot(".wrangler", "state"));

/** Brings the local D1s to the newest schema. A stamp beside the databases remembers what was applied. */
export async function migrateLocal({ persistTo, config, bindings = ["DB"] } = {}) {
  const folders = bindings.length > 1 ? [migrationsDir, inRoot("migrations-directory")] : [migrationsDir];
  const files = folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".sql"))
      .sort()
      .map((name) => join(folder, name)),
  );
  if (files.length === 0) return;
  const hash = createHash("sha256");
  if (bindings.length > 1) hash.update(bindings.join());
  for (const file of files) hash.update(`${basename(file)}\0`).update(readFileSync(file));
  const applied = hash.digest("hex");
  const dir = persistDir(persistTo);
  const stamp = join(dir, ".migrated");
  if (existsSync(join(dir, "v3", "d1")) && existsSync(stamp) && readFileSync(stamp, "utf8") === applied) return;
  await step(`Migrating the local D1 in ${dir}`, `${3 * bindings.length} s`, async () => {
    for (const binding of bindings) {
      const args = ["d1", "migrations", "apply", binding, "--local", "--persist-to", dir];
      if (config) args.push(`--config=${config}`);
      await mustRun(await nodeBin(), ["--no-warnings", wranglerCli, ...args], {
        env: nodeEnv(),
        failure: "wrangler d1 migrations apply",
        remedy: `If the local data is of no use, remove ${dir} and run the command again.`,
      });
    }
    mkdirSync(dir, { recursive: true });
    writeFileSync(stamp, applied);
  });
}
