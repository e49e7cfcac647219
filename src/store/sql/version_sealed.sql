-- version_sealed(?1 user id, ?2 version id, ?3 kind or NULL)
SELECT rowid AS row, id, kind, user_id, client_id, backup_method, key_id, sealed_share
FROM backup_share_versions
WHERE rowid = (
  SELECT v.rowid
  FROM users u
  JOIN backup_share_versions v ON v.user_id = u.id AND v.client_id = u.client_id
  WHERE u.id = ?1 AND v.id = ?2 AND v.kind = coalesce(?3, v.kind)
  ORDER BY v.superseded_at DESC, v.kind
  LIMIT 1)
