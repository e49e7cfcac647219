-- version_mend(?1 user id, ?2 backup method, ?3 key id, ?4 share digest, ?5 sealed share, ?6 as it was sealed, ?7 share digests): as
-- custodian_mend and user_share_mend, in the history.
UPDATE backup_share_versions
SET backup_method = ?2, key_id = ?3, share_digest = ?4, sealed_share = ?5
WHERE user_id = ?1
  AND kind IN ('custodian', 'user')
  AND method = ?2
  AND sealed_share = ?6
  AND instr(?7, share_digest)
