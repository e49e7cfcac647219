-- purge_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 client id, ?7 delay in hours)
-- A client that has left this home is another user's, or this user has left too. This home writes no event that names it.
-- What is left in the history of a user that no deletion is known of any more was deleted before the retention.
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'purge_user', ?5,
  iif(EXISTS (SELECT 1 FROM moves WHERE kind = 'client' AND value = ?6 AND state = 'moved'), NULL, ?6), NULL,
  CASE
    WHEN is_there + was_there + is_kept = 0
      THEN iif(EXISTS (SELECT 1 FROM users WHERE id = ?5), 'conflict', 'unknown_user')
    WHEN ?7 = 0 THEN 'purged'
    WHEN is_there THEN 'waits'
    WHEN EXISTS (
        SELECT 1
        FROM deleted_users
        WHERE id = ?5
          AND client_id = ?6
          AND deleted_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?7 || ' hours'))
      THEN 'waits'
    ELSE 'purged'
  END,
  ?3, ?4
FROM (
  SELECT EXISTS (SELECT 1 FROM users WHERE id = ?5 AND client_id = ?6) AS is_there,
    EXISTS (SELECT 1 FROM deleted_users WHERE id = ?5 AND client_id = ?6) AS was_there,
    EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = ?5 AND client_id = ?6) AS is_kept)
RETURNING outcome
