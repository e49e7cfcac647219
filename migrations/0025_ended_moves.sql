-- The moves from this home that ended without the home giving anybody up, whoever ended them. By it the target of a move can tell one that
-- broke off, whose rows it may sweep away, from one that this home no longer knows of: then the target's rows may be all that there is
-- (src/store/sql/move_end.sql).
CREATE TABLE ended_moves (
  move TEXT NOT NULL PRIMARY KEY,
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX ended_moves_by_time ON ended_moves (at);

CREATE TRIGGER moves_end AFTER DELETE ON moves WHEN OLD.state = 'leaving'
BEGIN
  INSERT INTO ended_moves (move, at) SELECT OLD.move, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE NOT EXISTS (SELECT 1 FROM ended_moves WHERE move = OLD.move);
END;

-- Another move takes the mark over.
CREATE TRIGGER moves_end_by_another AFTER UPDATE ON moves WHEN OLD.state = 'leaving' AND NEW.move <> OLD.move
BEGIN
  INSERT INTO ended_moves (move, at) SELECT OLD.move, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE NOT EXISTS (SELECT 1 FROM ended_moves WHERE move = OLD.move);
END;

UPDATE meta SET value = '25' WHERE name = 'schema_version';
