-- directory_claim_routes(?1, ?2, ?3, ?4)
-- Enters the keys ?1 (JSON, hex), or adopts their routes. They lead to the one home that those which are there lead to,
-- if it is one of ?2 (JSON); where none is there, to a home of ?2 that is open (any, if ?3 is 1), rather
-- an empty one, and rather one that the background has lately seen. Nothing where they clash, or the directory is blank; nor for a client
-- (its key is ?4) that a webhook names, whom nobody knows, and whom directory_count_registration, right before, did not count.
WITH keys AS (SELECT unhex(value) AS key FROM json_each(?1)),
  found AS (SELECT DISTINCT home FROM routes WHERE key IN (SELECT key FROM keys)),
  chosen AS MATERIALIZED (SELECT CASE (SELECT count(*) FROM found)
    WHEN 0 THEN (SELECT home FROM homes WHERE (state = 'open' OR ?3 = 1) AND home IN (SELECT value FROM json_each(?2))
      ORDER BY coalesce(seen_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 minutes'), 0),
        coalesce(bytes, 0) + abs(random()) % 1000000000 LIMIT 1)
    WHEN 1 THEN (SELECT home FROM found WHERE home IN (SELECT value FROM json_each(?2))) END AS home)
INSERT INTO routes (key, home, stamp) SELECT key, home, randomblob(8) FROM keys, chosen
WHERE home IS NOT NULL AND EXISTS (SELECT 1 FROM meta WHERE name = 'complete')
  AND (?4 IS NULL OR changes() > 0 OR EXISTS (SELECT 1 FROM routes WHERE key = unhex(?4))
    OR (SELECT value FROM meta WHERE name = 'complete') = '0')
ON CONFLICT (key) DO UPDATE SET stamp = randomblob(8)
