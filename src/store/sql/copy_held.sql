-- copy_held(?1): The ids of all versions that the database holds of the user ?1, current ones and those of the history.
SELECT id FROM custodian_backup_shares WHERE user_id = ?1 UNION SELECT id FROM user_backup_shares WHERE user_id = ?1
UNION SELECT id FROM backup_share_versions WHERE user_id = ?1
