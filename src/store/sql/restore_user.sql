-- restore_user(?1 user id, ?2 client id, ?3 time of the deletion)
-- The API key of the deletion before which had one, where this one's has none: a registration by a webhook had none. Not where cipher
-- texts came after that deletion: the key never opened them.
INSERT INTO users (id, client_id, client_api_key_hash, created_at, made_by_webhook)
SELECT d.id, d.client_id,
  coalesce(
    d.client_api_key_hash,
      (
        SELECT e.client_api_key_hash
        FROM (
          SELECT client_api_key_hash, deleted_at
          FROM deleted_users
          WHERE id = ?1 AND client_id = ?2 AND client_api_key_hash IS NOT NULL AND deleted_at <= ?3
          ORDER BY deleted_at DESC
          LIMIT 1) e
        WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.client_api_key_hash = e.client_api_key_hash)
          AND NOT EXISTS (
                SELECT 1
                FROM backup_share_versions v
                WHERE v.user_id = ?1 AND v.client_id = ?2 AND v.kind = 'user' AND v.superseded_at > e.deleted_at))),
  d.created_at, d.made_by_webhook
FROM deleted_users d
WHERE d.id = ?1 AND d.client_id = ?2 AND d.deleted_at = ?3
