-- canary_keep(?1 key id, ?2 sealed canary, ?3 key check, ?4 when another database kept it, or NULL)
INSERT INTO key_canaries (key_id, sealed_canary, key_check, created_at)
VALUES (?1, ?2, ?3, coalesce(?4, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))
ON CONFLICT (key_id) DO UPDATE
SET key_check = excluded.key_check
WHERE key_check IS NULL
