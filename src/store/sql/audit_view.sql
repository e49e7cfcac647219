-- audit_view(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 operator, ?7 from this id)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address, operator)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'view_user', ?5,
  (SELECT client_id FROM users WHERE id = ?5), NULL, 'viewed', ?3, ?4, ?6
WHERE NOT EXISTS (
  SELECT 1 FROM audit_events WHERE user_id = ?5 AND id >= ?7 AND action = 'view_user' AND operator = ?6)
