-- purge_erase_history(?1 user id, ?2 client id, ?3 event id)
DELETE FROM backup_share_versions
WHERE user_id = ?1 AND client_id = ?2 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'purged')
