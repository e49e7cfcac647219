// A Postgres database made by Prisma, from Portal's guide or from its example server, as a source of records.
//
// Everything is read in one read-only transaction, so the records are those of one instant, through a cursor that
// holds a few rows at a time. Tables and columns are found by name, in camelCase or snake_case.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import pg from "pg";

import { Failure } from "../log.mjs";
import { plain, versionId } from "./rows.mjs";

const ROWS_AT_A_TIME = 50;

export const isPostgresUrl = (text) => /^postgres(ql)?:\/\//.test(text);

const TABLES = {
  user: ["user", "users"],
  custodian: ["custodianbackupshare", "custodianbackupshares"],
  userShare: ["userbackupshare", "userbackupshares", "clientbackupshare", "clientbackupshares"],
};

export async function postgresSource(url, { userIdColumn = "id" } = {}) {
  const { config, schema, shown } = connection(url);
  const client = new pg.Client(config);
  client.on("error", () => {}); // a lost connection fails the query under way, which is where it is told
  const query = (text, values) => client.query(text, values).catch(fail(shown));
  const close = () => client.end().catch(() => {});
  try {
    await client.connect().catch(fail(shown));
    // Prisma's times have no zone and hold UTC. Repeatable read: one instant for all tables.
    await query("SET TIME ZONE 'UTC'");
    await query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const stages = stagesOf(await tablesOf(query, schema, shown), userIdColumn);
    let total = 0;
    for (const { from } of stages)
      total += Number((await query(`SELECT count(*) AS count FROM ${from}`)).rows[0].count);
    return {
      name: shown,
      fingerprint: `postgres ${createHash("sha256").update(`${url} ${userIdColumn}`).digest("hex")}`,
      total,
      records: (after) => records(query, stages, after),
      close,
    };
  } catch (error) {
    await close(); // or the process would wait for it
    throw error;
  }
}

const fail = (shown) => (error) => {
  throw new Failure(`${shown}: ${error.message || error.code}`);
};

/** The URL's parts. Over a network the connection is always encrypted and the server's certificate checked. */
export function connection(text) {
  if (!URL.canParse(text))
    throw new Failure("The Postgres URL cannot be read.", "postgres://user:password@host:5432/database");
  const url = new URL(text);
  const socket = url.searchParams.get("host")?.startsWith("/") ? url.searchParams.get("host") : undefined;
  const host = socket ?? decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1");
  const local =
    Boolean(socket) || host === "" || host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);
  const mode = url.searchParams.get("sslmode");
  if (!local && (mode === "disable" || mode === "no-verify")) {
    throw new Failure(
      `Shares are not read over an open connection (sslmode=${mode} to ${host}).`,
      "Leave sslmode out; sslrootcert=FILE names the certificate authority if it is your own.",
    );
  }
  const authority = url.searchParams.get("sslrootcert");
  return {
    schema: url.searchParams.get("schema") ?? "public",
    shown: `postgres://${url.host || "localhost"}${url.pathname}`,
    config: {
      host: host || "localhost",
      port: Number(url.searchParams.get("port") ?? url.port) || 5432,
      user: decodeURIComponent(url.username) || undefined,
      password: decodeURIComponent(url.password) || undefined,
      database: decodeURIComponent(url.pathname.slice(1)) || undefined,
      ssl:
        local && !authority
          ? false
          : { rejectUnauthorized: true, ...(authority && { ca: readFileSync(authority, "utf8") }) },
      application_name: "portal-backup-worker import",
    },
  };
}

/** The three tables with their columns by plain name: `{ user: { name, columns: { clientid: '"clientId"' } }, … }`. */
async function tablesOf(query, schema, shown) {
  const { rows } = await query(
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, ordinal_position",
    [schema],
  );
  const found = {};
  for (const [role, names] of Object.entries(TABLES)) {
    const tables = new Set(rows.map((row) => row.table_name).filter((table) => names.includes(plain(table))));
    if (tables.size > 1)
      throw new Failure(
        `The schema "${schema}" holds more than one such table: ${[...tables].join(", ")}.`,
        "Import a dump of the right one instead (docs/moving.md).",
      );
    const [table] = tables;
    if (!table) continue;
    const columns = rows
      .filter((row) => row.table_name === table)
      .map((row) => [plain(row.column_name), quoted(row.column_name)]);
    found[role] = { name: `${quoted(schema)}.${quoted(table)}`, label: table, columns: Object.fromEntries(columns) };
  }
  if (!found.user)
    throw new Failure(
      `${shown}: the schema "${schema}" has no table User.`,
      "Another schema is named in the URL: ?schema=NAME",
    );
  return found;
}

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

/**
 * What is read, in order. Each stage's rows have `_key` (to go on after it), `_label`, and the record's fields. Of
 * several rows under one user and method the newest is current; each of the others was superseded by the next.
 */
function stagesOf(tables, userIdColumn) {
  const { user } = tables;
  const column = (table, name) => {
    const found = table.columns[plain(name)];
    if (!found) throw new Failure(`The table ${table.label} has no column ${name}.`);
    return found;
  };
  const key = column(user, "id");
  const userId = `u.${column(user, userIdColumn)}::text`;
  const clientId = `u.${column(user, "clientId")}::text`;
  const optional = (table, name, as, cast) =>
    table.columns[plain(name)] ? `, ${cast(`t.${table.columns[plain(name)]}`)} AS "${as}"` : "";
  const asText = (expression) => `${expression}::text`;

  const stages = [
    {
      type: "user",
      label: user.label,
      from: user.name,
      sql: `SELECT t.${key} AS "_key", ${userId.replace("u.", "t.")} AS "id", ${clientId.replace("u.", "t.")} AS "clientId"
        ${optional(user, "clientApiKey", "clientApiKey", asText)}${optional(user, "createdAt", "createdAt", asTime)} FROM ${user.name} t`,
    },
  ];
  // Cipher texts first: a custodian share without a time gets one from those that it belongs to.
  for (const [role, type, content] of [
    ["userShare", "userBackupShare", "cipherText"],
    ["custodian", "custodianBackupShare", "share"],
  ]) {
    const table = tables[role];
    if (table) {
      const method = table.columns.backupmethod
        ? `coalesce(t.${table.columns.backupmethod}::text, 'UNKNOWN')`
        : "'UNKNOWN'";
      const atColumn = table.columns.updatedat ?? table.columns.createdat;
      const at = atColumn && `t.${atColumn}`;
      const rowKey = column(table, "id");
      const owner = column(table, "userId");
      const superseded = at
        ? `, ${asTime(`lead(${at}) OVER (PARTITION BY t.${owner}, ${method} ORDER BY ${at}, t.${rowKey})`)} AS "supersededAt"`
        : "";
      stages.push({
        type,
        label: table.label,
        from: table.name,
        sql: `SELECT t.${rowKey} AS "_key", ${userId} AS "userId", ${clientId} AS "clientId", t.${owner}::text AS "_owner", ${method} AS "backupMethod",
          t.${column(table, content)}::text AS "${content}"${at ? `, ${asTime(at)} AS "storedAt"` : ""}${superseded}
          ${optional(table, "backupSharePairId", "backupSharePairId", asText)}
          FROM ${table.name} t LEFT JOIN ${user.name} u ON u.${key} = t.${owner}`,
      });
    }
    // Before multi-backup the share was a column of User.
    const inline = user.columns[content === "share" ? "backupshare" : "ciphertext"];
    if (inline) {
      const from = `${user.name} t WHERE t.${inline} IS NOT NULL AND t.${inline}::text <> ''`;
      stages.push({
        type,
        label: `${user.label}.${inline}`,
        from,
        sql: `SELECT t.${key} AS "_key", ${userId.replace("u.", "t.")} AS "userId", ${clientId.replace("u.", "t.")} AS "clientId", 'UNKNOWN' AS "backupMethod", t.${inline}::text AS "${content}" FROM ${from}`,
      });
    }
  }
  return stages;
}

const asTime = (expression) => `to_char(${expression}::timestamptz, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

async function* records(query, stages, after) {
  for (const [number, stage] of stages.entries()) {
    if (after && after.stage > number) continue;
    const from = after?.stage === number ? after.key : undefined;
    // Keys come back as text and are compared as what they are.
    const rest = from === undefined ? "" : ` WHERE "_key" > ${await literal(query, stage, from)}`;
    await query(
      `DECLARE import_rows NO SCROLL CURSOR FOR SELECT s.*, s."_key"::text AS "_key_text" FROM (${stage.sql}) s${rest} ORDER BY "_key"`,
    );
    for (;;) {
      const { rows } = await query(`FETCH ${ROWS_AT_A_TIME} FROM import_rows`);
      if (rows.length === 0) break;
      for (const row of rows) yield itemOf(number, stage, row);
    }
    await query("CLOSE import_rows");
  }
}

async function literal(query, stage, key) {
  const { rows } = await query(
    `SELECT quote_literal($1::text) || '::' || pg_typeof(s."_key")::text AS literal FROM (${stage.sql}) s LIMIT 1`,
    [key],
  );
  return rows[0]?.literal ?? "NULL";
}

function itemOf(number, stage, { _key, _key_text: key, _owner: owner, ...fields }) {
  const place = `${stage.label} ${key}`;
  const position = { stage: number, key };
  const record = { type: stage.type, ...(owner !== undefined && { id: versionId(stage.type, key, fields.storedAt) }) };
  for (const [name, value] of Object.entries(fields)) if (value !== null) record[name] = value;
  if (owner !== undefined && !record.userId) {
    return {
      place,
      position,
      record: { ...record, userId: owner },
      refused: `there is no row of User with the id ${owner}`,
    };
  }
  const missing = ["id", "clientId", "share", "cipherText"].find((name) => name in fields && !record[name]);
  if (missing) return { place, position, record, refused: `${missing} is missing` };
  return { place, position, record, text: JSON.stringify(record) };
}
