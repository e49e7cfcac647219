-- restore_find(?1 user id, ?2 client id or NULL)
SELECT d.client_id, d.deleted_at,
  EXISTS (
    SELECT 1
    FROM users u
    WHERE u.id = d.id OR u.client_id = d.client_id OR u.client_api_key_hash = d.client_api_key_hash) AS taken
FROM deleted_users d
WHERE d.id = ?1 AND d.client_id = coalesce(?2, d.client_id)
ORDER BY d.deleted_at DESC
LIMIT 1
