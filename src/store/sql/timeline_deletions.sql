-- timeline_deletions(?1 user id)
SELECT client_id AS clientId, deleted_at AS deletedAt
FROM deleted_users
WHERE id = ?1
ORDER BY deleted_at DESC
LIMIT 100
