-- directory_claim(?1, ?2, ?3)
-- Notes the registration ?3 with each of the keys ?1, if they lead to one home, and it is one of ?2.
WITH keys AS (SELECT unhex(value) AS key FROM json_each(?1)),
  found AS (SELECT key, home FROM routes WHERE key IN (SELECT key FROM keys))
INSERT INTO claims (key, claim, at) SELECT key, ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM keys
WHERE (SELECT count(*) FROM found) = (SELECT count(*) FROM keys) AND (SELECT count(DISTINCT home) FROM found) = 1
  AND (SELECT min(home) FROM found) IN (SELECT value FROM json_each(?2)) AND EXISTS (SELECT 1 FROM meta WHERE name = 'complete')
ON CONFLICT (key, claim) DO NOTHING
