-- rows_rewrap_versions(?1 sealed share, ?2 key id, ?3 share digest, ?4 row, ?5 id, ?6 key id before)
UPDATE backup_share_versions
SET sealed_share = ?1, key_id = ?2, share_digest = ?3
WHERE rowid = ?4 AND id = ?5 AND key_id = ?6
