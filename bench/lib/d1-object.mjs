// The database behind D1's HTTP calls: workerd's own SQLite (the engine D1 runs on) in a Durable Object, answering the
// three result formats of the D1 client. `meta.rows_read` and `rows_written` are the engine's own counts, which are
// what Cloudflare bills.
import { DurableObject } from "cloudflare:workers";

export class Database extends DurableObject {
  async fetch(request) {
    const format = new URL(request.url).searchParams.get("resultsFormat");
    const given = await request.json();
    const sql = this.ctx.storage.sql;
    try {
      const results = this.ctx.storage.transactionSync(() =>
        (Array.isArray(given) ? given : [given]).map((query) => {
          const before = totalChanges(sql);
          const began = performance.now();
          const cursor = sql.exec(query.sql, ...(query.params ?? []));
          const columns = cursor.columnNames;
          const rows = [...cursor.raw()];
          const changes = totalChanges(sql) - before;
          return {
            success: true,
            results:
              format === "ROWS_AND_COLUMNS"
                ? { columns, rows }
                : rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]]))),
            meta: {
              served_by: "bench",
              served_by_primary: true,
              duration: performance.now() - began,
              changes,
              last_row_id: 0,
              changed_db: changes > 0,
              size_after: sql.databaseSize,
              rows_read: cursor.rowsRead,
              rows_written: cursor.rowsWritten,
            },
          };
        }),
      );
      return Response.json(Array.isArray(given) ? results : results[0]);
    } catch (error) {
      return Response.json({ success: false, error: error.message }, { status: 500 });
    }
  }
}

const totalChanges = (sql) => sql.exec("SELECT total_changes() AS n").one().n;

export default {
  fetch: (request, env) => env.OBJECT.get(env.OBJECT.idFromName("db")).fetch(request),
};
