-- rows_estimate()
SELECT (SELECT coalesce(max(rowid), 0) FROM custodian_backup_shares) + (
  SELECT coalesce(max(rowid), 0) FROM user_backup_shares) + (
  SELECT coalesce(max(rowid), 0) FROM backup_share_versions) AS n
