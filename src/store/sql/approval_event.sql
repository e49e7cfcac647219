-- approval_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 the action of the event, ?6 user id, ?7 action that waits)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', ?5, ?6, u.client_id, NULL,
  CASE
    WHEN u.id IS NOT NULL OR ?7 = 'purge' AND EXISTS (SELECT 1 FROM deleted_users WHERE id = ?6) THEN 'waiting'
    ELSE 'unknown_user'
  END,
  ?3, ?4
FROM (SELECT 1)
LEFT JOIN users u ON u.id = ?6
RETURNING outcome
