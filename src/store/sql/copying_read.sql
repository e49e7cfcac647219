-- copying_read(): What the database knows of its copy, in one row.
SELECT (SELECT value FROM meta WHERE name = 'copying') AS copying,
  cast(coalesce((SELECT value FROM meta WHERE name = 'copy_epoch'), '0') AS INTEGER) AS epoch,
  coalesce((SELECT value FROM meta WHERE name = 'copied_as'), (SELECT value FROM meta WHERE name = 'identity'), '') AS identity,
  cast(coalesce((SELECT value FROM meta WHERE name = 'copy_told'), '0') AS INTEGER) AS told,
  (SELECT value FROM meta WHERE name = 'copy_head') AS head,
  (SELECT value FROM meta WHERE name = 'copied_at') AS copied_at,
  (SELECT value FROM meta WHERE name = 'copy_sampled') AS sampled,
  (SELECT value FROM meta WHERE name = 'copy_swept') AS swept,
  coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0) AS seq,
  (SELECT count(*) FROM changes) AS pending,
  (SELECT at FROM changes ORDER BY seq LIMIT 1) AS oldest_at,
  coalesce((SELECT max(0, cast((julianday('now') - julianday(at)) * 86400 AS INTEGER)) FROM changes ORDER BY seq LIMIT 1), 0) AS lag,
  strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now
