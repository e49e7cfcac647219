-- directory_drop_route(?1, ?2, ?3)
-- Takes a route away that nobody stands behind.
DELETE FROM routes WHERE key = unhex(?1) AND home = ?2 AND stamp = unhex(?3)
  AND NOT EXISTS (SELECT 1 FROM claims WHERE key = unhex(?1))
