-- A user may move into a database that has remains of it: a deletion, kept versions. Where such a move breaks off, its rows are swept away,
-- and the remains stay: those that were there before are listed here as long as the user's mark is 'arriving' (moves.joins: 2).
-- place: of a version kind, id, method and times as JSON; of a deletion its time; of a purge the client's id; of an approval its id.
CREATE TABLE move_remains (
  user_id TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('version', 'deleted', 'purge', 'approval')),
  place TEXT NOT NULL,
  PRIMARY KEY (user_id, what, place)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER moves_over AFTER DELETE ON moves WHEN OLD.kind = 'user'
BEGIN
  DELETE FROM move_remains WHERE user_id = OLD.value;
END;

-- Many users may have moved away within a month.
CREATE INDEX moves_by_move ON moves (move);

UPDATE meta SET value = '22' WHERE name = 'schema_version';
