-- quota_release(?1 user id, ?2 event id)
UPDATE users
SET quota_released_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE id = ?1 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?2 AND outcome = 'released')
