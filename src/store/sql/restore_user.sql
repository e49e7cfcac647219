-- restore_user(?1 user id, ?2 client id, ?3 time of the deletion)
-- The API key of an earlier deletion, where this one's has none: a registration by a webhook had none.
INSERT INTO users (id, client_id, client_api_key_hash, created_at, made_by_webhook)
SELECT d.id, d.client_id,
  coalesce(
    d.client_api_key_hash,
      (
        SELECT e.client_api_key_hash
        FROM deleted_users e
        WHERE e.id = ?1
          AND e.client_id = ?2
          AND e.client_api_key_hash IS NOT NULL
          AND e.deleted_at <= ?3
          AND NOT EXISTS (SELECT 1 FROM users u WHERE u.client_api_key_hash = e.client_api_key_hash)
        ORDER BY e.deleted_at DESC
        LIMIT 1)),
  d.created_at, d.made_by_webhook
FROM deleted_users d
WHERE d.id = ?1 AND d.client_id = ?2 AND d.deleted_at = ?3
