-- home_identity()
-- Which home this database is.
SELECT (SELECT value FROM meta WHERE name = 'identity') AS identity,
  CAST((SELECT value FROM meta WHERE name = 'home') AS INTEGER) AS home,
  (SELECT value FROM meta WHERE name = 'replaces') AS replaces,
  EXISTS (SELECT 1 FROM meta WHERE name = 'spread') AS spread,
  EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM deleted_users) AS has_users
