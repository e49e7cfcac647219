-- export_end(?1 id of the request that began the pass)
SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM deleted_users) AS deleted_users,
  (SELECT count(*) FROM custodian_backup_shares) + (
    SELECT count(*) FROM backup_share_versions WHERE kind = 'custodian') AS custodian_shares,
  (SELECT count(*) FROM user_backup_shares) + (SELECT count(*) FROM backup_share_versions WHERE kind = 'user') AS user_shares,
  EXISTS (SELECT 1 FROM audit_events WHERE id >= ?1 AND (action = 'restore_user' OR outcome LIKE 'adopted%')) AS moved
