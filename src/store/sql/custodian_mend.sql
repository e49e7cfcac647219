-- custodian_mend(?1 user id, ?2 backup method, ?3 key id, ?4 share digest, ?5 sealed share, ?6 as it was sealed, ?7 share digests): the same
-- share once more, sealed anew, as the version that it is. Changes nothing where another one has come since.
-- By the digest as well: two that are damaged alike, as empty ones are, are two shares.
UPDATE custodian_backup_shares
SET backup_method = ?2, key_id = ?3, share_digest = ?4, sealed_share = ?5
WHERE user_id = ?1 AND method = ?2 AND sealed_share = ?6 AND instr(?7, share_digest)
