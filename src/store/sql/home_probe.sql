-- home_probe(?1, ?2)
-- Whether the ?1 ?2 is here: 3 a user, 2 one that has moved away from here (and when), 1 one that was deleted. Rows that are still arriving do not
-- count.
SELECT CASE
  WHEN EXISTS (SELECT 1 FROM moves WHERE kind = ?1 AND value = ?2 AND state = 'arriving') THEN 0
  WHEN CASE ?1 WHEN 'client' THEN EXISTS (SELECT 1 FROM users WHERE client_id = ?2)
    WHEN 'user' THEN EXISTS (SELECT 1 FROM users WHERE id = ?2)
    ELSE EXISTS (SELECT 1 FROM users WHERE client_api_key_hash = ?2) END THEN 3
  WHEN EXISTS (SELECT 1 FROM moves WHERE kind = ?1 AND value = ?2 AND state = 'moved') THEN 2
  WHEN CASE ?1 WHEN 'client' THEN EXISTS (SELECT 1 FROM deleted_users WHERE client_id = ?2)
    WHEN 'user' THEN EXISTS (SELECT 1 FROM deleted_users WHERE id = ?2) ELSE 0 END THEN 1
  ELSE 0 END AS found,
  (SELECT until FROM moves WHERE kind = ?1 AND value = ?2 AND state = 'moved') AS left_at
