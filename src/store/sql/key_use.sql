-- key_use()
SELECT key_id, sum(n) AS shares
FROM (
  SELECT key_id, count(*) AS n
  FROM custodian_backup_shares
  GROUP BY key_id
  UNION ALL SELECT key_id, count(*)
  FROM user_backup_shares
  GROUP BY key_id
  UNION ALL SELECT key_id, count(*)
  FROM backup_share_versions
  GROUP BY key_id)
GROUP BY key_id
ORDER BY key_id
