-- support_shares(?1)
-- The current shares of the user ?1, without the shares.
SELECT 'custodian' AS kind, backup_method, updated_at AS stored_at, key_id FROM custodian_backup_shares WHERE user_id = ?1
UNION ALL SELECT 'user', backup_method, updated_at, key_id FROM user_backup_shares WHERE user_id = ?1
