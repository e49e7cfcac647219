// Postgres as a source: read through a cursor, in one read-only transaction.

import pg from "pg";

import { Failure } from "../log.mjs";
import { databaseSource } from "./database-source.mjs";
import { connectionParts, parsedAddress, shownAddress, tlsOf } from "./url.mjs";

const ROWS_AT_A_TIME = 50;
const SCHEMES = /^postgres(ql)?$/;

export const isPostgres = (scheme) => SCHEMES.test(scheme.split("+")[0]);

/** The types whose values are what `databaseSource` calls text, JSON, integers and times. */
const IS = {
  text: ["text", "character varying", "uuid", "name"],
  padded: ["character"],
  json: ["json", "jsonb"],
  integer: ["smallint", "integer", "bigint"],
  time: ["timestamp without time zone", "timestamp with time zone"],
};

export async function postgresSource(address, { userIdColumn } = {}) {
  const { config, schema, shown } = connection(address);
  const client = new pg.Client({ ...config, types: { getTypeParser: () => (text) => text } });
  client.on("error", () => {}); // a lost connection fails the query under way, which is where it is told
  const fail = (error) => {
    throw new Failure(`${shown}: ${error.message || error.code}`);
  };
  const query = (text, values) => client.query({ text, values, rowMode: "array" }).then(({ rows }) => rows, fail);
  const close = () => client.end().catch(() => {});
  try {
    await client.connect().catch(fail);
    // Prisma's times have no zone and hold UTC. Repeatable read: one instant for all tables.
    await query("SET TIME ZONE 'UTC'");
    await query("SET datestyle = 'ISO'");
    await query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  } catch (error) {
    await close(); // or the process would wait for it
    throw error;
  }
  const database = {
    shown,
    close,
    async columns() {
      const rows = await query(
        `SELECT c.table_name, c.column_name, c.data_type, t.typtype, t.typname FROM information_schema.columns c
           JOIN pg_namespace n ON n.nspname = c.udt_schema JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = c.udt_name
         WHERE c.table_schema = $1 ORDER BY c.table_name, c.ordinal_position`,
        [schema],
      );
      return rows.map(([table, column, type, typtype, typname]) => {
        const enumerated = typtype === "e" || typname === "citext";
        const is = Object.keys(IS).find((kind) => IS[kind].includes(type)) ?? (enumerated ? "text" : "other");
        return { table, column, type: type === "USER-DEFINED" ? typname : type, is };
      });
    },
    async *rows(table, columns, key) {
      const list = columns.map(({ column }) => quoted(column)).join(", ");
      await query(
        `DECLARE import_rows NO SCROLL CURSOR FOR SELECT ${list} FROM ${quoted(schema)}.${quoted(table)} ORDER BY ${quoted(key.column)}`,
      );
      const read = columns.map(({ is }) =>
        is === "integer" ? (text) => (text === null ? null : BigInt(text)) : (text) => text,
      );
      try {
        for (;;) {
          const rows = await query(`FETCH ${ROWS_AT_A_TIME} FROM import_rows`);
          if (rows.length === 0) break;
          for (const row of rows) yield row.map((text, index) => read[index](text));
        }
      } finally {
        await client.query("CLOSE import_rows").catch(() => {});
      }
    },
  };
  try {
    return await databaseSource(database, { name: "postgres", userIdColumn });
  } catch (error) {
    await close();
    throw error;
  }
}

/** The URL's parts. Over a network the connection is always encrypted and the server's certificate checked. */
export function connection(text) {
  const url = parsedAddress(text, "postgres://user:password@host:5432/database");
  const { host, port, user, password, database, local } = connectionParts(url, { defaultPort: 5432 });
  return {
    schema: url.searchParams.get("schema") ?? "public",
    shown: shownAddress("postgres", url),
    config: {
      host,
      port,
      user,
      password,
      database,
      ssl: tlsOf(url, { local, refuse: ["disable", "no-verify"] }),
      application_name: "portal-backup-worker import",
    },
  };
}

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;
