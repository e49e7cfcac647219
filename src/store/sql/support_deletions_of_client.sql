-- support_deletions_of_client(?1, ?2)
-- The deletions of the client ?1 that can still be undone, the latest first: until the retention of ?2 days is over, or a purge that waits
-- is carried out.
SELECT d.id AS userId, d.client_id AS clientId, d.deleted_at AS deletedAt, p.purge_at AS purgeAt,
  min(strftime('%Y-%m-%dT%H:%M:%fZ', d.deleted_at, '+' || ?2 || ' days'), coalesce(p.purge_at, '~')) AS restorableUntil
FROM deleted_users d LEFT JOIN purges p ON p.user_id = d.id AND p.client_id = d.client_id
WHERE d.client_id = ?1 ORDER BY d.deleted_at DESC LIMIT 100
