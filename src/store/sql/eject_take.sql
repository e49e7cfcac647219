-- eject_take(?1 event id, ?2 user id, ?3 backup method)
INSERT INTO eject_retrievals (user_id, window_id, backup_method, audit_event_id, retrieved_at)
SELECT w.user_id, w.id, ?3, ?1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
FROM eject_windows w
WHERE w.user_id = ?2 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?1 AND outcome = 'retrieved')
