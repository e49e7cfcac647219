-- event_of_user(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 action, ?6 user id, ?7 outcome)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', ?5, ?6, u.client_id, NULL,
  iif(u.id IS NULL, 'unknown_user', ?7), ?3, ?4
FROM (SELECT 1)
LEFT JOIN users u ON u.id = ?6
RETURNING outcome
