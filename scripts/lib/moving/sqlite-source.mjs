// A SQLite file as a source, for example the one that Prisma makes: read by the SQLite that is part of Node.

import { Failure } from "../log.mjs";
import { databaseSource } from "./database-source.mjs";

export async function sqliteSource(file, options = {}) {
  const { DatabaseSync } = await import("node:sqlite");
  const failing = (work) => {
    try {
      return work();
    } catch (error) {
      throw new Failure(`${file} could not be read as a SQLite database (${error.message}).`);
    }
  };
  const db = failing(() => new DatabaseSync(file, { readOnly: true }));
  const database = {
    shown: file,
    close: async () => db.close(),
    async columns() {
      return db
        .prepare(
          "SELECT t.name AS 'table', c.name AS 'column', c.type FROM sqlite_schema t, pragma_table_xinfo(t.name) c WHERE t.type = 'table' AND c.hidden <> 1", // generated ones, too
        )
        .all()
        .map((column) => ({ ...column, type: column.type || "no type", is: kindOf(column.type) }));
    },
    async *rows(table, columns, key) {
      const statement = failing(() =>
        db.prepare(
          `SELECT ${columns.map(({ column }) => quoted(column)).join(", ")} FROM ${quoted(table)} ORDER BY ${quoted(key.column)}`,
        ),
      );
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      yield* statement.iterate();
    },
  };
  try {
    failing(() => {
      db.exec("BEGIN"); // one instant for all tables
      db.prepare("SELECT count(*) FROM sqlite_schema").get();
    });
    return await databaseSource(database, { ...options, name: file });
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * What a column's values are, by the type it was declared with. Prisma declares TEXT, INTEGER, BIGINT, DATETIME and JSONB; its
 * dates are milliseconds or texts, sometimes both in one column, and are told apart value by value.
 */
function kindOf(type) {
  const declared = type.toUpperCase();
  if (/JSON/.test(declared)) return "json";
  if (/BLOB|BINARY/.test(declared)) return "other";
  if (/DATE|TIME/.test(declared)) return "time";
  if (/CHAR|TEXT|CLOB|UUID|ENUM|STRING|^$/.test(declared)) return "text";
  if (/INT|SERIAL/.test(declared)) return "integer";
  return "other";
}

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;
