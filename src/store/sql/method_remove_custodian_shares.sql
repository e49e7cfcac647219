-- method_remove_custodian_shares(?1 user id, ?2 backup method, ?3 event id)
DELETE FROM custodian_backup_shares
WHERE user_id = ?1
  AND (method = ?2 OR substr(method, 1, length(?2) + 1) = ?2 || '-' COLLATE NOCASE)
  AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'removed')
