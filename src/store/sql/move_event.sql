-- move_event(?1 event id, which is the move's, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id)
-- Decides whether the source gives the users of the move up: if it has held still until now.
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'move_user', ?5, NULL, NULL, 'moved', ?3, ?4
WHERE EXISTS (SELECT 1 FROM moves WHERE move = ?1 AND state = 'leaving' AND until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
RETURNING outcome
