-- restore_cipher_texts(?1 user id, ?2 client id, ?3 most rows, ?4 most characters)
SELECT row, id, kind, user_id, client_id, backup_method, key_id, sealed_share
FROM (
  SELECT *, sum(length(sealed_share)) OVER (ORDER BY superseded_at DESC, row) - length(sealed_share) AS bytes_before
  FROM (
    SELECT t.rowid AS row, t.*
    FROM backup_share_versions t
    WHERE t.user_id = ?2
      AND t.client_id = ?2
      AND t.kind = 'user'
      AND ?1 <> ?2
      AND NOT EXISTS (SELECT 1 FROM deleted_users k WHERE k.id = ?2 AND k.client_id = ?2 AND NOT k.made_by_webhook)
    ORDER BY t.superseded_at DESC
    LIMIT ?3))
WHERE bytes_before < ?4
