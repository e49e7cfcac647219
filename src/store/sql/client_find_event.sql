-- client_find_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 client id, ?6 API key hash, ?7 user id, ?8 client id of the credential)
-- Only a refusal leaves an event.
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'client', 'find_client', p.id, ?5, NULL,
  CASE
    WHEN p.id IS NULL AND ?6 IS NOT NULL THEN 'unauthorized'
    WHEN p.id IS NULL AND ?5 = ?8 THEN 'unknown_user'
    ELSE 'forbidden'
  END,
  ?3, ?4
FROM (SELECT 1)
LEFT JOIN users p ON p.client_api_key_hash = ?6 OR p.id = ?7 OR p.client_id = ?8
WHERE p.client_id IS NOT ?5
RETURNING outcome
