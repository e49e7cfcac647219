-- custodian_fetch_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 client id)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'portal', 'fetch_custodian_shares', u.id, ?5,
  NULL, CASE WHEN u.id IS NULL THEN 'unknown_client' ELSE 'fetched' END, ?3, ?4
FROM (SELECT 1)
LEFT JOIN users u ON u.client_id = ?5
RETURNING outcome
