// A database that goes back in time.

/** The database as it is now, to be put back later: what Time Travel does. */
export async function timeTravel(worker) {
  const tables = (
    await worker.sql(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '_cf%' AND name NOT LIKE 'd1_%' AND name <> 'sqlite_sequence'",
    )
  ).map(({ name }) => name);
  const was = await Promise.all(tables.map(async (table) => [table, await worker.sql(`SELECT * FROM ${table}`)]));
  const [{ seq } = { seq: 0 }] = await worker.sql("SELECT seq FROM sqlite_sequence WHERE name = 'changes'");
  return async () => {
    const statements = [
      worker.db.prepare("PRAGMA defer_foreign_keys = ON"),
      worker.db.prepare("INSERT INTO meta (name, value) VALUES ('rebuilding', '')"),
      ...["custodian_backup_shares", "user_backup_shares", "users", ...tables]
        .filter((table) => table !== "meta")
        .map((table) => worker.db.prepare(`DELETE FROM ${table}`)),
      ...was
        .filter(([table]) => table !== "meta")
        .flatMap(([table, rows]) =>
          rows.map(({ method: _generated, ...row }) =>
            worker.db
              .prepare(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.keys(row).map(() => "?")})`)
              .bind(...Object.values(row)),
          ),
        ),
      worker.db.prepare("DELETE FROM meta"),
      ...was
        .find(([table]) => table === "meta")[1]
        .map(({ name, value }) => worker.db.prepare("INSERT INTO meta VALUES (?, ?)").bind(name, value)),
      worker.db.prepare("UPDATE sqlite_sequence SET seq = ? WHERE name = 'changes'").bind(seq),
    ];
    await worker.db.batch(statements);
  };
}
