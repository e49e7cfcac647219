-- restore_forget_user(?1 user id, ?2 client id, ?3 time of the deletion)
DELETE FROM deleted_users AS d
WHERE d.client_id = ?2
  AND EXISTS (SELECT 1 FROM users WHERE id = ?1 AND client_id = ?2)
  AND (
      d.id = ?1 AND d.deleted_at <= ?3
        OR d.id = ?2
            AND NOT EXISTS (
                SELECT 1 FROM deleted_users k WHERE k.id = ?2 AND k.client_id = ?2 AND NOT k.made_by_webhook))
  AND (
      d.id = ?1
        OR NOT EXISTS (
            SELECT 1 FROM backup_share_versions s WHERE s.user_id = ?2 AND s.client_id = ?2 AND s.kind = 'user'))
