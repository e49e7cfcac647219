-- half_finished_last()
-- The last row of a user share.
SELECT coalesce(max(rowid), 0) AS n FROM user_backup_shares
