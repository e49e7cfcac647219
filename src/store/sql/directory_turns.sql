-- directory_turns(?1, ?2)
-- Gives the next turns to the homes ?1 (JSON): those that waited longest, one in ?2 of them. Noted when it is given, so that a home
-- that cannot be served, or takes long, keeps nobody waiting.
UPDATE homes SET turn_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE home IN (
  SELECT home FROM homes WHERE home IN (SELECT value FROM json_each(?1)) ORDER BY turn_at, home
  -- D1 binds every number as a floating-point one.
  LIMIT (SELECT (count(*) - 1) / cast(?2 AS INTEGER) + 1 FROM homes WHERE home IN (SELECT value FROM json_each(?1))))
RETURNING home
