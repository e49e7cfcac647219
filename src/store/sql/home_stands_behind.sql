-- home_stands_behind(?1, ?2)
-- Whether somebody stands behind the ?1 ?2: a user, one that was deleted and can be restored, a kept version of a share,
-- a user that has moved away: its mark leads on.
SELECT CASE ?1
  WHEN 'client' THEN EXISTS (SELECT 1 FROM users WHERE client_id = ?2) OR EXISTS (SELECT 1 FROM deleted_users WHERE client_id = ?2)
  WHEN 'user' THEN EXISTS (SELECT 1 FROM users WHERE id = ?2) OR EXISTS (SELECT 1 FROM deleted_users WHERE id = ?2)
    OR EXISTS (SELECT 1 FROM backup_share_versions WHERE user_id = ?2)
  ELSE EXISTS (SELECT 1 FROM users WHERE client_api_key_hash = ?2) END
  OR EXISTS (SELECT 1 FROM moves WHERE kind = ?1 AND value = ?2 AND state = 'moved') AS kept
