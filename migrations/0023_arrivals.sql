-- The moves that have brought users to this home. A row moves on with nobody, and does not end with the audit trail. By it a home of before can
-- tell whether somebody who left it was erased here since, or this home went back to before the move (src/store/sql/move_gone.sql).
CREATE TABLE arrivals (
  move TEXT NOT NULL PRIMARY KEY,
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX arrivals_by_time ON arrivals (at);

UPDATE meta SET value = '23' WHERE name = 'schema_version';
