-- metrics_share_count_due(?1 most rows)
SELECT (SELECT coalesce(max(rowid), 0) FROM user_backup_shares) + (
    SELECT coalesce(max(rowid), 0) FROM backup_share_versions) < ?1
  OR NOT EXISTS (
      SELECT 1
      FROM metric_marks
      WHERE name = 'shares counted' AND value > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-6 hours')) AS due
