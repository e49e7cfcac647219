// MySQL and MariaDB as a source: read as a stream, in one read-only transaction.

import mysql from "mysql2";

import { Failure } from "../log.mjs";
import { databaseSource } from "./database-source.mjs";
import { connectionParts, parsedAddress, shownAddress, tlsOf } from "./url.mjs";

export const isMysql = (scheme) => /^(mysql|mariadb)$/.test(scheme.split("+")[0]);

const NOT_ALLOWED = [1142, 1143]; // no SELECT on the table, or on one of its columns
const NO_SUCH_TABLE = 1146;

const IS = {
  padded: ["char"],
  text: ["varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "uuid"],
  json: ["json"],
  integer: ["tinyint", "smallint", "mediumint", "int", "bigint"],
  time: ["datetime", "timestamp"],
};

export async function mysqlSource(address, options = {}) {
  const { config, shown } = mysqlConnection(address);
  const connection = mysql.createConnection({
    ...config,
    // Texts as they are stored: a JavaScript number or date would change them.
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    jsonStrings: true,
    rowsAsArray: true,
    charset: "utf8mb4",
    timezone: "Z",
  });
  connection.on("error", () => {}); // a lost connection fails the query under way, which is where it is told
  const failure = (error) =>
    new Failure(
      `${shown}: ${error.sqlMessage ?? (error.message || error.code)}`,
      NOT_ALLOWED.includes(error.errno) ? "The database's user needs SELECT on the whole tables." : undefined,
    );
  const query = (sql, values) =>
    connection
      .promise()
      .query(sql, values)
      .then(
        ([rows]) => rows,
        (error) => {
          throw failure(error);
        },
      );
  const close = async () => connection.destroy();
  const database = {
    shown,
    close,
    async columns() {
      // MariaDB's JSON is a text with a check.
      const checked = new Set(
        (
          await query(
            "SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = database()",
          ).catch(() => [])
        ).flatMap(([table, clause]) => {
          const column = String(clause).match(/json_valid\(`([^`]+)`\)/i)?.[1];
          return column ? [`${table} ${column}`] : [];
        }),
      );
      const rows = await query(
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = database() ORDER BY TABLE_NAME, ORDINAL_POSITION",
      );
      return rows.map(([table, column, type]) => {
        const kind = Object.keys(IS).find((kind) => IS[kind].includes(String(type).toLowerCase())) ?? "other";
        return { table, column, type: String(type), is: checked.has(`${table} ${column}`) ? "json" : kind };
      });
    },
    /** A user who may read the whole database is told that a table is not there; any other that it may not read it. */
    async mayHideTables() {
      try {
        await connection.promise().query("SELECT 1 FROM portal_backup_no_such_table");
        return false;
      } catch (error) {
        if (error.errno === NO_SUCH_TABLE) return false;
        if (NOT_ALLOWED.includes(error.errno)) return true;
        throw failure(error);
      }
    },
    async *rows(table, columns, key) {
      // The schema shows only the columns that this user may read: one that it may not read makes this fail.
      await query(`SELECT * FROM ${quoted(table)} LIMIT 0`);
      const list = columns.map(({ column, is }) =>
        is === "json" ? `CAST(${quoted(column)} AS CHAR) AS ${quoted(column)}` : quoted(column),
      );
      const rows = connection
        .query(`SELECT ${list.join(", ")} FROM ${quoted(table)} ORDER BY ${quoted(key.column)}`)
        .stream({ highWaterMark: 50 });
      const read = columns.map(({ is }) =>
        is === "integer" ? (value) => (value === null ? null : BigInt(value)) : (value) => value,
      );
      try {
        for await (const row of rows) yield row.map((value, index) => read[index](value));
      } catch (error) {
        throw error instanceof Failure ? error : failure(error);
      }
    },
  };
  try {
    // TIMESTAMP is given in the session's zone, DATETIME as it is stored; Prisma stores UTC.
    await query("SET SESSION time_zone = '+00:00'");
    await query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    await query("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    return await databaseSource(database, { ...options, name: "mysql" });
  } catch (error) {
    await close();
    throw error;
  }
}

/** The URL's parts. Over a network the connection is always encrypted and the server's certificate checked. */
function mysqlConnection(text) {
  const url = parsedAddress(text, "mysql://user:password@host:3306/database");
  const { socket, host, port, user, password, database, local } = connectionParts(url, { defaultPort: 3306 });
  if (!database) throw new Failure("The database's URL names no database.", "mysql://user:password@host:3306/database");
  const ssl = tlsOf(url, { local, refuse: ["disable", "disabled"] });
  return {
    shown: shownAddress("mysql", url),
    config: {
      ...(socket ? { socketPath: socket } : { host, port }),
      user,
      password,
      database,
      ...(ssl && { ssl: { ...ssl, verifyIdentity: true, minVersion: "TLSv1.2" } }),
    },
  };
}

const quoted = (name) => `\`${name.replaceAll("`", "``")}\``;
