-- method_remove_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 backup method)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'remove_method', ?5, u.client_id, ?6,
  CASE
    WHEN u.id IS NULL THEN 'unknown_user'
    WHEN EXISTS (SELECT 1 FROM user_backup_shares WHERE user_id = ?5 AND method = ?6) THEN 'removed'
    WHEN EXISTS (
        SELECT 1
        FROM custodian_backup_shares c
        WHERE c.user_id = ?5
          AND (c.method = ?6 OR substr(c.method, 1, length(?6) + 1) = ?6 || '-' COLLATE NOCASE)
          AND NOT EXISTS (
                SELECT 1
                FROM user_backup_shares s
                WHERE s.user_id = ?5
                  AND length(s.method) > length(?6)
                  AND (c.method = s.method OR substr(c.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE)))
      THEN 'removed'
    ELSE 'not_found'
  END,
  ?3, ?4
FROM (SELECT 1)
LEFT JOIN users u ON u.id = ?5
RETURNING outcome
