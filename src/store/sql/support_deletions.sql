-- support_deletions(?1, ?2, ?3)
-- The deletions of the user ?1, or of the client ?2, that can still be undone, the latest first: until the retention of ?3 days is over (of imported shares
-- since the import), or a purge that waits is carried out.
SELECT d.id AS userId, d.client_id AS clientId, d.deleted_at AS deletedAt, p.purge_at AS purgeAt,
  min(
    strftime(
      '%Y-%m-%dT%H:%M:%fZ',
      max(
        d.deleted_at,
        coalesce(
          (SELECT max(v.imported_at) FROM backup_share_versions v WHERE v.user_id = d.id AND v.client_id = d.client_id), '')),
      '+' || ?3 || ' days'),
    coalesce(p.purge_at, '~')) AS restorableUntil
FROM deleted_users d LEFT JOIN purges p ON p.user_id = d.id AND p.client_id = d.client_id
WHERE d.id = ?1 OR d.client_id = ?2 ORDER BY d.deleted_at DESC LIMIT 100
