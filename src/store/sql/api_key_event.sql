-- api_key_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 hash of the API key)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'replace_client_api_key', ?5,
  u.client_id, NULL,
  CASE
    WHEN u.id IS NULL THEN 'unknown_user'
    WHEN EXISTS (SELECT 1 FROM users WHERE client_api_key_hash = ?6 AND id <> ?5) THEN 'conflict'
    ELSE 'replaced'
  END,
  ?3, ?4
FROM (SELECT 1)
LEFT JOIN users u ON u.id = ?5
RETURNING outcome
