// Several homes as one database, for tests that look into what is stored, or change it. A question is answered from the rows of all
// homes together, in a copy; a change is made in each home, where it may find nothing to change. What is inserted goes to the
// home of whom its values name: somebody who is, or was, there; what names nobody goes to home 0.

import { DatabaseSync } from "node:sqlite";

const isQuestion = (sql) =>
  /^\s*(SELECT|WITH|VALUES)\b/i.test(sql) && !/\b(INSERT INTO|UPDATE|DELETE FROM)\b/i.test(sql);
const isInsertion = (sql) => /^\s*(WITH\b[\s\S]*?\b)?INSERT\b/i.test(sql);
const ofMeta = (sql) => /\b(meta|key_canaries)\b/i.test(sql);
const rowNames =
  "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*' AND name <> 'd1_migrations'";

export class SpreadDatabase {
  #homes;

  constructor(homes) {
    this.#homes = homes;
  }

  prepare(sql) {
    return new Statement(this, sql, []);
  }

  async batch(statements) {
    const results = [];
    for (const statement of statements) results.push(await statement.all());
    return results;
  }

  async exec(sql) {
    for (const home of this.#homes) await home.exec(sql);
  }

  async run(sql, values) {
    if (isQuestion(sql)) return this.#ask(sql, values);
    if (isInsertion(sql) && !ofMeta(sql)) return this.#insert(sql, values);
    const results = [];
    for (const home of this.#homes)
      results.push(
        await home
          .prepare(sql)
          .bind(...values)
          .all(),
      );
    return {
      results: results.flatMap((result) => result.results),
      success: true,
      meta: { ...results[0].meta, changes: results.reduce((sum, { meta }) => sum + meta.changes, 0) },
    };
  }

  async #insert(sql, values) {
    let refused;
    for (const home of await this.#nearest(sql, values)) {
      try {
        const result = await home
          .prepare(sql)
          .bind(...values)
          .all();
        // INSERT … SELECT may find in this home nothing to take from.
        if (result.meta.changes > 0) return result;
        refused = undefined;
      } catch (error) {
        if (!/FOREIGN KEY|NOT NULL/.test(error.message)) throw error;
        refused = error;
      }
    }
    if (refused) throw refused;
    return { results: [], success: true, meta: { changes: 0 } };
  }

  /** The homes, those first that know somebody by one of the texts in a statement. */
  async #nearest(sql, values) {
    const texts = [...sql.matchAll(/'([^']*)'/g)].map(([, text]) => text);
    const named = JSON.stringify([...values.filter((value) => typeof value === "string"), ...texts]);
    const knows = await Promise.all(
      this.#homes.map(async (home) => {
        const known =
          "SELECT count(*) AS n FROM (SELECT id, client_id FROM users UNION ALL SELECT id, client_id FROM deleted_users) u " +
          "WHERE u.id IN (SELECT value FROM json_each(?1)) OR u.client_id IN (SELECT value FROM json_each(?1))";
        return home.prepare(known).bind(named).first("n");
      }),
    );
    return [...this.#homes].sort((a, b) => knows[this.#homes.indexOf(b)] - knows[this.#homes.indexOf(a)]);
  }

  /** From a copy of all rows: views, counts and orders are those of one database. */
  async #ask(sql, values) {
    const copy = new DatabaseSync(":memory:");
    copy.exec("PRAGMA foreign_keys = OFF");
    const first = this.#homes[0];
    const schema = await first
      .prepare(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'view') AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'",
      )
      .all();
    // What is unique in each home need not be over all of them, such as audit events.
    for (const { sql: create } of schema.results.filter(({ type }) => type === "table")) copy.exec(create);
    for (const home of this.#homes) {
      for (const { name } of (await home.prepare(rowNames).all()).results) {
        if (!new RegExp(`\\b${name}\\b`).test(sql) && !/\bstore_times\b|\busers_over_quota\b/.test(sql)) continue;
        const rows = (await home.prepare(`SELECT * FROM "${name}"`).all()).results;
        if (rows.length === 0) continue;
        const columns = Object.keys(rows[0]).filter((column) => column !== "method"); // it is generated
        const insert = copy.prepare(
          `INSERT OR IGNORE INTO "${name}" (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
        );
        for (const row of rows) insert.run(...columns.map((column) => row[column]));
      }
    }
    for (const { sql: create } of schema.results.filter(({ type }) => type === "view")) copy.exec(create);
    const results = copy
      .prepare(sql)
      .all(...values.map((value) => (typeof value === "boolean" ? Number(value) : value)))
      .map((row) => ({ ...row }));
    copy.close();
    return { results, success: true, meta: { changes: 0 } };
  }
}

class Statement {
  #db;
  #sql;
  #values;

  constructor(db, sql, values) {
    this.#db = db;
    this.#sql = sql;
    this.#values = values;
  }

  bind(...values) {
    return new Statement(this.#db, this.#sql, values);
  }

  all() {
    return this.#db.run(this.#sql, this.#values);
  }

  run() {
    return this.all();
  }

  async first(column) {
    const { results } = await this.all();
    const row = results[0] ?? null;
    return column === undefined ? row : (row?.[column] ?? null);
  }
}
