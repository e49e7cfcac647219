-- restore_adopt_cipher_text(?1 sealed share, ?2 key id, ?3 share digest, ?4 row, ?5 id, ?6 key id before, ?7 user id, ?8 client id)
UPDATE backup_share_versions
SET sealed_share = ?1, key_id = ?2, share_digest = ?3, user_id = ?7
WHERE rowid = ?4 AND id = ?5 AND key_id = ?6 AND EXISTS (SELECT 1 FROM users WHERE id = ?7 AND client_id = ?8)
