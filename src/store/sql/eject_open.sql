-- eject_open(?1 user id, ?2 event id, ?3 minutes)
INSERT INTO eject_windows (user_id, id, opened_at, ejectable_until)
SELECT u.id, ?2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+' || ?3 || ' minutes')
FROM users u
WHERE u.id = ?1 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?2 AND outcome = 'opened')
ON CONFLICT (user_id) DO UPDATE
SET id = excluded.id, opened_at = excluded.opened_at, ejectable_until = excluded.ejectable_until
