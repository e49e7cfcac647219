-- health_canaries()
SELECT k.key_id, k.sealed_canary AS sealed_share, k.key_check IS NOT NULL AS has_check,
    EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.key_id = k.key_id)
  OR EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.key_id = k.key_id) AS in_use
FROM key_canaries k
