-- eject_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 backup method, ?7 API key hash, ?8 user id, ?9 client id of the credential)
-- Whether the one retrieval of this share in this window may be taken.
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'client', 'retrieve_custodian_share', ?5,
  p.client_id, ?6,
  CASE
    WHEN p.id IS NULL AND ?7 IS NOT NULL THEN 'unauthorized'
    WHEN p.id IS NULL AND ?5 IN (?8, ?9) THEN 'unknown_user'
    WHEN p.id IS NULL OR p.id <> ?5 THEN 'forbidden'
    WHEN w.id IS NULL THEN 'eject_not_enabled'
    WHEN NOT EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = ?5 AND c.method = ?6) THEN 'not_found'
    WHEN EXISTS (
        SELECT 1 FROM eject_retrievals r WHERE r.user_id = ?5 AND r.window_id = w.id AND r.backup_method = ?6)
      THEN 'eject_not_enabled'
    ELSE 'retrieved'
  END,
  ?3, ?4
FROM (SELECT 1)
LEFT JOIN users p ON p.client_api_key_hash = ?7 OR p.id = ?8 OR p.client_id = ?9
LEFT JOIN eject_windows w ON w.user_id = ?5 AND w.ejectable_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
RETURNING outcome
