-- purge_carry_out_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 client id)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'system', 'purge_user', user_id, client_id, NULL,
  'purged', ?3, ?4
FROM purges
WHERE user_id = ?5 AND client_id = ?6 AND purge_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
RETURNING outcome
