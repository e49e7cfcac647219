// A home whose database is lost.

/** A new database with the migrations applied, in the place of a home's. */
export async function lose(db) {
  const tables =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'";
  const names = (await db.prepare(tables).all()).results.map(({ name }) => name);
  const kept = ["d1_migrations", "meta"];
  await db.batch([
    db.prepare("PRAGMA defer_foreign_keys = ON"),
    db.prepare("DELETE FROM meta WHERE name = 'copying'"),
    ...names.filter((name) => !kept.includes(name)).map((name) => db.prepare(`DELETE FROM "${name}"`)),
    // What the triggers have kept of the deleted rows.
    ...["backup_share_versions", "deleted_users", "ended_moves"].map((name) => db.prepare(`DELETE FROM ${name}`)),
    db.prepare("DELETE FROM meta WHERE name NOT IN ('schema_version', 'home', 'identity')"),
    db.prepare("UPDATE meta SET value = '0' WHERE name = 'home'"),
    db.prepare("UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'identity'"),
    db.prepare("DELETE FROM meta WHERE name = 'copied_as'"),
  ]);
}
