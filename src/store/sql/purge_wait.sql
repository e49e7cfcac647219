-- purge_wait(?1 user id, ?2 client id, ?3 event id, ?4 delay in hours)
INSERT INTO purges (user_id, client_id, requested_at, purge_at)
SELECT id, client_id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
  strftime('%Y-%m-%dT%H:%M:%fZ', max(deleted_at), '+' || ?4 || ' hours')
FROM deleted_users
WHERE id = ?1 AND client_id = ?2 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'waits')
GROUP BY id, client_id
ON CONFLICT DO NOTHING
