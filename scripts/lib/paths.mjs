// Where things are. Everything that a script writes outside build/ and target/ is named here.

import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const inRoot = (...parts) => join(root, ...parts);

/** A path that somebody typed: `npm run` changes to the root, INIT_CWD is the folder that they were in. */
export const userPath = (path) => (path === undefined ? undefined : resolve(process.env.INIT_CWD ?? ".", path));

/** Whether this folder is a release package: it holds the built Worker, and needs no Rust (scripts/lib/release/). */
export const isPackage = existsSync(inRoot("release.json"));

export const nodeModules = inRoot("node_modules");
export const buildDir = inRoot("build");
export const devVarsFile = inRoot(".dev.vars");
export const migrationsDir = inRoot("migrations");
export const wranglerConfig = inRoot("wrangler.toml");
export const wranglerCli = join(nodeModules, "wrangler", "wrangler-dist", "cli.js");

export const isWindows = process.platform === "win32";
export const exe = isWindows ? ".exe" : "";

/** The user's cache folder for this project: tools that every clone shares. PORTAL_BACKUP_CACHE overrides it. */
export const cacheDir = process.env.PORTAL_BACKUP_CACHE ?? join(userCacheDir(), "portal-backup-worker");

function userCacheDir() {
  if (process.env.XDG_CACHE_HOME) return process.env.XDG_CACHE_HOME;
  if (isWindows) return process.env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches");
  return join(homedir(), ".cache");
}
