-- support_history(?1)
-- How many superseded versions of the user ?1 are kept; of more than 10,000, that.
SELECT count(*) AS n FROM (SELECT 1 FROM users u JOIN backup_share_versions v ON v.user_id = u.id AND v.client_id = u.client_id
  WHERE u.id = ?1 LIMIT 10000)
