-- canary_copy(?1 key id, ?2 sealed canary, ?3 key check, ?4 when it was kept)
INSERT INTO key_canaries (key_id, sealed_canary, key_check, created_at)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (key_id) DO UPDATE
SET key_check = excluded.key_check
WHERE key_check IS NULL
