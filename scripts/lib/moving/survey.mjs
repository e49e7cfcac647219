// What a first reading of a source learns, without its shares: who the users are, and which of several shares under one user
// and method is the current one. It is kept in a SQLite file of its own that has no name and goes with the process, so that
// memory stays flat however many rows there are.

/** A share that has neither a time nor a later one beside it counts as stored then. */
const UNKNOWN_TIME = "1970-01-01T00:00:00.000Z";

const SCHEMA = `
  CREATE TABLE users (row TEXT PRIMARY KEY, id TEXT NOT NULL, client_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE shares (type TEXT, owner TEXT, method TEXT, at TEXT, row ANY, n INTEGER, PRIMARY KEY (type, owner, method, at, row, n))
    STRICT, WITHOUT ROWID`;

export class Survey {
  #db;
  #addUser;
  #addShare;
  #user;
  #next;
  #several;

  static async begin() {
    const { DatabaseSync } = await import("node:sqlite");
    return new Survey(new DatabaseSync(""));
  }

  constructor(db) {
    this.#db = db;
    db.exec(`${SCHEMA}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN`);
    this.#addUser = db.prepare("INSERT OR REPLACE INTO users VALUES (?, ?, ?)");
    this.#addShare = db.prepare("INSERT OR IGNORE INTO shares VALUES (?, ?, ?, ?, ?, ?)");
    this.#user = db.prepare("SELECT id AS userId, client_id AS clientId FROM users WHERE row = ?");
    this.#next = db.prepare(
      "SELECT at FROM shares WHERE type = ? AND owner = ? AND method = ? AND (at, row, n) > (?, ?, ?) ORDER BY at, row, n LIMIT 1",
    );
  }

  /** A row of User: its shares name it by its row id, the service by the id that the app uses. */
  addUser(rowId, { id, clientId }) {
    this.#addUser.run(rowId, id, clientId);
  }

  /** `{ userId, clientId }` of a row of User. */
  user(rowId) {
    return this.#user.get(rowId);
  }

  /** A share that may be current. `n` tells apart those that have no id of their own, and is 0 for those that have. */
  addShare(share, n = 0) {
    this.#addShare.run(...keyOf(share), ...orderOf(share, n));
  }

  /** To be called once all is added. */
  end() {
    const found = this.#db
      .prepare("SELECT 1 FROM shares GROUP BY type, owner, method HAVING count(*) > 1 LIMIT 1")
      .get();
    this.#several = found !== undefined;
  }

  /**
   * Until when a share was current, as `{ storedAt, supersededAt }`; undefined for the one that still is. One rule for every
   * source: the order is by the whole time (rows without one come first), then by the rows' ids in their own order.
   */
  supersededAt(share, n = 0) {
    if (!this.#several) return undefined;
    const next = this.#next.get(...keyOf(share), ...orderOf(share, n));
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

// Numbers are compared as numbers and come before texts, which are compared byte by byte.
const orderOf = ({ at, row }, n) => [
  at,
  Number.isSafeInteger(row) ? BigInt(row) : typeof row === "bigint" ? row : String(row),
  n,
];
