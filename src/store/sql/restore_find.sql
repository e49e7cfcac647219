-- restore_find(?1 user id, ?2 client id or NULL, ?3 1 if a key that opens cipher texts takes two operators, ?4 1 if the operator may cancel a purge, ?5 1 if a token that names a user opens its cipher texts)
SELECT d.client_id, d.deleted_at,
  CASE
    WHEN EXISTS (
        SELECT 1
        FROM users u
        WHERE u.id = d.id OR u.client_id = d.client_id OR u.client_api_key_hash = d.client_api_key_hash)
      THEN 'conflict'
    WHEN ?4 = 0 AND EXISTS (SELECT 1 FROM purges p WHERE p.user_id IN (d.id, d.client_id) AND p.client_id = d.client_id) THEN 'forbidden'
    -- Cipher texts would be adopted (restore_cipher_texts), and a token that names this user never opened them, or a key that comes
    -- back.
    WHEN d.id <> d.client_id
      AND EXISTS (
          SELECT 1
          FROM backup_share_versions t
          WHERE t.user_id = d.client_id AND t.client_id = d.client_id AND t.kind = 'user')
      AND NOT EXISTS (
            SELECT 1 FROM deleted_users k WHERE k.id = d.client_id AND k.client_id = d.client_id AND NOT k.made_by_webhook)
      THEN CASE
        WHEN ?5 = 1 THEN 'another_id'
        WHEN ?3 = 1
          AND EXISTS (
              SELECT 1
              FROM deleted_users e
              WHERE e.id = d.id
                AND e.client_id = d.client_id
                AND e.client_api_key_hash IS NOT NULL
                AND NOT EXISTS (
                      SELECT 1
                      FROM deleted_users k
                      WHERE k.id = d.client_id
                        AND k.client_id = d.client_id
                        AND k.client_api_key_hash = e.client_api_key_hash))
          THEN 'needs_approval'
      END
  END AS refusal
FROM deleted_users d
WHERE d.id = ?1 AND d.client_id = coalesce(?2, d.client_id)
ORDER BY d.deleted_at DESC
LIMIT 1
