-- user_share_fetch_pair(?1 user id, ?2 API key hash, ?3 user id, ?4 client id of the credential, ?5 backup method or NULL, ?6 pair id)
-- The current share of the pair, else the newest in the history.
SELECT backup_method, key_id, sealed_share
FROM (
  SELECT s.backup_method, s.key_id, s.sealed_share, '~' AS superseded_at
  FROM users u
  JOIN user_backup_shares s ON s.user_id = u.id
  WHERE u.id = ?1
    AND (u.client_api_key_hash = ?2 OR u.id = ?3 OR u.client_id = ?4)
    AND s.backup_share_pair_id = ?6
    AND s.method = coalesce(?5, s.method)
  UNION ALL SELECT *
  FROM (
    SELECT v.backup_method, v.key_id, v.sealed_share, v.superseded_at
    FROM users u
    JOIN backup_share_versions v ON v.user_id = u.id AND v.kind = 'user'
    WHERE u.id = ?1
      AND (u.client_api_key_hash = ?2 OR u.id = ?3 OR u.client_id = ?4)
      AND v.client_id = u.client_id
      AND v.backup_share_pair_id = ?6
      AND v.method = coalesce(?5, v.method)
    ORDER BY v.superseded_at DESC
    LIMIT 1))
ORDER BY superseded_at DESC
LIMIT 1
