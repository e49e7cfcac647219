-- compare_owners(?1, ?2): The next ids behind ?1 that anything is kept under, at most ?2; without those that have notes that wait.
SELECT id, id IN (SELECT user_id FROM changes) AS waits FROM (SELECT id FROM (SELECT id FROM users WHERE id > ?1 ORDER BY id LIMIT ?2)
  UNION SELECT id FROM (SELECT id FROM deleted_users WHERE id > ?1 ORDER BY id LIMIT ?2)) ORDER BY id LIMIT ?2
