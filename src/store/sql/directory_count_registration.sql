-- directory_count_registration(?1, ?2, ?3)
-- Counts a client that nobody knows, whose key is ?1, if webhooks have brought fewer than ?2 today, and one of the homes ?3 (JSON) is open.
-- Until the directory knows home 0's users, home 0 counts by itself.
INSERT INTO webhook_registrations (day, users) SELECT date('now'), 1
WHERE ?2 > 0 AND (SELECT value FROM meta WHERE name = 'complete') = '1'
  AND NOT EXISTS (SELECT 1 FROM routes WHERE key = unhex(?1))
  AND EXISTS (SELECT 1 FROM homes WHERE state = 'open' AND home IN (SELECT value FROM json_each(?3)))
ON CONFLICT (day) DO UPDATE SET users = users + 1 WHERE users < ?2
