// Rows of somebody's database, as records of ours.
//
// Known are the tables of Portal's guide ("Self-Managed Backups": User, UserBackupShare, CustodianBackupShare), those of
// Portal's example server (ClientBackupShare, with backupSharePairId), and the older single-backup form (backupShare and
// cipherText as columns of User). Names may be camelCase or snake_case. Nothing here ever puts a share in a message.

/** A row that cannot go in; the message is for the report. */
export class Refusal extends Error {}

export const RECORD_TYPES = ["user", "custodianBackupShare", "userBackupShare"];

/** One name for `backup_share_pair_id`, `backupSharePairId` and `BackupSharePairID`. */
export const plain = (name) => name.replaceAll("_", "").toLowerCase();

const byPlainName = (row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [plain(name), value]));

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const given = (value) => value !== undefined && value !== null;

/**
 * The parts of one line: `{ user }`, `{ shares: [] }` or both, each a record, or a row still to be placed in its history.
 * `userIdColumn` names the column of User that the app's requests use as user id.
 */
export function partsOf(row, userIdColumn) {
  if (!isObject(row)) throw new Refusal("a line must be one JSON object");
  if (RECORD_TYPES.includes(row.type)) {
    return { native: true, ...(row.type === "user" ? { user: row, shares: [] } : { shares: [row] }) };
  }
  const fields = byPlainName(row);
  if (given(fields.userid) && "share" in fields) return { shares: [custodianShare(fields)] };
  if (given(fields.userid) && "ciphertext" in fields) return { shares: [userShare(fields)] };
  if ("clientid" in fields) return userWithShares(fields, userIdColumn);
  throw new Refusal("not a row of User, CustodianBackupShare, UserBackupShare or ClientBackupShare, and not a record");
}

function userWithShares(fields, userIdColumn) {
  const rowId = id(fields.id, "User.id");
  const user = {
    type: "user",
    id: id(fields[plain(userIdColumn)], `User.${userIdColumn}`),
    clientId: id(fields.clientid, "User.clientId"),
    ...(given(fields.clientapikey) && { clientApiKey: text(fields.clientapikey, "User.clientApiKey") }),
    ...(given(fields.createdat) && { createdAt: time(fields.createdat) }),
  };
  const shares = [
    ...list(fields.custodianbackupshares).map((share) => custodianShare({ userid: rowId, ...share })),
    ...list(fields.userbackupshares).map((share) => userShare({ userid: rowId, ...share })),
    ...list(fields.clientbackupshares).map((share) => userShare({ userid: rowId, ...share })),
  ];
  if (given(fields.backupshare)) shares.push(custodianShare({ userid: rowId, share: fields.backupshare }));
  if (given(fields.ciphertext)) shares.push(userShare({ userid: rowId, ciphertext: fields.ciphertext }));
  return { rowId, user, shares };
}

const list = (value) => (Array.isArray(value) ? value.filter(isObject).map(byPlainName) : []);

const custodianShare = (fields) => shareRow("custodianBackupShare", fields, { share: text(fields.share, "share") });
const userShare = (fields) =>
  shareRow("userBackupShare", fields, { cipherText: text(fields.ciphertext, "cipherText") });

function shareRow(type, fields, content) {
  const storedAt = fields.updatedat ?? fields.createdat;
  return {
    row: given(fields.id) ? String(fields.id) : "",
    record: {
      type,
      ...(given(fields.id) && { id: versionId(type, fields.id, given(storedAt) ? time(storedAt) : "") }),
      userId: id(fields.userid, "userId"),
      backupMethod: given(fields.backupmethod) ? text(fields.backupmethod, "backupMethod") : "UNKNOWN",
      backupSharePairId: given(fields.backupsharepairid) ? text(fields.backupsharepairid, "backupSharePairId") : null,
      ...content,
      ...(given(storedAt) && { storedAt: time(storedAt) }),
    },
  };
}

/**
 * The id by which a share is recognised when it comes again. A row's own id is unique within its table only, and stays
 * when another share is written into the row.
 */
export const versionId = (type, rowId, storedAt) => `import-${type}-${rowId}-${Date.parse(storedAt) || 0}`;

function id(value, name) {
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return text(value, name);
}

function text(value, name) {
  if (typeof value === "string" && value !== "") return value;
  // Writing a share again from parsed JSON could change a digit of it: only its own text will do.
  if (isObject(value)) throw new Refusal(`${name} is a JSON object; dump the column as text (${name}::text)`);
  throw new Refusal(`${name} is ${given(value) ? "empty, or not a text" : "missing"}`);
}

/** A time as `YYYY-MM-DDTHH:MM:SS.mmmZ`. Prisma's columns have no time zone and hold UTC. */
export function time(value) {
  const found =
    typeof value === "string" &&
    value.match(/^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?)?$/);
  if (found) {
    const [, day, clock, fraction = "", zone = "Z"] = found;
    const offset = zone === "Z" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}`;
    const date = new Date(`${day}T${clock}.${fraction.padEnd(3, "0").slice(0, 3)}${offset}`);
    if (!Number.isNaN(date.getTime())) return date.toISOString();
  }
  throw new Refusal("its time is not one such as 2026-01-31T12:00:00.000Z");
}

/**
 * Which of several shares under one user and method is the current one, and until when each of the others was: the
 * example server keeps a row per pair, we keep the newest as current and the rest as its history.
 */
export class Generations {
  #rows = new Map();

  add({ record, row }) {
    const key = keyOf(record);
    const rows = this.#rows.get(key);
    if (rows) rows.push([record.storedAt ?? "", row]);
    else this.#rows.set(key, [[record.storedAt ?? "", row]]);
  }

  /** The record, with `supersededAt` if a newer row took its place. */
  place({ record, row }) {
    const rows = this.#rows.get(keyOf(record)) ?? [];
    if (rows.length < 2) return record;
    const own = [record.storedAt ?? "", row];
    const next = rows.filter((other) => compare(other, own) > 0).sort(compare)[0];
    return next ? { ...record, supersededAt: next[0] || record.storedAt } : record;
  }
}

const keyOf = (record) => `${record.type}\0${record.userId}\0${record.backupMethod}`;
const compare = (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);

/** How a record is named in a report: never with what is in it. */
export function describe(record) {
  if (record.type === "user") return `user ${record.id}`;
  return `${record.type} of user ${record.userId}, ${record.backupMethod ?? "UNKNOWN"}`;
}
