-- session_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 1 if none is made that opens cipher texts)
-- It opens those of everybody who has had the client: a deleted one can be restored in the place of whom it is made for.
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'create_session', ?5, u.client_id, NULL,
  CASE
    WHEN u.id IS NULL THEN 'unknown_user'
    WHEN ?6 = 1
      AND (EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.user_id = u.id)
        OR EXISTS (
            SELECT 1
            FROM (SELECT u.id UNION ALL SELECT d.id FROM deleted_users d WHERE d.client_id = u.client_id) o
            CROSS JOIN backup_share_versions v ON v.user_id = o.id AND v.client_id = u.client_id AND v.kind = 'user'))
      THEN 'forbidden'
    ELSE 'asked'
  END,
  ?3, ?4
FROM (SELECT 1)
LEFT JOIN users u ON u.id = ?5
RETURNING outcome
