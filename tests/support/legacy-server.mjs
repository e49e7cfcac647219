// An old server's database as the import model has it: what its app wrote, in which form its rows stand, and what docs/moving.md
// says must become of each. Nothing here is taken from the import's code.
//
// A database is a style (which tables, names, ids and times) and a list of operations in the order in which they happened. What
// the rows are follows from these, so a database that fails can be made smaller by leaving operations out.

import { rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

const DAY = 86_400_000_000; // in microseconds, as all times here
const START = Date.UTC(2024, 0, 1) * 1000;
const MAX_SHARE = 512 * 1024;

const METHODS = {
  custodian: ["GDRIVE-SECP256K1", "gdrive-secp256k1", "GDRIVE-ED25519", "PASSWORD-SECP256K1", "UNKNOWN", null, ""],
  text: ["GDRIVE", "gdrive", "PASSWORD", "UNKNOWN", null, ""],
};

/** A style and its operations. */
export function generate(random) {
  const { chance, pick } = random;
  const form = pick(["sqlite", "sqlite", "lines", "lines", "nested"]);
  const inline = pick(["none", "none", "beside", "both", "only"]);
  const style = {
    form,
    ids: pick(["integer", "text"]),
    /** JSON lines may have no ids of shares: then no two of one time are written, for nothing says which of them is newer. */
    rowIds: form === "sqlite" || chance(0.8),
    names: pick(["camel", "snake"]),
    texts: pick(["UserBackupShare", "ClientBackupShare"]),
    userIdColumn: pick(["id", "id", "clientId", "exchangeUserId"]),
    inline,
    /** How the old server writes: over the row of the method, over that of the user, or a row each time. */
    custodian: pick(["method", "method", "user", "append", "append"]),
    text: pick(["method", "method", "user", "append", "append"]),
    hasMethods: chance(0.9),
    hasPairs: chance(0.5),
    columns: pick(["both", "both", "created", "updated", "none"]),
    clock: pick(["ms", "iso", "prisma", "micro", "offset", "mixed"]),
    objects: form !== "sqlite" && chance(0.3),
    /** Large shares make several pages of one import. */
    large: chance(0.08),
  };
  const users = Array.from({ length: 1 + Math.floor(random.pick([0, 1, 1, 2])) }, (_, n) => n + 1);
  const ops = users.map((user) => ({ op: "user", user, key: chance(0.9) }));
  const methods = Object.fromEntries(
    ["custodian", "text"].map((kind) => [kind, Array.from({ length: 3 }, () => pick(METHODS[kind]))]),
  );
  let n = 0;
  let clock = START;
  const stored = [];
  const ids = Array.from({ length: 60 }, (_, index) => index + 1);
  if (chance(0.4)) ids.sort(() => (chance(0.5) ? 1 : -1));
  let step = DAY;
  const writes = (count) => {
    for (let k = 0; k < count; k += 1) {
      const kind = pick(["custodian", "custodian", "text"]);
      clock += pick(style.rowIds ? [0, 0, 1000, 3_000_000, step] : [1000, step]) + pick([0, 100]);
      const again = stored.length > 0 && chance(0.1); // Portal sends a share once more, maybe after another one
      const write = {
        op: pick(
          inline === "only"
            ? ["inline"]
            : inline === "none"
              ? ["store"]
              : ["store", "store", "store", "inline", "migrate"],
        ),
        kind,
        user: pick(users),
        method: pick(methods[kind]),
        n: (n += 1),
        row: ids[n - 1],
        at: clock,
        /** Some rows lack a time that others have. */
        times: chance(0.1) ? pick(["created", "none"]) : "both",
        pair: pick([null, null, `pair-${n}`, `pair-${n}`, "", "p".repeat(200)]),
        keep: chance(0.7),
      };
      if (again) {
        const { kind, user, method, n } = pick(stored);
        Object.assign(write, { op: "store", kind, user, method, n });
      }
      if (write.op === "store" && !again && chance(0.12))
        write.bad = pick(["no user", "stranger", "empty", "null", "both", "bad time", "ahead", "huge", "bytes"]);
      ops.push(write);
      if (write.op === "store" && !write.bad) stored.push(write);
    }
  };
  const live = (count) => {
    for (let k = 0; k < count; k += 1) {
      const kind = pick(["custodian", "text"]);
      ops.push({
        op: "live",
        kind,
        user: pick(users),
        method: pick(methods[kind].filter(Boolean)) ?? "GDRIVE",
        n: (n += 1),
      });
    }
  };
  writes(pick([1, 3, 6, 10]));
  if (chance(0.15))
    ops.push({ op: "odd user", user: 9, bad: pick(["no client", "same client", "odd field", "method"]), n: (n += 1) });
  if (form !== "sqlite" && chance(0.15)) ops.push({ op: "twice" });
  const run = (more) => ({
    op: "import",
    dry: chance(0.3),
    twice: chance(0.25),
    ...(chance(0.25) && { kill: { at: pick([1, 1, 2, 3]), how: pick(["before", "after"]) } }),
    replaceOlder: false,
    ...more,
  });
  if (chance(0.2)) ops.push(run({ kill: { at: pick([1, 2]), how: pick(["before", "after"]) }, left: true }));
  if (chance(0.3)) writes(pick([0, 1, 2]));
  ops.push(run());
  for (let more = pick([0, 1, 1, 2]); more > 0; more -= 1) {
    if (chance(0.5)) live(pick([1, 2, 3]));
    if (chance(0.2)) {
      clock = Math.max(clock, Date.now() * 1000 + DAY / 24); // the old server's clock is ahead of the Worker's
      step = DAY / 100;
    }
    writes(pick([0, 1, 3]));
    ops.push(run({ replaceOlder: chance(0.75) }));
  }
  return { style: settled(style), ops, order: Math.floor(random.pick([1, 2, 3, 4, 5, 6, 7])) };
}

/** What does not go together is made to. */
function settled(style) {
  if (style.form === "nested" && style.inline === "only") style.form = "lines";
  // A row that is written over, and keeps the only time it has, is another matter than the order of rows.
  if (style.columns === "created") for (const kind of ["custodian", "text"]) style[kind] = "append";
  if (style.columns === "none" && !style.rowIds) style.rowIds = true;
  return style;
}

/** The text of a share: it tells whose it is, and has a number that a JSON parser would write otherwise. */
export const contentOf = ({ kind, user, n }, style) =>
  `{"${kind} share of":"user ${user}","n": ${n}.0${style.large ? `,"large":"${"7".repeat(150_000)}"` : ""}}`;

/** The old server: `apply` each operation, then ask for its rows. */
export class LegacyServer {
  users = new Map();
  rows = [];
  /** Which lines come twice. */
  isTwice = false;
  #style;

  constructor(style) {
    this.#style = style;
  }

  apply(op) {
    const style = this.#style;
    const content = op.n && contentOf(op, style);
    if (op.op === "user") this.users.set(op.user, userOf(op, style));
    if (op.op === "twice") this.isTwice = true;
    if (op.op === "odd user") this.#oddUser(op);
    const user = this.users.get(op.user);
    if (!user) return;
    if (op.op === "inline") user.inline[op.kind] = content;
    if (op.op === "migrate" && user.inline[op.kind]) {
      // The share is copied from the old column into the new table; the column is cleared, or forgotten.
      this.#store({ ...op, method: null, times: "none", pair: null }, user.inline[op.kind]);
      if (!op.keep) delete user.inline[op.kind];
    }
    if (op.op === "store") {
      this.#store(op, content);
      if (style.inline === "both" && !op.bad) user.inline[op.kind] = content;
    }
  }

  #oddUser({ user, bad: given, n }) {
    const style = this.#style;
    // Where the client id is the user id, two rows with one are one user.
    const bad = given === "same client" && style.userIdColumn === "clientId" ? "no client" : given;
    const odd = userOf({ user, key: true }, style);
    if (bad === "no client") odd.clientId = null;
    if (bad === "same client") odd.clientId = "client-1";
    odd.odd = bad;
    odd.oddContent = contentOf({ kind: "custodian", user, n }, style);
    this.users.set(user, odd);
    this.rows.push({
      ...emptyRow({ kind: "custodian", user, row: 77 }, style),
      method: style.hasMethods ? "GDRIVE" : null,
      content: contentOf({ kind: "custodian", user, n: `${n}0` }, style),
    });
  }

  #store(op, content) {
    const style = this.#style;
    const isOf = (row) => row.kind === op.kind && row.user === op.user && !row.bad && !op.bad;
    const method = style.hasMethods ? op.method : null;
    const found =
      style[op.kind] === "append"
        ? undefined
        : this.rows.find((row) => isOf(row) && (style[op.kind] === "user" || row.method === method));
    const has = (name) => style.columns === "both" || style.columns === name;
    const at = ["ms", "mixed", "iso", "prisma", "offset"].includes(style.clock)
      ? Math.floor(op.at / 1000) * 1000
      : op.at;
    const row = found ?? { ...emptyRow(op, style), created: has("created") && op.times !== "none" ? at : null };
    Object.assign(row, { method, content, pair: style.hasPairs ? op.pair : null });
    // A row that was written with a time goes on having one.
    row.updated = has("updated") && (op.times === "both" || found?.updated) ? at : null;
    if (found && row.updated === null && row.created !== null) row.created = at;
    if (op.bad) row.bad = op.bad;
    if (op.bad === "ahead") row.created = row.updated = (Date.now() + 3 * 86_400_000) * 1000;
    if (op.bad === "huge") row.content = `${content.slice(0, -1)},"more":"${"7".repeat(MAX_SHARE)}"}`;
    if (op.bad === "empty") row.content = "";
    if (op.bad === "null") row.content = null;
    if (!found) this.rows.push(row);
  }
}

const userOf = ({ user, key }, style) => ({
  user,
  id: style.ids === "integer" ? user : `u-${user}`,
  clientId: `client-${user}`,
  key: key ? `key-${user}` : null,
  exchangeUserId: `exchange-${user}`,
  inline: {},
});
const LAST_ROW = 61;
const idOf = (row, style) => (style.ids === "integer" ? row : `s-${row}`);
const emptyRow = ({ kind, user, row }, style) => ({
  kind,
  user,
  // Ids are of one table: a share's may be a cipher text's as well, and a user's.
  id: style.rowIds ? idOf(kind === "custodian" ? row : LAST_ROW - row, style) : undefined,
  created: null,
  updated: null,
  pair: null,
});

/** Under which user id a user is known to the service. */
export const serviceId = (user, style) => String(user[style.userIdColumn]);

// ---- The rows in a file -------------------------------------------------------------------------------------------------------

const snake = (name) => name.replace(/(?!^)[A-Z]/g, (c) => `_${c}`).toLowerCase();

function timeOf(at, style, n) {
  if (at === null || at === undefined) return null;
  const iso = new Date(Math.floor(at / 1000)).toISOString();
  const clock = style.clock === "mixed" ? ["ms", "iso", "prisma"][n % 3] : style.clock;
  if (clock === "ms") return Math.floor(at / 1000);
  if (clock === "prisma") return iso.replace("Z", "+00:00");
  if (clock === "micro") return `${iso.slice(0, 19).replace("T", " ")}.${String(at % 1_000_000).padStart(6, "0")}`;
  if (clock === "offset")
    return `${new Date(Math.floor(at / 1000) + 7_200_000).toISOString().slice(0, 23).replace("T", " ")}+02`;
  return iso;
}

const COLUMN = { custodian: "share", text: "cipherText" };
const INLINE = { custodian: "backupShare", text: "cipherText" };

/** What stands in a row, by its camelCase names. */
function fieldsOf(row, server, style, n) {
  const owner = server.users.get(row.user);
  const time = (at) => (row.bad === "bad time" ? "yesterday" : timeOf(at, style, n));
  const dated = row.bad === "bad time" || row.bad === "ahead";
  return {
    ...(row.id !== undefined && { id: row.id }),
    userId:
      row.bad === "no user" ? null : row.bad === "stranger" ? (style.ids === "integer" ? 404 : "u-404") : owner.id,
    ...(style.hasMethods && { backupMethod: row.method }),
    ...(style.hasPairs && { backupSharePairId: row.pair }),
    ...((dated || ["both", "created"].includes(style.columns)) && { createdAt: time(row.created) }),
    ...((dated || ["both", "updated"].includes(style.columns)) && { updatedAt: time(row.updated) }),
    [COLUMN[row.kind]]: row.content,
    ...(row.bad === "both" && { [COLUMN[row.kind === "text" ? "custodian" : "text"]]: row.content }),
  };
}

function userFields(user, style) {
  return {
    id: user.id,
    clientId: user.clientId,
    clientApiKey: user.key,
    exchangeUserId: user.exchangeUserId,
    ...(style.inline !== "none" && {
      [INLINE.custodian]: user.inline.custodian ?? null,
      [INLINE.text]: user.inline.text ?? null,
    }),
    ...(user.odd === "odd field" && { custodianShare: user.oddContent }),
    ...(user.odd === "method" && { backupMethod: "GDRIVE", backupShare: user.oddContent }),
  };
}

/** Writes the file; returns where each share stands in it: `[{ place, row }]`, `row` a row of shares or `{ user, kind }` of a column. */
export function write(file, server, style, order) {
  return style.form === "sqlite" ? writeSqlite(file, server, style) : writeLines(file, server, style, order);
}

const inlineShares = (user) =>
  [
    ...Object.entries(user.inline).map(([kind, content]) => ({ kind, content })),
    ...(["odd field", "method"].includes(user.odd)
      ? [{ kind: "custodian", content: user.oddContent, bad: user.odd }]
      : []),
  ].map((share) => ({ ...share, user: user.user, isInline: true, created: null, updated: null, method: null }));

const isNamed = (style) => (style.names === "snake" ? snake : (name) => name);

function writeSqlite(file, server, style) {
  rmSync(file, { force: true });
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
  const named = isNamed(style);
  const id = style.ids === "integer" ? "INTEGER" : "TEXT";
  const types = { id: `${id} PRIMARY KEY`, userId: id, createdAt: "DATETIME", updatedAt: "DATETIME" };
  const put = (table, rows, always) => {
    const columns = [...new Set([...always, ...rows.flatMap(Object.keys)])];
    const quoted = columns.map((column) => `"${named(column)}"`);
    db.exec(
      `CREATE TABLE "${named(table)}" (${columns.map((column, n) => `${quoted[n]} ${types[column] ?? "TEXT"}`).join(", ")})`,
    );
    const insert = db.prepare(
      `INSERT INTO "${named(table)}" (${quoted.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
    );
    for (const row of rows) insert.run(...columns.map((column) => row[column] ?? null));
  };
  const places = [];
  const users = [...server.users.values()];
  const inlines = style.inline === "none" ? [] : Object.values(INLINE);
  put(
    "User",
    users.map((user) => userFields(user, style)),
    ["id", "clientId", "exchangeUserId", ...inlines],
  );
  for (const user of users)
    for (const share of inlineShares(user)) places.push({ place: `${named("User")} ${user.id}`, row: share });
  for (const [table, kind] of [
    ["CustodianBackupShare", "custodian"],
    [style.texts, "text"],
  ]) {
    const rows = server.rows.filter((row) => row.kind === kind);
    if (style.inline === "only" && rows.length === 0) continue;
    put(
      table,
      rows.map((row, n) => {
        const fields = fieldsOf(row, server, style, n);
        if (row.bad === "bytes") fields[COLUMN[kind]] = Buffer.from(row.content);
        return fields;
      }),
      ["id", "userId", COLUMN[kind]],
    );
    for (const row of rows) places.push({ place: `${named(table)} ${row.id}`, row });
  }
  db.exec("COMMIT");
  db.close();
  return { places, users: users.map((user) => ({ place: `${named("User")} ${user.id}`, user })) };
}

function writeLines(file, server, style, order) {
  const named = isNamed(style);
  const line = (fields) => {
    const entries = Object.entries(fields).map(([name, value]) => {
      const isShare =
        ["share", "cipherText", "backupShare"].includes(name) && typeof value === "string" && value !== "";
      const text =
        isShare && style.objects
          ? value
          : Array.isArray(value)
            ? `[${value.map(line).join(", ")}]`
            : JSON.stringify(value);
      return `${JSON.stringify(named(name))}: ${text}`;
    });
    return `{${entries.join(", ")}}`;
  };
  const share = (row, n) => {
    const fields = fieldsOf(row, server, style, n);
    if (row.bad === "bytes") fields[COLUMN[row.kind]] = 7; // what a line has in the place of bytes
    return line(fields);
  };
  const lines = [];
  const nests = style.form === "nested";
  const nested = (user, kind) =>
    server.rows.filter(
      (row) => row.kind === kind && row.user === user.user && row.bad !== "stranger" && row.bad !== "no user",
    );
  for (const user of server.users.values()) {
    const fields = userFields(user, style);
    const inner = nests ? [...nested(user, "custodian"), ...nested(user, "text")] : [];
    let text = line(fields);
    if (nests) {
      const list = (kind) =>
        `[${nested(user, kind)
          .map((row, n) => share(row, n))
          .join(", ")}]`;
      const texts = style.texts === "UserBackupShare" ? "userBackupShares" : "clientBackupShares";
      text = `${text.slice(0, -1)}, ${JSON.stringify(named("custodianBackupShares"))}: ${list("custodian")}, ${JSON.stringify(named(texts))}: ${list("text")}}`;
    }
    lines.push({ text, user, shares: [...inlineShares(user), ...inner] });
  }
  const inLines = new Set(lines.flatMap(({ shares }) => shares));
  for (const [n, row] of server.rows.entries())
    if (!inLines.has(row)) lines.push({ text: share(row, n), shares: [row] });
  if (server.isTwice) lines.push(...lines);
  // Some order that is no one's.
  const mixed = lines.map((one, n) => [((n + 1) * 7919 * order) % 101, one]).sort(([a], [b]) => a - b);
  writeFileSync(file, mixed.map(([, { text }]) => text).join("\n"));
  const places = [];
  const users = [];
  for (const [n, [, { user, shares }]] of mixed.entries()) {
    if (user) users.push({ place: `line ${n + 1}`, user });
    for (const row of shares) places.push({ place: `line ${n + 1}`, row });
  }
  return { places, users };
}

// ---- What docs/moving.md says -------------------------------------------------------------------------------------------------

export const methodOf = (method) => (method ? method.toUpperCase() : "UNKNOWN");
export const keyOf = (kind, user, method) => [kind, user, methodOf(method)].join(" ");
export const timeOfRow = (row) => row.updated ?? row.created;

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Times with every digit, rows without one first; then the ids; a column of User before the rows of a table. */
function byRule(a, b) {
  return (
    compare(timeOfRow(a) ?? -1, timeOfRow(b) ?? -1) ||
    compare(a.isInline ? 0 : 1, b.isInline ? 0 : 1) ||
    (typeof a.id === "number" ? a.id - b.id : Buffer.compare(Buffer.from(a.id ?? ""), Buffer.from(b.id ?? "")))
  );
}

/**
 * What must become of the rows of a file: which are refused, and the others in their order: the last of each group is the
 * current one. `isLoose`: of users that take each other's place the first counts, and which is that is not said.
 */
export function expected({ places, users }, server, style) {
  // Without a client id it is no user; in a file of JSON lines a row with a method may be one of shares.
  const isNoUser = (user) => user.clientId === null || (user.odd === "method" && style.form !== "sqlite");
  const isOfNoUser = (row) => isNoUser(server.users.get(row.user));
  const isRefused = (row) => row.bad !== undefined || isOfNoUser(row);
  const groups = new Map();
  const seen = new Set();
  const counts = { new: 0, same: 0, conflict: 0, refused: 0 };
  const count = (one, refused) => {
    counts[refused ? "refused" : seen.has(one) ? "same" : "new"] += 1;
    seen.add(one);
  };
  for (const { user } of users) count(user, isNoUser(user));
  for (const { row } of places) {
    // A line that is refused for its user is refused as a whole.
    const isWithin =
      isOfNoUser(row) && (row.isInline || style.form === "nested") && !["stranger", "no user"].includes(row.bad);
    if (isWithin) continue;
    if (!isRefused(row) && !seen.has(row)) {
      const key = keyOf(row.kind, row.user, row.method);
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    count(row, isRefused(row));
  }
  for (const rows of groups.values()) rows.sort(byRule);
  return {
    groups,
    isRefused,
    isNoUser,
    isLoose: [...server.users.values()].some(({ odd }) => odd === "same client"),
    counts,
  };
}
