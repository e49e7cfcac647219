-- purge_cancel_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'cancel_purge', ?5,
  iif(count(*) = 1, max(client_id), NULL), -- without one, it is of all that waited
  NULL, iif(count(*) > 0, 'cancelled', 'not_found'), ?3, ?4
FROM purges
WHERE user_id = ?5
RETURNING outcome
