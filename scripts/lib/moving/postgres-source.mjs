// Postgres as a source: read through a cursor, in one read-only transaction.

import pg from "pg";

import { Failure } from "../log.mjs";
import { databaseSource } from "./database-source.mjs";
import { connectionParts, parsedAddress, shownAddress, tlsOf } from "./url.mjs";

const ROWS_AT_A_TIME = 50;
const NOT_ALLOWED = "42501"; // insufficient_privilege
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

export async function postgresSource(address, options = {}) {
  const { config, schema, shown } = connection(address);
  const client = new pg.Client({ ...config, types: { getTypeParser: () => (text) => text } });
  client.on("error", () => {}); // a lost connection fails the query under way, which is where it is told
  const fail = (error) => {
    const remedy =
      error.code === NOT_ALLOWED
        ? "The database's user needs USAGE on the schema and SELECT on all columns of the tables. No row-level security may hide rows from it: let the tables' owner read, or a user with BYPASSRLS."
        : undefined;
    throw new Failure(`${shown}: ${error.message || error.code}`, remedy);
  };
  const query = (text, values) => client.query({ text, values, rowMode: "array" }).then(({ rows }) => rows, fail);
  const close = () => client.end().catch(() => {});
  try {
    await client.connect().catch(fail);
    // Prisma's times have no zone and hold UTC. Repeatable read: one instant for all tables.
    await query("SET TIME ZONE 'UTC'");
    await query("SET datestyle = 'ISO'");
    // A policy that hides rows makes an error then, instead of an import of the others.
    await query("SET row_security = off");
    await query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  } catch (error) {
    await close(); // or the process would wait for it
    throw error;
  }
  const database = {
    shown,
    close,
    async columns() {
      // Not from information_schema, which leaves out what this user may not read: that must fail when it is read.
      const rows = await query(
        `SELECT c.relname, a.attname, CASE WHEN b.typelem <> 0 AND b.typlen = -1 THEN 'ARRAY' ELSE format_type(b.oid, NULL) END,
             b.typtype, b.typname
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
           JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'f') AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY c.relname, a.attnum`,
        [schema],
      );
      return rows.map(([table, column, type, typtype, typname]) => {
        const enumerated = typtype === "e" || typname === "citext";
        const is = Object.keys(IS).find((kind) => IS[kind].includes(type)) ?? (enumerated ? "text" : "other");
        return { table, column, type, is };
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
    return await databaseSource(database, { ...options, name: "postgres" });
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
