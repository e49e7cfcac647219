-- move_lacking(?1, ?2)
-- Those of the users ?1 (JSON) that this home has not, registered or deleted, and has not purged since ?2.
SELECT json_group_array(j.value) AS users FROM json_each(?1) j
WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = j.value) AND NOT EXISTS (SELECT 1 FROM deleted_users WHERE id = j.value)
  AND NOT EXISTS (SELECT 1 FROM audit_events WHERE user_id = j.value AND action = 'purge_user' AND outcome = 'purged' AND at > ?2)
