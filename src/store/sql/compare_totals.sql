-- compare_totals(): How much there is of each, without what waits to be copied.
SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM custodian_backup_shares) + (SELECT count(*) FROM user_backup_shares) AS shares,
  (SELECT count(*) FROM backup_share_versions) AS versions, (SELECT count(*) FROM deleted_users) AS deleted, (SELECT count(*) FROM changes) AS pending
