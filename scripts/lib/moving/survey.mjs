// What a first reading of a source learns, without its shares: who the users are, and which of several shares under one user
// and method is the current one. It is kept in a SQLite file of its own that has no name and goes with the process, so that
// memory stays flat however many rows there are.

import { createHash } from "node:crypto";

/** A share that has neither a time nor a later one beside it counts as stored then. */
const UNKNOWN_TIME = "1970-01-01T00:00:00.000Z";

const SCHEMA = `
  CREATE TABLE users (row TEXT PRIMARY KEY, id TEXT NOT NULL, client_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE shares (type TEXT, owner TEXT, method TEXT, version TEXT, at TEXT, row ANY, n INTEGER,
    PRIMARY KEY (type, owner, method, version)) STRICT, WITHOUT ROWID;
  CREATE INDEX places ON shares (type, owner, method, at, row, n)`;

export class Survey {
  #db;
  #addUser;
  #addShare;
  #user;
  #place;
  #next;
  /** The types of shares of which some user has several under one method. */
  #several;
  #n = 0;

  static async begin() {
    const { DatabaseSync } = await import("node:sqlite");
    return new Survey(new DatabaseSync(""));
  }

  constructor(db) {
    this.#db = db;
    db.exec(`${SCHEMA}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN`);
    this.#addUser = db.prepare("INSERT OR REPLACE INTO users VALUES (?, ?, ?)");
    this.#addShare = db.prepare(
      `INSERT INTO shares VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET row = excluded.row, n = excluded.n
         WHERE (excluded.row, excluded.n) > (row, n)`,
    );
    this.#user = db.prepare("SELECT id AS userId, client_id AS clientId FROM users WHERE row = ?");
    this.#place = db.prepare(
      "SELECT at, row, n FROM shares WHERE type = ? AND owner = ? AND method = ? AND version = ?",
    );
    this.#next = db.prepare(
      "SELECT at FROM shares WHERE type = ? AND owner = ? AND method = ? AND (at, row, n) > (?, ?, ?) ORDER BY at, row, n LIMIT 1",
    );
    this.#place.setReadBigInts(true); // a row's id may be greater than a safe integer
  }

  /** A row of User: its shares name it by its row id, the service by the id that the app uses. */
  addUser(rowId, { id, clientId }) {
    this.#addUser.run(rowId, id, clientId);
  }

  /** `{ userId, clientId }` of a row of User. */
  user(rowId) {
    return this.#user.get(rowId);
  }

  /**
   * A share that may be current. The same share of the same time may come again (a row that was dumped twice, an export's second
   * pass). It has one place, the last of them: no share is superseded by itself.
   */
  addShare(share) {
    this.#addShare.run(...keyOf(share), versionOf(share), share.at, rowOf(share), (this.#n += 1));
  }

  /** To be called once all is added. */
  end() {
    const found = this.#db
      .prepare("SELECT DISTINCT type FROM (SELECT type FROM shares GROUP BY type, owner, method HAVING count(*) > 1)")
      .all();
    this.#several = new Set(found.map(({ type }) => type));
  }

  hasSeveral(type) {
    return this.#several.has(type);
  }

  /**
   * Until when a share was current, as `{ storedAt, supersededAt }`; undefined for the one that still is. One rule for every
   * source: the order is by the whole time (rows without one come first), then by the rows' ids in their own order, then as they were read.
   */
  supersededAt(share) {
    if (!this.hasSeveral(share.record.type)) return undefined;
    // The place is looked up and never made again: what else is read, and how often, does not move it. A share that is not known
    // was changed since: it comes behind all of its time.
    const key = keyOf(share);
    const place = this.#place.get(...key, versionOf(share)) ?? {
      at: share.at,
      row: rowOf(share),
      n: Number.MAX_SAFE_INTEGER,
    };
    const next = this.#next.get(...key, place.at, place.row, place.n);
    if (!next) return undefined;
    const until = next.at ? milliseconds(next.at) : (share.record.storedAt ?? UNKNOWN_TIME);
    return { storedAt: share.record.storedAt ?? until, supersededAt: until };
  }

  close() {
    this.#db.close();
  }
}

const milliseconds = (exact) => `${exact.slice(0, 23)}Z`;

/** Methods are compared without ASCII case, as the service does it. */
const keyOf = ({ record }) => [
  record.type,
  String(record.userId),
  String(record.backupMethod ?? "UNKNOWN").replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
];

/** What makes two shares the same one: its id, its time and its content. */
const versionOf = ({ record, at }) =>
  createHash("sha256")
    .update([record.id, at, record.share ?? record.cipherText].join("\0"))
    .digest("base64url");

// Numbers are compared as numbers and come before texts, which are compared byte by byte.
const rowOf = ({ row }) => (Number.isSafeInteger(row) ? BigInt(row) : typeof row === "bigint" ? row : String(row));
