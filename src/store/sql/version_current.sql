-- version_current(?1 user id, ?2 version id, ?3 event id, ?4 kind or NULL)
SELECT *
FROM (
  SELECT id, 'custodian' AS kind, backup_method AS backupMethod, backup_share_pair_id AS backupSharePairId,
    updated_at AS storedAt
  FROM custodian_backup_shares
  WHERE user_id = ?1 AND id = ?2
  UNION ALL SELECT id, 'user', backup_method, backup_share_pair_id, updated_at
  FROM user_backup_shares
  WHERE user_id = ?1 AND id = ?2)
WHERE kind = coalesce(?4, kind)
ORDER BY backupMethod IS NOT (SELECT backup_method FROM audit_events WHERE id = ?3), kind
LIMIT 1
