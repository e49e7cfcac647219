-- escrow_states(?1): Of the keys that shares need, and of the sealing key ?1, how their escrow is. The check tells whether it is the key that sealed the canary.
SELECT k.key_id, CASE WHEN e.value IS NULL THEN 'missing' WHEN e.value ->> 'check' = k.key_check THEN 'kept' ELSE 'another' END AS state
FROM key_canaries k LEFT JOIN meta e ON e.name = 'escrow/' || k.key_id
WHERE k.key_id = ?1 OR EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.key_id = k.key_id)
  OR EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.key_id = k.key_id)
  OR EXISTS (SELECT 1 FROM backup_share_versions v WHERE v.key_id = k.key_id)
