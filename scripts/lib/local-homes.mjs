// DATABASES=3: a directory and three homes on this machine. wrangler.toml with more databases, in a file of its own beside it.

import { readFileSync, writeFileSync } from "node:fs";

import { Failure } from "./log.mjs";
import { inRoot, wranglerConfig } from "./paths.mjs";

const MOST = 50;

/** How many databases `text` asks for; `name` is where it was said. */
export function databasesFrom(text = "1", name = "DATABASES") {
  const databases = Number(text || 1);
  if (!Number.isInteger(databases) || databases < 1 || databases > MOST) {
    throw new Failure(`${name}=${text} is no number of databases.`, `Give a number from 1 to ${MOST}.`);
  }
  return databases;
}

/** The bindings of so many databases; of several, the directory is one more. */
export const bindingsOf = (databases) =>
  databases === 1
    ? ["DB"]
    : ["DB", "DIRECTORY", ...Array.from({ length: databases - 1 }, (_, index) => `DB_${index + 1}`)];

/**
 * Where the databases of this machine are, with all that belongs to them: `PERSIST_TO`, for every command. Several have a folder of
 * their own: a single one that users were spread away from would be of no use alone.
 */
export const folderOf = (databases, persistTo = process.env.PERSIST_TO || undefined) =>
  persistTo ?? (databases === 1 ? undefined : ".wrangler/homes");

/** Where `npm run dev` listens. */
export const localUrl = () => `http://127.0.0.1:${process.env.PORT || "8787"}`;

/** Writes wrangler's settings for so many databases; resolves with the file, undefined for one. */
export function configOf(databases) {
  if (databases === 1) return undefined;
  const more = bindingsOf(databases)
    .slice(1)
    .map((binding) => {
      const name = binding.toLowerCase().replace("_", "-");
      const migrations = binding === "DIRECTORY" ? "migrations-directory" : "migrations";
      return `
[[d1_databases]]
binding = "${binding}"
database_name = "portal-backup-${name}"
database_id = "portal-backup-${name}"
migrations_dir = "${migrations}"
`;
    });
  const file = inRoot(".wrangler-homes.toml"); // beside .dev.vars, which wrangler looks for there
  const note = "# Made by `DATABASES=… npm run dev` from wrangler.toml: a change here is lost.\n";
  writeFileSync(file, note + readFileSync(wranglerConfig, "utf8") + more.join(""));
  return file;
}
