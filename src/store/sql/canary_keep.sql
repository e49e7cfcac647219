-- canary_keep(?1 key id, ?2 sealed canary, ?3 key check)
INSERT INTO key_canaries (key_id, sealed_canary, key_check, created_at)
SELECT ?1, ?2, ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE true
ON CONFLICT (key_id) DO UPDATE
SET key_check = excluded.key_check
WHERE key_check IS NULL
