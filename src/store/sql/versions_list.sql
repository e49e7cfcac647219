-- versions_list(?1 user id)
SELECT v.id, v.kind, v.backup_method AS backupMethod, v.backup_share_pair_id AS backupSharePairId,
  v.stored_at AS storedAt, v.superseded_at AS supersededAt
FROM users u
JOIN backup_share_versions v ON v.user_id = u.id AND v.client_id = u.client_id
WHERE u.id = ?1
ORDER BY v.superseded_at DESC, v.id DESC
LIMIT 10000
