// The triggers of the second copy against a database that does everything at random: what the objects make of each user is what the
// database holds, row for row. On SQLite itself, with the product's migrations and the statement that the Worker reads its notes with.
// `JOURNAL_HISTORIES=100000 npm test -- --only=copy/journal` for hours of it.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";

import { inRoot, migrationsDir } from "../../scripts/lib/paths.mjs";
import { inOrder, replay, rowsOf } from "../support/journal.mjs";

const HISTORIES = Number(process.env.JOURNAL_HISTORIES ?? 150);
const STEPS = 60;

const migrations = readdirSync(migrationsDir)
  .filter((name) => name.endsWith(".sql"))
  .sort()
  .map((name) => readFileSync(join(migrationsDir, name), "utf8"));
const PAGE = readFileSync(inRoot("src", "store", "sql", "changes_page.sql"), "utf8");
const BEGIN = readFileSync(inRoot("src", "store", "sql", "copying_begin.sql"), "utf8");

/** The same numbers at every run, by their seed. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const TABLES = { custodian: "custodian_backup_shares", user: "user_backup_shares" };
const COLUMNS =
  "id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, created_at, updated_at, sealed_share";
const NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

class History {
  db = new DatabaseSync(":memory:");
  bucket = new Map();
  acknowledged = [];
  #rnd;
  #n = 0;

  constructor(seed, { without = [] } = {}) {
    this.#rnd = random(seed);
    for (const sql of migrations) this.db.exec(sql);
    for (const trigger of without) this.db.exec(`DROP TRIGGER ${trigger}`);
  }

  query = (sql, ...values) => this.db.prepare(sql).all(...values);
  #run = (sql, ...values) => this.db.prepare(sql).run(...values);
  #one = (list) => list[this.#rnd(list.length)];

  begin() {
    this.#run(BEGIN, "one");
  }

  #page(after, user, limit) {
    return this.db.prepare(PAGE).all(after, user, null, limit, 1_000_000, null, null);
  }

  #put({ user_id, epoch, seq, what, body }) {
    const name = `${user_id}/${epoch}-${String(seq).padStart(12, "0")}.${what}`;
    if (body !== null && !this.bucket.has(name)) this.bucket.set(name, body);
  }

  /** The drain, which may die after any object. */
  drain(limit) {
    for (const note of this.#page(0, null, limit)) {
      this.#put(note);
      if (this.#rnd(4) === 0) return;
      this.#run("DELETE FROM changes WHERE seq = ?", note.seq);
    }
  }

  drainAll() {
    while (this.query("SELECT 1 FROM changes LIMIT 1").length > 0) this.drain(50);
  }

  step() {
    const user = this.#one(["u0", "u1", "u2"]);
    const kind = this.#one(["custodian", "user"]);
    const table = TABLES[kind];
    const method = this.#one(["GDRIVE", "gdrive", "PASSWORD"]);
    const id = `v${++this.#n}`;
    const isThere = this.query("SELECT 1 FROM users WHERE id = ?", user).length > 0;
    switch (this.#rnd(14)) {
      case 0:
      case 1:
        if (!isThere)
          this.#run(
            `INSERT INTO users (id, client_id, made_by_webhook, created_at) VALUES (?, ?, ?, ${NOW})`,
            user,
            `c${user}`,
            this.#rnd(2),
          );
        return;
      case 2:
      case 3:
      case 4:
      case 5:
        if (!isThere) return;
        this.#run(
          `INSERT INTO ${table} (${COLUMNS}) SELECT ?1, ?2, ?3, ?4, 'k1', 'digest ' || ?1, ${NOW}, at, 'sealed ' || ?1 FROM store_times
           WHERE user_id = ?2 ON CONFLICT DO UPDATE SET id = excluded.id, backup_method = excluded.backup_method, share_digest = excluded.share_digest,
           backup_share_pair_id = excluded.backup_share_pair_id, updated_at = excluded.updated_at, sealed_share = excluded.sealed_share`,
          id,
          user,
          method,
          this.#one([null, "pair"]),
        );
        this.acknowledged.push(id);
        // The request's own put, which may get through, and so may the removal of its note.
        if (this.#rnd(2) === 0) {
          const own = this.#page(-8, user, 8);
          for (const note of own) this.#put(note);
          if (this.#rnd(2) === 0) for (const { seq } of own) this.#run("DELETE FROM changes WHERE seq = ?", seq);
        }
        return;
      case 6: // an operator restores a version
        return this.#restore(user);
      case 7:
        this.#run("DELETE FROM users WHERE id = ?", user);
        return;
      case 8:
        return this.#restoreUser(user);
      case 9: // a rewrap, of what is current and of what is kept
        this.#run(`UPDATE ${table} SET sealed_share = sealed_share || 'r', key_id = 'k2' WHERE user_id = ?`, user);
        this.#run(
          "UPDATE backup_share_versions SET sealed_share = sealed_share || 'r', key_id = 'k2' WHERE user_id = ? AND kind = ?",
          user,
          kind,
        );
        return;
      case 10:
        this.#run("UPDATE users SET client_api_key_hash = ? WHERE id = ?", `hash ${id}`, user);
        this.#run(
          `UPDATE user_backup_shares SET replaced_alone_at = ?, text_digest = ? WHERE user_id = ?`,
          this.#one([null, "2026"]),
          this.#one([null, `text ${id}`]),
          user,
        );
        return;
      case 11: // what is past its retention goes; an operator deletes a share; an import brings a version
        if (this.#rnd(3) === 0)
          this.#run("DELETE FROM backup_share_versions WHERE rowid = (SELECT min(rowid) FROM backup_share_versions)");
        if (this.#rnd(3) === 0) this.#run(`DELETE FROM ${table} WHERE user_id = ? AND backup_method = ?`, user, method);
        if (this.#rnd(3) === 0)
          this.#run("DELETE FROM deleted_users WHERE deleted_at = (SELECT min(deleted_at) FROM deleted_users)");
        if (isThere)
          this.#run(
            `INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at, superseded_at, reason, sealed_share, imported_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 'k1', '2020', '2021', '2022', 'replaced', 'sealed ' || ?1, ${NOW})`,
            id,
            user,
            `c${user}`,
            kind,
            method,
          );
        return;
      case 12:
        if (this.#rnd(3) === 0) return this.#purge(user);
        return;
      case 13:
        this.drain(1 + this.#rnd(8));
    }
  }

  #transaction(statements) {
    this.db.exec("BEGIN");
    for (const [sql, ...values] of statements) this.#run(sql, ...values);
    this.db.exec("COMMIT");
  }

  #current(table, v) {
    return [
      `INSERT INTO ${table} (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET id = excluded.id, backup_method = excluded.backup_method,
       backup_share_pair_id = excluded.backup_share_pair_id, key_id = excluded.key_id, share_digest = excluded.share_digest,
       updated_at = excluded.updated_at, sealed_share = excluded.sealed_share`,
      ...[
        v.id,
        v.user_id,
        v.backup_method,
        v.backup_share_pair_id,
        v.key_id,
        v.share_digest,
        v.created_at,
        v.stored_at,
        v.sealed_share,
      ],
    ];
  }

  #restore(user) {
    const versions = this.query(
      "SELECT v.* FROM backup_share_versions v JOIN users u ON u.id = v.user_id WHERE u.id = ? ORDER BY v.id",
      user,
    );
    if (versions.length === 0) return;
    const v = this.#one(versions);
    this.#transaction([
      this.#current(TABLES[v.kind], v),
      ["DELETE FROM backup_share_versions WHERE user_id = ? AND id = ?", user, v.id],
    ]);
  }

  #restoreUser(user) {
    const [gone] = this.query("SELECT * FROM deleted_users WHERE id = ? ORDER BY deleted_at DESC", user);
    if (!gone || this.query("SELECT 1 FROM users WHERE id = ?", user).length > 0) return;
    const versions = this.query(
      "SELECT * FROM backup_share_versions WHERE user_id = ? AND reason = 'deleted' AND superseded_at = ?",
      user,
      gone.deleted_at,
    );
    const { id, client_id, client_api_key_hash, made_by_webhook, created_at, deleted_at } = gone;
    this.#transaction([
      [
        "INSERT INTO users (id, client_id, client_api_key_hash, made_by_webhook, created_at) VALUES (?, ?, ?, ?, ?)",
        id,
        client_id,
        client_api_key_hash,
        made_by_webhook,
        created_at,
      ],
      ...versions.flatMap((v) => [
        this.#current(TABLES[v.kind], v),
        ["DELETE FROM backup_share_versions WHERE user_id = ? AND id = ?", user, v.id],
      ]),
      ["DELETE FROM deleted_users WHERE id = ? AND deleted_at = ?", id, deleted_at],
    ]);
  }

  #purge(user) {
    this.#transaction([
      ["DELETE FROM users WHERE id = ?", user],
      ["DELETE FROM backup_share_versions WHERE user_id = ?", user],
      ["DELETE FROM deleted_users WHERE id = ?", user],
      ["DELETE FROM changes WHERE user_id = ?", user],
      [
        `INSERT INTO changes (at, user_id, what, record) VALUES (${NOW}, ?1, 'purged', json_object('clientId', 'c' || ?1))`,
        user,
      ],
    ]);
  }
}

/** One history to its end: what the objects make, and what the database holds. */
async function lived(seed, options) {
  const history = new History(seed, options);
  history.begin();
  for (let step = 0; step < STEPS; step++) history.step();
  history.drainAll();
  const copied = new Set([...history.bucket.values()].map((text) => JSON.parse(text).id));
  const outcome = {
    rebuilt: inOrder(replay(history.bucket)),
    held: inOrder(await rowsOf(history.query)),
    missing: history.acknowledged.filter((id) => !copied.has(id)),
    objects: history.bucket,
  };
  history.db.close();
  return outcome;
}

describe("the second copy's journal", () => {
  it(`makes of ${HISTORIES} random histories what the database holds, row for row`, async () => {
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const { rebuilt, held } = await lived(seed);
      assert.deepEqual(rebuilt, held, `seed ${seed}`);
    }
  });

  it("is noticed to lack any of its triggers", async () => {
    const db = new DatabaseSync(":memory:");
    for (const sql of migrations) db.exec(sql);
    const triggers = db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_noted'").all();
    db.close();
    assert.equal(triggers.length, 13);
    for (const { name } of triggers) {
      let noticed = false;
      for (let seed = 1; seed <= 40 && !noticed; seed++) {
        const { rebuilt, held } = await lived(seed, { without: [name] });
        noticed = JSON.stringify(rebuilt) !== JSON.stringify(held);
      }
      assert.ok(noticed, name);
    }
  });

  it("leaves out the sealed text that the request has, and no other: not of another version, nor under a newer key", () => {
    const history = new History(1);
    history.begin();
    history.db.exec(`
      INSERT INTO users (id, client_id, created_at) VALUES ('u', 'c', '2026');
      INSERT INTO user_backup_shares (${COLUMNS}) VALUES ('own', 'u', 'GDRIVE', NULL, 'k1', 'd1', '2026', '2026', 'sealed 1');
      INSERT INTO custodian_backup_shares (${COLUMNS}) VALUES ('other', 'u', 'GDRIVE', NULL, 'k1', 'd2', '2026', '2026', 'sealed 2');
    `);
    const texts = (key) =>
      history.db
        .prepare(PAGE)
        .all(0, null, null, 100, 1_000_000, "own", key)
        .filter(({ what }) => what === "share")
        .map(({ is_own, body }) => [Boolean(is_own), body.slice(body.indexOf('"sealedShare"'))]);
    const other = [false, '"sealedShare":"sealed 2"}'];
    assert.deepEqual(texts("k1"), [[true, '"sealedShare":null}'], other]);
    history.db.exec("UPDATE user_backup_shares SET key_id = 'k2', sealed_share = 'sealed 3'");
    const own = [false, '"sealedShare":"sealed 3"}'];
    assert.deepEqual(texts("k1").slice(0, 2), [own, other]);
    assert.deepEqual(texts(null).slice(0, 2), [own, other]);
  });

  it("is not written where nothing is copied", () => {
    const history = new History(1);
    for (let step = 0; step < 500; step++) history.step();
    assert.deepEqual(history.query("SELECT * FROM changes WHERE what <> 'purged'"), []);
    assert.deepEqual(history.query("SELECT * FROM meta WHERE name NOT IN ('schema_version', 'home', 'identity')"), []);
  });
});
