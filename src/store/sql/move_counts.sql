-- How many rows there are of the users ?1 (JSON).
SELECT (SELECT count(*) FROM users WHERE id IN (SELECT value FROM json_each(?1))) AS users,
  (SELECT count(*) FROM deleted_users WHERE id IN (SELECT value FROM json_each(?1))) AS deleted_users,
  (SELECT count(*) FROM custodian_backup_shares WHERE user_id IN (SELECT value FROM json_each(?1))) AS custodian_backup_shares,
  (SELECT count(*) FROM user_backup_shares WHERE user_id IN (SELECT value FROM json_each(?1))) AS user_backup_shares,
  (SELECT count(*) FROM backup_share_versions WHERE user_id IN (SELECT value FROM json_each(?1))) AS backup_share_versions
