// A database with the tables of Portal's guide or of its example server, as a source of records.
//
// Which database it is matters to its adapter alone (postgres.mjs, mysql.mjs, sqlite.mjs):
//
// - `columns()` gives `{ table, column, type, is }` for every column there is; `is` says what its values are: "text", "padded" (a text
//   that is filled up with spaces), "json", "integer", "time" or "other".
// - `rows(table, columns, key)` gives the rows, ordered by the column `key`: the values as they are, JSON as its text.
// - `mayHideTables()`, if there is one, says whether `columns()` may leave out a table that this user may not read;
// - `shown` names the database without its user, password or query; `close()` ends it.
//
// All is read within one transaction, so the records are those of one instant.

import { Failure, note } from "../log.mjs";
import { Refusal } from "./refusal.mjs";
import { NoText, custodianShare, isObject, mayHoldShare, plain, sharesOf, userShare, userWithShares } from "./rows.mjs";
import { sourceOf } from "./source.mjs";

const TABLES = {
  user: ["user", "users"],
  custodian: ["custodianbackupshare", "custodianbackupshares"],
  userShare: ["userbackupshare", "userbackupshares", "clientbackupshare", "clientbackupshares"],
};
/** The tables of shares: `inline` is the older column of User, `without` how somebody says that there are none. */
const SHARES = {
  userShare: {
    table: "UserBackupShare",
    content: "cipherText",
    inline: "cipherText",
    what: "user shares (cipher texts)",
    without: "user-shares",
  },
  custodian: {
    table: "CustodianBackupShare",
    content: "share",
    inline: "backupShare",
    what: "custodian shares",
    without: "custodian-shares",
  },
};
export const WITHOUT = Object.values(SHARES).map(({ without }) => without);
/** What each column that is known may hold. What is not text is never made one: bytes as text would be another share. */
const TEXT = ["text", "padded"];
const CONTENT = ["text", "json"];
const ID = ["text", "padded", "integer"];
const TIME = ["time", "text", "integer"];
const ANY = ["text", "padded", "json", "integer", "time", "other"];
const USER_COLUMNS = {
  id: ID,
  clientid: ID,
  clientapikey: TEXT,
  createdat: TIME,
  backupshare: CONTENT,
  ciphertext: CONTENT,
};
const SHARE_COLUMNS = {
  id: ID,
  userid: ID,
  backupmethod: TEXT,
  backupsharepairid: ID,
  curve: ANY, // a row with one may be refused
  createdat: TIME,
  updatedat: TIME,
  // A row has one of them; another that is filled is refused.
  share: CONTENT,
  ciphertext: CONTENT,
  backupshare: CONTENT,
};

export async function databaseSource(database, { name, userIdColumn = "id", without = [] }) {
  const columns = await database.columns();
  const tables = tablesOf(columns, database.shown);
  await missed(tables, columns, { database, without });
  const stages = stagesOf(tables, userIdColumn);
  return sourceOf({
    name,
    shown: database.shown,
    about: `database ${userIdColumn}`,
    read: ({ types }) => read(database, stages, types),
    needsUser: true,
    close: () => database.close(),
  });
}

/** The three tables with their columns. */
function tablesOf(columns, shown) {
  const found = {};
  for (const [role, names] of Object.entries(TABLES)) {
    const tables = new Set(columns.map(({ table }) => table).filter((table) => names.includes(plain(table))));
    if (tables.size > 1)
      throw new Failure(
        `${shown} holds more than one such table: ${[...tables].join(", ")}.`,
        "Import the rows of the right one as JSON lines instead (docs/moving.md).",
      );
    const [table] = tables;
    if (table !== undefined) found[role] = { table, columns: columns.filter((column) => column.table === table) };
  }
  if (!found.user)
    throw new Failure(`${shown} has no table User.`, "In Postgres, another schema is named in the URL: ?schema=NAME");
  return found;
}

/**
 * A table that is not there may be one that this user may not see, or of another name. Custodian shares exist nowhere else, so their table is
 * missed aloud. So is that of the cipher texts, if another table looks like it, or if the database may hide it from this user; else an
 * app may keep them elsewhere: that is noted. An older column of User stands for the table, unless the database may hide the table.
 */
async function missed(tables, columns, { database, without }) {
  const { shown } = database;
  const others = columns.filter(({ table }) => !Object.values(tables).some((found) => found.table === table));
  for (const [role, { table, content, inline, what, without: option }] of Object.entries(SHARES)) {
    if (tables[role] || without.includes(option)) continue;
    const isInline = columnsOf(tables.user, inline).length > 0;
    const mayBeHidden = await database.mayHideTables?.();
    if (isInline && !mayBeHidden) continue;
    const wrong = isInline
      ? `${shown} shows this user only the tables that it may read. No table ${table} is among them: the ${what} in it would be left out, if there is one.`
      : `${shown} has no table ${table} that this import can see, and User has no column ${inline}: no ${what} would be read.`;
    const alike = new Set(others.filter(({ column }) => plain(column) === plain(content)).map((other) => other.table));
    if (role !== "custodian" && alike.size === 0 && !mayBeHidden) {
      note(`${wrong} If there are any, stop: see that this is the right database, and import again.`);
      continue;
    }
    throw new Failure(
      wrong,
      [
        ...(alike.size > 0 ? [`Another table has a column ${content}: ${[...alike].join(", ")}.`] : []),
        "Give the database's user SELECT on the table. In Postgres, another schema is named in the URL: ?schema=NAME",
        "If the table has another name, import its rows as JSON lines (docs/moving.md).",
        isInline
          ? `If there is no such table, say so: --without ${option}. The column ${inline} of User is read all the same.`
          : `If there are no ${what} in this database, say so: --without ${option}`,
      ].join("\n"),
    );
  }
}

const columnsOf = ({ columns }, name) => columns.filter(({ column }) => plain(column) === plain(name));

/** What is read, in order, with the columns that are there and known. */
function stagesOf(tables, userIdColumn) {
  const stages = [
    {
      ...chosen(tables.user, { ...likeShares(tables.user), ...USER_COLUMNS, [plain(userIdColumn)]: ID }, [
        "id",
        userIdColumn,
        "clientId",
      ]),
      types: ["user", "userBackupShare", "custodianBackupShare"],
      partsOf: (fields) => userWithShares(fields, userIdColumn),
    },
  ];
  const share = (role, type, read) => {
    if (!tables[role]) return;
    const { content } = SHARES[role];
    stages.push({
      ...chosen(tables[role], SHARE_COLUMNS, ["id", "userId", content]),
      types: [type],
      partsOf: (fields) => sharesOf([() => read(fields)]),
    });
  };
  share("userShare", "userBackupShare", userShare);
  share("custodian", "custodianBackupShare", custodianShare);
  return stages;
}

/** The columns of User that no schema of ours has, and that may hold a share: a row in which one is filled is refused. */
const likeShares = ({ columns }) =>
  Object.fromEntries(
    columns
      .filter(({ column, is }) => mayHoldShare(plain(column)) && !["integer", "time"].includes(is))
      .map(({ column, is }) => [plain(column), [is]]),
  );

function chosen(table, known, required) {
  for (const name of required)
    if (columnsOf(table, name).length === 0) throw new Failure(`The table ${table.table} has no column ${name}.`);
  const names = Object.keys(known).filter((name) => columnsOf(table, name).length > 0);
  const columns = names.map((name) => {
    const [column, another] = columnsOf(table, name);
    if (another)
      throw new Failure(
        `The table ${table.table} has the columns ${column.column} and ${another.column}: which of them counts cannot be known.`,
        "Import its rows as JSON lines, with one of them (docs/moving.md).",
      );
    if (!known[name].includes(column.is))
      throw new Failure(
        `${table.table}.${column.column} has the type ${column.type}, and must hold text: nothing was read.`,
        "What is not text cannot be made a share without guessing. Copy it into a text column as the share that your server gave to Portal and to the app, and import again.",
      );
    return column;
  });
  return { table: table.table, columns, names };
}

/**
 * The rows with their shares, in the first reading too: a row that is refused for its share must have no place among the others,
 * or the good row before it would go into the history.
 */
async function* read(database, stages, types) {
  for (const stage of stages.filter((stage) => stage.types.some((type) => types.includes(type)))) {
    const key = stage.columns[stage.names.indexOf("id")];
    for await (const values of database.rows(stage.table, stage.columns, key)) {
      const fields = Object.fromEntries(stage.names.map((name, index) => [name, values[index]]));
      yield { place: `${stage.table} ${fields.id}`, ...partsOf(stage, fields) };
    }
  }
}

function partsOf(stage, fields) {
  for (const [index, { is }] of stage.columns.entries())
    if (is === "json") fields[stage.names[index]] = jsonText(fields[stage.names[index]]);
  try {
    return { parts: { refusals: [], ...stage.partsOf(fields) } };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refused: error.message, about: error.about };
  }
}

/**
 * A JSON column holds a share as a JSON string, which stands for its own text, or as an object: then its source text. What is
 * neither is no share; as it is no text either, it is refused like every other value that is none. SQLite checks no such column.
 */
function jsonText(value) {
  if (typeof value !== "string") return value;
  try {
    const parsed = JSON.parse(value);
    if (parsed === null || typeof parsed === "string") return parsed;
    return isObject(parsed) ? value : new NoText("a JSON array, number or boolean");
  } catch {
    return new NoText("not valid JSON"); // the parser's own message quotes what it read
  }
}
