-- version_mend(?1 event id, ?2 backup method, ?3 key id, ?4 share digest, ?5 sealed share, ?6 as it was sealed, ?7 share digests): as custodian_mend and
-- user_share_mend, in the history.
UPDATE backup_share_versions AS v
SET backup_method = ?2, key_id = ?3, share_digest = ?4, sealed_share = ?5
FROM audit_events e
WHERE e.id = ?1
  AND v.user_id = e.user_id
  AND v.kind = CASE e.actor WHEN 'portal' THEN 'custodian' ELSE 'user' END
  AND v.method = ?2
  AND v.client_id = e.client_id
  AND v.sealed_share = ?6
  AND instr(?7, v.share_digest)
