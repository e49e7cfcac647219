-- timeline_versions(?1 user id)
SELECT *
FROM (
  SELECT id, 'custodian' AS kind, backup_method, backup_share_pair_id, updated_at AS stored_at, NULL AS superseded_at
  FROM custodian_backup_shares
  WHERE user_id = ?1
  UNION ALL SELECT id, 'user', backup_method, backup_share_pair_id, updated_at, NULL
  FROM user_backup_shares
  WHERE user_id = ?1
  UNION ALL SELECT *
  FROM (
    SELECT v.id, v.kind, v.backup_method, v.backup_share_pair_id, v.stored_at, v.superseded_at
    FROM users u
    JOIN backup_share_versions v ON v.user_id = u.id AND v.client_id = u.client_id
    WHERE u.id = ?1
    ORDER BY v.superseded_at DESC, v.id DESC
    LIMIT 10000))
ORDER BY stored_at DESC, id DESC
