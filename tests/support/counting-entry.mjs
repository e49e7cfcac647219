// The built Worker behind D1s that count: each round trip with its binding, its SQL, what was bound, and the rows that SQLite
// read and wrote.
// `await worker.entry().taken()` gives what was counted since the last time.

import { WorkerEntrypoint } from "cloudflare:workers";

import Rust from "../../build/index.js";
import { everyDatabase } from "./databases.mjs";

let trips = [];

function counted(binding, results, sql, params = []) {
  const rows = (name) => results.reduce((sum, { meta }) => sum + (meta?.[name] ?? 0), 0);
  trips.push({ binding, sql, params, rowsRead: rows("rows_read"), rowsWritten: rows("rows_written") });
}

/** A statement that is run by itself is a round trip, too. */
function counting(binding, statement, sql) {
  const bind = statement.bind.bind(statement);
  statement.bind = (...values) => counting(binding, bind(...values), sql);
  for (const method of ["all", "first", "raw", "run"]) {
    const real = statement[method].bind(statement);
    statement[method] = async (...args) => {
      const result = await real(...args);
      counted(binding, [result], [sql]);
      return result;
    };
  }
  return statement;
}

const countingDatabase = (binding, db) =>
  new Proxy(db, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (key === "constructor" || typeof value !== "function") return value; // the worker crate looks at its name
      if (key === "prepare") return (sql) => counting(binding, target.prepare(sql), sql);
      if (key !== "batch") return value.bind(target);
      return async (statements) => {
        const results = await target.batch(statements);
        counted(
          binding,
          results,
          statements.map(({ statement }) => statement),
          statements.map(({ params }) => params ?? []),
        );
        return results;
      };
    },
  });

export default class extends WorkerEntrypoint {
  #worker() {
    return new Rust(this.ctx, everyDatabase(this.env, countingDatabase));
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
