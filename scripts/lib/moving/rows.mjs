// Rows of somebody's database, as records of ours.
//
// Known are the tables of Portal's guide ("Self-Managed Backups": User, UserBackupShare, CustodianBackupShare), those of
// Portal's example server (ClientBackupShare, with backupSharePairId), and the older single-backup form (backupShare and
// cipherText as columns of User). Names may be camelCase or snake_case. Nothing here ever puts a share in a message.

import { createHash } from "node:crypto";

import { Refusal } from "./refusal.mjs";
import { timeOf } from "./times.mjs";

const RECORD_TYPES = ["user", "custodianBackupShare", "userBackupShare"];

// What the service takes (src/domain/names.rs, bulk.rs, src/handlers/import.rs). What it refuses must be known before: such a row
// would else have a place in the order, and the good one before it would go into the history.
const MAX_ID = 128;
const PLAIN = /^[ -~]*$/;
const MAX_SHARE_BYTES = 512 * 1024;
const LATEST_AHEAD_MS = 24 * 3_600_000;

/** Why the service will refuse this share of this time; undefined if it takes it. */
export function refusedByService(share, at) {
  if (typeof share === "string" && Buffer.byteLength(share) > MAX_SHARE_BYTES) return "it is over 512 KiB long";
  if (typeof share === "string" && !share.isWellFormed()) return "it holds half a character, which no text can";
  if (at && Date.parse(at) > Date.now() + LATEST_AHEAD_MS) return `its time ${at} is more than a day ahead`;
  return undefined;
}

/** One name for `backup_share_pair_id`, `backupSharePairId` and `BackupSharePairID`. */
export const plain = (name) => name.replaceAll("_", "").toLowerCase();

/** What counts in a row. Written in two ways with two values, it could not be known which of them does. */
const KNOWN = new Set(
  "id userid clientid clientapikey createdat updatedat backupmethod backupsharepairid curve share ciphertext backupshare".split(
    " ",
  ),
);

function byPlainName(row) {
  const fields = new Map();
  for (const [name, value] of Object.entries(row)) {
    const known = plain(name);
    if (KNOWN.has(known) && fields.has(known) && fields.get(known) !== value)
      throw new Refusal(`the row has ${name} twice, written in two ways, with two values`);
    fields.set(known, value);
  }
  return Object.fromEntries(fields);
}

/** Stands for a value that a database holds in the place of a text. */
export class NoText {
  constructor(what) {
    this.what = what;
  }
}

export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const given = (value) => value !== undefined && value !== null;

/**
 * The parts of one line: `{ user }`, `{ shares: [] }` or both. Each is a record of ours (`native`), or a row still to be
 * placed in its history. `userIdColumn` names the column of User that the app's requests use as user id.
 */
export function partsOf(row, userIdColumn) {
  if (!isObject(row)) throw new Refusal("a line must be one JSON object");
  if (RECORD_TYPES.includes(row.type)) {
    if (row.type === "user") refuseShareIn(row);
    return { native: true, refusals: [], ...(row.type === "user" ? { user: row, shares: [] } : { shares: [row] }) };
  }
  const fields = byPlainName(row);
  if (given(fields.userid) && ("share" in fields || "ciphertext" in fields)) {
    const isText = !("share" in fields) || (filled(fields.ciphertext) && !filled(fields.share));
    return sharesOf([() => (isText ? userShare : custodianShare)(fields)]);
  }
  if ("clientid" in fields) {
    const ofShares = foreignTo(fields, userIdColumn);
    if (ofShares)
      throw new Refusal(
        `the row has a ${ofShares} as a row of shares has it, and no share with a userId`,
        aboutUser(fields, userIdColumn),
      );
    return userWithShares(fields, userIdColumn);
  }
  throw new Refusal("not a row of User, CustodianBackupShare, UserBackupShare or ClientBackupShare, and not a record");
}

const CONTENTS = ["share", "ciphertext", "backupshare"];
/** What only a row of shares has. */
const OF_SHARES = ["share", "backupmethod", "backupsharepairid"];
const foreignTo = (fields, userIdColumn) =>
  OF_SHARES.find((name) => plain(userIdColumn) !== name && filled(fields[name]));
const aboutUser = (fields, userIdColumn) => ({
  type: "user",
  id: String(fields[plain(userIdColumn)] ?? fields.id ?? ""),
});
const NESTED = {
  custodianbackupshares: custodianShare,
  custodianbackupshare: custodianShare,
  userbackupshares: userShare,
  userbackupshare: userShare,
  clientbackupshares: userShare,
  clientbackupshare: userShare,
};
const LIKE_A_SHARE = /(shares?|ciphertexts?)$/;

/** Whether a field of a user's row, by its plain name, must not be left out of what is read: it may hold a share. */
export const mayHoldShare = (name) => OF_SHARES.includes(name) || LIKE_A_SHARE.test(name);

/** The user of a row of User, with the shares that are nested in it or in columns of its own. */
export function userWithShares(fields, userIdColumn) {
  const about = aboutUser(fields, userIdColumn);
  const rowId = id(fields.id, "id", about);
  const optional = new Optional();
  const user = {
    type: "user",
    id: id(fields[plain(userIdColumn)], userIdColumn, about),
    clientId: id(fields.clientid, "clientId", about),
    clientApiKey: optional.read("clientApiKey", fields.clientapikey, (value) => text(value, "clientApiKey")),
    createdAt: optional.read("createdAt", fields.createdat, timeTaken),
  };
  const nested = Object.entries(NESTED).flatMap(([name, read]) =>
    rowsOf(fields[name]).map((row) => () => {
      if (!isObject(row)) throw new Refusal(`${name} holds something that is no row of shares`, about);
      return refusing(about, () => read({ userid: rowId, ...byPlainName(row) }));
    }),
  );
  // Before multi-backup the share was a column of User: it comes before all rows of its time. Its id is none that a row of shares
  // has: two versions of one id could not both go into the history. What says a method beside it may be of
  // this share, or what the user likes best: neither is guessed.
  const ofShares = foreignTo(fields, userIdColumn);
  const inline = (content, read) =>
    filled(content.share ?? content.ciphertext)
      ? [
          () => {
            if (ofShares) throw new Refusal(`its row of User has a ${ofShares} too: is that this share's?`, about);
            return { ...read({ userid: rowId, id: `User.${rowId}`, ...content }), row: Number.MIN_SAFE_INTEGER };
          },
        ]
      : [];
  // What is not known is not left out, if it may hold a share: nobody would miss it before it is needed.
  const unknown = Object.entries(fields)
    .filter(
      ([name, value]) =>
        (name === "share" || !KNOWN.has(name)) &&
        !(name in NESTED) &&
        name !== plain(userIdColumn) &&
        isLikeShare(name, value),
    )
    .map(([name]) => () => {
      throw new Refusal(`${name} may hold a share, and is no name that the import knows`, about);
    });
  return {
    rowId,
    user,
    leftOut: optional.leftOut,
    ...sharesOf([
      ...nested,
      ...inline({ share: fields.backupshare }, custodianShare),
      ...inline({ ciphertext: fields.ciphertext }, userShare),
      ...unknown,
    ]),
  };
}

/** A record of a user holds no share: where one seems to be there, `type` is a column of somebody's own, and the share would be left out. */
function refuseShareIn(record) {
  const found = Object.entries(record).find(([name, value]) => isLikeShare(plain(name), value));
  if (found)
    throw new Refusal(
      `its type says that it is a record of a user, and ${found[0]} may hold a share, which such a record has not`,
      { type: "user", id: String(record.id) },
    );
}

/** The rows in a field: of a relation to many, or to one. */
const rowsOf = (value) => (Array.isArray(value) ? value : filled(value) ? [value] : []);

function isLikeShare(name, value) {
  if (!filled(value) || ["number", "bigint", "boolean"].includes(typeof value)) return false;
  if (LIKE_A_SHARE.test(name)) return !Array.isArray(value) || value.length > 0;
  const within = [value];
  for (let next; (next = within.pop()); ) {
    if (typeof next !== "object") continue;
    for (const [key, inner] of Object.entries(next)) {
      if (CONTENTS.includes(plain(key)) && filled(inner)) return true;
      if (isObject(inner) || Array.isArray(inner)) within.push(inner);
    }
  }
  return false;
}

/** Each share by itself: one that cannot go in stops neither its user nor the others. */
export function sharesOf(reads) {
  const found = { shares: [], refusals: [] };
  for (const read of reads) {
    try {
      found.shares.push(read());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      found.refusals.push(error);
    }
  }
  return found;
}

const filled = (value) => given(value) && value !== "";

/** A row's fields that decide nothing: no row is refused for one of them. Empty counts as missing; `leftOut` names one that cannot be used. */
class Optional {
  leftOut;

  read(name, value, parse) {
    if (!filled(value)) return undefined;
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.leftOut ??= name;
      return undefined;
    }
  }
}

function timeTaken(value) {
  const { at } = timeOf(value);
  const refused = refusedByService(undefined, at);
  if (refused) throw new Refusal(refused);
  return at;
}

export function custodianShare(fields) {
  return shareRow("custodianBackupShare", "share", fields);
}
export function userShare(fields) {
  return shareRow("userBackupShare", "cipherText", fields);
}

/**
 * A share's record, and by what it is placed among others of its user and method: `{ record, at, row }`. Fields that are
 * optional are left out where they are empty. `onlyMade`: its time is that of its row's making, and nothing tells of a later write.
 */
function shareRow(type, content, fields) {
  const about = {
    type,
    userId: String(fields.userid),
    backupMethod: filled(fields.backupmethod) ? String(fields.backupmethod) : "UNKNOWN",
  };
  const { userId, backupMethod } = { userId: id(fields.userid, "userId", about), ...methodOf(fields, about) };
  if (filled(fields.curve) && !backupMethod.toLowerCase().includes(String(fields.curve).toLowerCase()))
    throw new Refusal("the row has a curve that its backupMethod does not name (GDRIVE-SECP256K1)", about);
  const stored = [fields.updatedat, fields.createdat].find(filled);
  const share = text(fields[plain(content)], content, about);
  if (isJsonString(share))
    throw new Refusal(`${content} is a JSON string, in quotes: the share is the text that it stands for`, about);
  const another = CONTENTS.find((name) => name !== plain(content) && filled(fields[name]));
  if (another) throw new Refusal(`the row has both ${content} and ${another}: it would lose one`, about);
  const time = stored === undefined ? undefined : refusing(about, () => timeOf(stored));
  const refused = refusedByService(share, time?.at);
  if (refused) throw new Refusal(refused, about);
  const optional = new Optional();
  const pairId = optional.read("backupSharePairId", fields.backupsharepairid, (value) =>
    id(value, "backupSharePairId"),
  );
  return {
    leftOut: optional.leftOut,
    row: fields.id ?? "",
    at: time?.exact ?? "",
    onlyMade: time !== undefined && !("updatedat" in fields),
    record: {
      type,
      id: versionId(type, filled(fields.id) ? fields.id : digest(userId, backupMethod, share), time?.at),
      userId,
      backupMethod,
      backupSharePairId: pairId ?? null,
      [content]: share,
      ...(time && { storedAt: time.at }),
    },
  };
}

/**
 * Whether a share was written as JSON once more: Drizzle's `text({ mode: "json" })` and TypeORM's `simple-json` do so, in a column that
 * is TEXT. With its quotes it recovers nothing.
 */
function isJsonString(share) {
  if (!share.startsWith('"')) return false;
  try {
    return typeof JSON.parse(share) === "string";
  } catch {
    return false;
  }
}

const methodOf = (fields, about) => ({
  backupMethod: filled(fields.backupmethod) ? text(fields.backupmethod, "backupMethod", about) : "UNKNOWN",
});

function refusing(about, read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) error.about ??= about;
    throw error;
  }
}

const digest = (...parts) => createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);

/**
 * The id by which a share is recognised when it comes again. A row's own id is unique within its table only, and stays
 * when another share is written into the row.
 */
export function versionId(type, rowId, storedAt) {
  const full = `import-${type}-${rowId}-${Date.parse(storedAt) || 0}`;
  return full.length <= MAX_ID && PLAIN.test(full) ? full : `import-${type}-${digest(full)}`;
}

function id(value, name, about) {
  if (typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value))) return String(value);
  return text(value, name, about);
}

function text(value, name, about) {
  if (typeof value === "string" && value !== "") return value;
  if (value instanceof Uint8Array) throw new Refusal(`${name} is bytes, not a text`, about);
  if (value instanceof NoText) throw new Refusal(`${name} is ${value.what}`, about);
  if (isObject(value)) throw new Refusal(`${name} is a JSON object, not a text`, about);
  throw new Refusal(`${name} is ${given(value) ? "empty, or not a text" : "missing"}`, about);
}

/** How a record is named in a report: never with what is in it. */
export function describe(record) {
  if (record.type === "user") return `user ${record.id}`;
  return `${record.type} of user ${record.userId}, ${record.backupMethod ?? "UNKNOWN"}`;
}
