-- move_deleted_users_write(?1, ?2)
-- Writes the rows ?1 (JSON) of the move ?2, once.
INSERT OR IGNORE INTO deleted_users (id, client_id, client_api_key_hash, created_at, deleted_at, made_by_webhook)
SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5 FROM json_each(?1) j
WHERE true AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND state = 'landing')
