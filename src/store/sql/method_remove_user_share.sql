-- method_remove_user_share(?1 user id, ?2 backup method, ?3 event id)
DELETE FROM user_backup_shares
WHERE user_id = ?1 AND method = ?2 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'removed')
