-- user_share_fetch_pair_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 backup method or NULL, ?7 API key hash, ?8 user id, ?9 client id of the credential, ?10 pair id)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'client', 'fetch_user_share', ?5, p.client_id,
  ?6,
  CASE
    WHEN p.id IS NULL AND ?7 IS NOT NULL THEN 'unauthorized'
    WHEN p.id IS NULL AND ?5 IN (?8, ?9) THEN 'unknown_user'
    WHEN p.id IS NULL OR p.id <> ?5 THEN 'forbidden'
    WHEN EXISTS (
          SELECT 1
          FROM user_backup_shares s
          WHERE s.user_id = ?5 AND s.backup_share_pair_id = ?10 AND s.method = coalesce(?6, s.method))
        OR EXISTS (
            SELECT 1
            FROM backup_share_versions v
            WHERE v.user_id = ?5
              AND v.kind = 'user'
              AND v.client_id = p.client_id
              AND v.backup_share_pair_id = ?10
              AND v.method = coalesce(?6, v.method))
      THEN 'fetched'
    ELSE 'not_found'
  END,
  ?3, ?4
FROM (SELECT 1)
LEFT JOIN users p ON p.client_api_key_hash = ?7 OR p.id = ?8 OR p.client_id = ?9
WHERE true
RETURNING outcome
