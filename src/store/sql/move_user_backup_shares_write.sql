-- move_user_backup_shares_write(?1, ?2)
-- Writes the rows ?1 (JSON) of the move ?2, once.
INSERT OR IGNORE INTO user_backup_shares (id, user_id, backup_method, backup_share_pair_id, key_id, created_at, updated_at, sealed_share, share_digest, replaced_alone_at, text_digest)
SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6, j.value ->> 7, j.value ->> 8, j.value ->> 9, j.value ->> 10 FROM json_each(?1) j
WHERE true AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND state = 'landing')
