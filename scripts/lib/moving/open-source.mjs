// What somebody named as the source, opened: a file or a database.

import { existsSync } from "node:fs";

import { Failure, note } from "../log.mjs";
import { userPath } from "../paths.mjs";
import { isMysql, mysqlSource } from "./mysql-source.mjs";
import { isPostgres, postgresSource } from "./postgres-source.mjs";
import { fileSource } from "./file-source.mjs";
import { isAddress, mayBeShown, schemeOf } from "./url.mjs";

/** Opens it. An address may hold a password, so it is never named in a message. */
export async function openSource(from, options) {
  if (!isAddress(from)) {
    const file = userPath(from.replace(/^file:(?=[^/]|\/[^/])/, ""));
    if (!mayBeShown(from) && !existsSync(file))
      throw new Failure(
        "What was given as source is no file, and no URL of a database.",
        "postgres://user:password@host:5432/database, mysql://user:password@host:3306/database, or a file's name.",
      );
    note(`reading ${mayBeShown(from) ? from : "the file"}`);
    return fileSource(file, options);
  }
  const scheme = schemeOf(from);
  note("reading the database");
  if (isPostgres(scheme)) return postgresSource(from, options);
  if (isMysql(scheme)) return mysqlSource(from, options);
  throw new Failure(
    `A ${scheme} database is not read directly.`,
    "postgres:// and mysql:// are, and so are SQLite files. For another, write its rows as JSON lines (docs/moving.md).",
  );
}

/** Where it is kept how far an import has come. */
export const stateFileOf = (source) => `${source.name}.import-state.json`;
