-- credential_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 API key hash, ?7 user id, ?8 client id of the credential, ?9 action, ?10 outcome if the credential is the user's; NULL: then no event)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'client', ?9, ?5, p.client_id, NULL,
  CASE
    WHEN p.id IS NULL AND ?6 IS NOT NULL THEN 'unauthorized'
    WHEN p.id IS NULL AND ?5 IN (?7, ?8) THEN 'unknown_user'
    WHEN p.id IS NULL OR p.id <> ?5 THEN 'forbidden'
    ELSE ?10
  END,
  ?3, ?4
FROM (SELECT 1)
LEFT JOIN users p ON p.client_api_key_hash = ?6 OR p.id = ?7 OR p.client_id = ?8
WHERE p.id IS NOT ?5 OR ?10 IS NOT NULL
RETURNING outcome
