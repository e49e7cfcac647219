-- restore_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 client id)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'restore_user', ?5, ?6, NULL,
  iif(EXISTS (SELECT 1 FROM users WHERE id = ?5 AND client_id = ?6), 'restored', 'conflict'), ?3, ?4
RETURNING outcome
