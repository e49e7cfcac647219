-- copying_claim(): The head of the copy is told that it is at the last number of all. The number is read where it is written: a database that is put back at this moment
-- tells its own, not that of the past it lost.
INSERT INTO meta (name, value) SELECT 'copy_told', cast(seq AS TEXT) FROM sqlite_sequence WHERE name = 'changes'
ON CONFLICT (name) DO UPDATE SET value = excluded.value
RETURNING cast(value AS INTEGER) AS told, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS at
