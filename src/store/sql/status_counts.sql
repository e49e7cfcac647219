-- status_counts(?1 up to so many user shares are counted)
SELECT (SELECT count(*) FROM custodian_backup_shares) + (SELECT count(*) FROM user_backup_shares) AS shares,
  (SELECT count(*) FROM users) AS users, (SELECT coalesce(max(rowid), 0) FROM user_backup_shares) > ?1 AS too_many
