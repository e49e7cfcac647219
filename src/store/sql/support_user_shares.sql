-- support_user_shares(?1, ?2)
-- The current cipher texts of the user ?1, sealed, up to ?2 characters in all.
SELECT backup_method, stored_at, key_id, iif(before < ?2, sealed_share, NULL) AS sealed_share FROM (
  SELECT backup_method, updated_at AS stored_at, key_id, sealed_share,
    sum(length(sealed_share)) OVER (ORDER BY rowid) - length(sealed_share) AS before
  FROM user_backup_shares WHERE user_id = ?1)
