-- move_backup_share_versions_write(?1, ?2)
-- Writes the rows ?1 (JSON) of the move ?2, once.
INSERT OR IGNORE INTO backup_share_versions (id, user_id, client_id, kind, backup_method, backup_share_pair_id, key_id, share_digest, created_at, stored_at, superseded_at, reason, sealed_share, imported_at)
SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6, j.value ->> 7, j.value ->> 8, j.value ->> 9, j.value ->> 10, j.value ->> 11, j.value ->> 12, j.value ->> 13 FROM json_each(?1) j
WHERE true AND EXISTS (SELECT 1 FROM moves WHERE move = ?2 AND state = 'landing') AND NOT EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.user_id = j.value ->> 1 AND v.kind = j.value ->> 3
    AND v.superseded_at = j.value ->> 10 AND v.id = j.value ->> 0 AND v.sealed_share = j.value ->> 12)
