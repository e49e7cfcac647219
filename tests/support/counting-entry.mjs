// The built Worker behind a D1 that counts: each round trip with its SQL and the rows that SQLite read and wrote.
// `await worker.entry().taken()` gives what was counted since the last time.

import { WorkerEntrypoint } from "cloudflare:workers";

import Rust from "../../build/index.js";

let trips = [];

function counted(results, statements) {
  const rows = (name) => results.reduce((sum, { meta }) => sum + (meta?.[name] ?? 0), 0);
  trips.push({ sql: statements, rowsRead: rows("rows_read"), rowsWritten: rows("rows_written") });
}

/** A statement that is run by itself is a round trip, too. */
function counting(statement, sql) {
  const bind = statement.bind.bind(statement);
  statement.bind = (...values) => counting(bind(...values), sql);
  for (const method of ["all", "first", "raw", "run"]) {
    const real = statement[method].bind(statement);
    statement[method] = async (...args) => {
      const result = await real(...args);
      counted([result], [sql]);
      return result;
    };
  }
  return statement;
}

const countingDatabase = (db) =>
  new Proxy(db, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (key === "constructor" || typeof value !== "function") return value; // the worker crate looks at its name
      if (key === "prepare") return (sql) => counting(target.prepare(sql), sql);
      if (key !== "batch") return value.bind(target);
      return async (statements) => {
        const results = await target.batch(statements);
        counted(
          results,
          statements.map(({ statement }) => statement),
        );
        return results;
      };
    },
  });

export default class extends WorkerEntrypoint {
  #worker() {
    return new Rust(this.ctx, { ...this.env, DB: countingDatabase(this.env.DB) });
  }

  fetch(request) {
    return this.#worker().fetch(request);
  }

  scheduled(event) {
    return this.#worker().scheduled(event);
  }

  taken() {
    const all = trips;
    trips = [];
    return all;
  }
}
