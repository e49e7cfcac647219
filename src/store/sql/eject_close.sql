-- eject_close(?1 user id, ?2 event id)
DELETE FROM eject_windows
WHERE user_id = ?1 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?2 AND outcome = 'closed')
