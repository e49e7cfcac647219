-- version_restore_event(?1 event id, ?2 now in ms, ?3 request id, ?4 source address, ?5 user id, ?6 version id, ?7 kind or NULL)
INSERT INTO audit_events (
  id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'restore_version', ?5,
  (SELECT client_id FROM users WHERE id = ?5), method, iif(method IS NULL, 'not_found', 'restored'), ?3, ?4
FROM (
  SELECT coalesce(
    (
        SELECT backup_method
        FROM backup_share_versions
        WHERE rowid = (
          SELECT v.rowid
          FROM users u
          JOIN backup_share_versions v ON v.user_id = u.id AND v.client_id = u.client_id
          WHERE u.id = ?5 AND v.id = ?6 AND v.kind = coalesce(?7, v.kind)
          ORDER BY v.superseded_at DESC, v.kind
          LIMIT 1)),
      (
        SELECT backupMethod
        FROM (
          SELECT id, 'custodian' AS kind, backup_method AS backupMethod, backup_share_pair_id AS backupSharePairId,
            updated_at AS storedAt
          FROM custodian_backup_shares
          WHERE user_id = ?5 AND id = ?6
          UNION ALL SELECT id, 'user', backup_method, backup_share_pair_id, updated_at
          FROM user_backup_shares
          WHERE user_id = ?5 AND id = ?6)
        WHERE kind = coalesce(?7, kind))) AS method)
RETURNING outcome
